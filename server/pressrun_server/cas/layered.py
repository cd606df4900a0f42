"""Two tiers as one: a fast one in front of a slow one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pressrun_server.cas.tier import Tier, TierStats
from pressrun_server.model.digest import Digest

__all__ = ["Layered"]


@dataclass(eq=False, slots=True)
class Layered:
    """Asks `fast` first and fills it with what `slow` had.

    A blob is put into both, into `slow` first: where that one verifies, nothing wrong gets into `fast`. The
    slow tier of one layer may itself be layered, so any number of tiers is a chain of these.
    """

    fast: Tier
    slow: Tier

    @property
    def name(self) -> str:
        """Both names, nearest first."""
        return f"{self.fast.name}+{self.slow.name}"

    def peek(self, digest: Digest) -> bytes | None:
        """The blob, if either tier has it without waiting."""
        data = self.fast.peek(digest)
        return data if data is not None else self.slow.peek(digest)

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where neither tier holds it."""
        data = await self.fast.get(digest)
        if data is not None:
            return data
        data = await self.slow.get(digest)
        if data is not None:
            await self.fast.put(digest, data)
        return data

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob in both.

        Raises:
            DigestMismatchError: a tier verifies, and the bytes are not those that the digest names.
        """
        await self.slow.put(digest, data)
        await self.fast.put(digest, data)

    async def locate(self, digest: Digest) -> str | None:
        """The name of the nearest tier that holds the blob."""
        found = await self.fast.locate(digest)
        return found if found is not None else await self.slow.locate(digest)

    async def contains(self, digest: Digest) -> bool:
        """Whether either tier holds the blob."""
        return await self.fast.contains(digest) or await self.slow.contains(digest)

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """Those that neither holds."""
        missing = await self.fast.find_missing(digests)
        return await self.slow.find_missing(missing) if missing else missing

    async def delete(self, digest: Digest) -> None:
        """Drop the blob from both."""
        await self.fast.delete(digest)
        await self.slow.delete(digest)

    async def quarantine(self, digest: Digest) -> None:
        """Take the blob out of use in both."""
        await self.fast.quarantine(digest)
        await self.slow.quarantine(digest)

    async def settle(self) -> None:
        """As both do."""
        await self.fast.settle()
        await self.slow.settle()

    def stats(self) -> tuple[TierStats, ...]:
        """Those of both, nearest first."""
        return (*self.fast.stats(), *self.slow.stats())

    async def close(self) -> None:
        """Close both, also where closing one fails."""
        try:
            await self.fast.close()
        finally:
            await self.slow.close()
