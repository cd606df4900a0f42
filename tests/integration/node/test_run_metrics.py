"""What is told of print runs: metrics, the log line at the end, and the span."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.integration.node.conftest import StartNode
from tests.servers.otlp_collector import Collector, attributes_of

from pressrun_client import (
    Client,
    ClientConfig,
    OnFailure,
    PrintOptions,
    RenderError,
    RenderRequest,
    RunOptions,
    Separators,
)
from pressrun_loadtest.records import generate_small
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def statements(count: int, *, wrong: int = -1) -> list[RenderRequest]:
    """Statements of two pages; the record of one may be wrong."""
    return [
        RenderRequest(
            "statement@1",
            {} if number == wrong else item["record"],
            request_id=f"r-{number}",
            locale=item["locale"],
            attributes=item["attributes"],
        )
        for number, item in enumerate(generate_small(5, count))
    ]


async def made(client: Client, run_id: str, requests: Any, **options: Any) -> int:
    """Make a run; gives the bytes of its files."""
    size = 0
    async with client.render_run(run_id, requests, options=RunOptions(**options)) as run:
        async for part in run:
            size += len(getattr(part, "data", b""))
    return size


async def test_a_run_is_counted(node: Node, caller: Any, value: Callable[..., Any]) -> None:
    """Its documents, pages, sheets, bytes and files; they count as documents of the node, and nobody waited for them."""
    del caller
    waited = await value(node, "pressrun_document_seconds_count", template="statement", channel="print")
    cpu = await value(node, "pressrun_compose_cpu_seconds_total")
    documents = await value(node, "pressrun_documents_total", template="statement", result="ok", reason="NONE")
    async with Client(node.address) as client:
        with capture_logs() as lines:
            size = await made(
                client, "october", statements(6, wrong=4), max_documents=3, print_options=PrintOptions(duplex=True)
            )
    assert await value(node, "pressrun_runs_total", result="ok", reason="NONE") == 1
    assert await value(node, "pressrun_runs_in_flight") == 0
    assert await value(node, "pressrun_run_seconds_count") == 1
    assert await value(node, "pressrun_run_documents_total", result="ok", reason="NONE") == 5
    assert await value(node, "pressrun_run_documents_total", result="failed", reason="INVALID_RECORD") == 1
    assert await value(node, "pressrun_run_pages_total") == 10
    assert await value(node, "pressrun_run_sheets_total") == 5
    assert await value(node, "pressrun_run_files_total") == 2
    assert await value(node, "pressrun_run_bytes_total") == size
    same = {"template": "statement", "result": "ok", "reason": "NONE"}
    assert await value(node, "pressrun_documents_total", **same) == documents + 5
    assert await value(node, "pressrun_document_seconds_count", template="statement", channel="print") == waited
    assert await value(node, "pressrun_compose_cpu_seconds_total") > cpu
    [line] = [line for line in lines if line["event"] == "run_ended"]
    told = {
        name: line[name] for name in ("run_id", "result", "reason", "documents", "failed", "pages", "files", "bytes")
    }
    assert told == {
        "run_id": "october", "result": "ok", "reason": "NONE",
        "documents": 5, "failed": 1, "pages": 10, "files": 2, "bytes": size,
    }  # fmt: skip
    assert not any(word in json.dumps(lines, default=str) for word in _words(statements(6)))


def _words(requests: list[RenderRequest]) -> list[str]:
    """Names and numbers of the records' customers."""
    customers = [request.record["customer"] for request in requests]  # type: ignore[index, call-overload]
    return [customer[field] for customer in customers for field in ("name", "number")]


async def test_runs_that_end_otherwise(node: Node, caller: Any, value: Callable[..., Any]) -> None:
    """Stopped where the client wanted it so, failed where a separator is not there, cancelled where the client left."""
    del caller

    async def endless() -> AsyncIterator[RenderRequest]:
        for request in statements(1) * 10_000:
            yield request
            await asyncio.sleep(0.01)

    async with Client(node.address) as client:
        await made(client, "stops", statements(4, wrong=2), on_failure=OnFailure.STOP)
        assert await value(node, "pressrun_runs_total", result="stopped", reason="NONE") == 1
        with pytest.raises(RenderError):
            await made(client, "fails", statements(2), separators=Separators("no-such-template@1"))
        assert await value(node, "pressrun_runs_total", result="failed", reason="TEMPLATE_NOT_FOUND") == 1
        async with client.render_run("leaves", endless()) as run:
            async for _ in run:
                assert await value(node, "pressrun_runs_in_flight") == 1
                break
        async with asyncio.timeout(10):
            while await value(node, "pressrun_runs_total", result="cancelled", reason="CANCELLED") != 1:
                await asyncio.sleep(0.05)
    assert await value(node, "pressrun_runs_in_flight") == 0


async def test_a_run_is_a_span(start_node: StartNode, speak: Any, statement: dict[str, bytes]) -> None:
    """One span for a run, below its caller's, with its counts; failed documents in the log lead to it."""
    async with Collector() as collector:
        settings = {"otlp_endpoint": collector.url, "trace_ratio": "0"}
        async with start_node("run-traced", known=True, **settings) as node, speak(node) as caller:
            await caller.publish(statement)
            config = ClientConfig(target=node.address, traceparent=f"00-{TRACE}-{CALLER}-01")
            async with Client(config=config) as client:
                with capture_logs() as lines:
                    size = await made(client, "november", statements(3, wrong=1), tenant="acme")
                await collector.until(lambda: any(span.name == "render run" for span in collector.spans))
                [root] = [span for span in collector.spans if span.name == "render run"]
                assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE, CALLER)
                assert attributes_of(root) == {
                    "pressrun.run_id": "november", "pressrun.tenant": "acme", "pressrun.documents": 2,
                    "pressrun.failed": 1, "pressrun.pages": 4, "pressrun.files": 1, "pressrun.bytes": size,
                    "pressrun.result": "ok", "pressrun.reason": "NONE",
                }  # fmt: skip
                phases = collector.phases(root)
                assert [span.name for span in phases] == ["admit", "stream"]
                assert phases[-1].end_time_unix_nano == root.end_time_unix_nano
                assert not [span for span in collector.spans if span.name == "render document"]
                ended = [line for line in lines if line["event"] in {"run_ended", "document_failed"}]
                assert [line["event"] for line in ended] == ["document_failed", "run_ended"]
                assert {(line["trace_id"], line["span_id"]) for line in ended} == {(TRACE, root.span_id.hex())}
