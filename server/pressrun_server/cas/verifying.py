"""A tier that checks every blob against its digest, on the way in and on the way out."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from pressrun_server.cas.errors import DigestMismatchError
from pressrun_server.cas.tier import TierStats
from pressrun_server.cas.wrapping import Wrapping
from pressrun_server.model.digest import Digest

__all__ = ["Verifying"]

log = logging.getLogger(__name__)

_LONG = 1024 * 1024
"""Bytes above which hashing goes to a thread: it would hold up the event loop for more than half a millisecond."""


@dataclass(eq=False, slots=True)
class Verifying(Wrapping):
    """Gives only bytes that are what their digest says.

    A corrupt blob is quarantined, counted, and reported as one that is not there, so that it is fetched again. Cost: a
    SHA-256 for each blob read or written, about 0.5 ms a megabyte. To say where a blob is none is read or verified.
    """

    corrupt: int = 0

    def peek(self, digest: Digest) -> bytes | None:
        """The blob, if it is here without waiting and is what it is called."""
        data = self.inner.peek(digest)
        if data is None or digest.matches(data):
            return data
        return None  # the `get` that follows takes it out of use

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where it is not held or is damaged."""
        data = await self.inner.get(digest)
        if data is None or await _matches(digest, data):
            return data
        self.corrupt += 1
        log.warning("%s tier: blob %s was damaged and is quarantined", self.name, digest)
        await self.inner.quarantine(digest)
        return None

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob.

        Raises:
            DigestMismatchError: the bytes are not those that the digest names.
        """
        if not await _matches(digest, data):
            raise DigestMismatchError(digest, data)
        await self.inner.put(digest, data)

    def stats(self) -> tuple[TierStats, ...]:
        """The inner tier's, with what was found corrupt here."""
        first, *others = self.inner.stats()
        return (replace(first, corrupt=first.corrupt + self.corrupt), *others)


async def _matches(digest: Digest, data: bytes) -> bool:
    return digest.matches(data) if len(data) <= _LONG else await asyncio.to_thread(digest.matches, data)
