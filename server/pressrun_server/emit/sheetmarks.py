"""What is printed on sheets beside their pages: marks to cut and register by, and codes that inserting machines read.

Crop marks and registration marks are in the colour of all inks (the separation All; PDF 32000-1, 8.6.6.4). OMR marks
are bars below each other, each there or not: 1 and 2 always, 3 on the last sheet of a document, 4 to 6 the number of
the sheet modulo 8, the lowest bit first, and 7 such that the bars are even in number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pressrun_server.emit.datamatrix import data_matrix
from pressrun_server.emit.syntax import decimal
from pressrun_server.model.press import CodePlace, PressSpec

__all__ = ["MARK_ROOM", "SheetNumber", "code_content", "codes_off_sheet", "mark_content", "points", "sheet_text"]

_MM: Final = 2835
"""Millipoints of a millimetre."""
MARK_ROOM: Final = 9 * _MM
"""Around the bleed, where there are marks."""
_GAP: Final = 2 * _MM
"""Between the bleed, or the page where it has none, and a mark."""
_CROP: Final = 5 * _MM
_LINE: Final = 250
"""Width of lines."""
_TARGET: Final = 2 * _MM
"""Radius of a registration mark's circle; its cross is twice as wide."""
_ROUND: Final = 552
"""Thousandths of a radius for the control points of a quarter circle."""

_BAR: Final = (7 * _MM, 1000)
"""Width and height of an OMR mark."""
_PITCH: Final = 12_000
"""Between the upper edges of OMR marks: a sixth of an inch."""
_PARITY: Final = 7
_MODULE: Final = 1417
"""Of a Data Matrix: half a millimetre."""
_QUIET: Final = 2 * _MODULE
"""Blank paper around it, whatever the page shows there; ISO/IEC 16022, 6.1, asks for one module."""

SheetNumber = tuple[int, int, int]
"""Number of the document, of its sheet, and of its sheets, each from 1."""


def sheet_text(number: SheetNumber) -> str:
    """What the Data Matrix of a sheet says: document (8 digits), sheet (4), sheets (4), 1 on the last sheet, else 0."""
    document, sheet, sheets = number
    return f"{document % 10**8:08d}{sheet % 10**4:04d}{sheets % 10**4:04d}{int(sheet == sheets)}"


def code_content(spec: PressSpec, number: SheetNumber, height: int) -> str:
    """The operators that draw a sheet's codes, in points from its lower left corner.

    Args:
        spec: which codes, and where.
        number: the sheet.
        height: of the sheet, in millipoints.
    """
    ground = ""
    rectangles: list[str] = []
    if spec.omr is not None:
        rectangles += _bars(spec.omr, number, height)
    if spec.data_matrix is not None:
        x, y = spec.data_matrix.x - _QUIET, height - spec.data_matrix.y + _QUIET
        side = len(data_matrix(sheet_text(number))) * _MODULE + 2 * _QUIET
        ground = f"1 g\n{x} {y - side} {side} {side} re f\n"
        rectangles += _modules(spec.data_matrix, number, height)
    return f".001 0 0 .001 0 0 cm\n{ground}0 g\n{''.join(rectangles)}f\n"


def codes_off_sheet(spec: PressSpec, width: int, height: int) -> Iterator[tuple[str, str]]:
    """Codes that do not lie on a sheet whole, by field of the contract, with what would be valid.

    Args:
        spec: which codes, and where.
        width: of the sheet, in millipoints.
        height: of it.
    """
    module_count = len(data_matrix(sheet_text((1, 1, 1))))
    sizes = (_BAR[0], (_PARITY - 1) * _PITCH + _BAR[1]), (module_count * _MODULE,) * 2
    for name, place, (wide, high) in zip(("omr", "data_matrix"), (spec.omr, spec.data_matrix), sizes, strict=True):
        if place is not None and (place.x + wide > width or place.y + high > height):
            right, low = (width - wide) // _MM, (height - high) // _MM
            yield name, f"does not lie on the sheet whole; x_mm is at most {right}, y_mm at most {low}"


def _bars(place: CodePlace, number: SheetNumber, height: int) -> Iterator[str]:
    _, sheet, sheets = number
    wanted = [True, True, sheet == sheets, *(bool(sheet >> bit & 1) for bit in range(3))]
    wanted.append(sum(wanted) % 2 == 1)
    assert len(wanted) == _PARITY
    width, thickness = _BAR
    for index, there in enumerate(wanted):
        if there:
            yield f"{place.x} {height - place.y - index * _PITCH - thickness} {width} {thickness} re\n"


def _modules(place: CodePlace, number: SheetNumber, height: int) -> Iterator[str]:
    for row, line in enumerate(data_matrix(sheet_text(number))):
        y = height - place.y - (row + 1) * _MODULE
        column = 0
        while column < len(line):
            end = column
            while end < len(line) and line[end]:
                end += 1
            if end > column:
                yield f"{place.x + column * _MODULE} {y} {(end - column) * _MODULE} {_MODULE} re\n"
            column = max(end, column + 1)


def mark_content(spec: PressSpec, width: int, height: int, margin: int) -> str:
    """The operators that draw marks around a page; the colour space `All` must be there.

    Args:
        spec: which marks.
        width: of the page.
        height: of the page.
        margin: between the edge of the sheet and that of the page.
    """
    left, lower, right, upper = margin, margin, margin + width, margin + height
    away = max(spec.bleed, 0) + _GAP
    out = [f".001 0 0 .001 0 0 cm\n/All CS 1 SCN {_LINE} w\n"]
    if spec.crop_marks:
        for x, across in ((left, -1), (right, 1)):
            for y, up in ((lower, -1), (upper, 1)):
                out += (
                    f"{x + across * away} {y} m {x + across * (away + _CROP)} {y} l\n",
                    f"{x} {y + up * away} m {x} {y + up * (away + _CROP)} l\n",
                )
    if spec.registration_marks:
        middle = away + _CROP // 2
        for x, y in (
            ((left + right) // 2, lower - middle),
            ((left + right) // 2, upper + middle),
            (left - middle, (lower + upper) // 2),
            (right + middle, (lower + upper) // 2),
        ):
            out.append(_target(x, y))
    return "".join((*out, "S\n"))


def _target(x: int, y: int) -> str:
    """A circle with a cross."""
    r, arm = _TARGET, _TARGET * 3 // 2
    k = r * _ROUND // 1000
    return (
        f"{x - arm} {y} m {x + arm} {y} l {x} {y - arm} m {x} {y + arm} l\n"
        f"{x + r} {y} m {x + r} {y + k} {x + k} {y + r} {x} {y + r} c {x - k} {y + r} {x - r} {y + k} {x - r} {y} c\n"
        f"{x - r} {y - k} {x - k} {y - r} {x} {y - r} c {x + k} {y - r} {x + r} {y - k} {x + r} {y} c\n"
    )


def points(*lengths: int) -> bytes:
    """Lengths in points, as an array has them."""
    return b" ".join([decimal(length).encode() for length in lengths])
