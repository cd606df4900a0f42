"""The cross-references of a file as rows of its cross-reference stream (PDF 32000-1, 7.5.8), by blocks of numbers."""

from __future__ import annotations

import struct
from bisect import bisect_right

__all__ = ["FREE", "ROW", "References"]

ROW = struct.Struct(">BIH")
"""A row: type, offset or object stream, generation or index."""
FREE = ROW.pack(0, 0, 0)


class References:
    """The rows of the blocks that are not written yet.

    Args:
        prefix: the rows of the first numbers, which stay until the end.
    """

    def __init__(self, prefix: bytes) -> None:
        self._firsts = [0]
        self._rows = [bytearray(prefix)]
        self._kept = len(prefix) // ROW.size
        self._amended: dict[int, bytes] = {}
        """Rows of objects that were written after the section that holds their block."""
        self._ended = 0
        """The last number of the sections that are written."""

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, first: int, rows: bytearray) -> None:
        """A block of numbers behind those that there are, with its rows."""
        self._firsts.append(first)
        self._rows.append(rows)

    def set(self, number: int, kind: int, second: int, third: int) -> None:
        """Say where an object is."""
        if self._kept <= number <= self._ended:
            self._amended[number] = ROW.pack(kind, second, third)
            return
        block = bisect_right(self._firsts, number) - 1
        ROW.pack_into(self._rows[block], (number - self._firsts[block]) * ROW.size, kind, second, third)

    def forget(self, last: int) -> None:
        """Forget the blocks behind the first one; they are written, up to a number."""
        del self._firsts[1:], self._rows[1:]
        self._ended = last

    def told(self, *, last: bool) -> tuple[bytes, bytes]:
        """The numbers of a section's blocks, as the stream's Index has them, and their rows.

        Args:
            last: whether it is the file's last section, which has the prefix and what was amended.
        """
        blocks: list[tuple[int, bytes | bytearray]] = [*zip(self._firsts, self._rows, strict=True)]
        if not last:
            del blocks[0]
        elif self._amended:
            blocks = sorted([*blocks, *self._amended.items()])
        index = b" ".join([b"%d %d" % (first, len(rows) // ROW.size) for first, rows in blocks])
        return index, b"".join([rows for _, rows in blocks])
