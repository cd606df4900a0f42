"""A page of placed frames: what layout makes and emit writes. Millipoints from the top left corner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pressrun_server.model.ink import Clipped, Ink

if TYPE_CHECKING:
    from pressrun_server.model.content import BoundNote

__all__ = [
    "ARTIFACT",
    "MIXED",
    "PAUSE",
    "Bookmark",
    "Column",
    "Drawing",
    "Fill",
    "Matrix",
    "Page",
    "PlacedImage",
    "PlacedLink",
    "PlacedNote",
    "Shape",
    "Strip",
    "Tag",
    "TextItem",
    "bare",
    "flat",
    "unstripped",
]

ARTIFACT = ""
"""The tag of what is no content: running elements, repeated headers (PDF 32000-1, 14.8.2.2)."""

MIXED = -1
"""The shard of a run whose codes are tuples of shard and codes."""


class Shape:
    """A part of the structure whose form no record can change, e.g. that of a row; compared by identity.

    Args:
        tags: its tags, complete: what it opens it closes.
    """

    __slots__ = ("tags",)

    def __init__(self, tags: tuple[str, ...]) -> None:
        self.tags = tags


Tag: TypeAlias = "str | Shape"
"""What happens to the document's structure, in reading order:

- `(X` opens an element of type X, `)` closes the last one that was opened;
- `(^Note` opens a footnote, which has an identifier and stands at the end of what the document has so far;
- `)+` closes the last one for now: it goes on in the next part of its row, which is cut where a page or column ends;
- `(=2 X` goes on with the third element, of type X, that the part before closed like that, in the order in which they
  were opened there; the first one is gone on with first;
- `.` gives the open element a marked piece of text;
- `X` is an element of type X with one marked piece of text;
- `&` gives the open element the next of the page's `links`;
- `!X` is an element of type X with one image, whose alternative text is the next of the page's `alts`;
- `[` and `]` are around what stands side by side with others in a row that is no element: nothing but where it is cut;
- a shape is all of its tags.

A type may carry attributes behind a space: `TH Scope=Column ColSpan=2`.
"""


@dataclass(slots=True, eq=False)
class Strip:
    """Text of a fixed form, e.g. the cells of a row in one line: what differs between two of a kind is values.

    It stands for runs at known places, its columns, in reading order.
    """

    columns: tuple[Column, ...]
    bare: Strip | None
    """The same as an artifact; None where it is one."""
    write: Any = None
    """What emit made of it; nothing else looks at it."""
    plain: Any = None
    """The same for pages without marks."""
    styled: tuple[int, ...] = ()
    """Which of its values are styles; emit knows."""


@dataclass(frozen=True, slots=True)
class Column:
    """One run of a strip."""

    tag: str | None
    """The type of the element that it marks; ARTIFACT where it is none, None where it goes on with the last mark."""
    x: int | None
    """Left edge of the text; None where it is a value (text that ends at an edge)."""
    y: int
    """Baseline, from the strip's top."""
    style: int | None
    """Text style; None where it is a value."""
    codes: str | None = None
    """What it shows; None where it is a value."""
    begins: bool = False
    """Whether it is placed and styled by itself, whatever was before."""
    alone: bool = False
    """Whether what follows is styled by itself."""
    shard: int = 0
    """Of what it shows, where that is known."""


TextItem: TypeAlias = "tuple[Any, int, Any, Any, str]"
"""One of three, alike in form so that they are moved alike:

- a run of text: x, baseline y, text style, shard, codes (one character up to U+00FF for each byte of the encoding);
  where the shard is MIXED, codes of several shards that follow each other;
- the beginning of a marked piece: tag (or ARTIFACT), y, cell of a row, 0, nothing;
- a strip: the strip, y of its top, values, 1 or 0, nothing. Its marks are its own; what follows begins with a mark.
  Values stand in the order of columns: x, style and codes, each where it is a value. Codes are those of the first
  shard; where the fourth item is 1, some are tuples of shard and codes.
"""

Fill: TypeAlias = "tuple[int, int, int, int, int | Ink]"
"""x, y, width, height, colour (0xRRGGBB) or other ink."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The modules of a barcode."""

    side: int
    """Modules a side."""
    modules: bytes
    """Row by row, a bit each, 1 where it is dark; each row is filled up with at least one 0 to whole bytes."""
    unit: int
    """Width of a module."""
    color: int


@dataclass(slots=True, eq=False)
class Drawing:
    """Vectors in a box of their own; places are from its top left corner."""

    fills: list[Fill] = field(default_factory=list)
    text: list[TextItem] = field(default_factory=list)
    """Runs only."""
    matrix: Matrix | None = None
    """Fills the box from its lower left corner."""
    operators: str = ""
    """Operators of PDF that fill the box, in units of their own from its lower left corner."""
    scale: tuple[str, str] = ("1", "1")
    """Millipoints a unit of theirs, across and up."""


PlacedImage: TypeAlias = "tuple[int, int, int, int, int | Clipped | Drawing, bool]"
"""x, y, width, height, index of the program's slot or a part of its picture or a drawing, whether it has a tag."""


PlacedLink: TypeAlias = "tuple[int, int, int, int, int | str]"
"""x, y, width, height, number of the program's link or where it leads, in ASCII."""


Bookmark: TypeAlias = "tuple[int, int, str]"
"""y, level from 1, what it says; level 0 is no bookmark but the place of an anchor, by its name."""


PlacedNote: TypeAlias = "tuple[int, BoundNote]"
"""Baseline of the line that calls a footnote, and the footnote."""


@dataclass(slots=True, eq=False)
class Page:
    """The frames of one page, in painting order: fills, images, text; and its part of the document's structure."""

    width: int
    height: int
    fills: list[Fill] = field(default_factory=list)
    images: list[PlacedImage] = field(default_factory=list)
    text: list[TextItem] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    alts: list[str] = field(default_factory=list)
    """Alternative texts of the images that have tags, in the same order."""
    links: list[PlacedLink] = field(default_factory=list)
    bookmarks: list[Bookmark] = field(default_factory=list)
    notes: list[PlacedNote] = field(default_factory=list)
    """Called on the page, in reading order; their text is on the page when it is full."""
    name: str = ""
    """What its template calls it; with `blank` it says which kind of page it is."""
    blank: bool = False
    """Whether it only takes up a side, since what follows begins on the other one."""
    shift: int = 0
    """How much further to the right all of it is shown."""
    section: bool = False
    """Whether a section begins with it."""

    def untag(self) -> None:
        """Make all of it an artifact."""
        self.text = bare(self.text)
        self.images = [(*image[:5], False) for image in self.images]
        self.tags, self.alts, self.links = [], [], []


PAUSE = Page(0, 0)
"""No page: what layout gives where it has worked for a while and filled none, so that others get their turn."""


def flat(tags: Iterable[Tag]) -> Iterator[str]:
    """Tags one by one, those of shapes among them."""
    for tag in tags:
        if isinstance(tag, Shape):
            yield from tag.tags
        else:
            yield tag


def unstripped(item: TextItem) -> Iterator[TextItem]:
    """A strip as the marks and runs that it stands for; others as they are."""
    strip, y, values, _, _ = item
    if not isinstance(strip, Strip):
        yield item
        return
    waiting = iter(values)
    for column in strip.columns:
        x = next(waiting) if column.x is None else column.x
        style = next(waiting) if column.style is None else column.style
        codes = next(waiting) if column.codes is None else column.codes
        if column.tag is not None:
            yield column.tag, y, 0, 0, ""
        yield x, y + column.y, style, MIXED if isinstance(codes, tuple) else column.shard, codes


def bare(text: list[TextItem]) -> list[TextItem]:
    """The same text as an artifact."""
    found: list[TextItem] = []
    for item in text:
        if isinstance(item[0], Strip):
            found.append((item[0].bare or item[0], *item[1:]))
        else:
            found.append((ARTIFACT, *item[1:]) if isinstance(item[0], str) else item)
    return found
