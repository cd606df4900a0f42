"""The decoration of a box: its background colour and its borders as fills."""

from __future__ import annotations

from pressrun_server.model.ink import Dashes, Ink, Radii, Ring, Rounded
from pressrun_server.model.page import Fill
from pressrun_server.model.program import Border, Box
from pressrun_server.model.tint import OPAQUE

__all__ = ["background", "borders", "side"]


def background(box: Box, y: int, height: int, color: int, *, first: bool = True, last: bool = True) -> Fill:
    """A box's colour between two heights.

    Args:
        box: the box.
        y: of its top.
        height: of the part.
        color: the colour.
        first: whether the box begins there.
        last: whether it ends there; only then its corners are rounded.
    """
    if any(box.radii):
        return (box.x, y, box.width, height, Rounded(color, _radii(box, first=first, last=last)))
    return (box.x, y, box.width, height, color)


def borders(
    box: Box, y: int, height: int, *, top: Border | None, bottom: Border | None, first: bool = True, last: bool = True
) -> list[Fill]:
    """The borders of a box between two heights; left and right always, top and bottom as given."""
    left, right = box.border_left, box.border_right
    present = [border for border in (top, right, bottom, left) if border]
    if not present:
        return []
    through = any(border.color > OPAQUE for border in present)
    solid = through and all(border.style == "solid" for border in present)
    if (any(box.radii) or solid) and len({(border.color, border.style) for border in present}) == 1:
        widths = tuple(border.width if border else 0 for border in (top, right, bottom, left))
        ring = Ring(present[0].color, _radii(box, first=first, last=last), widths)  # type: ignore[arg-type]
        return [(box.x, y, box.width, height, ring)]
    fills: list[Fill] = []
    if top:
        fills.append((box.x, y, box.width, top.width, side(top)))
    if bottom:
        fills.append((box.x, y + height - bottom.width, box.width, bottom.width, side(bottom)))
    if through:  # corners are painted once
        upper, lower = top.width if top else 0, bottom.width if bottom else 0
        y, height = y + upper, height - upper - lower
    if left:
        fills.append((box.x, y, left.width, height, side(left, upright=True)))
    if right:
        fills.append((box.x + box.width - right.width, y, right.width, height, side(right, upright=True)))
    return fills


def side(border: Border, *, upright: bool = False) -> int | Ink:
    """What one side of a border is painted with."""
    if border.style == "solid":
        return border.color
    return Dashes(border.color, dotted=border.style == "dotted", upright=upright)


def _radii(box: Box, *, first: bool, last: bool) -> Radii:
    top_left, top_right, bottom_right, bottom_left = box.radii
    return (
        top_left if first else 0,
        top_right if first else 0,
        bottom_right if last else 0,
        bottom_left if last else 0,
    )
