"""What the front knows of the blobs that one composer keeps; pure bookkeeping."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

__all__ = ["HeldBlobs"]


class HeldBlobs:
    """A mirror of a composer's blobs, least recently used first.

    Guarantee: the kept bytes stay within the limit, except for what one document needs. Cost: constant per blob.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self.size = 0
        """Bytes kept."""

    def __len__(self) -> int:
        return len(self._sizes)

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Those that the composer does not keep; all others count as used."""
        sizes = self._sizes
        absent = []
        for digest in digests:
            if digest in sizes:
                sizes.move_to_end(digest)
            elif digest not in absent:
                absent.append(digest)
        return absent

    def put(self, digest: str, size: int) -> None:
        """The composer is given a blob."""
        self.size += size - self._sizes.get(digest, 0)
        self._sizes[digest] = size
        self._sizes.move_to_end(digest)

    def surplus(self, needed: Iterable[str]) -> list[str]:
        """Forget what is beyond the limit, oldest first and never what is needed now; the composer must be told."""
        if self.size <= self._limit:
            return []
        keep = frozenset(needed)
        dropped = []
        for digest in tuple(self._sizes):
            if self.size <= self._limit:
                break
            if digest not in keep:
                self.size -= self._sizes.pop(digest)
                dropped.append(digest)
        return dropped
