"""Plots as SVG text: lines over time, areas and bars; no library, no script, so that a page stands alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

__all__ = ["Line", "bars", "lines", "ticks"]

_WIDTH, _HEIGHT = 640, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 12, 30
_COLUMN = 2.0
"""Width of a column in which at most two points of a line are drawn."""


@dataclass(frozen=True, slots=True)
class Line:
    """A series of a plot."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    filled: bool = False
    dashed: bool = False


def ticks(top: float, about: int = 4) -> list[float]:
    """Round values from 0 to at least `top`.

    Example:
        >>> ticks(87)
        [0.0, 25.0, 50.0, 75.0, 100.0]
    """
    if top <= 0:
        return [0.0, 1.0]
    raw = top / about
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    return [number * step for number in range(math.ceil(top / step - 1e-9) + 1)]


def lines(
    series: Sequence[Line],
    *,
    unit: str,
    across: str = "s",
    labels: Sequence[tuple[float, str]] = (),
    logarithmic: bool = False,
) -> str:
    """A plot of one or more lines.

    Args:
        series: what is drawn, the first one lowest.
        unit: of the values.
        across: unit of the horizontal axis.
        labels: places and texts on the horizontal axis; empty gives round numbers.
        logarithmic: whether the vertical axis is.
    """
    everything = [point for line in series for point in line.points]
    if not everything:
        return '<p class="none">nothing was measured</p>'
    high_x = max(x for x, _ in everything) or 1.0
    low_x = min(x for x, _ in everything)
    highest = max(y for _, y in everything)
    marks = _decades([y for _, y in everything]) if logarithmic else ticks(highest)
    low, high = marks[0], marks[-1]

    def place_x(x: float) -> float:
        return _LEFT + (x - low_x) / ((high_x - low_x) or 1.0) * (_WIDTH - _LEFT - _RIGHT)

    def place_y(y: float) -> float:
        share = math.log(max(y, low) / low) / math.log(high / low) if logarithmic else (y - low) / (high - low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    label = escape(", ".join(line.name for line in series))
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">']
    for mark in marks:
        y = place_y(mark)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_short(mark)}</text>')
    # The last number of the axis stands where the unit does.
    numbers = [(mark, _short(mark)) for mark in ticks(high_x, 6) if low_x <= mark < high_x * 0.97]
    for x, text in labels or numbers:
        parts.append(
            f'<text class="tick" x="{place_x(x):.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(text)}</text>'
        )
    parts.append(
        f'<text class="unit" x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 10}" text-anchor="end">{escape(across)}</text>'
    )
    for line in series:
        if not line.points:
            continue
        placed = _thinned([(place_x(x), place_y(y)) for x, y in line.points])
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        if line.filled:
            first, last = place_x(line.points[0][0]), place_x(line.points[-1][0])
            floor = place_y(low)
            parts.append(
                f'<polygon points="{first:.1f},{floor:.1f} {path} {last:.1f},{floor:.1f}" fill="{line.colour}" '
                'opacity=".16"/>'
            )
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="1.8"{dash}/>')
    parts.append("</svg>")
    return "".join(parts) + _legend([(line.name, line.colour) for line in series], unit)


def bars(values: Sequence[tuple[str, float]], colours: Sequence[str], *, unit: str) -> str:
    """A bar for each value, one below the other, with the value beside it."""
    top = max((value for _, value in values), default=0.0)
    if top <= 0:
        return '<p class="none">nothing was measured</p>'
    step = (_HEIGHT - _TOP) / len(values)
    left, width = 84, _WIDTH - 84 - 90
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="bars, {escape(unit)}">']
    for number, ((name, value), colour) in enumerate(zip(values, colours, strict=False)):
        y = _TOP + number * step
        middle = y + step * 0.4 + 4
        long = max(value / top * width, 1.5)
        parts.append(f'<text class="tick" x="{left - 10}" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>')
        parts.append(
            f'<rect x="{left}" y="{y:.1f}" width="{long:.1f}" height="{step * 0.8:.1f}" rx="3" fill="{colour}"/>'
        )
        parts.append(f'<text class="tick" x="{left + long + 8:.1f}" y="{middle:.1f}">{_figure(value)}</text>')
    parts.append("</svg>")
    return "".join(parts) + _legend([], unit)


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where several points share a column of the picture, its highest and its lowest, so that no peak is lost."""
    if len(points) <= _WIDTH:
        return list(points)
    kept: list[tuple[float, float]] = []
    for _, column in groupby(points, key=lambda point: int(point[0] / _COLUMN)):
        inside = list(column)
        extremes = {min(inside, key=lambda point: point[1]), max(inside, key=lambda point: point[1])}
        kept += sorted(extremes)
    return kept


def _figure(value: float) -> str:
    """Three digits, or as many as stand before the point.

    Example:
        >>> _figure(1803.46), _figure(0.00219)
        ('1,803', '0.00219')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"  # noqa: PLR2004 - above, digits would be lost


def _decades(values: Sequence[float]) -> list[float]:
    positive = [value for value in values if value > 0] or [1.0]
    low = 10.0 ** math.floor(math.log10(min(positive)))
    marks = [low]
    while marks[-1] < max(positive):
        exponent = math.floor(math.log10(marks[-1]) + 1e-9)
        lead = round(marks[-1] / 10**exponent)
        marks.append({1: 2, 2: 5}.get(lead, 10) * 10.0**exponent)
    return marks if len(marks) > 1 else [low, low * 10]


def _short(value: float) -> str:
    if abs(value) >= 10_000:  # noqa: PLR2004 - five digits are hard to read on an axis
        return f"{value / 1000:g}k"
    return f"{value:g}"


def _legend(named: Sequence[tuple[str, str]], unit: str) -> str:
    keys = "".join(f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in named)
    return f'<div class="legend">{keys}<b>{escape(unit)}</b></div>'
