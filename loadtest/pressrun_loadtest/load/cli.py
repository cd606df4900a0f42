"""The command `pressrun-load`."""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.table import Table

from pressrun_loadtest.bench.inset import inset
from pressrun_loadtest.demo.errors import DemoError
from pressrun_loadtest.load.comparison import compare, print_comparison
from pressrun_loadtest.load.exports import write_csv, write_prometheus
from pressrun_loadtest.load.headline import headline
from pressrun_loadtest.load.options import COMPOSERS, METRICS, PROCESSES, SEED, TARGET, Condition, changed
from pressrun_loadtest.load.page import write_page
from pressrun_loadtest.load.planning import capacity, sizing
from pressrun_loadtest.load.report import Report, read_report, write_report
from pressrun_loadtest.load.run import place, run_scenario
from pressrun_loadtest.load.scenario import load_scenario, shipped
from pressrun_loadtest.load.terminal import LiveProgress, print_report
from pressrun_loadtest.load.thresholds import Threshold

__all__ = ["main"]

_WRONG, _BROKEN = 1, 3
"""Exit codes: wrong or missing documents, and a threshold that was passed."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Test how a node behaves under load, and say so honestly."""
    signal.signal(signal.SIGTERM, _leave)


@main.command()
def scenarios() -> None:
    """List the shipped scenarios; their files show what a scenario of your own may say."""
    table = Table(box=None, pad_edge=False)
    for column in ("scenario", "what it does"):
        table.add_column(column)
    for name in shipped():
        table.add_row(name, load_scenario(name).description)
    Console(highlight=False).print(table)


@main.command()
@click.argument("scenario")
@click.option(
    "--scale",
    type=click.FloatRange(0.0001, 100),
    default=1.0,
    show_default=True,
    help="Part of the time and documents.",
)
@click.option("--rate", type=click.FloatRange(0.1), help="Documents a second, in place of the scenario's (open loops).")
@click.option("--seconds", type=click.FloatRange(1), help="In place of the scenario's.")
@click.option(
    "--in-flight",
    type=click.IntRange(1, 10_000),
    help="As fast as the node takes them: a closed loop of so many, whatever the scenario's arrival is.",
)
@PROCESSES
@COMPOSERS
@TARGET
@METRICS
@SEED
@click.option(
    "--fail-if",
    "conditions",
    type=Condition(),
    multiple=True,
    metavar="CONDITION",
    help="E.g. 'p99>50ms'; repeatable. Exit code 3.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the reports; out/load/SCENARIO by default.",
)
@click.option(
    "--write",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the markers `load-SCENARIO`; what was found takes the place of what is between them.",
)
def run(  # noqa: PLR0913 - options of a command
    *,
    scenario: str,
    scale: float,
    rate: float | None,
    seconds: float | None,
    in_flight: int | None,
    processes: int | None,
    composers: int | None,
    target: str,
    metrics_url: str,
    seed: int,
    conditions: tuple[Threshold, ...],
    out: Path | None,
    write: Path | None,
) -> None:
    """Run SCENARIO: the name of a shipped one, or a YAML file.

    Ctrl-C ends it early and reports what was done until then. Exit code 1: documents failed or were wrong; 3: a
    --fail-if condition is met.

    Example: pressrun-load run month-end --scale 0.01 --fail-if 'p99>200ms' --fail-if 'errors>0%'
    """
    console = Console(highlight=False)
    try:
        plan = changed(
            load_scenario(scenario),
            rate=rate,
            seconds=seconds,
            in_flight=in_flight,
            processes=processes,
            composers=composers,
        )
        if composers is not None and target:
            raise click.ClickException("--composers is for the node that is started, and --target names one that runs")
        if write is not None:
            inset(write.read_text(encoding="utf-8"), f"load-{plan.name}", "")  # before the minutes that it takes
        with (
            tempfile.TemporaryDirectory(prefix="pressrun-load-node-") as folder,
            place(plan, Path(folder), target, metrics_url) as where,
            LiveProgress(console, plan, scale) as progress,
        ):
            report = run_scenario(plan, where, seed=seed, scale=scale, progress=progress)
        out = out or Path("out/load") / plan.name
        _write(report, out)
        if write is not None:
            text = headline(report, shlex.join(["pressrun-load", *sys.argv[1:]]))
            write.write_text(inset(write.read_text(encoding="utf-8"), f"load-{plan.name}", text), encoding="utf-8")
    except (DemoError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    print_report(console, report)
    console.print(f"written to {out}: report.html, report.json, series.csv, metrics.prom", soft_wrap=True)
    met = [each for each in conditions if each.holds(report)]
    for each in met:
        console.print(f"FAILED: {each.text}: it is {each.value(report):,.4g}", style="bold red", markup=False)
    # Where conditions are given they decide on failures, so that a test of an overload can succeed.
    if report.faults or (report.failures and not conditions):
        raise SystemExit(_WRONG)
    if met:
        raise SystemExit(_BROKEN)


@main.command(name="compare")
@click.argument("before", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("after", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--fail-on-worse", is_flag=True, help="Exit code 3 where a figure is worse beyond doubt.")
def compare_command(*, before: Path, after: Path, fail_on_worse: bool) -> None:
    """Compare the reports BEFORE and AFTER: ratios and their 95 % intervals."""
    console = Console(highlight=False)
    try:
        first, second = read_report(before), read_report(after)
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    ratios = compare(first, second)
    print_comparison(console, first, second, ratios)
    if fail_on_worse and any(each.verdict == "worse" for each in ratios):
        raise SystemExit(_BROKEN)


def _write(report: Report, out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_report(report, out / "report.json")
        write_page(report, out / "report.html")
        write_csv(report, out / "series.csv")
        write_prometheus(report, out / "metrics.prom")
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or out}: {error.strerror or error}; choose another --out"
        ) from error


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


main.add_command(capacity)
main.add_command(sizing)
