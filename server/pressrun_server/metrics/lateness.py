"""How late the front is: what waits for its one thread waits as long, whatever it is."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import Histogram

__all__ = ["watch_lateness"]

_EVERY_S = 0.25


async def watch_lateness(seconds: Histogram, *, every: float = _EVERY_S) -> None:
    """Look again and again how long after its time a timer is served; until cancelled.

    Args:
        seconds: observes each look.
        every: seconds between two looks; each costs some 20 us.
    """
    while True:
        # Not the loop's clock: that of uvloop stands still for a turn, and counts milliseconds.
        due = time.monotonic() + every
        await asyncio.sleep(every)
        seconds.observe(max(0.0, time.monotonic() - due))
