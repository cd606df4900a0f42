from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import grpc
import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from prometheus_client.parser import text_string_to_metric_families

from pressrun.v1 import (
    asset_service_pb2_grpc,
    document_pb2,
    render_service_pb2,
    render_service_pb2_grpc,
    template_service_pb2,
    template_service_pb2_grpc,
)
from pressrun_client import Client
from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_loadtest.sandbox import Sandbox
from pressrun_server.app.config import NodeConfig
from pressrun_server.app.node import Node

MAPPING = """
fields:
  approval: {field: ACME.FIELD.APPROVAL, approved: [APPROVED], pending: [PENDING], rejected: [NOT_APPROVED]}
"""
"""How the sandbox's Core DAM says that an asset is approved."""

_PATIENCE = 20.0

StartNode = Callable[..., AbstractAsyncContextManager[Node]]


shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
"""A node takes seconds to start, so the tests of a module share one; each that changes it starts its own."""


@shared
async def sandbox() -> AsyncIterator[Sandbox]:
    """The stand-ins of the outside systems, with the shipped seed."""
    async with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of assets."""
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Awaitable[Path]]:
    """Gives what a node keeps of its templates when the sample was published to it; compiling takes most of a second.

    Made when it is first wanted, and not a fixture's value: that of one that ran out of time would fail every later test.
    """
    made: list[Path] = []

    async def get() -> Path:
        if not made:
            folder = tmp_path_factory.mktemp("compiled")
            environ = {
                "PRESSRUN_LISTEN": "127.0.0.1:0", "PRESSRUN_HTTP_LISTEN": "127.0.0.1:0",
                "PRESSRUN_DATA_DIR": str(folder), "PRESSRUN_LIBRARY_PATH": str(folder),
                "PRESSRUN_COMPOSERS": "1", "PRESSRUN_PREPARERS": "1",
            }  # fmt: skip
            node = Node(NodeConfig.from_env(environ))
            await node.start()
            try:
                async with Client(node.address) as client:
                    await client.publish(statement_path())
            finally:
                await node.stop()
            made.append(folder / "templates")
        return made[0]

    return get


@pytest.fixture(scope="module")
def start_node(
    tmp_path_factory: pytest.TempPathFactory,
    sandbox: Sandbox,
    library: Path,
    compiled: Callable[[], Awaitable[Path]],
) -> StartNode:
    """Starts real nodes in this process, on free ports, with the sandbox as their sources.

    `known`: they have the sample. `patient`: they wait for Redis as long as it takes; a busy machine is no slow server.
    """
    folder = tmp_path_factory.mktemp("nodes")
    mapping = folder / "core-dam.yaml"
    mapping.write_text(MAPPING)

    @contextlib.asynccontextmanager
    async def start(name: str, *, known: bool = False, patient: bool = False, **settings: str) -> AsyncIterator[Node]:
        if known:
            shutil.copytree(await compiled(), folder / name / "templates")
        environ = {
            "PRESSRUN_LISTEN": "127.0.0.1:0",
            "PRESSRUN_HTTP_LISTEN": "127.0.0.1:0",
            "PRESSRUN_DATA_DIR": str(folder / name),
            "PRESSRUN_COMPOSERS": "1",
            "PRESSRUN_PREPARERS": "1",
            "PRESSRUN_LIBRARY_PATH": str(library),
            "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
            "PRESSRUN_CORE_DAM_MAPPING_FILE": str(mapping),
            **sandbox.settings.environment(),
            **{f"PRESSRUN_{key.upper()}": value for key, value in settings.items()},
        }
        config = NodeConfig.from_env(environ)
        if patient and config.store.redis is not None:
            redis = replace(config.store.redis, timeout_seconds=_PATIENCE)
            config = replace(config, store=replace(config.store, redis=redis))
        node = Node(config)
        await node.start()
        try:
            yield node
        finally:
            await node.stop()

    return start


@pytest.fixture
def free_port() -> Callable[[], tuple[int, socket.socket]]:
    """Finds a port that is free, before one that is taken by the socket that comes with it."""

    def find() -> tuple[int, socket.socket]:
        while True:
            with socket.socket() as first:
                first.bind(("127.0.0.1", 0))
                port = int(first.getsockname()[1])
            second = socket.socket()
            try:
                second.bind(("127.0.0.1", port + 1))
                second.listen()
            except (OSError, OverflowError):
                second.close()
                continue
            return port, second

    return find


@shared
async def node(start_node: StartNode) -> AsyncIterator[Node]:
    """A node with the usual settings."""
    async with start_node("shared", known=True) as running:
        yield running


class _Caller:
    """Speaks to a node as any gRPC client would, with the generated stubs alone."""

    def __init__(self, node: Node) -> None:
        options = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 256 << 20)]
        self.channel = grpc.aio.insecure_channel(node.address, options=options)
        self.render: Any = render_service_pb2_grpc.RenderServiceStub(self.channel)
        self.templates: Any = template_service_pb2_grpc.TemplateServiceStub(self.channel)
        self.assets: Any = asset_service_pb2_grpc.AssetServiceStub(self.channel)

    async def publish(self, files: dict[str, bytes]) -> Any:
        bundle = [template_service_pb2.BundleFile(path=path, content=content) for path, content in files.items()]
        return await self.templates.Publish(template_service_pb2.PublishRequest(files=bundle))

    async def documents(self, *requests: document_pb2.DocumentRequest, **options: Any) -> dict[str, SimpleNamespace]:
        """Renders over one stream; by request_id the bytes, completion, failure and number of parts."""
        items = [render_service_pb2.RenderRequestItem(document=request) for request in requests]
        call = self.render.Render(iter([render_service_pb2.RenderRequest(items=items)]), **options)
        return await self.collect(call)

    async def collect(self, call: Any) -> dict[str, SimpleNamespace]:
        found: dict[str, SimpleNamespace] = {}
        async for response in call:
            for item in response.items:
                one = found.setdefault(
                    item.request_id, SimpleNamespace(data=b"", header=None, completion=None, failure=None, parts=0)
                )
                assert one.completion is None
                assert one.failure is None
                one.parts += 1
                if item.HasField("header"):
                    assert one.parts == 1
                    one.header = item.header
                if item.data:
                    assert item.offset == len(one.data)
                    one.data += item.data
                if item.HasField("completion"):
                    one.completion = item.completion
                if item.HasField("failure"):
                    one.failure = item.failure
        return found


@shared
async def caller(node: Node, statement: dict[str, bytes]) -> AsyncIterator[_Caller]:
    """A client of the node, which has the sample template."""
    made = _Caller(node)
    await made.publish(statement)
    # What is fetched ahead of the documents would be counted in tests that count.
    assert node._pipeline is not None
    warming: Any = node._pipeline._warming
    await warming.idle()
    yield made
    await made.channel.close()


@pytest.fixture(scope="session")
def speak() -> Callable[[Node], AbstractAsyncContextManager[_Caller]]:
    """Makes clients of further nodes."""

    @contextlib.asynccontextmanager
    async def make(node: Node) -> AsyncIterator[_Caller]:
        made = _Caller(node)
        try:
            yield made
        finally:
            await made.channel.close()

    return make


@pytest.fixture(scope="session")
def statement() -> dict[str, bytes]:
    """The files of the sample template."""
    return load_bundle(statement_path())


def _document(request_id: str = "r1", record: bytes | None = None, **changes: Any) -> document_pb2.DocumentRequest:
    if record is None:
        record = (statement_path() / "samples" / "everyday-en.json").read_bytes()
    fields: dict[str, Any] = {
        "request_id": request_id,
        "template": document_pb2.TemplateRef(name="statement"),
        "record_json": record,
        "as_of": Timestamp(seconds=1_772_000_000),
    }
    return document_pb2.DocumentRequest(**{**fields, **changes})


@pytest.fixture(scope="session")
def document() -> Callable[..., document_pb2.DocumentRequest]:
    """Builds requests for the sample template."""
    return _document


@pytest.fixture(scope="session")
def details() -> Callable[[status_pb2.Status | grpc.aio.AioRpcError], SimpleNamespace]:
    """Takes the details of a status apart, also of one that ended a call."""

    def take(status: status_pb2.Status | grpc.aio.AioRpcError) -> SimpleNamespace:
        if isinstance(status, grpc.aio.AioRpcError):
            metadata = dict(status.trailing_metadata() or ())
            status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
        found = SimpleNamespace(reason="", metadata={}, violations={}, retry=None, diagnostics=[])
        for detail in status.details:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                info = error_details_pb2.ErrorInfo()
                detail.Unpack(info)
                assert info.domain == "pressrun.dev"
                found.reason, found.metadata = info.reason, dict(info.metadata)
            elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                bad = error_details_pb2.BadRequest()
                detail.Unpack(bad)
                found.violations = {violation.field: violation.description for violation in bad.field_violations}
            elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
                retry = error_details_pb2.RetryInfo()
                detail.Unpack(retry)
                found.retry = retry.retry_delay.ToTimedelta().total_seconds()
            elif detail.Is(template_service_pb2.DiagnosticReport.DESCRIPTOR):
                report = template_service_pb2.DiagnosticReport()
                detail.Unpack(report)
                found.diagnostics = list(report.diagnostics)
        return found

    return take


@pytest.fixture(scope="session")
def value() -> Callable[..., Awaitable[float]]:
    """Reads a metric over HTTP, as Prometheus does: the sum of the series with these labels."""

    async def read(node: Node, name: str, **labels: str) -> float:
        async with aiohttp.ClientSession() as session, session.get(f"http://{node.http_address}/metrics") as answer:
            text = await answer.text()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    return read
