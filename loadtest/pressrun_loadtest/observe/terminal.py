"""An observation on the terminal: a table for each dashboard, with the value of every query."""

from __future__ import annotations

import math
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table

from pressrun_loadtest.observe.boards import Seen
from pressrun_loadtest.observe.run import Observation

__all__ = ["print_observation", "shown"]

_MOST = 8
"""Series of one query that are shown."""
_THOUSAND = 1000.0
_KIBI = 1024.0


def shown(value: float, unit: str) -> str:
    """A value as Grafana would write it.

    Args:
        value: any number.
        unit: of the panel.

    Example:
        >>> shown(0.0123, "s"), shown(3 << 20, "bytes"), shown(0.5, "percentunit")
        ('12.3 ms', '3.0 MiB', '50.0 %')
    """
    if math.isnan(value):
        return "no value"
    if unit == "percentunit":
        return f"{value:.1%}".replace("%", " %")
    if unit in ("bytes", "Bps"):
        return _scaled(value, _KIBI, ("B", "KiB", "MiB", "GiB", "TiB")) + ("/s" if unit == "Bps" else "")
    if unit == "s":
        return f"{value * _THOUSAND:.3g} ms" if abs(value) < 1 else f"{value:,.1f} s"
    words = {"reqps": "requests/s"}.get(unit, unit.removeprefix("suffix:").strip() if ":" in unit else "")
    return f"{value:,.4g} {words}".strip()


def print_observation(console: Console, observation: Observation) -> int:
    """Print it; gives the exit code: 1 where a query gave nothing or a rule can't be evaluated."""
    for title, group in groupby(observation.seen, key=lambda seen: seen.ask.dashboard):
        table = Table(title=title, box=box.SIMPLE_HEAD, title_style="bold", padding=(0, 1), expand=False)
        table.add_column("panel")
        table.add_column("query")
        table.add_column("now", justify="right", no_wrap=True)
        panel = ""
        for seen in group:
            for name, value in _lines(seen):
                table.add_row("" if seen.ask.panel == panel else seen.ask.panel, name, value)
                panel = seen.ask.panel
        console.print(table)
    empty = [seen for seen in observation.seen if not seen.series]
    console.print(
        f"{observation.documents:,} documents, {len(observation.seen)} queries, {len(empty)} without a value, "
        f"{len(observation.alerts)} alerts pending or firing"
    )
    for alert in observation.alerts:
        console.print(f"{alert.state}: {alert.name}", style="yellow", markup=False)
    for seen in empty:
        console.print(
            f"No value: {seen.ask.dashboard}, {seen.ask.panel}: {seen.ask.expression}", style="red", markup=False
        )
    for fault in observation.faults:
        console.print(f"A rule can't be evaluated: {fault}", style="red", markup=False)
    if empty and not observation.shared:
        console.print(
            "There is no redis-server here, so nothing of what a cluster shares is shown: make tools brings one."
        )
    return 1 if empty or observation.faults else 0


def _lines(seen: Seen) -> list[tuple[str, str]]:
    if not seen.series:
        return [(seen.ask.legend, "none")]
    series = sorted(seen.series, key=seen.ask.named)
    lines = [(seen.ask.named(one), shown(one.value, seen.ask.unit)) for one in series[:_MOST]]
    if len(series) > _MOST:
        lines.append((f"and {len(series) - _MOST} more", ""))
    return lines


def _scaled(value: float, step: float, units: tuple[str, ...]) -> str:
    for unit in units[:-1]:
        if abs(value) < step:
            return f"{value:,.1f} {unit}"
        value /= step
    return f"{value:,.1f} {units[-1]}"
