"""The capacity guide: what follows from what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pressrun_loadtest.bench.inset import inset, markers
from pressrun_loadtest.load.cli import main
from pressrun_loadtest.load.scenario import Part, Rows
from pressrun_loadtest.load.sizing import Cost, Footprint, Kind, Sizing, measure, plan
from pressrun_loadtest.load.sizing_sheet import sheet

COST = Cost("SMALL", 1000, 400.0, 2.5, 0.5, 2.0, 2.0, 5_000.0, 120_000.0, 0.0)
ARCHITECTURE = Path(__file__).parents[3] / "ARCHITECTURE.md"
README = ARCHITECTURE.with_name("README.md")


@pytest.mark.parametrize(
    ("documents", "hours", "share", "composers", "nodes", "cores"),
    [
        (1_000_000, 6, 0.6, 3, 2, 8),  # 46 a second; a node makes 900, and one is too few
        (100_000_000, 6, 0.6, 3, 6, 24),  # 4,630 a second, 5.1 nodes
        (100_000_000, 6, 1.0, 4, 3, 18),  # composers for 2,000 a second, the front for as many
        (100_000_000, 6, 1.0, 8, 3, 33),  # more of them do not help: the front is full at 2,000
    ],
)
def test_nodes_for_a_night(documents: int, hours: float, share: float, composers: int, nodes: int, cores: int) -> None:
    """The slower of composers and front limits a node, at the share of it that may be used; two nodes are the least."""
    night = plan(COST, documents, hours=hours, share=share, composers=composers)
    assert (night.nodes, night.cores) == (nodes, cores)
    assert night.network_mbit == pytest.approx(documents / hours / 3600 * 125_000 * 8 / 1e6)


def test_the_sheet_says_what_was_measured_and_what_follows() -> None:
    """A row for each kind, one for each kind and night, memory by process, and where it was measured."""
    text = sheet(
        Sizing([COST], Footprint(100.0, 60.0, 80.0, 1.97)),
        date="2026-11-28",
        hardware={"cpu_model": "A CPU", "cores": 2, "memory_bytes": 2**34, "load_before": 0.1, "kernel": "6.1"},
        python="3.11.7",
        hours=6,
        share=0.6,
        composers=3,
    )
    assert "| SMALL | 400 | 2.50 | 0.500 | 2.00 | 2 | 120 | 5.0 | 0 |" in text
    assert "| SMALL | 100 million | 6 | 24 | 4,630 |" in text
    assert "a node of 3 composers, two preparers and a reader 520 MiB" in text
    assert "2026-11-28: A CPU, 2 cores, 16.0 GiB, load 0.1 before" in text


def test_it_has_its_place() -> None:
    """`make sizing WRITE=1` finds the markers; a file without them is refused before minutes are spent."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    begin, end = markers("sizing")
    assert f"{begin}\nnew\n{end}" in inset(text, "sizing", "new\n")
    wrong = CliRunner().invoke(main, ["sizing", "--write", str(README)])
    assert wrong.exit_code == 1
    assert "there must be one line <!-- sizing: begin -->" in wrong.output


def test_the_headline_has_its_place() -> None:
    """So does `make month-end WRITE=1`."""
    begin, end = markers("load-month-end")
    assert f"{begin}\nnew\n{end}" in inset(README.read_text(encoding="utf-8"), "load-month-end", "new\n")
    wrong = CliRunner().invoke(main, ["run", "month-end", "--write", str(ARCHITECTURE)])
    assert wrong.exit_code == 1
    assert "there must be one line <!-- load-month-end: begin -->" in wrong.output


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_real_node_is_measured() -> None:
    """A kind's documents are made and checked; the parts of the node sum to the whole, and warm ones need no Redis."""
    kind = Kind("tiny", Part(rows=[Rows(1, 5, 5)]), 16, 50)
    found = measure(seconds=3, composers=1, seed=1, kinds=[kind], said=lambda _: None)
    (cost,) = found.costs
    assert cost.documents > 20
    assert cost.front_ms + cost.composer_ms == pytest.approx(cost.cpu_ms, rel=0.3)
    assert cost.redis_bytes < 1000
    assert 20 < found.footprint.composer < 500
    assert found.footprint.redis_once > 0.1
