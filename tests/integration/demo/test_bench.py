from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from pressrun_loadtest.bench import checks, cli
from pressrun_loadtest.bench.config import Sizes

TINY = Sizes(
    compile_rounds=1,
    compose_warm=4,
    compose_rounds=2,
    compose_documents=4,
    large_documents=2,
    stream_warm=10,
    stream_rounds=2,
    stream_documents=20,
    cache_reads=20,
    growth_from=10,
    growth_to=50,
    growth_step=10,
    picture_warm=1,
    picture_rounds=1,
    pictures=2,
    checked=5,
    in_flight=8,
)


COUNTS = {
    "template-compile": 1,
    "compose-small-cpu": 8,
    "compose-small-size": 12,
    "email-small-cpu": 8,
    "web-small-cpu": 8,
    "printrun-small-cpu": 8,
    "png-page-ratio": 2,
    "compose-large-cpu": 2,
    "compose-large-ttfb": 2,
    "compose-large-size": 1,
    "compose-100k-rows-rss": 1,
    "cache-resolve-warm-cpu": 140,
    "cache-disk-hit": 140,
    "cache-redis-hit": 140,
    "first-document-ratio": 3,
    "first-page-large": 2,
    "grpc-echo-cpu": 40,
    "e2e-small-rate": 40,
    "client-small-cpu": 40,
    "e2e-small-overhead-cpu": 40,
    "e2e-small-cpu": 40,
    "node-rss-growth": 50,
    "e2e-small-rate-2": 40,
    "composers-2-efficiency": 40,
}
"""What is measured of each entry."""


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`--quick` is quicker still."""
    monkeypatch.setattr(cli, "QUICK", TINY)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.long
@pytest.mark.timeout(300)  # two nodes and a dozen processes, on a machine that may be busy
def test_everything_is_measured_checked_and_written(tmp_path: Path) -> None:
    """All entries have values that can be, and nothing but the report is left in the folder."""
    out = tmp_path / "out" / "bench.json"
    result = CliRunner().invoke(cli.main, ["--quick", "--seed", "3", "--out", str(out)])
    assert result.exit_code == 0, result.output
    report = json.loads(out.read_text(encoding="utf-8"))
    entries = {entry["name"]: entry for entry in report["entries"]}
    assert tuple(entries) == cli.NAMES
    assert report["seed"] == 3
    counts = {name: entry["n"] for name, entry in entries.items()}
    assert counts == COUNTS
    assert 0.1 < entries["compose-small-cpu"]["value"] < 200
    assert all(0 < entries[f"cache-{name}"]["value"] < 1e5 for name in ("resolve-warm-cpu", "disk-hit", "redis-hit"))
    assert 0.001 < entries["grpc-echo-cpu"]["value"] < 10
    assert 1 < entries["e2e-small-rate"]["value"] < 10_000
    # Whoever sends and receives works as well: the tree takes more than composing alone can.
    assert entries["e2e-small-cpu"]["value"] > 0.5
    assert 0 <= entries["node-rss-growth"]["value"] < 500
    assert [path.name for path in out.parent.iterdir()] == ["bench.json"]
    assert "≤ 0.8 " in result.output
    assert "≥ 300 " in result.output


def test_a_failed_check_counts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of another length than SMALL's end the bench with exit code 1; an earlier report is gone."""
    monkeypatch.setattr(checks, "SMALL_PAGES", 3)
    out = tmp_path / "bench.json"
    out.write_text("{}")
    result = CliRunner().invoke(cli.main, ["--quick", "--only", "compose-small-cpu", "--out", str(out)])
    assert result.exit_code == 1
    assert "compose-small-cpu: 5 faults; no figure of this run counts" in result.output
    assert "2 pages, not 3" in result.output
    assert list(tmp_path.iterdir()) == []
