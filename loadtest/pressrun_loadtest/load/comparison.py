"""Two tests side by side: ratios, with intervals that say whether a difference is one.

A figure of a whole test has no spread, so the intervals come from its seconds: the ratio is taken of resampled blocks
of seconds (a moving-block bootstrap, since neighbouring seconds are alike), 95 % of which lie between the two ends.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from rich import box
from rich.console import Console
from rich.table import Table

from pressrun_loadtest.load.measure import Second
from pressrun_loadtest.load.report import Report

__all__ = ["Ratio", "compare", "print_comparison"]

_ROUNDS = 2000
_BLOCK = 4
_FEWEST = 8
"""Seconds below which an interval would be a guess."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure of B against A."""

    name: str
    unit: str
    before: float
    after: float
    low: float
    high: float
    """Ends of the 95 % interval of the ratio; both NaN where the tests were too short for one."""
    more_is_better: bool

    @property
    def ratio(self) -> float:
        """B by A."""
        return self.after / self.before if self.before else float("nan")

    @property
    def verdict(self) -> str:
        """better, worse, or even where the interval holds 1."""
        if not (self.low > 1 or self.high < 1):
            return "even" if self.low == self.low else "too short"  # NaN is not itself
        return "better" if (self.low > 1) == self.more_is_better else "worse"


_FIGURES: tuple[tuple[str, str, bool, Callable[[Sequence[Second]], float]], ...] = (
    ("throughput", "documents/s", True, lambda s: fmean(each.done for each in s)),
    ("p50", "ms", False, lambda s: median(each.p50 for each in s)),
    ("p90", "ms", False, lambda s: median(each.p90 for each in s)),
    ("p99", "ms", False, lambda s: median(each.p99 for each in s)),
    ("first byte p50", "ms", False, lambda s: median(each.first_byte_p50 for each in s)),
    ("first byte p99", "ms", False, lambda s: median(each.first_byte_p99 for each in s)),
    (
        "node CPU a document",
        "ms",
        False,
        lambda s: sum(max(0.0, e.node_cpu) for e in s) / sum(e.done for e in s) * 1000,
    ),
    (
        "generator CPU a document",
        "ms",
        False,
        lambda s: sum(e.generator_cpu for e in s) / sum(e.done for e in s) * 1000,
    ),
)


def compare(before: Report, after: Report, *, seed: int = 1) -> list[Ratio]:
    """The figures of two tests. Latencies are medians of those of the seconds."""
    first, second = _steady(before), _steady(after)
    if not first or not second:
        return []
    chance = random.Random(seed)  # noqa: S311 - no secret
    ratios: list[Ratio] = []
    for name, unit, more, of in _FIGURES:
        a, b = of(first), of(second)
        low = high = float("nan")
        if min(len(first), len(second)) >= _FEWEST and a and b:
            drawn = sorted(
                of(_resampled(second, chance)) / (of(_resampled(first, chance)) or a) for _ in range(_ROUNDS)
            )
            low, high = drawn[int(_ROUNDS * 0.025)], drawn[int(_ROUNDS * 0.975) - 1]
        ratios.append(Ratio(name, unit, a, b, low, high, more))
    return ratios


def _steady(report: Report) -> list[Second]:
    """Seconds in which documents ended, without the first and the last, which are parts of one."""
    return [each for each in report.series if each.done][1:-1]


def _resampled(seconds: Sequence[Second], chance: random.Random) -> list[Second]:
    length = len(seconds)
    drawn: list[Second] = []
    while len(drawn) < length:
        start = chance.randrange(length)
        drawn += [seconds[(start + step) % length] for step in range(_BLOCK)]
    return drawn[:length]


def print_comparison(console: Console, before: Report, after: Report, ratios: Sequence[Ratio]) -> None:
    """Show it, with what keeps the two from being comparable."""
    for name in ("scenario", "hardware", "versions"):
        one, two = getattr(before, name), getattr(after, name)
        changed = sorted(key for key in {*one, *two} - {"load_before"} if one.get(key) != two.get(key))
        if changed:
            told = "; ".join(f"{key}: {one.get(key)} and {two.get(key)}" for key in changed)
            console.print(f"They differ in {name}: {told}", style="yellow", soft_wrap=True, markup=False)
    table = Table(
        title=f"B by A: {before.name} of {before.date}, {after.name} of {after.date}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
        show_edge=False,
    )
    # Narrow enough for 80 columns, so that a log of CI shows all of it.
    for name in ("figure", "A", "B", "ratio", "95 % interval", ""):
        table.add_column(name, justify="left" if name in ("figure", "") else "right", no_wrap=True)
    styles = {"better": "green", "worse": "red"}
    for each in ratios:
        interval = "" if each.verdict == "too short" else f"{each.low:.3f} to {each.high:.3f}"
        verdict = f"[{styles[each.verdict]}]{each.verdict}[/]" if each.verdict in styles else each.verdict
        figure = f"{each.name}, {each.unit.replace('documents/s', 'docs/s')}"
        table.add_row(figure, f"{each.before:,.2f}", f"{each.after:,.2f}", f"{each.ratio:.3f}", interval, verdict)
    console.print(table)
