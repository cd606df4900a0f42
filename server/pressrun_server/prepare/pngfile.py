"""The form of PNG files (ISO/IEC 15948, 5): chunks with their lengths and checksums."""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["chunks", "flat", "put_together"]

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def chunks(png: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Name and body of each chunk of a well-formed file."""
    at = len(_SIGNATURE)
    while at < len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        with png[at + 8 : at + 8 + length] as body:
            yield name, body
        at += length + 12


def put_together(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The file of chunks, given as name and body; the last one is added."""
    return b"".join((_SIGNATURE, *(_framed(name, body) for name, body in parts), _END))


def flat(width: int, height: int, depth: int, colors: tuple[tuple[bytes, bytes], ...], packed: bytes) -> bytes:
    """The file of a picture of few colours.

    Args:
        width: pixels.
        height: pixels.
        depth: bits of a pixel, which is a number of its colour.
        colors: name and body of the chunks that say what the colours are.
        packed: its rows as a zlib stream.
    """
    return b"".join((_head(width, height, depth, colors), _framed(b"IDAT", packed), _END))


@functools.lru_cache(maxsize=256)
def _head(width: int, height: int, depth: int, colors: tuple[tuple[bytes, bytes], ...]) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, 3, 0, 0, 0)
    return b"".join((_SIGNATURE, _framed(b"IHDR", header), *(_framed(name, body) for name, body in colors)))


def _framed(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), name) + body + zlib.crc32(body, zlib.crc32(name)).to_bytes(4)


_END: Final = _framed(b"IEND", b"")
