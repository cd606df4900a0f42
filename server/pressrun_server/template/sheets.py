"""What the content of a named page is laid out to: the size of its pages, and the room between their margins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.markup import Markup

__all__ = ["Sheet", "check_room"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pages of one name, in 1/1000 pt."""

    width: int
    height: int
    content_width: int
    shift: int = 0
    """How much further to the right than on pages without a name their content begins."""
    mirrored: bool = False
    """Whether their left margin is not the same on all sides."""


def check_room(
    element: Element,
    room: tuple[int, int],
    content: tuple[int, int],
    markup: Markup,
    styles: Mapping[Element, Mapping[str, Any]],
    diagnostics: Diagnostics,
) -> None:
    """Report what is around an element whose pages have another width, and can't be as wide as they are.

    Args:
        element: names its pages.
        room: left edge and width that it has where it stands.
        content: those of the pages around it.
        markup: where it stands.
        styles: computed style by element.
        diagnostics: where problems go.
    """
    place = markup.place(element)
    if room != content:
        message = (
            f"<{element.tag}> begins pages of another width inside of a box that is not as wide as its page's content"
        )
        hint = "take margin, padding, border and width off the elements around it, or put it directly into <body>"
        diagnostics.error("page", place, message, hint)
        return
    around = markup.parent(element)
    while around is not None and around in styles:
        style = styles[around]
        edges = any(
            style[f"border-{side}-width"] and style[f"border-{side}-style"] != "none" for side in ("top", "bottom")
        )
        if style["background-color"] is not None or style["background-image"] or edges:
            message = (
                f"<{element.tag}> begins pages of another width inside of <{around.tag}>, which is painted behind it"
            )
            hint = "give background and border to the elements in it, or to the @page, or put it directly into <body>"
            diagnostics.error("page", place, message, hint)
            return
        around = markup.parent(around)
