"""What the processes of a cluster tell each other of rate limits, and share of what is left; the interface alone."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

__all__ = ["LONGEST_PAUSE", "Pauses", "Turn"]

LONGEST_PAUSE: Final = 3600.0
"""Seconds; a system that asks for more is asked again after this, and says so again if it means it."""


class Turn(NamedTuple):
    """Whether a request may be sent."""

    wait: float
    """0: it may; else the seconds after which to try again."""
    number: int
    """Which one it is, of all that were sent; 0: unknown."""


class Pauses(Protocol):
    """When systems may be asked, and how often still, known to all who share it; never raises."""

    async def take(self, name: str) -> Turn:
        """Count one request to what has this name. Where nobody knows of a limit, it may be sent."""
        ...

    async def allow(self, name: str, turn: int, requests: int, seconds: float) -> None:
        """The answer to the request of this turn said how many more are allowed, and until when.

        Those that were sent since, by anybody, count among them; a smaller number that was told before stays.
        """
        ...

    async def begin(self, name: str, seconds: float) -> None:
        """Let everybody leave it alone for that long; a longer pause that was told of before stays."""
        ...
