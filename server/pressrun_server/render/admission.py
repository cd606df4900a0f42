"""Admission: who may work now, who waits, who is sent away at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.spec import Priority
from pressrun_server.render.fair_line import FairLine

__all__ = ["Admission", "AdmissionConfig", "Permit"]

_MIN_RETRY_AFTER = 0.1
_MAX_RETRY_AFTER = 30.0
_TOLD_SECONDS = 0.01
"""A refusal is said again for so long as it was said first."""
_SMOOTHING = 0.05
"""Weight of the newest document in the running mean of the time that one holds its slot."""


@dataclass(frozen=True, slots=True)
class AdmissionConfig:
    """How many documents a node takes on."""

    slots: int = 256
    """Documents worked on at once: being selected, resolved, composed or streamed. Many more than composers, because
    a document that waits for a source or for its client keeps its slot."""
    queue: int = 1024
    """Documents that wait for a slot; one more is refused."""
    queue_bytes: int = 256 * 1024 * 1024
    """Bytes of records of all admitted documents, working or waiting; a document that would pass it is refused."""


class Permit:
    """The right to work on one document; its owner MUST release it, once or more often.

    The attributes are the bookkeeping of Admission.
    """

    __slots__ = ("_admission", "granted_at", "size", "state", "waiter")

    WAITING, HELD, RELEASED = range(3)

    def __init__(self, admission: Admission, size: int) -> None:
        self._admission = admission
        self.size = size
        self.state = Permit.WAITING
        self.waiter: asyncio.Future[None] | None = None
        self.granted_at = 0.0

    def release(self) -> None:
        """Give the slot, or the place in the queue, back."""
        self._admission.release(self)


class Admission:
    """Two semaphores: a bounded queue that refuses at once, and slots that are waited for.

    Interactive documents get a free slot before batch documents; within a priority tenants take turns, and of one
    tenant the first come is the first served.

    Guarantee: never more than `slots` permits are held and never more than `queue` wait; a permit that is released, or
    whose waiter is cancelled at any moment, gives back exactly what it took. Cost: constant time, no task.
    """

    def __init__(self, config: AdmissionConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._active = 0
        self._bytes = 0
        self._interactive: FairLine[Permit] = FairLine()
        self._batch: FairLine[Permit] = FairLine()
        self._mean_seconds = 0.02
        self._closed = False
        self._idle: list[asyncio.Future[None]] = []
        self._told: tuple[float, PressrunError] | None = None
        """The last refusal, and until when it is given again."""

    @property
    def active(self) -> int:
        """Permits that are held."""
        return self._active

    @property
    def waiting(self) -> int:
        """Documents in the queue."""
        return len(self._interactive) + len(self._batch)

    @property
    def admitted_bytes(self) -> int:
        """Bytes of the records of all admitted documents."""
        return self._bytes

    @property
    def closed(self) -> bool:
        """Whether new documents are refused because the node drains."""
        return self._closed

    async def admit(self, size: int, priority: Priority, tenant: str = "") -> Permit:
        """Wait for a slot; returns without yielding where one is free.

        Args:
            size: bytes of the document's record.
            priority: who waits.
            tenant: whose document it is; tenants that wait take turns.

        Raises:
            PressrunError: QUEUE_FULL, with the time to come back, or DRAINING. Both at once, without waiting.
        """
        permit = self._enter(size, priority, tenant)
        if permit.waiter is None:
            return permit
        try:
            await permit.waiter
        except BaseException:
            # Also when the slot was granted and the waiter cancelled in the same turn of the loop.
            permit.release()
            raise
        return permit

    def refusal(self) -> PressrunError | None:
        """Why no document would be admitted now, however small; None where one may be. It costs less than to try.

        Many are refused in a moment, so the same error is given for 10 ms: it is not to be raised.
        """
        if not (self._closed or (self._active >= self._config.slots and self.waiting >= self._config.queue)):
            return None
        now, told = self._clock.monotonic(), self._told
        reason = Reason.DRAINING if self._closed else Reason.QUEUE_FULL
        if told is None or now >= told[0] or told[1].reason is not reason:
            told = self._told = now + _TOLD_SECONDS, _draining() if self._closed else self._full(over=False)
        return told[1]

    def close(self) -> None:
        """Refuse new documents from now on; those admitted go on."""
        self._closed = True
        self._tell_idle()

    async def idle(self) -> None:
        """Wait until no document is working or waiting."""
        if self._active or self.waiting:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._idle.append(future)
            await future

    def _enter(self, size: int, priority: Priority, tenant: str) -> Permit:
        """Decide: a held permit, a waiting one, or a refusal."""
        if self._closed:
            raise _draining()
        # A single record is allowed past the byte limit when nothing else is here, so that none is refused for ever.
        over = self._bytes + size > self._config.queue_bytes and self._bytes > 0
        free = self._active < self._config.slots
        if over or (not free and self.waiting >= self._config.queue):
            raise self._full(over=over)
        permit = Permit(self, size)
        self._bytes += size
        if free:
            self._grant(permit)
        else:
            permit.waiter = asyncio.get_running_loop().create_future()
            (self._interactive if priority is Priority.INTERACTIVE else self._batch).add(permit, tenant)
        return permit

    def _full(self, *, over: bool) -> PressrunError:
        wait = (self.waiting + 1) * self._mean_seconds / self._config.slots
        retry_after = round(min(max(wait, _MIN_RETRY_AFTER), _MAX_RETRY_AFTER), 3)
        what = (
            f"records of {self._bytes} bytes are waiting (limit {self._config.queue_bytes})"
            if over
            else f"{self.waiting} documents are waiting (limit {self._config.queue})"
        )
        return PressrunError(
            Reason.QUEUE_FULL,
            f"this node is full: {what}; try again in {retry_after:g} s, or send the document to another node",
            retry_after=retry_after,
        )

    def _grant(self, permit: Permit) -> None:
        self._active += 1
        permit.state = Permit.HELD
        permit.granted_at = self._clock.monotonic()

    def release(self, permit: Permit) -> None:
        """Take a permit back; what `Permit.release` does."""
        state, permit.state = permit.state, Permit.RELEASED
        if state == Permit.RELEASED:
            return
        self._bytes -= permit.size
        if state == Permit.WAITING:
            self._interactive.discard(permit)
            self._batch.discard(permit)
        else:
            self._active -= 1
            held = self._clock.monotonic() - permit.granted_at
            self._mean_seconds += _SMOOTHING * (held - self._mean_seconds)
            if self.waiting:
                self._next()
        if self._idle:
            self._tell_idle()

    def _next(self) -> None:
        """Give the free slot to who comes next."""
        queue = self._interactive or self._batch
        if not queue or self._active >= self._config.slots:
            return
        permit = queue.pop()
        self._grant(permit)
        waiter = permit.waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _tell_idle(self) -> None:
        if self._active or self.waiting:
            return
        for future in self._idle:
            if not future.done():
                future.set_result(None)
        self._idle.clear()


def _draining() -> PressrunError:
    return PressrunError(
        Reason.DRAINING,
        "this node is shutting down and takes no new documents; send the document to another node",
        retry_after=1.0,
    )
