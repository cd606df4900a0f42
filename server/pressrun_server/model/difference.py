"""Where two documents differ first."""

from __future__ import annotations

import msgspec

__all__ = ["Difference"]


class Difference(msgspec.Struct, frozen=True):
    """The first difference between a document and the one that was made again."""

    kind: str
    """`page-count`, `page-size`, `page-content`, `page-resources`, or `structure`: the pages are the same."""
    page: int
    """From 1; 0 where it is about none."""
    object: int
    """Of the given document; 0 where there is none."""
    offset: int
    """The first byte that differs."""
    description: str
    """What differs; it may show text of the document, so it is for its owner alone."""
