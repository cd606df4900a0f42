"""The table of all engines in Markdown, and its place in a file between two markers."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pressrun_loadtest.bench.inset import inset, markers
from pressrun_loadtest.rivals.floors import Floors
from pressrun_loadtest.rivals.probe import Measured
from pressrun_loadtest.rivals.roster import OURS, ROSTER

__all__ = ["BEGIN", "END", "Contest", "Result", "render", "written"]

_NAME = "bench-rivals"
BEGIN, END = markers(_NAME)


@dataclass(frozen=True, slots=True)
class Result:
    """One engine's, for one size of document."""

    measured: Measured
    pages: float
    """Of a document."""
    faults: tuple[str, ...]
    """What the documents that were looked into lack."""

    @property
    def cpu(self) -> float:
        """CPU milliseconds of a document, the median."""
        return statistics.median(self.measured.milliseconds)

    @property
    def rate(self) -> float:
        """Pages a second and core."""
        return self.pages / self.cpu * 1000


@dataclass(frozen=True, slots=True)
class Contest:
    """All engines with documents of one size."""

    title: str
    floors: Floors
    results: Mapping[str, Result]
    """By name in the roster."""


def render(
    contests: Sequence[Contest], *, date: str, hardware: Mapping[str, Any], versions: Mapping[str, str], seed: int
) -> str:
    """The Markdown.

    Args:
        contests: one table each.
        date: of the run, ISO 8601.
        hardware: see `bench.machine`.
        versions: by name in the roster, and `python`.
        seed: whose statements.
    """
    gibibytes = hardware["memory_bytes"] / 2**30
    place = f"{hardware['cpu_model']}, one of {hardware['cores']} cores, {gibibytes:.1f} GiB"
    state = f"Linux {hardware['kernel']}; load {hardware['load_before']} before; Python {versions['python']}"
    parts = [f"Output of `make bench-rivals`, {date}: {place}; {state}; seed {seed}."]
    parts += [_contest(contest, versions) for contest in contests]
    notes = [
        f"- **{ROSTER[name].label}**: {ROSTER[name].how}. Its documents: {ROSTER[name].differs}."
        for name in contests[0].results
    ]
    return "\n\n".join([*parts, "\n".join(notes)]) + "\n"


def _contest(contest: Contest, versions: Mapping[str, str]) -> str:
    ours = contest.results[OURS]
    lines = [
        f"{contest.title}:",
        "",
        "| engine | CPU ms a document | times ours | pages/s/core | pages | kB | peak MiB | documents |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, result in sorted(contest.results.items(), key=lambda pair: (bool(pair[1].faults), pair[1].cpu)):
        product, _, way = ROSTER[name].label.partition(", ")
        label = f"{product} {versions[name]}{', ' if way else ''}{way}"
        if result.faults:
            lines.append(f"| {label} | incomplete: {'; '.join(result.faults).replace('|', '/')} | | | | | | |")
            continue
        ratio = result.cpu / ours.cpu
        cells = [
            _number(result.cpu),
            _number(ratio),
            f"{result.rate:,.0f}" if result.rate >= 10 else f"{result.rate:.1f}",  # noqa: PLR2004 - digits that mean something
            f"{result.pages:.0f}",
            f"{result.measured.size / 1000:,.0f}",
            f"{result.measured.peak:,.0f}",
            f"{len(result.measured.milliseconds)}",
        ]
        lines.append(f"| {f'**{label}**' if name == OURS else label} | {' | '.join(cells)} |")
    for text, value in (
        ("floor: joining our document's bytes, made before", contest.floors.join),
        ("floor: a gRPC call that takes the record and answers with these bytes, both ends", contest.floors.call),
    ):
        lines.append(f"| {text} | {_number(value)} | {_number(value / ours.cpu)} | | | | | |")
    given = f"Not counted for the rivals: {_number(contest.floors.read)} ms to read the record into finished texts"
    lines += ["", f"{given} and the QR code's modules. Pressrun's figure holds that work."]
    return "\n".join(lines)


def _number(value: float) -> str:
    """Three digits that mean something."""
    for limit, places in ((0.1, 4), (1, 3), (10, 2), (100, 1)):
        if value < limit:
            return f"{value:.{places}f}"
    return f"{value:,.0f}"


def written(text: str, table: str) -> str:
    """A text with the table between its markers, instead of what was there.

    Raises:
        ValueError: the markers are not there once each, in their order.
    """
    return inset(text, _NAME, table)
