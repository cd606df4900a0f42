"""The load tester against a real node and sandbox."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pressrun_loadtest.demo.stage import Stage
from pressrun_loadtest.load.report import read_report

_COMMAND = [sys.executable, "-c", "from pressrun_loadtest.load.cli import main; main(prog_name='pressrun-load')"]


def _run(*arguments: str, seconds: float = 55) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_COMMAND, *arguments], capture_output=True, text=True, timeout=seconds, check=False)


def test_an_open_loop_of_two_generators_counts_and_checks_every_document(tmp_path: Path) -> None:
    """All that arrive are answered and counted; the parts that the node cannot make are named; reports are written."""
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(
        "description: two kinds\narrival: {kind: constant, rate: 20, seconds: 3}\nprocesses: 2\nwarm: 10\nverify: 10\n"
        "mix: [{weight: 3}, {weight: 1, output_channel: web, output_format: pcl}]\n"
    )
    out = tmp_path / "out"
    done = _run("run", str(scenario), "--out", str(out), "--fail-if", "errors>0%", "--fail-if", "rate<1")
    assert done.returncode == 0, done.stdout + done.stderr
    report = read_report(out / "report.json")
    assert (report.asked, report.done, report.failed, report.faults) == (60, 60, {}, [])
    assert report.pages == 120
    assert report.checked >= 4
    assert report.latency.count == sum(each.done for each in report.series) == 60
    assert report.node_cpu_ms > 0
    assert len(report.left_out) == 1
    assert "pcl" in report.left_out[0]
    assert "Left out, since the node refuses it" in done.stdout
    assert {each.name for each in out.iterdir()} == {"report.json", "report.html", "series.csv", "metrics.prom"}


def test_ctrl_c_gives_the_report_so_far(tmp_path: Path) -> None:
    """An interrupted test ends soon, says so, and has counted what was done."""
    out = tmp_path / "out"
    command = [*_COMMAND, "run", "statement-small", "--seconds", "600", "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if re.search(r"s: [1-9][0-9,]* done", line):
                break
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=40)[0]
    report = read_report(out / "report.json")
    assert report.end_reason == "interrupted", told
    assert report.done > 0
    assert report.done + sum(report.failed.values()) + report.unanswered == report.asked


def test_a_met_condition_fails_the_command(tmp_path: Path) -> None:
    """`--fail-if` gives exit code 3 and the value; the node runs already, and its metrics tell what it used."""
    out = tmp_path / "out"
    with Stage(tmp_path / "stage", cache=tmp_path / "cache", composers=1) as stage:
        done = _run(
            "run", "smoke", "--seconds", "3", "--target", stage.node.target, "--metrics-url", stage.node.metrics_url,
            "--out", str(out), "--fail-if", "p50>1us",
        )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert "FAILED: p50>1us" in done.stdout
    assert msgspec.json.decode((out / "report.json").read_bytes())["count"] == 150
    report = read_report(out / "report.json")
    assert report.node_cpu_ms > 0.5
    assert report.resident[1] > 100  # MiB


def test_a_wrong_condition_is_refused_before_anything_starts() -> None:
    """The message shows one that is right."""
    wrong = _run("run", "smoke", "--fail-if", "p50>1parsec")
    assert wrong.returncode == 2
    assert "e.g. 'p99>50ms'" in wrong.stderr


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_part_of_month_end_is_delivered_without_a_fault(tmp_path: Path) -> None:
    """60,000 statements as fast as this machine makes them: none fails, and of those that are read in full none is wrong."""
    done = _run("run", "month-end", "--in-flight", "48", "--scale", "0.04", "--out", str(tmp_path), seconds=1750)
    assert done.returncode == 0, done.stdout + done.stderr
    report = read_report(tmp_path / "report.json")
    assert (report.done, report.failures, report.faults) == (60_000, 0, [])
    assert report.checked >= 290
