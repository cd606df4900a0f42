"""The front's side of the composers: documents go out to processes, bytes come back at their consumers' pace."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.failure import Failure
from pressrun_server.prepare.crew import Crew, Member, describe_status
from pressrun_server.prepare.faults import failure_of
from pressrun_server.prepare.frames import decoder
from pressrun_server.render.compose_stream import ComposeJob, ComposeStream
from pressrun_server.render.composer_config import ComposerConfig
from pressrun_server.render.composer_stats import ComposerPoolStats, ComposerStats
from pressrun_server.render.dispatch import Desk
from pressrun_server.render.heads import HeadShelf
from pressrun_server.render.link import (
    Cancel,
    Chunk,
    Credit,
    Done,
    Dropped,
    Failed,
    FromComposer,
    Head,
    Ready,
    Rows,
    RowsTaken,
)
from pressrun_server.render.seat import Seat

__all__ = ["ComposeJob", "ComposeStream", "ComposerPool", "ComposerPoolStats", "ComposerStats"]

log = logging.getLogger(__name__)

_DEATHS = 2
_NO_MOMENT = datetime.fromtimestamp(0, UTC)
"""Of a job that is not known yet."""
"""A document that was there when so many composers died is not tried again."""

_DRAINING = Failure(Reason.DRAINING, "this node is shutting down; send the document to another node", retry_after=1.0)
_EXPIRED = Failure(
    Reason.DEADLINE_EXCEEDED, "the document was not finished within its time limit; raise the limit or lower the load"
)
_ROWS_LOST = Failure(
    Reason.COMPOSER_LOST,
    "the process that composed the document died, and what it was sent with it; send it again from its start, of a "
    "print run what is in no finished file",
    retry_after=0.0,
)
_QUARANTINED = Failure(
    Reason.INTERNAL,
    f"the document is quarantined: {_DEATHS} composer processes died over it, so it is not tried again; "
    "keep its record and report it",
)


class ComposerPool:
    """Composes documents in `count` processes.

    Guarantee: a document whose composer dies is composed again by another, alone, without its consumer noticing, and
    one that two composers died over is given up; a composer that hangs, spins in a document that was given up, or
    grows is replaced; no document waits for another one's consumer. Cost: one small message there, one back, no task
    per document while its blobs are there.

    Args:
        count: how many processes.
        blob: loads a blob that a composer lacks, by its digest; its errors become the document's.
        engine: the engine digest that every composer must have; empty takes the first one's.
        config: limits and times.
    """

    def __init__(
        self,
        count: int = 1,
        *,
        blob: Callable[[str], Awaitable[bytes]],
        engine: str = "",
        config: ComposerConfig | None = None,
    ) -> None:
        self._config = config or ComposerConfig()
        self._blob = blob
        self.engine = engine
        self._crew: Crew[FromComposer] = Crew(
            count, self._config.command, decode=decoder(FromComposer), listener=self, config=self._config.crew
        )
        self._desk: Desk[ComposeStream, Seat] = Desk(slots=self._config.slots, large_slots=self._config.large_slots)
        self._seats: dict[Member[FromComposer], Seat] = {}
        self._streams: dict[int, ComposeStream] = {}
        self._leaving: dict[int, tuple[ComposeStream, asyncio.TimerHandle]] = {}
        self._tickets = itertools.count(1)
        self._shelf = HeadShelf()
        self.foreign = ""
        """Digest of another engine that a composer came with: the installed code changed under this node."""
        self._refusing = self._closed = False
        self._idle: asyncio.Event | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._documents = self._rehearsed = self._lost = self._quarantined = 0
        self._cpu_seconds_gone = 0.0

    async def start(self) -> None:
        """Start the processes; call it before any gRPC object exists.

        Raises:
            HelperStartError: one did not become ready.
            PressrunError: ENGINE_MISMATCH: a process runs other code than this one.
        """
        await self._crew.start()
        if any(isinstance(member.hello, Ready) and member.hello.engine != self.engine for member in self._seats):
            await self.close()
            raise PressrunError(
                Reason.ENGINE_MISMATCH,
                "the composer processes run another engine than the node; restart the node, after an upgrade wholly",
            )
        self._watch = asyncio.get_running_loop().call_later(self._config.ping_seconds, self._look)

    @property
    def alive(self) -> int:
        """Processes that can take documents."""
        return sum(1 for seat in self._seats.values() if seat.member.usable and self._desk.knows(seat))

    @property
    def waiting(self) -> int:
        """Documents that no process has taken yet."""
        return self._desk.waiting

    def ahead(self, record: bytes, *, interactive: bool = False, tenant: str = "") -> ComposeStream | None:
        """Give a composer the large record of a document, to be read there while the rest of the job is found.

        Returns:
            what `compose` or `ComposeStream.cancel` is to be called with; None where no composer has a place now.
        """
        if self._refusing:
            return None
        bare = ComposeJob("", record, {}, _NO_MOMENT, {}, "", interactive=interactive, tenant=tenant)
        stream = ComposeStream(self, bare, time.monotonic())
        seat = self._desk.ahead(stream)
        if seat is None:
            return None
        if not seat.member.usable:
            self._desk.remove(stream)
            return None
        stream.ahead = stream.brought = True
        stream.ticket = ticket = next(self._tickets)
        self._streams[ticket] = stream
        seat.bring(ticket, record, interactive=interactive)
        return stream

    def compose(
        self, job: ComposeJob, *, deadline: float | None = None, ahead: ComposeStream | None = None
    ) -> ComposeStream:
        """Begin a document.

        Args:
            job: what to compose.
            deadline: moment on the loop's clock (`time.monotonic`) after which it is given up, wherever it is.
            ahead: what brought its record to a composer; it becomes the document.

        Raises:
            PressrunError: DRAINING; QUEUE_FULL where too many wait already.
        """
        if ahead is not None:
            return self._follow(ahead, job)
        if self._refusing:
            raise _DRAINING.error()
        if self._desk.waiting >= self._config.max_waiting:
            raise PressrunError(
                Reason.QUEUE_FULL,
                f"{self._desk.waiting} documents wait for a composer already; try again later",
                retry_after=1.0,
            )
        stream = ComposeStream(self, job, time.monotonic())
        if deadline is not None:
            stream.timer = asyncio.get_running_loop().call_at(deadline, self._expire, stream)
        self._desk.submit(stream, interactive=job.interactive, tenant=job.tenant)
        self._deal()
        return stream

    def _follow(self, stream: ComposeStream, job: ComposeJob) -> ComposeStream:
        """A document whose record is in a composer is asked for; one that fails meanwhile says so when it is read."""
        stream.job, stream.ahead = job, False
        stream.submitted_at = time.monotonic()
        if stream.over:
            return stream
        seat = self._desk.holder(stream)
        if seat is not None:
            self._hand(stream, seat)
        elif self._closed:
            stream.fail(_DRAINING)
        else:
            # Its composer died, maybe of it.
            self._desk.suspect(stream)
            self._deal()
        return stream

    def stats(self) -> ComposerPoolStats:
        """How the processes do."""
        return ComposerPoolStats(
            composers=tuple(
                ComposerStats(
                    pid=seat.member.pid,
                    active=len(self._desk.documents(seat)),
                    documents=seat.documents,
                    cpu_seconds=seat.cpu_seconds,
                    rss=seat.rss,
                    held_bytes=seat.held_bytes,
                )
                for seat in self._seats.values()
            ),
            waiting=self._desk.waiting,
            documents=self._documents,
            rehearsed=self._rehearsed,
            lost=self._lost,
            replaced=self._crew.replaced,
            quarantined=self._quarantined,
            cpu_seconds=self._cpu_seconds_gone + sum(seat.cpu_seconds for seat in self._seats.values()),
        )

    async def drain(self) -> None:
        """Take no more documents and wait until all are composed; their consumers may still be reading."""
        self._refusing = True
        if self._desk.waiting or self._desk.held:
            self._idle = self._idle or asyncio.Event()
            await self._idle.wait()

    async def close(self) -> None:
        """End the processes; documents that are not composed fail with DRAINING."""
        self._refusing = self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        for stream in self._desk.all():
            self._fail(stream, _DRAINING)
        await self._crew.close()

    # -- documents ---------------------------------------------------------------------------------------------------

    def _deal(self) -> None:
        """Give what waits to who is free."""
        while (dealt := self._desk.deal()) is not None:
            stream, seat = dealt
            if not seat.member.usable:
                # It is dying, and `left` will say so soon; what it never got can't be to blame.
                self._desk.shut(seat)
                self._desk.remove(stream)
                self._put_back(stream)
                continue
            self._hand(stream, seat)

    def _hand(self, stream: ComposeStream, seat: Seat) -> None:
        """Ask the composer that a document was dealt to for it, and give it what it lacks before."""
        stream.dispatched_at = time.monotonic()
        if seat.lacking(stream.job):
            supply = self._supply(stream, seat)
            stream.supply = asyncio.get_running_loop().create_task(supply)
        else:
            self._send(stream, seat)

    def _send(self, stream: ComposeStream, seat: Seat) -> None:
        """Ask a composer that has all it needs for a document."""
        if not stream.brought:
            stream.ticket = next(self._tickets)
            self._streams[stream.ticket] = stream
        seat.compose(stream.ticket, stream.job, brought=stream.brought)
        stream.rows_taken(0)

    async def _supply(self, stream: ComposeStream, seat: Seat) -> None:
        """Give a composer the blobs that it lacks, then the document. Cancelled when the document leaves the seat."""
        blobs: dict[str, bytes] = {}
        try:
            # Loading takes time, in which another document may bring a blob, or push one out: look again.
            while lacking := [name for name in seat.lacking(stream.job) if name not in blobs]:
                for name in lacking:
                    blobs[name] = await self._blob(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this document's failure alone
            stream.supply = None
            self._fail(stream, failure_of(error, "a program or a prepared asset of the document can't be read"))
            return
        stream.supply = None
        seat.supply(stream.job, blobs)
        self._send(stream, seat)

    def _release(self, stream: ComposeStream) -> None:
        """A document is over: its slot is free."""
        self._stop(stream)
        self._vacate(stream)

    def _stop(self, stream: ComposeStream) -> None:
        """Nothing more comes of a document."""
        if stream.timer is not None:
            stream.timer.cancel()
            stream.timer = None
        if stream.supply is not None:
            stream.supply.cancel()
            stream.supply = None
        self._streams.pop(stream.ticket, None)

    def _vacate(self, stream: ComposeStream) -> None:
        """The slot of a document that is over is free."""
        seat = self._desk.remove(stream)
        if seat is not None and seat.relieved and not self._desk.documents(seat):
            seat.member.dismiss()
        self._deal()
        if self._idle is not None and not (self._desk.waiting or self._desk.held):
            self._idle.set()

    def _fail(self, stream: ComposeStream, failure: Failure) -> None:
        """A document can't be had."""
        if not stream.over:
            self.give_up(stream)
            stream.fail(failure)

    def _expire(self, stream: ComposeStream) -> None:
        """A document's time is over."""
        self._fail(stream, _EXPIRED)

    def give_up(self, stream: ComposeStream) -> None:
        """Called by a stream whose consumer leaves. Its slot is free when its composer says that it dropped it."""
        seat, ticket = self._desk.holder(stream), stream.ticket
        if seat is None or ticket not in self._streams:
            self._release(stream)
            return
        self._stop(stream)
        seat.member.send(Cancel(ticket))
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._config.cancel_seconds, self._spins, seat)
        self._leaving[ticket] = stream, timer

    def _dropped(self, ticket: int) -> None:
        """A composer has nothing of a cancelled document any more."""
        stream, timer = self._leaving.pop(ticket)
        timer.cancel()
        self._vacate(stream)

    def _spins(self, seat: Seat) -> None:
        """A composer does not drop a document: it is in a turn that does not end. Its other documents go elsewhere."""
        log.error("composer %d spins in a cancelled document: it is killed and replaced", seat.member.pid)
        self._desk.shut(seat)
        seat.member.kill()

    def credit(self, stream: ComposeStream, size: int) -> None:
        """Called by a stream whose consumer took bytes."""
        seat = self._desk.holder(stream)
        if seat is not None:
            seat.member.send(Credit(stream.ticket, size))

    def rows(self, stream: ComposeStream, data: bytes, *, last: bool) -> bool:
        """Called by a stream with rows for its document; False while no composer has it."""
        seat = self._desk.holder(stream)
        if seat is None or stream.ticket not in self._streams:
            return False
        seat.member.send(Rows(stream.ticket, data, last))
        return True

    # -- processes ---------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Ask each composer if it still takes turns. Not seconds are counted but questions: the node may pause too."""
        for seat in tuple(self._seats.values()):
            if not seat.ping():
                log.error("composer %d hangs: it is killed and replaced", seat.member.pid)
                seat.member.kill()
        self._watch = asyncio.get_running_loop().call_later(self._config.ping_seconds, self._look)

    def joined(self, member: Member[FromComposer]) -> None:
        """Called by the crew."""
        hello = member.hello
        assert isinstance(hello, Ready)
        self.engine = self.engine or hello.engine
        seat = self._seats[member] = Seat(member, self._config, hello.rss)
        if hello.engine == self.engine:
            self._desk.join(seat)
            self._deal()
        else:
            self.foreign = hello.engine
            log.error(
                "composer %d has engine %s, this node %s: the installed code changed under it. The composer gets no "
                "work; restart the node",
                member.pid,
                hello.engine,
                self.engine,
            )

    def received(self, member: Member[FromComposer], message: FromComposer) -> None:
        """Called by the crew."""
        seat = self._seats[member]
        if isinstance(message, Done):
            seat.documents += 1
            seat.told(message.rss, message.cpu_seconds)
            stream = self._streams.get(message.ticket)
            if stream is not None and stream.job.rehearsal:
                self._rehearsed += 1
            else:
                self._documents += 1
            if stream is not None:
                stream.finish(message.data, message.summary, seat.heads[message.head])
                self._release(stream)
            if seat.retire_if_grown():
                log.warning("composer %d has grown to %d MiB; it is replaced", member.pid, seat.rss >> 20)
        elif isinstance(message, Chunk):
            stream = self._streams.get(message.ticket)
            if stream is not None:
                self._desk.grown(stream)
                known = stream.feed(message.data, seat.heads[message.head])
                if stream.over:
                    self.give_up(stream)
                elif known:
                    member.send(Credit(message.ticket, known))
                self._deal()
        elif isinstance(message, Failed):
            stream = self._streams.get(message.ticket)
            if stream is not None:
                stream.fail(message.failure)
                self._release(stream)
        elif isinstance(message, RowsTaken):
            stream = self._streams.get(message.ticket)
            if stream is not None:
                stream.rows_taken(message.size)
        elif isinstance(message, Head):
            seat.heads[message.number] = self._shelf.keep(message.data)
        elif isinstance(message, Dropped):
            self._dropped(message.ticket)
        elif not isinstance(message, Ready):
            seat.answered()
            seat.told(message.rss, message.cpu_seconds)

    def relieved(self, member: Member[FromComposer]) -> None:
        """Called by the crew."""
        seat = self._seats[member]
        if self.foreign:
            log.warning("composer %d works on: what would replace it has another engine", member.pid)
            return
        seat.relieved = True
        self._desk.shut(seat)
        if not self._desk.documents(seat):
            member.dismiss()

    def left(self, member: Member[FromComposer], status: int) -> None:
        """Called by the crew."""
        seat = self._seats.pop(member)
        self._cpu_seconds_gone += seat.cpu_seconds
        held = self._desk.leave(seat)
        if not (seat.relieved or self._closed):
            self._lost += 1
            log.error("composer %d died with %d documents: %s", member.pid, len(held), describe_status(status))
        for stream in held:
            self._rescue(stream)
        self._deal()

    def _put_back(self, stream: ComposeStream) -> None:
        """A document that was dealt and never sent waits again, where it was."""
        if stream.deaths:
            self._desk.suspect(stream)
        else:
            self._desk.submit(stream, interactive=stream.job.interactive, first=True, tenant=stream.job.tenant)

    def _rescue(self, stream: ComposeStream) -> None:
        """The composer of a document died: another one makes it again, and nobody notices."""
        leaving = self._leaving.pop(stream.ticket, None)
        if leaving is not None:
            leaving[1].cancel()
            return
        brought, stream.brought = stream.brought, False
        if stream.supply is not None:
            stream.supply.cancel()
            stream.supply = None
            if not brought:
                self._put_back(stream)
                return
        self._streams.pop(stream.ticket, None)
        stream.deaths += 1
        if stream.ahead:
            return  # its job is still to come, and finds it another composer
        if stream.rows_sent:
            self._fail(stream, _ROWS_LOST)
        elif stream.deaths >= _DEATHS:
            self._quarantined += 1
            self._fail(stream, _QUARANTINED)
        else:
            stream.rewind()
            self._desk.suspect(stream)
