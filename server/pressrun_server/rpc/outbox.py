"""What waits to be sent on one Render stream: parts of documents go in, few messages of many parts come out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from google.rpc import status_pb2

from pressrun.v1 import render_service_pb2
from pressrun_server.render.heads import LEAST, MOST, HeadBook
from pressrun_server.render.manifest import Completion, DocumentHeader
from pressrun_server.rpc.answers import completion_bytes, header_bytes, pins_bytes
from pressrun_server.rpc.wire import VARINT, lead, tag, varint

__all__ = ["Outbox", "Part"]

_ITEMS = tag(render_service_pb2.RenderResponse.DESCRIPTOR.fields_by_name["items"].number)
_HEADS = render_service_pb2.RenderResponse.DESCRIPTOR.fields_by_name["heads"].number
_ITEM = render_service_pb2.RenderResponseItem.DESCRIPTOR.fields_by_name
_REQUEST_ID, _HEADER, _DATA, _COMPLETION, _FAILURE = (
    tag(_ITEM[name].number) for name in ("request_id", "header", "data", "completion", "failure")
)
_OFFSET, _HEAD = (tag(_ITEM[name].number, VARINT) for name in ("offset", "head"))
_HEAD_NUMBER, _HEAD_DATA = (
    render_service_pb2.SharedHead.DESCRIPTOR.fields_by_name[name].number for name in ("number", "data")
)
_HEADER_BYTES = 512
_COMPLETION_BYTES = 1024
_LARGEST_HEAD = 512 * 1024
"""Longer ones come with their documents, so that what a client has to keep stays small."""
_COMPANY = 8
"""Parts wait for company only while so many documents are on their way, so that nobody alone is ever delayed."""

_SHARE = 2
"""They wait until they are one to so many that are on their way: were most of them here, composers would have nothing
to do until the client has answered."""


class Part:
    """A part of one document; becomes protobuf only when it is sent, as pieces of the message that carries it."""

    __slots__ = (
        "completion",
        "data",
        "failure",
        "head",
        "header",
        "offset",
        "patience",
        "request_id",
        "size",
        "urgent",
    )

    def __init__(
        self,
        request_id: str,
        data: bytes = b"",
        *,
        offset: int = 0,
        header: DocumentHeader | None = None,
        head: bytes = b"",
        failure: status_pb2.Status | None = None,
        urgent: bool = False,
    ) -> None:
        self.request_id = request_id
        self.data = data
        self.offset = offset
        self.header = header
        self.head = head
        """What comes before `data`, where the client keeps it."""
        self.completion: Completion | None = None
        self.failure = failure
        self.urgent = urgent
        """Whether somebody waits for it, so that it must not wait for company."""
        self.patience = 0.0
        """Seconds that it may wait for company beyond the usual."""
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

    def into(self, pieces: list[bytes], head: int = 0) -> None:
        """Add the part to the pieces of a RenderResponse.

        Args:
            pieces: where to add.
            head: the number of its head.
        """
        request_id = self.request_id.encode()
        own = [_REQUEST_ID, varint(len(request_id)), request_id]
        pins = b""
        if self.header is not None:
            pins = pins_bytes(self.header)
            header = header_bytes(self.header, pins)
            own += (_HEADER, varint(len(header)), header)
        if self.offset:
            own += (_OFFSET, varint(self.offset))
        if head:
            own += (_HEAD, varint(head))
        if self.data:
            own += (_DATA, varint(len(self.data)), self.data)
        if self.completion is not None:
            completion = completion_bytes(self.completion, pins or pins_bytes(self.completion.manifest.header))
            own += (_COMPLETION, varint(len(completion)), completion)
        if self.failure is not None:
            failure = self.failure.SerializeToString()
            own += (_FAILURE, varint(len(failure)), failure)
        pieces += (_ITEMS, varint(sum(map(len, own))))
        pieces += own


class Outbox:
    """The one writer of a stream.

    Guarantee: parts leave in the order they came, put together up to `message_bytes`; about `waiting_bytes` wait at
    most, when everyone asks for `room` before `put`. A message costs gRPC ten times what a further part in it costs, so
    while much is under way a part waits `linger_seconds` for others, or as long as the first one has patience, until
    half as many wait as are still to come; an urgent one, or one nearly alone, never does.

    Args:
        write: sends a message; returns when the transport took it.
        message_bytes: about the largest message.
        waiting_bytes: beyond this `room` waits.
        linger_seconds: the longest wait for company.
        company: documents whose parts are still to come.
    """

    def __init__(
        self,
        write: Callable[[bytes], Awaitable[None]],
        *,
        message_bytes: int,
        waiting_bytes: int,
        linger_seconds: float = 0.0,
        company: Callable[[], int] = int,
    ) -> None:
        self._write = write
        self._message_bytes = message_bytes
        self._waiting_bytes = waiting_bytes
        self._linger_seconds = linger_seconds
        self._company = company
        self._parts: deque[Part] = deque()
        self._messages: deque[bytes] = deque()
        self._urgent = False
        self._full: asyncio.Future[None] | None = None
        self._size = 0
        self._heads: HeadBook | None = None
        self._closed = False
        self._reader: asyncio.Future[None] | None = None
        self._blocked: deque[asyncio.Future[None]] = deque()

    def share(self, most: int) -> None:
        """The client keeps up to `most` heads from now on; what was agreed before stays."""
        self._heads = self._heads or HeadBook(min(most, MOST))

    def shares(self, head: bytes) -> bool:
        """Whether a part may have this head."""
        return self._heads is not None and LEAST <= len(head) <= _LARGEST_HEAD

    @property
    def crowded(self) -> bool:
        """Whether `room` waits."""
        return self._size >= self._waiting_bytes

    async def room(self) -> None:
        """Wait until there is room; returns without yielding where there is."""
        while self.crowded:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._blocked.append(future)
            await future

    def put(self, part: Part) -> None:
        """Hand a part in."""
        self._parts.append(part)
        self._size += part.size
        self._urgent = self._urgent or part.urgent
        self._wake()

    def say(self, message: bytes) -> None:
        """Send a message of its own, before the parts that wait."""
        self._messages.append(message)
        self._urgent = True
        self._wake()

    def close(self) -> None:
        """Nothing more will come; `send` returns when all is sent."""
        self._closed = True
        self._wake()

    async def send(self) -> None:
        """Send what comes, until the outbox is closed and empty."""
        while True:
            while self._messages:
                await self._write(self._messages.popleft())
            while not self._parts and not self._messages:
                if self._closed:
                    return
                self._reader = asyncio.get_running_loop().create_future()
                await self._reader
            if self._linger_seconds and not self._ready() and self._company() >= _COMPANY:
                await self._linger(max(self._linger_seconds, self._parts[0].patience if self._parts else 0.0))
            self._urgent = False
            if self._messages:
                continue
            message, size = self._message()
            await self._write(message)
            self._size -= size
            # All who wait are woken; each looks again before it puts.
            while self._blocked and self._size < self._waiting_bytes:
                future = self._blocked.popleft()
                _resolve(future)

    def _message(self) -> tuple[bytes, int]:
        """The next message, and the size of the parts in it."""
        pieces: list[bytes] = []
        size = new_heads = 0
        used: set[int] = set()
        while self._parts:
            part = self._parts[0]
            head, number = part.head, 0
            taken = self._heads.would_take(head) if head and self._heads is not None else None
            more = part.size if taken is None else part.size + len(head)
            # A number means one head in all of a message.
            if pieces and (size + new_heads + more > self._message_bytes or taken in used):
                break
            self._parts.popleft()
            if head and self._heads is not None:
                number, new = self._heads.number(head)
                used.add(number)
                if new:
                    new_heads += len(head)
                    pieces += _head_pieces(number, head)
            part.into(pieces, number)
            size += part.size
        return b"".join(pieces), size

    def _ready(self) -> bool:
        """Whether what is here must not wait for more."""
        return (
            self._urgent
            or self._closed
            or self._size >= self._message_bytes
            or len(self._parts) * _SHARE >= self._company()
        )

    async def _linger(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._full = loop.create_future()
        timer = loop.call_later(seconds, _resolve, self._full)
        try:
            await self._full
        finally:
            timer.cancel()
            self._full = None

    def _wake(self) -> None:
        if self._full is not None and self._ready():
            _resolve(self._full)
        if self._reader is not None:
            _resolve(self._reader)


def _head_pieces(number: int, head: bytes) -> tuple[bytes, ...]:
    """A SharedHead in a RenderResponse."""
    before = tag(_HEAD_NUMBER, VARINT) + varint(number) + lead(_HEAD_DATA, len(head))
    return lead(_HEADS, len(before) + len(head)), before, head


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
