"""What tiers around another tier have in common: what they do not say themselves, the inner one does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pressrun_server.cas.tier import Tier, TierStats
from pressrun_server.model.digest import Digest

__all__ = ["Wrapping"]


@dataclass(eq=False, slots=True)
class Wrapping:
    """Passes everything on; a `Tier`, and the base of those that add something.

    Subclasses are dataclasses with slots, too, and so have no `super()`: they call `self.inner`.
    """

    inner: Tier

    @property
    def name(self) -> str:
        """The inner tier's."""
        return self.inner.name

    def peek(self, digest: Digest) -> bytes | None:
        """See `Tier.peek`."""
        return self.inner.peek(digest)

    async def get(self, digest: Digest) -> bytes | None:
        """See `Tier.get`."""
        return await self.inner.get(digest)

    async def put(self, digest: Digest, data: bytes) -> None:
        """See `Tier.put`.

        Raises:
            DigestMismatchError: as the inner tier does.
        """
        await self.inner.put(digest, data)

    async def locate(self, digest: Digest) -> str | None:
        """See `Tier.locate`."""
        return await self.inner.locate(digest)

    async def contains(self, digest: Digest) -> bool:
        """See `Tier.contains`."""
        return await self.inner.contains(digest)

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """See `Tier.find_missing`."""
        return await self.inner.find_missing(digests)

    async def delete(self, digest: Digest) -> None:
        """See `Tier.delete`."""
        await self.inner.delete(digest)

    async def quarantine(self, digest: Digest) -> None:
        """See `Tier.quarantine`."""
        await self.inner.quarantine(digest)

    async def settle(self) -> None:
        """See `Tier.settle`."""
        await self.inner.settle()

    def stats(self) -> tuple[TierStats, ...]:
        """The inner tier's."""
        return self.inner.stats()

    async def close(self) -> None:
        """Close the inner tier."""
        await self.inner.close()
