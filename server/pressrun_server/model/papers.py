"""Which kind a page of a document is: by its name, its side, and its place in the document (CSS Paged Media 3, 3)."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["PLACES", "PageKinds", "is_right"]

PLACES: Final = tuple(
    (last, blank, place) for last in (False, True) for blank in (False, True) for place in ("first", "right", "left")
)
"""Of pages of one name: whether it is the last, was left blank, and where it is; the first is a right page."""


class PageKinds(msgspec.Struct, frozen=True):
    """The kinds of pages that a template tells apart."""

    choices: dict[str, tuple[int, ...]]
    """By name of the page, "" for those without: the kind for each of `PLACES`."""

    def index(self, name: str, number: int, *, blank: bool, last: bool) -> int:
        """The kind of a page; `number` counts from 1, and odd pages are right ones."""
        place = 0 if number == 1 else 1 if number % 2 else 2
        return self.choices[name][place + 3 * blank + 6 * last]


def is_right(number: int) -> bool:
    """Whether a page lies at the right of a spread; the first one does."""
    return number % 2 == 1
