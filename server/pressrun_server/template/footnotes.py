"""Footnotes (CSS GCPM 3, 2): what calls and numbers say, and where no footnote can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.markers import MARKERS
from pressrun_server.template.markup import Markup

__all__ = ["CALL", "CALL_LABEL", "MARKER", "MARKER_LABEL", "check_footnote", "is_footnote", "label"]

CALL, MARKER = "footnote-call", "footnote-marker"
"""The pseudo-elements: the number in the text, and the one before the footnote."""
CALL_LABEL, MARKER_LABEL = ("", "decimal", ""), ("", "decimal", ". ")
"""What they say at first."""
_IN_FLOW = {"static", "relative"}


def label(tokens: Sequence[Any]) -> tuple[str, str, str] | None:
    """What `content` says of a call or a number: text, kind of numeral, text; None where it says something else."""
    parts = ["", ""]
    kind = ""
    for token in tokens:
        if token.type == "string":
            parts[bool(kind)] += token.value
            continue
        found = _counter(token)
        if found is None or kind:
            return None
        kind = found
    return (parts[0], kind, parts[1]) if kind else None


def _counter(token: Any) -> str | None:
    if token.type != "function" or token.lower_name != "counter":
        return None
    words = [item.lower_value for item in token.arguments if item.type == "ident"]
    other = [item for item in token.arguments if item.type not in {"ident", "whitespace"} and item != ","]
    if not words or words[0] != "footnote" or other:
        return None
    kind = words[1] if len(words) > 1 else "decimal"
    return kind if kind in MARKERS and len(words) <= 2 else None  # noqa: PLR2004 - the counter and its style


def is_footnote(style: Mapping[str, Any]) -> bool:
    """Whether an element is a footnote."""
    return bool(style["float"] == "footnote")


def check_footnote(
    element: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]], diagnostics: Diagnostics
) -> bool:
    """Whether a footnote can be where it is; reports it where it can't."""
    around = markup.parent(element)
    where = ""
    while around is not None and not where:
        style = styles[around]
        if style["position"] not in _IN_FLOW:
            where = "a running element" if style["position"].startswith("running(") else "a box at a fixed place"
        elif around.tag in {"thead", "tfoot"}:
            where = "a table's header or footer, which pages repeat"
        elif around.tag == "pr-fill":
            where = "<pr-fill>, whose candidates may not be shown"
        elif around.tag == "a":
            where = "a link"
        elif is_footnote(style):
            where = "a footnote"
        around = markup.parent(around)
    if where:
        hint = "footnotes are called by text in the flow, in lists and in the rows of tables"
        diagnostics.error("footnote", markup.place(element), f"a footnote stands in {where}", hint)
    return not where
