"""The form of PNG files (ISO/IEC 15948, 5): chunks with their lengths and checksums."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["chunks", "put_together"]

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
    framed = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))
        for name, body in (*parts, (b"IEND", b""))
    )
    return b"".join((_SIGNATURE, *framed))
