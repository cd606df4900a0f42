"""The one interface of the content-addressed store: a tier that may hold blobs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pressrun_server.model.digest import Digest

__all__ = ["Tier", "TierStats"]


@dataclass(frozen=True, slots=True)
class TierStats:
    """What one tier holds now, and what happened to it since it was opened."""

    name: str
    entries: int
    size: int
    """Bytes that count against the limit; more than the blobs' own, because keeping a blob costs a little too."""
    limit: int
    evictions: int
    """Blobs dropped to make room."""
    refused: int
    """Blobs that were too large to be kept."""
    errors: int
    """Calls in which the machine failed (disk full, I/O error) and the tier stepped aside."""
    corrupt: int
    """Blobs found to be other bytes than their digest names; they were dropped."""
    dropped: int = 0
    """Blobs that were not written because too much waited to be, or the server was away."""
    waiting: int = 0
    """Bytes that wait to be written."""
    idle_seconds: float | None = None
    """Time since the last use of the blob that was used longest ago; None where nothing is held or nobody knows."""
    available: bool = True
    """False while the tier steps aside, because its machine or its server fails."""


class Tier(Protocol):
    """May hold blobs; a cache, so that a blob that was put can be gone at any moment.

    Of no method is a failure of the machine an error: a tier that cannot read answers as if it held nothing, one that
    cannot write keeps nothing, and both count it. Only `put` raises, and only for bytes that are not what they are
    called. Used from one event loop; the same folder or server may be used by other processes at the same time.
    """

    @property
    def name(self) -> str:
        """The tier's name in metrics and in `AssetUse.found_in`."""

    def peek(self, digest: Digest) -> bytes | None:
        """The blob, if it can be had without waiting; None says nothing about what `get` would find."""

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where the tier does not hold it."""

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob, if there is room for it.

        Raises:
            DigestMismatchError: the bytes are not those that the digest names (verifying tiers only).
        """

    async def locate(self, digest: Digest) -> str | None:
        """The name of the nearest tier that holds the blob; None where none does."""

    async def contains(self, digest: Digest) -> bool:
        """Whether the tier holds the blob."""

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """Those of the digests whose blobs the tier does not hold."""

    async def delete(self, digest: Digest) -> None:
        """Drop the blob; one that is not there is dropped already."""

    async def quarantine(self, digest: Digest) -> None:
        """Take a blob out of use that was found damaged; it is no longer held, though it may be kept for inspection."""

    async def settle(self) -> None:
        """Wait until what was put by now is where other processes find it, or was given up."""

    def stats(self) -> tuple[TierStats, ...]:
        """One entry for each tier below this one, nearest first."""

    async def close(self) -> None:
        """Finish what is being written; may be called again."""
