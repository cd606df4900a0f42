"""Which text is a bookmark: headings in the flow, and what `bookmark-level` says (CSS Generated Content 3, GCPM)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.markup import Markup
from pressrun_server.template.values import InvalidValueError, Tokens, significant

__all__ = ["beside", "bookmark_label", "bookmark_level", "bookmark_parts", "check_bookmark"]

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_IN_FLOW = {"static", "relative"}
_CELLS = {"td", "th"}


def bookmark_parts(tokens: Tokens) -> tuple[tuple[str, str], ...]:
    """What `bookmark-label` says, as kind and text each: a `text`, the `content` of the element, an `attr` of it."""
    parts: list[tuple[str, str]] = []
    for token in significant(tokens):
        words = (
            [item.lower_value for item in token.arguments if item.type == "ident"] if token.type == "function" else []
        )
        name = token.lower_name if token.type == "function" else ""
        if token.type == "string":
            parts.append(("text", token.value))
        elif name == "content" and words in ([], ["text"]):
            parts.append(("content", ""))
        elif name == "attr" and len(words) == 1:
            parts.append(("attr", words[0]))
        else:
            parts.clear()
            break
    if not parts:
        raise InvalidValueError('valid: texts in quotes, content() and attr(NAME), e.g. "Annex: " content()')
    return tuple(parts)


def bookmark_label(
    element: Element,
    markup: Markup,
    styles: Mapping[Element, Mapping[str, Any]],
    diagnostics: Diagnostics,
) -> tuple[str | None, ...]:
    """What an element's bookmark says: texts, and None for the element's own text; nothing is that alone."""
    found: list[str | None] = []
    for kind, said in styles[element]["bookmark-label"]:
        told = element.get(said, "") if kind == "attr" else said
        if kind == "attr" and "{{" in told:
            message = f"a bookmark can't say {said}, which has values of the record in it"
            hint = "values in the element's own text are said by content()"
            diagnostics.error("bookmark", markup.place(element), message, hint)
        found.append(None if kind == "content" else told)
    return tuple(found)


def bookmark_level(element: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]]) -> int:
    """The level of the bookmark that an element's own text is, from 1; 0 where it is none.

    Text in cells, flexible rows, boxes at fixed places and running elements has none: it stands beside the flow.
    """
    level = styles[element]["bookmark-level"]
    found = _HEADINGS.get(element.tag, 0) if level == "auto" else int(level)
    return 0 if found and beside(element, markup, styles) else found


def check_bookmark(
    element: Element,
    markup: Markup,
    styles: Mapping[Element, Mapping[str, Any]],
    diagnostics: Diagnostics,
) -> None:
    """Report a `bookmark-level` that no bookmark comes of."""
    if styles[element]["bookmark-level"] in {"auto", 0}:
        if styles[element]["bookmark-label"] and element.tag not in _HEADINGS:
            message = f"<{element.tag}> has a bookmark-label and is no bookmark"
            diagnostics.error("bookmark", markup.place(element), message, "add bookmark-level, e.g. 2")
        return
    place = markup.place(element)
    if beside(element, markup, styles):
        diagnostics.error(
            "bookmark",
            place,
            f"<{element.tag}> with a bookmark-level stands in a cell, flexible row, fixed box or running element",
            "bookmarks come from text in the flow; give it to a heading there",
        )
    elif not _own_text(element, styles):
        diagnostics.error(
            "bookmark",
            place,
            f"<{element.tag}> has a bookmark-level and no text of its own",
            "give bookmark-level to the element whose text the bookmark shall say",
        )


def _own_text(element: Element, styles: Mapping[Element, Mapping[str, Any]]) -> bool:
    children = [child for child in element if isinstance(child.tag, str)]
    texts = [element.text, *(child.tail for child in children)]
    return any(text and text.strip() for text in texts) or any(
        styles[child]["display"] == "inline" for child in children
    )


def beside(element: Element, markup: Markup, styles: Mapping[Element, Mapping[str, Any]]) -> bool:
    """Whether an element stands in a cell, flexible row, fixed box or running element."""
    around: Element | None = element
    while around is not None:
        style = styles[around]
        row = style["display"] == "flex" and style["flex-direction"] == "row" and around is not element
        if around.tag in _CELLS or style["position"] not in _IN_FLOW or row:
            return True
        around = markup.parent(around)
    return False
