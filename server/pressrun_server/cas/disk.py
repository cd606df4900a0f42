"""The disk tier: blobs in a folder that survives restarts and is shared by the processes of a machine."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from pressrun_server.cas.accounting import Accounting
from pressrun_server.cas.blobfiles import BlobFiles, TruncatedError, space_of
from pressrun_server.cas.config import DiskConfig
from pressrun_server.cas.tier import TierStats
from pressrun_server.model.digest import Digest

__all__ = ["DiskTier"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOG_EVERY = 60.0


class DiskTier:
    """Holds blobs as files, up to a limit, dropped by last use.

    Guarantee: what `get` gives was written whole; a process may be killed at any byte. A full disk or a failing one
    makes the tier step aside: it is counted and logged, never raised. Cost: files are written in threads, one at a time
    for each process, and read in threads where the kernel does not have them in memory (else 0.02 ms for 100 kB).
    What other processes write into the folder is seen by a scan, after each half gap (`hard - soft`) written here:
    alone, a process never passes `hard`; of several, each may add half a gap to it.

    Use `await tier.start()` before anything else.
    """

    name = "disk"

    def __init__(self, config: DiskConfig, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._files = BlobFiles(config.path, fsync=config.fsync)
        self._accounting = Accounting(soft=config.soft_bytes, hard=config.hard_bytes)
        self._monotonic = monotonic
        self._writing = asyncio.Lock()
        self._writes: set[asyncio.Task[None]] = set()
        self._unscanned = 0
        self._aside_until = float("-inf")
        self._last_log = float("-inf")
        self._errors = 0
        self._corrupt = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<DiskTier {self._config.path} {self._accounting.total} of {self._config.hard_bytes} bytes>"

    async def start(self) -> None:
        """Remove what dead writers left and count what is there."""
        swept = await self._attempt(self._files.prepare)
        if swept:
            log.info("disk tier: removed %d unfinished files", swept)
        async with self._writing:
            await self._scan()

    def peek(self, digest: Digest) -> bytes | None:  # noqa: ARG002 - the interface's name
        """None: a disk makes one wait."""
        return None

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where there is no whole file of it."""
        try:
            data = self._files.glance(digest)
            if data is None:
                data = await asyncio.to_thread(self._files.read, digest)
        except TruncatedError:
            self._corrupt += 1
            log.warning("disk tier: blob %s had another size and is quarantined", digest)
            data = None
        except OSError as error:
            self._failed(error)
            return None
        if data is None:
            self._accounting.remove(digest)
        elif not self._accounting.touch(digest):
            self._accounting.add(digest, space_of(digest.size))  # another process wrote it
        return data

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob, unless it is too large or the disk fails. A caller that goes away does not stop the write."""
        if self._closed or self._monotonic() < self._aside_until:
            return
        task = asyncio.create_task(self._put(digest, data))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        await asyncio.shield(task)

    async def locate(self, digest: Digest) -> str | None:
        """`disk`, or None."""
        return self.name if await self.contains(digest) else None

    async def contains(self, digest: Digest) -> bool:
        """Whether there is a file of that name and size."""
        return bool(await self._attempt(self._files.holds, digest))

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """Those without a file."""
        wanted = frozenset(digests)

        def missing() -> frozenset[Digest]:
            return frozenset(digest for digest in wanted if not self._files.holds(digest))

        found = await self._attempt(missing)
        return wanted if found is None else found

    async def delete(self, digest: Digest) -> None:
        """Remove the blob's file."""
        await self._attempt(self._files.delete, digest)
        self._accounting.remove(digest)

    async def quarantine(self, digest: Digest) -> None:
        """Move the damaged blob's file away, into the folder `quarantine`, where the last few are kept."""
        await self._attempt(self._files.quarantine, digest)
        self._accounting.remove(digest)

    async def settle(self) -> None:
        """Nothing waits: a put blob has its name."""

    def stats(self) -> tuple[TierStats, ...]:
        """What is held, as far as this process knows."""
        available = self._monotonic() >= self._aside_until
        return (self._accounting.stats(self.name, errors=self._errors, corrupt=self._corrupt, available=available),)

    async def close(self) -> None:
        """Wait for the writes that are under way; later ones are dropped."""
        self._closed = True
        if self._writes:
            await asyncio.gather(*self._writes, return_exceptions=True)

    async def _put(self, digest: Digest, data: bytes) -> None:
        size = space_of(len(data))
        async with self._writing:
            if digest not in self._accounting:
                if self._unscanned >= (self._config.hard_bytes - self._config.soft_bytes) // 2:
                    await self._scan()
                victims = self._accounting.admit(digest, size)
                if victims is None:
                    return
                await self._remove(victims)
                self._unscanned += size
            try:
                await asyncio.to_thread(self._files.write, digest, data)
            except OSError as error:
                self._aside_until = self._monotonic() + self._config.retry_seconds
                self._accounting.remove(digest)
                self._failed(error)
            else:
                self._accounting.add(digest, size)

    async def _scan(self) -> None:
        """Count what is in the folder; must hold the lock."""
        self._unscanned = 0
        found = await self._attempt(self._files.scan)
        if found is not None:
            await self._remove(self._accounting.rebuild(found))

    async def _remove(self, victims: tuple[Digest, ...]) -> None:
        def remove() -> None:
            for victim in victims:
                self._files.delete(victim)

        if victims:
            await self._attempt(remove)

    async def _attempt(self, function: Callable[..., T], *arguments: object) -> T | None:
        """Do it in a thread; None where the machine failed."""
        try:
            return await asyncio.to_thread(function, *arguments)
        except OSError as error:
            self._failed(error)
            return None

    def _failed(self, error: OSError) -> None:
        self._errors += 1
        now = self._monotonic()
        if now - self._last_log >= _LOG_EVERY:
            self._last_log = now
            log.warning("disk tier %s steps aside (%d errors so far): %s", self._config.path, self._errors, error)
