"""What a collector gets of a real node's documents."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import grpc
import pytest
import pytest_asyncio
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from structlog.testing import capture_logs
from tests.integration.node.conftest import StartNode
from tests.servers.otlp_collector import Collector, attributes_of

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_client import Client, ClientConfig, RenderRequest
from pressrun_client import traced as belongs_to
from pressrun_loadtest.samples import statement_path
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHASES = ["admit", "compile", "select", "resolve", "admit", "bind", "lay_out", "emit", "stream"]
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
LIST = {
    "template.yaml": b"""
name: list
version: "1"
html: page.html
channels: [print]
default_locale: en-GB
locales: [en-GB]
schema: {type: object, required: [rows], properties: {rows: {type: array, items: {type: string}}}}
""",
    "page.html": b"""<!doctype html><html lang="en"><head><title>List</title><style>@page { size: A4; margin: 15mm }</style></head>
<body><p pr-for="row in rows">{{ row }}</p></body></html>""",
}
"""A template whose rows may arrive in parts."""
SAMPLED, UNSAMPLED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def collector() -> AsyncIterator[Collector]:
    """A collector for all tests; each looks for its own documents."""
    async with Collector() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def traced(
    start_node: StartNode, collector: Collector, speak: Any, statement: dict[str, bytes]
) -> AsyncIterator[tuple[Node, Any]]:
    """A node of which every document is traced, and its caller."""
    settings = {"otlp_endpoint": collector.url, "trace_ratio": "1", "otlp_headers": "authorization=Bearer%20x,x-team=a"}
    async with start_node("traced", known=True, **settings) as node, speak(node) as caller:
        await caller.publish(statement)
        yield node, caller


def _strings(value: Any) -> list[str]:
    """The texts of a record that could be found in anything else by no chance."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in _strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in _strings(part)]
    return [value] if isinstance(value, str) and len(value) > 8 else []


async def test_a_document_is_a_span_with_its_phases(
    traced: tuple[Node, Any], collector: Collector, document: Callable[..., Any]
) -> None:
    """Two documents of a stream are two traces, whose phases follow each other and fill the document's time."""
    node, caller = traced
    secret = document_pb2.Attributes(customer_reference="secret-reference-77")
    answers = await caller.documents(
        document("one", tenant="acme", attributes=secret, communication_id="communication-55"), document("two")
    )
    await collector.until(lambda: len(collector.spans) >= 20)
    one, two = collector.root("one"), collector.root("two")
    assert one.trace_id != two.trace_id
    assert (len(one.trace_id), len(one.span_id), one.parent_span_id) == (16, 8, b"")
    assert one.kind == Span.SPAN_KIND_SERVER
    assert one.status.code == Status.STATUS_CODE_UNSET
    manifest = answers["one"].completion.manifest
    assert attributes_of(one) == {
        "pressrun.request_id": "one",
        "pressrun.tenant": "acme",
        "pressrun.template": f"statement@{manifest.template_version}",
        "pressrun.template_digest": manifest.pins.template_digest,
        "pressrun.output_channel": "print",
        "pressrun.pages": manifest.pages,
        "pressrun.bytes": len(answers["one"].data),
        "pressrun.result": "ok",
        "pressrun.reason": "NONE",
    }
    for root in (one, two):
        phases = collector.phases(root)
        assert [span.name for span in phases] == PHASES
        assert {span.trace_id for span in phases} == {root.trace_id}
        assert phases[0].start_time_unix_nano == root.start_time_unix_nano
        for before, after in itertools.pairwise(phases):
            assert before.end_time_unix_nano == after.start_time_unix_nano
        assert phases[-1].end_time_unix_nano == root.end_time_unix_nano
        assert all(span.end_time_unix_nano > span.start_time_unix_nano for span in phases if span.name != "admit")
        assert [attributes_of(span).get("pressrun.waited_for") for span in phases if span.name == "admit"] == [
            "slot", "composer",
        ]  # fmt: skip
        finished = answers[attributes_of(root)["pressrun.request_id"]].completion.manifest.finished_at
        assert root.start_time_unix_nano <= finished.ToNanoseconds() <= root.end_time_unix_nano + 50_000_000
    assert collector.resource["service.name"] == "pressrun"
    assert collector.resource["service.instance.id"]
    assert (collector.headers["Authorization"], collector.headers["x-team"]) == ("Bearer x", "a")

    record = json.loads((statement_path() / "samples" / "everyday-en.json").read_bytes())
    texts = _strings(record)
    assert len(texts) > 10
    for text in (*texts, "secret-reference-77", "communication-55"):
        assert text.encode() not in collector.raw, text

    async with aiohttp.ClientSession(headers={"Accept": "application/openmetrics-text; version=1.0.0"}) as session:
        page = await (await session.get(f"http://{node.http_address}/metrics")).text()
    exemplars = {
        (sample.name, sample.exemplar.labels["trace_id"])
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.exemplar is not None
    }
    seen = {root.trace_id.hex() for root in (one, two)}
    for name in ("pressrun_document_seconds_bucket", "pressrun_time_to_first_byte_seconds_bucket"):
        told = {trace for metric, trace in exemplars if metric == name}
        assert told
        assert told <= seen


async def test_a_failure_names_its_step_and_its_log_line_the_trace(
    traced: tuple[Node, Any], collector: Collector, document: Callable[..., Any]
) -> None:
    """A record that is wrong ends the trace in `select`, as an error with its reason; the log has the same ids."""
    _, caller = traced
    with capture_logs() as logs:
        answers = await caller.documents(document("broken", record=b'{"customer": "Mrs Nobody-Knows"}'))
    assert answers["broken"].failure is not None
    await collector.until(lambda: any(attributes_of(r)["pressrun.request_id"] == "broken" for r in collector.roots()))
    root = collector.root("broken")
    assert [span.name for span in collector.phases(root)] == ["admit", "compile", "select"]
    assert (root.status.code, root.status.message) == (Status.STATUS_CODE_ERROR, "INVALID_RECORD")
    assert collector.phases(root)[-1].status.code == Status.STATUS_CODE_ERROR
    assert collector.phases(root)[0].status.code == Status.STATUS_CODE_UNSET
    told = attributes_of(root)
    assert (told["pressrun.result"], told["pressrun.reason"]) == ("failed", "INVALID_RECORD")
    assert (told["pressrun.pages"], told["pressrun.bytes"]) == (0, 0)
    assert b"Nobody-Knows" not in collector.raw
    [line] = [line for line in logs if line["event"] == "document_failed"]
    assert (line["trace_id"], line["span_id"]) == (root.trace_id.hex(), root.span_id.hex())


async def test_every_call_belongs_to_its_callers_trace(
    start_node: StartNode,
    collector: Collector,
    speak: Any,
    statement: dict[str, bytes],
    document: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A node that samples nothing of its own traces what its caller traces: documents of every RPC that makes some."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "letters")
    metadata = (("traceparent", SAMPLED), ("tracestate", "vendor=1"))
    async with (
        start_node("asked", known=True, otlp_endpoint=collector.url, trace_ratio="0") as node,
        speak(node) as caller,
    ):
        await caller.publish(statement)
        await caller.documents(document("alone"))
        await caller.documents(document("stream-1"), document("stream-2"), metadata=metadata)
        request = render_service_pb2.RenderUnaryRequest(document=document("unary"))
        unary = await caller.render.RenderUnary(request, metadata=metadata)
        await caller.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=document("unasked")))
        call = caller.render.RenderDocument(
            render_service_pb2.RenderDocumentRequest(document=document("document")), metadata=metadata
        )
        assert [message async for message in call][-1].HasField("completion")
        await caller.publish(LIST)
        start = render_service_pb2.RowsStart(
            document=document("rows", record=b"{}", template=document_pb2.TemplateRef(name="list")), rows_field="rows"
        )
        parts = [
            render_service_pb2.RenderRowsRequest(start=start),
            render_service_pb2.RenderRowsRequest(rows=render_service_pb2.Rows(rows_json=b'["a", "b"]')),
        ]
        call = caller.render.RenderRows(iter(parts), metadata=metadata)
        assert [message async for message in call][-1].HasField("completion")
        await caller.render.Verify(
            render_service_pb2.VerifyRequest(
                manifest=unary.completion.manifest,
                record_json=request.document.record_json,
            ),
            metadata=metadata,
        )
        await caller.documents(document("unsampled"), metadata=(("traceparent", UNSAMPLED),))
    # Whatever a node had not sent yet has come when it has stopped.
    ours = [root for root in collector.roots() if root.trace_id.hex() == TRACE]
    names = sorted(attributes_of(root)["pressrun.request_id"] for root in ours)
    assert names == ["document", "rows", "stream-1", "stream-2", "unary", "unary"]
    for root in ours:
        assert (root.parent_span_id.hex(), root.trace_state) == (CALLER, "vendor=1")
        assert [span.name for span in collector.phases(root)] == PHASES
    everything = {attributes_of(root)["pressrun.request_id"] for root in collector.roots()}
    assert not everything & {"alone", "unasked", "unsampled"}
    assert collector.resource["service.name"] == "letters"


@pytest.mark.parametrize(
    "header",
    [
        "nonsense",
        f"00-{'0' * 32}-{CALLER}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}",
        f"{SAMPLED}x",
    ],
)
async def test_what_is_no_traceparent_is_ignored(
    traced: tuple[Node, Any], collector: Collector, document: Callable[..., Any], header: str
) -> None:
    """A document whose caller's header is wrong is made and begins a trace of its own."""
    _, caller = traced
    before = len(collector.roots())
    answers = await caller.documents(document("odd"), metadata=(("traceparent", header), ("tracestate", "a=b")))
    assert answers["odd"].completion is not None
    await collector.until(lambda: len(collector.roots()) > before)
    root = collector.roots()[-1]
    assert (root.parent_span_id, root.trace_state) == (b"", "")
    assert root.trace_id.hex() != TRACE


async def test_an_unsampled_caller_is_in_the_log(
    traced: tuple[Node, Any], collector: Collector, document: Callable[..., Any]
) -> None:
    """Where a caller's trace is not sampled, nothing is sent although the ratio is 1; log lines carry its trace_id."""
    _, caller = traced
    with capture_logs() as logs:
        await caller.documents(document("quiet", record=b"{}"), metadata=(("traceparent", UNSAMPLED),))
    await caller.documents(document("after"))
    await collector.until(lambda: any(attributes_of(r)["pressrun.request_id"] == "after" for r in collector.roots()))
    assert "quiet" not in {attributes_of(root)["pressrun.request_id"] for root in collector.roots()}
    [line] = [line for line in logs if line["event"] == "document_failed"]
    assert line["trace_id"] == TRACE


async def test_a_collector_that_hangs_or_is_away_costs_spans_only(
    start_node: StartNode,
    speak: Any,
    statement: dict[str, bytes],
    document: Callable[..., Any],
    value: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Documents are made while no request is answered; their spans are counted as lost, and the node stops."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with Collector() as slow:
        slow.released.clear()
        async with (
            start_node("hanging", known=True, otlp_endpoint=slow.url, trace_ratio="1") as node,
            speak(node) as caller,
        ):
            await caller.publish(statement)
            await caller.documents(document("first"))
            await slow.until(lambda: slow.requests > 0)
            for number in range(5):
                answers = await caller.documents(document(f"d{number}"))
                assert answers[f"d{number}"].completion is not None
            while await value(node, "pressrun_trace_spans_total", result="lost") < 10:
                await asyncio.sleep(0.05)
            assert await value(node, "pressrun_trace_spans_total", result="sent") == 0
            assert await value(node, "pressrun_documents_total", result="ok") == 6
        assert slow.spans == []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    async with start_node("away", known=True, otlp_endpoint=nobody, trace_ratio="1") as node, speak(node) as caller:
        await caller.publish(statement)
        assert (await caller.documents(document("one")))["one"].completion is not None
        while await value(node, "pressrun_trace_spans_total", result="lost") < 10:
            await asyncio.sleep(0.05)


async def test_a_cancelled_document_is_no_error(
    traced: tuple[Node, Any], collector: Collector, document: Callable[..., Any]
) -> None:
    """Who gives a document up gets no error into the trace; the step in which it was is the last one."""
    _, caller = traced
    record = json.loads((statement_path() / "samples" / "everyday-en.json").read_bytes())
    record["transactions"] *= 1500
    request = document("given-up", record=json.dumps(record).encode())
    call = caller.render.RenderDocument(render_service_pb2.RenderDocumentRequest(document=request))
    assert (await call.read()) is not grpc.aio.EOF
    call.cancel()
    await collector.until(lambda: any(attributes_of(r)["pressrun.request_id"] == "given-up" for r in collector.roots()))
    root = collector.root("given-up")
    assert (root.status.code, attributes_of(root)["pressrun.result"]) == (Status.STATUS_CODE_UNSET, "cancelled")
    phases = collector.phases(root)
    assert [span.name for span in phases] == ["admit", "compile", "select", "resolve", "compose"]
    assert phases[-1].end_time_unix_nano == root.end_time_unix_nano


async def test_the_client_says_which_trace_it_belongs_to(traced: tuple[Node, Any], collector: Collector) -> None:
    """Documents of a stream, and one alone, are below the span that the Python client names; nobody else's are."""
    node, _ = traced
    record = (statement_path() / "samples" / "everyday-en.json").read_bytes()
    async with Client(config=ClientConfig(target=node.address, traceparent=UNSAMPLED)) as client:
        with belongs_to(SAMPLED):
            requests = [RenderRequest("statement", record, request_id=f"below-{number}") for number in range(2)]
            assert all([result.ok async for result in client.render_stream(requests)])
            await client.render("statement", record, request_id="below-alone")
        await client.render("statement", record, request_id="below-nothing")
    async with Client(node.address) as other:
        await other.render("statement", record, request_id="own-root")
    await collector.until(lambda: "own-root" in _told(collector))
    for name in ("below-0", "below-1", "below-alone"):
        span = collector.root(name)
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, CALLER)
    assert collector.root("own-root").trace_id.hex() != TRACE
    assert "below-nothing" not in _told(collector)


def _told(collector: Collector) -> set[str]:
    """The documents of which a span came."""
    return {attributes_of(span)["pressrun.request_id"] for span in collector.roots()}
