"""Rows of pixels as PNG holds them, where many are the same: a zlib stream that is put together without a compressor.

A compressor takes longer to set up than a code or a chart takes to draw. A row is stored as it is, and that others are
like it is said by a block that depends on their size and number alone, so that it is made once (RFC 1950, RFC 1951).
"""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["packed_rows", "repeated_rows"]

_BEGIN: Final = b"\x78\x01"
_END: Final = b"\x01\x00\x00\xff\xff"
_LONGEST: Final = 258
"""Bytes that one match says at most."""
_SHORTEST: Final = 3
_LENGTHS: Final = (
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
)  # fmt: skip
_DISTANCES: Final = (
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
)  # fmt: skip
"""The least length and distance of each code (RFC 1951, 3.2.5)."""


def packed_rows(runs: Iterable[tuple[bytes, int]]) -> bytes:
    """A zlib stream.

    Args:
        runs: a row with its filter in front, 3 to 32,768 bytes, and how many of them stand below each other.
    """
    parts, rows = [_BEGIN], []
    for row, times in runs:
        length = len(row)
        if times > 1:
            parts += (_head(length), row, _again(length, times - 1))
            rows.append(row * times)
        else:
            parts += (_head(length), row)
            rows.append(row)
    parts += (_END, zlib.adler32(b"".join(rows)).to_bytes(4))
    return b"".join(parts)


def repeated_rows(rows: Sequence[bytes], times: int, margin: int) -> bytes:
    """A zlib stream of rows that all stand as often below each other, with empty ones above and below them.

    Args:
        rows: each with its filter in front, all of one length from 3 to 32,768 bytes.
        times: how many of each.
        margin: how many empty ones above, and below.
    """
    length = len(rows[0])
    head, again = _head(length), _again(length, times - 1)
    blank = bytes(length)
    empty = b"".join((head, blank, _again(length, margin - 1))) if margin else b""
    whole = b"".join((blank * margin, *[row * times for row in rows], blank * margin))
    return b"".join(
        (_BEGIN, empty, head, (again + head).join(rows), again, empty, _END, zlib.adler32(whole).to_bytes(4))
    )


@functools.lru_cache(maxsize=256)
def _head(length: int) -> bytes:
    """Before bytes that are stored."""
    return struct.pack("<BHH", 0, length, length ^ 0xFFFF)


@functools.lru_cache(maxsize=1024)
def _again(length: int, times: int) -> bytes:
    """A block that says the last bytes again, and ends with a byte."""
    if not times:
        return b""
    bits = _Bits()
    bits.number(0b010, 3)  # not the last one, of fixed codes
    rest = length * times
    while rest:
        size = min(rest, _LONGEST)
        if 0 < rest - size < _SHORTEST:
            size -= _SHORTEST
        bits.match(size, length)
        rest -= size
    bits.code(0, 7)
    bits.number(0, 3)
    return bits.whole() + b"\x00\x00\xff\xff"


class _Bits:
    """Bits from the lowest of the first byte on."""

    def __init__(self) -> None:
        self._value = self._count = 0

    def number(self, value: int, width: int) -> None:
        self._value |= value << self._count
        self._count += width

    def code(self, value: int, width: int) -> None:
        """A code of Huffman's, which begins with its highest bit."""
        self.number(int(f"{value:0{width}b}"[::-1], 2), width)

    def match(self, length: int, distance: int) -> None:
        symbol = max(index for index, least in enumerate(_LENGTHS) if least <= length)
        if symbol < 23:  # noqa: PLR2004 - symbols 257 to 279 have seven bits
            self.code(symbol + 1, 7)
        else:
            self.code(0b11000000 + symbol - 23, 8)
        if 7 < symbol < len(_LENGTHS) - 1:  # noqa: PLR2004 - the first eight and the last stand for one length each
            self.number(length - _LENGTHS[symbol], symbol // 4 - 1)
        symbol = max(index for index, least in enumerate(_DISTANCES) if least <= distance)
        self.code(symbol, 5)
        if symbol > 3:  # noqa: PLR2004 - the first four stand for one distance each
            self.number(distance - _DISTANCES[symbol], symbol // 2 - 1)

    def whole(self) -> bytes:
        return self._value.to_bytes(-(-self._count // 8), "little")
