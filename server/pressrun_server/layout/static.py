"""Finds what no record can change, so that it is laid out once for a program and not once for a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar, cast

from pressrun_server.model.program import (
    Absolute,
    Block,
    Break,
    Conditional,
    Fill,
    Flex,
    FlexItem,
    For,
    Inline,
    List,
    ListItem,
    Node,
    Paragraph,
    Program,
    Row,
    RowConditional,
    RowFor,
    RowGroup,
    RowTemplate,
    RowWith,
    Table,
    Text,
    With,
    local_links,
    styles_of,
)

__all__ = ["Kept", "static_nodes"]

_Made = TypeVar("_Made")
_Missing: TypeAlias = "Callable[[str], None]"


class Kept:
    """What was laid out of nodes that no record can change, with the characters that no font had.

    Those are told in every document: a manifest's warnings must not depend on what was rendered before.

    Args:
        static: ids of the nodes (`static_nodes`).
    """

    def __init__(self, static: frozenset[int]) -> None:
        self._static = static
        self._made: dict[int, tuple[object, tuple[str, ...]]] = {}

    def get(self, node: object, make: Callable[[_Missing], _Made], missing: _Missing) -> _Made:
        """What `make` gives for a node; made once where the node is static."""
        if id(node) not in self._static:
            return make(missing)
        found = self._made.get(id(node))
        if found is None:
            lacking: list[str] = []
            found = self._made[id(node)] = make(lacking.append), tuple(lacking)
        for character in found[1]:
            missing(character)
        return cast("_Made", found[0])


def static_nodes(program: Program) -> frozenset[int]:
    """The ids of all nodes, rows and cells of a program that show the same for every record.

    Ids are good keys here: a loaded program is never changed and lives as long as what asks for them. Images are not
    static, since an asset may be there or not.
    """
    found: set[int] = set()
    local = frozenset(local_links(program))
    _nodes((program.body,), found, local)
    for page in program.pages:
        _nodes((running.block for running in page.running), found, local)
    return frozenset(found)


def _nodes(nodes: Iterable[Node], found: set[int], local: frozenset[int]) -> bool:
    # A list, so that every node is looked at, also behind one that is not static.
    return all([_node(node, found, local) for node in nodes])  # noqa: C419


def _node(node: Node, found: set[int], local: frozenset[int]) -> bool:
    match node:
        case Paragraph():
            static = all(_inline(inline) for inline in node.inlines) and not styles_of(node.inlines) & local
        case Block():
            static = _nodes(node.children, found, local) and node.box.picture is None
        case Absolute():
            static = _node(node.block, found, local)
        case Table():
            static = _nodes(node.caption, found, local) & _rows(node.rows, found, local) and node.box.picture is None
        case Conditional():
            for _, branch in node.branches:
                _nodes(branch, found, local)
            static = False
        case Fill():
            for nodes in node.candidates:
                _nodes(nodes, found, local)
            static = False
        case Flex():
            _nodes(node.items, found, local)
            static = False
        case FlexItem():
            _nodes(node.cell.children, found, local)
            static = False
        case List() | ListItem() | With():
            _nodes(node.children, found, local)
            static = False
        case For():
            _nodes(node.odd, found, local)
            _nodes(node.even, found, local)
            static = False
        case _:
            static = False
    if static:
        found.add(id(node))
    return static


def _rows(rows: Iterable[Row], found: set[int], local: frozenset[int]) -> bool:
    return all([_row(row, found, local) for row in rows])  # noqa: C419 - as above


def _row(row: Row, found: set[int], local: frozenset[int]) -> bool:
    if isinstance(row, RowTemplate):
        static = True
        for cell in row.cells:
            if _nodes(cell.children, found, local):
                found.add(id(cell))
            else:
                static = False
        if static:
            found.add(id(row))
        return static
    if isinstance(row, RowConditional):
        for _, branch in row.branches:
            _rows(branch, found, local)
    elif isinstance(row, RowGroup | RowWith):
        _rows(row.rows, found, local)
    elif isinstance(row, RowFor):
        _rows(row.odd, found, local)
        _rows(row.even, found, local)
    return False


def _inline(inline: Inline) -> bool:
    return isinstance(inline, Text | Break)
