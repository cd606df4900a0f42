"""Footnotes: their numbers, the room that they take from the page that calls them, and what goes on on the next one.

A line that calls a footnote goes on a page only with the beginning of it. While a page is filled, that room is kept;
where its footnotes stand is decided when it is full. What there is no room for goes on at the foot of the next page,
before that one's own. In the structure a footnote is an element of the document, behind what it has so far; one that
goes on is left open, and its rest comes first on the next page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pressrun_server.layout.boxends import BoxEnds
from pressrun_server.layout.edges import side
from pressrun_server.layout.paging import ENDLESS
from pressrun_server.layout.placing import place
from pressrun_server.layout.segments import Line
from pressrun_server.model.content import BoundNote, BoundParagraph, LinkedPieces
from pressrun_server.model.page import MIXED, Page
from pressrun_server.model.program import NoteArea
from pressrun_server.model.program import Page as PageKind

__all__ = ["Footnotes", "Part"]

_TOGETHER = 2
"""Lines of a parted footnote on each page, at least."""
_JOINER = "\u2060"
"""Before a call, which never begins a line."""
_LISTS = ("text", "tags", "links")


@dataclass(slots=True, eq=False)
class Part:
    """Lines of a footnote that stand on one page."""

    note: BoundNote
    begin: int
    end: int
    opened: bool = False
    """Whether its element was left open by the page before."""
    left: bool = False
    """Whether its element is left open for the next page."""

    @classmethod
    def of(cls, note: BoundNote) -> Part:
        """All of a footnote."""
        return cls(note, 0, len(note.lines or ()))

    @property
    def lines(self) -> list[Line]:
        """Its lines."""
        return (self.note.lines or [])[self.begin : self.end]

    @property
    def above(self) -> int:
        """What is empty above it."""
        return 0 if self.begin else self.note.node.paragraph.box.margin_top

    @property
    def height(self) -> int:
        """With the margins of the footnote where it begins and ends."""
        below = self.note.node.paragraph.box.margin_bottom if self.end == len(self.note.lines or ()) else 0
        return self.above + sum(line.height for line in self.lines) + below

    def cut(self, count: int) -> tuple[Part, Part]:
        """Its first lines, and the others."""
        at = self.begin + count
        return Part(self.note, self.begin, at, self.opened), Part(self.note, at, self.end)

    @property
    def least(self) -> int:
        """The height of as much as must stand together."""
        count = self.end - self.begin
        return self.height if count < 2 * _TOGETHER else self.cut(_TOGETHER)[0].height

    def fitting(self, room: int) -> int:
        """How many of its lines go into a height where not all do."""
        left, count = room - self.above, 0
        for line in self.lines:
            left -= line.height
            if left < 0:
                break
            count += 1
        count = min(count, self.end - self.begin - _TOGETHER)
        return count if count >= _TOGETHER else 0


def _shared(parts: Sequence[Part], room: int) -> tuple[list[Part], list[Part]]:
    """What goes into a height, and what is left for the next page."""
    here: list[Part] = []
    for index, part in enumerate(parts):
        if part.height <= room:
            here.append(part)
            room -= part.height
            continue
        count = part.fitting(room)
        if not count:
            return here, list(parts[index:])
        first, rest = part.cut(count)
        return [*here, first], [rest, *parts[index + 1 :]]
    return here, []


class Footnotes(BoxEnds):
    """Places the footnotes of the page that is being filled."""

    # Text -------------------------------------------------------------------------------------------------------------

    def _call(self, bound: BoundParagraph) -> None:
        """Number the footnotes that a paragraph calls, once, and break them into lines."""
        pieces = bound.pieces
        if not isinstance(pieces, LinkedPieces) or not pieces.notes or pieces.notes[0].number:
            return
        notes = iter(pieces.notes)
        called = self._layout.setter.called
        for index, (style, _) in enumerate(pieces):
            if style in called:
                note = next(notes)
                self._count[0] += 1
                self._number_note(note, self._count[0])
                pieces[index] = (style, _JOINER + note.labels(note.number)[0])

    def _number_note(self, note: BoundNote, number: int) -> None:
        """Give a footnote its number, and break its text into lines."""
        marked = (note.node.marker_style, note.labels(number)[1])
        if note.number:
            note.pieces[0] = marked
        else:
            targets = note.pieces.targets if isinstance(note.pieces, LinkedPieces) else {}
            note.pieces = LinkedPieces([marked, *note.pieces], targets)
        note.number = number
        note.lines = self._layout.setter.paragraph(note.node.paragraph, note.pieces, self._missing)

    def _called(self, bound: BoundParagraph, lines: Sequence[Line]) -> list[list[BoundNote]]:
        """The footnotes that each line calls."""
        called = self._layout.setter.called
        notes = bound.pieces.notes if isinstance(bound.pieces, LinkedPieces) else []
        waiting = [(note, len(note.labels(note.number)[0])) for note in notes]
        found: list[list[BoundNote]] = []
        shown = 0
        for line in lines:
            here: list[BoundNote] = []
            for _, style, shard, codes in line.segments:
                if style in called:
                    shown += sum(len(run) for _, run in codes) if shard == MIXED else len(codes)
                    while waiting and shown >= waiting[0][1]:
                        note, length = waiting.pop(0)
                        shown -= length
                        here.append(note)
            found.append(here)
        if found:
            found[-1] += [note for note, _ in waiting]  # of a call that shows nothing
        return found

    # Room -------------------------------------------------------------------------------------------------------------

    def _need(self, notes: Sequence[BoundNote]) -> tuple[int, int]:
        """Height that further footnotes take from this page: all of them, and as much as must be on it."""
        if self._bottom >= ENDLESS or not notes:
            return 0, 0
        parts = [Part.of(note) for note in notes]
        before = 0 if self._noted else _edge(_area(self._kind_of(self._page)))
        whole = before + sum(part.height for part in parts)
        return whole, whole - parts[-1].height + parts[-1].least

    def _take(self, notes: Sequence[BoundNote], y: int) -> None:
        """Keep room for footnotes that are called above `y`."""
        if self._bottom < ENDLESS and notes:
            room = min(self._need(notes)[0], max(self._bottom - y, 0))
            self._noted += room
            self._bottom -= room

    def _room_again(self, y: int) -> None:
        """Keep room for what is called on the page now, which ends at `y`: some of it was moved here, or away."""
        self._bottom += self._noted
        self._noted = 0
        if self._carried:
            self._noted = _edge(_area(self._kind_of(self._page))) + sum(part.height for part in self._carried)
            self._bottom -= self._noted
        self._take([note for _, note in self._page.notes], y)

    def _lines_with_notes(self, lines: Sequence[Line], called: Sequence[Sequence[BoundNote]], index: int) -> int:
        """Up to which line a paragraph fits on this page with the footnotes that it calls."""
        height = self._y + self._pending
        taken: list[BoundNote] = []
        bottom, fitting = self._bottom, index
        while fitting < len(lines):
            height += lines[fitting].height
            if height > bottom:
                break
            if called[fitting]:
                taken += called[fitting]
                whole, least = self._need(taken)
                if height + least > self._bottom:
                    break
                bottom = max(self._bottom - whole, height)
            fitting += 1
        return fitting

    # Pages ------------------------------------------------------------------------------------------------------------

    def _kind_of(self, page: Page) -> PageKind:
        program = self._layout.program
        return program.pages[program.kinds.index(page.name, self._number, blank=page.blank, last=False)]

    def _begin_notes(self) -> None:
        """Keep room at the foot of a new page for what the last one had none for; a third is left for the text."""
        area = _area(self._kind_of(self._page))
        if area.restart:
            self._count[0] = 0
        self._carried = []
        if not self._waiting_notes:
            return
        room = (self._bottom - self._top) * 2 // 3 - _edge(area)
        here, later = _shared(self._waiting_notes, room)
        if not here:
            # However low the page is, something of it goes on.
            first = later[0]
            count = max(first.fitting(room), 1)
            here, later = ([first], later[1:]) if count >= len(first.lines) else self._cut_first(later, count)
        self._carried, self._waiting_notes = here, later
        self._room_again(self._y)

    @staticmethod
    def _cut_first(parts: list[Part], count: int) -> tuple[list[Part], list[Part]]:
        first, rest = parts[0].cut(count)
        return [first], [rest, *parts[1:]]

    def _end_notes(self, page: Page, end: int) -> None:
        """Place the footnotes of a page whose text ends at `end`."""
        if page.blank:
            self._waiting_notes, self._carried = [*self._carried, *self._waiting_notes], []
            return
        if not (page.notes or self._carried):
            return
        kind = self._kind_of(page)
        area = _area(kind)
        if area.restart:
            self._number_again(page)
        parts = [*self._carried, *(Part.of(note) for _, note in page.notes)]
        bottom = kind.height - kind.margin_bottom
        here, later = _shared(parts, bottom - end - _edge(area))
        if later and here and here[-1].note is later[0].note and not here[-1].opened and not self._waiting_notes:
            here[-1].left = later[0].opened = True
        self._waiting_notes += later
        self._carried, page.notes = [], []
        if here:
            self._put_notes(here, page, area, bottom - sum(part.height for part in here))

    def _last_notes(self) -> Iterator[Page]:
        """Place the footnotes of the last page, and pages with what it has no room for; one is left."""
        self._end_notes(self._page, self._y)
        while self._waiting_notes:
            yield self._page
            self._start()
            self._end_notes(self._page, self._y)

    def _number_again(self, page: Page) -> None:
        """Number the footnotes of a page by themselves, now that it is known which are on it."""
        setter = self._layout.setter
        labels: list[tuple[int, str]] = []
        for number, (_, note) in enumerate(page.notes, 1):
            before = len(note.labels(note.number)[0])
            if note.number != number:
                self._number_note(note, number)
            labels.append((before, note.labels(number)[0]))
        for index, item in enumerate(page.text):
            x, y, style, shard = item[:4]
            codes: Any = item[4]
            if x.__class__ is not int or style not in setter.called:
                continue
            length = sum(len(run) for _, run in codes) if shard == MIXED else len(codes)
            said = ""
            while labels and length > 0:
                before, label = labels.pop(0)
                length -= before
                said += label
            runs: Any = tuple((shown, run) for (shown, run, _), _ in setter.runs(style, said, self._missing))
            page.text[index] = (x, y, style, MIXED, runs)

    def _put_notes(self, parts: Sequence[Part], page: Page, area: NoteArea, top: int) -> None:
        """Place footnotes, the first one at `top`, and what is between them and the text."""
        if area.border is not None:
            border = area.border
            y = top - area.padding - border.width
            page.fills.append((area.x, y, area.width, border.width, side(border)))
        for part in parts:
            frames = self._note_frames(part)
            if part.opened:
                moved = Page(0, 0)
                place(frames, moved, top)
                page.fills += moved.fills
                for name in _LISTS:
                    setattr(page, name, getattr(moved, name) + getattr(page, name))
            else:
                place(frames, page, top)
            top += part.height

    def _note_frames(self, part: Part) -> Page:
        """A part of a footnote from y = 0."""
        raise NotImplementedError


def _area(kind: PageKind) -> NoteArea:
    assert kind.notes is not None
    return kind.notes


def _edge(area: NoteArea) -> int:
    """Height of what is between the text and the first footnote."""
    return area.margin + area.padding + (area.border.width if area.border else 0)
