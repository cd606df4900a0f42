"""Puts a table's rows into columns whose widths were found: boxes that were made for another width are made anew.

A program's nodes are shared by all documents, so they stay as they are; a table has copies of those that layout looks
at, each made once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from pressrun_server.layout.columns import Sizes
from pressrun_server.model.columns import Columns
from pressrun_server.model.content import (
    BoundBarcode,
    BoundBlock,
    BoundCell,
    BoundChart,
    BoundFlex,
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
    Values,
)
from pressrun_server.model.fluid import spread
from pressrun_server.model.program import (
    Absolute,
    Block,
    Box,
    Cell,
    Conditional,
    Fill,
    FlexItem,
    For,
    List,
    ListItem,
    Node,
    Paragraph,
    RowTemplate,
    Table,
    With,
)

__all__ = ["Fitting", "fitted_nodes", "sized_box", "table_width"]

_Node = TypeVar("_Node")


def fitted_box(box: Box, x: int, width: int) -> Box:
    """A box in another containing block."""
    edges, inset = box.width - box.content_width, box.content_x - box.x
    if box.fluid is None:
        return msgspec.structs.replace(box, x=x, width=width, content_x=x + inset, content_width=max(width - edges, 0))
    asked = box.fluid.content(width)
    content = box.fluid.limited(asked, width)
    fits = box.fluid.left is None and box.fluid.width is None and content == asked
    start = x if fits else x + box.fluid.start(content, width)
    content = max(content, 0)
    return msgspec.structs.replace(box, x=start, width=content + edges, content_x=start + inset, content_width=content)


def fitted_nodes(nodes: Iterable[Node], x: int, width: int) -> tuple[Node, ...]:
    """A program's nodes in another containing block."""
    return tuple(_fitted_node(node, x, width) for node in nodes)


def _fitted_node(node: Node, x: int, width: int) -> Node:
    replace_in = msgspec.structs.replace
    match node:
        case Absolute() | FlexItem():
            return node  # its place is one of the page, or comes from its row
        case Conditional():
            branches = tuple((test, fitted_nodes(nodes, x, width)) for test, nodes in node.branches)
            return Conditional(branches)
        case With():
            return replace_in(node, children=fitted_nodes(node.children, x, width))
        case For():
            return replace_in(node, odd=fitted_nodes(node.odd, x, width), even=fitted_nodes(node.even, x, width))
        case Fill():
            return replace_in(node, candidates=tuple(fitted_nodes(nodes, x, width) for nodes in node.candidates))
        case Table(columns=Columns() as columns):
            columns = replace_in(columns, x=x, width=width)
            return replace_in(node, box=fitted_box(node.box, x, width), columns=columns)  # its caption follows it
        case Block() | List() | ListItem():
            box = fitted_box(node.box, x, width)
            return replace_in(node, box=box, children=fitted_nodes(node.children, box.content_x, box.content_width))
    return replace_in(node, box=fitted_box(node.box, x, width))


def table_width(box: Box, columns: Columns, sizes: Sizes, caption: int = 0) -> tuple[int, int]:
    """The content width of a table whose columns are as wide as their contents; and what it lacks for their words.

    Without a width of its own it is as wide as its contents, up to what there is for it (CSS 2.2, 17.5.2.2).

    Args:
        box: the table's.
        columns: what they ask for.
        sizes: what their contents need.
        caption: the least width of its caption, which the table's borders are no narrower than.
    """
    fluid = box.fluid
    assert fluid is not None
    margins = sum(spread(margin, columns.width) for margin in (fluid.left, fluid.right) if margin is not None)
    there = max(columns.width - fluid.edges - margins, 0)
    if fluid.width is None:
        asked = min(there, max(sizes.greatest(), caption - fluid.edges))
    else:
        asked = fluid.content(columns.width)
    asked = fluid.limited(asked, columns.width)
    least, most = sum(sizes.least), max(there, asked)
    return min(max(asked, least), most), max(least - most, 0)


def sized_box(box: Box, columns: Columns, content: int) -> Box:
    """The box of such a table whose content has a width."""
    fluid = box.fluid
    assert fluid is not None
    start, inset = columns.x + fluid.start(content, columns.width), box.content_x - box.x
    return msgspec.structs.replace(
        box, x=start, width=content + fluid.edges, content_x=start + inset, content_width=content
    )


class Fitting:
    """The columns of a table that is being placed.

    Args:
        x: left edge of the first column.
        widths: of the columns.
    """

    def __init__(self, x: int, widths: Sequence[int]) -> None:
        self._starts = list(itertools.accumulate(widths, initial=x))
        self._nodes: dict[int, tuple[Any, Any]] = {}
        """By the id of a program's node: itself, so that the id stays its own, and the copy."""

    def nodes(self, nodes: Iterable[BoundNode], x: int, width: int) -> Iterator[BoundNode]:
        """What stands beside its rows, in a containing block."""
        return self._bound(nodes, x, width)

    def rows(self, rows: Iterable[BoundRow | BoundRows]) -> Iterator[BoundRow | BoundRows]:
        """Rows in these columns."""
        for row in rows:
            yield self.row(row) if isinstance(row, BoundRow) else _FittedRows(row, self)

    def row(self, bound: BoundRow) -> BoundRow:
        """A row in these columns."""
        template = self.template(bound.node)
        found = BoundRow(template, None, lambda: self._cells(template, bound.cells), None, bound.sums)
        found.joined = bound.joined
        return found

    def template(self, row: RowTemplate) -> RowTemplate:
        """A row template in these columns."""
        return self._copied(row, lambda: msgspec.structs.replace(row, cells=tuple(map(self._cell, row.cells))))

    def _cell(self, cell: Cell) -> Cell:
        end = min(cell.column + cell.span, len(self._starts) - 1)
        first = self._starts[min(cell.column, end)]
        return self.cell(cell, first, self._starts[end] - first)

    def cell(self, cell: Cell, x: int, width: int) -> Cell:
        """A cell of a width at a place."""
        box = fitted_box(cell.box, x, width)
        only = cell.children[0] if len(cell.children) == 1 else None
        if not isinstance(only, Paragraph):
            return msgspec.structs.replace(cell, box=box)
        return msgspec.structs.replace(cell, box=box, children=(self._node(only, box.content_x, box.content_width),))

    def _cells(self, template: RowTemplate, cells: list[BoundCell]) -> list[BoundCell]:
        return [self.content(cell, content) for cell, content in zip(template.cells, cells, strict=True)]

    def content(self, cell: Cell, content: BoundCell) -> BoundCell:
        """What is in a cell of these."""
        if not cell.children or (len(cell.children) == 1 and isinstance(cell.children[0], Paragraph)):
            return content
        return list(self._bound(content, cell.box.content_x, cell.box.content_width))  # type: ignore[arg-type]

    def _bound(self, nodes: Iterable[BoundNode], x: int, width: int) -> Iterator[BoundNode]:
        """Content in a containing block; blocks' own content as it is asked for."""
        for bound in nodes:
            match bound:
                case BoundPassage():
                    yield from self._bound(bound.nodes(bound.env), x, width)
                case BoundBlock():
                    block = self._node(bound.node, x, width)
                    yield BoundBlock(block, self._bound(bound.children, block.box.content_x, block.box.content_width))
                case BoundList():
                    items = self._node(bound.node, x, width)
                    yield BoundList(items, self._bound(bound.children, items.box.content_x, items.box.content_width))
                case BoundListItem():
                    item = self._node(bound.node, x, width)
                    inner = self._bound(bound.children, item.box.content_x, item.box.content_width)
                    yield BoundListItem(item, inner, bound.marker)
                case BoundFlex():
                    yield BoundFlex(self._node(bound.node, x, width), bound.items)
                case BoundTable():
                    yield replace(bound, node=self._table(bound.node, x, width))
                case BoundParagraph() | BoundImage() | BoundVector() | BoundBarcode() | BoundChart():
                    yield replace(bound, node=self._node(bound.node, x, width))  # type: ignore[arg-type]
                case _:
                    yield bound  # its place is one of the page

    def _table(self, table: Table, x: int, width: int) -> Table:
        def make() -> Table:
            assert table.columns is not None
            columns = msgspec.structs.replace(table.columns, x=x, width=width)
            return msgspec.structs.replace(table, box=fitted_box(table.box, x, width), columns=columns)

        return self._copied(table, make)

    def _node(self, node: _Node, x: int, width: int) -> _Node:
        def make() -> _Node:
            return msgspec.structs.replace(node, box=fitted_box(node.box, x, width))  # type: ignore[attr-defined, type-var]

        return self._copied(node, make)

    def _copied(self, node: _Node, make: Any) -> _Node:
        found = self._nodes.get(id(node))
        if found is None:
            found = self._nodes[id(node)] = node, make()
        return found[1]  # type: ignore[no-any-return]


class _FittedRows:
    """Rows of a loop in other columns."""

    __slots__ = ("_fitting", "_rows", "kinds", "sums", "templates")

    def __init__(self, rows: BoundRows, fitting: Fitting) -> None:
        self._rows = rows
        self._fitting = fitting
        self.kinds = rows.kinds
        self.sums = rows.sums
        odd, even = rows.templates
        self.templates = fitting.template(odd), fitting.template(even)

    def chunks(self) -> Iterator[list[Values | None]]:
        return self._rows.chunks()

    def row(self, index: int) -> BoundRow:
        return self._fitting.row(self._rows.row(index))
