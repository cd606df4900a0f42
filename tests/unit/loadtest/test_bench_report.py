from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner
from rich.console import Console

from pressrun_loadtest.bench.cli import NAMES, main, pair_entries, stream_entries
from pressrun_loadtest.bench.config import FULL, QUICK, Sizes
from pressrun_loadtest.bench.machine import _cpu_model, hardware, versions
from pressrun_loadtest.bench.report import TARGETS, Entry, Report, Target
from pressrun_loadtest.bench.stream import Cpu, Round, Streamed, StreamPlan

SCHEMA = {
    "type": "object",
    "required": ["seed", "hardware", "versions", "entries"],
    "additionalProperties": False,
    "properties": {
        "seed": {"type": "integer", "minimum": 0},
        "hardware": {
            "type": "object",
            "required": ["cpu_model", "machine", "cores", "memory_bytes", "kernel", "load_before"],
            "properties": {
                "cpu_model": {"type": "string", "minLength": 1},
                "cores": {"type": "integer", "minimum": 1},
                "memory_bytes": {"type": "integer", "minimum": 1},
            },
        },
        "versions": {
            "type": "object",
            "required": ["python", "pressrun", "pymupdf", "grpcio", "protobuf", "deflate"],
            "additionalProperties": {"type": "string", "pattern": r"^\d+\."},
        },
        "entries": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "value", "unit", "n", "note"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)+$"},
                    "value": {"type": "number"},
                    "unit": {"enum": ["ms", "s", "documents/s", "MiB"]},
                    "n": {"type": "integer", "minimum": 1},
                    "note": {"type": "string"},
                },
            },
        },
    },
}


def streamed() -> tuple[StreamPlan, Streamed]:
    """A stream of three rounds whose memory rises by 3 MiB at most."""
    mib = 2**20
    rounds = [
        Round(1000, 2.0, Cpu(0.5, 1.0, 2.5)),
        Round(1000, 4.0, Cpu(0.5, 1.2, 2.7)),
        Round(1000, 2.5, Cpu(0.5, 1.1, 2.6)),
    ]
    resident = {500: 90 * mib, 1000: 100 * mib, 2000: 103 * mib, 3000: 99 * mib, 4000: 102 * mib}
    return StreamPlan(1000, 3, 1000, 500, 50, 32), Streamed(rounds, resident)


def test_a_stream_gives_rate_cpu_and_growth() -> None:
    """The rate is the median of the rounds, CPU their mean, growth the most above the reading after the warm-up."""
    rate, client, cpu, growth = stream_entries(*streamed())
    assert (rate.name, rate.value, rate.unit, rate.n) == ("e2e-small-rate", 400.0, "documents/s", 3000)
    assert (cpu.name, cpu.unit, cpu.n) == ("e2e-small-cpu", "ms", 3000)
    assert cpu.value == pytest.approx(4.2)
    assert (client.name, client.value, client.unit) == ("client-small-cpu", pytest.approx(0.5), "ms")
    assert "client 0.50, front 1.10, composer and preparer 2.60" in cpu.note
    assert (growth.name, growth.value, growth.unit, growth.n) == ("node-rss-growth", 3.0, "MiB", 4000)
    assert "SMALL" in rate.note
    assert "after document 1,000" in growth.note


def test_overhead_is_what_a_document_costs_beyond_composition() -> None:
    """Where composition was measured too, front and helpers together minus it; the client is not in it."""
    entries = {entry.name: entry for entry in stream_entries(*streamed(), 1.2)}
    assert entries["e2e-small-overhead-cpu"].value == pytest.approx(1.1 + 2.6 - 1.2)


def test_two_composers_are_compared_with_one() -> None:
    """The efficiency is documents per CPU second of all processes, two composers over one; without one it is left out."""
    plan, alone = streamed()
    both = Streamed([Round(1000, 1.0, Cpu(0.6, 1.3, 2.8)), Round(1000, 2.0, Cpu(0.6, 1.3, 2.8))], {})
    rate, efficiency = pair_entries(replace(plan, composers=2), alone, both)
    assert (rate.name, rate.value) == ("e2e-small-rate-2", 750.0)
    assert "2 composers" in rate.note
    assert efficiency.value == pytest.approx(4.2 / 4.7)
    assert [entry.name for entry in pair_entries(plan, None, both)] == ["e2e-small-rate-2"]


def test_the_json_has_the_agreed_form(tmp_path: Path) -> None:
    """Hardware and versions of this machine, then the list of entries."""
    report = Report(7, hardware(), versions(), tuple(stream_entries(*streamed())))
    report.save(tmp_path / "out" / "bench.json")
    saved = json.loads((tmp_path / "out" / "bench.json").read_text(encoding="utf-8"))
    jsonschema_rs.validate(SCHEMA, saved)
    assert [entry["name"] for entry in saved["entries"]] == [
        "e2e-small-rate", "client-small-cpu", "e2e-small-cpu", "node-rss-growth",
    ]  # fmt: skip
    assert set(TARGETS) <= set(NAMES)


def test_targets_stand_beside_the_figures(make_console: Callable[..., Console]) -> None:
    """The table shows each target and whether it was reached."""
    console = make_console()
    entries = (
        Entry("compose-small-cpu", 2.4, "ms", 1000, "SMALL without chart and QR"),
        Entry("e2e-small-rate", 412.0, "documents/s", 5000),
        Entry("another", 0.9, "s", 3),
    )
    Report(1, hardware(), versions(), entries).print(console)
    assert isinstance(console.file, StringIO)
    lines = {line.split()[1]: line for line in console.file.getvalue().splitlines() if line.startswith("│")}
    assert "≤ 0.8 ✗" in lines["compose-small-cpu"]
    assert "≥ 300 ✓" in lines["e2e-small-rate"]
    assert not {"≤", "≥"} & set(lines["another"])
    assert "compose-small-cpu: SMALL without chart and QR" in console.file.getvalue()


@pytest.mark.parametrize(("load", "told"), [(0.2, False), (1.7, True)])
def test_a_busy_machine_is_told(make_console: Callable[..., Console], load: float, told: bool) -> None:  # noqa: FBT001
    """Figures of a machine that had something else to do are not to be compared."""
    console = make_console()
    entries = (Entry("template-compile", 0.9, "s", 3),)
    Report(1, {**hardware(), "load_before": load}, versions(), entries).print(console)
    assert isinstance(console.file, StringIO)
    assert ("busy before (load 1.7)" in console.file.getvalue()) is told


@pytest.mark.parametrize(
    ("target", "reached", "missed"), [(Target(2.0), 2.0, 2.01), (Target(300.0, at_least=True), 300.0, 299.9)]
)
def test_a_target_is_reached_at_its_very_value(target: Target, reached: float, missed: float) -> None:
    """At most and at least both include the value."""
    assert target.reached(reached)
    assert not target.reached(missed)


@pytest.mark.parametrize("sizes", [FULL, QUICK])
@pytest.mark.parametrize("growth", [True, False])
def test_memory_is_read_exactly_where_it_is_compared(sizes: Sizes, growth: bool) -> None:  # noqa: FBT001 - parametrised
    """The reading after the warm-up is one of the regular ones, whatever is measured."""
    plan = StreamPlan.of(sizes, growth=growth)
    assert plan.warm % plan.step == 0
    assert plan.documents * plan.rounds >= sizes.stream_rounds * sizes.stream_documents


def test_the_full_bench_is_as_large_as_promised() -> None:
    """At least 2,000 documents for the rate, memory from document 2,000 to 20,000 every 500, and 50 checked."""
    assert FULL.stream_rounds * FULL.stream_documents >= 2000
    plan = StreamPlan.of(FULL, growth=True)
    assert (plan.warm, plan.total, plan.step, plan.checked) == (2000, 20_000, 500, 50)


def test_a_processor_without_a_name_is_unknown() -> None:
    """Arm kernels give none."""
    assert _cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n") == "Some CPU @ 2 GHz"
    assert _cpu_model("processor\t: 0\nBogoMIPS\t: 50.00\n") == "unknown"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """`--only` says what would be valid."""
    result = CliRunner().invoke(main, ["--only", "everything"])
    assert result.exit_code == 2
    assert all(name in result.output for name in NAMES)
