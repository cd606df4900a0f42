"""The Render stream: many documents over one call, bounded, reassembled, verified, and sent again where that helps.

Theory of operation
-------------------
A *flight* is a document between its pulling and its answer. A *lane* is one Render call, and so one node. There is a
lane for each node, or as many as the configuration says; one that breaks, or whose node drains, is replaced.

These share the state of a `RenderStream`, all on one event loop, so none needs a lock:

- the *consumer* is the caller's `async for`. It takes results from the delivery, and each one taken makes room in the
  intake. What is pulled and not yet handed over is what the window counts, so memory is bounded even where the caller
  is slow or a result waits for its turn.
- a *writer* for each lane puts what is waiting into one message, up to 1 MiB, and writes it; while a write waits for
  flow control, more comes to wait, so messages grow when the connection is the bottleneck and only then. A lane gets
  its share of the window, so that a node that stalls keeps no more than that.
- the *steerer* opens lanes while there is something for them.
- a *reader* for each lane hands parts to the flights' assemblies. When its lane ends, the flights still on it are
  stranded and are sent again.
- one *alarm* for the earliest deadline of all flights.

Nothing is done once per document by a task, a future or a timer of its own; that is what makes it fast.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Iterable

from google.rpc import status_pb2

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun.v1.render_service_pb2_grpc import RenderServiceStub
from pressrun_client.alarm import Alarm
from pressrun_client.config import ClientConfig
from pressrun_client.conversion.request import fill_request
from pressrun_client.delivery import Delivery
from pressrun_client.diagnostic import Violation
from pressrun_client.document import FailedDocument, Result
from pressrun_client.errors import (
    DeadlineError,
    InvalidRequestError,
    LimitExceededError,
    NodeUnavailableError,
    RenderError,
)
from pressrun_client.failure import error_from_status, request_too_large
from pressrun_client.flight import Flight
from pressrun_client.heads import KEPT
from pressrun_client.intake import Intake
from pressrun_client.lane import Lane
from pressrun_client.models.progress import Progress
from pressrun_client.models.request import RenderRequest
from pressrun_client.retry import retry_delay
from pressrun_client.single import fly
from pressrun_client.trace import trace_metadata
from pressrun_client.wire import WireError, is_draining, read

__all__ = ["RenderStream"]

_COALESCE = 1024 * 1024
"""Bytes of a message up to which waiting documents are put together."""
_ENVELOPE = 64
"""Bytes that a message has around its only document, at most."""
_SHUNNED = 1.0
"""Seconds for which no lane is opened to a node that went away, where there are others."""
_FAREWELL = 1.0
"""Seconds that the node may take to end a stream on which all is answered."""
_BROKEN = frozenset({"UNAVAILABLE", "INTERNAL", "UNKNOWN", "CANCELLED", "ABORTED", "DEADLINE_EXCEEDED"})
"""Codes of a stream that broke. Its documents may go to another; with any other code they would meet the same end."""


class RenderStream:
    """Renders many documents; one object for one run.

    Args:
        connect: gives where to send them: for the lane of that number.
        config: the bounds.
        requests: what to render; pulled only when there is room.
        ordered: whether results come in the order of the requests, or as they are completed.
        max_in_flight: how many may be pulled and not yet handed over.
        on_progress: told how it gets on, with each result.

    Example:
        The way that `Client.render_stream` uses it::

            stream = RenderStream(connect, config, requests, ordered=False, max_in_flight=64)
            async for result in stream.results(raising=False):
                ...
    """

    def __init__(
        self,
        connect: Callable[[int], RenderServiceStub],
        config: ClientConfig,
        requests: Iterable[RenderRequest] | AsyncIterable[RenderRequest],
        *,
        ordered: bool,
        max_in_flight: int,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._began = time.monotonic()
        self._done = self._failed = self._again = self._size = 0
        self._connect = connect
        self._config = config
        self._work = asyncio.Event()
        self._intake = Intake(requests, max_in_flight, self._admit, self._changed)
        self._delivery = Delivery(ordered=ordered)
        self._alarm = Alarm(self._expire)
        self._prefix = f"{uuid.uuid4().hex[:12]}-"
        self._pulled = 0
        self._flights: dict[str, Flight] = {}
        self._waiting: deque[Flight] = deque()
        self._most_lanes = config.lanes
        self._shunned: dict[int, float] = {}
        self._share = -(-max_in_flight // self._most_lanes)
        self._lanes: set[Lane] = set()
        self._active: set[Lane] = set()
        self._abandoned: dict[str, Lane] = {}
        self._cancels: dict[Lane, list[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._fatal: BaseException | None = None

    async def results(self, *, raising: bool) -> AsyncGenerator[Result, None]:
        """Runs the stream and yields its results.

        Args:
            raising: whether the first failed document ends the stream with its error.

        Raises:
            RenderError: the stream itself cannot go on (access denied, no such call), or, with `raising`, the error of
                the first failed document.
            Exception: whatever the iterable of requests raised, after everything pulled before it was answered.
        """
        delivery = self._delivery
        try:
            if self._intake.asynchronous:
                self._spawn(self._intake.run())
            self._spawn(self._steer())
            while True:
                while (result := delivery.take()) is not None:
                    self._intake.release()
                    if self._on_progress is not None:
                        self._on_progress(self._progress(result))
                    if raising and isinstance(result, FailedDocument):
                        raise result.error
                    yield result
                if self._fatal is not None:
                    raise self._fatal
                if self._answered:
                    break
                await delivery.news()
            # Lets the stream end on both sides, so that the node does not count it as broken off.
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_FAREWELL)
            if self._intake.error is not None:
                raise self._intake.error
        finally:
            self._alarm.cancel()
            for lane in self._lanes:
                lane.cancel()
            for task in self._tasks:
                task.cancel()
            self._flights.clear()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def _answered(self) -> bool:
        return self._intake.exhausted and not self._flights

    def _progress(self, result: Result) -> Progress:
        self._done += 1
        self._again += max(result.attempts - 1, 0)
        if isinstance(result, FailedDocument):
            self._failed += 1
        else:
            self._size += len(result)
        return Progress(self._done, self._failed, self._again, self._size, time.monotonic() - self._began)

    def _changed(self) -> None:
        self._wake()
        if self._answered:
            self._delivery.wake()

    def _wake(self) -> None:
        """There may be something to send."""
        self._work.set()
        for lane in self._active:
            lane.work.set()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    def _end(self, error: BaseException) -> None:
        self._fatal = error
        self._delivery.wake()

    # From request to flight

    def _admit(self, request: RenderRequest) -> None:
        index = self._pulled
        self._pulled += 1
        request_id = request.request_id or f"{self._prefix}{index}"
        try:
            if request_id in self._flights or request_id in self._abandoned:
                fault = Violation("request_id", "is that of another document in flight; give each its own")
                raise InvalidRequestError("The request is wrong.", violations=(fault,))
            flight = Flight(index, request, request_id, self._config)
        except RenderError as error:
            error.request_id = request_id
            self._delivery.put(index, FailedDocument(request_id, error, 0))
            return
        self._flights[request_id] = flight
        self._waiting.append(flight)
        self._alarm.by(flight.deadline)

    # The writers

    async def _steer(self) -> None:
        """Opens lanes while there is something for them, and lets all end when all is answered."""
        while not self._answered:
            slot = self._free_slot()
            if slot is not None and (self._waiting or self._intake.pull()):
                self._open_lane(slot)
                continue
            self._work.clear()
            await self._work.wait()
        for lane in self._lanes:
            lane.work.set()

    async def _write(self, lane: Lane) -> None:
        """Each lane has a writer of its own, so that a node that does not take what it is sent stops no other lane."""
        while True:
            message = self._next_message(lane)
            if message is not None:
                await lane.write(message)
            elif self._answered or lane.retired:
                break
            else:
                lane.work.clear()
                await lane.work.wait()
        await lane.half_close()

    def _next_message(self, lane: Lane) -> render_service_pb2.RenderRequest | None:
        """What is waiting, as one message for a lane; None where nothing is."""
        message = render_service_pb2.RenderRequest()
        items = message.items
        cancels = self._cancels.pop(lane, None)
        for request_id in cancels or ():
            items.add().cancel_request_id = request_id
        size = 0
        now = time.monotonic()
        waiting = self._waiting
        while not lane.retired and lane.load < self._share and (waiting or self._intake.pull()):
            if not waiting:
                continue  # what was pulled failed at once
            flight = waiting.popleft()
            if self._flights.get(flight.request_id) is not flight:
                continue  # its time ran out while it waited
            # The first look saves the work of the second in nearly all cases.
            if size and size + len(flight.record) > _COALESCE:
                waiting.appendleft(flight)
                break
            added = self._pack(message, flight, now)
            if not added:
                continue
            if size and size + added > _COALESCE:
                del items[-1]
                waiting.appendleft(flight)
                break
            size += added
            flight.launch(lane, now)
            lane.load += 1
        if not items:
            return None
        if not lane.greeted:
            lane.greeted = True
            message.shared_heads = KEPT
        return message

    def _pack(self, message: render_service_pb2.RenderRequest, flight: Flight, now: float) -> int:
        """Adds a flight to the message; its size in bytes, or 0 where it failed."""
        item = message.items.add()
        error: RenderError
        try:
            fill_request(
                item.document,
                flight.request,
                request_id=flight.request_id,
                record=flight.record,
                as_of=flight.as_of,
                time_limit=max(flight.deadline - now, 0.001),
            )
        except InvalidRequestError as invalid:
            error = invalid
        else:
            size = item.ByteSize()
            limit = self._config.message_limit - _ENVELOPE
            if size <= limit:
                return size
            error = request_too_large(size, limit)
        del message.items[-1]
        self._land(flight, flight.failed(error))
        return 0

    def _free_slot(self) -> int | None:
        """Where a lane may be opened: where none is, and none broke lately, unless there is no other at all."""
        taken = {lane.slot for lane in self._active}
        free = [slot for slot in range(self._most_lanes) if slot not in taken]
        now = time.monotonic()
        for slot in free:
            if self._shunned.get(slot, 0.0) <= now:
                return slot
        return None if taken else min(free, key=lambda slot: self._shunned.get(slot, 0.0), default=None)

    def _shun(self, slot: int) -> None:
        """A node went away: the others get its documents for a while."""
        if self._most_lanes > 1:
            self._shunned[slot] = time.monotonic() + _SHUNNED
            asyncio.get_running_loop().call_later(_SHUNNED, self._work.set)

    def _open_lane(self, slot: int) -> None:
        metadata = trace_metadata(self._config.traceparent)
        lane = Lane(self._connect(slot), self._config.target, slot, metadata=metadata)
        self._lanes.add(lane)
        self._active.add(lane)
        self._spawn(self._read(lane))
        self._spawn(self._write(lane))

    # The readers

    async def _read(self, lane: Lane) -> None:
        error = await lane.read_all(lambda message: self._receive(lane, message))
        self._lane_ended(lane, error)

    def _receive(self, lane: Lane, message: bytes) -> None:
        if is_draining(message):
            self._retire(lane)
            return
        now = time.monotonic()
        items, heads = read(message)
        for number, data in heads:
            if not lane.heads.put(number, data):
                raise WireError(f"a shared head has the number {number}; 1 to {KEPT} were agreed")
        for item in items:
            request_id = item.request_id
            flight = self._flights.get(request_id)
            completed = item.completion is not None
            if flight is None or flight.lane is not lane:
                # Abandoned: the node's last word on it frees its id.
                if (completed or item.failure is not None) and self._abandoned.get(request_id) is lane:
                    del self._abandoned[request_id]
                continue
            try:
                if item.header is not None:
                    flight.header = item.header
                data = item.data
                if item.head:
                    head = lane.heads.get(item.head)
                    if head is None:
                        raise WireError(f"a document begins with the shared head {item.head}, which never came")
                    flight.first_byte = flight.first_byte or now
                    flight.assembly.add(item.offset, data, head)
                elif data:
                    flight.first_byte = flight.first_byte or now
                    flight.assembly.add(item.offset, data)
                if item.completion is not None:
                    completion = document_pb2.DocumentCompletion.FromString(item.completion)
                    self._land(flight, flight.delivered(flight.assembly.finish(completion), completion, now))
                elif item.failure is not None:
                    self._retry(flight, error_from_status(status_pb2.Status.FromString(item.failure), request_id), now)
            except RenderError as error:
                if not completed:
                    self._abandon(flight)
                self._land(flight, flight.failed(error))

    def _lane_ended(self, lane: Lane, error: RenderError | None) -> None:
        self._lanes.discard(lane)
        self._active.discard(lane)
        lane.retired = True
        if error is not None:
            self._shun(lane.slot)
        self._changed()
        self._abandoned = {request_id: its for request_id, its in self._abandoned.items() if its is not lane}
        stranded = [flight for flight in self._flights.values() if flight.lane is lane]
        if not stranded:
            return
        if error is None:
            error = NodeUnavailableError("The node ended the stream before it answered.", code="UNAVAILABLE")
        large = [flight for flight in stranded if len(flight.record) > _COALESCE - _ENVELOPE]
        if error.code == "RESOURCE_EXHAUSTED" and large:
            # A message was over the node's limit, and only a document that went alone can have been that message.
            for flight in large:
                self._land(flight, flight.failed(LimitExceededError(error.message, code=error.code)))
        elif error.code not in _BROKEN:
            self._end(error)
            return
        now = time.monotonic()
        for flight in stranded:
            if flight.request_id in self._flights:
                again = NodeUnavailableError(error.message, code="UNAVAILABLE", retryable=True)
                self._retry(flight, again, now)

    # What becomes of a flight

    def _retry(self, flight: Flight, error: RenderError, now: float) -> None:
        if error.reason == "DRAINING":
            if flight.lane is not None:
                self._retire(flight.lane)
            # It was refused before any work, so it does not count; the document's time is bound enough.
            flight.refusals += 1
            if self._most_lanes > 1:
                error.retry_after = None  # what that node asks for does not bind the others
        delay = retry_delay(self._config, error, flight.attempts - flight.refusals, flight.deadline - now)
        if delay is None:
            self._land(flight, flight.failed(error))
            return
        self._leave(flight)
        asyncio.get_running_loop().call_later(delay, self._requeue, flight)

    def _retire(self, lane: Lane) -> None:
        """What is on a lane will be finished; what comes next finds another node."""
        lane.retired = True
        self._active.discard(lane)
        self._shun(lane.slot)
        lane.work.set()
        self._wake()

    @staticmethod
    def _leave(flight: Flight) -> None:
        """A flight is on no lane any more."""
        lane, flight.lane = flight.lane, None
        if lane is not None:
            lane.load -= 1
            lane.work.set()

    def _requeue(self, flight: Flight) -> None:
        if self._flights.get(flight.request_id) is not flight:
            return
        if flight.resumable:
            # Of a large document a part is here: a call of its own goes on with it, on any node.
            self._spawn(self._resume(flight))
            return
        flight.ground()
        self._waiting.append(flight)
        self._wake()

    async def _resume(self, flight: Flight) -> None:
        result: Result
        try:
            result = await fly(self._connect(-1), self._config, flight)
        except RenderError as error:
            result = flight.failed(error)
        if self._flights.get(flight.request_id) is flight:
            self._land(flight, result)

    def _land(self, flight: Flight, result: Result) -> None:
        del self._flights[flight.request_id]
        self._leave(flight)
        self._delivery.put(flight.index, result)
        if self._answered:
            self._wake()

    def _abandon(self, flight: Flight) -> None:
        """Tells the node that nobody waits for it any more."""
        if flight.lane is not None:
            self._abandoned[flight.request_id] = flight.lane
            self._cancels.setdefault(flight.lane, []).append(flight.request_id)
            flight.lane.work.set()

    def _expire(self) -> None:
        now = time.monotonic()
        for flight in [flight for flight in self._flights.values() if flight.deadline <= now]:
            self._abandon(flight)
            limit = flight.deadline - flight.started
            late = DeadlineError(f"The document was not finished within {limit:.3g} s.", code="DEADLINE_EXCEEDED")
            self._land(flight, flight.failed(late))
        if self._flights:
            self._alarm.by(min(flight.deadline for flight in self._flights.values()))
