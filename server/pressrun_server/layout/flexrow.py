"""Flexible rows whose items wait for a record: measured, given their widths, and set as a table's row is.

The common row, a line in each item and room for all of them, is set without a table in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from pressrun_server.layout.fitting import Fitting
from pressrun_server.layout.measure import Measure
from pressrun_server.layout.overflow import overflow
from pressrun_server.layout.rows import RowFrame, RowSetter, edges, start_of
from pressrun_server.layout.segments import Segment
from pressrun_server.model.content import BoundCell, BoundFlex, BoundFlexItem, BoundRow, BoundTable, Piece
from pressrun_server.model.flexlines import rows_of
from pressrun_server.model.fluid import spread
from pressrun_server.model.page import ARTIFACT
from pressrun_server.model.program import Cell, Flex, FlexItem, Paragraph, Table
from pressrun_server.model.sharing import Item, excess, parted, places

__all__ = ["FlexRows", "as_table", "items_of"]

_ENDLESS = 1 << 40


@dataclass(frozen=True, slots=True)
class _Line:
    """An item of one line."""

    item: FlexItem
    paragraph: Paragraph
    height: int
    ascent: int
    inset: int
    """From its left edge to its text."""
    fixed: tuple[list[Segment], int] | None
    """Its text and the width of that, where no record can change it."""


class FlexRows:
    """Sets rows of one line an item.

    Args:
        rows: sets the rows of the program.
        static: ids of the nodes that no record can change.
    """

    def __init__(self, rows: RowSetter, static: frozenset[int]) -> None:
        self._rows = rows
        self._static = static
        self._setter = rows.setter
        self._lines: dict[int, _Line | None] = {}
        """By the id of an item of the program; such items live as long as it does."""

    def frame(self, node: Flex, items: Sequence[BoundFlexItem], *, artifact: bool) -> RowFrame | None:
        """The frame of a row of one line an item; None where it is any other."""
        if node.box.fluid is not None:
            return None  # it stands in something that waits, and so may its items be none of the program's
        room = node.box.content_width
        lines: list[_Line] = []
        asked: list[Item] = []
        shown: list[tuple[list[Segment], int]] = []
        whole = spread(node.gap, room) * (len(items) - 1)
        for bound in items:
            line = self._line(bound)
            if line is None:
                return None
            found = line.fixed or self._single(bound.content)  # type: ignore[arg-type]
            if found is None:
                return None
            item = line.item
            left, right = (None if margin is None else spread(margin, room) for margin in (item.left, item.right))
            lines.append(line)
            shown.append(found)
            asked.append(Item(found[1] + item.edges, left, right, item.grow, item.shrink, 0, None))
            whole += asked[-1].basis + asked[-1].margins
        if whole > room:
            return None
        return self._set(node, lines, asked, shown, artifact=artifact)

    def _set(
        self,
        node: Flex,
        lines: list[_Line],
        asked: list[Item],
        shown: list[tuple[list[Segment], int]],
        *,
        artifact: bool,
    ) -> RowFrame:
        room, x0 = node.box.content_width, node.box.content_x
        height = max([node.min_height, *(edges(line.item.cell.box) + line.height for line in lines)])
        frame = RowFrame(height)
        found = places(asked, room, spread(node.gap, room), node.justify)
        for line, item, (segments, _), (x, own) in zip(lines, asked, shown, found, strict=True):
            spare = own - item.basis
            align = line.paragraph.align
            start = x0 + x + (item.left or 0) + line.inset
            start += 0 if align == "left" else spare if align == "right" else spare // 2
            top = start_of(line.item.cell, height, line.height)
            frame.text.append((ARTIFACT if artifact else line.paragraph.role, top, 0, 0, ""))
            baseline = top + line.ascent
            frame.text += [(start + offset, baseline, style, shard, codes) for offset, style, shard, codes in segments]
            if not artifact:
                frame.tags.append(line.paragraph.role)
        return frame

    def _single(self, pieces: list[Piece]) -> tuple[list[Segment], int] | None:
        lacking: list[str] = []
        found = self._setter.single(pieces, _ENDLESS, lacking.append)
        return None if lacking or not found or not found[0] else found  # a text that is not there makes no line

    def _line(self, bound: BoundFlexItem) -> _Line | None:
        """An item as one of a line; None where it may be more than that."""
        key = id(bound.node)
        if key not in self._lines:
            self._lines[key] = self._line_of(bound)
        return self._lines[key]

    def _line_of(self, bound: BoundFlexItem) -> _Line | None:
        item = bound.node
        cell = item.cell
        box, only = cell.box, cell.children[0] if len(cell.children) == 1 else None
        painted = box.background is not None or any(
            (box.border_left, box.border_right, box.border_top, box.border_bottom)
        )
        limited = item.basis is not None or item.least is not None or item.most is not None
        if not isinstance(only, Paragraph) or painted or limited or only.decimals or not self._rows.one_line(only):
            return None
        fixed = None
        if id(only) in self._static:
            pieces: list[Piece] = bound.content  # type: ignore[assignment]
            if self._single(pieces) is None:
                return None
            endless = msgspec.structs.replace(only.box, content_width=_ENDLESS)
            [line] = self._setter.fixed_paragraph(msgspec.structs.replace(only, box=endless), pieces, lambda _: None)
            fixed = line.segments, line.width
        height, ascent = self._setter.metrics(only.style)
        return _Line(item, only, height, ascent, box.content_x - box.x, fixed)


def items_of(bound: BoundFlex) -> list[BoundFlexItem]:
    """A row's items, as a record chooses and repeats them."""
    return [item for item in bound.items() if isinstance(item, BoundFlexItem)]


def as_table(
    bound: BoundFlex, items: list[BoundFlexItem], measure: Measure, missing: Callable[[str], None]
) -> BoundTable:
    """A flexible row as a table of one row, of nodes of its own.

    Args:
        bound: the row.
        items: its items, which are used up where they hold more than text.
        measure: of its program.
        missing: told where the words of the items need more than there is, so that they are broken.
    """
    node = bound.node
    room = node.box.content_width
    gap = spread(node.gap, room)
    wanted = [measure.wanted(item, room) for item in items]
    parts = parted(wanted, room, gap, wrap=node.wrap)
    found: list[tuple[int, int]] = []
    for part in parts:
        asked_for = wanted[part]
        placed = places(asked_for, room, gap, node.justify)
        over = excess(asked_for, placed, room)
        if over:
            text = f"the items of a flexible row need {over / 1000:.1f} pt more than there is for them"
            missing(overflow(node.place, f"{text}, so words are broken; make them narrower, or take fewer"))
            asked_for = [
                asked if item.node.least is not None else replace(asked, least=item.node.edges)
                for item, asked in zip(items[part], asked_for, strict=True)
            ]
            placed = places(asked_for, room, gap, node.justify)
        found += placed
    if any(not _is_text(item.node.cell) for item in items):
        items = items_of(bound)
    cells: list[Cell] = []
    contents: list[BoundCell] = []
    for item, asked, (x, width) in zip(items, wanted, found, strict=True):
        fitting = Fitting(0, ())  # one each: items that are repeated are one node at several places
        cell = fitting.cell(item.node.cell, node.box.content_x + x + (asked.left or 0), width)
        cells.append(cell)
        contents.append(fitting.content(cell, item.content))
    templates = rows_of([tuple(cells[part]) for part in parts], node.min_height, node.row_gap)
    shown = iter([contents[part] for part in parts])
    rows = [BoundRow(template, next(shown) if template.cells else []) for template in templates]
    return BoundTable(Table(node.box, (), templates, ""), [], iter(rows), [], apart=True)


def _is_text(cell: Cell) -> bool:
    return not cell.children or (len(cell.children) == 1 and isinstance(cell.children[0], Paragraph))
