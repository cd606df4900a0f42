"""Heights in percent, worked out where what they are measured by has a height of its own (CSS 2.2, 10.5 and 10.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from xml.etree.ElementTree import Element

from pressrun_server.template.cascade import Style
from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.geometry import heights, resolved
from pressrun_server.template.markup import Markup
from pressrun_server.template.values import Relative

__all__ = ["settle_heights"]

_NAMES: Final[dict[str, Any]] = {"height": "auto", "min-height": 0, "max-height": "none"}
"""And what they are where they cannot be worked out."""
_SIZED: Final = ("block", "flex")
_SIDES: Final = ("top", "bottom")


def settle_heights(
    markup: Markup, styles: dict[Element, Style], page_height: Callable[[str], int], diagnostics: Diagnostics
) -> None:
    """Put lengths into the place of percentages; report those of something whose height is not known.

    Args:
        markup: the template's.
        styles: by element; changed.
        page_height: the height of pages of a name.
        diagnostics: takes the reports.
    """
    for element in markup.root.iter():
        style = styles.get(element)
        named = [] if style is None else [name for name in _NAMES if isinstance(style[name], Relative)]
        if not named or style is None:
            continue
        whole = _containing(element, markup, styles, page_height)
        settled = {name: _NAMES[name] if whole is None else resolved(style[name], whole) for name in named}
        styles[element] = dict(style) | settled
        if whole is None and style["display"] != "none":
            around = markup.parent(element)
            name = "the page" if around is None or element.tag == "body" else f"<{around.tag}>"
            hint = "write a length, e.g. 40mm"
            if around is not None and styles[around]["display"] in _SIZED and name != "the page":
                hint += f", or give {name} a height"
            message = f"{named[0]} in percent needs a height around it; that of {name} follows from its content"
            diagnostics.error("value", markup.place(element), message, hint)


def _containing(
    element: Element, markup: Markup, styles: dict[Element, Style], page_height: Callable[[str], int]
) -> int | None:
    """The height that percentages of an element are of; None where it is not known."""
    around = markup.parent(element)
    if styles[element]["position"] == "absolute":
        while around is not None and styles[around]["position"] not in {"relative", "absolute"}:
            if styles[around]["position"].startswith("running("):
                return None
            around = markup.parent(around)
        if around is None:
            return page_height(_page(element, markup, styles))
        return _height(styles[around], padded=True)
    return None if around is None else _height(styles[around])


def _height(style: Style, *, padded: bool = False) -> int | None:
    """The height of a box's content, or of that with its padding; None where it has none of its own."""
    paddings = [style[f"padding-{side}"] for side in _SIDES]
    measured = all(isinstance(padding, int) for padding in paddings)
    if style["display"] not in _SIZED or not (measured or (style["box-sizing"] == "content-box" and not padded)):
        return None
    height, _, _ = heights(style, 0)
    return None if height is None else height + (sum(paddings) if padded else 0)


def _page(element: Element, markup: Markup, styles: dict[Element, Style]) -> str:
    """The name of the pages that an element stands on."""
    around: Element | None = element
    while around is not None and styles[around]["page"] == "auto":
        around = markup.parent(around)
    return "" if around is None else str(styles[around]["page"])
