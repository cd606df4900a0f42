"""Turns computed styles into boxes: everything horizontal is decided here, at compile time."""

from __future__ import annotations

from pressrun_server.model.fluid import Fluid, Length
from pressrun_server.model.program import Background, Border, Box
from pressrun_server.template.cascade import Style
from pressrun_server.template.opacity import FADED
from pressrun_server.template.pictures import CORNERS
from pressrun_server.template.values import LONGEST, Relative

__all__ = [
    "border_width",
    "box_borders",
    "box_of",
    "fluid_of",
    "heights",
    "measure",
    "outer_width",
    "pixels",
    "resolved",
]


def resolved(value: object, containing: int) -> int | None:
    """A length in millipoints; None for auto."""
    if isinstance(value, Relative):
        return max(min(round(value.number * containing / 100) + value.plus, LONGEST), 0)
    return value if isinstance(value, int) else None


def pixels(text: str) -> int | None:
    """An HTML width or height attribute (CSS pixels) in millipoints; None where it is not a whole number."""
    return int(text) * 750 if text.isdecimal() and len(text) < 6 else None  # noqa: PLR2004 - under 100,000 px


def _border(style: Style, side: str) -> Border | None:
    width = style[f"border-{side}-width"]
    color = style[f"border-{side}-color"]
    return Border(width, color, style[f"border-{side}-style"]) if width and color is not None else None


def box_borders(box: Box) -> tuple[Border | None, ...]:
    """The borders of a box from the top clockwise."""
    return box.border_top, box.border_right, box.border_bottom, box.border_left


def _picture(style: Style) -> Background | None:
    slot = style["background-image"]
    if not slot:
        return None
    across, down = style["background-repeat"]
    return Background(slot, style["background-size"], style["background-position"], across, down, style.get(FADED, 255))


def outer_width(style: Style, containing: int) -> int | None:
    """The width of a cell's border box; None for auto. A percentage is of the table and takes all of the cell."""
    width = resolved(style["width"], containing)
    if width is None or isinstance(style["width"], Relative) or style["box-sizing"] == "border-box":
        return width
    return width + _edges(style, containing, "left", "right")


def border_width(style: Style, containing: int) -> int | None:
    """The width of a block's border box; None for auto."""
    width = resolved(style["width"], containing)
    if width is None:
        return None
    edges = _edges(style, containing, "left", "right")
    return max(width, edges) if style["box-sizing"] == "border-box" else width + edges


def _edges(style: Style, containing: int, *sides: str) -> int:
    """Padding and borders of sides together."""
    borders = [_border(style, side) for side in sides]
    padding = sum(resolved(style[f"padding-{side}"], containing) or 0 for side in sides)
    return padding + sum(border.width for border in borders if border is not None)


def heights(style: Style, containing: int) -> tuple[int | None, int, int | None]:
    """Height, least and greatest height of the content box (CSS 2.2, 10.7)."""
    edges = _edges(style, containing, "top", "bottom") if style["box-sizing"] == "border-box" else 0
    height, most = resolved(style["height"], 0), resolved(style["max-height"], 0)
    least = max((resolved(style["min-height"], 0) or 0) - edges, 0)
    most = None if most is None else max(most - edges, least)
    if height is not None:
        height = max(height - edges, least)
        height = height if most is None else min(height, most)
    return height, least, most


def box_of(style: Style, x: int, containing: int, *, fills: bool = True) -> Box:
    """The box of a block in a containing block.

    Args:
        style: the computed style.
        x: left edge of the containing block's content.
        containing: its width.
        fills: whether an automatic width fills the containing block.
    """
    borders = {side: _border(style, side) for side in ("top", "right", "bottom", "left")}
    border_left = borders["left"].width if borders["left"] else 0
    padding = {side: resolved(style[f"padding-{side}"], containing) or 0 for side in ("top", "right", "bottom", "left")}
    fluid = fluid_of(style, containing, fills=fills)
    asked = fluid.content(containing)
    content = fluid.limited(asked, containing)
    fits = fluid.left is None and fluid.width is None and content == asked
    start = x if fits else x + fluid.start(content, containing)
    content = max(content, 0)
    height, least, most = heights(style, containing)
    return Box(
        x=start,
        width=content + _edges(style, containing, "left", "right"),
        content_x=start + border_left + padding["left"],
        content_width=content,
        margin_top=resolved(style["margin-top"], containing) or 0,
        margin_bottom=resolved(style["margin-bottom"], containing) or 0,
        padding_top=padding["top"],
        padding_bottom=padding["bottom"],
        border_top=borders["top"],
        border_right=borders["right"],
        border_bottom=borders["bottom"],
        border_left=borders["left"],
        background=style["background-color"],
        picture=_picture(style),
        positioned=style["position"] == "relative",
        radii=tuple(style[f"border-{corner}-radius"] for corner in CORNERS),
        height=height,
        min_height=least,
        max_height=most,
        break_before=_forced(style["break-before"]),
        break_after=_forced(style["break-after"]),
        page="" if style["page"] == "auto" else style["page"],
        section=style["counter-reset"] == "page",
        keep_inside=style["break-inside"] == "avoid",
        keep_next=style["break-after"] == "avoid",
    )


def _forced(value: str) -> str:
    return "" if value in {"auto", "avoid"} else value


def measure(value: object) -> Length | None:
    """A length in the form in which it waits for what it is measured by; None for auto and none."""
    if isinstance(value, Relative):
        return value.plus, round(value.number * 1000)
    return (value, 0) if isinstance(value, int) else None


def fluid_of(style: Style, containing: int, *, fills: bool = True) -> Fluid:
    """What a box asks for in the horizontal; its paddings are lengths, or measured by this containing block.

    Args:
        style: the computed style.
        containing: width of the containing block.
        fills: whether its own width counts.
    """
    edges = _edges(style, containing, "left", "right")
    return Fluid(
        left=measure(style["margin-left"]),
        right=measure(style["margin-right"]),
        width=measure(style["width"]) if fills else None,
        least=(measure(style["min-width"]) if fills else None) or (0, 0),
        most=measure(style["max-width"]) if fills else None,
        edges=edges,
        own=edges if style["box-sizing"] == "border-box" else 0,
    )
