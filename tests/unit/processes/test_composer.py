from __future__ import annotations

import gc
import socket
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from pressrun_server.errors import Reason
from pressrun_server.model.document import ComposePhases, ComposeSummary
from pressrun_server.prepare.channel import BlockingChannel
from pressrun_server.prepare.frames import decoder
from pressrun_server.render import composer as composer_module
from pressrun_server.render.composer import Composer
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
    FromComposer,
    Ping,
    Pong,
    Put,
    Ready,
    Record,
)

CHUNK, WINDOW = 1_000, 4_000


GATE = threading.Semaphore(0)
"""Lets go on what stops."""


class Document:
    """Pages as its record says: `<pages>x<size>`, or `fail` at the second page.

    It stops before its bytes where its record is `stop`, and in the work behind them where it is `gate`.
    """

    def __init__(self, record: bytes) -> None:
        self.record = record
        self.summary = ComposeSummary(0, 0, "", (), 0.0, 0.0)
        self.finished = False

    def __iter__(self) -> Iterator[bytes]:
        if self.record == b"fail":
            yield b"first page"
            raise ValueError(self.record)
        if self.record == b"gate":
            self.finished = True
            yield b"all"
            assert GATE.acquire(timeout=5)
            return
        if self.record == b"stop":
            assert GATE.acquire(timeout=5)
            yield b"all"
            return
        pages, size = map(int, self.record.split(b"x"))
        for page in range(pages):
            yield b"%d" % (page % 10) * size
        self.summary = ComposeSummary(pages, pages * size, "", (), 0.0, 0.0)


class Ahead:
    """A record that came ahead."""

    def __init__(self, data: bytes, reads: list[bytes]) -> None:
        self.data, self.reads = data, reads

    def read(self) -> None:
        """Note it."""
        self.reads.append(self.data)


class Workshop:
    """Keeps weak references to all that it made."""

    engine = "e"

    def __init__(self) -> None:
        self.made: list[weakref.ref[Document | Ahead]] = []
        self.reads: list[bytes] = []

    def program(self, data: bytes) -> bytes:
        """A program is its bytes."""
        return data

    def prepared(self, digest: str, data: bytes) -> bytes:
        """A prepared asset is its bytes."""
        assert digest
        return data

    def record(self, data: bytes) -> Ahead:
        """What keeps a record until its document is made."""
        ahead = Ahead(data, self.reads)
        self.made.append(weakref.ref(ahead))
        return ahead

    def compose(
        self,
        program: bytes,
        record: bytes | Ahead,
        *,
        assets: Mapping[str, bytes],
        attributes: Mapping[str, str],
        as_of: datetime,
        engine: str,
        **_: object,
    ) -> Document:
        """Begin a document."""
        assert (program, dict(assets), dict(attributes), engine) == (b"P", {}, {}, "e")
        assert as_of == datetime(2026, 1, 1, tzinfo=UTC)
        document = Document(record if isinstance(record, bytes) else record.data)
        self.made.append(weakref.ref(document))
        return document


def asked(ticket: int, record: bytes, *, interactive: bool = False) -> Compose:
    """The message that asks for a document."""
    return Compose(ticket, "p", record, {}, datetime(2026, 1, 1, tzinfo=UTC), {}, "e", interactive)


class Front:
    """The other end, as blunt as can be."""

    def __init__(self, sock: socket.socket, workshop: Workshop) -> None:
        self.channel: BlockingChannel[FromComposer] = BlockingChannel(sock, decoder(FromComposer))
        self.workshop = workshop
        self.inbox: list[FromComposer] = []

    def ask(self, ticket: int, record: bytes, *, interactive: bool = False) -> None:
        """Ask for a document."""
        self.channel.send(asked(ticket, record, interactive=interactive))

    def ask_at_once(self, *messages: Compose) -> None:
        """Ask for documents that come to the composer together."""
        for message in messages:
            self.channel.hold(message)
        self.channel.flush()

    def told(self) -> list[int]:
        """The documents whose ends came together."""
        return [message.ticket for message in self.channel.receive(wait=True) if isinstance(message, Done)]

    def next(self) -> FromComposer:
        """The next message."""
        while not self.inbox:
            self.inbox += self.channel.receive(wait=True)
        return self.inbox.pop(0)

    def answered(self) -> list[FromComposer]:
        """All that comes until a ping is answered, by a composer that has nothing to do."""
        time.sleep(0.05)
        self.channel.send(Ping())
        messages: list[FromComposer] = []
        while not isinstance(message := self.next(), Pong):
            messages.append(message)
        return messages


@contextmanager
def composer() -> Iterator[Front]:
    """A composer in a thread, and the front's end of its socket."""
    ours, theirs = socket.socketpair()
    workshop = Workshop()
    with ours, theirs:
        ours.settimeout(10)
        thread = threading.Thread(target=Composer(theirs, workshop, chunk=CHUNK, window=WINDOW).run)
        thread.start()
        front = Front(ours, workshop)
        assert isinstance(front.next(), Ready)
        front.channel.send(Put("p", BlobKind.PROGRAM, b"P"))
        try:
            yield front
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


def test_nothing_of_a_document_outlives_it() -> None:
    """Finished, failed and cancelled documents are gone while the composer waits for the next one."""
    with composer() as front:
        front.ask(1, b"2x10")
        assert isinstance(front.next(), Done)
        front.ask(2, b"fail")
        failed = front.next()
        assert isinstance(failed, Failed)
        assert failed.failure.reason is Reason.INTERNAL
        front.ask(3, b"100x900")
        assert isinstance(front.next(), Chunk)
        front.channel.send(Cancel(3))
        front.answered()
        assert len(front.workshop.made) == 3
        # A traceback may tie a knot that only the collector undoes; nothing that is reachable may hold a document.
        gc.collect()
        assert [made() for made in front.workshop.made] == [None] * 3


def test_a_record_that_came_ahead_is_read_once_and_goes_with_its_document() -> None:
    """It is read while nothing else is to be done, also where its document is then cancelled or can't be made."""
    with composer() as front:
        for ticket, record in enumerate((b"2x10", b"3x10", b"4x10"), 1):
            front.channel.send(Record(ticket, False, record))  # noqa: FBT003 - a message's field
        assert front.answered() == []
        assert front.workshop.reads == [b"2x10", b"3x10", b"4x10"]
        front.ask(1, b"")
        done = front.next()
        assert isinstance(done, Done)
        assert done.data == b"0" * 10 + b"1" * 10
        front.channel.send(Cancel(2))
        assert front.answered() == [Dropped(2)]
        front.channel.send(Drop("p"))
        front.ask(3, b"")
        [failed] = front.answered()
        assert isinstance(failed, Failed)
        gc.collect()
        assert [made() for made in front.workshop.made] == [None] * 4


def test_a_document_stops_at_its_window_and_goes_on_with_credit() -> None:
    """No more than the window and one page is under way; each credit brings as much again, and all of it arrives."""
    with composer() as front:
        front.ask(1, b"30x500")
        under_way, data = 0, b""
        while True:
            for message in front.answered():
                if isinstance(message, Done):
                    data += message.data
                    assert data == b"".join(b"%d" % (page % 10) * 500 for page in range(30))
                    assert message.summary.pages == 30
                    return
                assert isinstance(message, Chunk)
                assert len(message.data) <= CHUNK
                data += message.data
                under_way += len(message.data)
            assert WINDOW < under_way <= WINDOW + CHUNK
            front.channel.send(Credit(1, under_way))
            under_way = 0


def test_a_dropped_blob_stays_with_the_documents_that_were_asked_for_before() -> None:
    """A drop that overtakes a document's turn does it no harm; a later document is told what it lacks."""
    with composer() as front:
        front.ask(1, b"3x10")
        front.ask(2, b"3x10")
        front.channel.send(Drop("p"))
        front.ask(3, b"3x10")
        messages: dict[int, Done | Failed] = {}
        while len(messages) < 3:
            message = front.next()
            assert isinstance(message, Done | Failed)
            messages[message.ticket] = message
        assert isinstance(messages[1], Done)
        assert isinstance(messages[2], Done)
        lacking = messages[3]
        assert isinstance(lacking, Failed)
        assert "parts" in lacking.failure.message


def test_an_interactive_document_overtakes_one_in_work() -> None:
    """Between two pages of a document an interactive one is taken in and finished first."""
    with composer() as front:
        front.ask(1, b"100x900")
        while front.answered():
            pass
        # It is paused by its window; with credit and company it must let the other one pass.
        front.ask(2, b"2x10", interactive=True)
        front.channel.send(Credit(1, 6_000))
        done = [message.ticket for message in front.answered() if isinstance(message, Done)]
        assert done == [2]


def test_what_serves_later_documents_is_done_when_a_document_has_left() -> None:
    """Its last message does not wait for it; the next document does."""
    with composer() as front:
        front.ask(1, b"gate")
        done = front.next()
        assert isinstance(done, Done)
        assert done.data == b"all"
        front.ask(2, b"1x10")
        time.sleep(0.05)
        assert not front.inbox
        GATE.release()
        assert isinstance(front.next(), Done)


def test_the_wait_for_a_turn_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document tells how long it waited in the composer before its first turn, beside what its workshop says."""
    ticks = iter(range(1, 1000))
    monkeypatch.setattr(composer_module.time, "perf_counter", lambda: next(ticks))
    with composer() as front:
        front.ask(1, b"1x10")
        done = front.next()
        assert isinstance(done, Done)
        assert done.summary.phases == ComposePhases(waited=1)


def test_finished_documents_leave_together_while_enough_is_behind_them() -> None:
    """The third has only one behind it, which hides the way of all three."""
    with composer() as front:
        front.ask_at_once(asked(1, b"1x10"), asked(2, b"2x10"), asked(3, b"gate"), asked(4, b"1x10"))
        assert front.told() == [1, 2, 3]
        GATE.release()
        assert front.told() == [4]


def test_an_interactive_document_waits_for_no_company() -> None:
    """It leaves when it is finished, whatever is behind it."""
    with composer() as front:
        batch = [asked(ticket, b"1x10") for ticket in (1, 2, 3)]
        front.ask_at_once(*batch, asked(4, b"gate", interactive=True))
        assert front.told() == [4]
        GATE.release()
        assert front.told()[0] == 1


def test_a_finished_document_waits_for_a_slow_one_only_so_long() -> None:
    """What has waited longer than that leaves before the next one is begun."""
    with composer() as front:
        others = [asked(ticket, b"1x10") for ticket in (4, 5)]
        front.ask_at_once(asked(1, b"1x10"), asked(2, b"gate"), asked(3, b"stop"), *others)
        time.sleep(0.05)
        GATE.release()
        assert front.told() == [1, 2]
        GATE.release()
        assert front.told()[0] == 3
