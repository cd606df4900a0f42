"""Flexible boxes: a row as a row of cells whose widths are known, a column as blocks with gaps."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from pressrun_server.model.program import Box, Cell, Node, RowTemplate, Table
from pressrun_server.template.builder import ANONYMOUS, DIRECTIVES, Builder, lighter
from pressrun_server.template.cascade import Style
from pressrun_server.template.flex import ALIGN, JUSTIFY, Item, places
from pressrun_server.template.geometry import border_width, box_of, resolved
from pressrun_server.template.scope import Scope

__all__ = ["FlexStructure"]

_PLAIN_ITEMS = {"div", "p", "address", "header", "footer", "main", "span", "strong", "b", "em", "i", "small"}


class FlexStructure(Builder):
    """Builds flexible boxes."""

    def _flex_items(self, element: Element, *, directives: bool) -> list[Element]:
        """The items of a flexible box, each an element; boxes at fixed places are none."""
        items = [child for child in element if isinstance(child.tag, str) and not self._apart(child)]
        items = [item for item in items if not self._skipped(item)]
        texts = (element.text, *(child.tail for child in element))
        if any((text or "").strip() for text in texts):
            message = "text stands directly in a flexible box"
            self.diagnostics.error("structure", self.markup.place(element), message, "put it into an element")
        for item in items:
            named = next((name for name in DIRECTIVES if name in item.attrib), None)
            if named is not None and not directives:
                message = f"{named} cannot stand on an item of a flexible row"
                self.diagnostics.error("directive", self.markup.place(item), message, "put it inside the item")
        return items

    def _apart(self, element: Element) -> bool:
        """Whether an element is outside of the flow."""
        return self.styles[element]["position"] not in {"static", "relative"}

    def _flex(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        """A flexible box in the flow."""
        style = self.styles[element]
        alone = style["position"] == "static" and not any(map(self._apart, self._elements(element)))
        if style["flex-direction"] == "row" and alone:
            box = self._box(element, x, width)
            return Table(box, (), (self._flex_row(element, box, scope),), "")
        return lighter(self.block(element, x, width, scope))

    def _flex_inside(self, element: Element, box: Box, scope: Scope) -> tuple[Node, ...]:
        """What is in a flexible box."""
        if self.styles[element]["flex-direction"] != "row":
            return self._flex_column(element, box, scope)
        row = self._flex_row(element, box, scope)
        inner = box_of(ANONYMOUS, box.content_x, box.content_width)
        apart = [item for item in self._elements(element) if self._apart(item)]
        placed = [node for item in apart for node in self._directed([item], inner.x, inner.width, scope)]
        return Table(inner, (), (row,), ""), *placed

    @staticmethod
    def _elements(element: Element) -> list[Element]:
        return [child for child in element if isinstance(child.tag, str)]

    def _flex_row(self, element: Element, box: Box, scope: Scope) -> RowTemplate:
        """A row of flexible boxes: a row of cells whose widths are known here."""
        style = self.styles[element]
        items = self._flex_items(element, directives=False)
        wanted = [self._flex_item(item, box.content_width) for item in items]
        between = resolved(style["column-gap"], box.content_width) or 0
        found = places(wanted, box.content_width, between, JUSTIFY[style["justify-content"]])
        align = ALIGN[style["align-items"]]
        cells = [
            self._flex_cell(item, box.content_x + left, own, align, scope)
            for item, (left, own) in zip(items, found, strict=True)
        ]
        return RowTemplate(cells=tuple(cells), min_height=max(box.height or 0, box.min_height), role="")

    def _flex_item(self, element: Element, containing: int) -> Item:
        style = self.styles[element]
        sized = style if style["flex-basis"] == "auto" else dict(style) | {"width": style["flex-basis"]}
        basis = border_width(sized, containing)
        if basis is None:
            message = "an item of a flexible row has neither a width nor a share"
            hint = "give it a width, a flex-basis, or flex: 1; what its text takes is not known before a record is"
            self.diagnostics.error("width", self.markup.place(element), message, hint)
        margins = sum(resolved(style[f"margin-{side}"], containing) or 0 for side in ("left", "right"))
        least, most = (
            border_width(dict(style) | {"width": style[name]}, containing) for name in ("min-width", "max-width")
        )
        return Item(basis or 0, margins, style["flex-grow"], style["flex-shrink"], least or 0, most)

    def _flex_cell(self, element: Element, x: int, width: int, align: str, scope: Scope) -> Cell:
        """An item as a cell; where it is stretched, and only a box, the cell is its box."""
        style = self.styles[element]
        left, right = (resolved(style[f"margin-{side}"], width) or 0 for side in ("left", "right"))
        upright = any(style[f"margin-{side}"] for side in ("top", "bottom"))
        plain = element.tag in _PLAIN_ITEMS and style["display"] in {"block", "inline"} and not upright
        plain = plain and style["position"] == "static"
        if align == "stretch" and plain and not style["background-image"] and style["height"] == "auto":
            sized = dict(style) | {f"margin-{side}": 0 for side in ("top", "right", "bottom", "left")}
            box = box_of(sized, x + left, width, fills=False)
            if not any(box.radii):
                children = self.children(element, box.content_x, box.content_width, scope)
                return Cell(box=box, children=tuple(children), role="")
        block = "block" if style["display"] == "inline" else style["display"]
        self.styles[element] = dict(style) | {
            "width": width, "box-sizing": "border-box", "min-width": 0, "max-width": "none", "display": block,
        }  # fmt: skip
        nodes = self._element(element, x, left + width + right, scope)
        self.styles[element] = style
        valign = align if align in {"middle", "bottom"} else "top"
        return Cell(box=box_of(ANONYMOUS, x, left + width + right), children=tuple(nodes), valign=valign, role="")

    def _flex_column(self, element: Element, box: Box, scope: Scope) -> tuple[Node, ...]:
        """A column of flexible boxes: blocks with gaps between them, whose margins do not collapse."""
        style, width = self.styles[element], box.content_width
        if JUSTIFY[style["justify-content"]] != "start":
            message = "justify-content is not supported in a flexible column"
            self.diagnostics.error("value", self.markup.place(element), message, "use margins or padding")
        between = resolved(style["row-gap"], 0) or 0
        before, originals = 0, dict[Element, Style]()
        for item in self._flex_items(element, directives=not between):
            originals[item] = self.styles[item]
            own = dict(self.styles[item])
            own["display"] = "block" if own["display"] == "inline" else own["display"]
            top, bottom = (resolved(own[f"margin-{side}"], width) or 0 for side in ("top", "bottom"))
            own["margin-top"], own["margin-bottom"] = before + top, 0
            before = bottom + between
            align = ALIGN[style["align-items"]]
            if align != "stretch" and own["width"] == "auto":
                message = "an item of a flexible column that is not stretched needs a width"
                self.diagnostics.error("width", self.markup.place(item), message, "give it a width")
            if align in {"middle", "bottom"}:
                own["margin-left"], own["margin-right"] = "auto", "auto" if align == "middle" else 0
            self.styles[item] = own
        nodes = tuple(self.children(element, box.content_x, width, scope))
        self.styles |= originals  # what is made for one locale is not for the next
        return nodes
