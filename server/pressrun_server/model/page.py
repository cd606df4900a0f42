"""A page of placed frames: what layout makes and emit writes. Millipoints from the top left corner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["Fill", "Page", "PlacedImage", "TextRun"]

TextRun: TypeAlias = "tuple[int, int, int, int, str]"
"""x, baseline y, text style, shard, codes (one character up to U+00FF for each byte of the shard's encoding)."""

Fill: TypeAlias = "tuple[int, int, int, int, int]"
"""x, y, width, height, colour (0xRRGGBB)."""

PlacedImage: TypeAlias = "tuple[int, int, int, int, int, str]"
"""x, y, width, height, index of the program's slot, alternative text."""


@dataclass(slots=True, eq=False)
class Page:
    """The frames of one page, in painting order: fills, images, text."""

    width: int
    height: int
    fills: list[Fill] = field(default_factory=list)
    images: list[PlacedImage] = field(default_factory=list)
    text: list[TextRun] = field(default_factory=list)
