"""Content: a program's nodes with a record's values in them; what bind makes and layout takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from pressrun_server.model.program import (
    Absolute,
    Barcode,
    Block,
    Chart,
    Flex,
    FlexItem,
    Image,
    List,
    ListItem,
    Note,
    Paragraph,
    RowTemplate,
    Table,
    Vector,
)
from pressrun_server.model.sums import Sums

__all__ = [
    "AMOUNT",
    "FIXED",
    "TEXT",
    "BoundAbsolute",
    "BoundBarcode",
    "BoundBlock",
    "BoundCell",
    "BoundChart",
    "BoundFill",
    "BoundFlex",
    "BoundFlexItem",
    "BoundImage",
    "BoundList",
    "BoundListItem",
    "BoundNode",
    "BoundNote",
    "BoundParagraph",
    "BoundPassage",
    "BoundRow",
    "BoundRows",
    "BoundTable",
    "BoundVector",
    "Fixed",
    "Leaf",
    "LinkedPieces",
    "Outline",
    "Passage",
    "Piece",
    "Values",
]

Piece: TypeAlias = "tuple[int, str]"
"""Text in a style; the text `\\n` is a forced break."""


class LinkedPieces(list[Piece]):
    """A paragraph's text with links of which each record, or each turn of a loop, says where they lead, and footnotes.

    Args:
        pieces: the text; a footnote's call is an empty piece of its own, since layout numbers them.
        targets: by number of the program's link: gives the target, in ASCII; asked only where the link is shown.
        notes: the footnotes that are called, in order.
    """

    __slots__ = ("notes", "targets")

    def __init__(
        self, pieces: Iterable[Piece], targets: dict[int, Callable[[], str]], notes: list[BoundNote] | None = None
    ) -> None:
        super().__init__(pieces)
        self.targets = targets
        self.notes = notes or []


@dataclass(slots=True, eq=False)
class BoundNote:
    """A footnote."""

    node: Note
    pieces: list[Piece]
    labels: Callable[[int], tuple[str, str]]
    """Its call and what stands before its text, by its number."""
    number: int = 0
    """0 until layout has come to it."""
    lines: list[Any] | None = None
    """Its lines, when they are known; nothing but layout looks at them."""


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
class BoundVector:
    """A drawing of the template."""

    node: Vector
    alt: str


@dataclass(slots=True, eq=False)
class BoundBarcode:
    """A barcode's modules."""

    node: Barcode
    side: int
    modules: bytes
    """Row by row (`model.page.Matrix`)."""
    alt: str


@dataclass(slots=True, eq=False)
class BoundChart:
    """What a chart shows."""

    node: Chart
    bars: list[tuple[str, Decimal]]
    """Label and value."""
    ticks: list[tuple[Decimal, str]]
    """Values on the axis from the lowest to the highest, and how they are written."""
    alt: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """Said of a row of which all but the text of its paragraphs is the same for every record."""

    texts: Callable[[], list[list[Piece]]]
    """Gives the text of each paragraph that a record can change, in reading order."""
    sample: Callable[[], BoundRow]
    """Gives the row with sample texts in these."""


Leaf: TypeAlias = "tuple[Any, Any]"
"""A node and what a record puts in there: a paragraph's pieces, the alternative text of a picture or drawing, a
BoundBarcode, a BoundChart."""

Outline: TypeAlias = "tuple[list[Any], list[Leaf]]"
"""What a record decides of a passage: branches and turns of loops, which give it its form, and its leaves in reading
order."""


class Passage(Protocol):
    """Siblings of which a record changes nothing but what its outline says."""

    def outline(self, env: dict[str, Any]) -> Outline | None:
        """What a record decides; None where it decides too much to be looked at as a form."""

    def paragraphs(self, env: dict[str, Any]) -> list[tuple[Paragraph, bool]]:
        """The paragraphs that a record shows, in reading order, and whether their text is the record's."""


@dataclass(slots=True, eq=False)
class BoundPassage:
    """A passage for a record."""

    node: Passage
    env: dict[str, Any]
    nodes: Callable[[dict[str, Any]], Iterable[BoundNode]]
    """Gives its nodes one by one, for when it is not placed as a whole."""
    around: Callable[[Callable[[dict[str, Any]], Outline | None], dict[str, Any]], Outline | None] | None = None
    """Calls what takes the outline, for whoever measures its time."""

    def outline(self) -> Outline | None:
        """What the record decides of it; None where it decides too much to be looked at as a form."""
        take = self.node.outline
        return take(self.env) if self.around is None else self.around(take, self.env)


@dataclass(slots=True, eq=False)
class BoundBlock:
    """A box and what is in it, made as it is asked for."""

    node: Block
    children: Iterator[BoundNode]
    passage: BoundPassage | None = None
    """The same as a passage, where it is one."""


@dataclass(slots=True, eq=False)
class BoundListItem:
    """An item of a list with its marker."""

    node: ListItem
    children: Iterator[BoundNode]
    marker: str


@dataclass(slots=True, eq=False)
class BoundList:
    """A list."""

    node: List
    children: Iterator[BoundNode]


@dataclass(slots=True, eq=False)
class BoundFill:
    """Candidates for the white space that is left, each made when it is looked at."""

    candidates: Iterator[Iterable[BoundNode]]


@dataclass(slots=True, eq=False)
class BoundAbsolute:
    """A block at a fixed place."""

    node: Absolute
    block: BoundBlock


BoundCell: TypeAlias = "list[Piece] | list[BoundNode]"
"""The pieces of a cell that holds one paragraph and nothing else, or the nodes of another."""


class BoundRow:
    """A row.

    Args:
        node: its template.
        cells: in the order of the template's; or what makes them when they are asked for.
        fixed: said where it is true.
        sums: what it adds to the sums of its table, if anything.
    """

    __slots__ = ("_cells", "_make", "fixed", "joined", "node", "sums")

    def __init__(
        self,
        node: RowTemplate,
        cells: list[BoundCell] | None,
        make: Callable[[], list[BoundCell]] | None = None,
        fixed: Fixed | None = None,
        sums: Sums | None = None,
    ) -> None:
        self.node = node
        self.fixed = fixed
        self.sums = sums
        self.joined = node.joined
        """Whether a cell goes on into the next row; not where that one is not there."""
        self._cells = cells
        self._make = make

    @property
    def cells(self) -> list[BoundCell]:
        """Its cells."""
        if self._cells is None:
            assert self._make is not None
            self._cells = self._make()
        return self._cells

    def ending(self) -> BoundRow:
        """The same row as the last one that its cells span."""
        found = BoundRow(self.node, self._cells, self._make, self.fixed, self.sums)
        found.joined = False
        return found

    def adding(self, sums: Sums) -> BoundRow:
        """The same row with what it adds to its table's sums."""
        return BoundRow(self.node, self._cells, self._make, self.fixed, sums)


TEXT, AMOUNT, FIXED = "text", "amount", "fixed"
"""What is known of a column's text: nothing; that it is an amount, whose look but for its digits follows from its
length and its first character; that it is ASCII of one form, in which only digits differ."""

Values: TypeAlias = "tuple[Any, ...]"
"""A row's texts by column, each with its style before it where that is a value; empty cells are left out."""


class BoundRows(Protocol):
    """Rows of one loop, each a line a cell so far as bind can tell, many at a time."""

    templates: tuple[RowTemplate, RowTemplate]
    """Of odd and of even rows."""
    kinds: tuple[str, ...]
    """What is known of each column's text."""

    def chunks(self) -> Iterator[list[Values | None]]:
        """The values of further rows; None for a row that only `row` can give."""

    def row(self, index: int) -> BoundRow:
        """A row of the last chunk in its full form."""

    def sums(self, begin: int, end: int) -> Sums | None:
        """What rows of the last chunk that are placed by their values add to the table's sums, if anything."""


@dataclass(slots=True, eq=False)
class BoundTable:
    """A table whose rows are made as they are asked for."""

    node: Table
    head: list[BoundRow]
    rows: Iterator[BoundRow | BoundRows]
    foot: list[BoundRow]
    edges: Callable[[Sums, Sums], tuple[list[BoundRow], list[BoundRow]]] | None = None
    """Gives header and footer of a page by the sums of its rows and of those on earlier pages; None where they show
    no sum."""
    fresh: Callable[[BoundTable], None] | None = None
    """Of a table whose columns are as wide as their contents: binds its rows, header and footer once more."""
    ahead: Callable[[BoundTable], Iterator[None]] | None = None
    """Of a table that shows totals: looks ahead, in steps, and then puts in all of the above."""
    apart: bool = False
    """Whether its nodes are none of the program's, but made by layout."""
    caption: Callable[[], Iterable[BoundNode]] | None = None
    """Binds its caption, if it has one; it may be asked twice, as what was measured is used up."""
    fitted: Any = None
    """What fits rows into its columns, where that was found before it is placed; layout's alone."""
    within: bool = False
    """Whether a block around it, with its caption, is the table in the structure."""


@dataclass(slots=True, eq=False)
class BoundFlexItem:
    """An item of a flexible row."""

    node: FlexItem
    content: BoundCell


@dataclass(slots=True, eq=False)
class BoundFlex:
    """A flexible row."""

    node: Flex
    items: Callable[[], Iterable[BoundNode]]
    """Binds its items, and may be asked again: what was measured is used up."""


BoundNode: TypeAlias = (
    BoundParagraph
    | BoundList
    | BoundListItem
    | BoundImage
    | BoundVector
    | BoundBarcode
    | BoundChart
    | BoundBlock
    | BoundAbsolute
    | BoundFill
    | BoundTable
    | BoundFlex
    | BoundFlexItem
    | BoundPassage
)
