"""Keeps derived pictures and makes each of them once, in a thread, so that the event loop never waits for pixels."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

from pressrun_loadtest.sandbox.cloudinary.rendering import Derived

__all__ = ["DerivedCache"]

_THREADS = 2


class DerivedCache:
    """A byte-bounded, least-recently-used cache with single flight.

    Guarantee: while one caller's picture is being made, others who want the same wait for it. Errors are not kept.
    A caller who goes away doesn't stop the work, because others may be waiting for it.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Hashable, Derived] = OrderedDict()
        self._bytes = 0
        self._making: dict[Hashable, asyncio.Future[Derived]] = {}
        self._threads: ThreadPoolExecutor | None = None
        self.made = 0
        """How many pictures were really made."""

    async def get(self, key: Hashable, make: Callable[[], Derived]) -> Derived:
        """The picture of that key, made by `make` in a thread if it is not there."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        future = self._making.get(key)
        if future is None:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sandbox-picture")
            future = asyncio.get_running_loop().run_in_executor(self._threads, make)
            self._making[key] = future
            future.add_done_callback(lambda done: self._finish(key, done))
        return await asyncio.shield(future)

    def clear(self) -> None:
        """Forget all pictures."""
        self._kept.clear()
        self._bytes = 0
        self.made = 0

    def close(self) -> None:
        """Stop the threads after what they are doing, and forget all pictures."""
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._threads = None
        self.clear()

    def _finish(self, key: Hashable, done: asyncio.Future[Derived]) -> None:
        self._making.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        derived = done.result()
        self.made += 1
        self._kept[key] = derived
        self._bytes += len(derived.data)
        while self._bytes > self._max_bytes and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.data)
