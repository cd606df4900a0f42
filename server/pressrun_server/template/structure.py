"""Builds a program's nodes from elements and their computed styles: what is block, what is inline, what repeats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

import msgspec

from pressrun_server.model.expression import Expression
from pressrun_server.model.program import (
    Block,
    Box,
    Conditional,
    Fill,
    For,
    Inline,
    List,
    ListItem,
    Node,
    With,
)
from pressrun_server.template.approved import CONTENT, LITERAL, check_content
from pressrun_server.template.bookmarks import check_bookmark
from pressrun_server.template.breaks import check_breaks
from pressrun_server.template.builder import ANONYMOUS, BLOCK_ROLES, DIRECTIVES, lighter
from pressrun_server.template.cascade import REPEATED, SVG, Style
from pressrun_server.template.datacolumns import TURN, turn_of
from pressrun_server.template.decimals import check_decimals
from pressrun_server.template.definitions import DEFINITIONS, DefinitionStructure
from pressrun_server.template.diagnostics import Diagnostics, Place, closest
from pressrun_server.template.figures import FigureStructure
from pressrun_server.template.filling import FILL
from pressrun_server.template.flexboxes import FlexStructure
from pressrun_server.template.footnotes import is_footnote
from pressrun_server.template.generated import GENERATED
from pressrun_server.template.geometry import box_borders, box_of, fluid_of
from pressrun_server.template.grammar import GrammarError, parse_condition, parse_loop, parse_names
from pressrun_server.template.inlines import InlineStructure
from pressrun_server.template.links import Anchors
from pressrun_server.template.markup import Markup
from pressrun_server.template.multicolumn import check_columns, column_set
from pressrun_server.template.pagenames import check_page_name
from pressrun_server.template.positioned import PositionedStructure
from pressrun_server.template.scope import Scope, types_of
from pressrun_server.template.sheets import check_room
from pressrun_server.template.styles import StyleTable
from pressrun_server.template.tables import TABLE_DIRECTIVES, TableStructure
from pressrun_server.template.texts import TextStructure
from pressrun_server.template.values import Relative

__all__ = ["ATTRIBUTES", "ELEMENTS", "OWN", "Structure"]

ELEMENTS = {
    "html", "head", "title", "style", "link", "meta", "body", "header", "footer", "main", "section", "article", "aside",
    "nav", "div", "address", "p", "h1", "h2", "h3", "h4", "h5", "h6", "span", "a", "strong", "b", "em", "i", "small",
    "sub", "sup", "u", "ins", "s", "del", "code", "cite", "mark", "kbd", "samp", "dfn", "abbr",
    "pre",
    "br", "hr", "img", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "figure",
    "figcaption", "blockquote", "pr-barcode", "pr-chart", CONTENT, FILL, "ul", "ol", "li", "dl", "dt", "dd",
}  # fmt: skip
_INSTEAD = {
    "center": "write text-align: center",
    "font": "write a <span> with color, font-size or font-family",
    "big": "write a <span> with font-size",
    "tt": "write <code>",
    "q": "write the quotation marks of the language",
    "label": "write a <span>",
    "nobr": "write white-space: nowrap on a block, or no-break spaces (&nbsp;)",
    "wbr": "write a soft hyphen (&shy;), or a zero-width space (&#8203;)",
    "button": "documents have no state; write a link",
    "input": "documents have no state; write what is to be filled in as a box with a border",
    "video": "show a still by <img>, and lead to the film by a link",
}
"""What to write for elements of HTML that there are not."""
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
_FIXED = {
    "class": "write the element once for each class, with pr-if and pr-else",
    "id": "write it out",
    "lang": "write the language, e.g. fr; what says none is in the document's own",
    "role": "write it out",
    "scope": "write row or col",
}
"""Attributes that are the same in all documents, and what to write where they should not be."""
_LISTS = {"ul", "ol"}
OWN = {
    CONTENT: {"slot"},
    "pr-barcode": {"type", "value", "level", "quiet"},
    "pr-chart": {"type", "items", "value", "label", "tick", "bar-color", "line-color", "axis-color"},
}
"""Attributes of elements of our own."""
_DEEPEST = 60


class Structure(
    TextStructure,
    InlineStructure,
    FlexStructure,
    DefinitionStructure,
    FigureStructure,
    PositionedStructure,
    TableStructure,
):
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
        self._items: dict[Element, str] = {}

    # Blocks -----------------------------------------------------------------------------------------------------------

    def block(self, element: Element, x: int, width: int, scope: Scope) -> Block:
        """An element as a box with what is in it."""
        box = self._box(element, x, width)
        around = self._around
        if box.positioned:
            left, right = (border.width if border else 0 for border in (box.border_left, box.border_right))
            self._around = (box.x + left, box.width - left - right)
        columns = column_set(
            element, box.content_width, self.markup, self.styles, self.diagnostics, fluid=box.fluid is not None
        )
        width = columns.width if columns is not None else box.content_width
        if self.styles[element]["display"] == "flex":
            children = self._flex_inside(element, box, scope)
        else:
            children = tuple(self.children(element, box.content_x, width, scope))
        self._around = around
        check_bookmark(element, self.markup, self.styles, self.diagnostics)
        return Block(box, children, self._block_role(element), columns)

    def _block_role(self, element: Element) -> str:
        """A block's type in the structure; nothing where it only groups."""
        if element.tag == "caption":
            return "" if self._layout_only(element) or not self._holds_blocks(element) else "Caption"
        return BLOCK_ROLES.get(element.tag) or self._definition_role(element)

    def _box(self, element: Element, x: int, width: int) -> Box:
        """An element's box, with what it asks for checked."""
        box, place = box_of(self.styles[element], x, width), self.markup.place(element)
        check_page_name(element, self.markup, self.styles, self.sheets.keys() - {""}, self.diagnostics)
        if box.picture and box.picture.slot not in self.slots:
            hint = closest(box.picture.slot, self.slots, otherwise="declare slots in template.yaml")
            self.diagnostics.error("slot", place, f"no slot {box.picture.slot!r}", hint)
        elif box.picture:
            self.pictures.add(box.picture.slot)
        check_columns(element, self.markup, self.styles, self.diagnostics)
        check_breaks(element, box, self.markup, self.styles, self.diagnostics)
        sides = {(border.color, border.style) for border in box_borders(box) if border}
        if any(box.radii) and (len(sides) > 1 or any(style != "solid" for _, style in sides)):
            message = "rounded corners need one solid colour on all borders"
            self.diagnostics.error("value", place, message, "give all borders one colour, or leave the radius out")
        for side in ("top", "right", "bottom", "left"):
            margin = self.styles[element][f"margin-{side}"]
            if isinstance(margin, Relative) and margin.number * width / 100 + margin.plus < 0:
                message = f"margin-{side} comes to less than nothing here"
                hint = "margins below 0 are not supported; use padding on the element around it, or position: absolute"
                self.diagnostics.error("value", place, message, hint)
        anchor = self._anchors.name(element)
        if self._fluid:
            box = msgspec.structs.replace(box, fluid=fluid_of(self.styles[element], width))
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
        if is_footnote(style):
            return False
        return style["display"] not in {"inline", "none"}

    def _skipped(self, element: Element) -> bool:
        """Check an element's name and attributes; True where it shows nothing."""
        place = self.markup.place(element)
        if element.tag not in ELEMENTS:
            hint = _INSTEAD.get(element.tag) or closest(element.tag, ELEMENTS)
            self.diagnostics.error("unknown-element", place, f"the element <{element.tag}> is not supported", hint)
            return True
        for name in element.attrib:
            if name in {LITERAL, GENERATED, TURN}:
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
            elif name in _FIXED and "{{" in element.attrib[name]:
                where = self.markup.at(self.markup.find(element, name))
                message = f"{name} is the same in all documents and can't have an expression"
                self.diagnostics.error("attribute", where, message, _FIXED[name])
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
        if style["display"] not in {"block", "flex"} or element.tag in {*_LISTS, "li", "img"}:
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
        kinds = types_of(known)
        if kinds and "array" not in kinds:
            told = " or ".join(kinds)
            self.diagnostics.error("expression", place, f"{attribute} needs a list, not {told}", "name a list")
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
        named = self._names(element, scope)
        if named is None:
            return self._element(element, x, width, scope)
        names, inner, place = named
        return [With(names, tuple(self._element(element, x, width, inner)), str(place))]

    def _names(self, element: Element, scope: Scope) -> tuple[tuple[tuple[str, Expression], ...], Scope, Place] | None:
        """What an element's pr-with names, the scope with it, and where it says so; None where it has none."""
        turn = turn_of(element)
        if "pr-with" not in element.attrib and turn is None:
            return None
        place = self.markup.at(self.markup.find(element, "pr-with" if turn is None else "pr-for"))
        try:
            pairs = parse_names(element.attrib["pr-with"]) if "pr-with" in element.attrib else []
        except GrammarError as error:
            self.diagnostics.error("expression", place, str(error), error.hint)
            return None
        bound: list[tuple[str, Expression]] = []
        if turn is not None:
            own, scope = self._turn(*turn, place, scope)
            bound += own
        for name, node in pairs:
            folded = self.expression(node, place, scope)
            known = scope.check(folded, lambda _message, _hint: None)
            bound.append((name, folded))
            scope = scope.named(name, known)
        return tuple(bound), scope, place

    def _turn(
        self, number: int, count: int, loop: str, place: Place, scope: Scope
    ) -> tuple[list[tuple[str, Expression]], Scope]:
        """The names of a turn of a cell's loop, and the scope with them."""
        name, items = parse_loop(loop)
        folded = self.expression(items, place, scope)
        known = scope.check(folded, lambda _message, _hint: None)
        length: Expression = ("filter", "length", folded, ())
        told = f"a list {loop.partition(' in ')[2].strip()} of {count} items, as many as the table has columns,"
        lacking: Expression = ("name", told)
        item: Expression = ("if", ("cmp", "==", length, ("const", count)), ("item", folded, ("const", number)), lacking)
        turn = {
            "index": number + 1, "index0": number, "first": not number, "last": number == count - 1, "length": count,
        }  # fmt: skip
        return [(name, item), ("loop", ("const", turn))], scope.inside(name, known.get("items", {}))

    def _on_pages(self, name: str, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """An element on pages of another name, which may have another size."""
        outer, content_width = self.page, self.sheets[name].content_width
        if content_width != self.sheets[outer].content_width:
            room = (x, width)
            check_room(element, room, self.page_content, self.markup, self.styles, self.diagnostics)
            width = content_width
        self.page = name
        nodes = self._element(element, x, width, scope)
        self.page = outer
        return nodes

    def _element(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        if element.tag != SVG and self._skipped(element):
            return []
        if element in self._items:
            return self._flex_item(element, x, width, scope)
        style = self.styles[element]
        if style["page"] in self.sheets and style["page"] != self.page:
            return self._on_pages(style["page"], element, x, width, scope)
        position: str = style["position"]
        if position.startswith("running("):
            self._running(element, position[8:-1])
            return []
        if position == "absolute":
            return [self._absolute(element, scope)]
        if element.tag == SVG:
            return self._vector(element, x, width, scope)
        if self._fluid:
            self._check_waiting(element)
        if element.tag == "img":
            return self._image(element, x, width, scope)
        if element.tag in _LISTS:
            return [self._list(element, x, width, scope)]
        if element.tag == "li":
            return self._item(element, x, width, scope)
        if element.tag in DEFINITIONS:
            return self._definition(element, x, width, scope)
        if element.tag == FILL:
            return [self._fill(element, x, width, scope)]
        if element.tag == CONTENT:
            return self._content(element, x, width, scope)
        if element.tag in OWN:
            barcode = element.tag == "pr-barcode"
            return [*(self._barcode if barcode else self._chart)(element, x, width, scope)]
        if style["display"] == "table":
            return [self._table(element, x, width, scope)]
        if style["display"] == "flex":
            return [self._flex(element, x, width, scope)]
        if style["display"].startswith("table"):
            place = self.markup.place(element)
            self.diagnostics.error("structure", place, f"<{element.tag}> stands outside a table", "put it into <table>")
            return []
        return [lighter(self.block(element, x, width, scope))]

    def apart(self, element: Element, x: int, width: int, scope: Scope) -> Block:
        """An element outside of the flow as a box; what is none by itself (a picture, a list, a table) is in one."""
        style = self.styles[element]
        own = element.tag in {SVG, "img", CONTENT, *_LISTS, *OWN} or style["display"] == "table"
        if not own:
            return self.block(element, x, width, scope)
        # A picture of its own size at the right edge of its place.
        right = style["left"] == "auto" and style["right"] != "auto" and style["width"] == "auto"
        self.styles[element] = dict(style) | {"position": "static"} | ({"text-align": "right"} if right else {})
        nodes = self._element(element, x, width, scope)
        self.styles[element] = style
        return Block(box_of(ANONYMOUS, x, width), tuple(nodes), "")

    def _no_flex(self, element: Element) -> None:
        """Report an item or a cell that is to be a flexible box."""
        if self.styles[element]["display"] == "flex":
            message = f"display: flex is not supported on <{element.tag}>"
            self.diagnostics.error("value", self.markup.place(element), message, "put a <div> with it into the element")

    def _content(self, element: Element, x: int, width: int, scope: Scope) -> list[Node]:
        """Approved text; nothing where its slot has none."""
        slot = check_content(element, self.slots, self.markup, self.diagnostics)
        if slot:
            self.texts.setdefault(slot, self.markup.place(element))
        if LITERAL not in element.attrib:
            return []
        return [lighter(self.block(element, x, width, scope))]

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
        self._no_flex(element)
        box = self._box(element, x, width)
        children = self.children(element, box.content_x, box.content_width, scope)
        return [ListItem(box, tuple(children), self.table.index(self.styles[element]))]
