"""What Prometheus sees of a node that worked."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from typing import Any

import aiohttp
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.integration.node.conftest import StartNode

from pressrun.v1 import asset_service_pb2, document_pb2
from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.faults import parse_rule
from pressrun_loadtest.sandbox.fields import Fields
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _page(node: Node) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://{node.http_address}/metrics") as answer:
        assert answer.status == 200
        return await answer.text()


async def test_work_shows_in_the_metrics(
    node: Node, caller: Any, document: Callable[..., Any], value: Callable[..., Any]
) -> None:
    """Documents, cache, sources, RPCs, processes and build are all there after some work, with sensible values."""
    answers = await caller.documents(document("a"), document("b"), document("c", record=b"{}"))
    size = sum(len(answer.data) for answer in answers.values())
    labels = {"template": "statement", "channel": "print"}
    assert await value(node, "pressrun_documents_total", **labels, result="ok", reason="NONE") == 2
    assert await value(node, "pressrun_documents_total", **labels, result="failed", reason="INVALID_RECORD") == 1
    assert await value(node, "pressrun_pages_total", **labels) == 4
    assert await value(node, "pressrun_document_bytes_total", **labels) == size
    assert await value(node, "pressrun_document_seconds_count", **labels) == 2
    assert await value(node, "pressrun_time_to_first_byte_seconds_count", **labels) == 2
    total = await value(node, "pressrun_document_seconds_sum", **labels)
    assert await value(node, "pressrun_phase_seconds_sum") == pytest.approx(total)
    for phase in ("admit", "compile", "select", "resolve", "bind", "lay_out", "emit", "stream"):
        assert await value(node, "pressrun_phase_seconds_count", phase=phase) == 2
        assert 0 < await value(node, "pressrun_phase_seconds_sum", phase=phase) < total
    assert await value(node, "pressrun_cache_requests_total") > 0
    assert await value(node, "pressrun_source_requests_total", source="core-dam", outcome="ok") >= 1
    assert await value(node, "pressrun_source_requests_total", source="cloudinary", outcome="ok") >= 1
    assert await value(node, "pressrun_composer_documents_composed_total") == 2
    assert await value(node, "pressrun_preparer_tasks_total") >= 3
    assert await value(node, "pressrun_rpc_requests_total", method="RenderService/Render", code="OK") == 1
    assert await value(node, "pressrun_build_info") == 1
    assert await value(node, "pressrun_ready") == 1
    assert await value(node, "pressrun_templates") == 1
    assert await value(node, "process_resident_memory_bytes") > 10_000_000
    assert await value(node, "process_cpu_seconds_total") > 0


async def test_promtool_has_nothing_to_say(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """`promtool check metrics` finds names, units and help texts in order."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.fail("promtool is not on the PATH; install it: apt-get install prometheus")
    await caller.documents(document(), document("bad", record=b"{}"))
    process = await asyncio.create_subprocess_exec(
        promtool,
        "check",
        "metrics",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate((await _page(node)).encode())
    assert (process.returncode, said.decode()) == (0, "")


async def test_the_way_to_the_sources(
    start_node: StartNode, sandbox: Sandbox, speak: Callable[..., Any], statement: dict[str, bytes],
    document: Callable[..., Any], value: Callable[..., Any],
) -> None:  # fmt: skip
    """What a source still allows, and that it is down, can be seen; limits of the node stand beside what is used."""
    settings = {
        "sources_breaker_failures": "2",
        "sources_retries": "0",
        "slots": "7",
        "queue": "9",
        "drain_seconds": "4",
    }
    async with start_node("ways", known=True, **settings) as node, speak(node) as caller:
        assert await value(node, "pressrun_source_requests_total", source="core-dam", outcome="ok") == 0
        await caller.publish(statement)
        await caller.documents(document("a"))
        limit = await value(node, "pressrun_source_rate_limit", source="cloudinary")
        assert limit > 0
        assert 0 < await value(node, "pressrun_source_rate_remaining", source="cloudinary") < limit
        assert await value(node, "pressrun_source_breaker_open") == 0
        sandbox.core_dam.faults.add(parse_rule(Fields({"kind": "status", "status": 503, "always": True}, "body")))
        try:
            for number in range(1, 4):
                await caller.assets.Resolve(asset_service_pb2.ResolveRequest(refs=[f"core-dam:{number:040x}"]))
        finally:
            sandbox.core_dam.faults.clear()
        assert await value(node, "pressrun_source_breaker_open", source="core-dam") == 1
        assert await value(node, "pressrun_source_breaker_open", source="cloudinary") == 0
        limits = ("pressrun_document_slots", "pressrun_queue_limit", "pressrun_drain_limit_seconds")
        assert [await value(node, name) for name in limits] == [7, 9, 4]
        assert await value(node, "pressrun_admitted_record_limit_bytes") == 256 * 1024 * 1024
        assert await value(node, "pressrun_drain_seconds") == 0
        assert await value(node, "pressrun_http_requests_total", route="/metrics", code="200") > 5
        await node.drain()
        assert await value(node, "pressrun_draining") == 1
        assert await value(node, "pressrun_ready") == 0
        assert await value(node, "pressrun_drain_seconds") > 0


async def test_a_client_that_leaves_is_no_fault(node: Node, caller: Any, value: Callable[..., Any]) -> None:
    """A stream whose client leaves ends as CANCELLED; UNKNOWN stays for what went wrong here."""
    watch = health_pb2_grpc.HealthStub(caller.channel).Watch(health_pb2.HealthCheckRequest())
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()
    async with asyncio.timeout(5):
        while not await value(node, "pressrun_rpc_requests_total", method="Health/Watch", code="CANCELLED"):
            await asyncio.sleep(0.02)
    assert await value(node, "pressrun_rpc_requests_total", method="Health/Watch", code="UNKNOWN") == 0


async def test_callers_make_no_series(
    node: Node, caller: Any, document: Callable[..., Any], value: Callable[..., Any], details: Callable[..., Any]
) -> None:
    """10,000 templates that nobody published, and all else that a caller may make up, are a handful of series."""

    def hostile(number: int) -> Any:
        text = f"made-up-{number}"
        return document(
            text, record=b"{}", template=document_pb2.TemplateRef(name=text, version="1"), tenant=text,
            attributes=document_pb2.Attributes(campaign=text, segment=text, extra={f"made_up_{number}": text}),
        )  # fmt: skip

    async def elsewhere(number: int) -> None:
        text = f"made-up-{number}"
        await caller.assets.Resolve(asset_service_pb2.ResolveRequest(refs=[f"{text}:{text}"]))
        call = caller.channel.unary_unary(f"/pressrun.v1.{text}/{text}")
        with pytest.raises(grpc.aio.AioRpcError):
            await call(b"")
        async with aiohttp.ClientSession(f"http://{node.http_address}") as session:
            for answer in (await session.get(f"/{text}"), await session.post(f"/hooks/{text}", data=b"{}")):
                answer.release()

    await caller.documents(document("good"), hostile(0))
    await elsewhere(0)
    before = (await _page(node)).count("\n")
    for begin in range(1, 10_001, 1_000):
        answers = await caller.documents(*map(hostile, range(begin, begin + 1_000)))
        assert len(answers) == 1_000
        assert {details(answer.failure).reason for answer in answers.values()} == {"TEMPLATE_NOT_FOUND"}
    for number in range(1, 20):
        await elsewhere(number)
    assert await value(node, "pressrun_documents_total", reason="TEMPLATE_NOT_FOUND") >= 10_001
    page = await _page(node)
    assert page.count("\n") - before <= 2
    assert "made-up" not in page
    assert "made_up" not in page
