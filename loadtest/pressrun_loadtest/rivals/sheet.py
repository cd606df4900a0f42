"""What stands at fixed places of a page, for engines that are told where: lines of text and boxes, in points.

Places are those of the sample template's style sheet, x from the left edge, y from the top edge; a line's y is its
baseline, where CSS puts it for the template's line height.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pressrun_loadtest.rivals.statement import Statement

__all__ = [
    "ACCENT", "BOTTOM", "FIRST_TOP", "HAIR", "INK", "LEFT", "MM", "PAGE", "QUIET", "RIGHT", "STRIPE", "TINT", "TOP",
    "Box", "Line", "baseline", "code", "continued", "legal", "letterhead", "plot", "summary",
]  # fmt: skip

MM = 72 / 25.4
PAGE = (595.2756, 841.8898)
LEFT, RIGHT, TOP, FIRST_TOP, BOTTOM = 25 * MM, 190 * MM, 26 * MM, 97 * MM, 275 * MM
INK, ACCENT, TINT, QUIET, HAIR, STRIPE = 0x14262B, 0x0B6B66, 0xEEF5F3, 0x5D6F74, 0xCFDCDA, 0xF3F8F7
_PALE, _WHITE = 0xCFE6E2, 0xFFFFFF
_ASCENT, _HEIGHT = 0.935, 1.2
"""FiraGO's, in ems."""


class Line(NamedTuple):
    """A line of text."""

    x: float
    y: float
    size: float
    text: str
    colour: int = INK
    bold: bool = False
    align: str = "left"
    """left, right or center: which of its points x is."""


class Box(NamedTuple):
    """A filled rectangle."""

    x: float
    y: float
    """Its upper edge."""
    width: float
    height: float
    colour: int


def baseline(top: float, size: float, height: float) -> float:
    """Where CSS sets a line that begins at `top` and is `height` high."""
    return top + (height - _HEIGHT * size) / 2 + _ASCENT * size


def letterhead(statement: Statement) -> Iterator[Line | Box]:
    """The first page's: office, address and facts; the logo is at 25 mm, 14 mm."""
    words = statement.words
    names = ("office", "office_street", "office_city", "office_phone", "office_web")
    colours = (INK, QUIET, QUIET, QUIET, ACCENT)
    for number, (name, colour) in enumerate(zip(names, colours, strict=True)):
        yield Line(134 * MM, baseline(15 * MM + 11 * number, 7.5, 11), 7.5, words[name], colour, number == 0)
    yield Line(LEFT, baseline(57 * MM, 6.5, 9), 6.5, words["sender"], QUIET)
    for number, text in enumerate((statement.name, *statement.address)):
        yield Line(LEFT, baseline(59.4 * MM + 9 + 13.5 * number, 10, 13.5), 10, text)
    step = 11 + 2.2 * MM
    for number, (label, fact) in enumerate(statement.facts):
        y = 55.6 * MM + step * number
        place = baseline(y + 1.1 * MM, 8, 11)
        yield Line(107 * MM, place, 8, label, QUIET)
        yield Line(134 * MM, place, 8, fact)
        yield Box(107 * MM, y + step - 0.4, 83 * MM, 0.4, HAIR)


def continued(statement: Statement, width_of_bank: float) -> Iterator[Line | Box]:
    """The further pages' header; the bank's name in bold is `width_of_bank` wide, with a blank."""
    place = baseline(13 * MM, 7.5, 11)
    yield Line(LEFT, place, 7.5, statement.words["bank"], ACCENT, bold=True)
    yield Line(LEFT + width_of_bank, place, 7.5, statement.title, QUIET)
    yield Line(RIGHT, place, 7.5, statement.account, QUIET, align="right")
    yield Box(LEFT, 14.8 * MM + 11, 165 * MM, 0.5, HAIR)


def legal(statement: Statement, number: int, count: int | str) -> Iterator[Line]:
    """Every page's foot."""
    words = statement.words
    top = 283 * MM
    yield Line(LEFT, baseline(top, 6.5, 9.5), 6.5, words["legal_1"], QUIET)
    yield Line(LEFT, baseline(top + 9.5, 6.5, 9.5), 6.5, words["legal_2"], QUIET)
    folio = f"{words['page']} {number} {words['of']} {count}"
    yield Line(RIGHT, baseline(top + 9.5, 7.5, 9.5), 7.5, folio, align="right")


def summary(statement: Statement, y: float) -> Iterator[Line | Box]:
    """The four figures, as high as 7.4 mm and lines of 11 and 17 points."""
    width = 165 * MM / 4
    for number, (label, figure) in enumerate(statement.figures):
        closing = number == len(statement.figures) - 1
        x = LEFT + width * number
        yield Box(x, y, width, 7.4 * MM + 28, ACCENT if closing else TINT)
        x += 4.5 * MM
        yield Line(x, baseline(y + 3.4 * MM, 7.5, 11), 7.5, label, _PALE if closing else QUIET)
        place = baseline(y + 4.2 * MM + 11, 13, 17)
        yield Line(x, place, 13, figure, _WHITE if closing else INK, closing)


def plot(statement: Statement, x: float, y: float) -> Iterator[Line | Box]:
    """The chart, 127 mm by 22 mm."""
    chart = statement.chart
    left, wide, foot, tall = x + 9 * MM, 118 * MM, y + 17.9 * MM, 16.3 * MM
    for text, share in chart.ticks:
        at = foot - share * tall
        yield Box(left, at - 0.2, wide, 0.4, HAIR)
        yield Line(x + 8 * MM, baseline(at - 4.5, 6.5, 9), 6.5, text, QUIET, align="right")
    step = wide / max(len(chart.bars), 1)
    for number, (text, share) in enumerate(chart.bars):
        low, high = sorted((share, chart.zero))
        middle = left + step * (number + 0.5)
        yield Box(middle - 3.05 * MM, foot - high * tall, 6.1 * MM, (high - low) * tall, ACCENT)
        yield Line(middle, baseline(y + 18.9 * MM, 6.5, 9), 6.5, text, QUIET, align="center")
    yield Box(left, foot - chart.zero * tall - 0.4, wide, 0.8, INK)


def code(statement: Statement, x: float, y: float) -> Iterator[Box]:
    """The QR code, 20 mm by 20 mm."""
    module = 20 * MM / statement.modules
    for row, start, length in statement.code:
        yield Box(x + start * module, y + row * module, length * module, module, INK)
