"""The commands of `pressrun-load` that look ahead: what one machine can do, and what a night's work needs."""

from __future__ import annotations

import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from pressrun_loadtest.bench.inset import inset
from pressrun_loadtest.bench.machine import hardware
from pressrun_loadtest.demo.errors import DemoError
from pressrun_loadtest.load.capacity import Step, search
from pressrun_loadtest.load.options import METRICS, PROCESSES, SEED, TARGET, Condition, changed
from pressrun_loadtest.load.run import place, run_scenario
from pressrun_loadtest.load.scenario import load_scenario
from pressrun_loadtest.load.sizing import measure
from pressrun_loadtest.load.sizing_sheet import sheet
from pressrun_loadtest.load.thresholds import Threshold

__all__ = ["capacity", "sizing"]

_BROKEN = 3
"""Exit code: the objective held at no rate."""


@click.command()
@click.argument("scenario", default="statement-small")
@click.option(
    "--slo",
    "conditions",
    type=Condition(),
    multiple=True,
    default=["p99<50ms"],
    show_default=True,
    help="What must hold; repeatable.",
)
@click.option("--start", type=click.FloatRange(1), default=100.0, show_default=True, help="The first rate.")
@click.option(
    "--seconds", type=click.FloatRange(2), default=15.0, show_default=True, help="Of each rate that is tried."
)
@PROCESSES
@TARGET
@METRICS
@SEED
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
        console.print(f"{_rate(step.rate):>9} documents/s  p99 {p99:>9,.1f} ms  {mark}")

    try:
        plan = changed(
            load_scenario(scenario), rate=None, seconds=None, in_flight=None, processes=processes, composers=None
        )
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


def _rate(rate: float) -> str:
    """Documents a second, so that two tries that lie close together can be told apart."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:,.1f}"  # noqa: PLR2004 - three digits


@click.command()
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
@SEED
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
        f"\n{_rate(best.rate)} documents/s hold; {_rate(best.rate / cores)} for each of the machine's {cores} cores,"
    )
    if best.report.node_cpu_ms > 0:
        used = best.report.node_cpu_ms
        console.print(
            f"which the generators use too; the node alone makes {1000 / used:,.0f} documents a CPU second "
            f"({used:.2f} ms each)."
        )
    if best.report.generator_limits:
        console.print(best.report.generator_limits, style="yellow", soft_wrap=True)
