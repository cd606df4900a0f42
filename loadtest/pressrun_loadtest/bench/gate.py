"""The regression gate: today's figures against a committed baseline, in units that other machines share.

`python -m pressrun_loadtest.bench.gate` measures and compares; `--update` writes the baseline anew.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from pressrun_loadtest.bench.gauge import measure
from pressrun_loadtest.bench.instructions import available, count
from pressrun_loadtest.bench.machine import hardware, versions
from pressrun_loadtest.demo.errors import DemoError

__all__ = ["COUNTED", "GAUGED", "LIMIT", "Baseline", "Verdict", "judge", "main", "read_baseline"]

GAUGED = {
    "small-cpu": "calibration loops a SMALL document",
    "large-cpu": "calibration loops a LARGE document",
    "small-peak": "MiB, peak of a process after SMALL",
    "large-peak": "MiB, peak of a process after LARGE",
}
"""What is compared, and its unit; less is better for all of them."""

COUNTED = {
    "small-instructions": "instructions of a SMALL document, in those of a calibration loop",
    "large-instructions": "instructions of a LARGE document, in those of a calibration loop",
}
"""What is compared as well where valgrind is installed and the baseline has it."""

LIMIT = 0.10
"""By how much a figure may be worse than the baseline's."""

_ROUNDS, _DOCUMENTS, _SEED = 30, 20, 1
_PROCESSES, _MORE = 3, 2
"""Processes of a measurement, for where memory and hashes fall makes one differ from the next; and further ones where a
figure is over the limit: a regression stays, a disturbance goes."""
_BASELINE = Path("loadtest/bench-baseline.json")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure beside the baseline's."""

    name: str
    before: float
    now: float

    @property
    def change(self) -> float:
        """0.1 is ten per cent worse, -0.1 ten per cent better."""
        return self.now / self.before - 1

    @property
    def worse(self) -> bool:
        """Whether it is over the limit."""
        return self.change > LIMIT


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a committed file says."""

    figures: dict[str, float]
    """Of `GAUGED`; of `COUNTED` where they were counted."""
    python: str
    """The version on which they were measured."""


def judge(before: Mapping[str, float], now: Mapping[str, float]) -> list[Verdict]:
    """All figures of `GAUGED`, and those of `COUNTED` that both sides have."""
    counted = [name for name in COUNTED if name in before and name in now]
    return [Verdict(name, before[name], now[name]) for name in (*GAUGED, *counted)]


def read_baseline(path: Path) -> Baseline:
    """A baseline.

    Raises:
        ValueError: the file is missing or is no baseline.
    """
    remedy = "write it with: make bench-check UPDATE=1"
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        figures = {name: float(content["figures"][name]) for name in GAUGED}
        figures |= {name: float(content["figures"][name]) for name in COUNTED if name in content["figures"]}
        python = str(content["versions"]["python"])
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; {remedy}") from error
    except KeyError as error:
        raise ValueError(f"{path} has no {error}; {remedy}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is no baseline ({error}); {remedy}") from error
    bad = [name for name, value in figures.items() if not 0 < value < float("inf")]
    if bad:
        raise ValueError(f"{path}: {bad[0]} must be above 0, not {figures[bad[0]]}; {remedy}")
    return Baseline(figures, python)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--update", is_flag=True, help="Write today's figures as the baseline.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_BASELINE,
    show_default=True,
    help="Its file.",
)
def main(*, update: bool, baseline: Path) -> None:
    """Compare the cost of composing with the baseline; exit code 1 where a figure is over 10 % worse."""
    console = Console(highlight=False)
    try:
        before = None if update else read_baseline(baseline)
        now = _measured(before, console) | _counted(before, console)
        if before is None:
            _write(baseline, now)
            console.print(f"written to {baseline}", soft_wrap=True)
            return
    except (DemoError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{baseline}: {error.strerror or error}; choose another --baseline") from error
    verdicts = judge(before.figures, now)
    _tell_python(before.python, console)
    _show(verdicts, now["calibration"], console)
    if any(verdict.worse for verdict in verdicts):
        raise click.ClickException(
            f"over {LIMIT:.0%} worse; find the cause, or where the cost is meant, write a new baseline: "
            "make bench-check UPDATE=1"
        )


def _measured(before: Baseline | None, console: Console) -> dict[str, float]:
    """The median of each figure over several processes; more of them where one is over the limit, or for a baseline."""
    found: list[dict[str, float]] = []
    for number in (_PROCESSES, _MORE):
        console.print(f"composing in {number} {'more ' if found else ''}processes, one after the other", soft_wrap=True)
        found += [measure(_SEED, rounds=_ROUNDS, documents=_DOCUMENTS) for _ in range(number)]
        middle = {name: statistics.median(each[name] for each in found) for name in found[0]}
        if before is not None and not any(verdict.worse for verdict in judge(before.figures, middle)):
            break
    return middle


def _counted(before: Baseline | None, console: Console) -> dict[str, float]:
    """Instructions in those of the loop, where they can be counted and there is something to compare them with."""
    if before is not None and not before.figures.keys() & COUNTED.keys():
        return {}
    if not available():
        console.print("instructions are not counted: there is no valgrind (apt-get install valgrind)", style="dim")
        return {}
    console.print("counting instructions under valgrind, a minute or two", soft_wrap=True)
    counts = count(_SEED)
    return {f"{name}-instructions": counts[name] / counts["loop"] for name in ("small", "large")}


def _write(path: Path, figures: Mapping[str, float]) -> None:
    machine = hardware()
    content = {
        "figures": {name: round(figures[name], 4) for name in (*GAUGED, *COUNTED) if name in figures},
        "measured_on": {name: machine[name] for name in ("cpu_model", "machine")},
        "versions": versions(),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _tell_python(written: str, console: Console) -> None:
    """Say so where the baseline is another Python's: interpreters differ by more than the limit."""
    here = versions()["python"]
    if written.split(".")[:2] != here.split(".")[:2]:
        console.print(
            f"The baseline is of Python {written}, this is {here}: compare on the same one.",
            style="yellow",
            soft_wrap=True,
        )


def _show(verdicts: list[Verdict], loop: float, console: Console) -> None:
    table = Table(caption=f"a calibration loop: {loop:.2f} ms here", caption_justify="left")
    for heading in ("figure", "baseline", "now", "change"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for verdict in verdicts:
        style = "red" if verdict.worse else "green"
        change = f"[{style}]{verdict.change:+.1%}[/]"
        table.add_row(verdict.name, f"{verdict.before:,.3f}", f"{verdict.now:,.3f}", change)
    console.print(table)
    for verdict in verdicts:
        unit = (GAUGED | COUNTED)[verdict.name]
        console.print(f"{verdict.name}: {unit}", style="dim", soft_wrap=True)


if __name__ == "__main__":
    main()
