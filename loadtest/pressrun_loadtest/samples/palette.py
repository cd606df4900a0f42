"""The brand's colours, and blends of them."""

from __future__ import annotations

__all__ = ["ACCENT", "APRICOT", "DEEP", "GOLD", "INK", "MIST", "PALE", "SAND", "SEA", "Colour", "blend"]

Colour = tuple[int, int, int]

INK: Colour = (20, 38, 43)
DEEP: Colour = (8, 58, 60)
ACCENT: Colour = (11, 107, 102)
SEA: Colour = (72, 152, 143)
MIST: Colour = (158, 204, 194)
PALE: Colour = (226, 240, 235)
SAND: Colour = (245, 234, 214)
GOLD: Colour = (222, 184, 121)
APRICOT: Colour = (240, 160, 112)


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two; 0 gives the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
