"""A tier whose writes are done in the background."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pressrun_server.cas.errors import DigestMismatchError
from pressrun_server.cas.tier import TierStats
from pressrun_server.cas.wrapping import Wrapping
from pressrun_server.model.digest import Digest

__all__ = ["Deferred"]

log = logging.getLogger(__name__)

_CLOSE_SECONDS = 2.0


@dataclass(eq=False, slots=True)
class Deferred(Wrapping):
    """Puts into the inner tier later, one blob after the other, so that nobody waits for a slow one.

    Guarantee: what waits to be written is found meanwhile as if it had been; a blob that would make more than `limit`
    bytes wait is dropped and counted. `close` writes what waits, for two seconds at most. Put it inside `Verifying`, so
    that a wrong blob is refused to the one who brings it.
    """

    limit: int
    dropped: int = 0
    _waiting: dict[Digest, bytes] = field(default_factory=dict)
    _bytes: int = 0
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _written: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _closed: bool = False

    def peek(self, digest: Digest) -> bytes | None:
        """The blob, if it waits to be written or is here without waiting."""
        data = self._waiting.get(digest)
        return data if data is not None else self.inner.peek(digest)

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where it is not held."""
        data = self._waiting.get(digest)
        return data if data is not None else await self.inner.get(digest)

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob soon, unless too much waits already."""
        if digest in self._waiting:
            return
        if self._closed or self._bytes + len(data) > self.limit:
            self.dropped += 1
            return
        self._waiting[digest] = data
        self._bytes += len(data)
        if self._task is None:
            self._task = asyncio.create_task(self._write(), name=f"writes-{self.name}")

    async def locate(self, digest: Digest) -> str | None:
        """Where the blob is, or will be soon."""
        return self.name if digest in self._waiting else await self.inner.locate(digest)

    async def contains(self, digest: Digest) -> bool:
        """Whether the blob is held, or will be soon."""
        return digest in self._waiting or await self.inner.contains(digest)

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """Those that are neither held nor wait to be written."""
        others = [digest for digest in digests if digest not in self._waiting]
        return await self.inner.find_missing(others) if others else frozenset()

    async def delete(self, digest: Digest) -> None:
        """Drop the blob, also one that is just being written."""
        self._forget(digest)
        async with self._writing:
            await self.inner.delete(digest)

    async def quarantine(self, digest: Digest) -> None:
        """Take the damaged blob out of use."""
        self._forget(digest)
        async with self._writing:
            await self.inner.quarantine(digest)

    async def settle(self) -> None:
        """Wait until what waits now is written, or was given up."""
        for digest, data in list(self._waiting.items()):
            while self._waiting.get(digest) is data:
                await self._written.wait()
        await self.inner.settle()

    def stats(self) -> tuple[TierStats, ...]:
        """The inner tier's, with what was dropped here."""
        first, *others = self.inner.stats()
        return (replace(first, dropped=first.dropped + self.dropped, waiting=self._bytes), *others)

    async def close(self) -> None:
        """Write what waits, for a limited time, and close the inner tier."""
        self._closed = True
        task = self._task
        if task is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await asyncio.shield(task)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        self._tell()
        await self.inner.close()

    async def _write(self) -> None:
        try:
            while self._waiting:
                digest, data = next(iter(self._waiting.items()))
                async with self._writing:
                    if self._waiting.get(digest) is data:
                        await self._put(digest, data)
                if self._waiting.get(digest) is data:
                    self._forget(digest)
        finally:
            self._task = None

    async def _put(self, digest: Digest, data: bytes) -> None:
        try:
            await self.inner.put(digest, data)
        except DigestMismatchError:
            log.exception("%s tier: a blob to be written is not what it is called", self.name)

    def _forget(self, digest: Digest) -> None:
        data = self._waiting.pop(digest, None)
        if data is not None:
            self._bytes -= len(data)
            self._tell()

    def _tell(self) -> None:
        """Wake those who wait for something to be written."""
        self._written.set()
        self._written = asyncio.Event()
