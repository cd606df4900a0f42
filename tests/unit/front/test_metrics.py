from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as parse_text

from pressrun_server.http.config import HttpConfig
from pressrun_server.http.errors import HttpListenError
from pressrun_server.http.server import HttpServer
from pressrun_server.metrics.catalogue import SECONDS, Catalogue
from pressrun_server.metrics.labels import DocumentMeters
from pressrun_server.metrics.lateness import watch_lateness
from pressrun_server.metrics.observers import SourceMeter, TierMeter
from pressrun_server.metrics.snapshot import (
    Assets,
    CacheTier,
    Composers,
    Feed,
    Preparers,
    Snapshot,
    SnapshotCollector,
    SourceState,
)
from pressrun_server.metrics.tallies import Counts, Spreads

SNAPSHOT = Snapshot(
    composers=Composers([1, 2], [100, 200], 3, 4, 2, 5.5, 6, 7, 8),
    preparers=Preparers(1, [300], 2, 3, 4.5, 5, 6, 7),
    tiers=[
        CacheTier("memory", 1, 2, 3, 4, 5, 6, 7, 8, 9, 1.5, available=True),
        CacheTier("redis", 1, 2, 3, 4, 5, 6, 7, 8, 9, None, available=False),
    ],
    assets=Assets(1, 2, 3, 4, 5, 6, 7, 8, 9, Feed(connected=True, told=1, heard=2, waiting=3)),
    sources=[
        SourceState("core-dam", breaker_open=True, paused_seconds=5.0, remaining=40, limit=500, certificate_ends=1.8e9),
        SourceState("http", breaker_open=False, paused_seconds=0.0, remaining=None, limit=None, certificate_ends=None),
    ],
)


def test_own_registry_with_the_promised_names() -> None:
    """Two nodes in one process do not share metrics, and the promised names and buckets are there."""
    one, two = Catalogue(), Catalogue()
    one.compose_cpu_seconds.inc()
    assert two.registry.get_sample_value("pressrun_compose_cpu_seconds_total") == 0.0
    assert SECONDS == (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
    names = {family.name for family in parse_text(generate_latest(one.registry).decode())}
    assert names >= {
        "pressrun_documents", "pressrun_pages", "pressrun_document_bytes", "pressrun_document_seconds",
        "pressrun_time_to_first_byte_seconds", "pressrun_phase_seconds", "pressrun_documents_in_flight",
        "pressrun_queue_length", "pressrun_queue_seconds", "pressrun_cache_requests", "pressrun_source_requests",
        "pressrun_source_request_seconds", "pressrun_rpc_requests", "pressrun_rpc_seconds", "pressrun_build_info",
    }  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from([0.0, *SECONDS]), st.floats(0, 100)), max_size=30))
def test_tallies_show_what_the_library_would(values: list[float]) -> None:
    """Buckets, counts and sums are those of `prometheus_client`'s own metrics, at the edges too, from the first scrape on."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    spread = Spreads("s", "Seconds.", ("place",), buckets=SECONDS, registry=ours).labels("a")
    count = Counts("c_total", "Things.", registry=ours).labels()
    histogram = Histogram("s", "Seconds.", ("place",), buckets=SECONDS, registry=theirs).labels("a")
    counter = Counter("c_total", "Things.", registry=theirs)
    for value in values:
        for one in (spread, histogram):
            one.observe(value)
        for other in (count, counter):
            other.inc(value)

    def shown(registry: CollectorRegistry) -> list[str]:
        return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]

    assert shown(ours) == shown(theirs)
    assert ours.get_sample_value("s_count", {"place": "a"}) == len(values)


def test_a_tally_names_where_it_saw_something() -> None:
    """A bucket has the exemplar of its last observation that had one; wrong labels are refused."""
    registry = CollectorRegistry()
    spreads = Spreads("s", "Seconds.", ("place",), buckets=(0.5, 1.0), registry=registry)
    spreads.labels("a").observe(0.7, {"trace_id": "x"})
    spreads.labels("a").observe(0.6)
    (family,) = text_string_to_metric_families(openmetrics(registry).decode())
    found = {sample.labels["le"]: sample.exemplar for sample in family.samples if sample.name == "s_bucket"}
    assert found["1.0"] is not None
    assert (found["1.0"].labels, found["1.0"].value) == ({"trace_id": "x"}, 0.7)
    assert found["0.5"] is None
    with pytest.raises(ValueError, match="s has the labels place"):
        spreads.labels()
    with pytest.raises(ValueError, match="Duplicated"):
        Counts("s", "Again.", registry=registry)


def test_template_label_is_bounded() -> None:
    """At most 100 published names become labels; what is not published can't become one."""
    catalogue = Catalogue()
    meters = DocumentMeters(catalogue)
    meters.admit(f"t{number}" for number in range(150))
    for number in range(150):
        meters.get(f"t{number}", "print").ended("failed", "X")
    meters.get("never-published", "print").ended("failed", "X")
    meters.get(None, "print").ended("failed", "X")
    labels = {
        sample.labels["template"]
        for family in catalogue.documents.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert len(labels) == 102
    assert {"t0", "t99", "other", "unknown"} <= labels
    assert "t100" not in labels
    assert meters.get("t5", "print") is meters.get("t5", "print")


def test_observers_count() -> None:
    """Tiers and sources are counted by name and outcome."""
    catalogue = Catalogue()
    tiers, sources = TierMeter(catalogue), SourceMeter(catalogue)
    sources.expect("http")
    tiers.hit("memory", 10)
    tiers.miss("disk")
    tiers.stored("disk", 5)
    tiers.took("disk", "read", 0.0002)
    tiers.took("disk", "write", 0.002)
    sources("library", "ok", 0.02, 7)
    sources("library", "not_found", 0.02, 1)
    value = catalogue.registry.get_sample_value
    assert value("pressrun_cache_requests_total", {"tier": "memory", "result": "hit"}) == 1
    assert value("pressrun_cache_requests_total", {"tier": "disk", "result": "miss"}) == 1
    assert value("pressrun_cache_transferred_bytes_total", {"tier": "disk", "direction": "written"}) == 5
    assert value("pressrun_cache_seconds_bucket", {"tier": "disk", "operation": "read", "le": "0.00025"}) == 1
    assert value("pressrun_cache_seconds_count", {"tier": "disk", "operation": "write"}) == 1
    assert value("pressrun_source_requests_total", {"source": "library", "outcome": "ok"}) == 1
    assert value("pressrun_source_requests_total", {"source": "library", "outcome": "not_found"}) == 1
    assert value("pressrun_source_received_bytes_total", {"source": "library"}) == 8
    assert value("pressrun_source_request_seconds_bucket", {"source": "library", "le": "0.025"}) == 2
    assert value("pressrun_source_requests_total", {"source": "http", "outcome": "ok"}) == 0


def test_snapshot_is_read_at_the_scrape() -> None:
    """Processes and tiers are read at each scrape; before the node has them, nothing is shown and nothing fails."""
    registry, holder = CollectorRegistry(), SimpleNamespace(snapshot=None)
    registry.register(SnapshotCollector(lambda: holder.snapshot))
    assert generate_latest(registry) == b""
    holder.snapshot = SNAPSHOT
    value = registry.get_sample_value
    assert value("pressrun_composers") == 2
    assert value("pressrun_composer_resident_bytes", {"composer": "1"}) == 200
    assert value("pressrun_composer_replacements_total") == 6
    assert value("pressrun_preparer_tasks_total") == 3
    assert value("pressrun_cache_bytes", {"tier": "memory"}) == 2
    assert value("pressrun_cache_corrupt_blobs_total", {"tier": "memory"}) == 7
    assert value("pressrun_cache_dropped_writes_total", {"tier": "redis"}) == 8
    assert value("pressrun_cache_waiting_bytes", {"tier": "redis"}) == 9
    assert value("pressrun_cache_idle_seconds", {"tier": "memory"}) == 1.5
    assert value("pressrun_cache_idle_seconds", {"tier": "redis"}) is None
    assert [value("pressrun_cache_available", {"tier": tier}) for tier in ("memory", "redis")] == [1, 0]
    assert value("pressrun_asset_entries") == 1
    saved = [value("pressrun_source_requests_saved_total", {"scope": scope}) for scope in ("process", "cluster")]
    assert saved == [4, 6]
    assert value("pressrun_single_flight_waits_total", {"scope": "cluster"}) == 5
    assert value("pressrun_asset_doubts_total") == 9
    assert value("pressrun_feed_connected") == 1
    assert [value("pressrun_source_breaker_open", {"source": name}) for name in ("core-dam", "http")] == [1, 0]
    assert value("pressrun_source_paused_seconds", {"source": "core-dam"}) == 5
    assert value("pressrun_source_rate_remaining", {"source": "core-dam"}) == 40
    assert value("pressrun_source_rate_limit", {"source": "core-dam"}) == 500
    assert value("pressrun_source_rate_limit", {"source": "http"}) is None
    assert value("pressrun_source_certificate_expiry_timestamp_seconds", {"source": "core-dam"}) == 1.8e9
    assert value("pressrun_feed_changes_heard_total") == 2


@pytest.fixture
async def http() -> Any:
    """An HTTP server and its address; `problem` can be set."""
    catalogue, state = Catalogue(), SimpleNamespace(problem="")
    catalogue.registry.register(SnapshotCollector(lambda: SNAPSHOT))
    server = HttpServer(HttpConfig("127.0.0.1:0"), catalogue, lambda: state.problem)
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield SimpleNamespace(session=session, state=state, server=server, value=catalogue.registry.get_sample_value)
    await server.stop()


async def test_metrics_are_negotiated(http: SimpleNamespace) -> None:
    """Prometheus text by default, OpenMetrics for who asks for it; both parse."""
    async with http.session.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert list(parse_text(await answer.text()))
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    async with http.session.get("/metrics", headers=accept) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        text = await answer.text()
        assert text.endswith("# EOF\n")
        assert list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


async def test_probes(http: SimpleNamespace) -> None:
    """Alive is alive; ready says why it is not; anything else is not found."""
    for path, status in (("/livez", 200), ("/readyz", 200), ("/", 200), ("/nothing", 404)):
        async with http.session.get(path) as answer:
            assert answer.status == status
    http.state.problem = "draining"
    async with http.session.get("/readyz") as answer:
        assert (answer.status, await answer.text()) == (503, "draining\n")
    async with http.session.get("/livez") as answer:
        assert answer.status == 200


async def test_http_requests_are_counted(http: SimpleNamespace) -> None:
    """Each route has its count and duration from the start; what callers make up is one route."""
    assert http.value("pressrun_http_requests_total", {"route": "/hooks/{source}", "code": "200"}) == 0
    for path in ("/livez", "/livez", "/nothing", "/made/up", "/metrics"):
        async with http.session.get(path):
            pass
    async with http.session.post("/hooks/dropbox", data=b"{}") as answer:
        assert answer.status == 503
    async with http.session.post("/livez") as answer:
        assert answer.status == 405
    expected = {
        ("/livez", "200"): 2,
        ("other", "404"): 2,
        ("other", "405"): 1,
        ("/metrics", "200"): 1,
        ("/hooks/{source}", "503"): 1,
    }
    for (route, code), count in expected.items():
        assert http.value("pressrun_http_requests_total", {"route": route, "code": code}) == count
    assert http.value("pressrun_http_seconds_count", {"route": "/livez"}) == 2
    assert http.value("pressrun_http_seconds_count", {"route": "other"}) == 3


async def test_taken_port_says_what_to_do(http: SimpleNamespace) -> None:
    """A port in use is an error that names the address and the setting."""
    other = HttpServer(HttpConfig(f"127.0.0.1:{http.server.port}"), Catalogue(), lambda: "")
    with pytest.raises(HttpListenError, match="PRESSRUN_HTTP_LISTEN"):
        await other.start()


async def test_a_front_that_is_late() -> None:
    """What holds the thread up shows as time after which a timer was served; a front that rests is never late."""
    catalogue = Catalogue()
    value = catalogue.registry.get_sample_value
    watch = asyncio.create_task(watch_lateness(catalogue.front_late_seconds, every=0.01))
    await asyncio.sleep(0.1)
    looks = value("pressrun_front_late_seconds_count")
    assert looks is not None
    assert looks >= 2
    time.sleep(0.3)  # noqa: ASYNC251 - this is what is to be seen
    await asyncio.sleep(0.05)
    watch.cancel()
    late = value("pressrun_front_late_seconds_count"), value("pressrun_front_late_seconds_bucket", {"le": "0.25"})
    assert late[0] == late[1] + 1
