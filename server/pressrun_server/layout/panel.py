"""Panels: rows of which a record changes nothing but the text of single lines.

Such a part (a table of facts, a running footer, a row of figures) is laid out once with sample texts. What came out
of it is kept as a strip, with what a record can change left open; a record's texts are put in where each fits on its
line. A part whose texts do not fit is laid out in full. Which of the two happens follows from the template and the
record alone, so a document's bytes never depend on what was made before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pressrun_server.layout.lines import Typesetter
from pressrun_server.model.content import Piece
from pressrun_server.model.page import ARTIFACT, Column, Fill, Page, Shape, Strip, Tag, TextItem, flat
from pressrun_server.model.program import Block, Break, Node, Paragraph, RowTemplate, Table, Text

__all__ = ["Panel", "paragraphs_of"]

_LEFT, _CENTER, _RIGHT = 0, 1, 2
_ALIGN = {"left": _LEFT, "center": _CENTER, "right": _RIGHT}

_Run: TypeAlias = "tuple[int, int, int, str]"
"""x, baseline, style, codes."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A paragraph of one line whose text is open."""

    x: int
    room: int
    align: int
    styles: tuple[int, ...]
    """Of its runs, in the first shard."""


class Panel:
    """A part of a document as a strip.

    Args:
        setter: the program's typesetter.
        strip: its text.
        lines: its open paragraphs, in the order of their texts.
        page: its other frames.
        height: of the part.
    """

    def __init__(self, setter: Typesetter, strip: Strip, lines: list[_Line], page: Page, height: int) -> None:
        self._setter = setter
        self._lines = lines
        self._strip = strip
        self.fills: list[Fill] = page.fills
        self.height = height
        self.tags: list[Tag] = [_shape(page.tags)] if page.tags else []

    @classmethod
    def of(cls, paragraphs: Sequence[Paragraph], page: Page, height: int, setter: Typesetter) -> Panel | None:
        """The panel of a part that was laid out with sample texts; None where an open paragraph is not a plain line.

        Args:
            paragraphs: all paragraphs of the part, in reading order.
            page: its frames from y = 0.
            height: its height.
            setter: the program's typesetter.
        """
        pieces = _pieces(page)
        if pieces is None or len(pieces) != len(paragraphs) or page.images:
            return None
        columns: list[Column] = []
        lines: list[_Line] = []
        for paragraph, (tag, runs) in zip(paragraphs, pieces, strict=True):
            if all(isinstance(inline, Text | Break) for inline in paragraph.inlines):
                columns += [
                    Column(tag if index == 0 else None, x, y, style, codes)
                    for index, (x, y, style, codes) in enumerate(runs)
                ]
                continue
            if not runs or len({y for _, y, _, _ in runs}) > 1:
                return None
            box, align = paragraph.box, _ALIGN[paragraph.align]
            lines.append(_Line(box.content_x, box.content_width, align, tuple(style for _, _, style, _ in runs)))
            for index, (_, y, style, _) in enumerate(runs):
                known = box.content_x if index == 0 and align == _LEFT else None
                columns.append(Column(tag if index == 0 else None, known, y, style))
        if not columns:
            return None
        bare = Strip(tuple(_artifact(column) for column in columns), None)
        return cls(setter, Strip(tuple(columns), bare), lines, page, height)

    def text(self, texts: Iterable[list[Piece]]) -> list[TextItem] | None:
        """The part's text with a record's texts in it; None where one does not fit on its line."""
        values: list[Any] = []
        codes: Any
        mixed = 0
        styles = self._setter.plain_styles
        for line, pieces in zip(self._lines, texts, strict=True):
            if len(pieces) == 1 and line.styles == (pieces[0][0],):
                plain, size = styles[pieces[0][0]]
                text = pieces[0][1]
                found = plain(text)
                if found is None:
                    several = self._setter.mixed(pieces[0][0], text)
                    if several is None:
                        return None
                    codes, width = several
                    mixed = 1
                else:
                    codes, width = found[0], found[1] * size // 1000
                if width > line.room or not text or text[0] == " " or text[-1] == " ":
                    return None
                if line.align:
                    values.append(_begin(line, width))
                values.append(codes)
                continue
            lacking: list[str] = []
            single = self._setter.single(pieces, line.room, lacking.append)
            if single is None or lacking:
                return None
            segments, width = single
            if tuple([style for _, style, shard, _ in segments if not shard]) != line.styles:
                return None
            x = _begin(line, width)
            for index, (offset, _, _, codes) in enumerate(segments):
                if index or line.align:
                    values.append(x + offset)
                values.append(codes)
        return [(self._strip, 0, values, mixed, "")]


def paragraphs_of(node: Block | RowTemplate) -> list[Paragraph]:
    """All paragraphs below a node, in reading order."""
    if isinstance(node, RowTemplate):
        return _paragraphs([child for cell in node.cells for child in cell.children])
    return _paragraphs(node.children)


def _paragraphs(nodes: Iterable[Node]) -> list[Paragraph]:
    found: list[Paragraph] = []
    for node in nodes:
        if isinstance(node, Paragraph):
            found.append(node)
        elif isinstance(node, Block):
            found += _paragraphs(node.children)
        elif isinstance(node, Table):
            for row in node.rows:
                if isinstance(row, RowTemplate):
                    found += paragraphs_of(row)
    return found


def _pieces(page: Page) -> list[tuple[str, list[_Run]]] | None:
    """The marked pieces of a page's text with their runs; None where a run is not in the first shard."""
    found: list[tuple[str, list[_Run]]] = []
    for head, y, style, shard, codes in page.text:
        if isinstance(head, str):
            found.append((head, []))
        elif isinstance(head, Strip):
            if shard or any(column.shard for column in head.columns):
                return None
            values = iter(style)
            for column in head.columns:
                x = next(values) if column.x is None else column.x
                shown = next(values) if column.style is None else column.style
                text = next(values) if column.codes is None else column.codes
                if column.tag is not None:
                    found.append((column.tag, []))
                found[-1][1].append((x, y + column.y, shown, text))
        elif shard or not found:
            return None
        else:
            found[-1][1].append((head, y, style, codes))
    return found


def _shape(tags: list[Tag]) -> Shape:
    found = tuple(flat(tags))
    return Shape(found)


def _artifact(column: Column) -> Column:
    tag = None if column.tag is None else ARTIFACT
    return Column(tag, column.x, column.y, column.style, column.codes)


def _begin(line: _Line, width: int) -> int:
    if line.align == _LEFT:
        return line.x
    spare = line.room - width
    return line.x + (spare if line.align == _RIGHT else spare // 2)
