from __future__ import annotations

from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from pressrun_loadtest.demo.config import DemoConfig
from pressrun_loadtest.demo.neighbour import Neighbour
from pressrun_loadtest.demo.summary import Outcome, print_summary
from pressrun_loadtest.demo.tally import Tally
from pressrun_loadtest.demo.tiers import TierCount, count_tiers, tier_table

METRICS = """
# TYPE pressrun_cache_requests_total counter
pressrun_cache_requests_total{tier="redis",result="hit"} 3
pressrun_cache_requests_total{tier="memory",result="hit"} 1000
pressrun_cache_requests_total{tier="memory",result="miss"} 7
# TYPE pressrun_cache_transferred_bytes_total counter
pressrun_cache_transferred_bytes_total{tier="memory",direction="read"} 2e6
pressrun_cache_transferred_bytes_total{tier="memory",direction="written"} 1e6
# TYPE pressrun_cache_blobs gauge
pressrun_cache_blobs{tier="memory"} 12
# TYPE pressrun_source_requests_total counter
pressrun_source_requests_total{source="core-dam",outcome="ok"} 4
pressrun_source_requests_total{source="core-dam",outcome="timeout"} 1
# TYPE pressrun_source_received_bytes_total counter
pressrun_source_received_bytes_total{source="core-dam"} 5e5
"""


def said(outcome: Outcome, config: DemoConfig) -> str:
    """What the demo says at the end, without its frames."""
    stream = StringIO()
    print_summary(Console(file=stream, width=100), config, outcome)
    return " ".join(stream.getvalue().replace("│", " ").split())


def test_a_nodes_counts() -> None:
    """Tiers come in the order in which they are asked, the sources of all names last and together."""
    assert count_tiers(METRICS) == [
        TierCount("memory", 1000, 7, 2_000_000, 1_000_000, 12),
        TierCount("redis", 3),
        TierCount("source", 5, 1, 500_000),
    ]
    stream = StringIO()
    Console(file=stream, width=100).print(tier_table(count_tiers(METRICS), Counter({"memory": 1990, "source": 10})))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in stream.getvalue().splitlines() if "│" in line]
    assert rows[1:] == [
        ["memory", "1,990", "1,000", "7", "2.0 MB", "1.0 MB", "12"],
        ["redis", "0", "3", "0", "0.0 MB", "0.0 MB", "-"],
        ["source", "10", "5 requests", "1 failed", "0.5 MB", "-", "-"],
    ]


def test_what_the_demo_checks(tmp_path: Path) -> None:
    """Too few hits when it is warm, and a second node that asks a source or makes other bytes, are told and no success."""
    config = DemoConfig(tmp_path, documents=100)
    tally = Tally(100)
    tally.start(0.0)
    for _ in range(100):
        tally.document(pages=1, size=1, latency=0.1, first_byte=0.1, cache={"memory": 20}, now=1.0)
    good = Neighbour(0.05, requests=0, shared=9, same=True)
    outcome = Outcome(tally, 1.0, "http://x/metrics", None, tmp_path, good)
    assert outcome.sound
    words = said(outcome, config)
    assert "hits after the first 50 100 % of 1,000 assets" in words
    assert "took 50.0 ms and no request to a source: 9 blobs from redis, the same bytes" in words
    for bad, told in (
        (replace(good, requests=1), "1 request (none are expected) to a source"),
        (replace(good, same=False), "OTHER BYTES than the first node's"),
    ):
        wrong = replace(outcome, neighbour=bad)
        assert not wrong.sound
        assert told in said(wrong, config)
    alone = replace(outcome, neighbour=None)
    assert alone.sound
    assert "there is no redis-server here to share through; `make tools` brings one" in said(alone, config)
    tally.document(pages=1, size=1, latency=0.1, first_byte=0.1, cache={"source": 2}, now=1.0)
    assert not outcome.sound
    assert "99.8 % of 1,002 assets: too few, 99.9 % are expected" in said(outcome, config)
