"""One Render stream: reads documents, renders many at once, sends whatever is ready."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import structlog
from google.rpc import status_pb2

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.spec import LONGEST_REQUEST_ID, Priority, RenderSpec
from pressrun_server.prepare.faults import failure_of
from pressrun_server.render.config import PipelineConfig
from pressrun_server.render.manifest import Completion, DocumentHeader
from pressrun_server.render.pipeline import Pipeline
from pressrun_server.rpc.coding import Malformed
from pressrun_server.rpc.config import RpcConfig
from pressrun_server.rpc.conversion import channel_label, read_spec, render_spec, takes_long
from pressrun_server.rpc.outbox import Outbox, Part
from pressrun_server.rpc.status import status_of
from pressrun_server.tracing.span import Caller

__all__ = ["DRAINED", "RenderStream"]

log = structlog.get_logger("pressrun.rpc")

_NO_ITEM = PressrunError(
    Reason.INVALID_REQUEST,
    "an item of the stream says nothing that this node knows; set `document` or `cancel_request_id`",
    violations=(Violation("items", "set document or cancel_request_id"),),
)
_PATIENT_SHARE = 0.05
"""A document that took long may take so much longer, to leave together with others: where a node has more work than it
can do, shared out among many streams, each document would be a message of its own."""
_LONGEST_PATIENCE = 0.1
_TOGETHER = 8
"""Documents that are begun in one turn of the loop."""
_CANCELLED = PressrunError(Reason.CANCELLED, "the document was cancelled by its request_id")

DRAINED = PressrunError(
    Reason.DRAINING,
    "this node is shutting down; send the documents without completion to another node",
    retry_after=1.0,
)
"""How a stream ends that was open when the node drained."""


class _Delivery:
    """A document on its way into the outbox."""

    __slots__ = ("_began", "_chunk", "_head", "_header", "_outbox", "_request_id", "_urgent", "offset")

    def __init__(self, outbox: Outbox, request_id: str, chunk: int, *, urgent: bool) -> None:
        self._outbox = outbox
        self._request_id = request_id
        self._chunk = chunk
        self._urgent = urgent
        self._header: DocumentHeader | None = None
        self._head = b""
        self._began = time.monotonic()
        self.offset = 0

    def start(self, header: DocumentHeader, head: bytes) -> None:
        # They leave with the bytes that follow, which come in the same turn.
        self._header, self._head = header, head

    async def write(self, data: bytes) -> None:
        data = self._whole(data)
        for start in range(0, len(data), self._chunk):
            await self._outbox.room()
            self._outbox.put(self._part(data[start : start + self._chunk]))

    async def end(self, last: bytes, completion: Completion) -> None:
        """Send the last bytes together with the completion."""
        last = self._whole(last)
        while len(last) > self._chunk:
            await self.write(last[: self._chunk])
            last = last[self._chunk :]
        if self._outbox.crowded:
            await self._outbox.room()
        part = self._part(last)
        part.complete(completion)
        part.patience = min((time.monotonic() - self._began) * _PATIENT_SHARE, _LONGEST_PATIENCE)
        self._outbox.put(part)

    def _whole(self, data: bytes) -> bytes:
        """What follows, with the head before it where the client does not keep that."""
        if not self._head or self._outbox.shares(self._head):
            return data
        head, self._head = self._head, b""
        return head + data

    def _part(self, data: bytes) -> Part:
        """The next part; the first one takes the header along, and the head."""
        header, self._header = self._header, None
        head, self._head = self._head, b""
        part = Part(self._request_id, data, offset=self.offset, header=header, head=head, urgent=self._urgent)
        self.offset += len(head) + len(data)
        return part


class RenderStream:
    """Serves one stream.

    Guarantee: at most `stream_documents` are in flight, further requests are left unread; a document's failure is
    an item, never the stream's end; when `run` has returned or raised, no work for the stream is left. Cost: a task for
    each document, one for the writer, one for the reader.

    Args:
        pipeline: renders.
        config: limits of the surface.
        limits: limits of a document.
        write: sends a serialised RenderResponse to the client.
        deadline: the RPC's, on the monotonic clock.
        caller: the trace that all of its documents belong to.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        config: RpcConfig,
        limits: PipelineConfig,
        write: Callable[[bytes], Awaitable[None]],
        deadline: float | None,
        caller: Caller | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._config = config
        self._limits = limits
        self._deadline = deadline
        self._caller = caller
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._outbox = Outbox(
            write,
            message_bytes=config.message_bytes,
            waiting_bytes=config.waiting_bytes,
            linger_seconds=config.linger_seconds,
            company=self._tasks.__len__,
        )
        self._unwanted: set[str] = set()
        self._word: tuple[PressrunError, status_pb2.Status] | None = None
        """What was said last at the door, and how it is told."""
        self._changed: asyncio.Future[None] | None = None
        self._draining = asyncio.Event()
        # Python 3.11 asks the kernel for the process's id each time it is asked for the running loop.
        self._loop = asyncio.get_running_loop()

    @property
    def in_flight(self) -> int:
        """Documents of this stream that are not answered yet."""
        return len(self._tasks)

    def drain(self) -> None:
        """Tell the client to go elsewhere, and end the stream when nothing of it is in flight."""
        self._draining.set()

    async def run(self, requests: AsyncIterator[render_service_pb2.RenderRequest | Malformed]) -> None:
        """Serve until the client half-closed and all is answered.

        Raises:
            PressrunError: DRAINING, the node goes away.
            Exception: what reading or writing raised: the client is gone, or sent what can't be read.
        """
        reader = asyncio.create_task(self._read(requests), name="render-stream-reader")
        writer = asyncio.create_task(self._outbox.send(), name="render-stream-writer")
        drain = asyncio.create_task(self._draining.wait(), name="render-stream-drain")
        try:
            await asyncio.wait((reader, writer, drain), return_when=asyncio.FIRST_COMPLETED)
            if not reader.done() and not writer.done():
                self._outbox.say(self._farewell())
                # A client that understands half-closes; what it sent meanwhile is refused, or was admitted before.
                await asyncio.wait(
                    (reader, writer), timeout=self._config.farewell_seconds, return_when=asyncio.FIRST_COMPLETED
                )
            if reader.done():
                reader.result()
            await self._settled(writer)
            # A drained stream refuses what still comes while its last documents go out; then it stops reading.
            self._outbox.close()
            await writer
            if not reader.done():
                raise DRAINED
        finally:
            tasks = (reader, writer, drain, *self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _farewell(self) -> bytes:
        message = render_service_pb2.RenderResponse()
        message.draining.grace.FromTimedelta(timedelta(seconds=self._config.drain_seconds))
        return message.SerializeToString()

    async def _settled(self, writer: asyncio.Task[None]) -> None:
        """Wait until no document is in flight; a writer that ends meanwhile has failed."""
        while self._tasks and not writer.done():
            await asyncio.wait((writer, *self._tasks.values()), return_when=asyncio.FIRST_COMPLETED)
        if writer.done():
            writer.result()

    async def _read(self, requests: AsyncIterator[render_service_pb2.RenderRequest | Malformed]) -> None:
        most = self._config.stream_documents
        begun = 0
        async for request in requests:
            if isinstance(request, Malformed):
                raise request.error
            if request.shared_heads > 0:
                self._outbox.share(request.shared_heads)
            for item in request.items:
                kind = item.WhichOneof("item")
                if kind == "document":
                    while len(self._tasks) >= most:
                        self._changed = asyncio.get_running_loop().create_future()
                        await self._changed
                    await self._begin(item.document)
                    begun += 1
                    if begun % _TOGETHER == 0:
                        # What was begun goes its first steps in one turn of the loop, in which nobody else is served.
                        await asyncio.sleep(0)
                elif kind == "cancel_request_id":
                    self._cancel(item.cancel_request_id)
                else:
                    await self._refuse("", _NO_ITEM)

    async def _begin(self, request: document_pb2.DocumentRequest) -> None:
        request_id = request.request_id
        error = self._pipeline.refusal(request_id, channel_label(request.output_channel))
        if error is not None and request_id not in self._tasks:
            await self._turn_away(request_id[:LONGEST_REQUEST_ID], error)
            return
        try:
            if takes_long(request):
                spec = await read_spec(request, self._limits)
            else:
                spec = render_spec(request, self._limits)
            self._check_free(request_id)
        except PressrunError as error:
            self._pipeline.refused(error)
            await self._refuse(request_id[:LONGEST_REQUEST_ID], error)
            return
        self._tasks[request_id] = self._loop.create_task(self._render(spec))

    def _check_free(self, request_id: str) -> None:
        if request_id in self._tasks:
            raise PressrunError(
                Reason.INVALID_REQUEST,
                f"request_id {request_id} is in flight on this stream already; give each document its own",
                violations=(Violation("request_id", "must be unique among the documents in flight"),),
            )

    def _cancel(self, request_id: str) -> None:
        task = self._tasks.get(request_id)
        if task is not None and request_id not in self._unwanted:
            self._unwanted.add(request_id)
            # A task that is cancelled before its first step never comes to its own end.
            task.add_done_callback(functools.partial(self._ended, request_id))
            task.cancel()

    async def _turn_away(self, request_id: str, error: PressrunError) -> None:
        """Refuse a document at the door; many get the same word."""
        if self._word is None or self._word[0] is not error:
            self._word = error, status_of(error)
        if self._outbox.crowded:
            await self._outbox.room()
        self._outbox.put(Part(request_id, failure=self._word[1]))

    async def _refuse(self, request_id: str, error: PressrunError) -> None:
        await self._outbox.room()
        self._outbox.put(Part(request_id, failure=status_of(error)))

    async def _render(self, spec: RenderSpec) -> None:
        request_id = spec.request_id
        try:
            delivery = _Delivery(
                self._outbox, request_id, self._config.chunk_bytes, urgent=spec.priority is Priority.INTERACTIVE
            )
            last, completion = await self._pipeline.render(spec, delivery, deadline=self._deadline, caller=self._caller)
            await delivery.end(last, completion)
        except PressrunError as error:
            self._outbox.put(Part(request_id, failure=status_of(error)))
        except asyncio.CancelledError:
            if request_id in self._unwanted:
                self._outbox.put(Part(request_id, failure=status_of(_CANCELLED)))
            raise
        except Exception as defect:  # noqa: BLE001 - whatever it is, it is this document's failure alone
            failure = failure_of(defect, "the node failed over this document; its log has the details under its id")
            log.error("document_defect", request_id=request_id, detail=failure.detail)  # noqa: TRY400 - no data in it
            self._outbox.put(Part(request_id, failure=status_of(failure.error())))
        finally:
            self._left(request_id)

    def _left(self, request_id: str) -> None:
        """A document is not in flight any more.

        Called at the end of its task: a callback of the task would cost a turn of the loop.
        """
        del self._tasks[request_id]
        self._unwanted.discard(request_id)
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def _ended(self, request_id: str, task: asyncio.Task[None]) -> None:
        """A cancelled task is over."""
        if self._tasks.get(request_id) is task:
            self._outbox.put(Part(request_id, failure=status_of(_CANCELLED)))
            self._left(request_id)
