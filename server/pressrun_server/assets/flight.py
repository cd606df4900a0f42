"""Single-flight: many callers who want the same thing at the same time make one call for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["SingleFlight"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True, eq=False)
class _Call(Generic[V]):
    task: asyncio.Future[V]
    waiting: int = 0


class SingleFlight(Generic[K, V]):
    """Joins calls with equal keys.

    Guarantee: at any moment at most one call for a key is under way on this event loop, and everyone who asks while it
    is gets its result or its failure. The call belongs to no caller: one who is cancelled leaves the others
    waiting undisturbed; when the last one is gone, the call is cancelled too, and whoever comes then starts a new one.
    Nothing is remembered once a call is over, so a failure is never served to a later caller.

    Cost: one task for each call, a dictionary entry while it lasts. Use it where the same question is asked much more
    often than its answer changes, to reduce traffic against a slow or metered system to the least there can be. It does
    not join calls of other processes.
    """

    def __init__(self) -> None:
        self._calls: dict[K, _Call[V]] = {}
        self.joined = 0
        """Callers that waited for another one's call."""

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return f"<SingleFlight {len(self._calls)} calls, {sum(call.waiting for call in self._calls.values())} waiting>"

    async def run(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """The result of the call for this key; `make` is called if none is under way.

        Raises:
            Exception: whatever the call raises, to all who wait for it.
        """
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = self._start(key, make)
        else:
            self.joined += 1
        call.waiting += 1
        try:
            # The future is waited for through a shield: cancelling this caller must not cancel the call.
            return await asyncio.shield(call.task)
        finally:
            call.waiting -= 1
            if not call.waiting and not call.task.done():
                self._forget(key, call)
                call.task.cancel()

    async def close(self) -> None:
        """Cancel what is under way; its callers see the cancellation of the call as a CancelledError."""
        calls = list(self._calls.values())
        self._calls.clear()
        for call in calls:
            call.task.cancel()
        if calls:
            await asyncio.gather(*(call.task for call in calls), return_exceptions=True)

    def _start(self, key: K, make: Callable[[], Awaitable[V]]) -> _Call[V]:
        call: _Call[V] = _Call(asyncio.ensure_future(_run(make)))

        def over(task: asyncio.Future[V]) -> None:
            self._forget(key, call)
            if not task.cancelled():
                task.exception()  # looked at here, because every caller may have left

        call.task.add_done_callback(over)
        return call

    def _forget(self, key: K, call: _Call[V]) -> None:
        if self._calls.get(key) is call:
            del self._calls[key]


async def _run(make: Callable[[], Awaitable[V]]) -> V:
    return await make()
