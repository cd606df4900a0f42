"""Numbers of records: all their digits, within reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from pressrun_server.errors import PressrunError, Reason, Violation

__all__ = ["exact_number"]

_LARGEST_EXPONENT: Final = 400


def exact_number(text: str) -> Decimal:
    """A JSON number with all its digits; one beyond any double would be written out digit by digit somewhere.

    Raises:
        PressrunError: INVALID_RECORD, it is beyond any use.
    """
    number = Decimal(text)
    if abs(number.adjusted()) > _LARGEST_EXPONENT:
        problem = f"holds a number with an exponent beyond {_LARGEST_EXPONENT}; write a smaller one"
        raise PressrunError(Reason.INVALID_RECORD, f"the record {problem}", violations=(Violation("record", problem),))
    return number
