"""What the resolver needs to know about a slot; the template's `Selection` is one."""

from __future__ import annotations

from typing import Protocol

from pressrun_server.model.choice import Choice
from pressrun_server.model.template import RenditionSpec, Requirement

__all__ = ["FAIL", "OMIT", "Selected"]

FAIL = "fail"
"""`otherwise`: the document fails."""
OMIT = "omit"
"""`otherwise`: the slot is left out. Anything else is the asset ref of the fallback."""


class Selected(Protocol):
    """The asset that a slot's rules chose."""

    @property
    def slot(self) -> str:
        """The slot's name."""

    @property
    def ref(self) -> str:
        """The asset ref; empty where there are choices."""

    @property
    def rendition(self) -> RenditionSpec:
        """The rendition that is wanted of it."""

    @property
    def require(self) -> Requirement:
        """What it must have to be used."""

    @property
    def territory(self) -> str:
        """Where the document uses it; empty: unknown."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What to try, in order, where that is more than `ref`."""

    @property
    def otherwise(self) -> str:
        """What to do if it cannot be used: `fail`, `omit`, or the ref of the fallback."""
