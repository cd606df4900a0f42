"""The rows of a document that arrive while it is composed: decoded as its record is."""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.render.numbers import exact_number
from pressrun_server.template.arriving import ArrivingRows

__all__ = ["RecordRows"]

_ROWS = msgspec.json.Decoder(list[Any], float_hook=exact_number)


class RecordRows:
    """Takes rows in."""

    def __init__(self) -> None:
        self.arriving = ArrivingRows()

    @property
    def hungry(self) -> bool:
        """Whether more rows must come before the next page."""
        return self.arriving.hungry

    @property
    def held(self) -> int:
        """Rows that wait."""
        return self.arriving.held

    def feed(self, rows: bytes, *, last: bool) -> None:
        """Take in a JSON array of rows; empty bytes are none.

        Raises:
            PressrunError: INVALID_RECORD, it is no array.
        """
        try:
            self.arriving.feed(_ROWS.decode(rows) if rows else [], last=last)
        except msgspec.MsgspecError:
            raise PressrunError(Reason.INVALID_RECORD, "the rows are not a JSON array") from None
