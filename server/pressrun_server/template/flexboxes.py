"""Flexible boxes: a row as cells that share its width, a column as blocks with gaps.

Where all items of a row say how wide they are, their places are found here; the others wait for their contents, which
are measured once where no record can change them (`layout/settling.py`), else for each record (`layout/flexrow.py`).
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

import msgspec

from pressrun_server.model.flexlines import rows_of
from pressrun_server.model.fluid import Length
from pressrun_server.model.program import (
    Barcode,
    Box,
    Cell,
    Chart,
    Flex,
    FlexItem,
    Image,
    Node,
    Table,
    Vector,
)
from pressrun_server.model.sharing import Item, parted, places
from pressrun_server.template.builder import ANONYMOUS, BLOCK_ROLES, DIRECTIVES, Builder, lighter
from pressrun_server.template.cascade import SVG, Style
from pressrun_server.template.flex import ALIGN, JUSTIFY
from pressrun_server.template.geometry import border_width, box_of, fluid_of, measure, resolved
from pressrun_server.template.scope import Scope
from pressrun_server.template.values import Relative

__all__ = ["FlexStructure"]

_PLAIN_ITEMS = {"div", "p", "address", "header", "footer", "main", "span", "strong", "b", "em", "i", "small"}
_FIGURES = {"img", "pr-barcode", "pr-chart", SVG}
_SIDES = ("top", "right", "bottom", "left")


class FlexStructure(Builder):
    """Builds flexible boxes."""

    def _flex_items(self, element: Element, *, directives: bool) -> list[Element]:
        """The items of a flexible box, each an element; boxes at fixed places are none."""
        items = [child for child in element if isinstance(child.tag, str) and not self._apart(child)]
        items = [item for item in items if item.tag == SVG or not self._skipped(item)]
        for item in items:
            named = next((name for name in DIRECTIVES if name in item.attrib), None)
            if named is not None and not directives:
                message = f"{named} cannot stand on an item of a flexible column with a gap"
                hint = "put it inside the item, or use margins instead of the gap"
                self.diagnostics.error("directive", self.markup.place(item), message, hint)
        return items

    def _apart(self, element: Element) -> bool:
        """Whether an element is outside of the flow."""
        return self.styles[element]["position"] not in {"static", "relative"}

    def _flex(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        """A flexible box in the flow."""
        style = self.styles[element]
        alone = style["position"] == "static" and not any(map(self._apart, self._elements(element)))
        if style["flex-direction"] == "row" and alone and element.tag not in BLOCK_ROLES:
            return self._flex_row(element, self._box(element, x, width), scope)
        return lighter(self.block(element, x, width, scope))

    def _flex_inside(self, element: Element, box: Box, scope: Scope) -> tuple[Node, ...]:
        """What is in a flexible box."""
        if self.styles[element]["flex-direction"] != "row":
            return self._flex_column(element, box, scope)
        inner = box_of(ANONYMOUS, box.content_x, box.content_width)
        row = self._flex_row(element, inner, scope, max(box.height or 0, box.min_height))
        apart = [item for item in self._elements(element) if self._apart(item)]
        placed = [node for item in apart for node in self._directed([item], inner.x, inner.width, scope)]
        return row, *placed

    @staticmethod
    def _elements(element: Element) -> list[Element]:
        return [child for child in element if isinstance(child.tag, str)]

    # Rows -------------------------------------------------------------------------------------------------------------

    def _flex_row(self, element: Element, box: Box, scope: Scope, least: int = 0) -> Node:
        """A row of flexible boxes.

        Args:
            element: the row.
            box: its box.
            scope: the names there.
            least: its least height, beyond what its box asks for.
        """
        style = self.styles[element]
        items = self._flex_items(element, directives=True)
        least = max(least, box.height or 0, box.min_height)
        directed = any(name in item.attrib for item in items for name in DIRECTIVES)
        wanted = [] if directed or self._fluid else [self._wanted(item, box.content_width) for item in items]
        known = [item for item in wanted if item is not None]
        if len(known) < len(items):
            return self._waiting_row(element, items, box, scope, least)
        between = resolved(style["column-gap"], box.content_width) or 0
        parts = parted(known, box.content_width, between, wrap=style["flex-wrap"] == "wrap")
        found = [
            place
            for part in parts
            for place in places(known[part], box.content_width, between, JUSTIFY[style["justify-content"]])
        ]
        align = ALIGN[style["align-items"]]
        cells = [
            self._flex_cell(item, box.content_x + left, own, wished, align, scope)
            for item, (left, own), wished in zip(items, found, known, strict=True)
        ]
        rows = rows_of([tuple(cells[part]) for part in parts], least, _row_gap(style))
        return Table(box, (), rows, "")

    def _wanted(self, element: Element, containing: int) -> Item | None:
        """What an item asks for; None where that is for its contents to say."""
        style = self.styles[element]
        sized = style if style["flex-basis"] == "auto" else dict(style) | {"width": style["flex-basis"]}
        basis = border_width(sized, containing)
        if basis is None:
            return None
        left, right = (resolved(style[f"margin-{side}"], containing) for side in ("left", "right"))
        least, most = (
            border_width(dict(style) | {"width": style[name]}, containing) for name in ("min-width", "max-width")
        )
        return Item(basis, left, right, style["flex-grow"], style["flex-shrink"], least or 0, most)

    def _flex_cell(self, element: Element, x: int, width: int, wished: Item, align: str, scope: Scope) -> Cell:
        """An item as a cell; where it is stretched, and only a box, the cell is its box."""
        style = self.styles[element]
        left, right = wished.left or 0, wished.right or 0
        if align == "stretch" and self._only_a_box(element):
            box = box_of(_unmargined(style), x + left, width, fills=False)
            children = self.children(element, box.content_x, box.content_width, scope)
            return Cell(box=box, children=tuple(children), role="")
        own = {"width": width, "box-sizing": "border-box", "margin-left": left, "margin-right": right}
        return self._cell_around(element, x, left + width + right, align, scope, own)

    def _only_a_box(self, element: Element) -> bool:
        """Whether an item is a box and nothing else."""
        style = self.styles[element]
        upright = any(style[f"margin-{side}"] for side in ("top", "bottom"))
        return bool(
            element.tag in _PLAIN_ITEMS
            and style["display"] in {"block", "inline"}
            and not upright
            and style["position"] == "static"
            and not style["background-image"]
            and style["height"] == "auto"
            and not style["min-height"]
            and style["max-height"] == "none"
            and not any(box_of(style, 0, 0).radii)
        )

    def _cell_around(
        self, element: Element, x: int, width: int, align: str, scope: Scope, own: Style, *, figure: bool = False
    ) -> Cell:
        """An item in a cell that is its margin box; `own` are values that it gets from the row."""
        style = self.styles[element]
        block = "block" if style["display"] == "inline" else style["display"]
        sized = own if figure else {"min-width": "auto", "max-width": "none"} | own
        self.styles[element] = dict(style) | sized | {"display": block}
        nodes = self._element(element, x, width, scope)
        self.styles[element] = style
        valign = align if align in {"middle", "bottom"} else "top"
        return Cell(box=box_of(ANONYMOUS, x, width), children=tuple(nodes), valign=valign, role="")

    def _waiting_row(self, element: Element, items: list[Element], box: Box, scope: Scope, least: int) -> Flex:
        """A row whose items are chosen or repeated, or as wide as their contents."""
        style, inner = self.styles[element], box.content_width
        self.flexible = True
        outer, self._fluid = self._fluid, self._fluid + 1
        self._items |= dict.fromkeys(items, ALIGN[style["align-items"]])
        originals = {item: self.styles[item] for item in items}
        for item in items:
            if item.tag in _FIGURES and isinstance(self.styles[item]["width"], Relative) and not outer:
                self.styles[item] = dict(self.styles[item]) | {"width": resolved(self.styles[item]["width"], inner)}
        nodes: list[Node] = []
        for group in self._groups(element):
            if not self._apart(group[0]):
                nodes += self._directed(group, box.content_x, inner, scope)
        self._fluid = outer
        self.styles |= originals
        gap = style["column-gap"]
        return Flex(
            box=box,
            items=tuple(nodes),
            gap=measure(gap) or (0, 0),
            justify=JUSTIFY[style["justify-content"]],
            min_height=least,
            place=str(self.markup.place(element)),
            wrap=style["flex-wrap"] == "wrap",
            row_gap=_row_gap(style),
        )

    def _flex_item(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """An item of such a row."""
        align = self._items.pop(element)
        style = self.styles[element]
        self._check_waiting(element)
        figure = element.tag in _FIGURES
        if figure and (style["flex-grow"] or style["flex-basis"] != "auto"):
            message = "a figure takes no share of a flexible row beside items that are as wide as their contents"
            hint = "give it a width, or put it into a <div> that takes the share"
            self.diagnostics.error("width", self.markup.place(element), message, hint)
        if align == "stretch" and self._only_a_box(element):
            box = box_of(_unmargined(style), x, width, fills=False)
            children = self.children(element, box.content_x, box.content_width, scope)
            cell = Cell(box=box, children=tuple(children), role="")
        else:
            own_style: Style = {"margin-left": 0, "margin-right": 0} | ({} if figure else {"width": "auto"})
            cell = self._cell_around(element, x, width, align, scope, own_style, figure=figure)
        edges = fluid_of(style, width).edges
        basis = style["width"] if style["flex-basis"] == "auto" else style["flex-basis"]
        found = FlexItem(
            cell=cell,
            edges=edges,
            basis=_outer(style, basis, edges),
            left=measure(style["margin-left"]),
            right=measure(style["margin-right"]),
            grow=style["flex-grow"],
            shrink=style["flex-shrink"],
            least=_outer(style, style["min-width"], edges),
            most=_outer(style, style["max-width"], edges),
            width=_outer(style, style["width"], edges),
        )
        if figure:
            own = _figure_width(cell, edges)
            found = msgspec.structs.replace(found, basis=own, least=own, most=own, width=own)
        return [found]

    # Columns ----------------------------------------------------------------------------------------------------------

    def _flex_column(self, element: Element, box: Box, scope: Scope) -> tuple[Node, ...]:
        """A column of flexible boxes: blocks with gaps between them, whose margins do not collapse."""
        style, width = self.styles[element], box.content_width
        if JUSTIFY[style["justify-content"]] != "start":
            message = "justify-content is not supported in a flexible column"
            self.diagnostics.error("value", self.markup.place(element), message, "use margins or padding")
        if style["flex-wrap"] != "nowrap":
            message = "flex-wrap is not supported in a flexible column"
            self.diagnostics.error("value", self.markup.place(element), message, "use columns, e.g. columns: 2")
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


def _figure_width(cell: Cell, edges: int) -> Length | None:
    """How wide a figure is; None where that is for a picture to say."""
    match cell.children:
        case (Image(width=int(width)) as image,):
            return edges + (width if image.max_width is None else min(width, image.max_width)), 0
        case (Barcode(size=width),) | (Vector(width=width),):
            return edges + width, 0
        case (Chart(box=box),):
            return box.width, 0
    return None


def _row_gap(style: Style) -> int:
    """Between two lines; a percentage is of a height that follows from them, hence nothing (CSS Align 3, 8.3)."""
    return resolved(style["row-gap"], 0) or 0


def _unmargined(style: Style) -> Style:
    return dict(style) | {f"margin-{side}": 0 for side in _SIDES}


def _outer(style: Style, value: object, edges: int) -> Length | None:
    """A width as that of the border box; None for auto and none."""
    found = measure(value)
    if found is None or style["box-sizing"] == "border-box":
        return found
    return found[0] + edges, found[1]
