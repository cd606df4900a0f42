"""The command `pressrun-bench`: measures, checks, prints a table and writes JSON."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from pressrun_loadtest.bench.caching import measure_cache
from pressrun_loadtest.bench.compilation import measure_compilation
from pressrun_loadtest.bench.composition import measure_composition
from pressrun_loadtest.bench.config import FULL, QUICK, Sizes
from pressrun_loadtest.bench.drawing import measure_drawing
from pressrun_loadtest.bench.echo import measure_echo
from pressrun_loadtest.bench.first import measure_first
from pressrun_loadtest.bench.first_page import measure_first_page
from pressrun_loadtest.bench.large import measure_large
from pressrun_loadtest.bench.machine import hardware, versions
from pressrun_loadtest.bench.print_run import measure_print_run
from pressrun_loadtest.bench.report import Entry, Report
from pressrun_loadtest.bench.rounds import described
from pressrun_loadtest.bench.stream import Streamed, StreamPlan, measure_stream
from pressrun_loadtest.demo.errors import DemoError

__all__ = ["NAMES", "main", "pair_entries", "stream_entries"]

_STREAM = ("e2e-small-rate", "client-small-cpu", "e2e-small-overhead-cpu", "e2e-small-cpu", "node-rss-growth")
_TWO = ("e2e-small-rate-2", "composers-2-efficiency")
_SMALL = ("compose-small-cpu", "compose-small-size")
_LARGE = ("compose-large-cpu", "compose-large-ttfb", "compose-large-size", "compose-100k-rows-rss")
_CACHE = ("cache-resolve-warm-cpu", "cache-disk-hit", "cache-redis-hit")
_ONE = (
    "template-compile", *_SMALL, "email-small-cpu", "web-small-cpu", "printrun-small-cpu", "png-page-ratio",
)  # fmt: skip
NAMES = (*_ONE, *_LARGE, *_CACHE, "first-document-ratio", "first-page-large", "grpc-echo-cpu", *_STREAM, *_TWO)
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
        composed: Entry | None = None
        if wanted & {*_SMALL, "e2e-small-overhead-cpu"}:
            console.print("composing")
            small = measure_composition(sizes, seed, folder)
            composed = small[0]
            entries += [entry for entry in small if entry.name in wanted]
        if "email-small-cpu" in wanted:
            console.print("composing e-mails")
            entries += measure_composition(sizes, seed, folder, "email")
        if "web-small-cpu" in wanted:
            console.print("composing pages for browsers")
            entries += measure_composition(sizes, seed, folder, "web")
        if "printrun-small-cpu" in wanted:
            console.print("composing a print run")
            entries.append(measure_print_run(sizes, seed, folder))
        if "png-page-ratio" in wanted:
            console.print("drawing pages")
            entries.append(measure_drawing(sizes, seed, folder))
        if wanted & set(_LARGE):
            console.print("composing large documents")
            entries += [entry for entry in measure_large(sizes, seed, folder) if entry.name in wanted]
        if wanted & set(_CACHE):
            console.print("reading the cache")
            entries += [entry for entry in measure_cache(sizes, seed, folder, console) if entry.name in wanted]
        entries += _firsts(seed, sizes, wanted, folder, console)
        if "grpc-echo-cpu" in wanted:
            console.print("streaming through gRPC alone")
            entries.append(measure_echo(sizes, folder))
        alone: Streamed | None = None
        if wanted & {*_STREAM, "composers-2-efficiency"}:
            plan = StreamPlan.of(sizes, growth="node-rss-growth" in wanted)
            console.print(f"streaming {plan.total:,} documents through a node with one composer")
            alone = measure_stream(plan, seed, folder, console)
            found = stream_entries(plan, alone, composed.value if composed is not None else None)
            entries += [entry for entry in found if entry.name in wanted]
        if wanted & set(_TWO):
            plan = StreamPlan.of(sizes, growth=False, composers=2)
            console.print(f"streaming {plan.total:,} documents through a node with two composers")
            both = measure_stream(plan, seed + 1, folder, console)
            entries += [entry for entry in pair_entries(plan, alone, both) if entry.name in wanted]
    return Report(seed, machine, versions(), tuple(entries))


def _firsts(seed: int, sizes: Sizes, wanted: set[str], folder: Path, console: Console) -> list[Entry]:
    """First documents and first pages."""
    entries: list[Entry] = []
    if "first-document-ratio" in wanted:
        console.print("composing the first documents of a node")
        entries.append(measure_first(seed, folder))
    if "first-page-large" in wanted:
        console.print("waiting for first pages of large documents")
        entries.append(measure_first_page(sizes, seed, folder))
    return entries


def stream_entries(plan: StreamPlan, streamed: Streamed, composed: float | None = None) -> list[Entry]:
    """The figures of a stream.

    Args:
        plan: what was streamed.
        streamed: what was measured.
        composed: CPU milliseconds of composing alone, where they were measured in the same run.
    """
    measured = sum(each.documents for each in streamed.rounds)
    client, front, helpers = streamed.cpu()
    overhead = []
    if composed is not None:
        note = (
            f"SMALL; CPU time of front ({front:.2f}) and helpers ({helpers:.2f}) beyond composition ({composed:.2f}): "
            "gRPC, admission, selection, assets, the hop, bookkeeping"
        )
        overhead.append(Entry("e2e-small-overhead-cpu", front + helpers - composed, "ms", measured, note))
    return [
        Entry("e2e-small-rate", streamed.rate(), "documents/s", measured, _rate_note(plan, streamed)),
        Entry(
            "client-small-cpu",
            client,
            "ms",
            measured,
            "SMALL; CPU time of the client's process, which also reads the records and keeps the digests",
        ),
        *overhead,
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


def pair_entries(plan: StreamPlan, alone: Streamed | None, both: Streamed) -> list[Entry]:
    """The figures of two composers on one stream, compared with one where that was measured in the same run."""
    measured = sum(each.documents for each in both.rounds)
    entries = [Entry("e2e-small-rate-2", both.rate(), "documents/s", measured, _rate_note(plan, both))]
    if alone is not None:
        one, two = sum(alone.cpu()), sum(both.cpu())
        note = f"documents per CPU second of node and client, two composers over one: {two:.2f} ms against {one:.2f}"
        entries.append(Entry("composers-2-efficiency", one / two, "ratio", measured, note))
    return entries


def _rate_note(plan: StreamPlan, streamed: Streamed) -> str:
    rates = [each.rate for each in streamed.rounds]
    composers = "one composer" if plan.composers == 1 else f"{plan.composers} composers"
    return f"SMALL; {composers}, over gRPC, client included, {plan.in_flight} in flight; {described(rates, 0)}"


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
