"""The few rules of protobuf's wire format that putting serialised parts together needs.

A message with a document of 200 KB in it is copied three times on its way through the protobuf library. Joined from
parts it is copied once. Fields may come in any order and a message may be the concatenation of its parts
(https://protobuf.dev/programming-guides/encoding/), so what is written here is read by every protobuf library.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BYTES", "VARINT", "lead", "tag", "varint"]

VARINT: Final = 0
"""Wire type of numbers."""

BYTES: Final = 2
"""Wire type of strings, bytes and messages: a length, then so many bytes."""

_ONE: Final = tuple(bytes((value,)) for value in range(0x80))


def varint(value: int) -> bytes:
    """A number that is not negative.

    Example:
        >>> varint(300).hex()
        'ac02'
    """
    # Written out for what nearly all sizes are.
    if value < 0x80:  # noqa: PLR2004 - seven bits a byte
        return _ONE[value]
    if value < 0x4000:  # noqa: PLR2004 - as above
        return bytes((value & 0x7F | 0x80, value >> 7))
    if value < 0x200000:  # noqa: PLR2004 - as above
        return bytes((value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14))
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - as above
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number: int, kind: int = BYTES) -> bytes:
    """What a field begins with.

    Args:
        number: the field's.
        kind: its wire type.

    Example:
        >>> tag(4).hex()
        '22'
    """
    return varint(number << 3 | kind)


def lead(number: int, size: int) -> bytes:
    """What stands before the `size` bytes of field `number`.

    Example:
        >>> lead(4, 3).hex()
        '2203'
    """
    return tag(number) + varint(size)
