"""Approved text in a template: `<pr-content slot="terms">` is where the text of a slot stands.

The text becomes part of the template's markup before it is styled, so the template's style sheet says how it looks, and
a document with it costs what one without it does: a program with texts in it (an *edition*) is compiled once for each
combination of texts. Nothing in a text is read as an expression or a directive.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from pressrun_server.model.approved import PreparedText, TextElement
from pressrun_server.template.diagnostics import Diagnostics, closest
from pressrun_server.template.markup import Markup

__all__ = ["CONTENT", "LITERAL", "check_content", "put_in"]

CONTENT = "pr-content"
LITERAL = "pr literal"
"""Marks elements whose text is text; no attribute in an HTML file can have this name."""


def put_in(markup: Markup, texts: Mapping[str, PreparedText]) -> None:
    """Put the texts of slots where they are shown.

    Args:
        markup: the template's.
        texts: by slot; a slot without one shows nothing.
    """
    for element in list(markup.root.iter(CONTENT)):
        text = texts.get(element.get("slot", ""))
        if text is not None:
            for child in list(element):
                element.remove(child)
            element.set(LITERAL, "")
            element.text = None
            _fill(markup, element, text.parts)


def _fill(markup: Markup, parent: Element, parts: tuple[TextElement | str, ...]) -> None:
    last: Element | None = None
    for part in parts:
        if isinstance(part, TextElement):
            last = Element(part.tag, {**dict(part.attributes), LITERAL: ""})
            parent.append(last)
            markup.belongs(last, parent)
            _fill(markup, last, part.children)
        elif last is None:
            parent.text = (parent.text or "") + part
        else:
            last.tail = (last.tail or "") + part


def check_content(element: Element, slots: tuple[str, ...], markup: Markup, diagnostics: Diagnostics) -> str:
    """The slot of a `<pr-content>`; empty where it has none that is declared."""
    place, slot = markup.place(element), element.get("slot", "")
    if slot not in slots:
        hint = closest(slot, slots, otherwise="declare it under slots in template.yaml")
        what = f"no slot {slot!r}" if slot else 'approved text comes from a slot: <pr-content slot="terms">'
        diagnostics.error("slot", place, what, hint)
        return ""
    if LITERAL not in element.attrib and (len(element) or (element.text or "").strip()):
        message = "<pr-content> has content of its own"
        diagnostics.error("structure", place, message, "leave it empty; its slot's text stands there")
    return slot
