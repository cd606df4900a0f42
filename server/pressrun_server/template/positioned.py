"""What stands beside the flow: running elements and boxes at fixed places."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from pressrun_server.model.program import Absolute, Block, Node
from pressrun_server.template.builder import DIRECTIVES, Builder
from pressrun_server.template.geometry import border_width, resolved
from pressrun_server.template.scope import Scope

__all__ = ["PositionedStructure"]


class PositionedStructure(Builder):
    """Builds boxes that are placed by themselves."""

    def _running(self, element: Element, name: str) -> None:
        if name in self.running and self.running[name] is not element:
            place = self.markup.place(element)
            self.diagnostics.error(
                "running",
                place,
                f"two elements are running({name})",
                "give each its own name; pr-if can switch inside one",
            )
        for directive in DIRECTIVES:
            if directive in element.attrib:
                place = self.markup.place(element)
                self.diagnostics.error(
                    "running", place, f"{directive} cannot stand on a running element", "put it inside"
                )
        self.running[name] = element

    def _absolute(self, element: Element, scope: Scope) -> Node:
        if self._around is not None:
            return self._inside(element, *self._around, scope)
        sheet = self.sheets[self.page]
        if sheet.mirrored:
            message = "a box at a fixed place of the page needs pages that all have one left margin"
            hint = "give all @page rules one margin-left, or put the box into one with position: relative"
            self.diagnostics.error("position", self.markup.place(element), message, hint)
        style = self.styles[element]
        page_width, page_height = sheet.width, sheet.height
        left, right = resolved(style["left"], page_width), resolved(style["right"], page_width)
        top, bottom = resolved(style["top"], page_height), resolved(style["bottom"], page_height)
        if top is None and bottom is None:
            self.diagnostics.error(
                "position",
                self.markup.place(element),
                "an absolute box needs top or bottom",
                "e.g. top: 45mm; left: 20mm",
            )
            top = 0
        available = page_width - (left or 0) - (right or 0)
        if left is None and right is not None:
            width = resolved(style["width"], page_width)
            left = page_width - right - width if width is not None else 0
        x = (left or 0) - sheet.shift  # the page is shifted when it is finished
        return Absolute(self._at_place(element, x, max(available, 0), page_width, scope), top, bottom)

    def _at_place(self, element: Element, x: int, available: int, containing: int, scope: Scope) -> Block:
        """A box at a fixed place; a percentage of its width is of all that it is placed in."""
        style = self.styles[element]
        self.styles[element] = dict(style) | {"width": resolved(style["width"], containing) or style["width"]}
        block = self.apart(element, x, available, scope)
        self.styles[element] = style
        return block

    def _inside(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        """A box at a fixed place of the positioned block around it, whose height is not known here."""
        style = self.styles[element]
        left, right = resolved(style["left"], width), resolved(style["right"], width)
        if not isinstance(style["top"], int):
            message = "a box in a positioned block needs a top that is no percentage"
            self.diagnostics.error("position", self.markup.place(element), message, "e.g. top: 5mm; right: 0")
        if left is None and right is not None:
            own = border_width(style, width)
            left = width - right - own if own is not None else 0
        available = max(width - (left or 0) - (right or 0), 0)
        around, self._around = self._around, None
        block = self._at_place(element, x + (left or 0), available, width, scope)
        self._around = around
        return Absolute(block, resolved(style["top"], 0) or 0, None, inside=True)
