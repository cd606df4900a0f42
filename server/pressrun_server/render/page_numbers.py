"""What running elements know of a page: its number in the document and in its section, and how many there are."""

from __future__ import annotations

import bisect
from typing import Any

__all__ = ["PageNumbers"]


class PageNumbers:
    """The pages of one document as they are counted; memory grows with its sections only."""

    def __init__(self) -> None:
        self._starts = [1]

    def begin(self, number: int) -> None:
        """A section begins with a page; told in order, before the page is asked about."""
        if number > self._starts[-1]:
            self._starts.append(number)

    def of(self, number: int, count: int | None) -> dict[str, Any]:
        """The fields of `page`.

        Args:
            number: of the page, from 1.
            count: of all pages; None while it is not known.
        """
        index = bisect.bisect_right(self._starts, number)
        start = self._starts[index - 1]
        end = self._starts[index] - 1 if index < len(self._starts) else count
        section = {"number": number - start + 1, "count": None if end is None else end - start + 1}
        return {"number": number, "count": count, "section": section}
