"""Rows of one document on their way from the client to its composer: checked, hashed, at the composer's pace."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.digest import Digest
from pressrun_server.render.compose_stream import ComposeStream
from pressrun_server.template.row_checks import RowChecker

__all__ = ["LARGEST_PART", "RowFeed"]

LARGEST_PART = 512 * 1024
"""Bytes of rows that are checked at once: 3 ms in which nobody else is served."""


class RowFeed:
    """The rows of one document.

    Args:
        field: the list of the record that they are for.
        parts: JSON arrays, as they come.
        arrived: told the rows and the bytes of each part that is right.
    """

    def __init__(
        self, field: str, parts: AsyncIterator[bytes], arrived: Callable[[int, int], None] = lambda _rows, _size: None
    ) -> None:
        self.field = field
        self._arrived = arrived
        self._parts = parts
        self._state = hashlib.sha256()
        self._size = 0
        self._count = 0

    def begin(self, record: bytes) -> None:
        """The record comes first."""
        self._state.update(record)
        self._size += len(record)

    @property
    def digest(self) -> Digest:
        """Of the record's bytes followed by those of all parts."""
        return Digest(self._state.hexdigest(), self._size)

    async def pump(self, checker: RowChecker, stream: ComposeStream) -> None:
        """Bring all rows to the composer; where one is wrong, the document ends.

        Raises:
            PressrunError: INVALID_RECORD, LIMIT_EXCEEDED: the document was cancelled because of it; and what reading
                the parts raises.
        """
        try:
            async for part in self._parts:
                _check_size(part)
                number = checker.rows(part, self._count)
                self._count += number
                self._arrived(number, len(part))
                self._state.update(part)
                self._size += len(part)
                await stream.send_rows(part, last=False)
            await stream.send_rows(b"", last=True)
        except BaseException:
            stream.cancel()
            raise


def _check_size(part: bytes) -> None:
    if len(part) > LARGEST_PART:
        problem = f"has {len(part)} bytes; the most is {LARGEST_PART}; send fewer rows at a time"
        raise PressrunError(
            Reason.LIMIT_EXCEEDED, f"rows_json {problem}", violations=(Violation("rows_json", problem),)
        )
