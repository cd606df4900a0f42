"""Parts a row in two where a page ends."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from pressrun_server.layout.rows import RowFrame
from pressrun_server.model.page import ARTIFACT, PlacedImage, PlacedLink, Tag, TextItem, flat, unstripped

__all__ = ["FrameLine", "Metrics", "frame_lines", "lines_within", "split"]

Metrics: TypeAlias = "Callable[[int], tuple[int, int]]"
"""Height of a text style's lines, and how much of it is above the baseline."""

_ROW = "(TR"
_CELLS = ("TD", "TH")
"""They are in each part of their row, so that all rows of a table have the same columns."""


@dataclass(frozen=True, slots=True, order=True)
class FrameLine:
    """A line of a row, of whatever cell."""

    baseline: int
    """From the row's top."""
    bottom: int


def split(frame: RowFrame, room: int, metrics: Metrics) -> tuple[RowFrame, RowFrame]:
    """A row that is taller than a page as two: what fits into `room`, and the rest.

    Each part is a row of its own for the structure, with all of its cells and what of them is in it.

    Args:
        frame: the row's.
        room: height of the part on this page.
        metrics: how high lines are.
    """
    text = [(x, y - frame.y, style, shard, codes) for x, y, style, shard, codes in _runs(frame.text)]
    frame = RowFrame(frame.height, text, frame.fills, frame.images, 0, frame.tags, frame.alts, frame.links, frame.notes)
    lines = frame_lines(frame, metrics)
    cut = _cut(lines, frame.images, room)
    below = min([line.baseline for line in lines if line.baseline > cut], default=room)
    here, later = RowFrame(room, flowed=True), RowFrame(0, flowed=True)
    _share(frame, cut, lambda image: image[1] <= cut or (image[1] < below and image[1] + image[3] <= room), here, later)
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
    fitting = lines[: lines_within(lines, room)]
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
    over = min([y for _, y, _, height, _, _ in images if y <= cut and y + height > room], default=None)
    if over is None:
        return cut
    return max([found for found in (*(line.baseline for line in fitting), *whole) if found < over], default=cut)


def lines_within(lines: list[FrameLine], room: int) -> int:
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

    def tags(self, *, here: bool, among: bool = False) -> list[Tag]:
        """What it is in one of the parts; a cell is there `among` others, if only empty."""
        if not (self.here if here else self.later):
            empty = among and self.tag.lstrip("(").split(" ")[0] in _CELLS
            return ["(" + self.tag.lstrip("("), ")"] if empty else []
        if self.inner is None:
            return [self.tag]
        row = self.tag == _ROW
        return [self.tag, *(tag for item in self.inner for tag in item.tags(here=here, among=row)), ")"]


def _share(frame: RowFrame, cut: int, stays: Callable[[PlacedImage], bool], here: RowFrame, later: RowFrame) -> None:
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
    here.tags = [tag for item in elements.all for tag in item.tags(here=True)]
    later.tags = [tag for item in elements.all for tag in item.tags(here=False)]


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
        if tag == ")":
            path.pop()
            continue
        element = _Element(tag)
        inner = path[-1].inner
        assert inner is not None
        inner.append(element)
        if tag[0] == "(":
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
    return _Elements(root.inner or [], shared)
