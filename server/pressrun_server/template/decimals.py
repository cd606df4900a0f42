"""Numbers that stand below each other by their decimal sign: `text-align: ".00"` (after CSS Text 4, 6.3).

CSS aligns at a character by looking at all cells of a column. Rows leave here before the last one is known, so the
string says at once what stands behind the sign at most: `".00"` two digits, `".00 CR"` also a mark behind them. The
sign in it stands for the locale's own, so that one style sheet does for all locales.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from pressrun_server.model.program import Node, Paragraph
from pressrun_server.template.diagnostics import Diagnostics
from pressrun_server.template.locales import locale_data
from pressrun_server.template.markup import Markup
from pressrun_server.template.values import InvalidValueError, Tokens, keyword, significant

__all__ = ["alignment", "check_decimals", "decimals"]

_SIGNS = (".", ",")
_LONGEST = 20
_CELLS = {"td", "th"}
_KEYWORDS = ("left", "right", "center", "start", "end", "justify")


def alignment(tokens: Tokens) -> str:
    """Parses `text-align`: a keyword; or a string, which keeps its sign in front and so differs from all of them.

    Raises:
        InvalidValueError: it is neither.
    """
    found = significant(tokens)
    if len(found) == 1 and found[0].type == "string":
        text = str(found[0].value)
        if text[:1] in _SIGNS and 1 < len(text) <= _LONGEST and text.isprintable():
            return text
        raise InvalidValueError(
            f'a decimal sign and what stands behind it at most, up to {_LONGEST} characters; valid: ".00", ",0"'
        )
    try:
        return keyword(*_KEYWORDS)(tokens)
    except InvalidValueError as error:
        raise InvalidValueError(f'{error}, ".00"') from None


def decimals(style: Mapping[str, Any], locale: str) -> str:
    """The decimal sign of a locale and what stands behind it, where text is aligned so; else nothing."""
    text: str = style["text-align"]
    return locale_data(locale).decimal + text[1:] if text[0] in _SIGNS else ""


def check_decimals(
    element: Element,
    children: Iterable[Node],
    markup: Markup,
    styles: Mapping[Element, Mapping[str, Any]],
    diagnostics: Diagnostics,
) -> None:
    """Report text that cannot be aligned at its decimal sign.

    Args:
        element: what holds the text; a cell or anything else.
        children: what was made of it.
        markup: gives places.
        styles: computed style by element.
        diagnostics: where problems go.
    """
    loose = [node for node in children if isinstance(node, Paragraph) and node.decimals]
    if not loose:
        return
    message, hint = "", "put the number alone into a cell"
    if element.tag not in _CELLS:
        message = f"text in <{element.tag}> cannot be aligned at a decimal sign"
    elif len(list(children)) > 1:
        message = "a cell of several blocks cannot be aligned at a decimal sign"
    elif any(child.tag == "a" for child in element.iter()):
        message = "a link cannot be aligned at a decimal sign"
    elif styles[element]["text-align-last"] != "auto":
        message, hint = "text-align-last has no meaning beside alignment at a decimal sign", "remove it"
    if message:
        diagnostics.error("value", markup.place(element), message, hint)
