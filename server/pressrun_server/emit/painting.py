"""Writes rounded boxes, dashes and clipped pictures (PDF 32000-1, 8.5); numbers are whole millipoints."""

from __future__ import annotations

from collections.abc import Iterator

from pressrun_server.emit.syntax import alpha_state, color_operands
from pressrun_server.model.ink import Backdrop, Clipped, Dashes, Ink, Radii, Ring, Rounded
from pressrun_server.model.tint import FULL, OPAQUE, alpha_of

__all__ = ["clipped", "painted", "tint"]

_ROUND = 5523
"""How far a Bezier curve's handle reaches towards a circle's corner, in 1/10000 of the radius."""
_MOST_TILES = 10_000


def painted(ink: Ink, x: int, y: int, width: int, height: int) -> str:
    """A rectangle in an ink; `y` is its lower edge in PDF's space."""
    if isinstance(ink, Rounded):
        return tint(ink.color, f"{color_operands(ink.color)} rg\n{_path(x, y, width, height, ink.radii)}f\n")
    if isinstance(ink, Ring):
        top, right, bottom, left = ink.widths
        tl, tr, br, bl = ink.radii
        # The inner edge's corners are as much less round as the border is thick (CSS Backgrounds 3, 5.2).
        inner = (tl - max(top, left), tr - max(top, right), br - max(bottom, right), bl - max(bottom, left))
        inside = _path(x + left, y + bottom, width - left - right, height - top - bottom, inner)
        path = f"{color_operands(ink.color)} rg\n{_path(x, y, width, height, ink.radii)}{inside}f*\n"
        return tint(ink.color, path)
    if isinstance(ink, Dashes):
        return tint(ink.color, _dashes(ink, x, y, width, height))
    return _backdrop(ink, x, y, width, height)


def tint(color: int, operators: str) -> str:
    """What paints something in a colour, in that colour's alpha."""
    return operators if color <= OPAQUE else f"q {alpha_state(alpha_of(color))}{operators}Q\n"


def clipped(picture: Clipped, x: int, y: int, width: int, height: int) -> str:
    """A picture in a place that shows a part of it, or that it does not fill; `y` is the place's lower edge."""
    below = y + height - picture.y - picture.height
    return (
        f"q {_faded(picture.alpha)}{x} {y} {width} {height} re W n\n"
        f"{picture.width} 0 0 {picture.height} {x + picture.x} {below} cm /I{picture.slot} Do Q\n"
    )


def _faded(alpha: int) -> str:
    """What selects the state of a picture that lets through what is behind it."""
    return "" if alpha == FULL else alpha_state(alpha)


def _path(x: int, y: int, width: int, height: int, radii: Radii) -> str:
    """The outline of a box with rounded corners, from the bottom left anticlockwise."""
    largest = max(min(width, height), 0)
    tl, tr, br, bl = (max(min(radius, largest), 0) for radius in radii)
    # Corners that meet are all made smaller by the same factor (CSS Backgrounds 3, 5.5).
    for first, second, edge in ((tl, tr, width), (bl, br, width), (tl, bl, height), (tr, br, height)):
        if first + second > edge > 0:
            total = first + second
            tl, tr, br, bl = (radius * edge // total for radius in (tl, tr, br, bl))
    right, top = x + width, y + height
    parts = [f"{x + bl} {y} m {right - br} {y} l\n"]
    for radius, corner in (
        (br, _curve(right - br, y, right, y + br, sideways=True)),
        (0, f"{right} {top - tr} l\n"),
        (tr, _curve(right, top - tr, right - tr, top, sideways=False)),
        (0, f"{x + tl} {top} l\n"),
        (tl, _curve(x + tl, top, x, top - tl, sideways=True)),
        (0, f"{x} {y + bl} l\n"),
        (bl, _curve(x, y + bl, x + bl, y, sideways=False)),
    ):
        if radius or corner.endswith("l\n"):
            parts.append(corner)
    return "".join([*parts, "h\n"])


def _curve(x0: int, y0: int, x1: int, y1: int, *, sideways: bool) -> str:
    """A quarter of a circle that leaves its first point sideways, or up or down."""
    across, up = (x1 - x0) * _ROUND // 10_000, (y1 - y0) * _ROUND // 10_000
    if sideways:
        return f"{x0 + across} {y0} {x1} {y1 - up} {x1} {y1} c\n"
    return f"{x0} {y0 + up} {x1 - across} {y1} {x1} {y1} c\n"


def _dashes(ink: Dashes, x: int, y: int, width: int, height: int) -> str:
    thick, length = (width, height) if ink.upright else (height, width)
    on = 0 if ink.dotted else 3 * thick
    step = 2 * thick if ink.dotted else 5 * thick
    # A whole number of steps, so that both ends look alike.
    inset = thick // 2 if ink.dotted else 0
    room = max(length - 2 * inset - on, 1)
    off = room // max(round(room / step), 1) - on
    begin, end = inset, length - inset + 1  # a dot at the very end would not be drawn
    ends = (x + width // 2, y + begin, x + width // 2, y + end)
    if not ink.upright:
        ends = (x + begin, y + height // 2, x + end, y + height // 2)
    cap = 1 if ink.dotted else 0
    x0, y0, x1, y1 = ends
    return f"q {color_operands(ink.color)} RG {thick} w {cap} J [{on} {max(off, 1)}] 0 d {x0} {y0} m {x1} {y1} l S Q\n"


def _backdrop(ink: Backdrop, x: int, y: int, width: int, height: int) -> str:
    out = [f"q {_faded(ink.alpha)}{_path(x, y, width, height, ink.radii)}W n\n"]
    for number, (left, top) in enumerate(_tiles(ink, width, height)):
        if number == _MOST_TILES:
            break
        below = y + height - top - ink.height
        out.append(f"q {ink.width} 0 0 {ink.height} {x + left} {below} cm /I{ink.slot} Do Q\n")
    return "".join([*out, "Q\n"])


def _tiles(ink: Backdrop, width: int, height: int) -> Iterator[tuple[int, int]]:
    columns = _places(ink.x, ink.width, width) if ink.across else [ink.x]
    for top in _places(ink.y, ink.height, height) if ink.down else [ink.y]:
        for left in columns:
            yield left, top


def _places(first: int, size: int, room: int) -> list[int]:
    return list(range(first % size - size if first % size else 0, room, size))
