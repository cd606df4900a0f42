"""Frames without I/O: four bytes of length, then one MessagePack message; for both ends of every helper's socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

__all__ = ["HEADER", "MAX_FRAME", "FrameError", "FrameReader", "decoder", "encode", "encode_before"]

HEADER: Final = 4
"""Bytes of the length that precedes each message, little-endian."""

MAX_FRAME: Final = 256 * 1024 * 1024
"""No message is longer; a length above it means that the other end is broken."""

_ROOM = 512 * 1024
"""A buffer this large takes several finished small documents in one read."""

_ENCODER = msgspec.msgpack.Encoder()
_NO_LENGTH: Final = bytes(HEADER)
_NO_BYTES: Final = b"\xc4\x00"
"""Empty bytes in MessagePack: bin 8 of length 0."""
_BYTES: Final = b"\xc6"
"""Bytes with a length of four bytes, big-endian: bin 32."""

T = TypeVar("T")


class FrameError(Exception):
    """The other end sent what is no frame; the connection is useless from here on."""


def encode(message: msgspec.Struct, frames: bytearray | None = None) -> bytearray:
    """The frame of a message.

    Args:
        message: it.
        frames: those that leave before it, which it is added to.

    Raises:
        FrameError: the message is longer than a frame may be.
    """
    if frames is None:
        frames = bytearray()
    start = len(frames)
    frames += _NO_LENGTH
    _ENCODER.encode_into(message, frames, start + HEADER)
    size = len(frames) - HEADER - start
    if size > MAX_FRAME:
        del frames[start:]
        raise FrameError(f"a message of {size} bytes does not fit a frame; the most is {MAX_FRAME} bytes")
    frames[start : start + HEADER] = size.to_bytes(HEADER, "little")
    return frames


def encode_before(message: msgspec.Struct, parts: Sequence[bytes]) -> bytearray:
    """The beginning of a frame whose message ends with large bytes, which follow as they are, without a copy.

    Args:
        message: an array-like one whose last field is empty bytes.
        parts: what stands there instead; to be written behind what this returns.

    Raises:
        FrameError: the message is longer than a frame may be.
    """
    frame = encode(message)
    assert frame.endswith(_NO_BYTES), "the message's last field is not empty bytes"
    length = sum(map(len, parts))
    frame[-len(_NO_BYTES) :] = _BYTES + length.to_bytes(4, "big")
    size = len(frame) - HEADER + length
    if size > MAX_FRAME:
        raise FrameError(f"a message of {size} bytes does not fit a frame; the most is {MAX_FRAME} bytes")
    frame[:HEADER] = size.to_bytes(HEADER, "little")
    return frame


def decoder(messages: Any) -> Callable[[memoryview], Any]:
    """What reads one message of a union of tagged Structs (which is no class to a type checker, hence Any)."""
    return msgspec.msgpack.Decoder(messages).decode


class FrameReader(Generic[T]):
    """Cuts a stream of bytes into messages.

    The caller reads into `space()` and tells how much came with `fed(count)`. The buffer grows to the longest frame
    and shrinks when that one is taken, so that one large message does not cost memory for ever.

    Args:
        decode: reads one message; the bytes it is given are reused after it returns.
        max_frame: a longer frame is refused before any memory is taken for it.
        room: bytes of the buffer, while no frame needs more.
    """

    def __init__(self, decode: Callable[[memoryview], T], *, max_frame: int = MAX_FRAME, room: int = _ROOM) -> None:
        self._decode = decode
        self._max_frame = max_frame
        self._room = room
        self._renew(room)

    def _renew(self, room: int) -> None:
        self._view = memoryview(bytearray(room))
        self._start = 0
        self._end = 0

    def space(self) -> memoryview:
        """Where the next bytes go; never empty."""
        return self._view[self._end :]

    def fed(self, count: int) -> list[T]:
        """The messages that `count` more bytes completed, in order.

        Raises:
            FrameError: a frame is too long, or is no message of this end's union.
        """
        view, start, end = self._view, self._start, self._end + count
        messages = []
        need = HEADER
        while end - start >= HEADER:
            need = HEADER + int.from_bytes(view[start : start + HEADER], "little")
            if need > HEADER + self._max_frame:
                raise FrameError(f"a frame of {need - HEADER} bytes; the most is {self._max_frame} bytes")
            stop = start + need
            if stop > end:
                break
            try:
                messages.append(self._decode(view[start + HEADER : stop]))
            except msgspec.MsgspecError as error:
                # The decoder's own text may quote the message; its type is enough to find the fault.
                raise FrameError(f"a frame of {need - HEADER} bytes is no message: {type(error).__name__}") from None
            start, need = stop, HEADER
        self._start, self._end = start, end
        self._make_room(need)
        return messages

    def _make_room(self, need: int) -> None:
        """Leave room for the rest of a frame of `need` bytes that begins at the buffer's start position."""
        start, end, size = self._start, self._end, len(self._view)
        if start == end:
            if size > self._room:
                self._renew(self._room)
                size = self._room
            self._start = self._end = 0
            start = end = 0
        if start + need < size and end < size:
            return
        rest = bytes(self._view[start:end])
        if need >= size:
            self._renew(need + self._room)
        self._view[: len(rest)] = rest
        self._start, self._end = 0, len(rest)
