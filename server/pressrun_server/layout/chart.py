"""Places a bar chart: axis with labels on the left, bars, their labels below; in millipoints from its top left."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from pressrun_server.layout.lines import Typesetter
from pressrun_server.model.content import BoundChart
from pressrun_server.model.page import Drawing, Fill, TextItem

__all__ = ["chart"]

_GAP = 3000
"""Between the axis' labels and the plot, and between the plot and the bars' labels."""
_HAIR = 400
_BAR = (62, 100)
"""What a bar takes of its share of the axis."""


def chart(bound: BoundChart, width: int, setter: Typesetter, missing: Callable[[str], None]) -> Drawing:
    """The chart's drawing, `width` wide and as high as its node says."""
    node = bound.node
    line, ascent = setter.metrics(node.style)
    ticks = [(value, _set(setter, node.style, text, missing)) for value, text in bound.ticks]
    labels = [_set(setter, node.style, text, missing) for text, _ in bound.bars]
    left = max(size for _, (_, size) in ticks) + _GAP
    top, bottom = line // 2, max(node.height - line - _GAP, line)
    low, high = ticks[0][0], ticks[-1][0]
    span, reach = bottom - top, high - low

    def height(value: Decimal) -> int:
        return bottom - int((value - low) * span / reach)

    fills: list[Fill] = []
    text: list[TextItem] = []
    for value, (runs, size) in ticks:
        y = height(value)
        fills.append((left, y - _HAIR // 2, width - left, _HAIR, node.line))
        x, baseline = left - _GAP - size, y + ascent - line // 2
        text += [(x + offset, baseline, node.style, shard, codes) for offset, shard, codes in runs]
    zero, count = height(Decimal(0)), max(len(bound.bars), 1)
    share = (width - left) // count
    bar = share * _BAR[0] // _BAR[1]
    # Labels that would run into each other are shown at every second bar, every third, ...
    widest = max((size for _, size in labels), default=0) + _GAP
    every = max(-(-widest // max(share, 1)), 1)
    for index, ((_, value), (runs, size)) in enumerate(zip(bound.bars, labels, strict=True)):
        x, y = left + share * index + (share - bar) // 2, height(value)
        fills.append((x, min(y, zero), bar, abs(zero - y), node.color))
        if index % every == 0:
            middle = left + share * index + share // 2 - size // 2
            x, baseline = min(max(middle, left), width - size), bottom + _GAP + ascent
            text += [(x + offset, baseline, node.style, shard, codes) for offset, shard, codes in runs]
    fills.append((left, zero - _HAIR, width - left, _HAIR * 2, node.axis))
    return Drawing(fills, text)


def _set(
    setter: Typesetter, style: int, text: str, missing: Callable[[str], None]
) -> tuple[list[tuple[int, int, str]], int]:
    """Offset, shard and codes of each run of a label, and its width."""
    plain, size = setter.plain_styles[style]
    found = plain(text)
    if found is not None:
        return [(0, 0, found[0])], found[1] * size // 1000
    runs, width = [], 0
    for (shard, codes, _), advance in setter.runs(style, text, missing):
        runs.append((width, shard, codes))
        width += advance
    return runs, width
