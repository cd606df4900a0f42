"""What a tagged document says to those who can't see it."""

from __future__ import annotations

import msgspec

__all__ = ["TaggedElement"]


class TaggedElement(msgspec.Struct, frozen=True):
    """An element of a document's structure."""

    path: str
    """From the document to it, e.g. `Sect/Table/TBody/TR/TD`."""
    text: str
    """What it marks itself; what elements in it mark is theirs."""
    alt: str
    """Its alternative text."""
    link: str
    """Where it leads, outside of the document."""
