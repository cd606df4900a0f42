"""Text that style sheets generate: `::before` and `::after` as elements of the tree (CSS Generated Content 3, 2).

They become elements before anything is built, so paper, pages for browsers, e-mails and plain text say the same, also
where a reader's client knows nothing of pseudo-elements; and what is generated is text of its paragraph in the tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element

from pressrun_server.template.diagnostics import Diagnostics, Place
from pressrun_server.template.markup import Markup
from pressrun_server.template.values import InvalidValueError

__all__ = [
    "AFTER",
    "BEFORE",
    "GENERATED",
    "Generated",
    "check_generated",
    "check_place",
    "content_parts",
    "element_of",
    "is_mark",
    "put_beside",
]

BEFORE, AFTER = "before", "after"
"""The pseudo-elements."""
GENERATED: Final = "pr generated"
"""Marks elements that a style sheet made; no attribute in an HTML file can have this name."""
_VALID: Final = 'texts in quotes and attr(NAME), e.g. "No. " attr(data-number)'
_NO_TEXT: Final = frozenset(
    {"html", "table", "thead", "tbody", "tfoot", "tr", "colgroup", "col", "ul", "ol", "dl", "img", "br", "hr",
     "pr-fill", "pr-chart", "pr-barcode", "{http://www.w3.org/2000/svg}svg"}
)  # fmt: skip
_DISPLAYS: Final = frozenset({"inline", "block", "flex", "none"})


@dataclass(frozen=True, slots=True)
class Generated:
    """What `content` says of a pseudo-element: kind and text each, a `text`, or the `attr` of the element."""

    parts: tuple[tuple[str, str], ...]


def content_parts(tokens: Iterable[Any]) -> Generated | None:
    """What `content` says where it is texts and attributes; None where it says something else.

    Raises:
        InvalidValueError: it counts, which is for expressions to do.
    """
    parts: list[tuple[str, str]] = []
    for token in tokens:
        name = token.lower_name if token.type == "function" else ""
        if token.type == "string":
            parts.append(("text", token.value))
        elif name == "attr":
            words = [item.lower_value for item in token.arguments if item.type == "ident"]
            if len(words) != 1 or any(item.type not in {"ident", "whitespace", "comment"} for item in token.arguments):
                raise InvalidValueError("attr takes one name, e.g. attr(data-number)")
            parts.append(("attr", words[0]))
        elif name in {"counter", "counters"} and (parts or not _counts_footnotes(token)):
            message = "counters are for expressions: write {{ loop.index }} or {{ page.number }} into the HTML"
            raise InvalidValueError(f"{message}; valid: {_VALID}")
        else:
            return None
    return Generated(tuple(parts)) if parts else None


def _counts_footnotes(token: Any) -> bool:
    return any(item.type == "ident" and item.lower_value == "footnote" for item in token.arguments)


def is_mark(content: object) -> bool:
    """Whether what is generated is no text: a line or a mark, of which nothing is seen but its box."""
    return isinstance(content, Generated) and all(kind == "text" and not said for kind, said in content.parts)


def check_generated(value: object, pseudo: str | None, place: Place, diagnostics: Diagnostics) -> bool:
    """Whether a value of `content` has a meaning where it stands; reports it where it has none.

    Args:
        value: as the property reads it.
        pseudo: the pseudo-element, None for elements and margin boxes.
        place: of the declaration.
        diagnostics: takes the report.
    """
    message = hint = ""
    if pseudo in {BEFORE, AFTER}:
        if value not in ("", "inherit", "initial") and not isinstance(value, Generated):
            message, hint = f"this content has no meaning on ::{pseudo}", f"valid: {_VALID}, none"
    elif isinstance(value, Generated):
        if pseudo is None:
            message = "text as content has no effect here"
            hint = "put it on ::before or ::after, or write it into the HTML; a margin box takes element(NAME)"
        else:
            message, hint = f"the content of ::{pseudo} does not say its number", "valid: counter(footnote) among texts"
    if message:
        diagnostics.error("invalid-value", place, message, hint)
    return not message


def element_of(host: Element, pseudo: str, content: Generated, literal: str) -> Element:
    """The element that a pseudo-element becomes; it is not in the tree yet.

    Args:
        host: the element that it is of.
        pseudo: which one it is.
        content: what it says; texts are as they stand, attributes may have expressions in them.
        literal: the attribute that marks elements whose text is text.
    """
    made = Element("span", {GENERATED: pseudo})
    pieces = list(_pieces(host, content, kept=literal in host.attrib))
    if not any("{{" in text for text, _ in pieces) or len({kept for _, kept in pieces}) == 1:
        made.text = "".join(text for text, _ in pieces)
        if all(kept for _, kept in pieces):
            made.set(literal, "")
        return made
    for text, kept in pieces:
        part = Element("span", {GENERATED: pseudo} | ({literal: ""} if kept else {}))
        part.text = text
        made.append(part)
    return made


def _pieces(host: Element, content: Generated, *, kept: bool) -> Iterator[tuple[str, bool]]:
    """Texts, and whether each is one as it stands."""
    for kind, said in content.parts:
        yield (said, True) if kind == "text" else (host.get(said, ""), kept)


def put_beside(host: Element, pseudo: str, made: Element, markup: Markup) -> None:
    """Put a pseudo-element before or behind what its element holds."""
    if pseudo == BEFORE:
        made.tail, host.text = host.text, None
        host.insert(0, made)
    else:
        host.append(made)
    markup.made(made, host, markup.end_of_tag(host))


def check_place(host: Element, pseudo: str, style: dict[str, Any], place: Place, diagnostics: Diagnostics) -> bool:
    """Whether a pseudo-element can be what its style asks for; reports it where it can't."""
    message = hint = ""
    if host.tag in _NO_TEXT:
        name = host.tag.rpartition("}")[2]
        message, hint = f"<{name}> can't hold ::{pseudo}", "put it on an element that holds text, or on one around it"
    elif style["display"] not in _DISPLAYS:
        message, hint = f"::{pseudo} can't be display: {style['display']}", "valid: inline, block, flex, none"
    elif style["position"].startswith("running(") or style["float"] != "none":
        message, hint = f"::{pseudo} stands where its element does", "make an element of it in the HTML"
    if message:
        diagnostics.error("pseudo-element", place, message, hint)
    return not message
