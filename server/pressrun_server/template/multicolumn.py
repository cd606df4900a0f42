"""Columns of a block (CSS Multi-column 1): how many and how wide they are, and what cannot stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from pressrun_server.model.program import Border, ColumnSet
from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.filling import FILL
from pressrun_server.template.footnotes import is_footnote
from pressrun_server.template.geometry import resolved
from pressrun_server.template.markup import Markup

__all__ = ["check_columns", "column_set", "has_columns"]

_FORCED = {"page", "left", "right"}
_NARROWEST = 10_000
_PLAIN = {
    "html",
    "body",
    "header",
    "footer",
    "main",
    "section",
    "article",
    "aside",
    "nav",
    "div",
    "p",
    "blockquote",
    "pre",
}


def has_columns(style: Mapping[str, Any]) -> bool:
    """Whether a style asks for columns."""
    return bool(style["column-count"] != "auto" or style["column-width"] != "auto")


def _without(element: Element, style: Mapping[str, Any]) -> bool:
    return element.tag not in _PLAIN or style["display"] != "block"


def check_columns(
    element: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]], diagnostics: Diagnostics
) -> None:
    """Report columns of a box that can have none."""
    if has_columns(styles[element]) and _without(element, styles[element]):
        message = f"<{element.tag}> cannot have columns"
        diagnostics.error("columns", markup.place(element), message, "put a <div> around it")


def column_set(
    element: Element,
    width: int,
    markup: Markup,
    styles: Mapping[Element, Mapping[str, Any]],
    diagnostics: Diagnostics,
    *,
    fluid: bool,
) -> ColumnSet | None:
    """The columns of an element.

    Args:
        element: the element.
        width: of its content.
        markup: where it stands.
        styles: computed style by element.
        diagnostics: where problems go.
        fluid: whether its width is known only when a record is.

    Returns:
        None where it has no columns.
    """
    style, place = styles[element], markup.place(element)
    if not has_columns(style) or _without(element, style):
        return None
    gap = style["font-size"] if style["column-gap"] == "normal" else resolved(style["column-gap"], width) or 0
    count, least = style["column-count"], style["column-width"]
    if least != "auto":
        most = max((width + gap) // max(least + gap, 1), 1)
        count = most if count == "auto" else min(count, most)
    own = (width - (count - 1) * gap) // count
    if own < _NARROWEST:
        diagnostics.error("columns", place, f"{count} columns have no room in {width / 1000:.0f} pt", "ask for fewer")
        return None
    if fluid:
        message = "columns stand in a table whose columns are as wide as their contents"
        diagnostics.error("columns", place, message, "give the table table-layout: fixed, or a width to its columns")
    _check(element, markup, styles, diagnostics)
    color = style["column-rule-color"]
    thick = style["column-rule-width"]
    rule = Border(thick, color, style["column-rule-style"]) if thick and color is not None else None
    return ColumnSet(count, own, gap, style["column-fill"] == "balance", rule)


def _check(
    element: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]], diagnostics: Diagnostics
) -> None:
    """Report what cannot stand in columns."""
    for child in element.iter():
        if child is element or not isinstance(child.tag, str) or child not in styles:
            continue
        style = styles[child]
        what = ""
        if is_footnote(style):
            what = "a footnote"
        elif style["position"] == "absolute":
            what = "a box at a fixed place"
        elif child.tag == FILL:
            what = "<pr-fill>"
        elif has_columns(style):
            what = "a block with columns"
        elif style["break-before"] in _FORCED or style["break-after"] in _FORCED or style["page"] != "auto":
            what = "a break of pages"
        if what:
            hint = "columns hold text, lists, tables and figures; put it before or behind them"
            diagnostics.error("columns", markup.place(child), f"{what} stands in columns", hint)
