"""Lines of text: what breaking gives and what places them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Line", "Segment"]

Segment: TypeAlias = "tuple[int, int, int, Any]"
"""Offset from the line's left edge, text style, shard, codes; the shard may be MIXED (`model.page.TextItem`)."""


@dataclass(slots=True, eq=False)
class Line:
    """A line of text."""

    segments: list[Segment]
    width: int
    height: int
    ascent: int
    """From the line's top to its baseline."""
    ends: bool = False
    """Whether a forced break or the paragraph's end comes behind it."""
