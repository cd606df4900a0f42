"""A node under load: large documents beside small ones, tenants beside each other, three times what it can do."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode, aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pressrun.v1 import render_service_pb2, render_service_pb2_grpc
from pressrun_client import Client, ClientConfig, Priority, RenderRequest
from pressrun_loadtest.records import generate_small
from pressrun_loadtest.samples import statement_path

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

SMALL = [json.dumps(item["record"], ensure_ascii=False).encode() for item in generate_small(3, 200)]


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def _large(pages: int) -> bytes:
    record = json.loads((statement_path() / "samples" / "everyday-en.json").read_bytes())
    record["transactions"] *= pages
    return json.dumps(record).encode()


async def _smalls(client: Client, count: int, pause: float) -> list[float]:
    """Latencies of small interactive documents, one after the other."""
    found = []
    for number in range(count):
        started = time.perf_counter()
        await client.render("statement@1", SMALL[number % len(SMALL)], priority=Priority.INTERACTIVE)
        found.append(time.perf_counter() - started)
        await asyncio.sleep(pause)
    return found


async def _health(target: str, until: asyncio.Event) -> list[float]:
    found = []
    async with aio.insecure_channel(target) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        while not until.is_set():
            started = time.perf_counter()
            await stub.Check(health_pb2.HealthCheckRequest())
            found.append(time.perf_counter() - started)
            await asyncio.sleep(0.02)
    return found


async def test_small_documents_beside_four_large_ones(cluster: Any) -> None:
    """While four large documents are made on one composer, small ones keep their pace, and health answers."""
    node = cluster.nodes[0]
    for other in cluster.nodes[1:]:
        await other.kill()
    async with Client(node.target) as client, Client(node.target) as second:
        await _smalls(client, 100, 0.0)
        idle = await _smalls(client, 300, 0.005)
        done = asyncio.Event()
        health = asyncio.ensure_future(_health(node.target, done))
        large = _large(1500)
        firsts: list[float] = []

        async def make() -> int:
            document = await second.render("statement@1", large, time_limit=300)
            firsts.append(document.time_to_first_byte)
            return document.pages

        makers = [asyncio.ensure_future(make()) for _ in range(4)]
        await asyncio.sleep(1.0)
        busy: list[float] = []
        while not all(maker.done() for maker in makers):
            busy += await _smalls(client, 20, 0.005)
        pages = [maker.result() for maker in makers]
        done.set()
        checks = await health
    print(
        f"\nidle p50 {statistics.median(idle) * 1000:.1f} p99 {_p99(idle) * 1000:.1f} ms; beside four documents of "
        f"{pages[0]:,} pages p50 {statistics.median(busy) * 1000:.1f} p99 {_p99(busy) * 1000:.1f} ms ({len(busy)}); "
        f"health p99 {_p99(checks) * 1000:.1f} max {max(checks) * 1000:.1f} ms; first bytes of the large ones after "
        f"{', '.join(f'{first * 1000:.0f}' for first in sorted(firsts))} ms"
    )
    assert min(pages) > 1000
    assert _p99(busy) < 10 * _p99(idle)


async def _refusals(target: str, until: asyncio.Event) -> tuple[list[float], int]:
    """How long a full node takes to say so, and how often it took the document after all."""
    found, taken = [], 0
    request = render_service_pb2.RenderDocumentRequest()
    request.document.request_id = "probe"
    request.document.template.name = "statement"
    request.document.record_json = SMALL[0]
    async with aio.insecure_channel(target) as channel:
        stub: Any = render_service_pb2_grpc.RenderServiceStub(channel)
        while not until.is_set():
            started = time.perf_counter()
            try:
                async for _ in stub.RenderDocument(request, timeout=60):
                    pass
                taken += 1
            except aio.AioRpcError as error:
                assert error.code() is StatusCode.RESOURCE_EXHAUSTED
                status = status_pb2.Status.FromString(dict(error.trailing_metadata() or ())["grpc-status-details-bin"])
                assert any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details)
                found.append(time.perf_counter() - started)
            await asyncio.sleep(0.01)
    return found, taken


async def test_overload_is_shed_and_nothing_is_lost(cluster: Any) -> None:
    """At three times what a node can do, it finishes what it takes, nearly as much as without, and refuses at once."""
    node = cluster.nodes[0]
    for other in cluster.nodes[1:]:
        await other.kill()

    async def goodput(streams: int, in_flight: int, seconds: float) -> tuple[float, int, int]:
        config = ClientConfig(target=node.target, attempts=50, max_in_flight=in_flight)
        done, failed, again = 0, 0, 0
        ends = time.monotonic() + seconds

        async def requests(tenant: str) -> AsyncIterator[RenderRequest]:
            number = 0
            while time.monotonic() < ends:
                yield RenderRequest("statement@1", SMALL[number % len(SMALL)], tenant=tenant)
                number += 1
                await asyncio.sleep(0)

        async def one(tenant: str) -> None:
            nonlocal done, failed, again
            async with Client(config=config) as client:
                async for result in client.render_stream(requests(tenant)):
                    done += result.ok
                    failed += not result.ok
                    again += result.attempts - 1

        started = time.monotonic()
        await asyncio.gather(*(one(f"t{number}") for number in range(streams)))
        return done / (time.monotonic() - started), again, failed

    await goodput(1, 32, 3.0)
    capacity, _, _ = await goodput(1, 48, 10.0)
    done = asyncio.Event()
    probing = asyncio.ensure_future(_refusals(node.target, done))
    rate, again, failed = await goodput(30, 64, 15.0)
    done.set()
    refused, taken = await probing
    print(
        f"\ncapacity {capacity:.0f} documents/s; 1,920 in flight {rate:.0f}, {again} refused and sent again, {failed} lost; "
        f"a single call was refused {len(refused)} times, after p50 {statistics.median(refused) * 1000:.1f} p99 "
        f"{_p99(refused) * 1000:.1f} ms, and taken {taken} times"
    )
    assert refused
    assert failed == 0
    assert again > 0
    # The clients of this test work on the same processors.
    assert rate > 0.5 * capacity
