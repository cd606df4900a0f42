"""The seam between the server and a system's folder; another system joins by having this shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

__all__ = ["System"]


class System(Protocol):
    """One outside system with its state; it may speak on several ports."""

    @property
    def app_names(self) -> tuple[str, ...]:
        """A name for each port it speaks on."""
        ...

    def applications(self, addresses: Mapping[str, str]) -> dict[str, web.Application]:
        """A web application for each name; `addresses` gives the base URL of every name of this system."""
        ...

    def reset(self) -> None:
        """Back to the seed."""
        ...

    def close(self) -> None:
        """Release what outlives a request; called once, after the applications stopped."""
        ...
