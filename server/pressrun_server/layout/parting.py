"""Parts a row in two where a page ends."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from pressrun_server.layout.rows import RowFrame
from pressrun_server.model.page import ARTIFACT, PlacedImage, PlacedLink, Tag, TextItem, flat, unstripped

__all__ = ["FrameLine", "Metrics", "divides", "frame_lines", "split"]

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


def split(frame: RowFrame, room: int, metrics: Metrics, *, resumed: bool) -> tuple[RowFrame, RowFrame]:
    """A row that is taller than a page as two: what fits into `room`, and the rest.

    Args:
        frame: the row's.
        room: height of the part on this page.
        metrics: how high lines are.
        resumed: whether the row and what is in it are elements that go on in the second part, which is placed next, so
            that each cell is read as a whole; else each part is a row of its own for the structure, with all of its
            cells and what of them is in it, as it is where there would be too many elements.
    """
    text = [(x, y - frame.y, style, shard, codes) for x, y, style, shard, codes in _runs(frame.text)]
    frame = RowFrame(frame.height, text, frame.fills, frame.images, 0, frame.tags, frame.alts, frame.links, frame.notes)
    lines = frame_lines(frame, metrics)
    cut = _cut(lines, frame.images, room)
    below = min([line.baseline for line in lines if line.baseline > cut], default=room)
    here, later = RowFrame(room, flowed=True), RowFrame(0, flowed=True)
    _share(
        frame,
        cut,
        lambda image: image[1] <= cut or (image[1] < below and image[1] + image[3] <= room),
        here,
        later,
        resumed,
    )
    here.fills = [(x, y, width, min(height, room - y), color) for x, y, width, height, color in frame.fills if y < room]
    here.notes = [(y, note) for y, note in frame.notes if y <= cut]
    later.notes = [(y, note) for y, note in frame.notes if y > cut]
    if not later.text and not later.images:
        return here, later
    # What is left begins where its first line or picture begins.
    tops = [baseline - metrics(style)[1] for x, baseline, style, _, _ in later.text if x.__class__ is not str]
    shift = min([*tops, *(image[1] for image in later.images)])
    later.height = max(frame.height - shift, 1)
    later.text = [(x, y - shift, style, shard, codes) for x, y, style, shard, codes in later.text]
    later.fills = [
        (x, max(y - shift, 0), width, height - max(shift - y, 0), color)
        for x, y, width, height, color in frame.fills
        if y + height > shift
    ]
    later.links = [(x, y - shift, width, height, link) for x, y, width, height, link in later.links]
    later.notes = [(y - shift, note) for y, note in later.notes]
    later.images = [(x, y - shift, width, height, slot, tag) for x, y, width, height, slot, tag in later.images]
    return here, later


def _cut(lines: list[FrameLine], images: Sequence[PlacedImage], room: int) -> int:
    """The lowest baseline, or top of a picture, that stays on the page; something does, so that there is an end."""
    fitting = lines[: _lines_within(lines, room)]
    if len(lines) - len(fitting) == 1 and len(fitting) > 1:
        fitting.pop()  # no line goes on alone
    whole = [y for _, y, _, height, _, _ in images if y + height <= room]
    if fitting:
        cut = fitting[-1].baseline
    elif whole:
        cut = max(whole)
    else:
        return lines[0].baseline if lines else room
    # A picture that does not fit goes on with all that is below its top.
    over = _over(images, cut, room)
    if over is None:
        return cut
    return max([found for found in (*(line.baseline for line in fitting), *whole) if found < over], default=cut)


def _over(images: Sequence[PlacedImage], cut: int, room: int) -> int | None:
    """The top of the first picture above a cut that does not fit; None where all do."""
    return min([y for _, y, _, height, _, _ in images if y <= cut and y + height > room], default=None)


def divides(frame: RowFrame, room: int, metrics: Metrics) -> bool:
    """Whether a row may be parted there: enough of its lines go on each page, and no picture beyond the first one."""
    lines = frame_lines(frame, metrics)
    here = _lines_within(lines, room)
    if here < _ORPHANS or len(lines) - here < _ORPHANS:
        return False
    over = _over(frame.images, lines[here - 1].baseline, room)
    return over is None or lines[0].baseline < over or any(y + height <= over for _, y, _, height, _, _ in frame.images)


def _lines_within(lines: list[FrameLine], room: int) -> int:
    """How many of a row's lines end within a height."""
    return next((index for index, line in enumerate(lines) if line.bottom > room), len(lines))


def frame_lines(frame: RowFrame, metrics: Metrics) -> list[FrameLine]:
    """A row's lines from its top, in the order of their baselines; lines of one baseline are one."""
    found: dict[int, int] = {}
    for x, y, style, _, _ in _runs(frame.text):
        if x.__class__ is not str:
            height, ascent = metrics(style)
            found[y - frame.y] = max(found.get(y - frame.y, 0), y - frame.y - ascent + height)
    return [FrameLine(baseline, found[baseline]) for baseline in sorted(found)]


def _runs(text: list[TextItem]) -> Iterator[TextItem]:
    """Marks and runs: a strip may be of many lines."""
    return itertools.chain.from_iterable(map(unstripped, text))


@dataclass(slots=True, eq=False)
class _Piece:
    """A marked piece of text: the baselines of what stays, and of what goes on."""

    here: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Element:
    """An element of the structure, or what stands in one: which parts it is in."""

    tag: str
    here: bool = False
    later: bool = False
    inner: list[_Element] | None = None
    """What stands in it; None where it is a piece of text, a picture, or the place of a link."""
    key: int = -1
    """Which one it is of those that go on."""

    @property
    def _begun(self) -> bool:
        """Whether it goes on from a part before these two."""
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

    def whole(self, *, here: bool, among: bool = False) -> list[Tag]:
        """What it is in a part that is a row of its own; a cell is there `among` others, if only empty.

        What goes on from a part before ends in the first part, whether or not it has anything there.
        """
        if not (self.here or self._begun if here else self.later):
            return [f"({self.role}", ")"] if among and self._cell else []
        if self.inner is None:
            return [self.tag]
        begin = self.tag if here or not self._begun else f"({self.role}"
        end = "]" if begin == "[" else ")"
        return [begin, *(tag for item in self.inner for tag in item.whole(here=here, among=self._row)), end]

    def first(self, going_on: list[_Element], *, among: bool = False) -> list[Tag]:
        """What it is in the first part: whole, or with its end open.

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
        return [begin, *(tag for item in self.inner for tag in item.first(going_on, among=self._row)), end]

    def rest(self, *, among: bool = False) -> list[Tag]:
        """What of it is in the second part, once `first` was asked."""
        if not self.later:
            return [f"({self.role}", ")"] if among and self._cell else []
        if self.inner is None and self.key < 0:
            return [self.tag]
        begin = f"{_RESUMES}{self.key} {self.role}" if self.key >= 0 else self.tag
        if self.inner is None:
            return [begin, ".", ")"]
        among = self._row and self.key < 0
        return [begin, *(tag for item in self.inner for tag in item.rest(among=among)), "]" if begin == "[" else ")"]


def _share(
    frame: RowFrame,
    cut: int,
    stays: Callable[[PlacedImage], bool],
    here: RowFrame,
    later: RowFrame,
    resumed: bool,  # noqa: FBT001 - asked of `split`
) -> None:
    """Text and images above the cut to one part, the others to the other, with marks and tags of their own."""
    pieces: list[_Piece] = []
    piece = _Piece()
    mark: TextItem = (ARTIFACT, 0, 0, 0, "")
    for item in frame.text:
        if isinstance(item[0], str):
            mark, piece = item, _Piece()
            if mark[0] != ARTIFACT:
                pieces.append(piece)
            continue
        baseline = item[1]
        part, lines = (here, piece.here) if baseline <= cut else (later, piece.later)
        if not lines:
            part.text.append(mark)
        lines.append(baseline)
        part.text.append(item)
    for image in frame.images:
        (here if stays(image) else later).images.append(image)
    tagged = [stays(image) for image in frame.images if image[5]]
    for first, alt in zip(tagged, frame.alts, strict=True):
        (here if first else later).alts.append(alt)
    elements = _elements(frame, iter(pieces), iter(tagged))
    here.links = [link for link, first in elements.links if first]
    later.links = [link for link, first in elements.links if not first]
    going_on: list[_Element] = []
    if resumed:
        here.tags = [tag for item in elements.all for tag in item.first(going_on)]
    if resumed and len(going_on) <= _MOST_GOING_ON:
        later.tags = [tag for item in elements.all for tag in item.rest()]
    else:
        here.tags = [tag for item in elements.all for tag in item.whole(here=True)]
        later.tags = [tag for item in elements.all for tag in item.whole(here=False)]


class _Elements(NamedTuple):
    all: list[_Element]
    links: list[tuple[PlacedLink, bool]]
    """With whether each stays."""


def _elements(frame: RowFrame, pieces: Iterator[_Piece], images: Iterator[bool]) -> _Elements:
    """A frame's part of the structure, each element with the parts of the frame that it is in."""
    root = _Element("(", inner=[])
    path, links = [root], iter(frame.links)
    shared: list[tuple[PlacedLink, bool]] = []
    piece = _Piece()
    for tag in flat(frame.tags):
        if tag in {")", "]"}:
            path.pop()
            continue
        element = _Element(tag)
        inner = path[-1].inner
        assert inner is not None
        inner.append(element)
        if tag[0] in "([":
            element.inner = []
            path.append(element)
            continue
        if tag[0] == "!":
            element.here = next(images)
            element.later = not element.here
        elif tag == "&":
            link = next(links)
            element.here = any(link[1] < baseline <= link[1] + link[3] for baseline in piece.here)
            element.later = not element.here
            shared.append((link, element.here))
        else:
            piece = next(pieces)
            element.here, element.later = bool(piece.here), bool(piece.later)
        for outer in path:
            outer.here, outer.later = outer.here or element.here, outer.later or element.later
    _settle(root)
    return _Elements(root.inner or [], shared)


def _settle(outer: _Element) -> None:
    """Elements without content are in one part, too: where the one before ends, or the one behind begins."""
    inner = outer.inner or []
    for index, element in enumerate(inner):
        if not (element.here or element.later):
            if index and outer.role != _ROW:
                element.later = inner[index - 1].later
            else:
                behind = next((other for other in inner[index:] if other.here or other.later), outer)
                element.later = not (outer if outer.role == _ROW else behind).here
            element.here = not element.later
        _settle(element)
