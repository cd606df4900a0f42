"""Shares what was laid out in columns evenly: where they may end, the least height that holds all, and what is moved.

Columns of one page need nothing laid out again: text, pictures and links are moved to other places, in the order that
they have; only what is painted behind a box is cut where a column ends.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from pressrun_server.layout.edges import side
from pressrun_server.model.page import Fill, Page, unstripped
from pressrun_server.model.program import ColumnSet

__all__ = ["Column", "balanced", "beside", "rules"]


@dataclass(slots=True, eq=False)
class Column:
    """A column that was filled from y = 0."""

    page: Page
    end: int = 0
    """Where its content ends."""
    cuts: list[tuple[int, int]] = field(default_factory=list)
    """Where it may end before that: where what is before ends, and where what follows begins."""
    gap: int = 0
    """The margin that its beginning cut off."""
    margin: int = 0
    """What is empty behind its content; of the last one."""


@dataclass(slots=True, eq=False)
class _Segment:
    """What no column's end parts."""

    column: int
    start: int
    end: int
    gap: int
    """Between it and the segment before, where both are in one column."""
    to: int = 0
    """Its new column."""
    y: int = 0
    """Its new top."""


def beside(columns: Sequence[Column], step: int) -> tuple[Page, int]:
    """Columns as they were filled, next to each other: their frames, and how high the highest is."""
    found = Page(0, 0)
    for index, column in enumerate(columns):
        segment = _Segment(0, 0, column.end, 0, index)
        _move(column.page, [segment], found, step, column.end, None)
    return found, max((column.end + column.margin for column in columns), default=0)


def balanced(columns: Sequence[Column], count: int, step: int, most: int) -> tuple[Page, int]:
    """The same content in columns that are as low as they can be.

    Args:
        columns: as they were filled.
        count: how many there may be.
        step: from one column's left edge to the next one's.
        most: height that none may be above.
    """
    segments = [segment for index, column in enumerate(columns) for segment in _segments(index, column)]
    if not segments:
        return beside(columns, step)
    low, high = max(segment.end - segment.start for segment in segments), most
    whole = sum(segment.end - segment.start + segment.gap for segment in segments)
    high = min(high, whole)
    low = max(low, min(whole // count, high))
    if _fill(segments, high) > count:
        return beside(columns, step)
    while low < high:
        middle = (low + high) // 2
        if _fill(segments, middle) <= count:
            high = middle
        else:
            low = middle + 1
    _fill(segments, high)
    found = Page(0, 0)
    for index, column in enumerate(columns):
        own = [segment for segment in segments if segment.column == index]
        following = next((segment for segment in segments if segment.column > index), None)
        _move(column.page, own, found, step, column.end, following)
    ends = [segment.y + segment.end - segment.start for segment in segments]
    return found, max(*ends, ends[-1] + columns[-1].margin)


def _segments(index: int, column: Column) -> list[_Segment]:
    """A column's content between the places where it may end."""
    solid = [(y, y + height) for _, y, _, height, color in column.page.fills if not isinstance(color, int)]
    solid += [(y, y + height) for _, y, _, height, _, _ in column.page.images]
    found: list[_Segment] = []
    start, gap = 0, column.gap if index else 0
    for end, following in column.cuts:
        if end <= start or following >= column.end or any(top < end and bottom > following for top, bottom in solid):
            continue
        found.append(_Segment(index, start, end, gap))
        start, gap = following, following - end
    if column.end > start:
        found.append(_Segment(index, start, column.end, gap))
    return found


def _fill(segments: Sequence[_Segment], height: int) -> int:
    """Put segments into columns of a height; gives how many columns that takes."""
    to, y = 0, 0
    for segment in segments:
        tall = segment.end - segment.start
        if y and y + segment.gap + tall > height:
            to, y = to + 1, 0
        segment.to = to
        segment.y = y + segment.gap if y else 0
        y = segment.y + tall
    return to + 1


def _move(
    page: Page, segments: Sequence[_Segment], found: Page, step: int, end: int, following: _Segment | None
) -> None:
    """Put a column's frames where its segments are now."""
    found.tags += page.tags  # also of what was opened where there was no room for it
    if not segments:
        return
    starts = [segment.start for segment in segments]

    def at(y: int) -> tuple[int, int]:
        segment = segments[max(bisect.bisect_right(starts, y) - 1, 0)]
        return segment.to * step, segment.y - segment.start

    for x, y, style, shard, codes in itertools.chain.from_iterable(map(unstripped, page.text)):
        dx, dy = at(y)
        found.text.append((x if x.__class__ is str else x + dx, y + dy, style, shard, codes))
    for x, y, width, height, slot, tagged in page.images:
        dx, dy = at(y)
        found.images.append((x + dx, y + dy, width, height, slot, tagged))
    for x, y, width, height, link in page.links:
        dx, dy = at(y)
        found.links.append((x + dx, y + dy, width, height, link))
    for y, level, text in page.bookmarks:
        found.bookmarks.append((y + at(y)[1], level, text))
    found.alts += page.alts
    for fill in page.fills:
        found.fills += _cut(fill, segments, step, end, following)


def _cut(fill: Fill, segments: Sequence[_Segment], step: int, end: int, following: _Segment | None) -> list[Fill]:
    """What is painted over several segments, by column."""
    x, top, width, height, color = fill
    bottom = top + height
    over = [segment for segment in segments if segment.start < bottom and segment.end > top] or [
        segments[max(bisect.bisect_right([segment.start for segment in segments], top) - 1, 0)]
    ]
    parts: list[tuple[int, int, int, int]] = []
    for index, segment in enumerate(over):
        dx, dy = segment.to * step, segment.y - segment.start
        begin = top if not index else segment.start
        stop = bottom if index == len(over) - 1 else segment.end
        if stop > end:
            # It goes on in the next column, which may be this one now.
            joins = following is not None and following.to == segment.to
            stop = end + (following.gap if joins and following is not None else 0)
        if parts and parts[-1][2:] == (dx, dy):
            parts[-1] = (parts[-1][0], stop, dx, dy)
        else:
            parts.append((begin, stop, dx, dy))
    return [(x + dx, begin + dy, width, stop - begin, color) for begin, stop, dx, dy in parts if stop > begin]


def rules(x: int, y: int, height: int, columns: ColumnSet) -> list[Fill]:
    """The lines between columns, of which the first begins at `x`."""
    rule = columns.rule
    if rule is None:
        return []
    step = columns.width + columns.gap
    left = x + columns.width + (columns.gap - rule.width) // 2
    return [(left + index * step, y, rule.width, height, side(rule)) for index in range(columns.count - 1)]
