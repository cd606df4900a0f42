"""Rows of a caller put together into parts that travel; what is here travels in time, however slowly more comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Final, TypeAlias

from pressrun_client.conversion.record import encode_record
from pressrun_client.models.request import Record

__all__ = ["Gathering", "RowsSource"]

RowsSource: TypeAlias = Iterable[Record] | AsyncIterable[Record]
"""Rows: mappings, or the JSON text of each. A plain iterable is pulled on the event loop, so it should not block."""

_PART: Final = 64 * 1024
"""Bytes of rows that travel together."""
_PATIENCE: Final = 0.05
"""Seconds after which rows travel, however few they are."""


class Gathering:
    """Pulls rows, and gives them in parts; iterate while `pull` runs beside it as a task.

    Guarantee: all rows in order, each once; a row leaves some 50 ms after it came at the latest, if whoever iterates
    is there to take it, also while the iterable gives no further one; about two parts are held at most. Cost: no task
    and no timer for a row, one timer for a part that is not full.

    Args:
        rows: the rows.
    """

    def __init__(self, rows: RowsSource) -> None:
        self._source = rows
        self._rows: list[bytes] = []
        self._size = 0
        self._since = 0.0
        self._over = False
        self._some = asyncio.Event()
        self._due = asyncio.Event()
        self._taken = asyncio.Event()

    async def pull(self) -> None:
        """Pull all rows; waits while a part is here that nobody has taken.

        Raises:
            InvalidRequestError: a row is no JSON.
            Exception: whatever the iterable raises.
        """
        try:
            async for row in _each(self._source):
                data = encode_record(row)
                if not self._rows:
                    self._since = time.monotonic()
                    self._some.set()
                self._rows.append(data)
                self._size += len(data) + 1
                # An iterable that blocks lets nobody else look at the time.
                if self._size >= _PART or time.monotonic() - self._since >= _PATIENCE:
                    self._taken.clear()
                    self._due.set()
                    await self._taken.wait()
        finally:
            self._over = True
            self._some.set()
            self._due.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """JSON arrays of rows, until `pull` has ended."""
        while True:
            await self._some.wait()
            if not self._due.is_set():
                await self._more()
            rows, self._rows, self._size = self._rows, [], 0
            if not self._over:
                self._some.clear()
                self._due.clear()
            self._taken.set()
            if rows:
                yield b"[%s]" % b",".join(rows)
            elif self._over:
                return

    async def _more(self) -> None:
        """Wait for a full part as long as the first row may wait."""
        try:
            async with asyncio.timeout(max(self._since + _PATIENCE - time.monotonic(), 0.0)):
                await self._due.wait()
        except TimeoutError:
            pass


async def _each(rows: RowsSource) -> AsyncIterator[Record]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row
