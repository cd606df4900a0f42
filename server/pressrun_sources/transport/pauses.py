"""What the processes of a cluster tell each other of rate limits; the interface alone."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Pauses"]


class Pauses(Protocol):
    """Until when systems are to be left alone, known to all who share it; never raises."""

    async def left(self, name: str) -> float:
        """Seconds for which what has this name is to be left alone still; 0: not at all, or nobody knows."""
        ...

    async def begin(self, name: str, seconds: float) -> None:
        """Let everybody leave it alone for that long; a longer pause that was told of before stays."""
        ...
