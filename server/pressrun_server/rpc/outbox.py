"""What waits to be sent on one Render stream: parts of documents go in, few messages of many parts come out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from google.rpc import status_pb2

from pressrun.v1 import render_service_pb2
from pressrun_server.render.manifest import Completion, DocumentHeader
from pressrun_server.rpc.answers import fill_completion, fill_header

__all__ = ["Outbox", "Part"]

_HEADER_BYTES = 512
_COMPLETION_BYTES = 1024


class Part:
    """A part of one document; becomes protobuf only when it is sent, in the message that carries it."""

    __slots__ = ("completion", "data", "failure", "header", "offset", "request_id", "size")

    def __init__(
        self,
        request_id: str,
        data: bytes = b"",
        *,
        offset: int = 0,
        header: DocumentHeader | None = None,
        failure: status_pb2.Status | None = None,
    ) -> None:
        self.request_id = request_id
        self.data = data
        self.offset = offset
        self.header = header
        self.completion: Completion | None = None
        self.failure = failure
        self.size = len(data) + len(request_id) + 16
        """About the bytes that it takes in a message."""
        if header is not None:
            self.size += _HEADER_BYTES
        if failure is not None:
            self.size += failure.ByteSize()

    def complete(self, completion: Completion) -> None:
        """It is the last part."""
        self.completion = completion
        self.size += _COMPLETION_BYTES

    def fill(self, item: render_service_pb2.RenderResponseItem) -> None:
        """Write the part into a message."""
        item.request_id = self.request_id
        if self.data:
            item.offset = self.offset
            item.data = self.data
        if self.header is not None:
            fill_header(item.header, self.header)
        if self.completion is not None:
            fill_completion(item.completion, self.completion, item.header.pins if self.header is not None else None)
        if self.failure is not None:
            item.failure.CopyFrom(self.failure)


class Outbox:
    """The one writer of a stream.

    Guarantee: parts leave in the order they came; only what is already waiting is put together, up to `message_bytes`;
    about `waiting_bytes` wait at most, when everyone asks for `room` before `put`.

    Args:
        write: sends a message; returns when the transport took it.
        message_bytes: about the largest message.
        waiting_bytes: beyond this `room` waits.
    """

    def __init__(
        self,
        write: Callable[[render_service_pb2.RenderResponse], Awaitable[None]],
        *,
        message_bytes: int,
        waiting_bytes: int,
    ) -> None:
        self._write = write
        self._message_bytes = message_bytes
        self._waiting_bytes = waiting_bytes
        self._parts: deque[Part] = deque()
        self._size = 0
        self._closed = False
        self._reader: asyncio.Future[None] | None = None
        self._blocked: deque[asyncio.Future[None]] = deque()

    async def room(self) -> None:
        """Wait until there is room; returns without yielding where there is."""
        while self._size >= self._waiting_bytes:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._blocked.append(future)
            await future

    def put(self, part: Part) -> None:
        """Hand a part in."""
        self._parts.append(part)
        self._size += part.size
        self._wake()

    def close(self) -> None:
        """Nothing more will come; `send` returns when all is sent."""
        self._closed = True
        self._wake()

    async def send(self) -> None:
        """Send what comes, until the outbox is closed and empty."""
        while True:
            while not self._parts:
                if self._closed:
                    return
                self._reader = asyncio.get_running_loop().create_future()
                await self._reader
            response = render_service_pb2.RenderResponse()
            size = 0
            while self._parts and (not size or size + self._parts[0].size <= self._message_bytes):
                part = self._parts.popleft()
                part.fill(response.items.add())
                size += part.size
            await self._write(response)
            self._size -= size
            # All who wait are woken; each looks again before it puts.
            while self._blocked and self._size < self._waiting_bytes:
                future = self._blocked.popleft()
                if not future.done():
                    future.set_result(None)

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
