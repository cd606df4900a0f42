"""Rows that are joined by cells which span them: set together, and parted between rows where a page ends.

A row ends where its own cells and those that span down to it end (CSS 2.2, 17.5.3: what a spanning cell needs more is
its last row's). A part of such rows on a page is one frame. A cell that goes on into the next part is a cell of both,
with the rest of its content; so every part is a regular piece of the table, also in the structure.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

from pressrun_server.layout.edges import borders, side
from pressrun_server.layout.parting import Metrics, Parting
from pressrun_server.layout.rows import FlowCell, RowFrame, RowSetter, Set, edges, put, start_of
from pressrun_server.model.content import BoundRow
from pressrun_server.model.page import Page
from pressrun_server.model.program import Cell, RowTemplate
from pressrun_server.model.sums import Sums

__all__ = ["Joined"]


@dataclass(slots=True, eq=False)
class _Row:
    node: RowTemplate
    cells: list[Set]
    height: int
    """That its cells which span no other row need."""
    sums: Sums | None


@dataclass(slots=True, eq=False)
class _Span:
    """A cell in a part."""

    cell: Cell
    node: RowTemplate
    """The row that it began in."""
    page: Page
    inner: int
    first: int
    """Its first row in the part."""
    rows: int
    """How many it spans from there; 0 where it goes on to the end."""
    last: int = 0
    """Its last row in the part."""
    cut: bool = False
    """Whether it goes on into the next part."""
    carried: bool = False
    """Whether it began in another one."""
    parting: Parting | None = None
    """What is left of its content, where that was parted."""

    @property
    def left(self) -> Page:
        """Its content, or what is left of it."""
        return self.page if self.parting is None else _page(self.parting.rest())


class Joined:
    """Rows joined by cells, as many as are known.

    Args:
        setter: sets rows.
        flow: flows a cell's content.
        missing: told each character that no face has, and each overflow.
        artifact: whether they are no part of the document's structure.
    """

    def __init__(self, setter: RowSetter, flow: FlowCell, missing: Callable[[str], None], *, artifact: bool) -> None:
        self._setter = setter
        self._flow = flow
        self._missing = missing
        self._artifact = artifact
        self._rows: list[_Row] = []
        self._carried: list[_Span] = []
        """Cells that go on from the part before."""
        self._least = 0
        self.complete = False
        """Whether all rows are known."""

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: BoundRow) -> None:
        """One more row; the last one is joined with no other."""
        cells = self._setter.contents(row, self._flow, self._missing, artifact=self._artifact)
        alone = [edges(cell.box) + inner for cell, _, inner in cells if cell.rows == 1]
        self._rows.append(_Row(row.node, cells, max([row.node.min_height, *alone]), row.sums))
        self._least += self._rows[-1].height
        self.complete = not row.joined

    @property
    def keep_next(self) -> bool:
        """Whether they are kept with what follows."""
        return self._rows[-1].node.keep_next

    def least(self) -> int:
        """The height of all rows so far, but for what cells need that span them."""
        return self._least

    def height(self) -> int:
        """Of all rows so far."""
        count = len(self._rows)
        return sum(self._heights(self._spans(count), count))

    def first_height(self) -> int:
        """Of the first row alone."""
        return self._rows[0].height

    def fitting(self, room: int) -> int:
        """How many rows go into a part of that height."""

        def height(count: int) -> int:
            return sum(self._heights(self._spans(count, cut=True), count))

        return bisect.bisect_right(range(1, len(self._rows) + 1), room, key=height)

    def part(self, count: int, room: int | None = None) -> tuple[RowFrame, list[tuple[int, Sums]]]:
        """Take the first rows out, as a frame, with what they add to sums by their places from its top.

        Args:
            count: how many rows.
            room: the height of the part if more rows, or more of its cells, are to come behind it.
        """
        spans = self._spans(count, cut=room is not None)
        heights = self._heights(spans, count)
        if room is not None and count == len(self._rows) and self.complete:
            heights[-1] += max(min(self._needed(spans), room) - sum(heights), 0)  # only cells' content is left
        tops = [sum(heights[:index]) for index in range(count + 1)]
        frame = RowFrame(tops[-1])
        self._decorate(frame, spans, tops)
        carried = self._fill(frame, spans, tops)
        rows = self._rows[:count]
        del self._rows[:count]
        self._least -= sum(row.height for row in rows)
        self._carried = carried
        if self.complete and not self._rows and any(span.inner for span in carried):
            # Nothing but the rest of cells is left, which makes one more row.
            own = [(cell, Page(0, 0), 0) for cell, _, _ in rows[-1].cells if cell.rows == 1]
            self._rows.append(_Row(rows[-1].node, own, 0, None))
        return frame, [(top, row.sums) for top, row in zip(tops, rows, strict=False) if row.sums]

    def _spans(self, count: int, *, cut: bool = False) -> list[_Span]:
        """All cells of the first rows and those that go on from before, row by row and from left to right."""
        found = list(self._carried)
        for index, row in enumerate(self._rows[:count]):
            found += [_Span(cell, row.node, page, inner, index, cell.rows) for cell, page, inner in row.cells]
        for span in found:
            span.last = min(span.first + span.rows, count) - 1 if span.rows else count - 1
            span.cut = cut and (not span.rows or span.first + span.rows > count) and span.cell.rows != 1
            if cut and count == len(self._rows) and self.complete and span.cell.rows != 1 and span.last == count - 1:
                span.cut = True
        return sorted(found, key=lambda span: (span.first, span.cell.box.x))

    def _heights(self, spans: list[_Span], count: int) -> list[int]:
        heights = [row.height for row in self._rows[:count]]
        ending = [span for span in spans if span.cell.rows != 1 and not span.cut]
        for span in sorted(ending, key=lambda span: span.last):
            need = edges(span.cell.box) + span.inner
            heights[span.last] = max(heights[span.last], need - sum(heights[span.first : span.last]))
        return heights

    @staticmethod
    def _needed(spans: list[_Span]) -> int:
        return max([edges(span.cell.box) + span.inner for span in spans if span.cut], default=0)

    def _fill(self, frame: RowFrame, spans: list[_Span], tops: list[int]) -> list[_Span]:
        """Put contents in; gives the cells that go on."""
        carried: list[_Span] = []
        tagged = bool(self._rows[0].node.role) and not self._artifact
        row = -1
        for index, span in enumerate(spans):
            if span.first != row:
                if tagged:
                    frame.tags += [")"] * (row >= 0) + ["(" + self._rows[span.first].node.role]
                row = span.first
            height = tops[span.last + 1] - tops[span.first]
            if span.cut:
                page, inner, (rest, waits, parting) = _parted(span, height, self._setter.metrics)
                rows = span.rows and max(span.first + span.rows - (len(tops) - 1), 1)
                carried.append(_Span(span.cell, span.node, rest, waits, 0, rows, carried=True, parting=parting))
            else:
                page, inner = span.left, span.inner
            count = span.last + 1 - span.first
            role = span.cell.role + (f" RowSpan={count}" if count > 1 else "")
            put(frame, page, tops[span.first] + start_of(span.cell, height, inner), index, role, tagged=tagged)
        if tagged and row >= 0:
            frame.tags.append(")")
        return carried

    def _decorate(self, frame: RowFrame, spans: list[_Span], tops: list[int]) -> None:
        """Backgrounds and borders. A row's are behind its own cells, also where they go down beyond it."""
        places = [(span, tops[span.first], tops[span.last + 1] - tops[span.first]) for span in spans]
        for behind in (True, False):
            for span, top, height in places:
                box = span.cell.box
                color = span.node.background if behind else box.background
                if color is None:
                    continue
                x, width = box.x, box.width
                before = frame.fills[-1] if frame.fills else None
                if before is not None and (before[0] + before[2], *before[1::2], before[4]) == (x, top, height, color):
                    x, width = before[0], before[2] + width  # neighbours of one colour are one fill
                    frame.fills.pop()
                frame.fills.append((x, top, width, height, color))
        for span, top, height in places:
            box, below = span.cell.box, self._rows[span.last].node
            upper = None if span.carried else span.node.border_top
            lower = None if span.cut else below.border_bottom
            if upper:
                frame.fills.append((box.x, top, box.width, upper.width, side(upper)))
            if lower:
                frame.fills.append((box.x, top + height - lower.width, box.width, lower.width, side(lower)))
            first, last = None if span.carried else box.border_top, None if span.cut else box.border_bottom
            frame.fills += borders(box, top, height, top=first, bottom=last)


def _parted(span: _Span, height: int, metrics: Metrics) -> tuple[Page, int, tuple[Page, int, Parting | None]]:
    """As much of a cell's content as its part has room for, how high that is; and the rest."""
    room = height - edges(span.cell.box)
    if span.inner <= room:
        return span.left, span.inner, (Page(0, 0), 0, None)
    page, parting = span.page, span.parting
    if parting is None:
        fields = page.text, page.fills, page.images, 0, page.tags, page.alts, page.links, page.notes
        parting = Parting(RowFrame(span.inner, *fields), metrics, resumed=False)
    if not parting.begins(room):
        return Page(0, 0), 0, (page, span.inner, parting)
    here = parting.part(room)
    return _page(here), min(span.inner, room), (page, parting.height, parting)


def _page(frame: RowFrame) -> Page:
    return Page(
        0, 0, frame.fills, frame.images, frame.text, frame.tags, frame.alts, links=frame.links, notes=frame.notes
    )
