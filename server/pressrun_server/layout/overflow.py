"""What is said of content that is larger than its place: which place in the template, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pressrun_server.layout.segments import Line
from pressrun_server.model.program import (
    Block,
    Conditional,
    Fill,
    Flex,
    For,
    Inline,
    InlineConditional,
    InlineFor,
    InlineWith,
    List,
    ListItem,
    Node,
    Paragraph,
    RowTemplate,
    Table,
    Value,
    With,
)

__all__ = ["overflow", "place_of", "too_wide"]


def overflow(place: str, text: str) -> str:
    """A note of an overflow; unlike a note of a missing character it has more than one character."""
    return f"{place}\n{text}"


def too_wide(lines: Sequence[Line], node: Paragraph) -> str | None:
    """The note of a paragraph with lines wider than its box, which can't be broken; None where none is."""
    over = max([line.width for line in lines], default=0) - node.box.content_width
    if over <= 0:
        return None
    return overflow(
        place_of(node),
        f"a line that can't be broken is {over / 1000:.1f} pt wider than its box; widen the box, or let it wrap",
    )


def place_of(node: Node) -> str:
    """The first place at or below a node that the program knows, `file:line:column`; empty where it knows none."""
    match node:
        case Paragraph():
            return node.place or _of_inlines(node.inlines)
        case Block() | List() | ListItem() | With():
            return _first(node.children)
        case Conditional():
            return next((place for _, nodes in node.branches if (place := _first(nodes))), "")
        case For() | Fill() | Flex():
            return node.place
        case Table():
            rows = (row for row in node.rows if isinstance(row, RowTemplate))
            return _first((*node.caption, *(child for row in rows for cell in row.cells for child in cell.children)))
        case _:
            return ""


def _first(nodes: Iterable[Node]) -> str:
    return next((place for node in nodes if (place := place_of(node))), "")


def _of_inlines(inlines: Iterable[Inline]) -> str:
    for inline in inlines:
        if isinstance(inline, Value | InlineFor | InlineWith):
            return inline.place
        if isinstance(inline, InlineConditional):
            for _, parts in inline.branches:
                if place := _of_inlines(parts):
                    return place
    return ""
