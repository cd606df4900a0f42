"""What the cells of a table need: the width of their widest word, and that of their widest line.

Rows are looked at as they come and forgotten, so a table of any length takes no more memory than a row of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pressrun_server.layout.columns import Contents, Sizes
from pressrun_server.layout.decimals import Decimals
from pressrun_server.layout.lines import Typesetter
from pressrun_server.layout.picture import image_size
from pressrun_server.model.content import (
    BoundBarcode,
    BoundBlock,
    BoundChart,
    BoundFlex,
    BoundFlexItem,
    BoundImage,
    BoundList,
    BoundListItem,
    BoundNode,
    BoundParagraph,
    BoundPassage,
    BoundRow,
    BoundRows,
    BoundTable,
    BoundVector,
    LinkedPieces,
    Piece,
    Values,
)
from pressrun_server.model.fluid import Fluid, spread
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import Box, Cell, Paragraph, styles_of
from pressrun_server.model.sharing import Item

__all__ = ["Measure"]

_ENDLESS = 1 << 40
_LARGE = 88
"""A footnote's number of two wide digits; few documents have larger ones."""
_STEP = 256
"""Rows between two pauses."""


class Measure:
    """Measures the contents of tables.

    Args:
        setter: the program's typesetter.
        images: prepared image by slot.
    """

    def __init__(self, setter: Typesetter, images: Mapping[str, PreparedImage]) -> None:
        self._setter = setter
        self._images = images
        self._decimals: dict[int, Decimals] = {}
        """By the id of a program's paragraph."""
        self.rows = 0
        """How many rows were looked at."""

    def table(self, bound: BoundTable, found: Contents) -> Iterator[None]:
        """Look at all rows of a table, which are used up; pauses every some hundred."""
        for edge in (bound.head, bound.foot):
            for row in edge:
                self._row(row, found)
        paused = 0
        for rows in bound.rows:
            if isinstance(rows, BoundRow):
                self._row(rows, found)
            else:
                for chunk in rows.chunks():
                    self._chunk(rows, chunk, found)
                    if self.rows - paused >= _STEP:
                        paused = self.rows
                        yield
            if self.rows - paused >= _STEP:
                paused = self.rows
                yield

    def _row(self, bound: BoundRow, found: Contents) -> None:
        self.rows += 1
        for cell, content in zip(bound.node.cells, bound.cells, strict=True):
            least = found.needs.get((cell.column, cell.span), (0, 0))[0] - _edges(cell.box)
            _take(cell, *self._cell(cell, content, least), found)

    def _cell(self, cell: Cell, content: Any, known: int) -> tuple[int, int]:
        """What is in a cell, which is used up where it is not text alone."""
        only = cell.children[0] if len(cell.children) == 1 else None
        return self._text(only, content, known) if isinstance(only, Paragraph) else self.nodes(content)

    def item(self, bound: BoundFlexItem) -> tuple[int, int]:
        """Least and greatest width of the border box of a flexible row's item, whose contents are used up."""
        cell = bound.node.cell
        edges = _edges(cell.box)
        least, most = self._cell(cell, bound.content, 0)
        return least + edges, most + edges

    def wanted(self, bound: BoundFlexItem, room: int) -> Item:
        """What an item asks for in a row of a width."""
        node = bound.node
        left, right = (None if margin is None else spread(margin, room) for margin in (node.left, node.right))
        basis = None if node.basis is None else spread(node.basis, room)
        least = None if node.least is None else spread(node.least, room)
        most = None if node.most is None else max(spread(node.most, room), node.edges)
        if basis is None or (least is None and (node.grow or node.shrink)):
            word, line = self.item(bound)
            basis = line if basis is None else basis
            if least is None:
                least = word if node.width is None else min(word, spread(node.width, room))
                least = least if most is None else min(least, most)
        return Item(max(basis, node.edges), left, right, node.grow, node.shrink, max(least or 0, node.edges), most)

    def _flex(self, bound: BoundFlex) -> tuple[int, int]:
        """A flexible row (CSS Flexbox 1, 9.9.1); an item that grows counts with its contents."""
        node, least, most, count, largest = bound.node, 0, 0, 0, 0
        for item in bound.items():
            assert isinstance(item, BoundFlexItem)
            asked, count = item.node, count + 1
            margins = sum(spread(margin, 0) for margin in (asked.left, asked.right) if margin is not None)
            word, line = self.item(item)
            if asked.basis is not None and not asked.basis[1] and not asked.grow:
                line = max(asked.basis[0], asked.edges)
            word = min(word, line) if asked.shrink else line
            limits = [None if limit is None or limit[1] else limit[0] for limit in (asked.least, asked.most)]
            for index, limit in enumerate(limits):
                if limit is not None:
                    pick = min if index else max
                    word, line = pick(word, limit), pick(line, limit)
            least += word + margins
            most += line + margins
            largest = max(largest, word + margins)
        gaps = spread(node.gap, 0) * max(count - 1, 0)
        return largest if node.wrap else least + gaps, most + gaps

    def _chunk(self, rows: BoundRows, chunk: list[Values | None], found: Contents) -> None:
        """Rows of one loop by their values, with no row made."""
        columns: list[tuple[Cell, Paragraph, int | None]] = []
        for cell in rows.templates[0].cells:
            if cell.children:
                only = cell.children[0]
                assert isinstance(only, Paragraph)
                styles = styles_of(only.inlines)
                columns.append((cell, only, next(iter(styles)) if len(styles) == 1 else None))
            elif chunk:
                _take(cell, 0, 0, found)  # its edges
        for index, values in enumerate(chunk):
            if values is None:
                self._row(rows.row(index), found)
                continue
            self.rows += 1
            at = 0
            for cell, paragraph, fixed in columns:
                style = fixed
                if style is None:
                    style, at = values[at], at + 1
                text, at = values[at], at + 1
                least = found.needs.get((cell.column, cell.span), (0, 0))[0] - _edges(cell.box)
                _take(cell, *self._text(paragraph, [(style, text)], least), found)

    def _text(self, node: Paragraph, pieces: list[Piece], known: int) -> tuple[int, int]:
        """Widths of the widest word, where it may be more than what is known already, and of the widest line."""
        if node.calls:
            pieces = self._numbered(pieces)
        most = self._setter.widest_line(node, pieces) + max(node.indent, 0)
        if node.decimals:
            most += self._decimals_of(node).lacks(pieces)  # its sign stands where those of other rows do
            return most, most
        if most <= known or not node.wrap:
            return most, most
        return min(max(known, self._setter.widest_word(node, pieces, known)), most), most

    def _numbered(self, pieces: list[Piece]) -> list[Piece]:
        """Text with room for the numbers of footnotes that it calls, which are not known yet."""
        notes = iter(pieces.notes if isinstance(pieces, LinkedPieces) else ())
        called = self._setter.called
        return [
            (style, f"\u2060{next(notes).labels(_LARGE)[0]}" if style in called else text) for style, text in pieces
        ]

    def _decimals_of(self, node: Paragraph) -> Decimals:
        found = self._decimals.get(id(node))
        if found is None:
            found = self._decimals[id(node)] = Decimals(node, self._setter)
        return found

    def nodes(self, nodes: Iterable[BoundNode]) -> tuple[int, int]:
        """Least and greatest width of blocks below each other, which are used up."""
        least = most = 0
        for node in nodes:
            need = self._node(node)
            least, most = max(least, need[0]), max(most, need[1])
        return least, most

    def _node(self, bound: BoundNode) -> tuple[int, int]:
        match bound:
            case BoundParagraph():
                return self._text(bound.node, bound.pieces, 0)
            case BoundBlock() | BoundList() | BoundListItem():
                return _in_box(bound.node.box, lambda: self.nodes(bound.children))
            case BoundPassage():
                return self.nodes(bound.nodes(bound.env))
            case BoundTable():
                return _in_box(bound.node.box, lambda: self._inner_table(bound))
            case BoundFlex():
                return _in_box(bound.node.box, lambda: self._flex(bound))
            case BoundImage():
                image = self._images.get(bound.node.slot)
                width = image_size(bound.node, image, _ENDLESS)[0] if image is not None else 0
            case BoundVector():
                width = bound.node.width
            case BoundBarcode():
                width = bound.node.size
            case BoundChart():
                return _in_box(bound.node.box, lambda: (0, 0))
            case _:
                return 0, 0  # a box at a fixed place takes no room
        return _in_box(bound.node.box, lambda: (width, width))

    def _inner_table(self, bound: BoundTable) -> tuple[int, int]:
        columns = bound.node.columns
        if columns is None:
            return 0, 0
        if bound.ahead is not None:
            _exhaust(bound.ahead(bound))
        contents = Contents()
        inner = Measure(self._setter, self._images)
        _exhaust(inner.table(bound, contents))
        self.rows += inner.rows
        sizes = Sizes.of(columns.tracks, contents)
        caption = 0 if bound.caption is None else inner.nodes(bound.caption())[0] - _edges(bound.node.box)
        return max(sum(sizes.least), caption), max(sizes.greatest(), caption)


def _take(cell: Cell, least: int, most: int, found: Contents) -> None:
    edges = _edges(cell.box)
    least += edges
    most = max(least, most + edges if cell.asked is None else cell.asked)
    found.add(cell.column, cell.span, least, most)


def _edges(box: Box) -> int:
    return box.width - box.content_width


def _in_box(box: Box, inner: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    """What a box needs with its edges and margins; a length that it asks for counts, a percentage does not."""
    fluid = box.fluid
    if fluid is None:
        least, most = inner()
        return least + _edges(box), most + _edges(box)
    margins = sum(spread(margin, 0) for margin in (fluid.left, fluid.right) if margin is not None)
    if fluid.width is not None and not fluid.width[1]:
        least = most = fluid.width[0] - fluid.own
    else:
        least, most = inner()
    least, most = (_limited(fluid, width) for width in (least, most))
    return least + fluid.edges + margins, most + fluid.edges + margins


def _limited(fluid: Fluid, width: int) -> int:
    if fluid.most is not None and not fluid.most[1]:
        width = min(width, fluid.most[0] - fluid.own)
    return max(width, fluid.least[0] - fluid.own, 0)


def _exhaust(steps: Iterator[None]) -> None:
    for _ in steps:
        pass
