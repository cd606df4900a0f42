"""What `pressrun top` makes of two readings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from rich.console import Console

from pressrun_server.metrics.catalogue import SECONDS, Catalogue
from pressrun_server.metrics.labels import DocumentMeters
from pressrun_server.metrics.snapshot import CacheTier, Composers, Preparers, Snapshot, SnapshotCollector, SourceState
from pressrun_server.top.reading import Reading, TargetError, addresses, parse, read
from pressrun_server.top.view import troubles, view
from pressrun_server.top.window import Window

NOW = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


def reading(text: str, at: float = 0.0, node: str = "a:9470") -> Reading:
    """A reading of a page of metrics."""
    return Reading(node, at, parse(text))


def test_rates_add_up_over_nodes() -> None:
    """A counter's growth a second is added up over nodes and series, and told apart by a label."""
    first = [reading('n_total{t="x"} 10\nn_total{t="y"} 5\n', 0), reading('n_total{t="x"} 1\n', 0, "b:9470")]
    second = [
        reading('n_total{t="x"} 30\nn_total{t="y"} 5\n', 10),
        reading('n_total{t="x"} 6\nn_total{t="z"} 4\n', 5, "b:9470"),
    ]
    window = Window(first, second)
    assert window.rates("n_total", "t") == {"x": 3.0, "y": 0.0, "z": pytest.approx(0.8)}
    assert window.rate("n_total") == pytest.approx(3.8)
    assert window.rate("n_total", t="x") == 3.0
    assert window.one("b:9470").rate("n_total", t="x") == 1.0
    assert window.rate("nothing_total") == 0


def test_a_node_that_began_again_counts_from_zero() -> None:
    """After a restart a counter's whole value is its growth; a node that is new has no rate yet."""
    window = Window([reading("n_total 100\n", 0)], [reading("n_total 8\n", 4), reading("n_total 50\n", 4, "b:9470")])
    assert window.rate("n_total") == 2.0
    assert [node.node for node in window.nodes] == ["a:9470", "b:9470"]


def test_gauges() -> None:
    """Gauges are added up, or the largest or smallest is taken."""
    window = Window([], [reading('g{t="x"} 1\ng{t="y"} 4\n'), reading('g{t="x"} 2\n', 0, "b:9470")])
    assert (window.gauge("g"), window.gauge("g", t="x")) == (7, 3)
    assert (window.most("g"), window.least("g"), window.least("h")) == (4, 1, None)
    assert window.values("g", "t") == ["x", "y"]


def test_quantiles() -> None:
    """Quantiles are those of the time between the readings, interpolated as Prometheus does it."""
    registry = CollectorRegistry()
    histogram = Histogram("h", "help", buckets=SECONDS, registry=registry)
    histogram.observe(9)
    before = reading(generate_latest(registry).decode(), 0)
    for value in (0.02,) * 90 + (0.2,) * 9 + (99.0,):
        histogram.observe(value)
    window = Window([before], [reading(generate_latest(registry).decode(), 1)])
    assert window.quantile(0.5, "h") == pytest.approx(0.01 + 0.015 * 50 / 90)
    assert window.quantile(0.99, "h") == pytest.approx(0.25)
    assert window.quantile(1.0, "h") == 30.0
    assert window.mean("h") == pytest.approx((0.02 * 90 + 0.2 * 9 + 99) / 100)
    quiet = Window([before], [before])
    assert (quiet.quantile(0.5, "h"), quiet.mean("h")) == (None, None)


class Node:
    """The registry of a node without the node."""

    def __init__(self) -> None:
        self.metrics = Catalogue()
        self.sources: list[SourceState] = []
        self.tiers: list[CacheTier] = []
        self.deaths = 0
        self.metrics.registry.register(SnapshotCollector(self._snapshot))
        self.metrics.build.info({"version": "1"})
        self.meters = DocumentMeters(self.metrics)
        self.meters.admit(("letter",))

    def _snapshot(self) -> Snapshot:
        composers = Composers([1, 0], [100 << 20] * 2, 3, 4, 2, 5.5, 6, self.deaths, 8)
        return Snapshot(composers, Preparers(0, [1], 0, 0, 0, 0, 0, 0), self.tiers, sources=self.sources)

    def read(self, at: float) -> Reading:
        """What it says now."""
        return reading(generate_latest(self.metrics.registry).decode(), at)


def _shown(window: Window, columns: int = 140, rows: int | None = None) -> str:
    console = Console(width=columns, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(view(window, NOW, columns=columns, rows=rows))
    return captured.get()


def test_view() -> None:
    """Documents, latency, phases, tiers and sources are shown in units that people read."""
    node = Node()
    node.tiers = [CacheTier("memory", 1, 3 << 20, 256 << 20, 0, 0, 0, 0, 0, 0, 1.5, available=True)]
    node.sources = [
        SourceState("http", breaker_open=False, paused_seconds=0, remaining=40, limit=500, certificate_ends=None)
    ]
    before = node.read(0)
    for _ in range(20):
        node.meters.get("letter", "print").finished(pages=3, size=2048, seconds=0.02, first_byte=0.004)
        node.meters.phases_finished((0.001, 0, 0, 0, 0.002, 0.003, 0.004, 0, 0.01), 0.009)
    node.metrics.source_requests.labels("http", "ok").inc(6)
    node.metrics.source_requests.labels("http", "not_found").inc(2)
    node.meters.get(None, "print").ended("failed", "INVALID_RECORD")
    window = Window([before], [node.read(2)])
    text = _shown(window)
    assert "12:30:00   1 of 1 nodes   10.0 documents/s   30.0 pages/s   20.0 KiB/s   100.00% made" in text
    lines = {line.split()[0]: " ".join(line.split()) for line in text.splitlines() if line.split()}
    assert lines["letter"].startswith("letter 10.0 24.9 ms 4.95 ms 3.0 2.0 KiB")
    assert lines["stream"].startswith("stream 10 ms")
    assert " 50% " in lines["stream"]
    assert lines["memory"].startswith("memory 0.0 0 B 0 B 3.0 MiB 256.0 MiB")
    assert lines["http"].startswith("http 4.0")
    assert "ok 75%, not_found 25%" in lines["http"]
    assert "40 of 500" in lines["http"]
    assert troubles(window) == []


def _busy(name: str, before: Node, documents: int) -> tuple[Reading, Reading]:
    first = replace(before.read(0), node=name)
    for _ in range(documents):
        before.meters.get("letter", "print").finished(pages=3, size=2048, seconds=0.02, first_byte=0.004)
        before.meters.phases_finished((0.001, 0, 0, 0, 0.002, 0.003, 0.004, 0, 0.01), 0.009)
    return first, replace(before.read(2), node=name)


@pytest.fixture(scope="module")
def forty() -> Window:
    """Nodes of different rates with all tiers and sources; one is not ready, one makes a print run."""
    tiers = [
        CacheTier(name, 1, 3 << 20, 256 << 20, 0, 0, 0, 0, 0, 0, 1.5, available=True)
        for name in ("disk", "memory", "redis")
    ]
    sources = [
        SourceState(name, breaker_open=False, paused_seconds=0, remaining=40, limit=500, certificate_ends=None)
        for name in ("cloudinary", "core-dam", "http", "iconik", "smintio")
    ]
    pairs = []
    for number in range(40):
        node = Node()
        node.tiers, node.sources = tiers, sources
        node.metrics.ready.set(number != 7)
        node.metrics.runs_in_flight.set(number == 3)
        pairs.append(_busy(f"10.244.113.{100 + number}:9470", node, number))
    return Window([before for before, _ in pairs], [after for _, after in pairs])


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (100, 30), (200, 50), (140, 30)])
def test_it_fits_the_terminal(forty: Window, columns: int, rows: int) -> None:
    """Nothing is cut off, wherever it is looked at: of forty nodes those are shown that need it, or work most."""
    lines = _shown(forty, columns, rows).splitlines()
    assert len(lines) <= rows
    assert not any("…" in line or len(line.rstrip()) > columns for line in lines)
    text = "\n".join(lines)
    assert "40 of 40 nodes" in text
    assert "1 print run:" in text
    nodes = [line.split()[0] for line in lines if line.startswith("10.244")]
    assert nodes[:2] == ["10.244.113.107:9470", "10.244.113.139:9470"]
    assert f"and {40 - len(nodes)} more" in text
    for name in ("all", "letter", "bind", "stream", "memory", "redis", "cloudinary", "smintio"):
        assert name in text, name


def test_troubles() -> None:
    """What needs a person is said in sentences."""
    node = Node()
    before = node.read(0)
    node.tiers = [CacheTier("redis", 0, 0, 0, 0, 0, 0, 0, 0, 0, None, available=False)]
    node.sources = [
        SourceState("dam", breaker_open=True, paused_seconds=90, remaining=None, limit=None, certificate_ends=None)
    ]
    node.deaths = 2
    node.meters.get("letter", "print").ended("failed", "INTERNAL")
    node.meters.get("letter", "print").ended("failed", "INVALID_RECORD")
    node.meters.get("letter", "print").finished(pages=1, size=1, seconds=3, first_byte=2)
    silent = Reading("b:9470", 2, {}, "does not answer: refused")
    window = Window([before], [node.read(2), silent])
    assert troubles(window) == [
        "b:9470 does not answer: refused",
        "INTERNAL: 0.5 documents a second are not made",
        "first bytes come late: p99 is 2.48 s, promised is 0.5 s",
        "dam is down: it failed so often on end that it is left alone",
        "dam asked to be left alone for 90 s",
        "the redis tier is away",
        "composers die",
    ]
    text = _shown(window)
    assert "1 of 2 nodes" in text
    assert "50.00% made" in text
    assert "! dam is down" in text


def test_nothing_happened() -> None:
    """A node that rests is shown, without figures that nobody knows."""
    node = Node()
    text = _shown(Window([node.read(0)], [node.read(2)]))
    assert "0.0 documents/s" in text
    assert "no documents" in text
    assert "made" not in text.splitlines()[0]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("127.0.0.1", ["127.0.0.1:9470"]),
        ("127.0.0.1:80", ["127.0.0.1:80"]),
        ("http://127.0.0.1:9471/metrics", ["127.0.0.1:9471"]),
        ("[::1]:9", ["[::1]:9"]),
        ("localhost", ["localhost:9470"]),
    ],
)
def test_targets(target: str, found: list[str]) -> None:
    """A node is named by host, host:port or URL."""
    assert addresses(target) == found


def test_a_name_stands_for_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a headless service each address is a node."""

    def known(host: str, port: int, **_: Any) -> list[Any]:
        assert host == "pressrun.letters.svc"
        return [(2, 1, 6, "", (f"10.0.0.{number}", port)) for number in (2, 1)]

    monkeypatch.setattr("socket.getaddrinfo", known)
    assert addresses("pressrun.letters.svc") == ["10.0.0.1:9470", "10.0.0.2:9470"]


@pytest.mark.parametrize("target", ["", "ftp://host", "http://", "host:port", "no-such-host.invalid"])
def test_bad_targets(target: str) -> None:
    """What is no node is refused with what would be one."""
    with pytest.raises(TargetError, match=r"give host, host:port|not known here"):
        addresses(target)


def test_a_silent_node() -> None:
    """A node that does not answer is told, and does not keep others from being read."""
    [silent] = read(["127.0.0.1:9"])
    assert silent.fault.startswith("does not answer")
