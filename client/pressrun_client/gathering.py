"""What a caller brings put together into parts that travel; what is here travels in time, however slowly more comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

__all__ = ["Gathering"]

_PATIENCE: Final = 0.05
"""Seconds after which a part travels, however little it has."""

T = TypeVar("T")
U = TypeVar("U")


class Gathering(Generic[T, U]):
    """Pulls what a caller brings, and gives it in parts; iterate once, inside `async with`.

    Guarantee: all in order, each once; each leaves some 50 ms after it came at the latest, if whoever iterates is there
    to take it, also while the iterable gives no further one; about two parts are held at most. Cost: one task, no task
    and no timer for each, one timer for a part that is not full.

    Args:
        source: what is brought. A plain iterable is pulled on the event loop, so it should not block.
        prepare: makes of each what travels, and its bytes.
        size: bytes that travel together.

    Example:
        Rows as they come, and whatever the iterable raised::

            async with Gathering(rows, prepare, size=65_536) as parts:
                async for part in parts:
                    await send(part)
    """

    def __init__(
        self, source: Iterable[T] | AsyncIterable[T], prepare: Callable[[T], tuple[U, int]], *, size: int
    ) -> None:
        self._source = source
        self._prepare = prepare
        self._most = size
        self._part: list[U] = []
        self._size = 0
        self._since = 0.0
        self._over = False
        self._some = asyncio.Event()
        self._due = asyncio.Event()
        self._taken = asyncio.Event()
        self._pulling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._pulling = asyncio.create_task(self._pull())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends pulling.

        Raises:
            Exception: whatever the iterable or `prepare` raised, where all before it was taken.
        """
        assert self._pulling is not None
        try:
            if kind is None and self._over:
                await self._pulling
        finally:
            self._pulling.cancel()
            await asyncio.gather(self._pulling, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[list[U]]:
        """The parts, none of them empty."""
        while True:
            await self._some.wait()
            if not self._due.is_set():
                await self._more()
            part, self._part, self._size = self._part, [], 0
            if not self._over:
                self._some.clear()
                self._due.clear()
            self._taken.set()
            if part:
                yield part
            elif self._over:
                return

    async def _pull(self) -> None:
        """Pull all; waits while a part is here that nobody has taken."""
        try:
            async for each in _each(self._source):
                ready, size = self._prepare(each)
                if not self._part:
                    self._since = time.monotonic()
                    self._some.set()
                self._part.append(ready)
                self._size += size
                # An iterable that blocks lets nobody else look at the time.
                if self._size >= self._most or time.monotonic() - self._since >= _PATIENCE:
                    self._taken.clear()
                    self._due.set()
                    await self._taken.wait()
        finally:
            self._over = True
            self._some.set()
            self._due.set()

    async def _more(self) -> None:
        """Wait for a full part as long as the first of it may wait."""
        try:
            async with asyncio.timeout(max(self._since + _PATIENCE - time.monotonic(), 0.0)):
                await self._due.wait()
        except TimeoutError:
            pass


async def _each(source: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(source, AsyncIterable):
        async for each in source:
            yield each
    else:
        for each in source:
            yield each
