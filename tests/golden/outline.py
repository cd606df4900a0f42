"""The outline of HTML in the types of PDF (32000-1, 14.8.4), and the one that a document's tags give.

The former is made of the HTML as a browser reads it and knows nothing of the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element

import pikepdf
import tinyhtml5

from pressrun_server.prepare.tagged import marked_texts

__all__ = ["Node", "outline", "spoken", "tagged"]

Node: TypeAlias = "tuple[str, str | list[Node]]"
"""A type with its text, or with what is in it."""

_INLINE = {"b", "i", "em", "strong", "span", "small", "sub", "sup", "br", "a"}
_TEXTS = {"p": "P", **{f"h{level}": f"H{level}" for level in range(1, 7)}}
_TABLE = {"table": "Table", "thead": "THead", "tbody": "TBody", "tfoot": "TFoot", "tr": "TR", "td": "TD", "th": "TH"}


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\u00ad]+", "", text)


def _outline(element: Element, around: str = "P") -> Iterator[Node]:
    """What an element's content is in the structure; loose text is a paragraph, or a cell's own."""
    loose = element.text or ""
    found: list[Node] = []

    def flush() -> None:
        nonlocal loose
        if _squeezed(loose):
            found.append((around, _squeezed(loose)))
        loose = ""

    for child in element:
        if not isinstance(child.tag, str):
            pass
        elif child.tag in _INLINE:
            loose += "".join(child.itertext())
        else:
            flush()
            found += _block(child)
        loose += child.tail or ""
    flush()
    yield from found


def _terms(element: Element) -> Iterator[list[Node]]:
    """The items of a list of terms: each is terms, and what is said of them."""
    item: list[Node] = []
    before = ""
    for part in element:
        if part.tag == "div" or (part.tag == "dt" and before == "dd"):
            yield from [item] if item else []
            item = []
        if part.tag == "div":
            yield from _terms(part)
        elif part.tag == "dt":
            item.append(("Lbl", _squeezed("".join(part.itertext()))))
        elif part.tag == "dd":
            item.append(("LBody", list(_outline(part))))
        before = part.tag
    yield from [item] if item else []


def _block(element: Element) -> Iterator[Node]:
    tag = element.tag
    if tag in _TEXTS:
        yield _TEXTS[tag], _squeezed("".join(element.itertext()))
    elif tag == "ul":
        yield "L", [("LI", [("LBody", list(_outline(item)))]) for item in element if item.tag == "li"]
    elif tag == "dl":
        yield "L", [("LI", item) for item in _terms(element)]
    elif tag in {"td", "th"}:
        inner = list(_outline(element))
        blocks = any(isinstance(child.tag, str) and child.tag not in _INLINE for child in element)
        yield _TABLE[tag], inner if blocks else "".join(str(text) for _, text in inner)
    elif tag == "caption":
        yield "Caption", _squeezed("".join(element.itertext()))
    elif tag in _TABLE:
        inner = [node for child in element if child.tag in {*_TABLE, "caption"} for node in _block(child)]
        if inner:
            yield _TABLE[tag], inner
    elif tag not in {"colgroup", "style"}:
        yield from _outline(element)


def tagged(pdf: pikepdf.Pdf) -> list[Node]:
    """The structure of a document, with the text that each element marks."""
    texts = marked_texts(pdf)

    def below(element: Any) -> Node:
        own, inner = "", []
        kids = element.get("/K", pikepdf.Array())
        for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
            if isinstance(kid, int):
                own += texts[element.Pg.objgen][kid]
            elif kid.get("/Type") == "/MCR":
                own += texts[kid.Pg.objgen][int(kid.MCID)]
            else:
                inner.append(below(kid))
        kind = str(element.S)[1:]
        return kind, inner or _squeezed(own)

    [document] = pdf.Root.StructTreeRoot.K
    return [below(kid) for kid in document.K]


def outline(body: str) -> list[Node]:
    """What the body of an HTML file is in the structure."""
    root: Any = tinyhtml5.parse(f"<!doctype html><body>{body}</body>", namespace_html_elements=False)
    return list(_outline(root.find("body")))


def spoken(nodes: list[Node]) -> str:
    """The text of nodes in reading order."""
    return "".join(inner if isinstance(inner, str) else spoken(inner) for _, inner in nodes)
