"""The helper's end of its socket: it blocks, because a helper has one thread. It loads no asyncio."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from pressrun_server.prepare.frames import FrameReader, encode

__all__ = ["BlockingChannel", "ChannelClosedError"]

T = TypeVar("T")


class ChannelClosedError(Exception):
    """The front closed its end, or died: the helper has nothing left to do."""


class BlockingChannel(Generic[T]):
    """A helper's end.

    A write waits while the front is behind; that is back-pressure, and it can't last, because the front always reads.

    Args:
        sock: the connected socket; it must be in blocking mode.
        decode: reads one message.
    """

    def __init__(self, sock: socket.socket, decode: Callable[[memoryview], T]) -> None:
        self._sock = sock
        self._reader = FrameReader(decode)
        self._held = bytearray()

    @property
    def holding(self) -> bool:
        """Whether messages are held."""
        return bool(self._held)

    def hold(self, message: msgspec.Struct) -> None:
        """Keep a message until the next one is sent, or `flush`: the front wakes up once for both."""
        encode(message, self._held)

    def flush(self) -> None:
        """Write what is held.

        Raises:
            ChannelClosedError: nobody reads at the other end.
        """
        if not self._held:
            return
        frames, self._held = self._held, bytearray()
        try:
            self._sock.sendall(frames)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ChannelClosedError from error

    def send(self, message: msgspec.Struct) -> None:
        """Write one message whole, after those that are held.

        Raises:
            ChannelClosedError: nobody reads at the other end.
        """
        self.hold(message)
        self.flush()

    def receive(self, *, wait: bool) -> list[T]:
        """The messages that have come; with `wait`, at least one byte is waited for (not always a whole message).

        Raises:
            ChannelClosedError: the front closed its end.
            FrameError: the front sent what is no message.
        """
        try:
            count = self._sock.recv_into(self._reader.space(), 0, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except ConnectionResetError as error:
            raise ChannelClosedError from error
        if not count:
            raise ChannelClosedError
        return self._reader.fed(count)
