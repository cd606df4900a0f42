"""How late the front is: what waits for its one thread waits as long, whatever it is."""

from __future__ import annotations

import asyncio

from prometheus_client import Histogram

__all__ = ["watch_lateness"]

_EVERY_S = 0.25


async def watch_lateness(seconds: Histogram, *, every: float = _EVERY_S) -> None:
    """Look again and again how long after its time a timer is served; until cancelled.

    Args:
        seconds: observes each look.
        every: seconds between two looks; each costs some 20 us.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every
        await asyncio.sleep(every)
        seconds.observe(max(0.0, loop.time() - due))
