"""Turns computed styles into boxes: everything horizontal is decided here, at compile time."""

from __future__ import annotations

from pressrun_server.model.program import Border, Box
from pressrun_server.template.cascade import Style
from pressrun_server.template.values import LONGEST, Relative

__all__ = ["box_of", "pixels", "resolved"]


def resolved(value: object, containing: int) -> int | None:
    """A length in millipoints; None for auto."""
    if isinstance(value, Relative):
        return min(round(value.number * containing / 100), LONGEST)
    return value if isinstance(value, int) else None


def pixels(text: str) -> int | None:
    """An HTML width or height attribute (CSS pixels) in millipoints; None where it is not a whole number."""
    return int(text) * 750 if text.isdecimal() and len(text) < 6 else None  # noqa: PLR2004 - under 100,000 px


def _border(style: Style, side: str) -> Border | None:
    width = style[f"border-{side}-width"]
    color = style[f"border-{side}-color"]
    return Border(width, color) if width and color is not None else None


def box_of(style: Style, x: int, containing: int, *, fills: bool = True) -> Box:
    """The box of a block in a containing block.

    Args:
        style: the computed style.
        x: left edge of the containing block's content.
        containing: its width.
        fills: whether an automatic width fills the containing block.
    """
    left, right = resolved(style["margin-left"], containing), resolved(style["margin-right"], containing)
    padding = {side: resolved(style[f"padding-{side}"], containing) or 0 for side in ("top", "right", "bottom", "left")}
    borders = {side: _border(style, side) for side in ("top", "right", "bottom", "left")}
    border_left = borders["left"].width if borders["left"] else 0
    border_right = borders["right"].width if borders["right"] else 0
    edges = border_left + padding["left"] + padding["right"] + border_right
    width = resolved(style["width"], containing) if fills else None
    if width is None:
        content = containing - edges - (left or 0) - (right or 0)
    else:
        content = width
        spare = containing - edges - content - (left or 0) - (right or 0)
        if left is None:
            left = max(0, spare // 2 if right is None else spare)
    content = max(content, 0)
    start = x + (left or 0)
    height = resolved(style["height"], 0) if not isinstance(style["height"], str) else None
    return Box(
        x=start,
        width=content + edges,
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
        height=height,
        min_height=resolved(style["min-height"], 0) or 0,
        break_before=style["break-before"] == "page",
        break_after=style["break-after"] == "page",
        keep_inside=style["break-inside"] == "avoid",
        keep_next=style["break-after"] == "avoid",
    )
