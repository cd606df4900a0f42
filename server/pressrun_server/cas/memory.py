"""The memory tier: blobs of this process, dropped by last use."""

from __future__ import annotations

from collections.abc import Iterable

from pressrun_server.cas.accounting import Accounting
from pressrun_server.cas.tier import TierStats
from pressrun_server.model.digest import Digest

__all__ = ["MemoryTier"]

OVERHEAD = 672
"""Bytes that keeping one blob costs beside its own: 400 to 644, by how full the dictionaries are and how much has come
and gone, rounded up."""


class MemoryTier:
    """Holds blobs up to a hard limit of bytes.

    Nothing in it waits: `peek` finds all that `get` finds. A blob larger than a quarter of the limit is not kept,
    because it would drive out what many documents use for the sake of one.
    """

    name = "memory"

    def __init__(self, limit: int) -> None:
        self._blobs: dict[Digest, bytes] = {}
        self._accounting = Accounting(soft=limit, hard=limit)
        self._largest = limit // 4

    def __repr__(self) -> str:
        return f"<MemoryTier {self._accounting.total} of {self._accounting.hard} bytes>"

    def peek(self, digest: Digest) -> bytes | None:
        """The blob, or None where it is not held."""
        data = self._blobs.get(digest)
        if data is not None:
            self._accounting.touch(digest)
        return data

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where it is not held."""
        return self.peek(digest)

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob, unless it is too large."""
        size = len(data) + OVERHEAD
        if size > self._largest:
            self._accounting.refused += 1
            return
        victims = self._accounting.admit(digest, size)
        assert victims is not None
        for victim in victims:
            del self._blobs[victim]
        self._blobs[digest] = data
        self._accounting.add(digest, size)

    async def locate(self, digest: Digest) -> str | None:
        """`memory`, or None."""
        return self.name if digest in self._blobs else None

    async def contains(self, digest: Digest) -> bool:
        """Whether the blob is held."""
        return digest in self._blobs

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """Those that are not held."""
        return frozenset(digest for digest in digests if digest not in self._blobs)

    async def delete(self, digest: Digest) -> None:
        """Drop the blob."""
        if self._blobs.pop(digest, None) is not None:
            self._accounting.remove(digest)

    async def quarantine(self, digest: Digest) -> None:
        """Drop the damaged blob."""
        await self.delete(digest)

    async def settle(self) -> None:
        """Nothing waits."""

    def stats(self) -> tuple[TierStats, ...]:
        """What is held now."""
        return (self._accounting.stats(self.name),)

    async def close(self) -> None:
        """Nothing to finish."""
