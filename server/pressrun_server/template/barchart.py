"""What a bar chart shows of a record: its bars and the ticks of its axis, in every output channel."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeAlias

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.program import Chart
from pressrun_server.model.webpage import Graph
from pressrun_server.template.evaluation import Environment, evaluator
from pressrun_server.template.filters import Formatter
from pressrun_server.template.loops import items_of
from pressrun_server.template.scale import scale
from pressrun_server.template.steps import spend

__all__ = ["MOST_BARS", "Bars", "bars_of"]

Bars: TypeAlias = "tuple[list[tuple[str, Decimal]], list[tuple[Decimal, str]]]"
"""Label and value of each bar; value and label of each tick, the lowest first."""
_Text: TypeAlias = "Callable[[Environment], str]"
MOST_BARS: Final = 366
"""Of one chart."""


def bars_of(chart: Chart | Graph, formatter: Formatter, label: _Text, tick: _Text) -> Callable[[Environment], Bars]:
    """What binds the bars of a chart.

    Args:
        chart: the chart.
        formatter: filters of the program's locale.
        label: binds a bar's label.
        tick: binds a tick's label, to which its value is known as `value`.

    Returns:
        what raises PressrunError: INVALID_RECORD, a value is no number; LIMIT_EXCEEDED, too many bars.
    """
    items = evaluator(chart.items, formatter, chart.place)
    value = evaluator(("filter", "decimal", chart.value, ()), formatter, chart.place)
    name, place = chart.name, chart.place

    def bars(env: Environment) -> Bars:
        found = items_of(items(env), place)
        spend(env, len(found), place)
        if len(found) > MOST_BARS:
            problem = f"the chart at {place} has more than {MOST_BARS} bars; show fewer"
            raise PressrunError(Reason.LIMIT_EXCEEDED, problem)
        inner = dict(env)
        shown: list[tuple[str, Decimal]] = []
        for inner[name] in found:
            shown.append((label(inner), value(inner)))
        ticks: list[tuple[Decimal, str]] = []
        for inner["value"] in scale([number for _, number in shown]):
            ticks.append((inner["value"], tick(inner)))
        return shown, ticks

    return bars
