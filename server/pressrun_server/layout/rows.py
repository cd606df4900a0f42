"""Sets table rows: the common row, one short text a cell, takes a path prepared at load; others are flowed by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from pressrun_server.layout.decimals import Decimals
from pressrun_server.layout.edges import borders, side
from pressrun_server.layout.lines import Typesetter
from pressrun_server.layout.overflow import too_wide
from pressrun_server.layout.panel import Panel, paragraphs_of
from pressrun_server.layout.static import Kept
from pressrun_server.model.content import BoundNode, BoundParagraph, BoundRow, Fixed, Piece
from pressrun_server.model.page import (
    ARTIFACT,
    Column,
    Fill,
    Page,
    PlacedImage,
    PlacedLink,
    PlacedNote,
    Shape,
    Strip,
    Tag,
    TextItem,
    bare,
)
from pressrun_server.model.program import (
    Box,
    Cell,
    Paragraph,
    RowTemplate,
    styles_of,
)

__all__ = ["RowFrame", "RowPlan", "RowSetter", "Set", "edges", "first_baseline", "put", "start_of", "untagged"]

FlowCell: TypeAlias = "Callable[[list[BoundNode], Callable[[str], None], str], tuple[Page, int]]"
"""Flows a cell's nodes from y = 0, given what is told of characters that no font has, and the cell's role."""

Set: TypeAlias = "tuple[Cell, Page, int]"
"""A cell, its content from y = 0, and the height of that."""

_LEFT, _CENTER, _RIGHT = 0, 1, 2
_ALIGN = {"left": _LEFT, "center": _CENTER, "right": _RIGHT}


@dataclass(slots=True, eq=False)
class RowFrame:
    """A row's frames. Fills and images are from y = 0; text is from `y`, where the row probably goes."""

    height: int
    text: list[TextItem] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    images: list[PlacedImage] = field(default_factory=list)
    y: int = 0
    tags: list[Tag] = field(default_factory=list)
    alts: list[str] = field(default_factory=list)
    links: list[PlacedLink] = field(default_factory=list)
    notes: list[PlacedNote] = field(default_factory=list)
    flowed: bool = False
    """Whether it was made cell by cell, so that it can be parted; what its cells hold comes only once."""


_CellPlan: TypeAlias = "tuple[int, int, int | Decimals, int, bool, str]"
"""Of a cell of one line: x, width, alignment, baseline from the row's top, whether its style is a value, its mark."""


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
    divides: bool
    """Whether it may be parted where a page ends."""
    shape: Shape
    """Its part of the structure."""
    strip: Strip | None
    """Its text where all of it is in the first shard."""
    bare: Strip | None
    """The same as an artifact."""


class RowSetter:
    """Sets the rows of one program, or of one table whose columns a record decides.

    Args:
        setter: the program's typesetter.
        static: ids of the nodes that no record can change.
        shapes: where shapes are known by their tags, which stay when the table goes.
    """

    def __init__(
        self, setter: Typesetter, static: frozenset[int], shapes: dict[tuple[Tag, ...], Shape] | None = None
    ) -> None:
        self.setter = setter
        """The program's typesetter."""
        self.plans: dict[int, RowPlan] = {}
        """By the id of a row template that was set before."""
        self._static = static
        self._frames = Kept(static)
        self._cells = Kept(static)
        self._shapes: dict[tuple[Tag, ...], Shape] = {} if shapes is None else shapes
        """Shapes of rows by their tags."""
        self._panels: dict[int, Panel | None] = {}
        """By the id of a row template."""

    def metrics(self, style: int) -> tuple[int, int]:
        """Height of a text style's lines, and how much of it is above the baseline."""
        return self.setter.metrics(style)

    def of_table(self) -> RowSetter:
        """What sets the rows of a table that has nodes of its own."""
        return RowSetter(self.setter, frozenset(), self._shapes)

    def set(self, row: BoundRow, y: int, flow: FlowCell, missing: Callable[[str], None], *, artifact: bool) -> RowFrame:
        """The frames of a row whose top is at `y`; without a part in the structure where it is an artifact."""
        plan = self.plan(row.node)
        return self._frames.get(
            row.node, lambda note: self._frame(row, plan, y, flow, note, artifact=artifact), missing
        )

    def plan(self, node: RowTemplate) -> RowPlan:
        """The plan of a row template's rows."""
        # Templates live as long as the program, so their ids are keys that stay.
        found = self.plans.get(id(node))
        if found is None:
            found = self.plans[id(node)] = self._plan(node)
        return found

    def _frame(
        self, row: BoundRow, plan: RowPlan, y: int, flow: FlowCell, missing: Callable[[str], None], *, artifact: bool
    ) -> RowFrame:
        page = Page(0, 0)
        if plan.single and self.short(row, plan, y, page, missing, artifact=artifact):
            return RowFrame(plan.height, page.text, plan.fills, [], y, page.tags)
        if row.fixed is not None:
            key = id(row.node)
            if key not in self._panels:
                self._panels[key] = self._panel(row.fixed, flow, artifact=artifact)
            panel = self._panels[key]
            text = panel.text(row.fixed.texts()) if panel else None
            if panel is not None and text is not None:
                return RowFrame(panel.height, text, panel.fills, [], 0, panel.tags)
        return self.flowed(row, flow, missing, artifact=artifact)

    def _panel(self, fixed: Fixed, flow: FlowCell, *, artifact: bool) -> Panel | None:
        sample = fixed.sample()
        assert isinstance(sample, BoundRow)
        lacking: list[str] = []
        frame = self.flowed(sample, flow, lacking.append, artifact=artifact)
        if lacking:
            return None  # told of in every document, which a panel can't
        page = Page(0, 0, frame.fills, frame.images, frame.text, frame.tags)
        return Panel.of(paragraphs_of(sample.node), page, frame.height, self.setter)

    def short(
        self, row: BoundRow, plan: RowPlan, y: int, page: Page, missing: Callable[[str], None], *, artifact: bool
    ) -> bool:
        """Append a row whose cells are one line each; False, and nothing is, where one is not."""
        styles = self.setter.plain_styles
        values: list[Any] = []
        append = values.append
        codes: Any
        mixed = 0
        for cell, pieces in zip(plan.cells, row.cells, strict=True):
            if cell is None:
                continue
            if len(pieces) != 1:
                break
            x, room, align, _, styled, _ = cell
            style, content = pieces[0]  # type: ignore[misc]
            plain, size = styles[style]
            found = plain(content)
            if found is None:
                several = self.setter.mixed(style, content)
                if several is None:
                    break
                codes, width = several
                mixed = 1
            else:
                codes, width = found
                width = width * size // 1000
            if width > room:
                return False
            if align:
                if isinstance(align, Decimals):
                    append(x + max(room - width - align.lacks_one(style, content), 0))
                else:
                    append(x + room - width if align == _RIGHT else x + (room - width) // 2)
            if styled:
                append(style)
            append(codes)
        else:
            if values:  # a row without text has no strip
                page.text.append((plan.bare if artifact else plan.strip, y, values, mixed, ""))
            if not artifact:
                page.tags.append(plan.shape)
            return True
        return self._runs(row, plan, y, page, missing, artifact=artifact)

    def _runs(
        self, row: BoundRow, plan: RowPlan, y: int, page: Page, missing: Callable[[str], None], *, artifact: bool
    ) -> bool:
        """The same for rows that need more than one style or shard in a cell."""
        text: list[TextItem] = []
        for cell, pieces in zip(plan.cells, row.cells, strict=True):
            if cell is None:
                continue
            x, room, align, baseline, _, tag = cell
            found = self.setter.single(pieces, room, missing)  # type: ignore[arg-type]
            if found is None:
                return False
            segments, width = found
            if isinstance(align, Decimals):
                x += max(room - width - align.lacks(pieces), 0)  # type: ignore[arg-type]
            elif align:
                x += room - width if align == _RIGHT else (room - width) // 2
            text.append((ARTIFACT if artifact else tag, y, 0, 0, ""))
            text += [(x + offset, y + baseline, style, shard, codes) for offset, style, shard, codes in segments]
        page.text += text
        if not artifact:
            page.tags.append(plan.shape)
        return True

    def _plan(self, node: RowTemplate) -> RowPlan:
        paragraphs: list[Paragraph | None] = []
        for cell in node.cells:
            only = cell.children[0] if len(cell.children) == 1 else None
            if cell.children and not (isinstance(only, Paragraph) and self.one_line(only)):
                return RowPlan(
                    0,
                    [],
                    [],
                    single=False,
                    straight=False,
                    divides=node.divides,
                    shape=Shape(()),
                    strip=None,
                    bare=None,
                )
            paragraphs.append(only if isinstance(only, Paragraph) else None)
        heights = [self.setter.metrics(item.style)[0] if item else 0 for item in paragraphs]
        row_height = max(
            [node.min_height, *(edges(cell.box) + height for cell, height in zip(node.cells, heights, strict=True))]
        )
        plans = [
            None if paragraph is None else self._cell(cell, paragraph, start_of(cell, row_height, height))
            for cell, paragraph, height in zip(node.cells, paragraphs, heights, strict=True)
        ]
        strip = _strip(plans, paragraphs)
        return RowPlan(
            row_height,
            plans,
            _decoration(node, row_height),
            single=True,
            straight=not node.keep_next,
            divides=node.divides,
            shape=self._shape(node, paragraphs),
            strip=strip,
            bare=strip.bare,
        )

    def _cell(self, cell: Cell, paragraph: Paragraph, top: int) -> _CellPlan:
        x, room = cell.box.content_x, cell.box.content_width
        align = Decimals(paragraph, self.setter) if paragraph.decimals else _ALIGN[paragraph.align]
        baseline = top + self.setter.metrics(paragraph.style)[1]
        return x, room, align, baseline, _own_style(paragraph) is None, paragraph.role or cell.role

    def one_line(self, paragraph: Paragraph) -> bool:
        """Whether nothing but its text decides if a paragraph is one level line."""
        return _bare(paragraph) and self._level(paragraph)

    def _level(self, paragraph: Paragraph) -> bool:
        """Whether a single line of the paragraph is always as high as its own style says."""
        height, ascent = self.setter.metrics(paragraph.style)
        if self.setter.linked and styles_of(paragraph.inlines) & self.setter.linked:
            return False
        for style in styles_of(paragraph.inlines):
            other_height, other_ascent = self.setter.metrics(style)
            if other_ascent > ascent or other_height - other_ascent > height - ascent:
                return False
        return True

    def flowed(self, row: BoundRow, flow: FlowCell, missing: Callable[[str], None], *, artifact: bool) -> RowFrame:
        """The frames of a row of any kind, cell by cell."""
        set_cells = self.contents(row, flow, missing, artifact=artifact)
        height = max([row.node.min_height, *(edges(cell.box) + inner for cell, _, inner in set_cells)])
        frame = RowFrame(height, [], _decoration(row.node, height), [], flowed=True)
        tagged = bool(row.node.role) and not artifact
        if tagged:
            frame.tags.append("(" + row.node.role)
        for index, (cell, page, inner) in enumerate(set_cells):
            put(frame, page, start_of(cell, height, inner), index, cell.role, tagged=tagged)
        if tagged:
            frame.tags.append(")")
            # A row whose text took more than one line is to the structure what the others are.
            shape = self._shapes.get(tuple(frame.tags))
            if shape is not None:
                frame.tags = [shape]
        return frame

    def contents(self, row: BoundRow, flow: FlowCell, missing: Callable[[str], None], *, artifact: bool) -> list[Set]:
        """What is in a row's cells."""
        set_cells: list[Set] = []
        for cell, content in zip(row.node.cells, row.cells, strict=True):
            only = cell.children[0] if len(cell.children) == 1 else None
            make: Callable[[Callable[[str], None]], tuple[Page, int]]
            if isinstance(only, Paragraph) and not (self.setter.linked & styles_of(only.inlines)):
                make = partial(self._lines, cell, only, content, artifact)  # type: ignore[arg-type]
            else:
                nodes: list[Any] = content
                if isinstance(only, Paragraph):
                    nodes = [BoundParagraph(only, nodes)]
                make = partial(flow, nodes, role=cell.role)  # type: ignore[call-arg]
            set_cells.append((cell, *self._cells.get(cell, make, missing)))
        return set_cells

    def _shape(self, node: RowTemplate, paragraphs: list[Paragraph | None]) -> Shape:
        """The shape of a row of one line a cell; equal ones are one, whatever the rows look like."""
        shape = _shape(node, paragraphs)
        return self._shapes.setdefault(shape.tags, shape)

    def _lines(
        self,
        cell: Cell,
        node: Paragraph,
        pieces: list[Piece],
        artifact: bool,  # noqa: FBT001 - bound by position
        missing: Callable[[str], None],
    ) -> tuple[Page, int]:
        box = node.box
        page, y = Page(0, 0), box.margin_top
        page.text.append((ARTIFACT if artifact else node.role or cell.role, y, 0, 0, ""))
        if not artifact:
            page.tags.append(node.role or ".")
        make = self.setter.fixed_paragraph if id(node) in self._static else self.setter.paragraph
        lines = make(node, pieces, missing)
        note = None if self.setter.fits(node) else too_wide(lines, node)
        if note:
            missing(note)
        for line in lines:
            x = box.content_x
            if node.align != "left":
                spare = box.content_width - line.width
                x += spare if node.align == "right" else spare // 2
                if node.decimals and len(lines) == 1:
                    x -= min(Decimals(node, self.setter).lacks(pieces), max(spare, 0))
            for offset, style, shard, codes in line.segments:
                page.text.append((x + offset, y + line.ascent, style, shard, codes))
            y += line.height
        return page, y + box.margin_bottom


def put(frame: RowFrame, page: Page, dy: int, index: int, role: str, *, tagged: bool) -> None:
    """Put a cell's content into a row's frame.

    Args:
        frame: the row's.
        page: the content, from y = 0.
        dy: where that is.
        index: number of the cell.
        role: its type, with attributes.
        tagged: whether the row is in the structure.
    """
    frame.text += [
        (x, y + dy, index if x.__class__ is str else style, shard, codes) for x, y, style, shard, codes in page.text
    ]
    if page.fills:
        frame.fills += [(x, y + dy, w, h, color) for x, y, w, h, color in page.fills]
    if page.images:
        frame.images += [(x, y + dy, w, h, slot, own) for x, y, w, h, slot, own in page.images]
    if tagged:
        frame.tags += [f"({role}", *page.tags, ")"]
    elif page.tags:
        frame.tags += ["[", *page.tags, "]"]
    frame.alts += page.alts
    frame.links += [(x, y + dy, w, h, link) for x, y, w, h, link in page.links]
    if page.notes:
        frame.notes += [(y + dy, note) for y, note in page.notes]


def first_baseline(frame: RowFrame) -> int | None:
    """How far below a row's top its first line stands; None where it has no text."""
    found = []
    for head, y, _, _, _ in frame.text:
        if isinstance(head, Strip):
            found.append(y + min(column.y for column in head.columns))
        elif isinstance(head, int):
            found.append(y)
    return min(found) - frame.y if found else None


def untagged(frame: RowFrame) -> RowFrame:
    """The same row as an artifact, e.g. a header on a further page."""
    images = [(*image[:5], False) for image in frame.images]
    return RowFrame(frame.height, bare(frame.text), frame.fills, images, frame.y)


def _own_style(paragraph: Paragraph) -> int | None:
    """The one text style of a paragraph's line, where a record can't change it."""
    styles = styles_of(paragraph.inlines)
    return next(iter(styles)) if len(styles) == 1 else None


def _shape(node: RowTemplate, paragraphs: list[Paragraph | None]) -> Shape:
    """What a row of one line a cell is in the structure."""
    tags: list[str] = []
    for cell, paragraph in zip(node.cells, paragraphs, strict=True):
        if not cell.role:
            tags += [paragraph.role] if paragraph else []
        elif paragraph is None or paragraph.role:
            tags += [f"({cell.role}", *([paragraph.role] if paragraph else []), ")"]
        else:
            tags.append(cell.role)
    if node.role:
        tags = [f"({node.role}", *tags, ")"]
    return Shape(tuple(tags))


def _strip(plans: list[_CellPlan | None], paragraphs: list[Paragraph | None], *, artifact: bool = False) -> Strip:
    columns = []
    for plan, paragraph in zip(plans, paragraphs, strict=True):
        if plan is not None and paragraph is not None:
            x, _, align, baseline, styled, tag = plan
            style = None if styled else _own_style(paragraph)
            columns.append(Column(ARTIFACT if artifact else tag, None if align else x, baseline, style))
    return Strip(tuple(columns), None if artifact else _strip(plans, paragraphs, artifact=True))


def _bare(paragraph: Paragraph) -> bool:
    return (
        not paragraph.preserve
        and not paragraph.indent
        and not paragraph.box.margin_top
        and not paragraph.box.margin_bottom
    )


def edges(box: Box) -> int:
    """Height of a cell's borders and paddings."""
    border = (box.border_top.width if box.border_top else 0) + (box.border_bottom.width if box.border_bottom else 0)
    return box.padding_top + box.padding_bottom + border


def start_of(cell: Cell, row_height: int, inner: int) -> int:
    """Where a cell's content begins in its row."""
    box = cell.box
    top = box.padding_top + (box.border_top.width if box.border_top else 0)
    if cell.valign == "top":
        return top
    spare = row_height - edges(box) - inner
    return top + (spare if cell.valign == "bottom" else spare // 2)


def _decoration(node: RowTemplate, height: int) -> list[Fill]:
    """Backgrounds and borders of a row and its cells."""
    fills: list[Fill] = []
    if node.cells:
        left = node.cells[0].box.x
        whole = node.cells[-1].box.x + node.cells[-1].box.width - left
        if node.background is not None:
            fills.append((left, 0, whole, height, node.background))
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
            fills.append((left, 0, whole, node.border_top.width, side(node.border_top)))
        if node.border_bottom:
            border = node.border_bottom
            fills.append((left, height - border.width, whole, border.width, side(border)))
    for cell in node.cells:
        box = cell.box
        fills += borders(box, 0, height, top=box.border_top, bottom=box.border_bottom)
    return fills
