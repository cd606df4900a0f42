"""The command `pressrun-load`."""

from __future__ import annotations

import platform
import signal
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.table import Table

from pressrun_loadtest.bench.inset import inset
from pressrun_loadtest.bench.machine import hardware
from pressrun_loadtest.demo.errors import DemoError
from pressrun_loadtest.load.capacity import Step, search
from pressrun_loadtest.load.comparison import compare, print_comparison
from pressrun_loadtest.load.exports import write_csv, write_prometheus
from pressrun_loadtest.load.page import write_page
from pressrun_loadtest.load.report import Report, read_report, write_report
from pressrun_loadtest.load.run import place, run_scenario
from pressrun_loadtest.load.scenario import Scenario, load_scenario, shipped
from pressrun_loadtest.load.sizing import measure
from pressrun_loadtest.load.sizing_sheet import sheet
from pressrun_loadtest.load.terminal import LiveProgress, print_report
from pressrun_loadtest.load.thresholds import Threshold, parse_threshold

__all__ = ["main"]

_WRONG, _BROKEN = 1, 3
"""Exit codes: wrong or missing documents, and a threshold that was passed."""


class _Condition(click.ParamType[Threshold]):
    name = "condition"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Threshold:
        try:
            return parse_threshold(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_TARGET = click.option(
    "--target", default="", help="A node that runs, host:port; by default sandbox and node are started."
)
_METRICS = click.option("--metrics-url", default="", help="That node's metrics, http://host:port/metrics.")
_SEED = click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Chooses the records.")
_PROCESSES = click.option("--processes", type=click.IntRange(1, 64), help="Generators, in place of the scenario's.")


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
@_PROCESSES
@_TARGET
@_METRICS
@_SEED
@click.option(
    "--fail-if",
    "conditions",
    type=_Condition(),
    multiple=True,
    metavar="CONDITION",
    help="E.g. 'p99>50ms'; repeatable. Exit code 3.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the reports; out/load/SCENARIO by default.",
)
def run(  # noqa: PLR0913 - options of a command
    *,
    scenario: str,
    scale: float,
    rate: float | None,
    seconds: float | None,
    processes: int | None,
    target: str,
    metrics_url: str,
    seed: int,
    conditions: tuple[Threshold, ...],
    out: Path | None,
) -> None:
    """Run SCENARIO: the name of a shipped one, or a YAML file.

    Ctrl-C ends it early and reports what was done until then. Exit code 1: documents failed or were wrong; 3: a
    --fail-if condition is met.

    Example: pressrun-load run month-end --scale 0.01 --fail-if 'p99>200ms' --fail-if 'errors>0%'
    """
    console = Console(highlight=False)
    try:
        plan = _changed(load_scenario(scenario), rate=rate, seconds=seconds, processes=processes)
        with (
            tempfile.TemporaryDirectory(prefix="pressrun-load-node-") as folder,
            place(plan, Path(folder), target, metrics_url) as where,
            LiveProgress(console, plan, scale) as progress,
        ):
            report = run_scenario(plan, where, seed=seed, scale=scale, progress=progress)
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    out = out or Path("out/load") / plan.name
    _write(report, out)
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


@main.command()
@click.argument("scenario", default="statement-small")
@click.option(
    "--slo",
    "conditions",
    type=_Condition(),
    multiple=True,
    default=["p99<50ms"],
    show_default=True,
    help="What must hold; repeatable.",
)
@click.option("--start", type=click.FloatRange(1), default=100.0, show_default=True, help="The first rate.")
@click.option(
    "--seconds", type=click.FloatRange(2), default=15.0, show_default=True, help="Of each rate that is tried."
)
@_PROCESSES
@_TARGET
@_METRICS
@_SEED
def capacity(
    *,
    scenario: str,
    conditions: tuple[Threshold, ...],
    start: float,
    seconds: float,
    processes: int | None,
    target: str,
    metrics_url: str,
    seed: int,
) -> None:
    """Find the highest open-loop rate of SCENARIO's documents at which the objective holds, within 4 %.

    Example: pressrun-load capacity statement-small --slo 'p99<50ms' --slo 'p50<10ms'
    """
    console = Console(highlight=False)

    def tell(step: Step) -> None:
        p99 = step.report.latency.percentiles.get("p99", float("nan"))
        mark = f"[red]too much[/]: {step.why}" if step.why else "[green]holds[/]"
        console.print(f"{step.rate:>9,.0f} documents/s  p99 {p99:>9,.1f} ms  {mark}")

    try:
        plan = _changed(load_scenario(scenario), rate=None, seconds=None, processes=processes)
        with (
            tempfile.TemporaryDirectory(prefix="pressrun-load-node-") as folder,
            place(plan, Path(folder), target, metrics_url) as where,
        ):
            steps = search(
                plan,
                conditions,
                start=start,
                seconds=seconds,
                run=lambda each: run_scenario(each, where, seed=seed),
                tell=tell,
            )
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    _print_capacity(console, steps)


@main.command()
@click.option("--seconds", type=click.FloatRange(2), default=20.0, show_default=True, help="Of each kind of document.")
@click.option(
    "--composers", type=click.IntRange(1, 64), default=3, show_default=True, help="Of each node that is planned with."
)
@click.option("--hours", type=click.FloatRange(0.1), default=6.0, show_default=True, help="How long a night is.")
@click.option(
    "--share",
    type=click.FloatRange(0.05, 1),
    default=0.6,
    show_default=True,
    help="Of their processors that nodes use at most.",
)
@click.option(
    "--write",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that has the markers; the tables take the place of what is between them.",
)
@_SEED
def sizing(*, seconds: float, composers: int, hours: float, share: float, write: Path | None, seed: int) -> None:
    """Measure what documents cost by kind, and print the nodes that 1, 10 and 100 million documents a night need.

    What is multiplied is CPU time of the node's processes, so it matters little that the generator works beside it; but
    nothing else should be at work on the machine.
    """
    console = Console(highlight=False, stderr=True)
    machine = hardware()
    try:
        text = write.read_text(encoding="utf-8") if write is not None else ""
        if write is not None:
            inset(text, "sizing", "")  # before the minutes that it takes
        found = measure(seconds=seconds, composers=None, seed=seed, said=lambda what: console.print(what, style="dim"))
        table = sheet(
            found,
            date=datetime.now(UTC).date().isoformat(),
            hardware=machine,
            python=platform.python_version(),
            hours=hours,
            share=share,
            composers=composers,
        )
        if write is not None:
            write.write_text(inset(text, "sizing", table), encoding="utf-8")
    except (DemoError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(table)


def _print_capacity(console: Console, steps: list[Step]) -> None:
    held = [step for step in steps if not step.why]
    if not held:
        console.print("The objective held at no rate that was tried.", style="red")
        raise SystemExit(_BROKEN)
    best = max(held, key=lambda step: step.rate)
    cores = int(best.report.hardware["cores"])
    console.print(
        f"\n{best.rate:,.0f} documents/s hold; {best.rate / cores:,.0f} for each of the machine's {cores} cores,"
    )
    if best.report.node_cpu_ms > 0:
        used = best.report.node_cpu_ms
        console.print(
            f"which the generators use too; the node alone makes {1000 / used:,.0f} documents a CPU second "
            f"({used:.2f} ms each)."
        )
    if best.report.generator_limits:
        console.print(
            "The generators were near their own limit: use more --processes or another machine.", style="yellow"
        )


def _changed(scenario: Scenario, *, rate: float | None, seconds: float | None, processes: int | None) -> Scenario:
    import msgspec  # noqa: PLC0415 - quick --help

    replace = msgspec.structs.replace
    arrival = scenario.arrival
    if rate is not None:
        if arrival.kind == "closed":
            raise click.ClickException(f"{scenario.name} is a closed loop and has no rate; leave --rate out")
        arrival = replace(arrival, rate=rate)
    if seconds is not None:
        arrival = replace(arrival, seconds=seconds)
    return replace(scenario, arrival=arrival, processes=processes or scenario.processes)


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
