"""The loop of a composer process: one thread, a few documents, a page of one of them per turn, or a few small steps."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from pressrun_server.errors import Reason
from pressrun_server.model.document import ComposeSummary
from pressrun_server.model.failure import Failure
from pressrun_server.prepare.channel import BlockingChannel, ChannelClosedError
from pressrun_server.prepare.faults import failure_of
from pressrun_server.prepare.frames import decoder
from pressrun_server.prepare.vitals import Vitals
from pressrun_server.render.heads import LEAST, HeadBook
from pressrun_server.render.link import (
    BlobKind,
    Cancel,
    Chunk,
    Compose,
    Credit,
    Done,
    Drop,
    Dropped,
    Failed,
    Head,
    Ping,
    Pong,
    Put,
    Ready,
    Record,
    Rows,
    RowsTaken,
    ToComposer,
)
from pressrun_server.render.turns import Turns
from pressrun_server.render.workshop import Arriving, Composing, Prepared, Program, Workshop
from pressrun_server.render.workshop import Record as Ahead

__all__ = ["CHUNK", "WINDOW", "Composer"]

CHUNK: Final = 256 * 1024
"""Bytes are collected up to this, and no chunk is longer."""

WINDOW: Final = 1024 * 1024
"""A document with more bytes under way than this gets no turn until its consumer took some."""

_SLICE: Final = 0.0005
"""Seconds in which a turn takes a further step: to look for messages and choose a document costs a tenth of a step."""

_ROWS_AHEAD: Final = 4096
"""More rows are asked for while so many or fewer wait."""

_PATIENCE: Final = 0.004
"""Seconds that a finished document waits for the next one at most, to leave together with it."""

_RSS_EVERY: Final = 16
"""Documents between two readings of the resident memory."""

_UNEXPECTED = "the composer met an unexpected fault in this document; the node's log has its place"


class _Document:
    """A document in work; nothing of it is kept anywhere else, so that nothing outlives it."""

    __slots__ = (
        "arrived", "composing", "cpu_seconds", "head", "parts", "record", "request", "rows", "rows_size", "running",
        "sent", "size", "sources", "steps", "unacknowledged", "waited",
    )  # fmt: skip

    def __init__(self, request: Compose | None, sources: tuple[Program, dict[str, Prepared]] | None) -> None:
        self.request = request
        """None before it came, and when it is in work."""
        self.sources = sources
        self.record: Ahead | None = None
        """A record that came ahead."""
        self.composing: Composing | None = None
        self.steps: Iterator[bytes] | None = None
        self.head = b""
        self.parts: list[bytes] = []
        self.size = 0
        self.cpu_seconds = 0.0
        self.arrived = time.perf_counter()
        self.waited = 0.0
        """Seconds from its arrival to its first turn."""
        self.sent = False
        self.unacknowledged = 0
        self.rows: Arriving | None = None
        self.running = False
        """Whether it is a print run."""
        self.rows_size = 0
        """Bytes of rows that came and were not told to be taken."""

    def summary(self) -> ComposeSummary:
        """After the last step; only the composer knows which CPU time was this document's and not another's."""
        assert self.composing is not None
        summary = self.composing.summary
        phases = msgspec.structs.replace(summary.phases, waited=self.waited)
        return msgspec.structs.replace(summary, cpu_seconds=self.cpu_seconds, phases=phases)


class Composer:
    """Composes documents until the front closes the socket.

    Args:
        sock: this process's end.
        workshop: makes documents.
        chunk: bytes per chunk.
        window: bytes of one document that may be under way.
    """

    def __init__(self, sock: socket.socket, workshop: Workshop, *, chunk: int = CHUNK, window: int = WINDOW) -> None:
        self._channel: BlockingChannel[ToComposer] = BlockingChannel(sock, decoder(ToComposer))
        self._workshop = workshop
        self._chunk = chunk
        self._window = window
        self._vitals = Vitals()
        self._rss = self._vitals.rss()
        self._until_rss = _RSS_EVERY
        self._turns = Turns()
        self._documents: dict[int, _Document] = {}
        self._blobs: dict[str, Any] = {}
        self._heads = HeadBook()
        self._leaves_at = 0.0
        """When what the channel holds has to leave."""

    def run(self) -> None:
        """Work until the front closes the socket."""
        turns = self._turns
        try:
            self._channel.send(Ready(os.getpid(), self._workshop.engine, self._vitals.rss()))
            while True:
                if self._channel.holding and (not turns.waiting or time.perf_counter() >= self._leaves_at):
                    self._channel.flush()
                self._listen(wait=not turns.waiting)
                if (ticket := turns.take()) is not None:
                    self._turn(ticket, self._documents[ticket])
        except ChannelClosedError:
            return

    def _listen(self, *, wait: bool) -> None:
        """Take in what has come. A method of its own, so that no variable holds a record while `run` waits."""
        for message in self._channel.receive(wait=wait):
            self._handle(message)

    def _handle(self, message: ToComposer) -> None:
        if isinstance(message, Compose):
            self._accept(message)
        elif isinstance(message, Credit):
            self._credit(message)
        elif isinstance(message, Rows):
            self._arrived(message)
        elif isinstance(message, Record):
            self._ahead(message)
        elif isinstance(message, Cancel):
            if message.ticket in self._documents:
                self._forget(message.ticket)
            self._channel.send(Dropped(message.ticket))
        elif isinstance(message, Put):
            self._blobs[message.digest] = self._load(message)
        elif isinstance(message, Drop):
            self._blobs.pop(message.digest, None)
        else:
            assert isinstance(message, Ping)
            self._rss = self._vitals.rss()
            self._channel.send(Pong(self._rss, self._vitals.cpu_seconds()))

    def _load(self, message: Put) -> Any:
        """Decode a blob; one that can't be is kept as the failure that its documents get."""
        try:
            if message.kind is BlobKind.PROGRAM:
                return self._workshop.program(message.data)
            return self._workshop.prepared(message.digest, message.data)
        except Exception as error:  # noqa: BLE001 - a blob comes from outside; it must not end the process
            return failure_of(error, f"the {message.kind} {message.digest} can't be loaded; publish or fetch it again")

    def _ahead(self, message: Record) -> None:
        """Take a record whose document is asked for later; it is read in a turn of its own."""
        document = self._documents[message.ticket] = _Document(None, None)
        document.record = self._workshop.record(message.data)
        self._turns.add(message.ticket, interactive=message.interactive)

    def _accept(self, request: Compose) -> None:
        """Take a document, and hold of its blobs, so that a later Drop does not touch it."""
        if request.run:
            document = self._documents[request.ticket] = _Document(request, None)
            self._turns.add(request.ticket, interactive=request.interactive)
            document.rows = self._workshop.inbox()
            self._regulate(request.ticket, document)
            return
        blobs = self._blobs
        names = (request.program, *request.assets.values())
        for name in names:
            blob = blobs.get(name)
            if blob is None:
                blob = Failure(Reason.INTERNAL, "the composer was not given all of the document's parts", detail=name)
            if isinstance(blob, Failure):
                if request.ticket in self._documents:
                    self._forget(request.ticket)
                self._channel.send(Failed(request.ticket, blob))
                return
        assets = {slot: blobs[name] for slot, name in request.assets.items()}
        sources = blobs[request.program], assets
        ahead = self._documents.get(request.ticket)
        if ahead is None:
            document = self._documents[request.ticket] = _Document(request, sources)
            self._turns.add(request.ticket, interactive=request.interactive)
        else:
            document = ahead
            document.request, document.sources = request, sources
            document.arrived = time.perf_counter()
            self._turns.resume(request.ticket)
        if request.rows_field:
            document.rows = self._workshop.rows()
            self._regulate(request.ticket, document)

    def _credit(self, message: Credit) -> None:
        document = self._documents.get(message.ticket)
        if document is not None:
            document.unacknowledged -= message.size
            self._regulate(message.ticket, document)

    def _arrived(self, message: Rows) -> None:
        """Take rows in."""
        document = self._documents.get(message.ticket)
        if document is None or document.rows is None:
            return
        document.rows_size += len(message.data)
        try:
            document.rows.feed(message.data, last=message.last)
        except Exception as error:  # noqa: BLE001 - rows come from outside, like records
            self._break(message.ticket, error)
            return
        self._regulate(message.ticket, document)

    def _regulate(self, ticket: int, document: _Document) -> None:
        """Give a document turns, or not: while its consumer is behind, or rows are missing; and ask for more rows."""
        rows = document.rows
        if document.unacknowledged > self._window or (rows is not None and rows.hungry):
            self._turns.pause(ticket)
        else:
            self._turns.resume(ticket)
        if rows is not None and document.rows_size and rows.held <= _ROWS_AHEAD:
            self._channel.send(RowsTaken(ticket, document.rows_size))
            document.rows_size = 0

    def _break(self, ticket: int, error: BaseException) -> None:
        """A document can't go on."""
        failure = failure_of(error, _UNEXPECTED)
        self._forget(ticket)
        self._channel.send(Failed(ticket, failure))

    def _turn(self, ticket: int, document: _Document) -> None:
        """A step of one document, which is a page's work at most, or as many as are done soon."""
        first = document.steps is None
        if first and document.request is None:
            self._read(ticket, document)
            return
        started = time.thread_time()
        try:
            steps = document.steps or self._begin(document)
            over = self._step(ticket, document, steps, first=first)
            document.cpu_seconds += time.thread_time() - started
            summary = document.summary() if over else None
        except Exception as error:  # noqa: BLE001 - this is the border where a document's exceptions end
            self._break(ticket, error)
            return
        if summary is not None:
            self._finish(ticket, document, summary)
            next(steps, None)  # its bytes have left; what is done now is for later documents
            return
        if document.size >= self._chunk or (not document.sent and self._turns.large(ticket)):
            self._flush(ticket, document)
        if document.rows is not None:
            if document.running and document.rows.hungry and document.size:
                # The next document may be long in coming; what is there of those before is somebody's to take.
                self._flush(ticket, document, whole=False)
            self._regulate(ticket, document)

    def _step(self, ticket: int, document: _Document, steps: Iterator[bytes], *, first: bool) -> bool:
        """Take steps until something is to be done about what they gave, or the time of a turn is over.

        Returns:
            Whether it was the last one.
        """
        composing, parts = document.composing, document.parts
        assert composing is not None
        until = time.perf_counter() + _SLICE
        more = 0
        while True:
            data = next(steps, None)
            if data:
                if first and len(data) >= LEAST:
                    document.head = data
                else:
                    parts.append(data)
                    document.size += len(data)
            first = False
            over = data is None or composing.finished
            if over or document.size >= self._chunk or document.rows is not None or time.perf_counter() >= until:
                break
            more += 1
        if more:
            self._turns.more(ticket, more)
        return over

    def _read(self, ticket: int, document: _Document) -> None:
        """Read a record whose document was not asked for yet."""
        started = time.thread_time()
        assert document.record is not None
        document.record.read()
        document.cpu_seconds += time.thread_time() - started
        self._turns.pause(ticket)

    def _head(self, document: _Document) -> tuple[int, int]:
        """Number and size of the bytes that a document begins with, where they are named; said when they leave."""
        head, document.head = document.head, b""
        if not head:
            return 0, 0
        number, new = self._heads.number(head)
        if new:
            self._channel.send(Head(number, head))
        return number, len(head)

    def _begin(self, document: _Document) -> Iterator[bytes]:
        """Make the document's Composing, in its first turn."""
        request, sources = document.request, document.sources
        assert request is not None
        record = request.record if document.record is None else document.record
        document.request = document.sources = document.record = None
        document.waited = time.perf_counter() - document.arrived
        if request.run:
            document.running = True
            document.composing = self._workshop.run(request.run, document.rows)
            steps = document.steps = iter(document.composing)
            return steps
        assert sources is not None
        program, assets = sources
        document.composing = self._workshop.compose(
            program,
            record,
            assets=assets,
            attributes=request.attributes,
            as_of=request.as_of,
            engine=request.engine,
            rows=document.rows,
            rows_field=request.rows_field,
            links=request.links,
            mail=request.mail,
        )
        if request.press:
            document.composing = self._workshop.pressed(document.composing, request.press, request.program)
        steps = document.steps = iter(document.composing)
        return steps

    def _flush(self, ticket: int, document: _Document, *, whole: bool = True) -> None:
        """Send whole chunks; a large document's first bytes at once, so that its consumer need not wait for more.

        Args:
            ticket: of the document.
            document: it.
            whole: whether what is no whole chunk may wait.
        """
        data = b"".join(document.parts)
        limit = self._chunk
        number, size = self._head(document)
        if number:
            self._channel.send(Chunk(ticket, b"", number))
        if not document.sent and len(data) < limit:
            end = len(data)
        else:
            end = len(data) - len(data) % limit if whole else len(data)
        for start in range(0, end, limit):
            self._channel.send(Chunk(ticket, data[start : min(start + limit, end)]))
        document.sent = True
        rest = data[end:]
        document.parts = [rest] if rest else []
        document.size = len(rest)
        document.unacknowledged += end + size
        if document.unacknowledged > self._window:
            self._turns.pause(ticket)

    def _finish(self, ticket: int, document: _Document, summary: ComposeSummary) -> None:
        """Send the rest and the summary."""
        if document.size > self._chunk:
            self._flush(ticket, document)
        data = b"".join(document.parts)
        self._until_rss -= 1
        if not self._until_rss:
            self._until_rss = _RSS_EVERY
            self._rss = self._vitals.rss()
        number, _ = self._head(document)
        done = Done(ticket, data, summary, self._rss, self._vitals.cpu_seconds(), number)
        if self._turns.patient(ticket):
            # Half the turns of the front, and fewer switches between it and this process.
            if not self._channel.holding:
                self._leaves_at = time.perf_counter() + _PATIENCE
            self._channel.hold(done)
        else:
            self._channel.send(done)
        self._forget(ticket)

    def _forget(self, ticket: int) -> None:
        """End all that there is of a document."""
        del self._documents[ticket]
        self._turns.remove(ticket)
