"""Fragments: parts of a template that are written once and put in where they are included, with their own names.

`<pr-fragment name="address">` defines one, `<pr-include fragment="address" person="customer">` puts it in; each further
attribute is a name that the fragment may use, and an expression for its value. An include is replaced at compile time,
before anything is repeated or styled, so a fragment costs nothing at a record.
"""

from __future__ import annotations

import copy
from xml.etree.ElementTree import Element

from pressrun_server.template.diagnostics import Diagnostics, closest
from pressrun_server.template.markup import Markup

__all__ = ["include"]

_MOST_ELEMENTS = 20_000
_DIRECTIVES = ("pr-for", "pr-if", "pr-elif", "pr-else", "pr-with")


def include(markup: Markup, diagnostics: Diagnostics) -> None:
    """Take the fragments out of the tree and put their content in where they are included."""
    fragments = _definitions(markup, diagnostics)
    budget = _MOST_ELEMENTS
    todo = list(markup.root.iter("pr-include"))
    around: dict[Element, tuple[str, ...]] = {}
    while todo:
        element = todo.pop()
        name, path = element.get("fragment", ""), around.get(element, ())
        place = markup.place(element)
        if name not in fragments:
            hint = closest(name, fragments, otherwise='define it: <pr-fragment name="...">')
            diagnostics.error("fragment", place, f"there is no fragment {name!r}", hint)
            element.tag = "div"
            continue
        if name in path:
            diagnostics.error("fragment", place, f"the fragment {name!r} includes itself", "break the circle")
            element.tag = "div"
            continue
        parts = [copy.deepcopy(part) for part in fragments[name]]
        budget -= sum(1 for part in parts for _ in part.iter())
        if budget < 0:
            diagnostics.error("nesting", place, f"fragments come to over {_MOST_ELEMENTS} elements", "include fewer")
            return
        names = [(key, value) for key, value in element.attrib.items() if key != "fragment" and key not in _DIRECTIVES]
        own = [element.get("pr-with", "")] if "pr-with" in element.attrib else []
        given = "; ".join([*own, *(f"{key} = {value}" for key, value in names)])
        kept = {key: value for key, value in element.attrib.items() if key in _DIRECTIVES and key != "pr-with"}
        element.tag = "div"
        element.attrib.clear()
        element.attrib.update(kept | ({"pr-with": given} if given else {}))
        for child in list(element):
            element.remove(child)
        element.text = fragments[name].text
        for original, part in zip(fragments[name], parts, strict=True):
            element.append(part)
            markup.adopt(original, part, element)
            for inner in part.iter("pr-include"):
                around[inner] = (*path, name)
                todo.append(inner)


def _definitions(markup: Markup, diagnostics: Diagnostics) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for element in list(markup.root.iter("pr-fragment")):
        name = element.get("name", "")
        if not name or name in found:
            problem = f"there are two fragments {name!r}" if name else "a fragment has no name"
            diagnostics.error("fragment", markup.place(element), problem, "give each a name of its own")
        found[name] = element
        parent = markup.parent(element)
        if parent is not None:
            _take_out(parent, element)
    return found


def _take_out(parent: Element, element: Element) -> None:
    """Remove an element, and leave the text behind it."""
    index = list(parent).index(element)
    if index:
        before = parent[index - 1]
        before.tail = (before.tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    parent.remove(element)
