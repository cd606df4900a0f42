"""Feeds a composer while its answer is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from pressrun_server.errors import PressrunError

__all__ = ["pumping"]


@asynccontextmanager
async def pumping(pump: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run what brings a composer its input beside the block that reads what it makes; it ends with the block.

    Raises:
        PressrunError: that of the pump where it failed, since it is why the composer gave up; else that of the block.
    """
    task = asyncio.ensure_future(pump)
    try:
        yield
    except PressrunError:
        if task.done() and not task.cancelled() and (cause := task.exception()) is not None:
            raise cause from None
        raise
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
