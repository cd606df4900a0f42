"""Parts a row in two where a page ends, and the rest of it again, as often as it takes.

Nothing that is further down than the part is looked at, so that a row over many pages takes no longer a page than one
over two: lines, pictures and fills are sorted once by where they begin, and an element knows from which of its children
on all begin below a place.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeAlias, TypeVar

from pressrun_server.layout.elements import Element, Link, Part, Picture, Piece, structure
from pressrun_server.layout.rows import RowFrame
from pressrun_server.model.page import (
    ARTIFACT,
    Fill,
    PlacedImage,
    PlacedLink,
    PlacedNote,
    TextItem,
    unstripped,
)

__all__ = ["FrameLine", "Metrics", "Parting", "divides", "frame_lines"]

Metrics: TypeAlias = "Callable[[int], tuple[int, int]]"
"""Height of a text style's lines, and how much of it is above the baseline."""

_ORPHANS = 2
"""Lines of a parted row on each page."""
_MOST_GOING_ON = 32
"""Elements that are open where a page ends have numbers of their own, of which there are few."""


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


_Item = TypeVar("_Item", Piece, Picture, _Paint)


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
        pictures = [Picture(index, item) for index, item in enumerate(frame.images)]
        for picture, alt in zip([picture for picture in pictures if picture.item[5]], frame.alts, strict=True):
            picture.alt = alt
        self._pictures = _Ahead(pictures)
        self._paints = _Ahead([_Paint(index, item) for index, item in enumerate(frame.fills)])
        self._loose = _Ahead([piece for piece in pieces if piece.mark[0] == ARTIFACT])
        tagged = (picture for picture in pictures if picture.item[5])
        self._root = structure(frame, (piece for piece in pieces if piece.mark[0] != ARTIFACT), tagged)

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
        part = Part(cut, max(cut, limit))
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
        going_on: list[Element] = []
        seen = self._root.seen
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
        pieces = [*self._loose.rest(), *(leaf for leaf in leaves if isinstance(leaf, Piece))]
        links = [leaf.item for leaf in leaves if isinstance(leaf, Link)]
        self._put(found, [(piece, piece.runs) for piece in pieces if piece.runs], self._pictures.rest(), links)
        found.fills = self._painted(
            [paint for paint in self._paints.rest() if not self._base or paint.bottom > self._base]
        )
        return found

    def _put(
        self,
        frame: RowFrame,
        text: list[tuple[Piece, list[TextItem]]],
        pictures: list[Picture],
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


def _pieces(frame: RowFrame) -> list[Piece]:
    """A frame's text, from its top."""
    found: list[Piece] = []
    piece = Piece(0, (ARTIFACT, 0, 0, 0, ""))
    for item in _runs(frame.text):
        x, y, style, shard, codes = item
        if x.__class__ is str:
            piece = Piece(len(found) + 1, (x, y - frame.y, style, shard, codes))
            found.append(piece)
            continue
        if not found:
            found.append(piece)
        piece.runs.append((x, y - frame.y, style, shard, codes) if frame.y else item)
        piece.top = min(piece.top, y - frame.y)
    return found
