"""Where links may lead: no script, no file, nothing that a reader runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.template.bookmarks import beside
from pressrun_server.template.diagnostics import Diagnostics, closest
from pressrun_server.template.markup import Markup

__all__ = ["SAFE_TARGET", "TARGETS", "Anchors", "target"]

TARGETS = "https://, http://, mailto:, tel: and #id of an element"
SAFE_TARGET = re.compile(r"(https?://[^/\s]|mailto:\S|tel:\S)", re.IGNORECASE)
_LONGEST = 2000
_BLOCKS = {"block", "list-item", "table", "flex"}
_PARTS = {"tr", "td", "th", "thead", "tbody", "tfoot", "caption", "col", "colgroup", "li"}
_KEPT = "%/:?#[]@!$&'()*+,;=-._~"
"""Reserved and unreserved characters of RFC 3986, 2.2 and 2.3, and the percent sign of what is encoded already."""
_CLEAN = re.compile(f"[A-Za-z0-9{re.escape(_KEPT)}]*")


class Anchors:
    """The elements that links of a template lead to, by id.

    Args:
        markup: the template's.
        styles: of its elements.
        diagnostics: takes what is wrong with links that lead nowhere.
    """

    def __init__(self, markup: Markup, styles: Mapping[Element, Mapping[str, Any]], diagnostics: Diagnostics) -> None:
        # An element that a loop repeats is there more than once, with one id.
        ids: dict[str, list[Element]] = {}
        for element in markup.root.iter():
            if isinstance(element.tag, str) and element.get("id"):
                ids.setdefault(element.get("id", ""), []).append(element)
        self._names: dict[Element, str] = {}
        for link in markup.root.iter("a"):
            name = link.get("href", "").removeprefix("#")
            if not link.get("href", "").startswith("#") or "{{" in name:
                continue
            place = markup.place(link)
            found = ids.get(name, [])
            if not found:
                hint = closest(name, ids, otherwise=f'give the element that is meant id="{name}"')
                diagnostics.error("link", place, f"no element has the id {name!r}", hint)
            elif any(_unreachable(element, markup, styles) for element in found):
                diagnostics.error(
                    "link",
                    place,
                    f"#{name} is no block in the flow, so no link can lead there",
                    "give the id to a heading, paragraph, section or table that stands in no cell or fixed box",
                )
            else:
                self._names |= dict.fromkeys(found, name)

    def name(self, element: Element) -> str:
        """What links call an element; nothing where none leads there."""
        return self._names.get(element, "")


def _unreachable(element: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]]) -> bool:
    return styles[element]["display"] not in _BLOCKS or element.tag in _PARTS or beside(element, markup, styles)


def target(text: str) -> str:
    """A link's target as ASCII.

    Raises:
        PressrunError: INVALID_RECORD, it leads elsewhere than links may, or is too long.
    """
    problem = ""
    if not SAFE_TARGET.match(text):
        problem = f"the target of a link begins in another way than with {TARGETS}"
    elif len(text) > _LONGEST:
        problem = f"the target of a link has more than {_LONGEST} characters"
    if problem:
        raise PressrunError(Reason.INVALID_RECORD, problem, violations=(Violation("record", problem),))
    return text if _CLEAN.fullmatch(text) else quote(text, safe=_KEPT)
