"""The front's end of a helper's socket, on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import msgspec

from pressrun_server.prepare.frames import FrameError, FrameReader, encode, encode_before

__all__ = ["FrameProtocol"]

T = TypeVar("T")


class FrameProtocol(asyncio.BufferedProtocol, Generic[T]):
    """The front's end; subclasses say what a message and the end mean.

    Cost: no task, no copy of its own; what is sent in answer to messages that came together leaves in one write.
    """

    def __init__(self, decode: Callable[[memoryview], T]) -> None:
        self._reader = FrameReader(decode)
        self._transport: asyncio.Transport | None = None
        self._answers: bytearray | None = None
        """Frames that leave when all that came has been looked at; None at other times."""
        self.fault: Exception | None = None
        """Why the connection ended, where it was not simply closed."""

    def received(self, message: T) -> None:
        """A message came."""
        raise NotImplementedError

    def lost(self) -> None:
        """The connection is gone; nothing more comes."""
        raise NotImplementedError

    def send(self, message: msgspec.Struct) -> None:
        """Queue one message; after the end it goes nowhere, and `lost` says what to do about that."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._answers is not None:
            encode(message, self._answers)
        else:
            transport.write(encode(message))

    def send_large(self, message: msgspec.Struct, parts: Sequence[bytes]) -> None:
        """The same for a message whose last field is large; the parts, which make it up, are not copied.

        Args:
            message: with empty bytes in the place of that field.
            parts: the field's bytes.
        """
        transport = self._transport
        if transport is not None and not transport.is_closing():
            self._flush()
            transport.write(encode_before(message, parts))
            for part in parts:
                transport.write(part)

    def close(self) -> None:
        """Close our end, after what is queued; the helper then ends by itself."""
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def abort(self) -> None:
        """Close our end at once; what is queued is dropped."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop has no better idea of the size
        """Called by the event loop."""
        return self._reader.space()

    def buffer_updated(self, nbytes: int) -> None:
        """Called by the event loop."""
        try:
            messages = self._reader.fed(nbytes)
        except FrameError as error:
            self.fault = error
            self.abort()
            return
        self._answers = bytearray()
        try:
            for message in messages:
                self.received(message)
        finally:
            self._flush()
            self._answers = None

    def _flush(self) -> None:
        """Write what was kept."""
        if self._answers:
            frames, self._answers = self._answers, bytearray()
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(frames)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self.fault = self.fault or exc
        self._transport = None
        self.lost()
