"""Which elements may name the pages that they stand on (CSS Paged Media 3, 8.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from pressrun_server.template.diagnostics import Diagnostics, closest
from pressrun_server.template.markup import Markup

__all__ = ["check_page_name"]

_IN_FLOW = {"static", "relative"}


def check_page_name(
    element: Element,
    markup: Markup,
    styles: Mapping[Element, Mapping[str, Any]],
    names: Collection[str],
    diagnostics: Diagnostics,
) -> None:
    """Report a name that no @page has, and one on an element that cannot choose its page.

    Args:
        element: any element.
        markup: where it stands.
        styles: computed style by element.
        names: the names of the @page rules.
        diagnostics: where problems go.
    """
    name = styles[element]["page"]
    if name == "auto":
        return
    place = markup.place(element)
    if name not in names:
        hint = closest(name, names, otherwise=f"write @page {name} {{ }}")
        diagnostics.error("page", place, f"there is no @page {name}", hint)
    if element.tag in {"ul", "ol", "li", "img"} or not _in_flow(element, markup, styles):
        message = f"<{element.tag}> cannot name its page"
        diagnostics.error("page", place, message, "give page to a block in the flow, e.g. a <section> around it")


def _in_flow(element: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]]) -> bool:
    found: Element | None = element
    while found is not None and found in styles and found.tag != "html":
        style = styles[found]
        if style["position"] not in _IN_FLOW or style["display"] not in {"block", "list-item"}:
            return False
        found = markup.parent(found)
    return True
