"""What a printer wants of pages beyond what they show: room to cut, marks, sheets and codes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

__all__ = ["CodePlace", "Imposition", "OutputProfile", "PressOrder", "PressSpec", "press_faults"]

_MOST_BLEED = 25 * 2835
_FARTHEST = 2_000_000


class Imposition(StrEnum):
    """How pages are put on the sides of sheets."""

    NONE = "none"
    """A page a side."""
    TWO_UP = "2-up"
    FOUR_UP = "4-up"
    BOOKLET = "booklet"
    """Two pages a side, in the order in which folded sheets, one in the other, are read."""

    @property
    def cells(self) -> int:
        """Pages of a side."""
        return {Imposition.NONE: 1, Imposition.FOUR_UP: 4}.get(self, 2)


class CodePlace(msgspec.Struct, frozen=True):
    """Where marks for machines stand: millipoints from the upper left corner of the sheet to theirs."""

    x: int
    y: int


class OutputProfile(msgspec.Struct, frozen=True):
    """The printing condition that a file is meant for."""

    identifier: str
    """Of the condition, as the ICC registers it, e.g. FOGRA39."""
    sha256: str
    """Of the profile."""
    size: int = 0
    """Bytes of the profile."""


class PressSpec(msgspec.Struct, frozen=True):
    """What is asked for; lengths in millipoints."""

    bleed: int = 0
    """Room around the page into which fills that reach its edge are continued."""
    crop_marks: bool = False
    registration_marks: bool = False
    imposition: Imposition = Imposition.NONE
    duplex: bool = False
    """Whether sheets are printed on both sides, so that each document begins on the front of one."""
    omr: CodePlace | None = None
    data_matrix: CodePlace | None = None
    first_number: int = 1
    """Of the first document, in its codes."""
    profile: OutputProfile | None = None
    pdf_x: bool = False
    """Whether the file has the structure of PDF/X-4."""

    @property
    def marked(self) -> bool:
        """Whether there are marks around the page."""
        return self.crop_marks or self.registration_marks

    @property
    def coded(self) -> bool:
        """Whether sheets have codes."""
        return self.omr is not None or self.data_matrix is not None

    @property
    def plain(self) -> bool:
        """Whether pages are as they would be without."""
        return not (self.bleed or self.marked or self.duplex or self.coded or self.imposition is not Imposition.NONE)


class PressOrder(msgspec.Struct, frozen=True):
    """What a composer is told of one document that is printed: a file of its own, with sheets."""

    spec: PressSpec
    template: str
    """name@version."""
    locale: str
    request_id: str
    as_of: datetime
    engine: str
    profile: bytes = b""
    """The ICC profile that `spec` names."""


def press_faults(spec: PressSpec) -> list[tuple[str, str]]:
    """What is wrong with a spec, by field of the contract, with what would be valid."""
    wrong = []
    if not 0 <= spec.bleed <= _MOST_BLEED:
        wrong.append(("bleed_mm", "must be 0 to 25 mm"))
    if spec.imposition is not Imposition.NONE and (spec.bleed or spec.marked):
        wrong.append(
            ("imposition", "puts several pages on a side, so that they can't each be cut; leave bleed and marks out")
        )
    for name, place in (("omr", spec.omr), ("data_matrix", spec.data_matrix)):
        if place is not None and not (0 <= place.x <= _FARTHEST and 0 <= place.y <= _FARTHEST):
            wrong.append((name, "must be on the sheet: x_mm and y_mm from its upper left corner, 0 to 700"))
    if spec.first_number < 1:
        wrong.append(("first_number", "must be 1 or more, or 0 for 1"))
    elif spec.first_number > 1 and not spec.coded:
        wrong.append(
            ("first_number", "is of the codes on sheets, and there are none; set omr or data_matrix, or leave it out")
        )
    if spec.pdf_x and spec.profile is None:
        wrong.append(("pdf_x4", "needs the printing condition that the file is meant for; set output_condition"))
    return wrong
