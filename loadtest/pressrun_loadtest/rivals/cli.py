"""The command behind `make bench-rivals`: measures all engines on one core, checks their documents, prints a table."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
import os
import platform
import signal
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from pressrun_loadtest.bench.large import LARGE_ROWS
from pressrun_loadtest.bench.machine import hardware
from pressrun_loadtest.demo.errors import DemoError
from pressrun_loadtest.rivals.completeness import Found, inspect
from pressrun_loadtest.rivals.floors import measure_floors
from pressrun_loadtest.rivals.probe import Effort, Measured, by_locale, measure, orders
from pressrun_loadtest.rivals.roster import OURS, ROSTER, version_of
from pressrun_loadtest.rivals.statement import Order
from pressrun_loadtest.rivals.stock import Stock
from pressrun_loadtest.rivals.table import Contest, Result, render, written

__all__ = ["main"]

_SMALL = Effort(rows=None, warm_seconds=3, warm_documents=60, seconds=8, documents=300, checked=8, together=240)
_LARGE = Effort(rows=LARGE_ROWS, warm_seconds=3, warm_documents=9, seconds=10, documents=30, checked=2, together=9)
_QUICK = 0.15
"""What a quick run does of it."""
_PASSES = 3
"""Times that each engine is measured, in turns; the least median counts, for a busy machine only ever adds."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Chooses the customers.")
@click.option("--quick", is_flag=True, help="Far fewer documents, one pass: a first impression.")
@click.option(
    "--only", type=click.Choice([*ROSTER]), multiple=True, metavar="NAME", help=f"Of {', '.join(ROSTER)}; repeatable."
)
@click.option(
    "--write",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Put the table between the markers of this file.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/bench-rivals"),
    show_default=True,
    help="Where figures and one document of each engine are left.",
)
def main(*, seed: int, quick: bool, only: tuple[str, ...], write: Path | None, out: Path) -> None:
    """Make the same statements with Pressrun and its rivals, and compare what they cost.

    Each engine has a process of its own on the same core. Its documents are looked into: all texts, pages, fonts and
    pictures must be there. Where one is incomplete, the exit code is 1 and nothing is written to a file.

    Example: python -m pressrun_loadtest.rivals.cli --only reportlab --quick
    """
    signal.signal(signal.SIGTERM, _leave)
    console = Console(highlight=False, stderr=True)
    names = [OURS, *(name for name in ROSTER if name in (only or ROSTER) and name != OURS)]
    try:
        versions = {name: version_of(ROSTER[name]) for name in names} | {"python": platform.python_version()}
        if write is not None:
            written(write.read_text(encoding="utf-8"), "")  # markers that are missing are told before the measurement
        machine = hardware()
        with tempfile.TemporaryDirectory(prefix="rivals-") as folder:
            stock = Stock.lay_out(Path(folder))
            ring = _Ring(names, seed, stock, out.resolve(), console)
            contests = [
                ring.contest(title, _less(effort) if quick else effort, 1 if quick else _PASSES)
                for title, effort in (
                    ("SMALL, a statement of 30 rows", _SMALL),
                    (f"LARGE, {LARGE_ROWS:,} rows", _LARGE),
                )
            ]
    except (DemoError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror or error}") from error
    date = dt.datetime.now(tz=dt.UTC).date().isoformat()
    table = render(contests, date=date, hardware=machine, versions=versions, seed=seed)
    click.echo(table)
    figures = {"date": date, "hardware": machine, "versions": versions, "contests": [asdict(each) for each in contests]}
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    incomplete = {ROSTER[name].label for each in contests for name, result in each.results.items() if result.faults}
    if incomplete:
        raise click.ClickException(f"incomplete documents of {', '.join(sorted(incomplete))}; nothing is compared")
    if write is not None:
        write.write_text(written(write.read_text(encoding="utf-8"), table), encoding="utf-8")
        console.print(f"written to {write}", soft_wrap=True)


def _less(effort: Effort) -> Effort:
    return dataclasses.replace(
        effort,
        warm_seconds=effort.warm_seconds * _QUICK,
        seconds=effort.seconds * _QUICK,
        documents=max(int(effort.documents * _QUICK), 2),
        checked=2,
        together=max(int(effort.together * _QUICK), 3),
    )


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


class _Ring:
    """Where the engines meet."""

    def __init__(self, names: Sequence[str], seed: int, stock: Stock, out: Path, console: Console) -> None:
        self._names = names
        self._seed = seed
        self._stock = stock
        self._out = out
        self._console = console
        self._core = max(os.sched_getaffinity(0))

    def contest(self, title: str, effort: Effort, passes: int) -> Contest:
        """Measure all engines, in turns, and look into their documents."""
        size = title.partition(",")[0]
        found: dict[str, list[Measured]] = {name: [] for name in self._names}
        for turn in range(passes):
            for name in self._names:
                folder = self._folder(size, name)
                folder.mkdir(parents=True, exist_ok=True)
                self._console.print(f"{size}, {turn + 1} of {passes}: {ROSTER[name].label}", style="dim")
                found[name].append(
                    measure(name, effort, seed=self._seed, core=self._core, stock=self._stock, folder=folder)
                )
        results = {}
        for name, all_measured in found.items():
            # The documents that are there are those of the last turn.
            kept = min(effort.checked, len(all_measured[-1].milliseconds))
            seen = self._inspected(name, effort, kept, self._folder(size, name))
            best = min(all_measured, key=lambda each: statistics.median(each.milliseconds))
            faults = dict.fromkeys(fault for each in seen for fault in each.faults)
            results[name] = Result(best, statistics.mean(each.pages for each in seen), tuple(faults))
            for fault in results[name].faults:
                self._console.print(f"{ROSTER[name].label}: {fault}", style="red", soft_wrap=True)
        floors = measure_floors(effort.rows, seed=self._seed, core=self._core, stock=self._stock)
        return Contest(title, floors, results)

    def _folder(self, size: str, name: str) -> Path:
        return self._out / size.lower() / name

    def _inspected(self, name: str, effort: Effort, kept: int, folder: Path) -> list[Found]:
        """What is found in the documents that were kept."""
        files: list[tuple[Path, Sequence[Order]]]
        if ROSTER[name].together:
            files = [
                (folder / f"{locale}.pdf", asked[: effort.checked])
                for locale, asked in by_locale(self._seed, effort.rows, effort.together).items()
            ]
        else:
            asked_for = itertools.islice(orders(self._seed, effort.rows), kept)
            files = [(folder / f"{number}.pdf", [order]) for number, order in enumerate(asked_for)]
        return inspect(files, self._stock)


if __name__ == "__main__":
    main()
