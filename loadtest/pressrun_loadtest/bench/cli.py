"""The command `pressrun-bench`: measures, checks, prints a table and writes JSON."""

from __future__ import annotations

import signal
import statistics
import tempfile
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from pressrun_loadtest.bench.compilation import measure_compilation
from pressrun_loadtest.bench.composition import measure_composition
from pressrun_loadtest.bench.config import FULL, QUICK, Sizes
from pressrun_loadtest.bench.large import measure_large
from pressrun_loadtest.bench.machine import hardware, versions
from pressrun_loadtest.bench.report import Entry, Report
from pressrun_loadtest.bench.stream import Streamed, StreamPlan, measure_stream
from pressrun_loadtest.demo.errors import DemoError

__all__ = ["NAMES", "main", "stream_entries"]

_STREAM = ("e2e-small-rate", "e2e-small-cpu", "node-rss-growth")
_LARGE = ("compose-large-cpu", "compose-large-ttfb", "compose-100k-rows-rss")
NAMES = ("template-compile", "compose-small-cpu", *_LARGE, *_STREAM)
"""The entries, in the order in which they are measured."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Chooses the customers; any number."
)
@click.option("--quick", is_flag=True, help="Far fewer documents: a first impression, not a figure to compare.")
@click.option(
    "--only", type=click.Choice(NAMES), multiple=True, metavar="NAME", help=f"Of {', '.join(NAMES)}; repeatable."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("out/bench.json"),
    show_default=True,
    help="Where the figures are written.",
)
def main(*, seed: int, quick: bool, only: tuple[str, ...], out: Path) -> None:
    """Measure what a document costs here: CPU, rate, memory.

    Every record is different, all digests must be, and 50 documents of each measurement are read and checked; where one
    is wrong, the exit code is 1 and nothing is written.

    Example: pressrun-bench --seed 7 --only compose-small-cpu
    """
    signal.signal(signal.SIGTERM, _leave)
    console = Console(highlight=False)
    try:
        out.unlink(missing_ok=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        report = _measure(seed, QUICK if quick else FULL, set(only or NAMES), out.parent, console)
        report.save(out)
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or out}: {error.strerror or error}; choose another --out"
        ) from error
    report.print(console)
    console.print(f"written to {out}", soft_wrap=True)


def _measure(seed: int, sizes: Sizes, wanted: set[str], place: Path, console: Console) -> Report:
    machine = hardware()
    entries: list[Entry] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=place) as name:
        folder = Path(name)
        if "template-compile" in wanted:
            console.print("compiling the template")
            entries.append(measure_compilation(sizes))
        if "compose-small-cpu" in wanted:
            console.print("composing")
            entries.append(measure_composition(sizes, seed, folder))
        if wanted & set(_LARGE):
            console.print("composing large documents")
            entries += [entry for entry in measure_large(sizes, seed, folder) if entry.name in wanted]
        if wanted & set(_STREAM):
            plan = StreamPlan.of(sizes, growth="node-rss-growth" in wanted)
            console.print(f"streaming {plan.total:,} documents through a node with one composer")
            streamed = measure_stream(plan, seed, folder, console)
            entries += [entry for entry in stream_entries(plan, streamed) if entry.name in wanted]
    return Report(seed, machine, versions(), tuple(entries))


def stream_entries(plan: StreamPlan, streamed: Streamed) -> list[Entry]:
    """The figures of a stream."""
    rounds = streamed.rounds
    measured = sum(each.documents for each in rounds)
    rates = [each.rate for each in rounds]
    client, front, helpers = (sum(part) / measured * 1000 for part in zip(*(each.cpu for each in rounds), strict=True))
    of_rounds = f"median of {len(rounds)} rounds of {min(rates):,.0f} to {max(rates):,.0f}"
    return [
        Entry(
            "e2e-small-rate",
            statistics.median(rates),
            "documents/s",
            measured,
            f"SMALL; over gRPC, client included, {plan.in_flight} in flight; {of_rounds}",
        ),
        Entry(
            "e2e-small-cpu",
            client + front + helpers,
            "ms",
            measured,
            f"SMALL; CPU time of all processes but the sandbox: client {client:.2f}, front "
            f"{front:.2f}, composer and preparer {helpers:.2f}",
        ),
        Entry(
            "node-rss-growth",
            streamed.growth(plan.warm) / 2**20,
            "MiB",
            plan.total,
            f"most above the resident memory after document {plan.warm:,}, all processes of the node, "
            f"read every {plan.step:,} documents",
        ),
    ]


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
