"""The output intent's profile: sRGB (IEC 61966-2-1) as an ICC profile of our own, version 4 (ICC.1:2010)."""

from __future__ import annotations

import functools
import struct

__all__ = ["srgb_profile"]

# Colorants adapted to D50 by the Bradford transform, as the sRGB profiles of the ICC have them.
_COLORANTS = {
    "rXYZ": (0.43607, 0.22249, 0.01392),
    "gXYZ": (0.38515, 0.71687, 0.09708),
    "bXYZ": (0.14307, 0.06061, 0.7141),
}
_WHITE = (0.9642, 1.0, 0.8249)
# s15Fixed16 of g, a, b, c, d in Y = (aX + b)^g for X >= d, else cX (IEC 61966-2-1).
_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_HEADER = 128


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _text(text: str) -> bytes:
    """MultiLocalizedUnicodeType with one record (10.13)."""
    data = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">IIIHHII", 0, 1, 12, 0x656E, 0x5553, len(data), 28) + data


@functools.cache
def srgb_profile() -> bytes:
    """The profile, about 600 bytes; always the same."""
    curve = b"para" + struct.pack(">IHH", 0, 3, 0) + _fixed(*_CURVE)
    tags: dict[str, bytes] = {
        "desc": _text("sRGB"),
        "cprt": _text("No copyright, use freely"),
        "wtpt": b"XYZ \0\0\0\0" + _fixed(*_WHITE),
        **{name: b"XYZ \0\0\0\0" + _fixed(*value) for name, value in _COLORANTS.items()},
        "rTRC": curve,
        "gTRC": curve,
        "bTRC": curve,
    }
    table, body = b"", b""
    places: dict[bytes, int] = {}
    start = _HEADER + 4 + 12 * len(tags)
    for name, data in tags.items():
        if data not in places:
            places[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        table += name.encode("ascii") + struct.pack(">II", places[data], len(data))
    size = start + len(body)
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sI4s4sQI12s4s44x",
        size, b"\0\0\0\0", 0x04200000, b"mntr", b"RGB ", b"XYZ ", 2026, 1, 1, 0, 0, 0, b"acsp", b"\0\0\0\0", 0,
        b"\0\0\0\0", b"\0\0\0\0", 0, 0, _fixed(*_WHITE), b"\0\0\0\0",
    )  # fmt: skip
    assert len(header) == _HEADER
    return header + struct.pack(">I", len(tags)) + table + body
