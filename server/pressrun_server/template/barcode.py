"""Barcodes: a text to the modules of a code."""

from __future__ import annotations

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.template.qr import LEVELS, qr

__all__ = ["BARCODES", "LEVELS", "matrix"]

BARCODES = {"qr": "QR code (ISO/IEC 18004)"}
"""Kinds of barcodes with what they are; others have their place here."""


def matrix(kind: str, text: str, level: str, place: str) -> tuple[int, bytes]:
    """The modules of a code: how many a side, and the rows (`model.page.Matrix`).

    Args:
        kind: one of `BARCODES`.
        text: what it says.
        level: of error correction.
        place: where the code stands, for errors.

    Raises:
        PressrunError: INVALID_RECORD, the text is empty or too long for a code.
    """
    assert kind in BARCODES
    problem = "the code's text is empty; make the field required in the schema, or leave the code out with pr-if"
    if text:
        try:
            return qr(text, level)
        except ValueError:
            problem = f"a text of {len(text)} characters does not fit into the code; shorten it, or use level L"
    raise PressrunError(
        Reason.INVALID_RECORD,
        f"the barcode at {place} can't be made: {problem}",
        violations=(Violation(place, problem),),
    )
