"""Sets table rows: the common row, one short text a cell, takes a path prepared at load; others are flowed by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from pressrun_server.layout.lines import Typesetter
from pressrun_server.layout.static import Kept
from pressrun_server.model.content import BoundNode, BoundRow, Piece
from pressrun_server.model.page import Fill, Page, PlacedImage, TextRun
from pressrun_server.model.program import (
    Border,
    Box,
    Break,
    Cell,
    Inline,
    InlineConditional,
    Paragraph,
    RowTemplate,
)

__all__ = ["RowFrame", "RowPlan", "RowSetter", "borders"]

FlowCell: TypeAlias = "Callable[[list[BoundNode], Callable[[str], None]], tuple[Page, int]]"
"""Flows nodes from y = 0, telling what no font has; gives the frames and the height."""

_LEFT, _CENTER, _RIGHT = 0, 1, 2
_ALIGN = {"left": _LEFT, "center": _CENTER, "right": _RIGHT}


@dataclass(slots=True, eq=False)
class RowFrame:
    """A row's frames. Fills and images are from y = 0; text is from `y`, where the row probably goes."""

    height: int
    text: list[TextRun] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    images: list[PlacedImage] = field(default_factory=list)
    y: int = 0


_CellPlan: TypeAlias = "tuple[int, int, int, int]"
"""Of a cell of one line: x, width, alignment, baseline from the row's top."""


@dataclass(slots=True, eq=False)
class RowPlan:
    """A row template's row when each cell holds one line."""

    height: int
    cells: list[_CellPlan | None]
    """A cell's plan, None for an empty cell; nothing where `single` is not."""
    fills: list[Fill]
    single: bool
    """Whether each cell is at most one level line."""
    straight: bool
    """Whether such a row may go on the page without more ado."""


class RowSetter:
    """Sets the rows of one program."""

    def __init__(self, setter: Typesetter, static: frozenset[int]) -> None:
        self._setter = setter
        self.plans: dict[int, RowPlan] = {}
        """By the id of a row template that was set before."""
        self._frames = Kept(static)
        self._cells = Kept(static)

    def set(self, row: BoundRow, y: int, flow: FlowCell, missing: Callable[[str], None]) -> RowFrame:
        """The frames of a row whose top is at `y`."""
        plan = self.plans.get(id(row.node))
        if plan is None:
            # Templates live as long as the program, so their ids are keys that stay.
            plan = self.plans[id(row.node)] = self._plan(row.node)
        return self._frames.get(row.node, lambda note: self._frame(row, plan, y, flow, note), missing)

    def _frame(self, row: BoundRow, plan: RowPlan, y: int, flow: FlowCell, missing: Callable[[str], None]) -> RowFrame:
        text: list[TextRun] = []
        if plan.single and self.short(row, plan.cells, y, text, missing):
            return RowFrame(plan.height, text, plan.fills, [], y)
        return self._flowed(row, flow, missing)

    def short(
        self,
        row: BoundRow,
        plans: list[_CellPlan | None],
        y: int,
        text: list[TextRun],
        missing: Callable[[str], None],
    ) -> bool:
        """Append the text of a row whose cells are one line each; False, and nothing is, where one is not."""
        styles = self._setter.plain_styles
        append, begun = text.append, len(text)
        for plan, pieces in zip(plans, row.cells, strict=True):
            if plan is None:
                continue
            x, room, align, baseline = plan
            if len(pieces) == 1:
                style, content = pieces[0]  # type: ignore[misc]
                plain, size = styles[style]
                found = plain(content)
                if found is not None:
                    codes, width = found
                    width = width * size // 1000
                    if width > room:
                        break
                    if align:
                        x += room - width if align == _RIGHT else (room - width) // 2
                    append((x, y + baseline, style, 0, codes))
                    continue
            several = self._setter.single(pieces, room, missing)  # type: ignore[arg-type]
            if several is None:
                break
            segments, width = several
            if align:
                x += room - width if align == _RIGHT else (room - width) // 2
            text += [(x + offset, y + baseline, style, shard, codes) for offset, style, shard, codes in segments]
        else:
            return True
        del text[begun:]
        return False

    def _plan(self, node: RowTemplate) -> RowPlan:
        paragraphs: list[Paragraph | None] = []
        for cell in node.cells:
            only = cell.children[0] if len(cell.children) == 1 else None
            if cell.children and not (isinstance(only, Paragraph) and _bare(only) and self._level(only)):
                return RowPlan(0, [], [], single=False, straight=False)
            paragraphs.append(only if isinstance(only, Paragraph) else None)
        heights = [self._setter.metrics(item.style)[0] if item else 0 for item in paragraphs]
        row_height = max(
            [node.min_height, *(_edges(cell.box) + height for cell, height in zip(node.cells, heights, strict=True))]
        )
        plans = [
            None if paragraph is None else self._cell(cell, paragraph, _start(cell, row_height, height))
            for cell, paragraph, height in zip(node.cells, paragraphs, heights, strict=True)
        ]
        return RowPlan(row_height, plans, _decoration(node, row_height), single=True, straight=not node.keep_next)

    def _cell(self, cell: Cell, paragraph: Paragraph, top: int) -> _CellPlan:
        x, room, align = cell.box.content_x, cell.box.content_width, _ALIGN[paragraph.align]
        baseline = top + self._setter.metrics(paragraph.style)[1]
        return x, room, align, baseline

    def _level(self, paragraph: Paragraph) -> bool:
        """Whether a single line of the paragraph is always as high as its own style says."""
        height, ascent = self._setter.metrics(paragraph.style)
        for style in _styles(paragraph.inlines):
            other_height, other_ascent = self._setter.metrics(style)
            if other_ascent > ascent or other_height - other_ascent > height - ascent:
                return False
        return True

    def _flowed(self, row: BoundRow, flow: FlowCell, missing: Callable[[str], None]) -> RowFrame:
        set_cells: list[tuple[Cell, Page, int]] = []
        for cell, content in zip(row.node.cells, row.cells, strict=True):
            only = cell.children[0] if len(cell.children) == 1 else None
            alone = isinstance(only, Paragraph)
            make = partial(self._lines, only, content) if alone else partial(flow, content)  # type: ignore[arg-type]
            set_cells.append((cell, *self._cells.get(cell, make, missing)))
        height = max([row.node.min_height, *(_edges(cell.box) + inner for cell, _, inner in set_cells)])
        frame = RowFrame(height, [], _decoration(row.node, height), [])
        for cell, page, inner in set_cells:
            dy = _start(cell, height, inner)
            frame.text += [(x, y + dy, style, shard, codes) for x, y, style, shard, codes in page.text]
            if page.fills:
                frame.fills += [(x, y + dy, w, h, color) for x, y, w, h, color in page.fills]
            if page.images:
                frame.images += [(x, y + dy, w, h, slot, alt) for x, y, w, h, slot, alt in page.images]
        return frame

    def _lines(self, node: Paragraph, pieces: list[Piece], missing: Callable[[str], None]) -> tuple[Page, int]:
        box = node.box
        page, y = Page(0, 0), box.margin_top
        for line in self._setter.lines(pieces, node.style, box.content_width, missing, wrap=node.wrap):
            x = box.content_x
            if node.align != "left":
                spare = box.content_width - line.width
                x += spare if node.align == "right" else spare // 2
            for offset, style, shard, codes in line.segments:
                page.text.append((x + offset, y + line.ascent, style, shard, codes))
            y += line.height
        return page, y + box.margin_bottom


def _bare(paragraph: Paragraph) -> bool:
    return not paragraph.box.margin_top and not paragraph.box.margin_bottom


def _styles(inlines: tuple[Inline, ...]) -> set[int]:
    """All text styles that inline content can show."""
    found: set[int] = set()
    for inline in inlines:
        if isinstance(inline, InlineConditional):
            for _, parts in inline.branches:
                found |= _styles(parts)
        elif not isinstance(inline, Break):
            found.add(inline.style)
    return found


def _edges(box: Box) -> int:
    border = (box.border_top.width if box.border_top else 0) + (box.border_bottom.width if box.border_bottom else 0)
    return box.padding_top + box.padding_bottom + border


def _start(cell: Cell, row_height: int, inner: int) -> int:
    """Where a cell's content begins in its row."""
    box = cell.box
    top = box.padding_top + (box.border_top.width if box.border_top else 0)
    if cell.valign == "top":
        return top
    spare = row_height - _edges(box) - inner
    return top + (spare if cell.valign == "bottom" else spare // 2)


def _decoration(node: RowTemplate, height: int) -> list[Fill]:
    """Backgrounds and borders of a row and its cells."""
    fills: list[Fill] = []
    if node.cells:
        left = node.cells[0].box.x
        width = node.cells[-1].box.x + node.cells[-1].box.width - left
        if node.background is not None:
            fills.append((left, 0, width, height, node.background))
        for cell in node.cells:
            color, x, width = cell.box.background, cell.box.x, cell.box.width
            if color is None:
                continue
            last = fills[-1] if fills else None
            if last is not None and last[4] == color and last[0] + last[2] == x and last[3] == height:
                # Neighbours of one colour are one fill: less to write, and no seam between them on a screen.
                x, width = last[0], last[2] + width
                fills.pop()
            fills.append((x, 0, width, height, color))
        if node.border_top:
            fills.append((left, 0, width, node.border_top.width, node.border_top.color))
        if node.border_bottom:
            border = node.border_bottom
            fills.append((left, height - border.width, width, border.width, border.color))
    for cell in node.cells:
        box = cell.box
        fills += borders(box, 0, height, top=box.border_top, bottom=box.border_bottom)
    return fills


def borders(box: Box, y: int, height: int, *, top: Border | None, bottom: Border | None) -> list[Fill]:
    """The borders of a box between two heights; left and right always, top and bottom as given."""
    fills: list[Fill] = []
    if top:
        fills.append((box.x, y, box.width, top.width, top.color))
    if bottom:
        fills.append((box.x, y + height - bottom.width, box.width, bottom.width, bottom.color))
    if box.border_left:
        fills.append((box.x, y, box.border_left.width, height, box.border_left.color))
    if box.border_right:
        right = box.border_right
        fills.append((box.x + box.width - right.width, y, right.width, height, right.color))
    return fills
