"""RenderService: thin; the behaviour is in render.pipeline, render.verification, rpc.render_stream and rpc.resume."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol, TypeAlias

from pressrun.v1 import render_service_pb2, render_service_pb2_grpc
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.metrics.bulk import BulkMeter
from pressrun_server.model.spec import RenderSpec
from pressrun_server.render.config import PipelineConfig
from pressrun_server.render.explaining import Explanation
from pressrun_server.render.manifest import Completion, DocumentHeader
from pressrun_server.render.pipeline import Pipeline
from pressrun_server.render.print_run import PrintRuns
from pressrun_server.render.rows import RowFeed
from pressrun_server.render.verification import Claim, Verification
from pressrun_server.rpc.answering import Context, answering, deadline_of
from pressrun_server.rpc.answers import fill_completion, fill_header
from pressrun_server.rpc.config import RpcConfig
from pressrun_server.rpc.conversion import read_spec
from pressrun_server.rpc.deciding import explanation_message
from pressrun_server.rpc.render_stream import RenderStream
from pressrun_server.rpc.resume import Resume, resume_point
from pressrun_server.rpc.rows import first_of, parts_of
from pressrun_server.rpc.run_delivery import RunDelivery
from pressrun_server.rpc.runs import documents_of, read_run, start_of
from pressrun_server.rpc.verifying import VERIFIED, claim_of, verification_message
from pressrun_server.tracing.span import Caller

__all__ = ["Explaining", "RenderService", "Verifying"]

_Message: TypeAlias = render_service_pb2.RenderDocumentResponse | render_service_pb2.RenderRowsResponse
_ENVELOPE = 64 * 1024
"""Room in a message for all that is not the document."""


class Verifying(Protocol):
    """Makes documents again; `render.verification.Verifier` in a node."""

    async def verify(
        self, claim: Claim, *, deadline: float | None = None, caller: Caller | None = None
    ) -> Verification:
        """Make a document again and compare.

        Raises:
            PressrunError: it can't be made.
        """


class Explaining(Protocol):
    """Says how documents are decided; `render.explaining.Explainer` in a node."""

    async def explain(self, spec: RenderSpec) -> Explanation:
        """Choose and judge, and tell each step.

        Raises:
            PressrunError: it can't be told.
        """


class RenderService(render_service_pb2_grpc.RenderServiceServicer):
    """Renders documents.

    Args:
        pipeline: renders.
        config: limits of the surface.
        limits: limits of a document.
        verifier: makes documents again.
        explainer: says how documents are decided.
        runs: makes print runs.
        bulk: counts rows that arrive, resumed documents and verifications.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        config: RpcConfig,
        limits: PipelineConfig,
        verifier: Verifying,
        explainer: Explaining,
        runs: PrintRuns,
        bulk: BulkMeter,
    ) -> None:
        self._pipeline = pipeline
        self._verifier = verifier
        self._explainer = explainer
        self._runs = runs
        self._bulk = bulk
        self._config = config
        self._limits = limits
        self._streams: set[RenderStream] = set()
        self._left = asyncio.Event()
        self._draining = False

    def drain(self) -> None:
        """End Render streams as soon as they are idle."""
        self._draining = True
        for stream in self._streams:
            stream.drain()

    async def idle(self) -> None:
        """Wait until no Render stream is open."""
        while self._streams:
            self._left.clear()
            await self._left.wait()

    def _caller(self, context: Context) -> Caller | None:
        """The trace that an RPC belongs to."""
        return self._pipeline.tracing.caller(context.invocation_metadata)

    async def Render(  # type: ignore[override]  # noqa: N802 - the contract's name; it writes to the context
        self, request_iterator: AsyncIterator[render_service_pb2.RenderRequest], context: Context
    ) -> None:
        """Render many documents over one stream."""
        async with answering(context, "Render"):
            stream = RenderStream(
                self._pipeline, self._config, self._limits, context.write, deadline_of(context), self._caller(context)
            )
            self._streams.add(stream)
            if self._draining:
                stream.drain()
            try:
                await stream.run(request_iterator)
            finally:
                self._streams.discard(stream)
                self._left.set()

    async def RenderDocument(  # type: ignore[override]  # noqa: N802 - as above
        self, request: render_service_pb2.RenderDocumentRequest, context: Context
    ) -> None:
        """Render one document, whole or from an offset."""
        async with answering(context, "RenderDocument"):
            spec = await read_spec(request.document, self._limits)
            resume = resume_point(request, spec)
            delivery = _Chunks(context, self._config.chunk_bytes, resume)
            with self._bulk.resuming(resume.offset):
                last, completion = await self._pipeline.render(
                    spec, delivery, deadline=deadline_of(context), caller=self._caller(context)
                )
                await delivery.end(last, completion)

    async def RenderUnary(  # noqa: N802 - the contract's name
        self, request: render_service_pb2.RenderUnaryRequest, context: Context
    ) -> render_service_pb2.RenderUnaryResponse:
        """Render one document into one answer."""
        response = render_service_pb2.RenderUnaryResponse()
        async with answering(context, "RenderUnary"):
            spec = await read_spec(request.document, self._limits)
            whole = _Whole(self._config.max_send_bytes - _ENVELOPE)
            last, completion = await self._pipeline.render(
                spec, whole, deadline=deadline_of(context), caller=self._caller(context)
            )
            await whole.write(last)
            assert whole.header is not None
            fill_header(response.header, whole.header)
            response.data = b"".join(whole.parts)
            fill_completion(response.completion, completion)
        return response

    async def RenderRows(  # type: ignore[override]  # noqa: N802 - as above
        self, request_iterator: AsyncIterator[render_service_pb2.RenderRowsRequest], context: Context
    ) -> None:
        """Render one document whose rows arrive in parts."""
        async with answering(context, "RenderRows"):
            start = await first_of(request_iterator)
            spec = await read_spec(start.document, self._limits)
            rows = RowFeed(start.rows_field, parts_of(request_iterator), self._bulk.rows)
            delivery = _Chunks(context, self._config.chunk_bytes, Resume(0, ""), render_service_pb2.RenderRowsResponse)
            last, completion = await self._pipeline.render(
                spec, delivery, deadline=deadline_of(context), rows=rows, caller=self._caller(context)
            )
            await delivery.end(last, completion)

    async def RenderRun(  # type: ignore[override]  # noqa: N802 - as above
        self, request_iterator: AsyncIterator[render_service_pb2.RenderRunRequest], context: Context
    ) -> None:
        """Render many documents into files that they share."""
        async with answering(context, "RenderRun"):
            start = await start_of(request_iterator)
            run = read_run(start, self._limits)
            delivery = RunDelivery(context.write, self._config.chunk_bytes, self._runs.engine)
            documents = documents_of(request_iterator, self._limits)
            end, as_of = await self._runs.render(
                run, documents, delivery, deadline=deadline_of(context), caller=self._caller(context)
            )
            await delivery.end(end, as_of)

    async def Verify(  # noqa: N802 - the contract's name
        self, request: render_service_pb2.VerifyRequest, context: Context
    ) -> render_service_pb2.VerifyResponse:
        """Make a document again and compare."""
        response = render_service_pb2.VerifyResponse()
        async with answering(context, "Verify"):
            claim = claim_of(request, self._limits)
            with self._bulk.verifying() as verified:
                found = await self._verifier.verify(claim, deadline=deadline_of(context), caller=self._caller(context))
                verified.append(VERIFIED[found.outcome])
            response.CopyFrom(verification_message(found))
        return response

    async def Explain(  # noqa: N802 - the contract's name
        self, request: render_service_pb2.ExplainRequest, context: Context
    ) -> render_service_pb2.ExplainResponse:
        """Say which assets a document would get, and why."""
        response = render_service_pb2.ExplainResponse()
        async with answering(context, "Explain"):
            found = await self._explainer.explain(await read_spec(request.document, self._limits))
            response.CopyFrom(explanation_message(found))
        return response


class _Chunks:
    """A document as messages of RenderDocument, or of RenderRows, which have the same fields."""

    def __init__(
        self,
        context: Context,
        chunk: int,
        resume: Resume,
        kind: type[_Message] = render_service_pb2.RenderDocumentResponse,
    ) -> None:
        self._kind = kind
        self._context = context
        self._chunk = chunk
        self._resume = resume
        self._header: DocumentHeader | None = None
        self._head = b""
        self._offset = resume.offset

    def start(self, header: DocumentHeader, head: bytes) -> None:
        # It leaves with the bytes that follow, which come in the same turn.
        self._header, self._head = header, head

    async def write(self, data: bytes) -> None:
        data = self._resume.skip(self._whole(data))
        for start in range(0, len(data), self._chunk):
            await self._context.write(self._message(data[start : start + self._chunk]))

    async def end(self, last: bytes, completion: Completion) -> None:
        """Send the last bytes together with the completion."""
        last = self._resume.skip(self._whole(last))
        self._resume.finish()
        while len(last) > self._chunk:
            await self._context.write(self._message(last[: self._chunk]))
            last = last[self._chunk :]
        message = self._message(last)
        fill_completion(message.completion, completion)
        await self._context.write(message)

    def _whole(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return head + data if head else data

    def _message(self, data: bytes) -> _Message:
        """A message; the first one takes the header along."""
        message = self._kind(offset=self._offset, data=data)
        self._offset += len(data)
        if self._header is not None:
            fill_header(message.header, self._header)
            self._header = None
        return message


class _Whole:
    """A document as one answer."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self.header: DocumentHeader | None = None
        self.parts: list[bytes] = []

    def start(self, header: DocumentHeader, head: bytes) -> None:
        self.header = header
        self._size = len(head)
        self.parts.append(head)

    async def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise PressrunError(
                Reason.DOCUMENT_TOO_LARGE,
                f"the document has more than {self._limit} bytes, the most that one answer holds; use RenderDocument",
                metadata={"limit": str(self._limit)},
            )
        self.parts.append(data)
