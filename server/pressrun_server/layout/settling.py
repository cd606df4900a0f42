"""Settles flexible rows when a program is loaded: those that no record can move become rows of cells at their places.

What is left waits for its record (`layout/flexrow.py`): a row with items in a loop or under names of `pr-with`, one
with an item as wide as a record's text, and what stands in such an item, or in a table whose columns wait.
"""

from __future__ import annotations

import math
import operator
from typing import Any, TypeVar

import msgspec

from pressrun_server.layout.fitting import Fitting, fitted_nodes
from pressrun_server.layout.lines import Typesetter
from pressrun_server.layout.measure import Measure
from pressrun_server.model.content import (
    BoundBlock,
    BoundFlex,
    BoundFlexItem,
    BoundList,
    BoundListItem,
    BoundNode,
    BoundParagraph,
    BoundVector,
    Piece,
)
from pressrun_server.model.expression import Expression
from pressrun_server.model.flexlines import rows_of
from pressrun_server.model.fluid import spread
from pressrun_server.model.program import (
    Block,
    Break,
    Cell,
    Conditional,
    Flex,
    FlexItem,
    List,
    ListItem,
    Node,
    Paragraph,
    Program,
    Row,
    RowConditional,
    RowTemplate,
    Table,
    Text,
    Vector,
)
from pressrun_server.model.sharing import Item, excess, parted, places
from pressrun_server.model.transform import transformed

__all__ = ["settled"]

_MOST_CHOICES = 16
"""Ways in which a record can choose the items of a row, each a row of its own."""
_ROOMY = 4
"""A record's words may be broken in an item that gets that part of a row; in a narrower one they are measured."""
_Part = TypeVar("_Part")


class _UnsettledError(Exception):
    """A record decides how wide something is."""


def settled(program: Program, setter: Typesetter) -> Program:
    """A program whose flexible rows are rows of cells, as far as no record moves them."""
    if not program.flexible:
        return program
    settling = _Settling(setter)
    pages = tuple(
        msgspec.structs.replace(page, running=tuple(map(settling.within, page.running))) for page in program.pages
    )
    return msgspec.structs.replace(program, body=settling.within(program.body), pages=pages)


class _Settling:
    def __init__(self, setter: Typesetter) -> None:
        self._transforms = [style.transform for style in setter.styles]
        self._measure = Measure(setter, {})
        self._unmeasured: set[int] = set()
        """Ids of items whose words are the record's."""

    def within(self, part: _Part) -> _Part:
        """A part of a program with the rows in it settled."""
        found: Any = part
        if isinstance(part, Flex):
            try:
                return self.within(self._row(part))  # type: ignore[return-value]
            except _UnsettledError:
                return part
        if isinstance(part, Paragraph) or (isinstance(part, Table) and part.columns is not None):
            return part
        if isinstance(part, tuple):
            inner = tuple(map(self.within, part))
            return part if all(map(operator.is_, inner, part)) else inner  # type: ignore[return-value]
        if isinstance(part, msgspec.Struct):
            changed = {
                name: inner
                for name in part.__struct_fields__
                if (inner := self.within(value := getattr(part, name))) is not value
            }
            found = msgspec.structs.replace(part, **changed) if changed else part
        return found  # type: ignore[no-any-return]

    def _row(self, flex: Flex) -> Table:
        choices = [_branches(node) for node in flex.items]
        if math.prod(map(len, choices)) > _MOST_CHOICES:
            raise _UnsettledError
        wanted = {id(item): self._wanted(item, flex) for node in choices for _, items in node for item in items}

        def rows(chosen: tuple[FlexItem, ...], left: list[list[_Branch]]) -> tuple[Row, ...]:
            while left and len(left[0]) == 1:
                chosen, left = (*chosen, *left[0][0][1]), left[1:]
            if not left:
                return self._templates(flex, chosen, [wanted[id(item)] for item in chosen])
            return (RowConditional(tuple((test, rows((*chosen, *items), left[1:])) for test, items in left[0])),)

        return Table(flex.box, (), rows((), choices), "")

    def _templates(self, flex: Flex, items: tuple[FlexItem, ...], wanted: list[Item]) -> tuple[RowTemplate, ...]:
        room = flex.box.content_width
        gap = spread(flex.gap, room)
        if flex.wrap and self._unmeasured & set(map(id, items)):
            raise _UnsettledError  # where a line ends is for its words to say
        parts = parted(wanted, room, gap, wrap=flex.wrap)
        cells = [self._cells(flex, items[part], wanted[part], gap) for part in parts]
        return rows_of(cells, flex.min_height, flex.row_gap)

    def _cells(self, flex: Flex, items: tuple[FlexItem, ...], wanted: list[Item], gap: int) -> tuple[Cell, ...]:
        """The cells of a line."""
        box, fitting = flex.box, Fitting(0, ())
        room = box.content_width
        found = places(wanted, room, gap, flex.justify)
        if excess(wanted, found, room) and any(item.least is None for item in items):
            raise _UnsettledError  # what it comes to is told in each document
        cells = []
        for item, asked, (x, width) in zip(items, wanted, found, strict=True):
            enough = room // _ROOMY if item.width is None else min(room // _ROOMY, spread(item.width, room))
            if width < enough and id(item) in self._unmeasured:
                raise _UnsettledError
            cell = fitting.cell(item.cell, box.content_x + x + (asked.left or 0), width)
            children = fitted_nodes(item.cell.children, cell.box.content_x, cell.box.content_width)
            cells.append(msgspec.structs.replace(cell, children=children))
        return tuple(cells)

    def _wanted(self, item: FlexItem, flex: Flex) -> Item:
        """What an item asks for; a record's words count nothing where its width does not come of them."""
        room = flex.box.content_width
        try:
            return self._measure.wanted(BoundFlexItem(item, self._cell(item.cell)), room)
        except _UnsettledError:
            if item.basis is None:
                raise
        if item.least is None:
            self._unmeasured.add(id(item))
        return self._measure.wanted(BoundFlexItem(msgspec.structs.replace(item, least=item.least or (0, 0)), []), room)

    def _cell(self, cell: Cell) -> Any:
        only = cell.children[0] if len(cell.children) == 1 else None
        if isinstance(only, Paragraph):
            return self._pieces(only)
        return list(map(self._bound, cell.children))

    def _bound(self, node: Node) -> BoundNode:
        """A node as bound content, to be measured."""
        match node:
            case Paragraph():
                return BoundParagraph(node, self._pieces(node))
            case Block(columns=None):
                return BoundBlock(node, iter(list(map(self._bound, node.children))))
            case List():
                return BoundList(node, iter(list(map(self._bound, node.children))))
            case ListItem():
                return BoundListItem(node, iter(list(map(self._bound, node.children))), "")
            case Vector():
                return BoundVector(node, "")
            case Flex() if all(isinstance(item, FlexItem) for item in node.items):
                items = [(item, self._cell(item.cell)) for item in node.items if isinstance(item, FlexItem)]
                return BoundFlex(node, lambda: [BoundFlexItem(*item) for item in items])
        raise _UnsettledError

    def _pieces(self, node: Paragraph) -> list[Piece]:
        found: list[Piece] = []
        for inline in node.inlines:
            if isinstance(inline, Break):
                found.append((0, "\n"))
            elif isinstance(inline, Text):
                found.append((inline.style, transformed(inline.text, self._transforms[inline.style])))
            else:
                raise _UnsettledError
        return found


_Branch = tuple[Expression | None, tuple[FlexItem, ...]]


def _branches(node: Node) -> list[_Branch]:
    """The items that a record chooses from, each with its test; one that is always there is a choice of one."""
    if isinstance(node, FlexItem):
        return [(None, (node,))]
    if not isinstance(node, Conditional):
        raise _UnsettledError
    found: list[_Branch] = []
    for test, nodes in node.branches:
        items = tuple(item for item in nodes if isinstance(item, FlexItem))
        if len(items) < len(nodes):
            raise _UnsettledError
        found.append((test, items))
    return found if found[-1][0] is None else [*found, (None, ())]
