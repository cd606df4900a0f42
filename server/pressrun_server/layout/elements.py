"""Elements of a row's structure with what stands in them, as it is shared between the parts of the row.

What is further down than a part is not looked at: an element knows from which of its children on all begin below it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from pressrun_server.layout.rows import RowFrame
from pressrun_server.model.page import ARTIFACT, PlacedImage, PlacedLink, Tag, TextItem, flat

__all__ = ["Element", "Link", "Part", "Picture", "Piece", "structure"]

_ROW = "TR"
_CELLS = ("TD", "TH")
"""They are in each part of their row, so that all rows of a table have the same columns."""
_GROUP = "Div"
"""What stands side by side with others is an element where it goes on, so that it is read as a whole."""
_GOES_ON, _RESUMES = ")+", "(="
_BARE = {".", "&"}
"""Tags of what stands in an element and is none."""


@dataclass(slots=True, eq=False)
class Piece:
    """A marked piece of text: what of it is not on a page yet."""

    index: int
    """Which one it is of the row's."""
    mark: TextItem
    runs: list[TextItem] = field(default_factory=list)
    top: float = math.inf
    """Its first baseline."""


@dataclass(slots=True, eq=False)
class Picture:
    """A picture that is not on a page yet."""

    index: int
    """Which one it is of the row's."""
    item: PlacedImage
    alt: str | None = None
    here: bool = False
    """Whether it is in the part that was made last."""

    @property
    def top(self) -> int:
        """Where it begins."""
        return self.item[1]


@dataclass(frozen=True, slots=True)
class Link:
    """The place of a link's text on one line."""

    item: PlacedLink
    top: float
    """The baseline of the line that it is in."""


@dataclass(slots=True, eq=False)
class Part:
    """What of a row's content is in a part."""

    cut: int
    """The lowest baseline in it."""
    reach: int
    """Nothing that begins below is in it."""
    text: list[tuple[Piece, list[TextItem]]] = field(default_factory=list)
    links: list[PlacedLink] = field(default_factory=list)

    def take(self, piece: Piece) -> bool:
        """Take what a piece has above the cut; whether it has."""
        here = [run for run in piece.runs if run[1] <= self.cut]
        if here:
            self.text.append((piece, here))
            piece.runs = [] if len(here) == len(piece.runs) else [run for run in piece.runs if run[1] > self.cut]
        return bool(here)


@dataclass(slots=True, eq=False)
class Element:
    """An element of the structure, or what stands in one: which parts it is in."""

    tag: str
    content: Piece | Picture | Link | None = None
    """Of what is a piece of text, a picture, or the place of a link."""
    inner: list[Element] | None = None
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
    _left: list[Element] = field(default_factory=list)
    """Those that go on, of these."""
    seen: list[Element] = field(default_factory=list)
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

    def _empty_cell(self) -> Element:
        return Element(f"({self.role}", inner=[])

    def share(self, part: Part) -> None:
        """Give a part its share of what it contains."""
        content, self.key = self.content, -1
        if isinstance(content, Piece):
            self.here = part.take(content)
            self.later = bool(content.runs)
        elif isinstance(content, Picture):
            self.here, self.later = content.here, not content.here
        elif isinstance(content, Link):
            self.here = content.top <= part.cut
            self.later = not self.here
            if self.here:
                part.links.append(content.item)
        else:
            self._share_inner(part)

    def _share_inner(self, part: Part) -> None:
        inner, low, end = self.inner or [], self._low, self._next
        while end < len(inner) and low[end] <= part.reach:
            end += 1
        if self._row:
            end = len(inner)  # all cells of a row are there, or none
        seen = self.seen = [*self._left, *inner[self._next : end]]
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
            return self.seen[index - 1].later
        behind = next((other for other in self.seen if other.top < math.inf), None)
        return not (behind or self).here

    def settle(self, *, later: bool) -> None:
        """Put what has no content in a part as a whole."""
        self.here, self.later, self.key = not later, later, -1
        self.seen = [*self._left, *(self.inner or ())[self._next :]]
        self._next = len(self.inner or ())
        for child in self.seen:
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
        return [self.tag, *(tag for item in self.seen for tag in item.whole(among=self._row)), end]

    def first(self, going_on: list[Element], *, among: bool = False) -> list[Tag]:
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
        return [begin, *(tag for item in self.seen for tag in item.first(going_on, among=self._row)), end]

    def rest(self, *, among: bool = False, whole: bool = False) -> Element | None:
        """What of it is behind the part, once `first` was asked; or as a row of its own where that is `whole`."""
        if not self.later:
            return self._empty_cell() if among and self._cell else None
        role, key = self.role, -1 if whole else self.key
        if self.inner is None:
            if key < 0:
                return self
            own = Element(".", self.content, top=self.top)
            return Element(f"{_RESUMES}{key} {role}", inner=[own], top=self.top, _low=[self.top])
        among = self._row and key < 0
        left = (item.rest(among=among, whole=whole) for item in self.seen)
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

    def leaves(self) -> Iterator[Piece | Picture | Link]:
        """The content that is left of it."""
        if self.content is not None:
            yield self.content
        for item in (*self._left, *(self.inner or ())[self._next :]):
            yield from item.leaves()


def structure(frame: RowFrame, pieces: Iterator[Piece], pictures: Iterator[Picture]) -> Element:
    """A frame's part of the structure, each element with its content."""
    root = Element("(", inner=[])
    path, links = [root], iter(frame.links)
    piece = Piece(0, (ARTIFACT, 0, 0, 0, ""))
    for tag in flat(frame.tags):
        if tag in {")", "]"}:
            path.pop().close()
            continue
        element = Element(tag)
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
            element.content = Link((x, y, width, height, target), min(within, default=lowest))
        else:
            piece = next(pieces)
            element.content = piece
        if element.content is not None:
            element.top = element.content.top
    root.close()
    return root
