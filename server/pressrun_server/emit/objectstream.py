"""Object streams: many objects that are no streams themselves, deflated together (PDF 32000-1, 7.5.7)."""

from __future__ import annotations

from collections.abc import Sequence

import deflate

__all__ = ["object_stream", "packed"]


def object_stream(objects: Sequence[tuple[int, bytes]], level: int) -> bytes:
    """The body of an object stream.

    Args:
        objects: numbers and bodies.
        level: of deflate.
    """
    heads: list[bytes] = []
    at = 0
    for number, body in objects:
        heads.append(b"%d %d " % (number, at))
        at += len(body) + 1
    return packed(len(objects), b"".join(heads), b"\n".join([body for _, body in objects]), level)


def packed(count: int, head: bytes, bodies: bytes, level: int) -> bytes:
    """The same of objects that are put together already.

    Args:
        count: how many.
        head: number and place of each.
        bodies: all of them.
        level: of deflate.
    """
    data = deflate.zlib_compress(head + bodies, level)
    return b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (
        count,
        len(head),
        len(data),
        data,
    )
