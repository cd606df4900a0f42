"""Places tables: rows as they come, between a header and a footer that are repeated on each page."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pressrun_server.layout.paging import ENDLESS, Paging
from pressrun_server.layout.placing import place_row
from pressrun_server.layout.rows import RowFrame, split, untagged
from pressrun_server.model.content import BoundNode, BoundRow, BoundRows, BoundTable
from pressrun_server.model.page import Page

__all__ = ["OpenTable", "Tables"]


@dataclass(slots=True, eq=False)
class OpenTable:
    """A table that is being placed."""

    head: list[RowFrame]
    height: int
    """Of the header."""
    role: str
    foot: list[RowFrame]
    depth: int
    """Boxes that were open before it."""
    begun: bool = False
    """Whether anything of it is placed."""


class Tables(Paging):
    """Places tables on the page that is being filled."""

    def _table(self, bound: BoundTable) -> Iterator[Page]:
        box = bound.node.box
        if box.break_before and not self._blank:
            yield self._turn(forced=True)
        keeps = box.keep_inside or box.keep_next
        if keeps:
            self._hold(bound)
        opened = self._enter(box)
        start, page = self._y, self._page
        setter, missing = self._layout.rows, self._missing
        head = [setter.set(row, 0, self._cell, missing, artifact=self._artifact) for row in bound.head]
        head_height = sum(frame.height for frame in head)
        rows = bound.rows
        if head_height > (self._bottom - self._top) * 2 // 3:
            # A header that leaves no room for rows is not repeated (CSS Tables 3, 3.9.2); its rows are rows then.
            rows, head, head_height = itertools.chain(bound.head, rows), [], 0
        foot = [setter.set(row, 0, self._cell, missing, artifact=self._artifact) for row in bound.foot]
        foot_height = sum(frame.height for frame in foot)
        if head_height + foot_height > (self._bottom - self._top) * 2 // 3:
            rows, foot, foot_height = itertools.chain(rows, bound.foot), [], 0  # as above
        table = OpenTable(head, head_height, bound.node.role, foot, len(self._open) - 1)
        self._reserve(foot_height)
        for row in rows:
            if isinstance(row, BoundRow):
                if not (table.begun and self._straight(row)):
                    yield from self._table_row(row, table)
            else:
                yield from self._table_rows(row, table)
        if not table.begun and (head or foot):
            if self._y + self._pending + head_height > self._bottom and not self._at_top():
                yield self._turn()
            self._first_heads(table)
        self._between = None
        self._reserve(0)
        if table.role and table.begun:
            self._end()  # the body
        self._last_feet(table)
        if table.role and table.begun:
            self._end()
        self._leave(opened, start, page)
        if keeps:
            self._let_go(bound, with_next=box.keep_next)
        if box.break_after:
            self._forced = True

    def _table_row(self, row: BoundRow, table: OpenTable) -> Iterator[Page]:
        """A row of any kind."""
        frame = self._layout.rows.set(row, self._y + self._pending, self._cell, self._missing, artifact=self._artifact)
        need = frame.height if table.begun else frame.height + table.height
        if self._y + self._pending + need > self._bottom and not self._at_top():
            yield self._turn()
            if table.begun and self._blank:  # not where a keep brought it along
                self._heads(table.head)
        if not table.begun:
            self._first_heads(table)
        if frame.height > self._bottom - self._y - self._pending and self._bottom < ENDLESS:
            frame = self._layout.rows.flowed(row, self._cell, self._missing, artifact=self._artifact)
        while frame.height > self._bottom - self._y - self._pending and self._bottom < ENDLESS:
            frame = self._split(frame)
            yield self._turn()
            self._heads(table.head)
        if row.node.keep_next:
            self._hold(row)
        self._row(frame)
        if row.node.keep_next:
            self._let_go(row, with_next=True)

    def _table_rows(self, rows: BoundRows, table: OpenTable) -> Iterator[Page]:
        """Rows of a loop, as many at a time as go on the page as they are."""
        place = None if self._artifact else self._layout.placer(rows)
        for values in rows.chunks():
            index, count = 0, len(values)
            while index < count:
                if place is not None and table.begun and not (self._pending or self._waiting or self._keep is not None):
                    index, self._y = place(values, index, self._page, self._y, self._bottom)
                    if index == count:
                        break
                yield from self._table_row(rows.row(index), table)
                index += 1

    def _first_heads(self, table: OpenTable) -> None:
        """The table begins: its header once as content, then its body."""
        table.begun = True
        self._between = table
        if table.role:
            self._begin(table.role)
            if table.head:
                self._begin("THead")
        self._heads(table.head, artifact=False)
        if table.role:
            if table.head:
                self._end()
            self._begin("TBody")

    def _straight(self, row: BoundRow) -> bool:
        """Place a row that fits as it is, the common case, without a frame in between; False where it does not."""
        if self._pending or self._waiting or self._keep is not None:
            return False
        rows, y, page = self._layout.rows, self._y, self._page
        plan = rows.plans.get(id(row.node))
        if plan is None or not plan.straight or y + plan.height > self._bottom:
            return False
        if not rows.short(row, plan, y, page, self._missing, artifact=self._artifact):
            return False
        for x, top, width, height, color in plan.fills:
            page.fills.append((x, y + top, width, height, color))
        self._y = y + plan.height
        return True

    def _heads(self, head: list[RowFrame], *, artifact: bool = True) -> None:
        """A table's header; where it is repeated it is no content (PDF 32000-1, 14.8.2.2.2)."""
        for frame in head:
            self._flush()
            place_row(untagged(frame) if artifact else frame, self._page, self._y)
            self._y += frame.height
            self._blank = False

    def _reserve(self, height: int) -> None:
        """Keep room for a footer at the bottom of this page and of the next ones."""
        self._bottom += self._reserved - height
        self._reserved = height

    def _feet(self, table: OpenTable, page: Page, y: int) -> None:
        """The footer below the rows of a page that is not the table's last; as a repeated header, it is no content."""
        for frame in table.foot:
            place_row(untagged(frame), page, y)
            y += frame.height

    def _last_feet(self, table: OpenTable) -> None:
        """The footer below the last row, as content."""
        if table.role and table.foot:
            self._begin("TFoot")
        for frame in table.foot:
            self._row(frame)
        if table.role and table.foot:
            self._end()

    def _row(self, frame: RowFrame) -> None:
        self._flush()
        place_row(frame, self._page, self._y)
        self._y += frame.height
        self._placed()

    def _split(self, frame: RowFrame) -> RowFrame:
        """Place as much of a row as the page takes; the rest is a row again. For rows taller than a page only."""
        room = self._bottom - self._y - self._pending
        here, later = split(frame, room)
        self._row(here)
        return later

    def _cell(self, nodes: list[BoundNode], missing: Callable[[str], None], role: str) -> tuple[Page, int]:
        raise NotImplementedError
