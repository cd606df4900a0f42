"""Streams of documents through three nodes while bad things are done to them: each document once, each one right."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import re
import signal
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pymupdf
import pytest

from pressrun_client import Client, ClientConfig, Document, RenderRequest
from pressrun_loadtest.samples import records_path

ITEMS = [json.loads(line) for line in records_path().read_text().splitlines()]
_ENOUGH = 4
"""Readings of a process that tell how its memory grows."""
_CANARY = re.compile(r"Canary-[0-9a-f]{12}")
Fault = Callable[[Any], Awaitable[None]]


class Drill:
    """What came of a stream."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.answers: Counter[str] = Counter()
        self.failed: list[str] = []
        self.wrong: list[str] = []
        self.digests: dict[tuple[int, int], str] = {}
        self.latencies: list[float] = []
        self.attempts = 0
        self.sampled: list[tuple[str, bytes]] = []

    def requests(self) -> Iterator[RenderRequest]:
        """Each with a canary that no other has."""
        for number in range(self.count):
            item = ITEMS[number % len(ITEMS)]
            record = item.get("record", item)
            record = {**record, "customer": {**record["customer"], "name": _canary(number)}}
            data = json.dumps(record, ensure_ascii=False).encode()
            yield RenderRequest(
                "statement@1", data, request_id=f"d{number}", locale=item.get("locale", ""), time_limit=90
            )

    def take(self, result: Any) -> None:
        """Count one answer."""
        self.answers[result.request_id] += 1
        if not isinstance(result, Document):
            self.failed.append(f"{result.request_id}: {result.error}")
            return
        self.latencies.append(result.latency)
        self.attempts += result.attempts
        if hashlib.sha256(result.content).hexdigest() != result.sha256:
            self.wrong.append(result.request_id)
        if int(result.request_id[1:]) % max(self.count // 60, 1) == 0:
            self.sampled.append((result.request_id, result.content))

    def check(self) -> None:
        """Every document exactly once, its digest right, its canary in it and nobody else's."""
        assert self.failed == []
        assert self.wrong == []
        assert self.answers == Counter({f"d{number}": 1 for number in range(self.count)})
        for request_id, content in self.sampled:
            with pymupdf.open(stream=content) as pdf:  # type: ignore[no-untyped-call]
                text = " ".join("".join(page.get_text() for page in pdf).split())
            found = set(_CANARY.findall(text))
            assert found == {_canary(int(request_id[1:]))}, request_id

    def report(self) -> str:
        """In one line."""
        self.latencies.sort()
        p99 = self.latencies[int(len(self.latencies) * 0.99)] if self.latencies else 0.0
        lost = self.count - len(self.answers)
        doubled = sum(1 for times in self.answers.values() if times > 1)
        return (
            f"{len(self.answers):,} documents, {lost} lost, {doubled} duplicated, {len(self.wrong)} wrong, "
            f"{len(self.failed)} failed, {self.attempts - len(self.latencies)} sent again, p99 {p99 * 1000:.0f} ms"
        )


def _canary(number: int) -> str:
    return f"Canary-{hashlib.sha256(b'%d' % number).hexdigest()[:12]}"


async def _play(cluster: Any, drill: Drill, faults: dict[int, Fault], target: str = "") -> None:
    """Stream all documents; at each given number of answers a fault begins beside the stream."""
    config = ClientConfig(
        target=target or cluster.target,
        backoff_initial=0.05,
        attempts=20,
        max_in_flight=48,
        keepalive_time=12,
        keepalive_timeout=3,
    )
    tasks: list[asyncio.Task[None]] = []
    one = asyncio.Lock()

    async def strike(fault: Fault) -> None:
        # One after the other: a node that is told to stop while it is being started has no drain to show.
        async with one:
            await fault(cluster)

    async with Client(config=config) as client:
        async for result in client.render_stream(drill.requests()):
            drill.take(result)
            fault = faults.pop(sum(drill.answers.values()), None)
            if fault is not None:
                tasks.append(asyncio.ensure_future(strike(fault)))
    await asyncio.gather(*tasks)


async def _kill(cluster: Any) -> None:
    await cluster.nodes[0].kill()
    await cluster.nodes[0].start()


async def _freeze(cluster: Any) -> None:
    cluster.nodes[1].signal(signal.SIGSTOP)
    await asyncio.sleep(1.0)
    cluster.nodes[1].signal(signal.SIGCONT)


async def _roll(cluster: Any) -> None:
    for node in cluster.nodes:
        assert await node.restart() == 0


async def _crash_a_composer(cluster: Any) -> None:
    cluster.nodes[2].crash_composers()


async def _pause_redis(cluster: Any) -> None:
    for server in (cluster.cache, cluster.events):
        server.pause()
    await asyncio.sleep(1.0)
    for server in (cluster.cache, cluster.events):
        server.resume()


async def _lose_redis(cluster: Any) -> None:
    for server in (cluster.cache, cluster.events):
        server.stop()
    await asyncio.sleep(0.5)
    for server in (cluster.cache, cluster.events):
        await asyncio.to_thread(server.start)


@pytest.mark.timeout(240)  # seconds on a machine of its own
async def test_faults_cost_no_document(cluster: Any) -> None:
    """A killed node, a frozen one, a crashed composer, a drained node, both Redis paused and lost: 900 documents come."""
    drill = Drill(900)

    async def drain(_: Any) -> None:
        assert await cluster.nodes[2].restart() == 0

    await _play(
        cluster,
        drill,
        {50: _pause_redis, 150: _kill, 300: _freeze, 400: _lose_redis, 450: _crash_a_composer, 600: drain},
    )
    drill.check()


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_partition_and_a_slow_link_cost_no_document(cluster: Any) -> None:
    """A link that passes nothing for 25 s, which only keepalive can notice, and one that is slow: all documents come."""
    drill = Drill(6_000)

    async def partition(_: Any) -> None:
        cluster.links[0].cut()
        await asyncio.sleep(25.0)
        cluster.links[0].mend()

    async def slow(_: Any) -> None:
        cluster.links[1].delay = 0.05
        await asyncio.sleep(10.0)
        cluster.links[1].delay = 0.0

    await _play(cluster, drill, {300: partition, 600: slow}, cluster.linked)
    print(f"\n{drill.report()}")
    drill.check()


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_fifty_thousand_documents_through_rolling_restarts_and_faults(cluster: Any) -> None:
    """A billing run: rolling restarts, kill -9, SIGSTOP, crashed composers, lost Redis cost no document of 50,000."""
    drill = Drill(50_000)
    faults: dict[int, Fault] = {
        3_000: _kill, 6_000: _pause_redis, 8_000: _freeze, 12_000: _roll, 18_000: _lose_redis, 22_000: _crash_a_composer,
        26_000: _kill, 30_000: _freeze, 34_000: _roll, 40_000: _pause_redis, 44_000: _crash_a_composer,
    }  # fmt: skip
    started = time.monotonic()
    await _play(cluster, drill, faults)
    print(f"\n{drill.report()}, {drill.count / (time.monotonic() - started):.0f} documents/s")
    drill.check()


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_soak_with_faults(cluster: Any) -> None:
    """For 20 minutes (PRESSRUN_SOAK_SECONDS) random faults while documents stream; memory and descriptors stay."""
    seconds = float(os.environ.get("PRESSRUN_SOAK_SECONDS", "1200"))
    rng = random.Random(2026)
    started = time.monotonic()
    ends = started + seconds
    totals: Counter[str] = Counter()
    first: dict[int, tuple[int, int]] = {}
    series: dict[tuple[str, int], list[tuple[float, int]]] = {}
    latencies: list[float] = []
    while time.monotonic() < ends:
        drill = Drill(3_000)
        chosen = rng.sample([_kill, _freeze, _roll, _crash_a_composer, _pause_redis, _lose_redis], 2)
        await _play(cluster, drill, {500: chosen[0], 1_700: chosen[1]})
        drill.check()
        totals["documents"] += drill.count
        totals["sent again"] += drill.attempts - drill.count
        latencies += drill.latencies
        for node in cluster.nodes:
            now = (node.resident(), node.descriptors())
            known = first.setdefault(node.pid, now)
            assert now[0] - known[0] < 200 * 2**20, f"node {node.target} grew by {(now[0] - known[0]) >> 20} MiB"
            assert now[1] - known[1] < 50, f"node {node.target} has {now[1]} descriptors"
            for process, size in node.processes().items():
                series.setdefault(process, []).append((time.monotonic() - started, size))
        print(f"\n{drill.report()}; resident MiB {[node.resident() >> 20 for node in cluster.nodes]}", end="")
    latencies.sort()
    print(
        f"\nin all {dict(totals)}, 0 lost, 0 duplicated, 0 wrong; p99 {latencies[int(len(latencies) * 0.99)] * 1000:.0f} ms; "
        f"descriptors of fronts {[node.descriptors() for node in cluster.nodes]}"
    )
    for (kind, pid), points in sorted(series.items()):
        if len(points) >= _ENOUGH:
            print(
                f"{kind} {pid}: {points[0][1] >> 20} to {points[-1][1] >> 20} MiB in {points[-1][0] - points[0][0]:.0f} s, "
                f"slope {_slope(points):+.1f} MiB an hour"
            )


def _slope(points: list[tuple[float, int]]) -> float:
    """How memory grows over time, by least squares, in MiB an hour."""
    slope, _ = statistics.linear_regression(*zip(*points, strict=True))
    return slope * 3600 / 2**20
