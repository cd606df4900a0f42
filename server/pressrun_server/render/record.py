"""A document's record on its way through a composer."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.render.numbers import exact_number

__all__ = ["Record"]

_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=exact_number)


class Record:
    """JSON text, and what it says, which may be read before it is asked for.

    Args:
        text: as the request has it; whether it fits the template's schema is not known here.
    """

    __slots__ = ("_found", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._found: dict[str, Any] | None = None

    @classmethod
    def of(cls, record: bytes | Record) -> Record:
        """A record of its text; one that is one already stays what it is."""
        return record if isinstance(record, Record) else cls(record)

    def read(self) -> None:
        """Read it ahead of time; where it can't be read, `take` says so when it is asked."""
        try:
            self._found = self.take()
        except (PressrunError, MemoryError):
            self._found = None

    def take(self) -> dict[str, Any]:
        """What it says; nothing of that is kept here.

        Raises:
            PressrunError: INVALID_RECORD, it is no JSON object.
        """
        found, self._found = self._found, None
        if found is not None:
            return found
        try:
            return _DECODER.decode(self.text)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise PressrunError(Reason.INVALID_RECORD, "the record is not a JSON object") from None
