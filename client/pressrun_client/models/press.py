"""What a printer wants of a PDF beyond its pages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CodePlace", "Imposition", "PrintOptions"]


class Imposition(StrEnum):
    """How pages are put on the sides of sheets.

    Example:
        >>> Imposition("booklet") is Imposition.BOOKLET
        True
    """

    NONE = "none"
    """A page a side."""
    TWO_UP = "2-up"
    """Two pages a side."""
    FOUR_UP = "4-up"
    """Four pages a side."""
    BOOKLET = "booklet"
    """Two pages a side, in the order in which folded sheets, one in the other, are read."""


@dataclass(frozen=True, slots=True)
class CodePlace:
    """Where a mark for machines stands, in millimetres from the upper left corner of the sheet to its own.

    Example:
        >>> CodePlace(8, 40).y_mm
        40
    """

    x_mm: float = 0.0
    """To the right."""
    y_mm: float = 0.0
    """Down; both 0: the usual place, 5 mm to the right and 100 (OMR) or 20 (Data Matrix) down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintOptions:
    """What a printer wants. Such a file has no tags, links and bookmarks. Nothing is checked here.

    Example:
        Letters for an inserting machine, on both sides of the paper::

            options = PrintOptions(duplex=True, data_matrix=CodePlace(), omr=CodePlace())
            document = await client.render("statement@1", record, print_options=options)
    """

    bleed_mm: float = 0.0
    """Room around the page, 0 to 25 mm, into which coloured areas that reach its edge are continued."""
    crop_marks: bool = False
    """Marks to cut by."""
    registration_marks: bool = False
    """Marks to register plates by."""
    imposition: Imposition = Imposition.NONE
    """How pages are put on sides."""
    duplex: bool = False
    """Sheets are printed on both sides, so that each document begins on a front."""
    omr: CodePlace | None = None
    """OMR marks on the front of each sheet."""
    data_matrix: CodePlace | None = None
    """A Data Matrix on the front of each sheet: document, sheet, sheets, end of document."""
    first_number: int = 0
    """Number of the document, of the first in a run, in its codes; 0 means 1."""
    output_condition: str = ""
    """The printing condition that the file is meant for, e.g. `FOGRA39`: one of the node's."""
    pdf_x4: bool = False
    """The structure of PDF/X-4."""
