"""A node under load: large documents beside small ones, tenants beside each other, three times what it can do."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from typing import Any

import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.cluster.flood import SMALL

from pressrun_client import Client, Priority
from pressrun_loadtest.samples import statement_path

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


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


async def _ask(module: str, *arguments: object, niceness: int = 0) -> Any:
    """What one of the modules here that are processes of their own has to say."""
    command = [*("nice", "-n", str(niceness)), sys.executable, "-m", f"tests.cluster.{module}", *map(str, arguments)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(said)


async def test_overload_is_shed_and_nothing_is_lost(cluster: Any) -> None:
    """At three times what a node can do, it finishes what it takes, nearly as much as without, and refuses at once."""
    node = cluster.nodes[0]
    for other in cluster.nodes[1:]:
        await other.kill()
    # Clients, which work on this machine's processors here, give way to the node.
    await _ask("flood", node.target, 1, 32, 3, niceness=10)
    alone = await _ask("flood", node.target, 1, 48, 10, niceness=10)
    flooded, probed = await asyncio.gather(
        _ask("flood", node.target, 30, 64, 15, niceness=10), _ask("prober", node.target, 14)
    )
    refused = probed["refused"]
    print(
        f"\ncapacity {alone['rate']:.0f} documents/s; 1,920 in flight {flooded['rate']:.0f}, {flooded['again']} refused "
        f"and sent again, {flooded['failed']} lost; single calls were refused {len(refused)} times, after p50 "
        f"{statistics.median(refused) * 1000:.1f} p99 {_p99(refused) * 1000:.1f} ms, and taken {probed['taken']} times"
    )
    assert flooded["failed"] == 0
    assert flooded["again"] > 0
    assert flooded["rate"] > 0.6 * alone["rate"]
