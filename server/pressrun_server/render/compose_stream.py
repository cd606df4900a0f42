"""One document on its way through a composer, as its consumer sees it."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

import msgspec

from pressrun_server.errors import Reason
from pressrun_server.model.asset import HostedLink
from pressrun_server.model.document import ComposeSummary
from pressrun_server.model.failure import Failure
from pressrun_server.model.mail import MailOrder

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["CREDIT_STEP", "ComposeJob", "ComposeStream", "StreamOwner"]

CREDIT_STEP: Final = 128 * 1024
"""The consumer's progress is told to the composer in steps of at least this many bytes."""

_ROWS_WINDOW: Final = 1024 * 1024
"""Bytes of rows that may be on their way to a composer."""

_CANCELLED = Failure(Reason.CANCELLED, "the document was cancelled")
_CHANGED = Failure(
    Reason.COMPOSER_LOST,
    "the process that composed the document died after its first bytes had left, and another one made other bytes; "
    "throw away what came and send the same request again",
    retry_after=0.0,
)


class ComposeJob(msgspec.Struct, frozen=True, gc=False):
    """What a composer needs for one document; digests are written `<sha256>-<size>`."""

    program: str
    """Digest of the program's blob."""
    record: bytes
    """JSON text."""
    attributes: dict[str, str]
    as_of: datetime
    assets: dict[str, str]
    """Slot to digest of the prepared asset's blob."""
    engine: str
    """The engine digest that goes into the document."""
    interactive: bool = False
    tenant: str = ""
    """Tenants take turns where documents wait."""
    rows_field: str = ""
    """The list of the record whose rows come by `ComposeStream.send_rows`; empty where the record is whole."""
    links: dict[str, HostedLink] = {}
    """By slot where its asset's system shows it."""
    run: bytes = b""
    """The order of a print run, whose documents come by `ComposeStream.send_rows`; empty for a document."""
    press: bytes = b""
    """What the printer of a single document wants (a PressOrder); empty where nobody asked."""
    mail: MailOrder | None = None
    """What is wanted of an e-mail."""
    rehearsal: bool = False
    """Whether it is nobody's document."""

    @property
    def blobs(self) -> tuple[str, ...]:
        """What a composer must keep to begin; a run brings its own along."""
        return () if self.run else (self.program, *self.assets.values())


class StreamOwner(Protocol):
    """What a stream asks of the pool that made it. Called from the event loop, never blocks, never raises."""

    def give_up(self, stream: ComposeStream) -> None:
        """Nobody wants the document any more."""

    def credit(self, stream: ComposeStream, size: int) -> None:
        """The consumer took bytes."""

    def rows(self, stream: ComposeStream, data: bytes, *, last: bool) -> bool:
        """Rows for the document; False while nobody can take them."""


class ComposeStream:
    """The bytes of one document; iterate it once, inside `async with` or with `aclose` at the end.

    Guarantee: nothing is lost or doubled when a composer dies, also after the first bytes were taken: the next composer
    makes them again, and they are compared and left out. A document that can't go on raises. Its consumer's pace is the
    document's pace: the composer is stopped while about 1 MiB waits here. Cost: no task; one future per wait; a hash
    over the bytes of documents of several chunks.
    """

    __slots__ = (
        "_chunks",
        "_failure",
        "_given",
        "_over",
        "_owed",
        "_owner",
        "_proof",
        "_rows_owed",
        "_rows_waiter",
        "_seen",
        "_skip",
        "_waiter",
        "ahead",
        "brought",
        "deaths",
        "dispatched_at",
        "head",
        "job",
        "rows_sent",
        "submitted_at",
        "summary",
        "supply",
        "ticket",
        "timer",
    )

    def __init__(self, owner: StreamOwner, job: ComposeJob, now: float) -> None:
        self._owner = owner
        self._chunks: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Failure | None = None
        self._over = False
        self._owed = 0
        self._given = 0
        self._proof: _Hash | None = None
        """Of what was given; most documents are over before anything is, and need none."""
        self._seen: _Hash | None = None
        self._skip = 0
        self._rows_owed = 0
        self._rows_waiter: asyncio.Future[None] | None = None
        self.rows_sent = False
        """Whether any rows are in a composer; they are nowhere else then."""
        self.job = job
        self.head = b""
        """The first bytes, where other documents have the same: one object for all of them, and a chunk of its own."""
        self.summary: ComposeSummary | None = None
        """Known when the iteration has ended."""
        self.submitted_at = now
        self.dispatched_at: float | None = None
        """When a composer took the document (`time.monotonic`, the loop's clock), or None while it waits."""
        # What follows belongs to the pool.
        self.ahead = False
        """Whether it only brings its record along until its job is known."""
        self.brought = False
        """Whether the composer that holds it has its record."""
        self.ticket = 0
        self.deaths = 0
        self.timer: asyncio.TimerHandle | None = None
        self.supply: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether the pool is done with it: finished, failed or given up."""
        return self._over

    @property
    def empty(self) -> bool:
        """Whether nothing is here to be taken at once."""
        return not self._chunks

    @property
    def queue_seconds(self) -> float:
        """How long it waited for a composer; 0 while it still waits."""
        return self.dispatched_at - self.submitted_at if self.dispatched_at is not None else 0.0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """The next bytes.

        Raises:
            PressrunError: the document failed: its own reason, DEADLINE_EXCEEDED, CANCELLED (given up elsewhere),
                COMPOSER_LOST (the process died after bytes had left; may be retried), DRAINING, INTERNAL.
        """
        while not self._chunks:
            if self._failure is not None:
                raise self._failure.error()
            if self._over:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._chunks.popleft()
        if not self._over:
            self._given += len(data)
            if self._proof is None:
                self._proof = hashlib.sha256()
            self._proof.update(data)
            self._owed += len(data)
            if self._owed >= CREDIT_STEP or not self._chunks:
                owed, self._owed = self._owed, 0
                self._owner.credit(self, owed)
        return data

    async def read(self) -> bytes:
        """All bytes that are still to come.

        Raises:
            PressrunError: as for the iteration.
        """
        return b"".join([data async for data in self])

    async def send_rows(self, data: bytes, *, last: bool) -> None:
        """Give the document rows; waits while its composer has enough. Rows for a document that is over are dropped.

        Args:
            data: a JSON array, or nothing.
            last: whether no more come.
        """
        while not self._over:
            if self._rows_owed < _ROWS_WINDOW and self._owner.rows(self, data, last=last):
                self.rows_sent = True
                self._rows_owed += len(data)
                return
            self._rows_waiter = asyncio.get_running_loop().create_future()
            await self._rows_waiter

    def rows_taken(self, size: int) -> None:
        """A composer took bytes of rows, or is there to take some. Called by the pool."""
        self._rows_owed -= size
        _resolve(self._rows_waiter)

    def cancel(self) -> None:
        """Give the document up: its composer drops it after the turn it may be in. Harmless after the end."""
        if not self._over:
            self._owner.give_up(self)
            self.fail(_CANCELLED)

    async def aclose(self) -> None:
        """The same, as asynchronous iterators name it."""
        self.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def feed(self, data: bytes, head: bytes = b"") -> int:
        """Bytes came. Called by the pool, like all that follows.

        Args:
            data: the bytes.
            head: what comes before them, where documents share it.

        Returns:
            How many of them the consumer has already, from a composer that died; they count as taken.
        """
        known = 0
        if self._skip:
            data, known = self._new(head + data)
        elif head:
            self._begin(head)
        if data:
            self._chunks.append(data)
        if data or head:
            self._wake()
        return known

    def finish(self, data: bytes, summary: ComposeSummary, head: bytes = b"") -> None:
        """The last bytes came; arguments as for `feed`."""
        if self._skip:
            data, _ = self._new(head + data)
            if self._skip or self._failure is not None:
                self.fail(_CHANGED)
                return
        elif head:
            self._begin(head)
        if data:
            self._chunks.append(data)
        self.summary = summary
        self._over = True
        self._wake()
        _resolve(self._rows_waiter)

    def fail(self, failure: Failure) -> None:
        """The document can't be had; bytes that wait are worth nothing."""
        self._chunks.clear()
        self._failure = failure
        self._over = True
        self._wake()
        _resolve(self._rows_waiter)

    def rewind(self) -> None:
        """Forget the bytes that wait: another composer begins anew, and what the consumer has is left out."""
        self._chunks.clear()
        self._owed = 0
        self._skip = self._given

    def _begin(self, head: bytes) -> None:
        self.head = head
        self._chunks.append(head)

    def _new(self, data: bytes) -> tuple[bytes, int]:
        """The bytes that the consumer has not got, and how many it has; the same document has the same ones."""
        known = data[: self._skip]
        if self._skip == self._given:
            self._seen = hashlib.sha256()
        assert self._seen is not None
        assert self._proof is not None
        self._seen.update(known)
        self._skip -= len(known)
        if not self._skip and self._seen.digest() != self._proof.digest():
            self.fail(_CHANGED)
            return b"", len(known)
        return data[len(known) :], len(known)

    def _wake(self) -> None:
        _resolve(self._waiter)


def _resolve(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
