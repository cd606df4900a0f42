"""The client that internal services call."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack, cast

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pressrun.v1 import (
    asset_service_pb2_grpc,
    render_service_pb2,
    template_service_pb2,
    template_service_pb2_grpc,
)
from pressrun.v1.render_service_pb2_grpc import RenderServiceStub
from pressrun_client.assets import AssetCalls
from pressrun_client.bundle import Bundle, read_bundle
from pressrun_client.channel import addresses_of, open_channel, targets_of
from pressrun_client.config import ClientConfig
from pressrun_client.conversion.decision import to_explanation
from pressrun_client.conversion.record import encode_record
from pressrun_client.conversion.request import fill_request, seconds, template_message
from pressrun_client.conversion.template import to_check_result, to_published_template, to_template_info
from pressrun_client.conversion.verification import manifest_message, to_verification
from pressrun_client.document import Document, Result
from pressrun_client.errors import RenderCancelledError, UnsupportedError
from pressrun_client.failure import error_from_rpc, request_too_large
from pressrun_client.lane import cancelled_by_peer
from pressrun_client.models.explanation import Explanation
from pressrun_client.models.node import NodeHealth
from pressrun_client.models.progress import Progress
from pressrun_client.models.request import Record, RenderOptions, RenderRequest
from pressrun_client.models.run import RunOptions, RunSummary
from pressrun_client.models.template import CheckResult, PublishedTemplate, TemplateInfo, TemplateRef
from pressrun_client.models.verification import Verification
from pressrun_client.print_run import PrintRun, RunRequests
from pressrun_client.rows import RowsDocument, RowsSource
from pressrun_client.run_folder import save_run
from pressrun_client.single import render_document
from pressrun_client.stream import RenderStream
from pressrun_client.trace import trace_metadata

__all__ = ["Client", "OnError"]

OnError = Literal["yield", "raise"]
"""What a stream does with a failed document: yields it as a result, or ends with its error."""

_Answer = TypeVar("_Answer")
_HEALTHS = {
    health_pb2.HealthCheckResponse.SERVING: NodeHealth.SERVING,
    health_pb2.HealthCheckResponse.NOT_SERVING: NodeHealth.NOT_SERVING,
}
_BUNDLE_MARGIN = 64 * 1024
"""Bytes of a message that the paths and lengths of a bundle's files may take."""


class Client(AssetCalls):
    """Renders documents on a node or a cluster of nodes.

    One client per process is enough: it may be shared by any number of tasks of one event loop, and carries all of
    their calls over its connections. It connects at the first call, and again by itself.

    Args:
        target: `host:port`, several `ip:port` with commas between, or any gRPC target; wins over that of `config`.
        config: everything else.

    Raises:
        ConfigError: the target is none. (A TLS file that cannot be read is told by the first call.)

    Example:
        One document, then many::

            async with Client("127.0.0.1:7070") as client:
                document = await client.render("statement@1", {"customer": {"name": "Zoë"}}, locale="de-DE")
                document.save("statement.pdf")

                requests = (RenderRequest("statement@1", line) for line in open("records.ndjson", "rb"))
                async for result in client.render_stream(requests):
                    if isinstance(result, Document):
                        store(result.request_id, result.content)
                    else:
                        report(result.request_id, result.error)
    """

    def __init__(self, target: str | None = None, *, config: ClientConfig | None = None) -> None:
        config = config or ClientConfig()
        self._config = config if target is None else replace(config, target=target)
        # Opened at the first call: a channel belongs to the event loop that runs then. What is wrong is said now.
        self._targets = targets_of(self._config.target)
        self._opened: list[grpc.aio.Channel] = []
        self._turn = 0
        self._addresses = addresses_of(self._config.target)
        self._own: dict[str, grpc.aio.Channel] = {}
        self._closed = False

    @property
    def config(self) -> ClientConfig:
        """How this client reaches nodes."""
        return self._config

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends all calls and connections; the client cannot be used any more."""
        self._closed = True
        for channel in (*self._opened, *self._own.values()):
            await channel.close()

    def _channel(self) -> grpc.aio.Channel:
        if self._closed:
            raise RuntimeError("This client is closed; make a new one.")
        if not self._opened:
            self._opened = [open_channel(replace(self._config, target=target)) for target in self._targets]
        # Over the addresses behind each target gRPC balances itself.
        self._turn = (self._turn + 1) % len(self._opened)
        return self._opened[self._turn]

    def _documents(self) -> RenderServiceStub:
        return _documents_on(self._channel())

    def _lane(self, slot: int) -> RenderServiceStub:
        """Where the lane of that number goes: to its own address, where the target lists several; below 0, to any."""
        if slot < 0 or len(self._addresses) < 2:  # noqa: PLR2004 - one address needs no choice
            return self._documents()
        address = self._addresses[slot % len(self._addresses)]
        channel = self._own.get(address)
        if channel is None:
            self._channel()
            channel = self._own[address] = open_channel(replace(self._config, target=address))
        return _documents_on(channel)

    def _templates(self) -> template_service_pb2_grpc.TemplateServiceStub:
        return template_service_pb2_grpc.TemplateServiceStub(self._channel())

    def _assets(self) -> asset_service_pb2_grpc.AssetServiceStub:
        return asset_service_pb2_grpc.AssetServiceStub(self._channel())

    # Documents

    async def render(self, template: TemplateRef | str, record: Record, **options: Unpack[RenderOptions]) -> Document:
        """Renders one document. It is sent again, as the same request, where that is safe and may help.

        Args:
            template: the template: a ref, or `name@version`.
            record: the data: a mapping, or the text of a JSON object.
            **options: locale, output_channel, attributes, as_of, time_limit, …: see `RenderRequest`.

        Raises:
            RenderError: there is no document; the class says why.
        """
        return await self.render_request(RenderRequest(template, record, **options))

    async def render_request(self, request: RenderRequest) -> Document:
        """Renders one document, as `render` does.

        Raises:
            RenderError: there is no document; the class says why.
        """
        return await render_document(self._documents(), self._config, request)

    def render_stream(
        self,
        requests: Iterable[RenderRequest] | AsyncIterable[RenderRequest],
        *,
        ordered: bool = False,
        max_in_flight: int | None = None,
        on_error: OnError = "yield",
        on_progress: Callable[[Progress], None] | None = None,
    ) -> AsyncGenerator[Result, None]:
        """Renders many documents over one stream.

        Requests are pulled only when there is room, and results are held only until they are taken, so memory does
        not grow with the number of documents. What fails for a passing reason is sent again; so is what was on a
        stream that broke. Leaving the loop cancels what is in flight (at once, where the generator is closed: see
        `contextlib.aclosing`).

        Args:
            requests: what to render. A plain iterable is pulled on the event loop, so it should not block.
            ordered: whether results come in the order of the requests, or as they are completed, which is faster.
            max_in_flight: documents pulled and not yet handed over; None means the client's default.
            on_error: whether a failed document is yielded as a `FailedDocument`, or ends the stream with its error.
            on_progress: called with each result, e.g. to move a progress bar; it should be quick.

        Raises:
            RenderError: the stream itself cannot go on (access denied, no such call), or, with `on_error="raise"`, the
                error of the first failed document.
            ValueError: max_in_flight or on_error is wrong.
        """
        if on_error not in ("yield", "raise"):
            raise ValueError(f"on_error is {on_error!r}; valid are 'yield' and 'raise'")
        if max_in_flight is not None and max_in_flight < 1:
            raise ValueError(f"max_in_flight is {max_in_flight}; it must be at least 1")
        stream = RenderStream(
            self._lane,
            self._config,
            requests,
            ordered=ordered,
            max_in_flight=max_in_flight or self._config.max_in_flight,
            on_progress=on_progress,
        )
        return stream.results(raising=on_error == "raise")

    def render_rows(
        self,
        template: TemplateRef | str,
        record: Record,
        rows: RowsSource,
        *,
        rows_field: str,
        **options: Unpack[RenderOptions],
    ) -> RowsDocument:
        """Renders one document whose rows are sent while its pages come back; use it with `async with`.

        A call that breaks is not repeated, since the rows are gone; the error says whether sending all again may help.

        Args:
            template: the template: a ref, or `name@version`.
            record: the data without the rows: a mapping, or the text of a JSON object.
            rows: the rows, pulled as the node takes them.
            rows_field: the list of the record that they are for, e.g. `transactions` or `account.transactions`.
            **options: as for `render`; `time_limit` is an hour where it is not given.
        """
        request = RenderRequest(template, record, **options)
        return RowsDocument(self._documents(), self._config, request, rows, rows_field)

    def render_run(self, run_id: str, requests: RunRequests, *, options: RunOptions | None = None) -> PrintRun:
        """Renders many documents into PDF files that they share, for a printer; use it with `async with`.

        A run that breaks is not repeated, since what was pulled is gone; files that are whole by then stay good.

        Args:
            run_id: what the files say of themselves.
            requests: the documents, in the order in which they are printed, pulled as the node takes them.
            options: everything else.
        """
        return PrintRun(self._documents(), self._config, run_id, requests, options)

    async def print_run(
        self,
        run_id: str,
        requests: RunRequests,
        folder: str | os.PathLike[str],
        *,
        name: str = "",
        options: RunOptions | None = None,
    ) -> RunSummary:
        """Renders many documents into PDF files in a folder, with an index beside them.

        Args:
            run_id: what the files say of themselves.
            requests: the documents, in the order in which they are printed.
            folder: gets `NAME-0001.pdf` and so on, and `NAME.index.ndjson` with a line for each document.
            name: what the files are called; the run_id where it is empty.
            options: everything else.

        Raises:
            OSError: a file cannot be written.
            RenderError: the run can't go on.
            ValueError: the name is none of a file.
        """
        called = name or run_id
        if not called or Path(called).name != called or called.startswith("."):
            raise ValueError(f"name is {called!r}; it must be the name of a file, without a folder")
        return await save_run(self.render_run(run_id, requests, options=options), folder, called)

    async def verify(
        self,
        manifest: Document | str | bytes,
        record: Record,
        *,
        document: bytes | None = None,
        customer_reference: str = "",
    ) -> Verification:
        """Makes a document again and says whether the bytes are the same. That they differ is an answer, not an error.

        Args:
            manifest: the document, or the JSON text of its manifest as `Document.manifest_json` gave it.
            record: the record as it was sent; of a mapping, the same one.
            document: the document's bytes, so that the answer says where the first difference is.
            customer_reference: of the request; manifests do not keep it.

        Raises:
            InvalidRequestError: the record is not the one that the manifest names, or the manifest is none.
            TemplateNotFoundError: the template is not on the node.
            PinsMismatchError: an asset can no longer be had as it was.
            RenderError: the node cannot be reached, or cannot make the document.
        """
        request = render_service_pb2.VerifyRequest(
            manifest=manifest_message(manifest),
            record_json=encode_record(record),
            customer_reference=customer_reference,
            document=document or b"",
        )
        return to_verification(await self._call(self._documents().Verify, request))

    async def explain(
        self, template: TemplateRef | str, record: Record, **options: Unpack[RenderOptions]
    ) -> Explanation:
        """Says which assets a document would get and why, without making it. That it would fail is an answer.

        Args:
            template: the template: a ref, or `name@version`.
            record: the data: a mapping, or the text of a JSON object, at most 1 MiB.
            **options: as for `render`.

        Raises:
            TemplateNotFoundError: the template is not on the node.
            InvalidRecordError: the record does not fit the template.
            LimitExceededError: the record is too large.
            RenderError: the node cannot be reached, or cannot make the document for another reason.
        """
        return await self.explain_request(RenderRequest(template, record, **options))

    async def explain_request(self, request: RenderRequest) -> Explanation:
        """Says which assets a document would get and why, as `explain` does.

        Raises:
            RenderError: there is no explanation; the class says why.
        """
        message = render_service_pb2.ExplainRequest()
        fill_request(
            message.document,
            request,
            request_id=request.request_id or uuid.uuid4().hex,
            record=encode_record(request.record),
            as_of=time.time_ns(),
            time_limit=seconds(request, self._config.call_timeout),
        )
        return to_explanation(await self._call(self._documents().Explain, message))

    # Templates

    async def publish(self, bundle: str | os.PathLike[str] | Bundle) -> PublishedTemplate:
        """Compiles a bundle and makes it available. Publishing the same bundle again changes nothing.

        Args:
            bundle: its folder, or its files by relative path.

        Raises:
            BundleError: it cannot be read.
            TemplateInvalidError: it has errors; `diagnostics` say all of them.
            TemplateConflictError: this name and version was published with other files.
            RenderError: the node cannot be reached, or a limit is passed.
        """
        request = template_service_pb2.PublishRequest(files=await self._files(bundle))
        return to_published_template(await self._call(self._templates().Publish, request))

    async def check(self, bundle: str | os.PathLike[str] | Bundle) -> CheckResult:
        """Compiles a bundle without making it available, and says everything there is to say about it.

        Args:
            bundle: its folder, or its files by relative path.

        Raises:
            BundleError: it cannot be read.
            RenderError: the node cannot be reached, or a limit is passed.
        """
        request = template_service_pb2.CheckRequest(files=await self._files(bundle))
        return to_check_result(await self._call(self._templates().Check, request))

    async def templates(self, *, page_size: int = 100) -> AsyncIterator[TemplateInfo]:
        """The published templates by name, then version; a page is fetched when it is needed.

        Raises:
            RenderError: the node cannot be reached.
        """
        token = ""
        while True:
            request = template_service_pb2.ListRequest(page_size=page_size, page_token=token)
            page = await self._call(self._templates().List, request)
            for template in page.templates:
                yield to_template_info(template)
            token = page.next_page_token
            if not token:
                return

    async def template(self, ref: TemplateRef | str) -> TemplateInfo:
        """One published template.

        Raises:
            TemplateNotFoundError: there is none of that name.
            RenderError: the node cannot be reached.
        """
        request = template_service_pb2.GetRequest(template=template_message(ref))
        return to_template_info((await self._call(self._templates().Get, request)).template)

    # The node

    async def health(self) -> NodeHealth:
        """Whether a node takes documents; of several nodes, one of those that do.

        Raises:
            NodeUnavailableError: no node answers, or none that is serving.
        """
        request = health_pb2.HealthCheckRequest(service="pressrun.v1.RenderService")
        try:
            response = await self._call(self._check_health(), request)
        except UnsupportedError:
            return NodeHealth.UNKNOWN
        return _HEALTHS.get(response.status, NodeHealth.UNKNOWN)

    def _check_health(self) -> grpc.aio.UnaryUnaryMultiCallable[Any, health_pb2.HealthCheckResponse]:
        stub: Any = health_pb2_grpc.HealthStub(self._channel())  # the package has no types
        return cast("grpc.aio.UnaryUnaryMultiCallable[Any, health_pb2.HealthCheckResponse]", stub.Check)

    async def _files(self, bundle: str | os.PathLike[str] | Bundle) -> list[template_service_pb2.BundleFile]:
        limit = self._config.message_limit - _BUNDLE_MARGIN
        files = await asyncio.to_thread(read_bundle, bundle, limit=max(limit, 1))
        return [template_service_pb2.BundleFile(path=path, content=content) for path, content in files.items()]

    async def _call(self, method: grpc.aio.UnaryUnaryMultiCallable[Any, _Answer], request: Message) -> _Answer:
        size, limit = request.ByteSize(), self._config.message_limit
        if size > limit:
            raise request_too_large(size, limit)
        try:
            metadata = trace_metadata(self._config.traceparent)
            return await method(request, timeout=self._config.call_timeout, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            raise error_from_rpc(error, target=self._config.target) from error
        except asyncio.CancelledError:
            if not cancelled_by_peer():
                raise
            raise RenderCancelledError("The node cancelled the call.", code="CANCELLED") from None


def _documents_on(channel: grpc.aio.Channel) -> RenderServiceStub:
    stub = RenderServiceStub(channel)
    # Its answers are read by `wire`, from their bytes.
    stub.Render = channel.stream_stream(
        "/pressrun.v1.RenderService/Render", request_serializer=render_service_pb2.RenderRequest.SerializeToString
    )
    return stub
