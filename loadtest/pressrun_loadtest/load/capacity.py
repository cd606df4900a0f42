"""Finds the highest rate at which a service objective still holds, by open-loop tests of one running node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from pressrun_loadtest.load.report import Report
from pressrun_loadtest.load.scenario import Scenario
from pressrun_loadtest.load.thresholds import Threshold

__all__ = ["Step", "search", "verdict"]

_KEPT_UP = 0.98
"""Share of the offered rate that must be finished; below it a queue grows, whatever latency says yet."""
_EXACT = 0.04
_MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried."""

    rate: float
    report: Report
    why: str
    """Why it is too much; empty where the objective held."""


def verdict(report: Report, offered: float, objective: Sequence[Threshold]) -> str:
    """Why a rate is too much, or nothing."""
    for threshold in objective:
        if not threshold.holds(report):
            return f"{threshold.name} is {threshold.value(report):,.4g}, not {threshold.sign}{threshold.limit:g}"
    if report.failures:
        return f"{report.failures:,} documents failed"
    # What came after the last intended start was finished late: only what the time holds counts.
    inside = sum(each.done for each in report.series if each.second < report.scenario["arrival"]["seconds"])
    if inside < offered * report.scenario["arrival"]["seconds"] * _KEPT_UP:
        return f"{inside / report.scenario['arrival']['seconds']:,.0f} of {offered:,.0f} a second were finished"
    return ""


def search(
    scenario: Scenario,
    objective: Sequence[Threshold],
    *,
    start: float,
    seconds: float,
    run: Callable[[Scenario], Report],
    tell: Callable[[Step], None],
) -> list[Step]:
    """Doubles the rate until the objective breaks, then halves the gap until it is within 4 %.

    Returns:
        what was tried, in order.
    """
    steps: list[Step] = []
    good, bad, rate = 0.0, 0.0, start
    while len(steps) < _MOST_STEPS:
        arrival = msgspec.structs.replace(scenario.arrival, kind="constant", rate=rate, seconds=seconds, documents=0)
        report = run(msgspec.structs.replace(scenario, arrival=arrival, warm=scenario.warm if not steps else 0))
        step = Step(rate, report, verdict(report, rate, objective))
        steps.append(step)
        tell(step)
        if report.interrupted:
            break
        if step.why:
            bad = rate
        else:
            good = rate
        if bad and (bad - good) / bad <= _EXACT:
            break
        if not good and rate < 1:
            break
        rate = (good + bad) / 2 if good and bad else rate * 2 if good else rate / 2
    return steps
