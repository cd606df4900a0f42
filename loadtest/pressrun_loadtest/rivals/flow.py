"""Where everything of a statement stands, for libraries that only paint: pages are broken here, by hand.

This is what their users write for themselves: lines are broken at blanks, rows are kept whole, the table's header comes
again on each page, and what is to the right or in the middle is measured first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pressrun_loadtest.rivals import sheet
from pressrun_loadtest.rivals.sheet import ACCENT, BOTTOM, INK, LEFT, MM, QUIET, RIGHT, STRIPE, Box, Line, baseline
from pressrun_loadtest.rivals.statement import Statement

__all__ = ["Flow", "Leaf", "Measure", "Picture"]

Measure = Callable[[str, float, bool], float]
"""Width of a text in points: text, size, whether bold."""

_PAD = 2.2 * MM
_COLUMNS = (LEFT + _PAD, LEFT + 22 * MM + _PAD, RIGHT - 76 * MM + _PAD, RIGHT - 26 * MM - _PAD, RIGHT - _PAD)
"""Where cells begin; the last two end there."""
_TEXT_WIDTH = 67 * MM - 2 * _PAD
_LEADING = 11.5
_NOTES = (("questions", "check"), ("protection", "interest"))


class Picture(NamedTuple):
    """A picture at its place."""

    name: str
    """logo, banner or code."""
    x: float
    y: float
    width: float
    height: float


class Leaf(NamedTuple):
    """A page; boxes lie below pictures and lines."""

    boxes: list[Box]
    pictures: list[Picture]
    lines: list[Line]
    """With the x at which each begins."""

    @classmethod
    def empty(cls) -> Leaf:
        """A blank page."""
        return cls([], [], [])

    def put(self, things: Iterable[Line | Box], measure: Measure) -> None:
        """Add lines and boxes, each line moved to where it begins."""
        for thing in things:
            if isinstance(thing, Box):
                self.boxes.append(thing)
            elif thing.align == "left":
                self.lines.append(thing)
            else:
                width = measure(thing.text, thing.size, thing.bold)
                shift = width if thing.align == "right" else width / 2
                self.lines.append(thing._replace(x=thing.x - shift, align="left"))


class Flow:
    """Lays out one statement."""

    def __init__(self, statement: Statement, measure: Measure) -> None:
        self._statement = statement
        self._measure = measure
        self._leaves: list[Leaf] = []
        self._y = 0.0

    def pages(self) -> list[Leaf]:
        """All pages of the statement."""
        statement = self._statement
        self._turn()
        self._put(sheet.letterhead(statement))
        self._leaves[-1].pictures.append(Picture("logo", LEFT, 14 * MM, 49.5 * MM, 13.2 * MM))
        self._y = sheet.FIRST_TOP
        self._opening()
        self._ledger()
        self._line(7.5, 11, statement.count, QUIET, x=LEFT + _PAD, before=1.6 * MM)
        self._outlook()
        self._notes()
        for number, leaf in enumerate(self._leaves, 1):
            self._put(sheet.legal(statement, number, len(self._leaves)), leaf)
        return self._leaves

    def _turn(self) -> None:
        self._leaves.append(Leaf.empty())
        self._y = sheet.TOP
        if len(self._leaves) > 1:
            width = self._measure(f"{self._statement.words['bank']} ", 7.5, True)  # noqa: FBT003 - the size's weight
            self._put(sheet.continued(self._statement, width))

    def _put(self, things: Iterable[Line | Box], leaf: Leaf | None = None) -> None:
        (leaf or self._leaves[-1]).put(things, self._measure)

    def _line(
        self,
        size: float,
        height: float,
        text: str,
        colour: int = INK,
        *,
        bold: bool = False,
        x: float = LEFT,
        before: float = 0,
    ) -> None:
        self._y += before
        self._put([Line(x, baseline(self._y, size, height), size, text, colour, bold)])
        self._y += height

    def wrapped(self, text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
        """A text's lines."""
        if self._measure(text, size, bold) <= width:
            return [text]
        lines: list[str] = []
        line, used = "", 0.0
        blank = self._measure(" ", size, bold)
        for word in text.split(" "):
            needed = self._measure(word, size, bold)
            if line and used + blank + needed > width:
                lines.append(line)
                line, used = word, needed
            else:
                line, used = (f"{line} {word}", used + blank + needed) if line else (word, needed)
        return [*lines, line]

    def _opening(self) -> None:
        statement = self._statement
        self._line(24, 28, statement.words["title"], bold=True)
        self._line(11, 16, statement.period, ACCENT)
        self._y += 4 * MM
        if statement.message:
            self._line(9, 13.5, statement.greeting, bold=True)
            self._y += 2 * MM
            for line in self.wrapped(statement.message, 9, 160 * MM):
                self._line(9, 13.5, line)
            self._y += 5 * MM
        self._leaves[-1].pictures.append(Picture("banner", LEFT, self._y, 165 * MM, 41.25 * MM))
        self._y += 41.25 * MM
        self._put(sheet.summary(statement, self._y))
        self._y += 12.9 * MM + 28  # 5.5 mm stand below it
        place = baseline(self._y + 2.5, 7.5, 13.5)
        self._put([Line(RIGHT, place, 7.5, statement.currency, QUIET, align="right")])
        self._line(12, 16, statement.words["transactions"], bold=True)
        self._y += 2 * MM

    def _ledger(self) -> None:
        statement = self._statement
        self._head()
        date, text, balance = statement.forward
        self._row((date, text, "", "", balance), (QUIET,) * 5, fill=None)
        for number, row in enumerate(statement.rows):
            colours = (INK, INK, QUIET, ACCENT if row.credit else INK, INK)
            self._row(row[:5], colours, fill=None if number % 2 else STRIPE, credit=row.credit)
        date, text, balance = statement.closing
        height = 3.4 * MM + _LEADING
        if self._y + height > BOTTOM:
            self._turn()
            self._head()
        place = baseline(self._y + 1.7 * MM, 8.5, _LEADING)
        self._put(
            [
                Box(LEFT, self._y - 0.25, 165 * MM, 0.5, ACCENT),
                Box(LEFT, self._y + height - 0.5, 165 * MM, 1, ACCENT),
                Line(_COLUMNS[0], place, 8.5, date, bold=True),
                Line(_COLUMNS[1], place, 8.5, text, bold=True),
                Line(_COLUMNS[4], place, 8.5, balance, bold=True, align="right"),
            ]
        )
        self._y += height

    def _head(self) -> None:
        words = self._statement.words
        height = 3 * MM + _LEADING
        self._put(
            [
                Box(LEFT, self._y - 0.5, 165 * MM, 1, ACCENT),
                Box(LEFT, self._y + height - 0.25, 165 * MM, 0.5, ACCENT),
            ]
        )
        place = baseline(self._y + 1.5 * MM, 7.5, _LEADING)
        for number, name in enumerate(("date", "description", "reference", "amount", "balance")):
            align = "left" if number < 3 else "right"  # noqa: PLR2004 - the two columns of amounts
            self._put([Line(_COLUMNS[number], place, 7.5, words[name], ACCENT, bold=True, align=align)])
        self._y += height

    def _row(self, cells: tuple[str, ...], colours: tuple[int, ...], *, fill: int | None, credit: bool = False) -> None:
        texts = self.wrapped(cells[1], 8.5, _TEXT_WIDTH)
        height = 1.7 * MM + _LEADING * len(texts)
        if self._y + height > BOTTOM:
            self._turn()
            self._head()
        place = baseline(self._y + 0.85 * MM, 8.5, _LEADING)
        things: list[Line | Box] = [] if fill is None else [Box(LEFT, self._y, 165 * MM, height, fill)]
        things.append(Line(_COLUMNS[0], place, 8.5, cells[0], colours[0]))
        for number, text in enumerate(texts):
            things.append(Line(_COLUMNS[1], place + _LEADING * number, 8.5, text, colours[1]))
        if cells[2]:
            things.append(Line(_COLUMNS[2], place, 8.5, cells[2], colours[2]))
            things.append(Line(_COLUMNS[3], place, 8.5, cells[3], colours[3], credit, "right"))
        things.append(Line(_COLUMNS[4], place, 8.5, cells[4], colours[4], align="right"))
        self._put(things)
        self._y += height

    def _outlook(self) -> None:
        statement = self._statement
        height = 4 * MM + 10.8 + 23.2 * MM
        if self._y + height > BOTTOM:
            self._turn()
        top = self._y + 4 * MM
        place, under = baseline(top, 7.5, 10.8), top + 10.8 + 1.2 * MM
        right = LEFT + 133 * MM
        self._put(
            [
                Line(LEFT, place, 7.5, statement.words["history"], bold=True),
                Line(right, place, 7.5, statement.words["online"], bold=True),
            ]
        )
        self._put(sheet.plot(statement, LEFT, under))
        self._leaves[-1].pictures.append(Picture("code", right, under, 20 * MM, 20 * MM))
        self._y += height

    def _notes(self) -> None:
        words = self._statement.words
        rows = [[(words[name], self.wrapped(words[f"{name}_text"], 7, 79 * MM)) for name in names] for names in _NOTES]
        heights = [10.8 + 2.6 * MM + 9.8 * max(len(lines) for _, lines in row) for row in rows]
        if self._y + 3.5 * MM + sum(heights) > BOTTOM:
            self._turn()
        self._y += 3.5 * MM
        for row, height in zip(rows, heights, strict=True):
            for x, (title, lines) in zip((LEFT, LEFT + 86 * MM), row, strict=True):
                self._put([Line(x, baseline(self._y, 7.5, 10.8), 7.5, title, bold=True)])
                top = self._y + 10.8 + 0.6 * MM
                for number, line in enumerate(lines):
                    self._put([Line(x, baseline(top + 9.8 * number, 7, 9.8), 7, line, QUIET)])
            self._y += height
