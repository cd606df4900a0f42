"""Colours that let through what is behind them: their alpha stands above 0xRRGGBB; opaque ones have none there."""

from __future__ import annotations

from typing import Final

__all__ = ["FULL", "OPAQUE", "WHITE", "alpha_of", "over", "tinted"]

OPAQUE: Final = 0xFFFFFF
"""The largest colour that lets nothing through."""
WHITE: Final = 0xFFFFFF
FULL: Final = 255
"""The alpha of what lets nothing through."""


def tinted(rgb: int, alpha: int) -> int:
    """A colour.

    Args:
        rgb: 0xRRGGBB.
        alpha: from 1, which is hardly seen, to 255, which lets nothing through.
    """
    return rgb if alpha >= FULL else alpha << 24 | rgb


def alpha_of(color: int) -> int:
    """How little a colour lets through, 1 to 255."""
    return color >> 24 or FULL


def over(color: int, ground: int) -> int:
    """What a colour looks like on an opaque ground."""
    alpha = alpha_of(color)
    if alpha == FULL:
        return color
    parts = [
        ((color >> shift & FULL) * alpha + (ground >> shift & FULL) * (FULL - alpha) + FULL // 2) // FULL
        for shift in (16, 8, 0)
    ]
    return parts[0] << 16 | parts[1] << 8 | parts[2]
