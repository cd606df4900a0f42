"""The program: a template compiled for one locale; data only, everything that no record can change already done.

Lengths are integers in millipoints (1/1000 pt); the origin is the top left corner of the page. Horizontal places and
widths are final; vertical places are found by layout.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from pressrun_server.model.columns import Columns
from pressrun_server.model.expression import Expression
from pressrun_server.model.fluid import Fluid, Length
from pressrun_server.model.locale import LocaleData
from pressrun_server.model.papers import PageKinds
from pressrun_server.model.policy import Policy
from pressrun_server.model.tint import FULL

__all__ = [
    "FORMAT",
    "Absolute",
    "Background",
    "Barcode",
    "Block",
    "Border",
    "Box",
    "Break",
    "Cell",
    "Chart",
    "ColumnSet",
    "Conditional",
    "FaceData",
    "Fill",
    "Flex",
    "FlexItem",
    "For",
    "Image",
    "Inline",
    "InlineConditional",
    "InlineFor",
    "InlineWith",
    "Length",
    "List",
    "ListItem",
    "Node",
    "Note",
    "NoteArea",
    "Page",
    "Paragraph",
    "Program",
    "RowGroup",
    "RowTemplate",
    "RowWith",
    "Running",
    "ShardData",
    "Table",
    "Text",
    "TextStyle",
    "Value",
    "Vector",
    "With",
    "local_links",
    "styles_of",
]

FORMAT = 23
"""Raised when the form of a program changes, so that an old blob is compiled again instead of misread."""


class ShardData(msgspec.Struct, frozen=True):
    """A part of a font, ready for embedding: up to 255 characters, one byte each."""

    name: str
    characters: str
    """The characters it has, for warnings and tests."""
    codes: bytes
    """The byte of each character, in the same order."""
    widths: tuple[int, ...]
    """Advance by code, 256 of them, in 1/1000 em; 0 where there is no glyph."""
    file: bytes
    """The TrueType program, deflated."""
    file_size: int
    """Its size before deflating."""
    to_unicode: bytes
    """The ToUnicode CMap, deflated."""


class FaceData(msgspec.Struct, frozen=True):
    """One font face; metrics in 1/1000 em."""

    name: str
    """Family and style, e.g. `FiraGO Bold`."""
    postscript_name: str
    sha256: str
    """Of the font file."""
    ascent: int
    descent: int
    """Below the baseline, negative."""
    cap_height: int
    underline: tuple[int, int]
    """Where its upper edge is above the baseline, and how thick it is."""
    strikeout: tuple[int, int]
    bbox: tuple[int, int, int, int]
    italic_angle: int
    bold: bool
    shards: tuple[ShardData, ...]


class TextStyle(msgspec.Struct, frozen=True):
    """How a run of text looks."""

    face: int
    size: int
    color: int
    """`model.tint`."""
    line_height: int
    letter_spacing: int = 0
    word_spacing: int = 0
    """Added to each space."""
    hyphens: str = "manual"
    """Where words may be parted: `manual`, at soft hyphens; `none`; else the language whose rules also say where."""
    anywhere: bool = True
    """Whether a word that is wider than a line is broken anywhere; otherwise it stands out."""
    rise: int = 0
    """How far its baseline is above the line's."""
    link: int = 0
    """The program's link that the text is, counted from 1; 0 where it is none."""
    transform: str = ""
    """`upper`, `lower` or nothing."""
    lines: tuple[tuple[int, int, int], ...] = ()
    """Painted behind, under and through it: how far the upper edge is above the baseline, height, and colour."""
    kerning: bool = True
    """Whether text that no record can change is kerned."""
    role: str = ""
    """Its type in the document's structure: `Reference` of a footnote's call, `Lbl` of its number; else nothing."""


class Border(msgspec.Struct, frozen=True):
    """One side of a border."""

    width: int
    color: int
    style: str = "solid"
    """`solid`, `dashed` or `dotted`."""


class Background(msgspec.Struct, frozen=True):
    """A picture behind a box."""

    slot: str
    size: str | tuple[Length | None, Length | None]
    """`cover`, `contain`, or width and height; None follows from the other, or is the picture's own."""
    position: tuple[Length, Length]
    across: bool
    down: bool
    """Whether it is repeated."""
    alpha: int = FULL
    """`model.tint`."""


class Box(msgspec.Struct, frozen=True):
    """The box of a block: border box and content box in the horizontal, and all that is vertical."""

    x: int
    width: int
    content_x: int
    content_width: int
    margin_top: int = 0
    margin_bottom: int = 0
    padding_top: int = 0
    padding_bottom: int = 0
    border_top: Border | None = None
    border_right: Border | None = None
    border_bottom: Border | None = None
    border_left: Border | None = None
    background: int | None = None
    """`model.tint`."""
    picture: Background | None = None
    """Over its colour."""
    positioned: bool = False
    """Whether boxes at fixed places in it are placed by it (`position: relative`)."""
    radii: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Of its corners: top left, top right, bottom right, bottom left."""
    height: int | None = None
    """Of the content box."""
    min_height: int = 0
    max_height: int | None = None
    break_before: str = ""
    """Whether it begins a page: `page`, or one of a side: `left`, `right`."""
    break_after: str = ""
    page: str = ""
    """The name of the pages that it stands on, if it asks for any."""
    section: bool = False
    """Whether a section begins with it, whose pages are counted by themselves."""
    keep_inside: bool = False
    """Not broken across pages where it fits on one."""
    keep_next: bool = False
    """On the same page as the beginning of what follows."""
    anchor: str = ""
    """What links of the document call it; nothing where none leads there."""
    fluid: Fluid | None = None
    """Its own horizontal measures, where the width that it stands in is known only when it is placed."""


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Text that no record can change; white space already collapsed."""

    style: int
    text: str


class Value(msgspec.Struct, frozen=True, tag="value"):
    """Text that an expression gives."""

    style: int
    expression: Expression
    place: str
    """Where it stands, `file:line:column`."""
    preserve: bool = False
    """Whether white space of it stays as it is."""


class Break(msgspec.Struct, frozen=True, tag="break"):
    """A forced line break."""


class InlineConditional(msgspec.Struct, frozen=True, tag="inline-if"):
    """Inline content of the first branch whose test holds; a test of None is `pr-else`."""

    branches: tuple[tuple[Expression | None, tuple[Inline, ...]], ...]


class InlineFor(msgspec.Struct, frozen=True, tag="inline-for"):
    """Inline content repeated for each item; even ones may differ."""

    name: str
    items: Expression
    odd: tuple[Inline, ...]
    even: tuple[Inline, ...]
    place: str


class InlineWith(msgspec.Struct, frozen=True, tag="inline-with"):
    """Inline content under names for values."""

    names: tuple[tuple[str, Expression], ...]
    parts: tuple[Inline, ...]
    place: str


class Note(msgspec.Struct, frozen=True, tag="note"):
    """A footnote: its call in the line, and its text at the foot of the page."""

    style: int
    """Of the call."""
    call: tuple[str, str, str]
    """What the call says: text, kind of numeral (as of lists), text."""
    marker_style: int
    marker: tuple[str, str, str]
    """What stands before the note's text, in the same form."""
    paragraph: Paragraph
    """Its text."""
    place: str


Inline: TypeAlias = Text | Value | Break | InlineConditional | InlineFor | InlineWith | Note


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph"):
    """A block of lines."""

    box: Box
    inlines: tuple[Inline, ...]
    style: int
    """The block's own text style: the least height of its lines."""
    align: str = "left"
    """Of the last line, and of those before a forced break; of all lines where `upper` says nothing else."""
    upper: str = ""
    """Of the other lines: `left`, `right`, `center` or `justify`."""
    wrap: bool = True
    preserve: str = ""
    """What white space stays: `lines` keeps line ends, `all` spaces too."""
    orphans: int = 2
    widows: int = 2
    role: str = "P"
    """Its type in the document's structure, with attributes (`model.page.Tag`); nothing where it is its cell's text."""
    bookmark: int = 0
    """Level of its bookmark, from 1; 0 where it has none."""
    label: tuple[str | None, ...] = ()
    """What the bookmark says: texts, and None for the paragraph's own; nothing is that alone."""
    decimals: str = ""
    """Of a cell's line that ends at the right: the decimal sign and what stands behind it at most, so that the signs of
    all rows are at one place; nothing where it is not aligned so."""
    calls: bool = False
    """Whether footnotes may be called in it."""
    indent: int = 0
    """How much further in its first line begins; negative where that hangs."""
    place: str = ""
    """`file:line:column` in the template, where none of its inlines has one."""


class Image(msgspec.Struct, frozen=True, tag="image"):
    """An asset of a slot as a block."""

    box: Box
    slot: str
    alt: tuple[Inline, ...]
    width: int | None
    height: int | None
    """None follows from the other and the picture's own proportion; both None: the picture's own size at 96 dpi."""
    align: str = "left"
    max_width: int | None = None
    max_height: int | None = None
    fit: str = "fill"
    """How it fills a place of another proportion: `fill`, `contain`, `cover`, `none` or `scale-down`."""
    position: tuple[Length, Length] = ((0, 50_000), (0, 50_000))
    """Of its place, where it does not fill it or is larger."""
    alpha: int = FULL
    """`model.tint`."""


class Barcode(msgspec.Struct, frozen=True, tag="barcode"):
    """A barcode as a block."""

    box: Box
    kind: str
    value: tuple[Inline, ...]
    alt: tuple[Inline, ...]
    size: int
    """Of its side, the quiet zone included."""
    quiet: int
    """Modules that stay light around it."""
    level: str
    """Of error correction."""
    color: int
    align: str
    place: str


class Vector(msgspec.Struct, frozen=True, tag="vector"):
    """A drawing that the template itself holds, as a block."""

    box: Box
    operators: str
    """Of PDF, in the drawing's own units from its lower left corner."""
    scale: tuple[str, str]
    """Millipoints a unit, across and up."""
    width: int
    height: int
    alt: tuple[Inline, ...]
    align: str = "left"


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """A bar chart as a block."""

    box: Box
    name: str
    items: Expression
    value: Expression
    """Of an item."""
    label: tuple[Inline, ...]
    """Of an item."""
    tick: tuple[Inline, ...]
    """Of a `value` on the axis."""
    alt: tuple[Inline, ...]
    height: int
    style: int
    """Of labels."""
    color: int
    """Of bars."""
    line: int
    """Of the lines across."""
    axis: int
    """Of the line at zero."""
    place: str


class ColumnSet(msgspec.Struct, frozen=True):
    """Columns of one width, which the content of a block fills one after the other."""

    count: int
    width: int
    gap: int
    balanced: bool
    """Whether those of the last page are as low as they can be; otherwise each is filled before the next."""
    rule: Border | None = None
    """Between them."""


class Block(msgspec.Struct, frozen=True, tag="block"):
    """A box with blocks inside."""

    box: Box
    children: tuple[Node, ...]
    role: str = ""
    """Its type in the document's structure; nothing where it only groups."""
    columns: ColumnSet | None = None


class Conditional(msgspec.Struct, frozen=True, tag="if"):
    """Blocks of the first branch whose test holds; a test of None is `pr-else`."""

    branches: tuple[tuple[Expression | None, tuple[Node, ...]], ...]


class List(msgspec.Struct, frozen=True, tag="list"):
    """A list of items."""

    box: Box
    children: tuple[Node, ...]
    kind: str
    """What the markers are, e.g. `disc` or `decimal`."""
    start: int


class ListItem(msgspec.Struct, frozen=True, tag="item"):
    """An item of a list; its marker hangs to the left of its box."""

    box: Box
    children: tuple[Node, ...]
    style: int
    """Text style of the marker."""


class With(msgspec.Struct, frozen=True, tag="with"):
    """Blocks under names for values; a name is known to the values behind it."""

    names: tuple[tuple[str, Expression], ...]
    children: tuple[Node, ...]
    place: str


class Fill(msgspec.Struct, frozen=True, tag="fill"):
    """Blocks for the white space that is left: the first candidate that fits without a further page."""

    candidates: tuple[tuple[Node, ...], ...]
    place: str


class For(msgspec.Struct, frozen=True, tag="for"):
    """Blocks repeated for each item; even ones may differ (`:nth-child(even)`)."""

    name: str
    items: Expression
    odd: tuple[Node, ...]
    even: tuple[Node, ...]
    place: str


class Absolute(msgspec.Struct, frozen=True, tag="absolute"):
    """A block at a fixed place of the page on which it occurs, or of the positioned block that it stands in."""

    block: Block
    top: int | None
    bottom: int | None
    """Distance of the lower edge from the page's lower edge; used where top is None."""
    inside: bool = False
    """Whether top is from the innermost positioned block, inside its border."""


class Cell(msgspec.Struct, frozen=True):
    """A cell of a row; its box's vertical margins are 0."""

    box: Box
    children: tuple[Node, ...]
    valign: str = "top"
    role: str = "TD"
    """Its type in the document's structure, with attributes; nothing where the table is layout only."""
    rows: int = 1
    """How many rows it spans; 0 where it goes on to the end of their group."""
    column: int = 0
    """The first of its columns."""
    span: int = 1
    """How many it spans."""
    asked: int | None = None
    """Width of its border box that it asks for, as a length, where columns are as wide as their contents."""


class RowTemplate(msgspec.Struct, frozen=True, tag="row"):
    """A row of a table."""

    cells: tuple[Cell, ...]
    min_height: int = 0
    background: int | None = None
    border_top: Border | None = None
    border_bottom: Border | None = None
    keep_next: bool = False
    role: str = "TR"
    joined: bool = False
    """Whether a cell goes on into the row below."""
    divides: bool = False
    """Whether it may be parted where a page ends; other rows are where they are taller than one."""
    on: str = ""
    """Of a header or footer, the parts of the table that show it: `first`, `continued` or `last`; nothing is all."""
    sums: tuple[tuple[str, Expression], ...] = ()
    """What the row adds to sums of its table."""
    place: str = ""
    """Of the element that says so."""


class RowConditional(msgspec.Struct, frozen=True, tag="row-if"):
    """Rows of the first branch whose test holds."""

    branches: tuple[tuple[Expression | None, tuple[Row, ...]], ...]


class RowFor(msgspec.Struct, frozen=True, tag="row-for"):
    """Rows repeated for each item; even ones may differ."""

    name: str
    items: Expression
    odd: tuple[Row, ...]
    even: tuple[Row, ...]
    place: str


class RowWith(msgspec.Struct, frozen=True, tag="row-with"):
    """Rows under names for values."""

    names: tuple[tuple[str, Expression], ...]
    rows: tuple[Row, ...]
    place: str


class RowGroup(msgspec.Struct, frozen=True, tag="row-group"):
    """Rows of which some are joined by cells; no cell goes on beyond the last one."""

    rows: tuple[Row, ...]


Row: TypeAlias = RowTemplate | RowConditional | RowFor | RowGroup | RowWith


class Table(msgspec.Struct, frozen=True, tag="table"):
    """Rows between a header and a footer that are repeated on each page."""

    box: Box
    head: tuple[Row, ...]
    body: tuple[Row, ...]
    role: str = "Table"
    """Its type in the document's structure; nothing where it is layout only (`role="presentation"`)."""
    foot: tuple[Row, ...] = ()
    sums: tuple[str, ...] = ()
    """The names of what its rows add up to."""
    ahead: bool = False
    """Whether it shows totals, so that its rows are gone over before they are shown."""
    columns: Columns | None = None
    """Its columns where their widths are found when it is placed; else all that is in it has its place already."""
    caption: tuple[Node, ...] = ()
    """What stands over it, or below it, once, as wide as it is."""
    below: bool = False
    """Whether its caption stands below it."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """All of its rows, in reading order."""
        return (*self.head, *self.body, *self.foot)


class FlexItem(msgspec.Struct, frozen=True, tag="flex-item"):
    """An item of a flexible row; it stands nowhere else. Lengths are of its border box, percentages of the row."""

    cell: Cell
    """Its border box, without a place, and what is in it."""
    edges: int
    """Its paddings and borders at the sides."""
    basis: Length | None
    """None is the width of its contents on one line."""
    left: Length | None
    right: Length | None
    """Margins; None takes a share of what is left."""
    grow: float
    shrink: float
    least: Length | None
    """None is as wide as its widest word, or as `width` where that is less."""
    most: Length | None
    width: Length | None
    """Its own width, if it has one."""


class Flex(msgspec.Struct, frozen=True, tag="flex"):
    """A flexible row whose items a record chooses or repeats, or are as wide as their contents."""

    box: Box
    items: tuple[Node, ...]
    """Items, and what chooses, repeats and names around them."""
    gap: Length
    justify: str
    """Of `model.sharing.places`."""
    min_height: int
    place: str
    wrap: bool = False
    """Whether items that find no room stand on further lines."""
    row_gap: int = 0
    """Between two lines."""


Node: TypeAlias = (
    Block
    | List
    | ListItem
    | Paragraph
    | Image
    | Vector
    | Barcode
    | Chart
    | Table
    | Flex
    | FlexItem
    | Conditional
    | With
    | For
    | Fill
    | Absolute
)


class Running(msgspec.Struct, frozen=True):
    """A running element in a margin box of the page."""

    block: Block
    valign: str
    """`middle`, as CSS has it for margin boxes."""
    top: int
    height: int
    """The margin box."""
    uses_count: bool
    """Whether it shows the number of pages, which is known only at the end."""


class NoteArea(msgspec.Struct, frozen=True):
    """Where a page's footnotes stand: at its foot, above the margin."""

    x: int
    width: int
    margin: int
    """Between it and what is above."""
    border: Border | None
    """Its upper edge."""
    padding: int
    restart: bool = False
    """Whether footnotes are numbered page by page, and not through the document."""


class Page(msgspec.Struct, frozen=True):
    """A kind of page."""

    width: int
    height: int
    margin_top: int
    margin_bottom: int
    running: tuple[Running, ...]
    shift: int = 0
    """How much further to the right than on pages without a name or side all of it is."""
    slot: str = ""
    """Whose picture is behind all of the page, e.g. a letterhead."""
    notes: NoteArea | None = None
    """None where the template has no footnotes."""
    background: int | None = None
    """What all of the page is painted with, below that picture; as that of a box."""


class Program(msgspec.Struct, frozen=True):
    """A template compiled for one locale."""

    format: int
    template: str
    """`name@version`."""
    template_digest: str
    locale: str
    language: str
    """BCP 47 tag of the document."""
    title: tuple[Inline, ...]
    faces: tuple[FaceData, ...]
    styles: tuple[TextStyle, ...]
    slots: tuple[str, ...]
    """Slots of images, in the order of the pages' resource names."""
    pages: tuple[Page, ...]
    """The kinds of pages."""
    kinds: PageKinds
    body: Block
    links: tuple[tuple[Inline, ...], ...]
    """Where links lead, by number less one."""
    locale_data: LocaleData
    policy: Policy = Policy()
    kerning: tuple[dict[str, int], ...] = ()
    """By face, how much further apart the characters of pairs that the template shows are, in 1/1000 em."""
    texts: tuple[tuple[str, str], ...] = ()
    """Slots whose approved text is in it, each with the text's digest."""
    alphas: tuple[int, ...] = ()
    """Of colours that let through what is behind them (`model.tint`), and 255; nothing where all are opaque."""
    flexible: bool = False
    """Whether it has flexible rows whose items' places are not known yet."""


def local_links(program: Program) -> dict[int, int]:
    """By text style, the number of its link where a record says where that leads."""
    return {
        index: style.link
        for index, style in enumerate(program.styles)
        if style.link and not all(isinstance(part, Text) for part in program.links[style.link - 1])
    }


def styles_of(inlines: tuple[Inline, ...]) -> frozenset[int]:
    """All text styles that inline content can show."""
    found: set[int] = set()
    for inline in inlines:
        match inline:
            case InlineConditional():
                for _, parts in inline.branches:
                    found |= styles_of(parts)
            case InlineFor():
                found |= styles_of((*inline.odd, *inline.even))
            case InlineWith():
                found |= styles_of(inline.parts)
            case Text() | Value() | Note():
                found.add(inline.style)
    return frozenset(found)
