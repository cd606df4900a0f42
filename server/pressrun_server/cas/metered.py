"""A tier that tells an observer what it found and what it did not."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from pressrun_server.cas.wrapping import Wrapping
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
class Metered(Wrapping):
    """Counts through an observer.

    A `peek` that finds nothing is not counted: the `get` that follows it is, so that each question counts once. Nor are
    questions of where a blob is.
    """

    observer: TierObserver

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
