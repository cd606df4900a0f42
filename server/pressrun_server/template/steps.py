"""Bounds what a template's loops may do before they fill a page, so that no record keeps a composer busy for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pressrun_server.errors import PressrunError, Reason

__all__ = ["MOST_STEPS", "SLICE", "Steps", "spend"]

MOST_STEPS: Final = 200_000
"""Repetitions of all loops together between two pages; a page that is full of the smallest text shows some thousand."""

SLICE: Final = 1024
"""Repetitions are counted in slices, so that the way of a row pays nothing for it."""

_NAME: Final = " steps"
"""Where an environment holds the counter: a name that no expression can say."""


class Steps:
    """Counts the repetitions of one document's loops since its last page."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MOST_STEPS

    def into(self, env: dict[str, Any]) -> dict[str, Any]:
        """The environment with this counter in it."""
        return {**env, _NAME: self}

    def page(self) -> None:
        """A page is full."""
        self._left = MOST_STEPS

    def spend(self, count: int, place: str) -> None:
        """A loop is about to repeat.

        Raises:
            PressrunError: LIMIT_EXCEEDED.
        """
        self._left -= count
        if self._left < 0:
            raise PressrunError(
                Reason.LIMIT_EXCEEDED,
                f"the template's loops repeat more than {MOST_STEPS:,} times without filling a page, in the end at "
                f"{place}; loop over fewer items, or put loops beside each other instead of into each other",
                metadata={"place": place, "limit": str(MOST_STEPS)},
            )


def spend(env: Mapping[str, Any], count: int, place: str) -> None:
    """Count repetitions, where anybody counts.

    Raises:
        PressrunError: LIMIT_EXCEEDED.
    """
    steps = env.get(_NAME)
    if steps is not None:
        steps.spend(count, place)
