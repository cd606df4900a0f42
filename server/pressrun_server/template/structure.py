"""Builds a program's nodes from elements and their computed styles: what is block, what is inline, what repeats."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import msgspec
import tinycss2

from pressrun_server.errors import PressrunError
from pressrun_server.model.expression import Expression
from pressrun_server.model.program import (
    Absolute,
    Barcode,
    Block,
    Box,
    Break,
    Cell,
    Chart,
    Conditional,
    Fill,
    For,
    Image,
    Inline,
    InlineConditional,
    List,
    ListItem,
    Node,
    Paragraph,
    RowTemplate,
    Table,
    Text,
    Value,
    Vector,
    With,
)
from pressrun_server.prepare.drawing import read_drawing
from pressrun_server.prepare.paint import number_text
from pressrun_server.template.approved import CONTENT, LITERAL, check_content
from pressrun_server.template.barcode import BARCODES, LEVELS
from pressrun_server.template.bookmarks import bookmark_level, check_bookmark
from pressrun_server.template.breaks import check_breaks
from pressrun_server.template.cascade import REPEATED, SVG, Style
from pressrun_server.template.decimals import check_decimals, decimals
from pressrun_server.template.diagnostics import Diagnostics, Place, closest
from pressrun_server.template.filling import FILL
from pressrun_server.template.flex import ALIGN, JUSTIFY, Item, places
from pressrun_server.template.geometry import border_width, box_borders, box_of, pixels, resolved
from pressrun_server.template.grammar import GrammarError, parse_condition, parse_loop, parse_names, parse_text
from pressrun_server.template.links import SAFE_TARGET, TARGETS, Anchors
from pressrun_server.template.markup import Markup
from pressrun_server.template.pagenames import check_page_name
from pressrun_server.template.pictures import CORNERS
from pressrun_server.template.scope import Scope
from pressrun_server.template.styles import StyleTable
from pressrun_server.template.tables import TABLE_DIRECTIVES, TableStructure
from pressrun_server.template.values import InvalidValueError, color

__all__ = ["ATTRIBUTES", "DIRECTIVES", "ELEMENTS", "OWN", "Structure"]

ELEMENTS = {
    "html", "head", "title", "style", "link", "meta", "body", "header", "footer", "main", "section", "article", "aside",
    "nav", "div", "address", "p", "h1", "h2", "h3", "h4", "h5", "h6", "span", "a", "strong", "b", "em", "i", "small",
    "sub", "sup",
    "br", "hr", "img", "table", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption",
    "blockquote", "pr-barcode", "pr-chart", CONTENT, FILL, "ul", "ol", "li",
}  # fmt: skip
DIRECTIVES = ("pr-for", "pr-if", "pr-elif", "pr-else", "pr-with")
ATTRIBUTES = {
    "class",
    "id",
    "style",
    "lang",
    "alt",
    "src",
    "width",
    "height",
    "colspan",
    "rowspan",
    "scope",
    "href",
    "title",
    "role",
    "start",
}
# Types of PDF 32000-1, 14.8.4; what is not named groups only, and its text is a paragraph.
_BLOCK_ROLES = {
    "section": "Sect",
    "article": "Sect",
    "aside": "Sect",
    "nav": "Sect",
    "blockquote": "BlockQuote",
    "figure": "Div",
}
_TEXT_ROLES = {"h1": "H1", "h2": "H2", "h3": "H3", "h4": "H4", "h5": "H5", "h6": "H6", "figcaption": "Caption"}
_RISES = {"super": 0.48, "sub": -0.2}
"""Of raised and lowered text, in its own size."""
_LISTS = {"ul", "ol"}
OWN = {
    CONTENT: {"slot"},
    "pr-barcode": {"type", "value", "level", "quiet"},
    "pr-chart": {"type", "items", "value", "label", "tick", "bar-color", "line-color", "axis-color"},
}
"""Attributes of elements of our own."""
CHARTS = ("bar",)
"""Kinds of charts; others have their place here."""
_CODE_SIZE = 70_866  # 25 mm
_CHART_HEIGHT = 113_386  # 40 mm
_LINE = 0xDDDDDD
_SPACE = re.compile(r"[ \t\n\r\f]+")
_SPACE_IN_LINE = re.compile(r"[ \t\f]+")
_LINE_END = re.compile(r"[ \t\f]*(?:\r\n|\n|\r)[ \t\f]*")
_ALIGN = {"left": "left", "right": "right", "center": "center"}
_PRESERVE = {"pre": "all", "pre-wrap": "all", "pre-line": "lines"}
_PLAIN_ITEMS = {"div", "p", "address", "header", "footer", "main", "span", "strong", "b", "em", "i", "small"}
_DEEPEST = 60
_COUNTED: tuple[Expression, ...] = (("name", "page"), ("attr", ("name", "page"), "section"))
"""Whose number of pages is known only when all are made."""
_NO_STYLE = -1
"""Of white space between elements, which takes the style of the text before it."""


class Structure(TableStructure):
    """Builds the nodes of one locale.

    Args:
        markup: the HTML, with copies of repeated elements already made.
        styles: computed style by element.
        table: collects text styles and faces.
        scope: the names of the record.
        strings: the locale's strings.
        slots: names of the template's slots.
        locale: the locale's tag.
        diagnostics: where problems go.
    """

    def __init__(
        self,
        markup: Markup,
        styles: dict[Element, Style],
        table: StyleTable,
        scope: Scope,
        strings: Mapping[str, str | dict[str, str]],
        slots: tuple[str, ...],
        locale: str,
        diagnostics: Diagnostics,
    ) -> None:
        self.markup = markup
        self.styles = styles
        self.table = table
        self.scope = scope
        self.strings = strings
        self.slots = slots
        self.locale = locale
        self.diagnostics = diagnostics
        self.running: dict[str, Element] = {}
        self.texts: dict[str, Place] = {}
        """Slots of approved text, and where each is shown first."""
        self.fills: dict[str, Place] = {}
        """Where `<pr-fill>` stands, by its text."""
        self.pictures: set[str] = set()
        """Slots of pictures."""
        self.uses_count = False
        self.links: list[tuple[Inline, ...]] = []
        self._anchors = Anchors(markup, styles, diagnostics)
        self._link = 0
        """The link whose text is being read; 0 outside of links."""
        self._rise = 0
        """How far the text that is being read is raised."""
        self._depth = 0

    # Expressions ------------------------------------------------------------------------------------------------------

    def fold(self, node: Expression, place: Place) -> Expression:
        """Put the locale's strings and name in, so that they are static text."""
        if node[0] == "attr" and node[1] == ("name", "t"):
            if node[2] not in self.strings:
                hint = closest(node[2], self.strings, otherwise="add it to strings in template.yaml")
                self.diagnostics.error("unknown-string", place, f"there is no string {node[2]!r}", hint)
            text = self.strings.get(node[2], "")
            if not isinstance(text, str):
                hint = f"write {{{{ t.{node[2]} | plural(count) }}}}"
                self.diagnostics.error("expression", place, f"the string {node[2]!r} has plural forms", hint)
                text = ""
            return ("const", text)
        if node[0] == "filter" and node[1] == "plural":
            return self._plural(node, place)
        if node == ("name", "locale"):
            return ("const", self.locale)
        if node == ("name", "t"):
            self.diagnostics.error("expression", place, "t alone cannot be shown", "write t.NAME")
            return ("const", "")
        return tuple(self.fold(part, place) if _is_node(part) else _folded(part, self, place) for part in node)

    def _plural(self, node: Expression, place: Place) -> Expression:
        """The forms of a string put in, so that a record only chooses."""
        forms: object = self.strings.get(node[2][2]) if node[2][:2] == ("attr", ("name", "t")) else None
        if not isinstance(forms, dict):
            self.diagnostics.error(
                "expression",
                place,
                "plural needs a string with plural forms",
                'write strings: {en-GB: {items: {one: "{n} item", other: "{n} items"}}}, and t.items | plural(count)',
            )
            return ("const", "")
        pairs = tuple((category, text) for category, text in sorted(forms.items()))
        return ("plural", ("forms", *pairs), self.fold(node[3][0], place))

    def expression(self, node: Expression, place: Place, scope: Scope) -> Expression:
        """Fold an expression and check its names."""
        folded = self.fold(node, place)
        scope.check(folded, lambda message, hint: self.diagnostics.error("unknown-field", place, message, hint))
        if any(_mentions(folded, ("attr", owner, "count")) for owner in _COUNTED):
            self.uses_count = True
        return folded

    def text(self, text: str, style: int, place: Callable[[int], Place], scope: Scope) -> list[Inline]:
        """The inline content of a text with expressions; `place` gives the place of the n-th expression."""
        try:
            parts = parse_text(text)
        except GrammarError as error:
            self.diagnostics.error("expression", place(error.index), str(error), error.hint)
            return []
        inlines: list[Inline] = []
        index = 0
        for part in parts:
            if isinstance(part, str):
                inlines.append(Text(style, part))
                continue
            folded = self.expression(part, place(index), scope)
            if folded[0] == "const" and isinstance(folded[1], str):
                inlines.append(Text(style, folded[1]))
            else:
                inlines.append(Value(style, folded, str(place(index))))
            index += 1
        return inlines

    # Blocks -----------------------------------------------------------------------------------------------------------

    def block(self, element: Element, x: int, width: int, scope: Scope) -> Block:
        """An element as a box with what is in it."""
        box = self._box(element, x, width)
        around = self._around
        if box.positioned:
            left, right = (border.width if border else 0 for border in (box.border_left, box.border_right))
            self._around = (box.x + left, box.width - left - right)
        children = tuple(self.children(element, box.content_x, box.content_width, scope))
        self._around = around
        check_bookmark(element, self.markup, self.styles, self.diagnostics)
        return Block(box, children, _BLOCK_ROLES.get(element.tag, ""))

    def _box(self, element: Element, x: int, width: int) -> Box:
        """An element's box, with what it asks for checked."""
        box, place = box_of(self.styles[element], x, width), self.markup.place(element)
        check_page_name(element, self.markup, self.styles, self.page_names, self.diagnostics)
        if box.picture and box.picture.slot not in self.slots:
            hint = closest(box.picture.slot, self.slots, otherwise="declare slots in template.yaml")
            self.diagnostics.error("slot", place, f"no slot {box.picture.slot!r}", hint)
        elif box.picture:
            self.pictures.add(box.picture.slot)
        check_breaks(element, box, self.markup, self.styles, self.diagnostics)
        sides = {(border.color, border.style) for border in box_borders(box) if border}
        if any(box.radii) and (len(sides) > 1 or any(style != "solid" for _, style in sides)):
            message = "rounded corners need one solid colour on all borders"
            self.diagnostics.error("value", place, message, "give all borders one colour, or leave the radius out")
        anchor = self._anchors.name(element)
        return msgspec.structs.replace(box, anchor=anchor) if anchor else box

    def children(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """What is in an element: blocks, with paragraphs around loose text."""
        self._depth += 1
        if self._depth > _DEEPEST:
            place = self.markup.place(element)
            self.diagnostics.error("nesting", place, f"elements are nested more than {_DEEPEST} deep", "simplify")
            self._depth -= 1
            return []
        nodes: list[Node] = []
        loose: list[Inline] = []

        def flush() -> None:
            paragraph = self._paragraph(element, loose, x, width)
            loose.clear()
            if paragraph is not None:
                nodes.append(paragraph)

        loose += self._loose(element, element.text, self.markup.end_of_tag(element), scope)
        for group in self._groups(element):
            first = group[0]
            if self._is_block(first):
                flush()
                nodes += self._directed(group, x, width, scope)
            else:
                loose += self._inline_directed(group, scope)
            last = group[-1]
            after = self.markup.find(last, f"</{last.tag}")
            loose += self._loose(element, last.tail, after, scope)
        flush()
        check_decimals(element, nodes, self.markup, self.styles, self.diagnostics)
        self._depth -= 1
        return nodes

    def _loose(self, element: Element, text: str | None, after: int, scope: Scope) -> list[Inline]:
        """The inline content of text that stands directly in an element; white space alone needs no font."""
        if not text:
            return []
        if not text.strip(" \t\n\r\f") and self.styles[element]["white-space"] not in _PRESERVE:
            return [Text(_NO_STYLE, " ")]
        style = self.table.index(self.styles[element], self._link, self._rise)
        if LITERAL in element.attrib:
            return [Text(style, text)]

        def place(index: int) -> Place:
            offset = after
            for _ in range(index + 1):
                found = self.markup.source.find("{", offset)
                offset = found + 2 if found >= 0 else offset
            return self.markup.at(max(offset - 2, 0))

        return self.text(text, style, place, scope)

    def _groups(self, element: Element) -> Iterator[list[Element]]:
        """Children, an element with pr-if together with the pr-else that follows it, copies of pr-for together."""
        children = [child for child in element if isinstance(child.tag, str)]
        index = 0
        while index < len(children):
            child = children[index]
            group = [child]
            index += 1
            if child.get(REPEATED) == "odd":
                group.append(children[index])
                index += 1
            elif "pr-if" in child.attrib:
                while index < len(children) and not (group[-1].tail or "").strip():
                    following = children[index].attrib
                    if "pr-else" not in following and "pr-elif" not in following:
                        break
                    group.append(children[index])
                    index += 1
                    if "pr-else" in following:
                        break
            elif "pr-else" in child.attrib or "pr-elif" in child.attrib:
                name = "pr-else" if "pr-else" in child.attrib else "pr-elif"
                self.diagnostics.error(
                    "directive",
                    self.markup.place(child),
                    f"{name} has no pr-if before it",
                    "put it on the element right after one with pr-if or pr-elif",
                )
            yield group

    def _is_block(self, element: Element) -> bool:
        style = self.styles[element]
        if style["position"] not in {"static", "relative"}:
            return True
        return style["display"] not in {"inline", "none"}

    def _skipped(self, element: Element) -> bool:
        """Check an element's name and attributes; True where it shows nothing."""
        place = self.markup.place(element)
        if element.tag not in ELEMENTS:
            hint = closest(element.tag, ELEMENTS)
            self.diagnostics.error("unknown-element", place, f"the element <{element.tag}> is not supported", hint)
            return True
        for name in element.attrib:
            if name == LITERAL:
                continue
            if name.startswith("pr-") and name not in {*DIRECTIVES, *TABLE_DIRECTIVES} and name != REPEATED:
                hint = closest(name, {*DIRECTIVES, *TABLE_DIRECTIVES})
                self.diagnostics.error("directive", place, f"unknown directive {name}", hint)
            elif name.startswith("on"):
                self.diagnostics.error("attribute", place, f"scripts ({name}) cannot stand in documents", "remove it")
            elif name in OWN.get(element.tag, ()):
                pass
            elif name not in ATTRIBUTES and not name.startswith(("pr-", "data-", "aria-")):
                hint = closest(name, ATTRIBUTES)
                self.diagnostics.error("attribute", place, f"the attribute {name} is not supported", hint)
        style = self.styles[element]
        if style["position"] == "relative":
            self._relative(element, style)
        return bool(style["display"] == "none")

    def _relative(self, element: Element, style: Style) -> None:
        """Check a positioned element: it is a block, and stays where it is."""
        moved = next((side for side in ("top", "right", "bottom", "left") if style[side] not in {"auto", 0}), None)
        if moved is not None:
            message = f"position: relative does not move a box ({moved})"
            self.diagnostics.error("position", self.markup.place(element), message, "use margins")
        if style["display"] != "block" or element.tag in {*_LISTS, "li", "img"}:
            message = f"position: relative is not supported on <{element.tag}>"
            self.diagnostics.error("position", self.markup.place(element), message, "put a <div> into it, or around it")

    def _directed(self, group: list[Element], x: int, width: int, scope: Scope) -> list[Node]:
        first = group[0]
        if first.get(REPEATED) == "odd":
            found = self._loop(first, scope)
            if found is None:
                return []
            name, items, inner, place = found
            odd, even = (self._with_condition([copy], x, width, inner) for copy in group)
            return [For(name, items, tuple(odd), tuple(even), str(place))]
        return self._with_condition(group, x, width, scope)

    def _loop(
        self, element: Element, scope: Scope, attribute: str = "pr-for"
    ) -> tuple[str, Expression, Scope, Place] | None:
        place = self.markup.at(self.markup.find(element, attribute))
        try:
            name, items = parse_loop(element.attrib[attribute])
        except GrammarError as error:
            self.diagnostics.error("expression", place, str(error), error.hint)
            return None
        folded = self.fold(items, place)
        known = scope.check(folded, lambda text, hint: self.diagnostics.error("unknown-field", place, text, hint))
        if known.get("type") not in {None, "array"}:
            self.diagnostics.error("expression", place, f"{attribute} needs a list, not {known['type']}", "name a list")
        return name, folded, scope.inside(name, known.get("items", {})), place

    def _tests(self, group: list[Element], scope: Scope) -> list[Expression | None]:
        """The condition of each element of a group; None for pr-else."""
        names = ("pr-if", "pr-elif")
        return [
            next((self._condition(element, name, scope) for name in names if name in element.attrib), None)
            for element in group
        ]

    def _condition(self, element: Element, name: str, scope: Scope) -> Expression | None:
        place = self.markup.at(self.markup.find(element, name))
        try:
            return self.expression(parse_condition(element.attrib[name]), place, scope)
        except GrammarError as error:
            self.diagnostics.error("expression", place, str(error), error.hint)
            return None

    def _with_condition(self, group: list[Element], x: int, width: int, scope: Scope) -> list[Node]:
        if "pr-if" not in group[0].attrib:
            return self._with_names(group[0], x, width, scope)
        branches = [tuple(self._with_names(element, x, width, scope)) for element in group]
        return [Conditional(tuple(zip(self._tests(group, scope), branches, strict=True)))]

    def _with_names(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """An element under the names that its pr-with gives."""
        if "pr-with" not in element.attrib:
            return self._element(element, x, width, scope)
        place = self.markup.at(self.markup.find(element, "pr-with"))
        try:
            pairs = parse_names(element.attrib["pr-with"])
        except GrammarError as error:
            self.diagnostics.error("expression", place, str(error), error.hint)
            return []
        bound: list[tuple[str, Expression]] = []
        for name, node in pairs:
            folded = self.expression(node, place, scope)
            known = scope.check(folded, lambda _message, _hint: None)
            bound.append((name, folded))
            scope = scope.named(name, known)
        return [With(tuple(bound), tuple(self._element(element, x, width, scope)), str(place))]

    def _element(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        if element.tag == SVG:
            return self._vector(element, x, width, scope)
        if self._skipped(element):
            return []
        style = self.styles[element]
        position: str = style["position"]
        if position.startswith("running("):
            self._running(element, position[8:-1])
            return []
        if position == "absolute":
            return [self._absolute(element, scope)]
        if element.tag == "img":
            return self._image(element, x, width, scope)
        if element.tag in _LISTS:
            return [self._list(element, x, width, scope)]
        if element.tag == "li":
            return self._item(element, x, width, scope)
        if element.tag == FILL:
            return [self._fill(element, x, width, scope)]
        if element.tag == CONTENT:
            return self._content(element, x, width, scope)
        if element.tag in OWN:
            make = self._barcode if element.tag == "pr-barcode" else self._chart
            return make(element, x, width, scope)
        if style["display"] == "table":
            return [self._table(element, x, width, scope)]
        if style["display"] == "flex":
            make_flex = self._flex_row if style["flex-direction"] == "row" else self._flex_column
            return [make_flex(element, x, width, scope)]
        if style["display"].startswith("table"):
            place = self.markup.place(element)
            self.diagnostics.error("structure", place, f"<{element.tag}> stands outside a table", "put it into <table>")
            return []
        return [_lighter(self.block(element, x, width, scope))]

    def _content(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """Approved text; nothing where its slot has none."""
        slot = check_content(element, self.slots, self.markup, self.diagnostics)
        if slot:
            self.texts.setdefault(slot, self.markup.place(element))
        if LITERAL not in element.attrib:
            return []
        return [_lighter(self.block(element, x, width, scope))]

    def _fill(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        """Candidates for the white space that is left: each child, or each chain of pr-if, is one."""
        texts = (element.text, *(child.tail for child in element))
        if any((text or "").strip() for text in texts):
            message = "text stands directly in <pr-fill>"
            self.diagnostics.error("structure", self.markup.place(element), message, "put it into an element")
        candidates: list[tuple[Node, ...]] = []
        for group in self._groups(element):
            first = group[0]
            if not self._is_block(first) or first.get(REPEATED):
                message = f"<{first.tag}> cannot be a candidate of <pr-fill>"
                hint = "its candidates are blocks, one after the other; pr-for may stand inside one"
                self.diagnostics.error("structure", self.markup.place(first), message, hint)
                continue
            candidates.append(tuple(self._with_condition(group, x, width, scope)))
        place = self.markup.place(element)
        self.fills[str(place)] = place
        return Fill(tuple(candidates), str(place))

    # Flexible boxes --------------------------------------------------------------------------------------------------

    def _flex_items(self, element: Element, *, directives: bool) -> list[Element]:
        """The items of a flexible box, each an element."""
        items = [child for child in element if isinstance(child.tag, str) and not self._skipped(child)]
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

    def _flex_row(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        """A row of flexible boxes: a row of cells whose widths are known here."""
        box, style = self._box(element, x, width), self.styles[element]
        items = self._flex_items(element, directives=False)
        wanted = [self._flex_item(item, box.content_width) for item in items]
        between = resolved(style["column-gap"], box.content_width) or 0
        found = places(wanted, box.content_width, between, JUSTIFY[style["justify-content"]])
        align = ALIGN[style["align-items"]]
        cells = [
            self._flex_cell(item, box.content_x + left, own, align, scope)
            for item, (left, own) in zip(items, found, strict=True)
        ]
        row = RowTemplate(cells=tuple(cells), min_height=max(box.height or 0, box.min_height), role="")
        return Table(box, (), (row,), "")

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
        return Cell(box=box_of(_ANONYMOUS, x, left + width + right), children=tuple(nodes), valign=valign, role="")

    def _flex_column(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        """A column of flexible boxes: blocks with gaps between them, whose margins do not collapse."""
        style = self.styles[element]
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
        node = _lighter(self.block(element, x, width, scope))
        self.styles |= originals  # what is made for one locale is not for the next
        return node

    def _running(self, element: Element, name: str) -> None:
        if name in self.running and self.running[name] is not element:
            place = self.markup.place(element)
            self.diagnostics.error(
                "running",
                place,
                f"two elements are running({name})",
                "give each its own name; pr-if can switch inside one",
            )
        for directive in ("pr-for", "pr-if", "pr-elif", "pr-else", "pr-with"):
            if directive in element.attrib:
                place = self.markup.place(element)
                self.diagnostics.error(
                    "running", place, f"{directive} cannot stand on a running element", "put it inside"
                )
        self.running[name] = element

    def _absolute(self, element: Element, scope: Scope) -> Node:
        if self._around is not None:
            return self._inside(element, *self._around, scope)
        if self.mirrored:
            message = "a box at a fixed place of the page needs pages that all have one left margin"
            hint = "give all @page rules one margin-left, or put the box into one with position: relative"
            self.diagnostics.error("position", self.markup.place(element), message, hint)
        style = self.styles[element]
        page_width, page_height = self.page_size
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
        return Absolute(self._at_place(element, left or 0, max(available, 0), page_width, scope), top, bottom)

    def _at_place(self, element: Element, x: int, available: int, containing: int, scope: Scope) -> Block:
        """A box at a fixed place; a percentage of its width is of all that it is placed in."""
        style = self.styles[element]
        self.styles[element] = dict(style) | {"width": resolved(style["width"], containing) or style["width"]}
        block = self.block(element, x, available, scope)
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

    page_size: tuple[int, int] = (0, 0)
    page_names: frozenset[str] = frozenset()
    """The names of the @page rules."""
    mirrored = False
    """Whether the left margin is not the same on all pages."""
    _around: tuple[int, int] | None = None
    """Left edge and width inside the border of the positioned block that is being read."""

    def _image(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        place = self.markup.place(element)
        source = element.get("src", "")
        slot = source.removeprefix("asset:")
        if not source.startswith("asset:") or slot not in self.slots:
            hint = closest(slot, self.slots, otherwise="declare slots in template.yaml")
            message = (
                f"no slot {slot!r}" if source.startswith("asset:") else 'an image comes from a slot: src="asset:SLOT"'
            )
            self.diagnostics.error("slot", place, message, hint)
            return []
        self.pictures.add(slot)
        if "alt" not in element.attrib:
            self.diagnostics.error(
                "alt", place, "the image has no alt text", 'describe it, or write alt="" for decoration'
            )
        style = self.styles[element]
        sizes = []
        for name in ("width", "height"):
            size = resolved(style[name], width)
            if size is None and name in element.attrib:
                size = pixels(element.attrib[name])
                if size is None:
                    self.diagnostics.error("attribute", place, f"{name} is not a whole number of pixels", "or use CSS")
            sizes.append(size)
        alt = self.text(element.get("alt", ""), 0, lambda _index: place, scope)
        sized = dict(style) | _OWN_SIZE
        return [
            Image(
                box_of(sized, x, width),
                slot,
                tuple(alt),
                sizes[0],
                sizes[1],
                _ALIGN.get(style["text-align"], "left"),
                max_width=resolved(style["max-width"], width),
                max_height=resolved(style["max-height"], width),
                fit=style["object-fit"],
                position=style["object-position"],
            )
        ]

    def _vector(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """A drawing in the template, as operators made here."""
        place, style = self.markup.place(element), self.styles[element]
        alone = copy.copy(element)
        alone.tail = None
        try:
            drawing = read_drawing(ET.tostring(alone))
        except PressrunError as error:
            message, _, hint = str(error).partition("; ")
            self.diagnostics.error("drawing", place, message, hint or "simplify it")
            return []
        if drawing.alphas:
            message, hint = "a drawing in the template cannot be translucent", "mix the colours, or use an SVG asset"
            self.diagnostics.error("drawing", place, message, hint)
            return []
        title = element.findtext(SVG.replace("}svg", "}title"))
        if "aria-label" not in element.attrib and title is None and element.get("aria-hidden") != "true":
            hint = 'describe it with aria-label or <title>, or write aria-hidden="true" for decoration'
            self.diagnostics.error("alt", place, "the drawing has no alternative text", hint)
        wide, tall = resolved(style["width"], width), resolved(style["height"], width)
        if wide is None:
            wide = round(drawing.width * 750 if tall is None else tall * drawing.width / drawing.height)
        most = resolved(style["max-width"], width)
        wide = wide if most is None or wide <= most else most
        tall = round(wide * drawing.height / drawing.width) if tall is None or most == wide else tall
        size = number_text(drawing.width), number_text(drawing.height)
        alt = self.text(element.get("aria-label", title or ""), 0, lambda _index: place, scope)
        return [
            Vector(
                box=box_of(dict(style) | _OWN_SIZE, x, width),
                operators=f"0 0 {size[0]} {size[1]} re W n\n{''.join(drawing.content)}",
                scale=(number_text(wide / drawing.width), number_text(tall / drawing.height)),
                width=wide,
                height=tall,
                alt=tuple(alt),
                align=_ALIGN.get(style["text-align"], "left"),
            )
        ]

    # Lists ------------------------------------------------------------------------------------------------------------

    def _list(self, element: Element, x: int, width: int, scope: Scope) -> Node:
        style, start = self.styles[element], element.get("start", "1")
        if not re.fullmatch(r"-?\d{1,6}", start):
            self._valid(element, "start", start, ("a whole number",))
            start = "1"
        box = self._box(element, x, width)
        for child in element:
            if isinstance(child.tag, str) and child.tag != "li":
                place = self.markup.place(child)
                self.diagnostics.error(
                    "structure", place, f"<{child.tag}> cannot stand in a list", "its items are <li>"
                )
        children = self.children(element, box.content_x, box.content_width, scope)
        return List(box, tuple(children), style["list-style-type"], int(start))

    def _item(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        around = self.markup.parent(element)
        if around is None or around.tag not in _LISTS:
            place = self.markup.place(element)
            self.diagnostics.error("structure", place, "<li> stands outside a list", "put it into <ul> or <ol>")
            return []
        box = self._box(element, x, width)
        children = self.children(element, box.content_x, box.content_width, scope)
        return [ListItem(box, tuple(children), self.table.index(self.styles[element]))]

    # Drawings ---------------------------------------------------------------------------------------------------------

    def _barcode(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        place, style = self.markup.place(element), self.styles[element]
        kind, level, quiet = element.get("type", "qr"), element.get("level", "M"), element.get("quiet", "4")
        self._valid(element, "type", kind, tuple(BARCODES))
        self._valid(element, "level", level, LEVELS)
        self._valid(element, "quiet", quiet, ("0", "1", "2", "3", "4"))
        value = self._attribute_text(element, "value", scope)
        alt = self._attribute_text(element, "alt", scope)
        if not value or not quiet.isdecimal():
            return []
        return [
            Barcode(
                box=box_of(dict(style) | {"height": "auto", "width": "auto"}, x, width),
                kind=kind,
                value=value,
                alt=alt,
                size=min(resolved(style["width"], width) or _CODE_SIZE, width),
                quiet=int(quiet),
                level=level,
                color=style["color"],
                align=_ALIGN.get(style["text-align"], "left"),
                place=str(place),
            )
        ]

    def _chart(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        place, style = self.markup.place(element), self.styles[element]
        self._valid(element, "type", element.get("type", "bar"), CHARTS)
        for name in ("items", "value", "label"):
            if name not in element.attrib:
                hint = 'e.g. items="month in months" value="month.amount" label="{{ month.name }}"'
                self.diagnostics.error("attribute", place, f"<pr-chart> needs {name}", hint)
                return []
        found = self._loop(element, scope, "items")
        if found is None:
            return []
        loop, items, inner, _ = found
        try:
            value = self.expression(parse_condition(element.attrib["value"]), place, inner)
        except GrammarError as error:
            self.diagnostics.error("expression", place, str(error), error.hint)
            return []
        tick = element.get("tick", "{{ value | number }}")
        ticks = scope.inside("value", {"type": "number"})
        colors = {}
        for name, default in (("bar-color", style["color"]), ("line-color", _LINE), ("axis-color", style["color"])):
            colors[name] = default
            if name in element.attrib:
                try:
                    colors[name] = color(tinycss2.parse_component_value_list(element.attrib[name]))
                except InvalidValueError as error:
                    self.diagnostics.error("attribute", place, f"{name} is not a colour", str(error))
        return [
            Chart(
                box=box_of(dict(style) | {"height": "auto"}, x, width),
                name=loop,
                items=items,
                value=value,
                label=tuple(self.text(element.attrib["label"], 0, lambda _index: place, inner)),
                tick=tuple(self.text(tick, 0, lambda _index: place, ticks)),
                alt=self._attribute_text(element, "alt", scope),
                height=max(resolved(style["height"], 0) or _CHART_HEIGHT, 4 * style["font-size"]),
                style=self.table.index(style),
                color=colors["bar-color"],
                line=colors["line-color"],
                axis=colors["axis-color"],
                place=str(place),
            )
        ]

    def _valid(self, element: Element, name: str, value: str, valid: tuple[str, ...]) -> None:
        if value not in valid:
            place = self.markup.place(element)
            self.diagnostics.error(
                "attribute", place, f"{name} {value!r} is not supported", f"valid: {', '.join(valid)}"
            )

    def _attribute_text(self, element: Element, name: str, scope: Scope) -> tuple[Inline, ...]:
        """The text of an attribute that a drawing must have."""
        place = self.markup.place(element)
        if name not in element.attrib:
            hint = 'describe what it shows, or write alt="" for decoration' if name == "alt" else "say what it shows"
            self.diagnostics.error(
                "alt" if name == "alt" else "attribute", place, f"<{element.tag}> needs {name}", hint
            )
        return tuple(self.text(element.get(name, ""), 0, lambda _index: place, scope))

    # Inline -----------------------------------------------------------------------------------------------------------

    def _inline_directed(self, group: list[Element], scope: Scope) -> list[Inline]:
        first = group[0]
        if "pr-for" in first.attrib:
            place = self.markup.place(first)
            self.diagnostics.error(
                "directive", place, "pr-for inside a line is not supported yet", "repeat a block or a row"
            )
            return []
        if "pr-if" not in first.attrib:
            return self._inline(first, scope)
        branches = [tuple(self._inline(element, scope)) for element in group]
        return [InlineConditional(tuple(zip(self._tests(group, scope), branches, strict=True)))]

    def _inline(self, element: Element, scope: Scope) -> list[Inline]:
        if self._skipped(element):
            return []
        if element.tag == "br":
            return [Break()]
        if element.tag == "a":
            return self._anchor(element, scope)
        before, style = self._rise, self.styles[element]
        around = self.markup.parent(element)
        if around is not None and style["white-space"] != self.styles[around]["white-space"]:
            place = self.markup.place(element)
            message = "white-space is not supported inside a line"
            self.diagnostics.error("value", place, message, "put it on the block, or write &nbsp; between the words")
        self._rise += round(_RISES.get(style["vertical-align"], 0.0) * style["font-size"])
        found = self._inlines(element, scope)
        self._rise = before
        return found

    def _anchor(self, element: Element, scope: Scope) -> list[Inline]:
        """A link: its text has a style of its own, by which layout knows where the link is."""
        place, target = self.markup.place(element), element.get("href", "")
        if self._link:
            self.diagnostics.error("structure", place, "a link stands in a link", "end the outer one before")
        fixed = target.partition("{{")[0]
        if fixed == target and not (SAFE_TARGET.match(target) or target[:1] == "#"):
            self.diagnostics.error("link", place, f"the link {target!r} is not supported", f"valid: {TARGETS}")
            return self._inlines(element, scope)
        literal: tuple[Inline, ...] = (Text(0, target),)
        told = literal if LITERAL in element.attrib else tuple(self.text(target, 0, lambda _index: place, scope))
        self.links.append(told)
        self._link = len(self.links)
        found = self._inlines(element, scope)
        self._link = 0
        return found

    def _inlines(self, element: Element, scope: Scope) -> list[Inline]:
        inlines = self._loose(element, element.text, self.markup.end_of_tag(element), scope)
        for group in self._groups(element):
            if self._is_block(group[0]):
                place = self.markup.place(group[0])
                message = f"the block <{group[0].tag}> stands inside the inline <{element.tag}>"
                self.diagnostics.error("structure", place, message, "make the outer element a block")
                continue
            inlines += self._inline_directed(group, scope)
            after = self.markup.find(group[-1], f"</{group[-1].tag}")
            inlines += self._loose(element, group[-1].tail, after, scope)
        return inlines

    def _paragraph(self, element: Element, inlines: list[Inline], x: int, width: int) -> Paragraph | None:
        style = self.styles[element]
        preserve = _PRESERVE.get(style["white-space"], "")
        collapsed, content, _space = collapse(inlines, space=True, preserve=preserve)
        if not content:
            return None
        own = self.table.index(style)
        collapsed = [
            Text(own, inline.text) if isinstance(inline, Text) and inline.style == _NO_STYLE else inline
            for inline in collapsed
        ]
        plain = dict(_ANONYMOUS)
        last = style["text-align-last"]
        if last == "auto":
            last = _ALIGN.get(style["text-align"], "left")
        behind = decimals(style, self.locale)
        if behind:
            last = "right"
        return Paragraph(
            box=box_of(plain, x, width),
            inlines=tuple(collapsed),
            style=own,
            align=last,
            upper="" if behind or style["text-align"] == last else style["text-align"],
            wrap=style["white-space"] not in {"nowrap", "pre"},
            preserve=preserve,
            orphans=style["orphans"],
            widows=style["widows"],
            role=_TEXT_ROLES.get(element.tag, "P"),
            bookmark=bookmark_level(element, self.markup, self.styles),
            decimals=behind,
        )


_ANONYMOUS: dict[str, Any] = {
    "width": "auto", "height": "auto", "min-height": 0, "min-width": 0, "max-width": "none", "max-height": "none",
    "box-sizing": "content-box", "position": "static", "background-color": None,
    "background-image": "", **{f"border-{corner}-radius": 0 for corner in CORNERS}, "break-before": "auto",
    "break-after": "auto", "break-inside": "auto", "page": "auto", "counter-reset": "none",
    **{f"{kind}-{side}": 0 for kind in ("margin", "padding") for side in ("top", "right", "bottom", "left")},
    **{f"border-{side}-width": 0 for side in ("top", "right", "bottom", "left")},
    **{f"border-{side}-style": "none" for side in ("top", "right", "bottom", "left")},
    **{f"border-{side}-color": 0 for side in ("top", "right", "bottom", "left")},
}  # fmt: skip


_OWN_SIZE = {
    "height": "auto",
    "width": "auto",
    "max-width": "none",
    "max-height": "none",
    "min-width": 0,
    "min-height": 0,
}
"""What sizes a picture is no size of the box that it stands in."""


def _lighter(block: Block) -> Node:
    """A box that has nothing of its own but margins around one paragraph, as that paragraph: most `p` are."""
    box, only = block.box, block.children[0] if len(block.children) == 1 else None
    edged = box.padding_top or box.padding_bottom or box.height is not None or box.min_height
    painted = (
        box.background is not None
        or box.picture
        or box.border_top
        or box.border_right
        or box.border_bottom
        or box.border_left
    )
    broken = box.break_before or box.break_after or box.page or box.section or box.keep_inside or box.keep_next
    if not isinstance(only, Paragraph) or edged or painted or broken or block.role:
        return block
    if only.box.margin_top or only.box.margin_bottom:
        return block
    inner = msgspec.structs.replace(
        only.box, margin_top=box.margin_top, margin_bottom=box.margin_bottom, anchor=box.anchor
    )
    return msgspec.structs.replace(only, box=inner)


def _is_node(part: object) -> bool:
    return isinstance(part, tuple) and bool(part) and isinstance(part[0], str)


def _folded(part: Any, structure: Structure, place: Place) -> Any:
    # The arguments of a filter are a tuple of nodes.
    if isinstance(part, tuple):
        return tuple(structure.fold(item, place) if _is_node(item) else item for item in part)
    return part


def _mentions(node: Any, wanted: Expression) -> bool:
    return node == wanted or (isinstance(node, tuple) and any(_mentions(part, wanted) for part in node))


def collapse(inlines: list[Inline], *, space: bool, preserve: str = "") -> tuple[list[Inline], bool, bool]:
    """Collapse white space as CSS Text 3, 4.1.1 has it.

    Args:
        inlines: what stands in the line.
        space: whether white space was just before (or the line begins).
        preserve: what white space stays: `lines`, `all` or nothing.

    Returns:
        the inlines, whether there is anything but white space, and whether the last thing was white space.
    """
    found: list[Inline] = []
    content = False
    for inline in inlines:
        if isinstance(inline, Text):
            text = _collapsed(inline.text, preserve)
            style = inline.style
            if style == _NO_STYLE:
                style = next((before.style for before in found[::-1] if isinstance(before, Text | Value)), _NO_STYLE)
            if space and preserve != "all":
                text = text.removeprefix(" ")
            if text:
                space = text.endswith((" ", "\n"))
                content = content or bool(text.strip(" \t\n"))
                if found and isinstance(found[-1], Text) and found[-1].style == style:
                    text = found.pop().text + text  # type: ignore[union-attr]
                found.append(Text(style, text))
        elif isinstance(inline, Break):
            found.append(inline)
            space, content = True, True
        elif isinstance(inline, Value):
            found.append(msgspec.structs.replace(inline, preserve=True) if preserve else inline)
            space, content = False, True
        else:
            branches = []
            for test, parts in inline.branches:
                inner, some, _ = collapse(list(parts), space=space, preserve=preserve)
                content = content or some
                branches.append((test, tuple(inner)))
            found.append(InlineConditional(tuple(branches)))
            space = False
    return found, content, space


def _collapsed(text: str, preserve: str) -> str:
    if preserve == "all":
        return text.replace("\r\n", "\n").replace("\r", "\n")
    if preserve == "lines":
        return _SPACE_IN_LINE.sub(" ", _LINE_END.sub("\n", text))
    return _SPACE.sub(" ", text)
