"""Levels of headings: none is skipped on the way down (ISO 14289-1, 7.4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.markup import Markup

__all__ = ["check_headings"]

_LEVELS = {f"h{level}": level for level in range(1, 7)}


def check_headings(
    body: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]], diagnostics: Diagnostics
) -> None:
    """Warn of a heading that is more than one level below the one before it, in the order of the file.

    Which branch a record shows is not known here: each heading counts.
    """
    before: Element | None = None
    for element in body.iter():
        level = _LEVELS.get(element.tag) if isinstance(element.tag, str) else None
        if level is None or styles[element]["display"] == "none" or _runs(element, markup, styles):
            continue
        above = 0 if before is None else _LEVELS[before.tag]
        if level > above + 1:
            what = f"follows <{before.tag}>" if before is not None else "is the first heading"
            hint = f"use <h{above + 1}>, with a class for how it looks; readers who listen go by the levels"
            diagnostics.warning(
                "heading", markup.place(element), f"<{element.tag}> {what}, so a level is skipped", hint
            )
        before = element


def _runs(element: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]]) -> bool:
    """Whether it is in a running element, which is no part of the structure."""
    around: Element | None = element
    while around is not None:
        if str(styles[around]["position"]).startswith("running("):
            return True
        around = markup.parent(around)
    return False
