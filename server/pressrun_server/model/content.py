"""Content: a program's nodes with a record's values in them; what bind makes and layout takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pressrun_server.model.program import Absolute, Block, Image, Paragraph, RowTemplate, Table

__all__ = [
    "BoundAbsolute",
    "BoundBlock",
    "BoundCell",
    "BoundImage",
    "BoundNode",
    "BoundParagraph",
    "BoundRow",
    "BoundTable",
    "Piece",
]

Piece: TypeAlias = "tuple[int, str]"
"""Text in a style; the text `\\n` is a forced break."""


@dataclass(slots=True, eq=False)
class BoundParagraph:
    """A paragraph's text."""

    node: Paragraph
    pieces: list[Piece]


@dataclass(slots=True, eq=False)
class BoundImage:
    """An image whose slot has an asset."""

    node: Image
    alt: str


@dataclass(slots=True, eq=False)
class BoundBlock:
    """A box and what is in it, made as it is asked for."""

    node: Block
    children: Iterator[BoundNode]


@dataclass(slots=True, eq=False)
class BoundAbsolute:
    """A block at a fixed place."""

    node: Absolute
    block: BoundBlock


BoundCell: TypeAlias = "list[Piece] | list[BoundNode]"
"""The pieces of a cell that holds one paragraph and nothing else, or the nodes of another."""


@dataclass(slots=True, eq=False)
class BoundRow:
    """A row; cells in the order of the template's."""

    node: RowTemplate
    cells: list[BoundCell]


@dataclass(slots=True, eq=False)
class BoundTable:
    """A table whose rows are made as they are asked for."""

    node: Table
    head: list[BoundRow]
    rows: Iterator[BoundRow]


BoundNode: TypeAlias = "BoundParagraph | BoundImage | BoundBlock | BoundAbsolute | BoundTable"
