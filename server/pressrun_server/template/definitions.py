"""Lists of terms and what they mean: `<dl>`, whose items are one or more terms with all that is said of them.

In the structure it is a list (PDF 32000-1, 14.8.4.3.3): a term is the label of its item, what is said of it the body.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from pressrun_server.model.program import Block, Node
from pressrun_server.template.builder import ANONYMOUS, Builder, lighter
from pressrun_server.template.geometry import box_of
from pressrun_server.template.scope import Scope

__all__ = ["DEFINITIONS", "DefinitionStructure"]

DEFINITIONS = ("dl", "dt", "dd")
_PARTS = {"dt", "dd"}


class DefinitionStructure(Builder):
    """Builds lists of terms."""

    def _definition(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """A list of terms, a term, or what is said of one."""
        self._no_flex(element)
        if element.tag == "dl":
            return [self._definitions(element, x, width, scope)]
        around = self.markup.parent(element)
        group = around is not None and around.tag == "div" and self._in_definitions(around)
        if around is None or not (around.tag == "dl" or group):
            message = f"<{element.tag}> stands outside a list of terms"
            self.diagnostics.error("structure", self.markup.place(element), message, "put it into <dl>")
            return []
        return [lighter(self.block(element, x, width, scope))]

    def _in_definitions(self, element: Element) -> bool:
        around = self.markup.parent(element)
        return around is not None and around.tag == "dl"

    def _definition_role(self, element: Element) -> str:
        """The type of a part of such a list in the structure; nothing where it has none, or its text has it."""
        if element.tag == "dd":
            return "LBody"
        if element.tag == "dt":
            return "Lbl" if self._holds_blocks(element) else ""
        return "LI" if element.tag == "div" and self._in_definitions(element) else ""

    def _definitions(self, element: Element, x: int, width: int, scope: Scope) -> Block:
        box = self._box(element, x, width)
        texts = (element.text, *(child.tail for child in element))
        if any((text or "").strip() for text in texts):
            message = "text stands directly in a list of terms"
            self.diagnostics.error("structure", self.markup.place(element), message, "put it into <dt> or <dd>")
        items: list[Node] = []
        parts: list[Node] = []
        inner_x, inner = box.content_x, box.content_width

        def flush() -> None:
            if parts:
                items.append(Block(box_of(ANONYMOUS, inner_x, inner), tuple(parts), "LI"))
                parts.clear()

        before = ""
        for group in self._groups(element):
            first = group[0]
            if first.tag == "div":
                flush()
                self._check_group(first)
                items += self._directed(group, inner_x, inner, scope)
            elif first.tag in _PARTS:
                if first.tag == "dt" != before:
                    flush()
                parts += self._directed(group, inner_x, inner, scope)
            else:
                message = f"<{first.tag}> cannot stand in a list of terms"
                hint = "its parts are <dt> and <dd>, or <div> around some of them"
                self.diagnostics.error("structure", self.markup.place(first), message, hint)
            before = first.tag
        flush()
        return Block(box, tuple(items), "L")

    def _check_group(self, group: Element) -> None:
        """See to it that an item holds nothing but terms and what is said of them."""
        for child in group:
            if isinstance(child.tag, str) and child.tag not in _PARTS:
                message = f"<{child.tag}> cannot stand in a group of a list of terms"
                hint = "its parts are <dt> and <dd>; other elements go into these"
                self.diagnostics.error("structure", self.markup.place(child), message, hint)
        if any((text or "").strip() for text in (group.text, *(child.tail for child in group))):
            message = "text stands directly in a group of a list of terms"
            self.diagnostics.error("structure", self.markup.place(group), message, "put it into <dt> or <dd>")
