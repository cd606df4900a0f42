"""What breaks ask for that no page can give: in cells and beside the flow, and sections that begin in mid-page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from pressrun_server.model.program import Box
from pressrun_server.template.bookmarks import beside
from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.markup import Markup

__all__ = ["check_breaks", "keep_before"]


def check_breaks(
    element: Element,
    box: Box,
    markup: Markup,
    styles: Mapping[Element, Mapping[str, Any]],
    diagnostics: Diagnostics,
) -> None:
    """Report breaks of a block that would come to nothing."""
    if styles[element]["counter-reset"] == "footnote":
        message = "counter-reset: footnote numbers footnotes by pages"
        diagnostics.error("footnote", markup.place(element), message, "write it into @page")
    if not (box.break_before or box.break_after or box.section):
        return
    place = markup.place(element)
    if beside(element, markup, styles):
        name = "break-before" if box.break_before else "break-after" if box.break_after else "counter-reset"
        diagnostics.error(
            "break",
            place,
            f"{name} stands in a cell, flexible row, fixed box or running element, where no page begins",
            "give it to a block in the flow, or to the table's row",
        )
    elif box.section and not (box.break_before or box.page):
        diagnostics.error(
            "break",
            place,
            "counter-reset: page begins a section, which begins on a new page",
            "add break-before: page, or a page name",
        )


def keep_before(markup: Markup, styles: Mapping[Element, dict[str, Any]]) -> None:
    """Let `break-before: avoid` hold: what is before such an element is kept with it (CSS Fragmentation 3, 3.1)."""
    for parent in markup.root.iter():
        before: Element | None = None
        for child in parent:
            if not isinstance(child.tag, str) or child not in styles:
                continue
            style = styles[child]
            if style["position"] not in {"static", "relative"} or style["display"] == "none":
                continue
            if before is not None and style["break-before"] == "avoid" and styles[before]["break-after"] == "auto":
                styles[before]["break-after"] = "avoid"
            before = child
