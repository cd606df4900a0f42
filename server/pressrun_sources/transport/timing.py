"""Time and chance as inputs, so that tests decide them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Timing"]


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks, the pause and the dice of a source; the defaults are the machine's."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds that never go back: durations and the ages of tokens."""
    wall: Callable[[], float] = time.time
    """Seconds since 1970: dates in headers and in metadata."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits before a retry."""
    random: Callable[[], float] = random.random
    """From 0 up to but not including 1: spreads retries."""
