"""Parts a row in two where a page ends, and the rest of it again, as often as it takes.

Nothing that is further down than the part is looked at, so that a row over many pages takes no longer a page than one
over two: lines, pictures and fills are sorted once by where they begin, and an element knows from which of its children
on all begin below a place.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Generic, TypeAlias, TypeVar

from pressrun_server.layout.rows import RowFrame
from pressrun_server.model.page import (
    ARTIFACT,
    Fill,
    PlacedImage,
    PlacedLink,
    PlacedNote,
    Tag,
    TextItem,
    flat,
    unstripped,
)

__all__ = ["FrameLine", "Metrics", "Parting", "divides", "frame_lines"]

Metrics: TypeAlias = "Callable[[int], tuple[int, int]]"
"""Height of a text style's lines, and how much of it is above the baseline."""

_ROW = "TR"
_CELLS = ("TD", "TH")
"""They are in each part of their row, so that all rows of a table have the same columns."""
_GROUP = "Div"
"""What stands side by side with others is an element where it goes on, so that it is read as a whole."""
_GOES_ON, _RESUMES = ")+", "(="
_ORPHANS = 2
"""Lines of a parted row on each page."""
_MOST_GOING_ON = 32
"""Elements that are open where a page ends have numbers of their own, of which there are few."""
_BARE = {".", "&"}
"""Tags of what stands in an element and is none."""


@dataclass(frozen=True, slots=True, order=True)
class FrameLine:
    """A line of a row, of whatever cell."""

    baseline: int
    """From the row's top."""
    bottom: int
    top: int


def frame_lines(frame: RowFrame, metrics: Metrics) -> list[FrameLine]:
    """A row's lines from its top, in the order of their baselines; lines of one baseline are one."""
    found: dict[int, tuple[int, int]] = {}
    for x, y, style, _, _ in _runs(frame.text):
        if x.__class__ is not str:
            height, ascent = metrics(style)
            baseline = y - frame.y
            bottom, top = found.get(baseline, (0, baseline))
            found[baseline] = max(bottom, baseline - ascent + height), min(top, baseline - ascent)
    return [FrameLine(baseline, *found[baseline]) for baseline in sorted(found)]


def divides(frame: RowFrame, room: int, metrics: Metrics) -> bool:
    """Whether a row may be parted there: enough of its lines go on each page, and no picture beyond the first one."""
    lines = frame_lines(frame, metrics)
    here = _lines_within(lines, room)
    if here < _ORPHANS or len(lines) - here < _ORPHANS:
        return False
    over = _over(frame.images, lines[here - 1].baseline, room)
    return over is None or lines[0].baseline < over or any(y + height <= over for _, y, _, height, _, _ in frame.images)


def _lines_within(lines: Sequence[FrameLine], room: int, begin: int = 0) -> int:
    """How many of a row's lines, from one on, end within a height."""
    found = begin
    while found < len(lines) and lines[found].bottom <= room:
        found += 1
    return found - begin


def _over(images: Sequence[PlacedImage], cut: int, room: int) -> int | None:
    """The top of the first picture above a cut that does not fit; None where all do."""
    return min([y for _, y, _, height, _, _ in images if y <= cut and y + height > room], default=None)


def _runs(text: list[TextItem]) -> Iterator[TextItem]:
    """Marks and runs: a strip may be of many lines."""
    return itertools.chain.from_iterable(map(unstripped, text))


@dataclass(slots=True, eq=False)
class _Piece:
    """A marked piece of text: what of it is not on a page yet."""

    index: int
    """Which one it is of the row's."""
    mark: TextItem
    runs: list[TextItem] = field(default_factory=list)
    top: float = math.inf
    """Its first baseline."""


@dataclass(slots=True, eq=False)
class _Picture:
    index: int
    """Which one it is of the row's."""
    item: PlacedImage
    alt: str | None = None
    here: bool = False
    """Whether it is in the part that was made last."""

    @property
    def top(self) -> int:
        return self.item[1]


@dataclass(slots=True, eq=False)
class _Paint:
    index: int
    """Which one it is of the row's."""
    item: Fill

    @property
    def top(self) -> int:
        return self.item[1]

    @property
    def bottom(self) -> int:
        return self.item[1] + self.item[3]


_Item = TypeVar("_Item", _Piece, _Picture, _Paint)


class _Ahead(Generic[_Item]):
    """Things in the order in which they begin, of which those that were reached are at hand."""

    def __init__(self, items: list[_Item]) -> None:
        self._items: list[_Item] = sorted(items, key=attrgetter("top"))
        self._next = 0
        self.reached: list[_Item] = []
        """Those that are left of them."""

    def reach(self, limit: int) -> list[_Item]:
        """All that are left and begin at a limit or above it."""
        items, begin = self._items, self._next
        while self._next < len(items) and items[self._next].top <= limit:
            self._next += 1
        self.reached += items[begin : self._next]
        return self.reached

    @property
    def top(self) -> float:
        """Where the first of those begins that were not reached."""
        return self._items[self._next].top if self._next < len(self._items) else math.inf

    def rest(self) -> list[_Item]:
        """All that are left."""
        return self.reached + self._items[self._next :]


@dataclass(frozen=True, slots=True)
class _Link:
    item: PlacedLink
    top: float
    """The baseline of the line that it is in."""


@dataclass(slots=True, eq=False)
class _Part:
    """What of a row's content is in a part."""

    cut: int
    """The lowest baseline in it."""
    reach: int
    """Nothing that begins below is in it."""
    text: list[tuple[_Piece, list[TextItem]]] = field(default_factory=list)
    links: list[PlacedLink] = field(default_factory=list)

    def take(self, piece: _Piece) -> bool:
        """Take what a piece has above the cut; whether it has."""
        here = [run for run in piece.runs if run[1] <= self.cut]
        if here:
            self.text.append((piece, here))
            piece.runs = [] if len(here) == len(piece.runs) else [run for run in piece.runs if run[1] > self.cut]
        return bool(here)


@dataclass(slots=True, eq=False)
class _Element:
    """An element of the structure, or what stands in one: which parts it is in."""

    tag: str
    content: _Piece | _Picture | _Link | None = None
    """Of what is a piece of text, a picture, or the place of a link."""
    inner: list[_Element] | None = None
    """What stands in it; None where nothing may."""
    top: float = math.inf
    """Where the first content of it begins; infinite where it has none."""
    here: bool = False
    later: bool = False
    """Whether it is in the part that was made last, and in those behind it."""
    key: int = -1
    """Which one it is of those that go on from there."""
    _low: list[float] = field(default_factory=list)
    """Where the first content of each of its children, or of those behind it, begins."""
    _next: int = 0
    """How many of them were reached."""
    _left: list[_Element] = field(default_factory=list)
    """Those that go on, of these."""
    _seen: list[_Element] = field(default_factory=list)
    """Those that were looked at for the last part."""

    def close(self) -> None:
        """All that stands in it is known."""
        low = math.inf
        for child in reversed(self.inner or ()):
            low = min(low, child.top)
            self._low.append(low)
        self._low.reverse()
        self.top = low

    @property
    def _begun(self) -> bool:
        """Whether it goes on from a part before."""
        return self.tag.startswith(_RESUMES)

    @property
    def role(self) -> str:
        """Its type, with attributes."""
        if self.tag == "[":
            return _GROUP
        return self.tag.partition(" ")[2] if self._begun else self.tag.lstrip("(")

    @property
    def _row(self) -> bool:
        return self.role == _ROW

    @property
    def _cell(self) -> bool:
        return self.role.partition(" ")[0] in _CELLS

    def _empty_cell(self) -> _Element:
        return _Element(f"({self.role}", inner=[])

    def share(self, part: _Part) -> None:
        """Give a part its share of what it contains."""
        content, self.key = self.content, -1
        if isinstance(content, _Piece):
            self.here = part.take(content)
            self.later = bool(content.runs)
        elif isinstance(content, _Picture):
            self.here, self.later = content.here, not content.here
        elif isinstance(content, _Link):
            self.here = content.top <= part.cut
            self.later = not self.here
            if self.here:
                part.links.append(content.item)
        else:
            self._share_inner(part)

    def _share_inner(self, part: _Part) -> None:
        inner, low, end = self.inner or [], self._low, self._next
        while end < len(inner) and low[end] <= part.reach:
            end += 1
        if self._row:
            end = len(inner)  # all cells of a row are there, or none
        seen = self._seen = [*self._left, *inner[self._next : end]]
        self.here, self.later = False, end < len(inner) and low[end] < math.inf
        for child in seen:
            if child.top < math.inf:
                child.share(part)
                self.here, self.later = self.here or child.here, self.later or child.later
        index = 0
        while index < len(seen) or (end < len(inner) and inner[end].top == math.inf and seen and not seen[-1].later):
            if index == len(seen):
                seen.append(inner[end])
                end += 1
            if seen[index].top == math.inf:
                seen[index].settle(later=self._with(index))
            index += 1
        self._next = end

    def _with(self, index: int) -> bool:
        """Whether a child without content goes on: it is where the one before ends, or the one behind begins."""
        if self._row:
            return not self.here
        if index:
            return self._seen[index - 1].later
        behind = next((other for other in self._seen if other.top < math.inf), None)
        return not (behind or self).here

    def settle(self, *, later: bool) -> None:
        """Put what has no content in a part as a whole."""
        self.here, self.later, self.key = not later, later, -1
        self._seen = [*self._left, *(self.inner or ())[self._next :]]
        self._next = len(self.inner or ())
        for child in self._seen:
            child.settle(later=later)

    def whole(self, *, among: bool = False) -> list[Tag]:
        """What it is in a part that is a row of its own; a cell is there `among` others, if only empty.

        What goes on from a part before ends in this one, whether or not it has anything there.
        """
        if not (self.here or self._begun):
            return [f"({self.role}", ")"] if among and self._cell else []
        if self.inner is None:
            return [self.tag]
        end = "]" if self.tag == "[" else ")"
        return [self.tag, *(tag for item in self._seen for tag in item.whole(among=self._row)), end]

    def first(self, going_on: list[_Element], *, among: bool = False) -> list[Tag]:
        """What it is in the part: whole, or with its end open.

        Args:
            going_on: takes the elements that go on, in the order in which they are opened.
            among: whether it stands in a row, all of whose cells are there.
        """
        if not (self.here or self._begun or (among and self._cell)):
            return []
        if self.inner is None and self.here and (not self.later or self.tag in _BARE):
            return [self.tag]
        begin, end = self.tag if self._begun else f"({self.role}", ")"
        if self.later:
            self.key, end = len(going_on), _GOES_ON
            going_on.append(self)
        elif self.tag == "[":
            begin, end = "[", "]"
        if self.inner is None:
            return [begin, *["."] * self.here, end]
        return [begin, *(tag for item in self._seen for tag in item.first(going_on, among=self._row)), end]

    def rest(self, *, among: bool = False, whole: bool = False) -> _Element | None:
        """What of it is behind the part, once `first` was asked; or as a row of its own where that is `whole`."""
        if not self.later:
            return self._empty_cell() if among and self._cell else None
        role, key = self.role, -1 if whole else self.key
        if self.inner is None:
            if key < 0:
                return self
            own = _Element(".", self.content, top=self.top)
            return _Element(f"{_RESUMES}{key} {role}", inner=[own], top=self.top, _low=[self.top])
        among = self._row and key < 0
        left = (item.rest(among=among, whole=whole) for item in self._seen)
        self._left = [item for item in left if item is not None]
        if key >= 0:
            self.tag = f"{_RESUMES}{key} {role}"
        elif self._begun:
            self.tag = f"({role}"
        return self

    def tags(self) -> list[Tag]:
        """All that is left of it."""
        if self.inner is None:
            return [self.tag]
        left = (*self._left, *self.inner[self._next :])
        return [self.tag, *(tag for item in left for tag in item.tags()), "]" if self.tag == "[" else ")"]

    def leaves(self) -> Iterator[_Piece | _Picture | _Link]:
        """The content that is left of it."""
        if self.content is not None:
            yield self.content
        for item in (*self._left, *(self.inner or ())[self._next :]):
            yield from item.leaves()


class Parting:
    """A row that is taller than a page: parts of it, as they fit, and what is left.

    Args:
        frame: the row's.
        metrics: how high lines are.
        resumed: whether the row and what is in it are elements that go on in the next part, which is placed next, so
            that each cell is read as a whole; else each part is a row of its own for the structure, with all of its
            cells and what of them is in it, as it is where there would be too many elements.
    """

    def __init__(self, frame: RowFrame, metrics: Metrics, *, resumed: bool) -> None:
        self.height = self._whole = frame.height
        """Of what is left."""
        self.notes: list[PlacedNote] = frame.notes
        """What it calls."""
        self._resumed = resumed
        self._base = 0
        """Where what is left begins in the row."""
        self._lines = frame_lines(frame, metrics)
        self._tops = [*itertools.accumulate([line.top for line in reversed(self._lines)], min)][::-1]
        """Where each line, or one behind it, begins,"""
        self._bottoms = [*itertools.accumulate([line.bottom for line in reversed(self._lines)], min)][::-1]
        """and where it ends."""
        self._line = 0
        """How many lines were placed."""
        pieces = _pieces(frame)
        pictures = [_Picture(index, item) for index, item in enumerate(frame.images)]
        for picture, alt in zip([picture for picture in pictures if picture.item[5]], frame.alts, strict=True):
            picture.alt = alt
        self._pictures = _Ahead(pictures)
        self._paints = _Ahead([_Paint(index, item) for index, item in enumerate(frame.fills)])
        self._loose = _Ahead([piece for piece in pieces if piece.mark[0] == ARTIFACT])
        tagged = (picture for picture in pictures if picture.item[5])
        self._root = _structure(frame, (piece for piece in pieces if piece.mark[0] != ARTIFACT), tagged)

    def begins(self, room: int) -> bool:
        """Whether any line or picture of what is left fits into a height."""
        limit = self._base + room
        if self._line < len(self._lines) and self._bottoms[self._line] <= limit:
            return True
        return any(picture.item[1] + picture.item[3] <= limit for picture in self._pictures.reach(limit))

    def part(self, room: int) -> RowFrame:
        """As much of what is left as fits into a height; something does, so that there is an end."""
        base, limit = self._base, self._base + room
        cut = self._cut(limit)
        while self._line < len(self._lines) and self._lines[self._line].baseline <= cut:
            self._line += 1
        ended = self._line == len(self._lines)
        below = limit if ended else self._lines[self._line].baseline
        part = _Part(cut, max(cut, limit))
        for picture in self._pictures.reach(part.reach):
            _, y, _, height, _, _ = picture.item
            picture.here = y <= cut or (y < below and y + height <= limit)
        for piece in self._loose.reach(part.reach):
            part.take(piece)
        self._loose.reached = [piece for piece in self._loose.reached if piece.runs]
        self._root.share(part)
        found = RowFrame(room, flowed=True)
        self._put(found, part.text, [picture for picture in self._pictures.reached if picture.here], part.links)
        self._pictures.reached = [picture for picture in self._pictures.reached if not picture.here]
        paints = [
            paint for paint in self._paints.reach(limit) if paint.top < limit and (not base or paint.bottom > base)
        ]
        found.fills = [(x, y, wide, min(high, room - y), ink) for x, y, wide, high, ink in self._painted(paints)]
        found.notes = [(y, note) for y, note in self.notes if y <= cut - base]
        going_on: list[_Element] = []
        seen = self._root._seen  # noqa: SLF001 - it is its own
        if self._resumed:
            found.tags = [tag for item in seen for tag in item.first(going_on)]
        whole = not self._resumed or len(going_on) > _MOST_GOING_ON
        if whole:
            found.tags = [tag for item in seen for tag in item.whole()]
        self._root.later = True
        self._root.rest(whole=whole)
        notes = [(y, note) for y, note in self.notes if y > cut - base]
        waiting = min([picture.top for picture in self._pictures.reached], default=math.inf)
        begin = min(math.inf if ended else self._tops[self._line], waiting, self._pictures.top)
        if begin < math.inf:
            # What is left begins where its first line or picture begins.
            self._base = int(begin)
            self.height = max(self._whole - self._base, 1)
            self.notes = [(y + base - self._base, note) for y, note in notes]
            self._paints.reached = [paint for paint in self._paints.reached if paint.bottom > self._base]
        else:
            self.height, self.notes, self._paints = 0, notes, _Ahead([])
        return found

    def rest(self) -> RowFrame:
        """All that is left."""
        found = RowFrame(self.height, flowed=True, tags=self._root.tags()[1:-1], notes=self.notes)
        leaves = list(self._root.leaves())
        pieces = [*self._loose.rest(), *(leaf for leaf in leaves if isinstance(leaf, _Piece))]
        links = [leaf.item for leaf in leaves if isinstance(leaf, _Link)]
        self._put(found, [(piece, piece.runs) for piece in pieces if piece.runs], self._pictures.rest(), links)
        found.fills = self._painted(
            [paint for paint in self._paints.rest() if not self._base or paint.bottom > self._base]
        )
        return found

    def _put(
        self,
        frame: RowFrame,
        text: list[tuple[_Piece, list[TextItem]]],
        pictures: list[_Picture],
        links: list[PlacedLink],
    ) -> None:
        """Put content into a part's frame, in the order in which the row had it."""
        base = self._base
        for piece, runs in sorted(text, key=lambda item: item[0].index):
            frame.text += [(x, y - base, style, shard, codes) for x, y, style, shard, codes in (piece.mark, *runs)]
        for picture in sorted(pictures, key=attrgetter("index")):
            x, y, width, height, slot, tagged = picture.item
            frame.images.append((x, y - base, width, height, slot, tagged))
            if picture.alt is not None:
                frame.alts.append(picture.alt)
        frame.links = [(x, y - base, width, height, link) for x, y, width, height, link in links]

    def _painted(self, paints: list[_Paint]) -> list[Fill]:
        """Fills as far as they are not above what is left, from where that begins."""
        base = self._base
        if not base:
            return [paint.item for paint in sorted(paints, key=attrgetter("index"))]
        return [
            (paint.item[0], max(paint.top - base, 0), paint.item[2], paint.bottom - max(paint.top, base), paint.item[4])
            for paint in sorted(paints, key=attrgetter("index"))
        ]

    def _cut(self, limit: int) -> int:
        """The lowest baseline, or top of a picture, that stays on the page; something does, so that there is an end."""
        lines, begin = self._lines, self._line
        count = _lines_within(lines, limit, begin)
        if len(lines) - begin - count == 1 and count > 1:
            count -= 1  # no line goes on alone
        images = [picture.item for picture in self._pictures.reach(limit)]
        whole = [y for _, y, _, height, _, _ in images if y + height <= limit]
        if count:
            cut = lines[begin + count - 1].baseline
        elif whole:
            cut = max(whole)
        else:
            return lines[begin].baseline if begin < len(lines) else limit
        # A picture that does not fit goes on with all that is below its top.
        over = _over(images, cut, limit)
        if over is None:
            return cut
        fitting = (line.baseline for line in lines[begin : begin + count])
        return max([found for found in (*fitting, *whole) if found < over], default=cut)


def _pieces(frame: RowFrame) -> list[_Piece]:
    """A frame's text, from its top."""
    found: list[_Piece] = []
    piece = _Piece(0, (ARTIFACT, 0, 0, 0, ""))
    for item in _runs(frame.text):
        x, y, style, shard, codes = item
        if x.__class__ is str:
            piece = _Piece(len(found) + 1, (x, y - frame.y, style, shard, codes))
            found.append(piece)
            continue
        if not found:
            found.append(piece)
        piece.runs.append((x, y - frame.y, style, shard, codes) if frame.y else item)
        piece.top = min(piece.top, y - frame.y)
    return found


def _structure(frame: RowFrame, pieces: Iterator[_Piece], pictures: Iterator[_Picture]) -> _Element:
    """A frame's part of the structure, each element with its content."""
    root = _Element("(", inner=[])
    path, links = [root], iter(frame.links)
    piece = _Piece(0, (ARTIFACT, 0, 0, 0, ""))
    for tag in flat(frame.tags):
        if tag in {")", "]"}:
            path.pop().close()
            continue
        element = _Element(tag)
        inner = path[-1].inner
        assert inner is not None
        inner.append(element)
        if tag[0] in "([":
            element.inner = []
            path.append(element)
        elif tag[0] == "!":
            element.content = next(pictures)
        elif tag == "&":
            x, y, width, height, target = next(links)
            within = [run[1] for run in piece.runs if y < run[1] <= y + height]
            lowest = max([run[1] for run in piece.runs], default=y)
            element.content = _Link((x, y, width, height, target), min(within, default=lowest))
        else:
            piece = next(pieces)
            element.content = piece
        if element.content is not None:
            element.top = element.content.top
    root.close()
    return root
