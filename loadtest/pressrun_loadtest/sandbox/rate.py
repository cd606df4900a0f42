"""How many calls a system takes in a window of time."""

from __future__ import annotations

from datetime import timedelta

from pressrun_loadtest.sandbox.clock import Clock

__all__ = ["CallWindow"]


class CallWindow:
    """Counts calls; a window begins with the first call after the one before has ended.

    Args:
        limit: calls in a window.
        seconds: its length.
        clock: the time.
    """

    def __init__(self, limit: int, seconds: float, clock: Clock) -> None:
        self.limit = limit
        self._length = timedelta(seconds=seconds)
        self._clock = clock
        self.reset()

    def take(self) -> bool:
        """Count a call; False where there are too many, and it is not counted."""
        if self._clock() - self._begun >= self._length:
            self.reset()
        if self._count >= self.limit:
            return False
        self._count += 1
        return True

    def left(self) -> float:
        """Seconds until the next window may begin."""
        return (self._begun + self._length - self._clock()).total_seconds()

    def reset(self) -> None:
        """A new window begins now."""
        self._begun, self._count = self._clock(), 0
