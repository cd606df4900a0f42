"""Print runs: many documents sent, a few files and an index that come back."""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeAlias

import grpc
from google.protobuf import json_format

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun.v1.render_service_pb2_grpc import RenderServiceStub
from pressrun_client.config import ClientConfig
from pressrun_client.conversion.manifest import to_digest, to_manifest
from pressrun_client.conversion.moment import to_nanoseconds
from pressrun_client.conversion.press import fill_press
from pressrun_client.conversion.record import encode_record
from pressrun_client.conversion.request import fill_request, template_message
from pressrun_client.diagnostic import Violation
from pressrun_client.errors import IntegrityError, InvalidRequestError, NodeUnavailableError
from pressrun_client.failure import error_from_rpc, error_from_status
from pressrun_client.gathering import Gathering
from pressrun_client.lane import cancelled_by_peer
from pressrun_client.models.manifest import RenderWarning
from pressrun_client.models.request import RenderRequest
from pressrun_client.models.run import OnFailure, RunEntry, RunFile, RunOptions, RunSummary
from pressrun_client.sending import send
from pressrun_client.trace import trace_metadata

__all__ = ["PrintRun", "RunData", "RunRequests"]

RunRequests: TypeAlias = Iterable[RenderRequest] | AsyncIterable[RenderRequest]
"""Documents of a run. A plain iterable is pulled on the event loop, so it should not block."""

_PART: Final = 256 * 1024
"""Bytes of documents that travel together, about."""
_POLICIES: Final = {
    OnFailure.SKIP: render_service_pb2.RUN_FAILURE_POLICY_SKIP,
    OnFailure.STOP: render_service_pb2.RUN_FAILURE_POLICY_STOP,
}


class RunData(NamedTuple):
    """Bytes of a file of a run.

    Example:
        >>> RunData(1, b"%PDF-1.7").file
        1
    """

    file: int
    """From 1."""
    data: bytes


class PrintRun:
    """A run that is sent while its files come back. Iterate over what comes inside `async with`.

    Reading slowly slows the documents down. When the loop has ended, each file has been compared with its digest.

    Args:
        stub: where to send it.
        config: the bounds.
        run_id: what the files say of themselves.
        requests: the documents, in the order in which they are printed.
        options: everything else.

    Example:
        What comes, as it comes::

            async with client.render_run("letters-2026-10", requests) as run:
                async for part in run:
                    if isinstance(part, RunData):
                        files[part.file].write(part.data)
                    elif isinstance(part, RunEntry):
                        index.add(part.request_id, part.file, part.first_page, part.pages)
            print(run.summary.pages, "pages")
    """

    def __init__(
        self,
        stub: RenderServiceStub,
        config: ClientConfig,
        run_id: str,
        requests: RunRequests,
        options: RunOptions | None = None,
    ) -> None:
        self._stub = stub
        self._config = config
        self._run_id = run_id
        self._requests = requests
        self._options = options or RunOptions()
        self._call: Any = None
        self._writer: asyncio.Task[None] | None = None
        self._fault: Exception | None = None
        self._summary: RunSummary | None = None

    @property
    def summary(self) -> RunSummary:
        """What it came to; known when all has come.

        Raises:
            RuntimeError: it has not.
        """
        if self._summary is None:
            raise RuntimeError("The summary comes after the last file; iterate to the end first.")
        return self._summary

    async def __aenter__(self) -> Self:
        """Says what the run is; documents follow by themselves.

        Raises:
            InvalidRequestError: an option is wrong.
        """
        start = _start(self._run_id, self._options)
        self._call = self._stub.RenderRun(
            timeout=self._options.time_limit, metadata=trace_metadata(self._config.traceparent)
        )
        self._writer = asyncio.create_task(self._write(render_service_pb2.RenderRunRequest(start=start)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._call.cancel()
        assert self._writer is not None
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[RunData | RunEntry | RunFile]:
        """Bytes, entries of the index in the order of the documents, and files that are whole.

        Raises:
            RenderError: the run can't go on; files that were told to be whole are.
            Exception: whatever the iterable of documents raised.
        """
        state, size = hashlib.sha256(), 0
        try:
            async for part in self._call:
                if part.data:
                    if part.offset != size:
                        raise IntegrityError(f"A part starts at byte {part.offset:,} where byte {size:,} was due.")
                    size += len(part.data)
                    state.update(part.data)
                    yield RunData(part.file, part.data)
                for entry in part.entries:
                    yield _to_entry(entry)
                if part.HasField("finished"):
                    digest = to_digest(part.finished.digest)
                    if (digest.size, digest.sha256) != (size, state.hexdigest()):
                        raise IntegrityError(f"The bytes of file {part.finished.file} are not those of its digest.")
                    state, size = hashlib.sha256(), 0
                    yield RunFile(part.finished.file, part.finished.documents, part.finished.pages, digest)
                if part.HasField("completion"):
                    self._summary = _to_summary(part.completion)
        except grpc.aio.AioRpcError as error:
            if self._fault is not None:
                raise self._fault from None
            raise error_from_rpc(error, target=self._config.target) from error
        except asyncio.CancelledError:
            if not cancelled_by_peer():
                raise
            if self._fault is not None:
                raise self._fault from None
        if self._summary is None:
            raise NodeUnavailableError("The node ended the run before its last part.", code="UNAVAILABLE")

    async def _write(self, start: render_service_pb2.RenderRunRequest) -> None:
        try:
            await self._call.write(start)
            as_of = time.time_ns() // 1000 * 1000
            if self._options.as_of is not None:
                as_of = to_nanoseconds(self._options.as_of)

            def prepared(request: RenderRequest) -> tuple[document_pb2.DocumentRequest, int]:
                message = document_pb2.DocumentRequest()
                fill_request(
                    message,
                    request,
                    request_id=request.request_id or uuid.uuid4().hex,
                    record=encode_record(request.record),
                    as_of=as_of,
                    time_limit=self._options.time_limit,
                )
                return message, message.ByteSize()

            async with Gathering(self._requests, prepared, size=_PART) as parts:
                async for part in parts:
                    documents = render_service_pb2.RunDocuments(documents=part)
                    await send(self._call, render_service_pb2.RenderRunRequest(documents=documents))
            await self._call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # the reader knows why
        except Exception as error:  # noqa: BLE001 - the caller's own error goes back to the caller
            self._fault = error
            self._call.cancel()


def _start(run_id: str, options: RunOptions) -> render_service_pb2.RunStart:
    try:
        start = render_service_pb2.RunStart(
            run_id=run_id,
            on_failure=_POLICIES[OnFailure(options.on_failure)],
            max_documents=options.max_documents,
            max_bytes=options.max_bytes,
            manifests=options.manifests,
            tenant=options.tenant,
        )
        start.time_limit.FromNanoseconds(int(options.time_limit * 1e9))
        if options.separators is not None:
            separators = options.separators
            start.separators.template.CopyFrom(template_message(separators.template))
            start.separators.every = separators.every
            start.separators.locale = separators.locale
        if options.print_options is not None:
            fill_press(start.print, options.print_options)
        if options.as_of is not None:
            nanoseconds = to_nanoseconds(options.as_of)
            start.as_of.seconds, start.as_of.nanos = divmod(nanoseconds, 1_000_000_000)
    except (TypeError, ValueError, OverflowError) as error:
        fault = Violation("options", f"has a value of the wrong type: {error}")
        raise InvalidRequestError("The run is wrong.", violations=(fault,)) from error
    return start


def _to_entry(message: render_service_pb2.RunEntry) -> RunEntry:
    has_manifest = message.HasField("manifest")
    return RunEntry(
        request_id=message.request_id,
        file=message.file,
        first_page=message.first_page,
        pages=message.pages,
        offset=message.offset,
        size=message.size,
        separator=message.separator,
        warnings=tuple(RenderWarning(each.code, each.message, each.place) for each in message.warnings),
        error=error_from_status(message.failure, request_id=message.request_id)
        if message.HasField("failure")
        else None,
        manifest=to_manifest(message.manifest) if has_manifest else None,
        manifest_json=(
            json_format.MessageToJson(message.manifest, preserving_proto_field_name=True, indent=None)
            if has_manifest
            else ""
        ),
    )


def _to_summary(message: render_service_pb2.RunCompletion) -> RunSummary:
    return RunSummary(
        documents=message.documents,
        failed=message.failed,
        pages=message.pages,
        files=message.files,
        stopped=message.stopped,
        engine_digest=message.engine_digest,
    )
