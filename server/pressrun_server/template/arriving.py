"""A record's list whose rows arrive while the document is made."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from pressrun_server.errors import PressrunError, Reason, Violation

__all__ = ["MOST_ON_A_PAGE", "ArrivingRows"]

MOST_ON_A_PAGE: Final = 1024
"""Rows between two pages; before each page so many must be here, or the last one."""


class ArrivingRows:
    """Stands in a record for a list that is not all here.

    Guarantee: a loop over it gives each row once, in order, and never waits: whoever makes pages does so only while
    `hungry` is false. Cost: holds the rows that came and were not shown yet.
    """

    __slots__ = ("_any", "_begun", "_ended", "_rows", "_shown")

    def __init__(self) -> None:
        self._rows: deque[Any] = deque()
        self._any = self._begun = self._ended = False
        self._shown = 0

    def __len__(self) -> int:
        raise TypeError("the length of rows that arrive is not known")

    def __bool__(self) -> bool:
        return self._any

    @property
    def held(self) -> int:
        """Rows that wait to be shown."""
        return len(self._rows)

    @property
    def hungry(self) -> bool:
        """Whether more rows must come before the next page is made."""
        return not self._ended and len(self._rows) <= MOST_ON_A_PAGE

    def feed(self, rows: list[Any], *, last: bool) -> None:
        """Rows came."""
        self._rows.extend(rows)
        self._any = self._any or bool(rows)
        self._ended = last

    def page(self) -> None:
        """A page is full."""
        self._shown = 0

    def loop(self, place: str) -> Iterator[Any]:
        """The rows.

        Raises:
            PressrunError: INVALID_REQUEST, it is looped over a second time; LIMIT_EXCEEDED, rows fill no page.
        """
        if self._begun:
            problem = "rows that arrive in a stream can be looped over once; use RenderDocument for this template"
            raise PressrunError(
                Reason.INVALID_REQUEST, f"{place}: {problem}", violations=(Violation("rows_field", problem),)
            )
        self._begun = True
        while self._rows:
            self._shown += 1
            if self._shown > MOST_ON_A_PAGE:
                raise PressrunError(
                    Reason.LIMIT_EXCEEDED,
                    f"{place}: more than {MOST_ON_A_PAGE:,} rows do not fill a page; give rows a height",
                    metadata={"place": place, "limit": str(MOST_ON_A_PAGE)},
                )
            yield self._rows.popleft()
