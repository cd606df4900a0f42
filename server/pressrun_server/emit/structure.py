"""The structure of a tagged PDF, page by page: elements, their order and the way back from marks (32000-1, 14.7).

Theory of operation. Every page has a block of object numbers that begins at a multiple of 100, so a number is the
digits of its hundred and two more. What a page's tags come to, the elements, the array of their marks and the head of
the object stream that holds them, is therefore one text in which only the hundreds are open, and so are the numbers
of elements that were open before the page. That text is made once for a sequence of tags (a *form*) and filled in by
replacing bytes; documents of one template have few such sequences. Nothing in it depends on a record's values:
alternative texts, which do, are in objects of their own. (Hundreds and not thousands: qpdf 12 takes a file for
damaged whose object numbers are more than a third of its bytes.)

After `_ALIGNED` hundreds blocks follow one another without gaps, so that a document of any length stays below the
number of objects that PDF/A allows; numbers are then put in one by one, which takes longer.

An element that is open at the end of a page is *carried*: its children are collected, and it is written at the end.
So is one that is *parked*: a row, or what is in it, that goes on in its next part, on the next page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from pressrun_server.emit.objectstream import packed
from pressrun_server.emit.references import ROW
from pressrun_server.emit.roles import type_entries
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.page import Shape, Tag

__all__ = [
    "BLOCK",
    "CONTENT",
    "EXTRA",
    "MARKS",
    "NOTE",
    "PAGE",
    "STREAM",
    "Carried",
    "FigureObject",
    "Forms",
    "PageObjects",
    "identifier",
    "next_block",
]

BLOCK = 100
CONTENT, STREAM, PAGE, MARKS, EXTRA = 0, 1, 2, 3, 4
"""Places in a page's block: its content, its object stream, its dictionary, the array of its marks, then others."""
_ALIGNED = 20_000
_MOST_FORMS = 256
_MOST_FILLED = 2048
_LEVEL = 1
_NUMBER_ENDS = 4
"""Place in a row of the last byte of an object stream's number."""
_FIRST_SIGN = 0x80
_NUMBER = re.compile(rb"([\x80-\xff])(\d\d)")
_SIGNS = 0x100 - _FIRST_SIGN
_MOST_PLACES = BLOCK * _SIGNS
_ASCII = bytes(range(_FIRST_SIGN))


NOTE = "Note"
"""The type of a footnote, which has an identifier (ISO 14289-1, 7.9)."""


def identifier(number: bytes) -> bytes:
    """The entry of an element's identifier: its number, which is nobody else's."""
    return b"/ID(%s)" % number


def next_block(base: int, size: int) -> int:
    """Where the block behind one of that size begins."""
    if base >= _ALIGNED * BLOCK:
        return base + size
    return -(-(base + size) // BLOCK) * BLOCK


@dataclass(slots=True, eq=False)
class Carried:
    """An element that was open at the end of a page."""

    number: int
    parent: int
    role: str
    page: int
    """Object number of the page on which it began."""
    kids: list[bytes]

    def body(self) -> bytes:
        """The element's dictionary, when all its children are known."""
        entries = type_entries(self.role) + (identifier(b"%d" % self.number) if self.role == NOTE else b"")
        return b"<<%s/P %d 0 R/Pg %d 0 R/K[%s]>>" % (entries, self.parent, self.page, b"".join(self.kids))


@dataclass(frozen=True, slots=True)
class FigureObject:
    """An element with an image; its alternative text comes from a record."""

    number: int
    parent: int
    mark: int
    role: str


@dataclass(frozen=True, slots=True)
class PageObjects:
    """The objects of a page's block."""

    size: int
    """How many numbers of the block are used."""
    stream: bytes
    """The object stream, whole."""
    rows: bytes
    """Cross-reference rows from the page's dictionary on; those of figures and other objects are left open."""
    figures: tuple[FigureObject, ...]
    links: tuple[tuple[int, int], ...]
    """Number of each link's annotation, and of its element."""
    notes: tuple[int, ...]
    """Numbers of footnotes that begin on the page."""


@dataclass(slots=True, eq=False)
class _Open:
    ref: bytes
    place: int
    parent: bytes
    role: str
    kids: list[bytes] = field(default_factory=list)
    marked: bool = False
    carried: int = -1
    """Which one it is of those that were open before the page; -1 where it is none."""
    serial: int = 0
    """When it was opened or gone on with."""
    left: int = -1
    """Which one it is of those that the page leaves open; -1 where it is none."""


@dataclass(slots=True, eq=False)
class _Form:
    """What a sequence of tags comes to, with the numbers open."""

    size: int
    """Numbers used in the block."""
    bodies: list[bytes]
    """The array of marks, then the elements."""
    places: list[int]
    """Place in the block of each body."""
    figures: list[tuple[int, bytes, int, str]]
    """Place, parent, mark and role."""
    links: list[tuple[int, bytes]]
    """Place of the annotation, and the element that it belongs to."""
    kids: list[bytes]
    """What each carried element gets."""
    closed: int
    """How many of the open elements that are carried end on this page."""
    left: list[tuple[bytes, str, bytes]]
    """Elements that stay open: their parent's number, role and children so far."""
    opened: int
    """How many of these are open; the others are parked."""
    parked: list[int]
    """What is parked behind the page: which of the carried elements, or from -1 on downwards, which of those left."""
    notes: list[bytes]
    """Footnotes that begin on the page."""
    rows: tuple[int, int, int]
    """Of the block (`_rows`)."""
    texts: dict[tuple[int, ...], tuple[bytes, bytes]] = field(default_factory=dict)
    """Heads and bodies by the lengths of the numbers that go in."""


class _Filled(NamedTuple):
    """A form with the numbers of a page in it: nothing here comes from a record."""

    objects: PageObjects
    kids: tuple[bytes, ...]
    """What each element that was open before the page gets."""
    left: tuple[tuple[int, str, bytes], ...]
    """Elements that stay open: their parent's number, role and children so far."""


class Forms:
    """The forms of one program's pages, and what was made of them lately."""

    def __init__(self) -> None:
        self._forms: dict[tuple[object, ...], _Form] = {}
        self._filled: dict[tuple[object, ...], _Filled] = {}

    def page(
        self,
        tags: list[Tag],
        stack: list[Carried],
        parked: list[Carried],
        base: int,
        extra: int,
        images: int,
        page: bytes,
        number: Callable[[], int],
    ) -> tuple[PageObjects, list[Carried]]:
        """The objects of a page, and the elements that were open before it and end on it.

        Args:
            tags: the page's tags.
            stack: elements open before the page, the root first; changed to those open behind it.
            parked: elements that go on where the page says so; changed likewise.
            base: the first number of the page's block.
            extra: numbers that other objects of the page take in its block, from place EXTRA on.
            images: how many of its images have tags; their marks come first.
            page: the page's dictionary.
            number: gives the number of an element that the page leaves open; those of equal documents are equal.
        """
        shape = (tuple(tags), len(stack), len(parked), extra)
        form = self._forms.get(shape)
        if form is None:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
                self._filled.clear()
            form = self._forms[shape] = _build(tags, len(stack), len(parked), extra, images)
        before = [*stack, *parked]
        numbers = tuple([carried.number for carried in before] + [number() for _ in form.left])
        key = (form, base, numbers, page)
        filled = self._filled.get(key)
        if filled is None:
            if len(self._filled) >= _MOST_FILLED:
                self._filled.clear()
            filled = self._filled[key] = _fill(form, _Numbers(base, form.size, numbers), page)
        for carried, kids in zip(before, filled.kids, strict=True):
            if kids:
                carried.kids.append(kids)
        left = [
            Carried(taken, parent, role, base + PAGE, [kids])
            for taken, (parent, role, kids) in zip(numbers[len(before) :], filled.left, strict=True)
        ]
        kept = len(stack) - form.closed
        ended = stack[kept:]
        if parked or form.parked:
            still = set(form.parked)
            ended += [carried for index, carried in enumerate(parked, len(stack)) if index not in still]
            parked[:] = [before[index] if index >= 0 else left[-1 - index] for index in form.parked]
        stack[kept:] = left[: form.opened]
        return filled.objects, ended


class _Numbers:
    """Puts the numbers of a page into a form's texts.

    Args:
        base: the block's first.
        size: how many of the block are used.
        carried: those of elements that were open before the page, and of those that it leaves open.
    """

    def __init__(self, base: int, size: int, carried: tuple[int, ...]) -> None:
        self.base = base
        self.size = size
        self.carried = carried
        first = base // BLOCK
        self._hundreds = [b"%d" % number for number in range(first, first + (size - 1) // BLOCK + 1)]
        digits = b"" if base % BLOCK else b"".join(self._hundreds)
        self.spreads = 0 < len(digits) <= _SIGNS
        """Whether there are signs for all digits of the hundreds."""
        if self.spreads:
            self._table = _ASCII + digits + bytes(_SIGNS - len(digits))

    def filled(self, text: bytes) -> bytes:
        """A text with all numbers."""
        base = self.base
        if base % BLOCK:
            text = _NUMBER.sub(lambda found: b"%d" % (base + (found[1][0] - _FIRST_SIGN) * BLOCK + int(found[2])), text)
        else:
            for index, hundred in enumerate(self._hundreds):
                text = text.replace(bytes((_FIRST_SIGN + index,)), hundred)
        return self._with_carried(text)

    def spread(self, text: bytes) -> bytes:
        """A text with a sign for each digit of a hundred instead of one for all, which serves while there are as many.

        A page of 250 cells is then filled in by one `translate`; replacing its thousand signs takes ten times as long.
        """
        at = _FIRST_SIGN + sum(map(len, self._hundreds))
        # From the last one, so that signs of digits are not taken for those of the hundreds before.
        for index in reversed(range(len(self._hundreds))):
            end, at = at, at - len(self._hundreds[index])
            text = text.replace(bytes((_FIRST_SIGN + index,)), bytes(range(at, end)))
        return text

    def filled_spread(self, text: bytes) -> bytes:
        """The same as `filled` of a text that was spread for hundreds with as many digits."""
        return self._with_carried(text.translate(self._table))

    def _with_carried(self, text: bytes) -> bytes:
        if b"@" in text:
            for index, number in enumerate(self.carried):
                text = text.replace(b"@%d;" % index, b"%d" % number)
        return text

    def lengths(self) -> tuple[int, ...]:
        """What decides how long a filled text is."""
        first, last = len(str(self.base)), len(str(self.base + self.size))
        apart = 0 if first == last else self.base
        return (self.spreads, first, apart, *[len(str(number)) for number in self.carried])


def _ref(place: int) -> bytes:
    """A number of the block: a sign for its hundred, and two digits."""
    return b"%c%02d" % (_FIRST_SIGN + place // BLOCK, place % BLOCK)


def _flat(tags: list[Tag]) -> list[str]:
    found: list[str] = []
    for tag in tags:
        if isinstance(tag, Shape):
            found += tag.tags
        else:
            found.append(tag)
    return [tag for tag in found if tag not in {"[", "]"}]


class _Builder:
    """Goes through a page's tags once and notes what they come to.

    Args:
        depth: elements open before the page.
        parked: elements parked before it.
        extra: numbers that other objects of the page take.
        images: how many images have marks, which come before those of text.
        left_open: order of the elements that stay open, by where their tags stand.
    """

    def __init__(self, depth: int, parked: int, extra: int, images: int, left_open: dict[int, int]) -> None:
        self.carried = [_Open(b"@%d;" % index, -1, b"", "", carried=index) for index in range(depth + parked)]
        self.stack = self.carried[:depth]
        self.parked = self.carried[depth:]
        self._resumed: list[_Open] = []
        self._depth = depth
        self.place = EXTRA + extra
        self.closed = 0
        self.bodies: list[bytes] = []
        self.places: list[int] = []
        self.figures: list[tuple[int, bytes, int, str]] = []
        self.links: list[tuple[int, bytes]] = []
        self.notes: list[bytes] = []
        self.image_parents: list[bytes] = []
        self.text_parents: list[bytes] = []
        self._page = _ref(PAGE)
        self._images = images
        self._left_open = left_open

    def take(self, index: int, tag: str) -> None:
        """The tag at an index."""
        top = self.stack[-1]
        if tag == ")":
            self.stack.pop()
            if top.carried < 0:
                self._finish(top)
            elif top.carried < self._depth:
                self.closed += 1
        elif tag == ")+":
            self.parked.append(self.stack.pop())
        elif tag.startswith("(="):
            self._resume(index, int(tag[2:].partition(" ")[0]))
        elif tag == ".":
            self._mark(top)
        elif tag == "&":
            place = self._take_place()
            top.kids.append(b"<</Type/OBJR/Obj %s 0 R/Pg %s 0 R>>" % (_ref(place), self._page))
            self.links.append((place, top.ref))
        else:
            self._element(index, tag, top)

    def _resume(self, index: int, which: int) -> None:
        """Go on with an element of the part before, all of which is parked when the first one is gone on with."""
        if which == 0:
            self._resumed = sorted(self.parked, key=lambda opened: opened.serial)
            self.parked = []
        opened = self._resumed[which]
        opened.serial = index + 1
        self.stack.append(opened)

    def _element(self, index: int, tag: str, top: _Open) -> None:
        role = tag.lstrip("(!^")
        if tag.startswith("(^"):
            top = self.carried[0]  # a footnote is the document's, whatever calls it
        if index in self._left_open:
            left = self._left_open[index]
            opened = _Open(b"@%d;" % (len(self.carried) + left), -1, top.ref, role, left=left)
        else:
            place = self._take_place()
            opened = _Open(_ref(place), place, top.ref, role)
        opened.serial = index + 1
        if role == NOTE:
            self.notes.append(opened.ref)
        top.kids.append(b"%s 0 R " % opened.ref)
        if tag[0] == "(":
            self.stack.append(opened)
        elif tag[0] == "!":
            self.figures.append((opened.place, top.ref, len(self.image_parents), opened.role))
            self.image_parents.append(opened.ref)
        else:
            self._mark(opened)
            self._finish(opened)

    def _mark(self, opened: _Open) -> None:
        mark = self._images + len(self.text_parents)
        self.text_parents.append(opened.ref)
        if opened.carried >= 0:
            opened.kids.append(b"<</Type/MCR/Pg %s 0 R/MCID %d>>" % (self._page, mark))
        else:
            opened.kids.append(b"%d " % mark)
            opened.marked = True

    def _finish(self, opened: _Open) -> None:
        self.bodies.append(_body(opened, self._page))
        self.places.append(opened.place)

    def _take_place(self) -> int:
        if self.place >= _MOST_PLACES:
            raise PressrunError(
                Reason.LIMIT_EXCEEDED,
                f"a page has more than {_MOST_PLACES:,} paragraphs and cells; set it larger, or break it",
            )
        self.place += 1
        return self.place - 1


def _build(tags: list[Tag], depth: int, parked: int, extra: int, images: int) -> _Form:
    flat = _flat(tags)
    built = _Builder(depth, parked, extra, images, _left_open(flat))
    for index, tag in enumerate(flat):
        built.take(index, tag)
    assert len(built.image_parents) == images, "each image that has a tag is told once"
    marks = b"".join([b"%s 0 R " % ref for ref in built.image_parents + built.text_parents])
    places = [MARKS, *built.places]
    behind = sorted(built.parked, key=lambda opened: opened.serial)
    left = [opened for opened in (*built.stack, *behind) if opened.carried < 0]
    assert [opened.left for opened in left] == list(range(len(left)))
    return _Form(
        size=built.place,
        bodies=[b"[%s]" % marks.rstrip(), *built.bodies],
        places=places,
        figures=built.figures,
        links=built.links,
        kids=[b"".join(opened.kids) for opened in built.carried],
        closed=built.closed,
        notes=built.notes,
        left=[(opened.parent, opened.role, b"".join(opened.kids)) for opened in left],
        opened=sum(opened.carried < 0 for opened in built.stack),
        parked=[opened.carried if opened.carried >= 0 else -1 - opened.left for opened in behind],
        rows=_rows(places, built.place),
    )


def _body(opened: _Open, page: bytes) -> bytes:
    """The dictionary of an element whose children are known."""
    kids = b"".join(opened.kids).strip()
    pages = b"/Pg %s 0 R" % page if opened.marked else b""
    entry = b"" if not opened.kids else b"/K %s" % kids if kids.isdigit() else b"/K[%s]" % kids
    named = identifier(opened.ref) if opened.role == NOTE else b""
    return b"<<%s%s/P %s 0 R%s%s>>" % (type_entries(opened.role), named, opened.parent, pages, entry)


def _left_open(tags: list[str]) -> dict[int, int]:
    """Where elements are opened that stay open behind the page, or are parked, and which of these each is."""
    opened: list[int] = []  # where it was opened; below 0 for what was parked before the page
    parked: list[tuple[int, int]] = []
    resumed: list[int] = []
    serials: dict[int, int] = {}
    for index, tag in enumerate(tags):
        if tag == ")+":
            begun = opened.pop()
            parked.append((serials[begun], begun))
        elif tag.startswith("(="):
            which = int(tag[2:].partition(" ")[0])
            if which == 0:
                resumed = [begun for _, begun in sorted(parked)]
                parked = []
            begun = resumed[which] if resumed else -1 - which
            serials[begun] = index
            opened.append(begun)
        elif tag[0] == "(":
            serials[index] = index
            opened.append(index)
        elif tag == ")" and opened:
            opened.pop()
    left = [begun for begun in (*opened, *(begun for _, begun in sorted(parked))) if begun >= 0]
    return {begun: order for order, begun in enumerate(left)}


def _fill(form: _Form, block: _Numbers, page: bytes) -> _Filled:
    """What the page of a form comes to."""
    base, filled = block.base, block.filled
    stream, rows = _stream(form, block, page)
    objects = PageObjects(
        size=form.size,
        stream=stream,
        rows=rows,
        figures=tuple(
            FigureObject(base + place, int(filled(parent)), mark, role) for place, parent, mark, role in form.figures
        ),
        links=tuple((base + place, int(filled(parent))) for place, parent in form.links),
        notes=tuple(int(filled(note)) for note in form.notes),
    )
    left = tuple((int(filled(parent)), role, filled(kids)) for parent, role, kids in form.left)
    return _Filled(objects, tuple(map(filled, form.kids)), left)


def _stream(form: _Form, block: _Numbers, page: bytes) -> tuple[bytes, bytes]:
    """The object stream (7.5.7) with the page's dictionary as its last object, and the rows of the block."""
    lengths = block.lengths()
    found = form.texts.get(lengths)
    if found is None:
        joined = b"\n".join(form.bodies) + b"\n"
        heads, at = [], 0
        # All of them are filled in one go to learn how long each is.
        for place, body in zip((*form.places, PAGE), block.filled(joined).split(b"\n"), strict=True):
            heads.append(b"%s %d " % (_ref(place), at))
            at += len(body) + 1
        found = b"".join(heads), joined
        if block.spreads:
            found = block.spread(found[0]), block.spread(found[1])
        form.texts[lengths] = found
    head, bodies = map(block.filled_spread if block.spreads else block.filled, found)
    stream = packed(len(form.places) + 1, head, bodies + page, _LEVEL)
    count, where, ones = form.rows
    return stream, (where + (block.base + STREAM) * ones).to_bytes(count * ROW.size, "big")


def _rows(places: list[int], size: int) -> tuple[int, int, int]:
    """The rows from the page's dictionary on as one integer, the object stream's number open; how often that is put in.

    Returns:
        how many rows; them; and what has a one in the place of each number.
    """
    rows = bytearray(ROW.size * (size - PAGE))
    for index, place in enumerate((*places, PAGE)):
        ROW.pack_into(rows, (place - PAGE) * ROW.size, 2, 0, index)
    ones = bytearray(len(rows))
    ones[_NUMBER_ENDS :: ROW.size] = rows[:: ROW.size].replace(b"\2", b"\1")
    return size - PAGE, int.from_bytes(rows, "big"), int.from_bytes(ones, "big")
