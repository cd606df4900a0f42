"""A tier that tells an observer what it found and what it did not."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pressrun_server.cas.tier import Tier, TierStats
from pressrun_server.model.digest import Digest

__all__ = ["Metered", "TierObserver"]


class TierObserver(Protocol):
    """Is told what happens in tiers; called on the event loop, must be quick and must not raise."""

    def hit(self, tier: str, size: int) -> None:
        """A blob of that size was found."""

    def miss(self, tier: str) -> None:
        """A blob was not found."""

    def stored(self, tier: str, size: int) -> None:
        """A blob of that size was handed in; the tier may have kept it or not."""

    def took(self, tier: str, operation: str, seconds: float) -> None:
        """A `read` or a `write` took so long; what needed no waiting (`peek`) is not told."""


@dataclass(eq=False, slots=True)
class Metered:
    """Counts through an observer.

    A `peek` that finds nothing is not counted: the `get` that follows it is, so that each question counts once.
    """

    inner: Tier
    observer: TierObserver

    @property
    def name(self) -> str:
        """The inner tier's."""
        return self.inner.name

    def peek(self, digest: Digest) -> bytes | None:
        """The blob, if it is here without waiting."""
        data = self.inner.peek(digest)
        if data is not None:
            self.observer.hit(self.inner.name, len(data))
        return data

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where it is not held."""
        started = time.perf_counter()
        data = await self.inner.get(digest)
        self.observer.took(self.inner.name, "read", time.perf_counter() - started)
        if data is None:
            self.observer.miss(self.inner.name)
        else:
            self.observer.hit(self.inner.name, len(data))
        return data

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob.

        Raises:
            DigestMismatchError: as the inner tier does.
        """
        started = time.perf_counter()
        await self.inner.put(digest, data)
        self.observer.took(self.inner.name, "write", time.perf_counter() - started)
        self.observer.stored(self.inner.name, len(data))

    async def locate(self, digest: Digest) -> str | None:
        """Where the blob is; not counted."""
        return await self.inner.locate(digest)

    async def contains(self, digest: Digest) -> bool:
        """Whether the blob is held; not counted."""
        return await self.inner.contains(digest)

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """Those that are not held; not counted."""
        return await self.inner.find_missing(digests)

    async def delete(self, digest: Digest) -> None:
        """Drop the blob."""
        await self.inner.delete(digest)

    async def quarantine(self, digest: Digest) -> None:
        """Take the damaged blob out of use."""
        await self.inner.quarantine(digest)

    async def settle(self) -> None:
        """As the inner tier does."""
        await self.inner.settle()

    def stats(self) -> tuple[TierStats, ...]:
        """The inner tier's."""
        return self.inner.stats()

    async def close(self) -> None:
        """Close the inner tier."""
        await self.inner.close()
