"""How a blob that is too large for one value of a server is kept in pieces, and the entry that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Pieces"]

_HEAD: Final = b"pressrun-pieces 1 "
_SMALLEST: Final = 1024
_LARGEST: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pieces:
    """A blob of `size` bytes in pieces of `length`, the last one shorter.

    The entry under the blob's own key is written last, so that a blob whose entry is there was written wholly; a piece
    that is gone by then makes the blob one that is not held. The entry says the length, so that processes with other
    settings read it, and is never as long as the blob, so that it is told from one.
    """

    size: int
    length: int

    @classmethod
    def read(cls, entry: bytes, size: int) -> Pieces | None:
        """What an entry says of a blob of that size; None where it is no such entry."""
        if not entry.startswith(_HEAD):
            return None
        text = entry[len(_HEAD) :]
        if not text.isdigit() or not _SMALLEST <= int(text) <= _LARGEST:
            return None
        return cls(size, int(text))

    @property
    def entry(self) -> bytes:
        """What is kept under the blob's own key."""
        return _HEAD + str(self.length).encode()

    @property
    def count(self) -> int:
        """Number of pieces."""
        return -(-self.size // self.length)

    def keys(self, key: str) -> list[str]:
        """The keys of the pieces in order."""
        return [f"{key}:{number}" for number in range(self.count)]

    def cut(self, data: bytes) -> Iterator[memoryview]:
        """The pieces in order."""
        view = memoryview(data)
        return (view[start : start + self.length] for start in range(0, self.size, self.length))
