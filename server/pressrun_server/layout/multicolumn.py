"""Fills columns one after the other, as pages are filled, and notes where each may end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pressrun_server.layout.balance import Column
from pressrun_server.layout.flow import Flow
from pressrun_server.layout.paging import ENDLESS, OpenBox
from pressrun_server.layout.segments import Line
from pressrun_server.layout.table import OpenTable
from pressrun_server.model.content import BoundNode, BoundParagraph, BoundPassage, BoundTable
from pressrun_server.model.page import Page
from pressrun_server.model.program import Paragraph

__all__ = ["ColumnFlow"]


class ColumnFlow(Flow):
    """Places content in columns.

    Args:
        room: takes a column that is full, if there is one, and gives the height of the next one and whether none can be
            higher.
        more: the other arguments are those of `Flow`.
    """

    def __init__(self, *arguments: Any, room: Callable[[Column | None], tuple[int, bool]], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._room = room
        self._has_notes = False
        self._highest = True
        self._fresh = self._leaving = False
        self._tables = 0
        """How many tables are open around what is placed."""
        self._begun = False
        """Whether anything of the outermost of them is placed."""
        self.column = Column(self._page)
        """The one that is being filled."""
        self._full: Column | None = None

    def run(self, children: Iterable[BoundNode]) -> Iterator[None]:
        """Fill columns; the last one is `column` then."""
        self._start()
        for _ in self._children(children):
            yield
        self._end_page(self._page)
        self.column.end, self.column.margin = self._y, self._pending

    # Columns ----------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        height, self._highest = self._room(self._full)
        self._page = Page(0, 0)
        self._top = self._edge = self._y = self._pending = 0
        self._bottom = min(height, ENDLESS - 1) - self._reserved
        self._blank, self._fresh = True, False
        self.column = Column(self._page)

    def _turn(self, *, forced: bool = False) -> Page:
        keep, column, gap = self._keep, self.column, self._pending
        column.end = self._y
        if keep is not None and (self._moves(keep) or self._higher_follows()) and not forced:
            column.end, gap = keep.end, keep.y - keep.end
        self._full = column
        page = super()._turn(forced=forced)
        self.column.gap = gap
        self._fresh = not self._blank
        return page

    def _at_top(self) -> bool:
        return self._highest and super()._at_top()

    def _higher_follows(self) -> bool:
        return not self._highest

    # Where columns may end --------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        before = self._y
        super()._flush()
        open_ = not self._leaving and not (self._tables and self._begun)
        if self._fresh and open_ and (self._keep is None or self._keep.end >= before):
            self.column.cuts.append((before, self._y))
            self._fresh = False
        self._begun = True

    def _placed(self) -> None:
        super()._placed()
        self._fresh = True

    def _leave(self, opened: OpenBox, start: int, page: Page) -> None:
        around, self._leaving = self._leaving, True
        super()._leave(opened, start, page)
        self._leaving = around

    def _table(self, bound: BoundTable) -> Iterator[Page]:
        """Tables stay whole where a column holds them, as their headers are at the top of columns only."""
        self._hold(bound)
        self._begun = bool(self._tables)
        self._tables += 1
        yield from super()._table(bound)
        self._fresh = self._fresh or self._begun  # rows that are placed many at a time don't tell
        self._tables -= 1
        self._let_go(bound, with_next=bound.node.box.keep_next)

    def _feet(self, table: OpenTable, page: Page, y: int) -> None:
        super()._feet(table, page, y)
        if self._full is not None:
            self._full.end = y + sum(frame.height for frame in table.feet)

    def _passage(self, bound: BoundPassage) -> bool:  # noqa: ARG002 - whatever it is
        return False  # a form does not tell where its lines are

    def _put(self, node: Paragraph, lines: list[Line]) -> None:
        super()._put(node, lines)
        self._between_lines(node, lines)

    def _put_links(self, bound: BoundParagraph, lines: list[Line], *, begins: bool, ends: bool) -> None:
        super()._put_links(bound, lines, begins=begins, ends=ends)
        self._between_lines(bound.node, lines)

    def _between_lines(self, node: Paragraph, lines: list[Line]) -> None:
        """A column may end between lines that leave enough of them on both sides."""
        if self._keep is not None:
            return
        y = self._y - sum(line.height for line in lines)
        for index, line in enumerate(lines[:-1], 1):
            y += line.height
            if index >= node.orphans and len(lines) - index >= node.widows:
                self.column.cuts.append((y, y))
