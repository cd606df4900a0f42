"""One timer for the earliest of many deadlines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["Alarm"]


class Alarm:
    """Calls back at the earliest moment that it was asked for, and is silent until it is asked again.

    Args:
        ring: what to call.

    Example:
        >>> Alarm(lambda: None).cancel()
    """

    __slots__ = ("_handle", "_ring", "_when")

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._when = float("inf")

    def by(self, when: float) -> None:
        """Asks to be called at `when` (of `time.monotonic()`) at the latest."""
        if when >= self._when:
            return
        self.cancel()
        self._when = when
        self._handle = asyncio.get_running_loop().call_later(max(when - time.monotonic(), 0.0), self._go)

    def cancel(self) -> None:
        """Asks for nothing any more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._when = float("inf")

    def _go(self) -> None:
        self._handle = None
        self._when = float("inf")
        self._ring()
