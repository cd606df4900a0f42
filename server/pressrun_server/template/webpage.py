"""Builds the program of a page for browsers from elements and their computed styles.

The markup stays what it is (headings, tables, lists, links, alternative texts, languages); what only paper knows is
left out: pages, their numbers, fixed places. Running elements of the first page stand once, before and behind the
content.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import msgspec

from pressrun_server.model.program import Break, Inline, InlineConditional, InlineFor, InlineWith, Text, Value
from pressrun_server.model.webpage import (
    Adding,
    Called,
    Choice,
    Code,
    First,
    Graph,
    Named,
    Notes,
    Part,
    Picture,
    Repeat,
    Shown,
    Summing,
    Target,
)
from pressrun_server.template.approved import CONTENT, LITERAL
from pressrun_server.template.builder import PRESERVE
from pressrun_server.template.cascade import BLOCKS, REPEATED, SVG, TABLE_PARTS, Style
from pressrun_server.template.figures import CODE_SIZE
from pressrun_server.template.filling import FILL
from pressrun_server.template.footnotes import CALL, CALL_LABEL, MARKER, MARKER_LABEL, check_footnote, is_footnote
from pressrun_server.template.generated import GENERATED
from pressrun_server.template.links import SAFE_TARGET
from pressrun_server.template.scope import Scope
from pressrun_server.template.structure import Structure
from pressrun_server.template.stylesheet import PageRule, StyleSheet
from pressrun_server.template.weblinks import IMAGE_HOSTS, MEDIA_HOSTS
from pressrun_server.template.webstyle import (
    BACKDROP,
    BESIDE,
    CHART,
    CODE,
    LAYOUT,
    LETTERHEAD,
    NOTES,
    WebStyles,
    alignment,
)

__all__ = ["CODE_SIZE", "SPACE", "WIDE", "WebPage", "joined"]

_VOID: Final = {"br", "hr", "img", "col"}
_KEPT: Final = ("lang", "role", "scope", "colspan", "rowspan", "start", "id")
_TOLD: Final = ("title", "aria-label", "aria-describedby", "aria-hidden")
SPACE: Final = re.compile(r"[ \t\n\r\f]+")
_PHRASING: Final = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre"}
"""Blocks that hold no blocks in HTML."""
_PAGED: Final = re.compile(r"\{\{[^}]*\bpage\s*\.")
"""An expression that asks for a page's number."""
WIDE: Final = 4
"""Columns from which a table is scrolled sideways where it does not fit."""
_FIRST: Final = frozenset({"first", "right"})
_EDGES: Final = {
    "top": ("top-left", "top-center", "top-right"),
    "bottom": ("bottom-left", "bottom-center", "bottom-right"),
}
_HEAD: Final = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="referrer" content="no-referrer"><meta name="format-detection" content="telephone=no">'
)
_POLICY: Final = (
    f"default-src 'none';img-src data:\0{IMAGE_HOSTS}\0\0{MEDIA_HOSTS}\0;style-src 'sha256-{{}}';"
    "base-uri 'none';form-action 'none'"
)
"""What a page may do; a composition puts hosts in, where documents link."""


class WebPage(Structure):
    """Builds the whole document of one locale; its arguments are those of `Structure`."""

    _MAIN = ("<main>", "</main>")
    """Stands around the content where the template's own has none."""
    _NOTES = f'<ol class="{NOTES}">'
    """The list of footnotes."""
    _CHART = ("span", CHART, ">")
    """The element of charts, its class, and the end of its tag, where nothing follows it."""
    _looped = 0
    """How many loops are around the element that is being read: an id in one would be there more than once."""
    _left_out: frozenset[Element] = frozenset()
    _width = 0
    """Of a page's content, in millipoints."""

    def document(
        self, body: Element, sheets: Iterable[StyleSheet], title: list[Inline], width: int, *, narrow: bool = False
    ) -> tuple[Part, ...]:
        """The whole document.

        Args:
            body: the body.
            sheets: the style sheets; their @page rules say what runs along the first page.
            title: the document's title.
            width: of a page's content, in millipoints.
            narrow: whether it is for telephones alone.
        """
        self._width = width
        self._looks = WebStyles(self.styles[body], width, narrow=narrow)
        top, before, inside, behind, bottom = self._all_parts(body, sheets)
        parts: list[Part] = []
        if top or before:
            letterhead = f'<div class="{LETTERHEAD}">' if before else ""
            parts += ["<header>", *top, letterhead, *before, "</div>" if before else "", "</header>"]
        parts += inside
        if bottom or behind:
            parts += ["<footer>", *behind, *bottom, "</footer>"]
        sheet = self._looks.sheet()
        digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
        begin = (
            f'<!DOCTYPE html>\n<html lang="{html.escape(self.locale)}"><head>{_HEAD}'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(digest)}"><title>'
        )
        middle = f"</title><style>{sheet}</style></head>\n<body>"
        return joined([begin, *self._converted(title), middle, *parts, "</body></html>\n"])

    def _all_parts(
        self, body: Element, sheets: Iterable[StyleSheet]
    ) -> tuple[list[Part], list[Part], list[Part], list[Part], list[Part]]:
        """What runs above the first page, stands before, in and behind the main content, and runs below the page."""
        self._arranged: dict[Element, str] = {}
        around = self.styles[body]
        before, inside, behind = self._landmarks(body, around)
        if self.noted:
            self._looks.noted = True
            notes = Notes(self._NOTES)
            inside.insert(-1 if inside[-1:] == ["</main>"] else len(inside), notes)
            behind.append(notes)
        runs = _runs(sheets)
        self._gather(body)
        top, bottom = (self._running_parts(runs[edge], around) for edge in ("top", "bottom"))
        return top, before, inside, behind, bottom

    # What stands where ------------------------------------------------------------------------------------------------

    def _landmarks(self, body: Element, around: Style) -> tuple[list[Part], list[Part], list[Part]]:
        """What stands before, in and behind the main content."""
        groups: list[tuple[list[Element], list[Part]]] = []
        scope = self.scope
        loose = self._converted(self._loose(body, body.text, self.markup.end_of_tag(body), scope))
        for group in self._groups(body):
            groups.append((group, self._directed_parts(group, around, scope)))
            after = self.markup.find(group[-1], f"</{group[-1].tag}")
            loose += self._converted(self._loose(body, group[-1].tail, after, scope))
        texts = [part for part in loose if not isinstance(part, str) or part.strip()]
        main = next((index for index, (group, _) in enumerate(groups) if group[0].tag == "main"), None)
        if main is None or texts:
            opening, closing = self._MAIN
            return [], [opening, *self._inner(body, around, scope), closing], []
        before = [part for _, parts in groups[:main] for part in parts]
        behind = [part for _, parts in groups[main + 1 :] for part in parts]
        return before, groups[main][1], behind

    def _gather(self, body: Element) -> None:
        """Find the running elements, wherever they stand."""
        for element in body.iter():
            position = self.styles[element]["position"] if isinstance(element.tag, str) else ""
            if position.startswith("running("):
                self.running.setdefault(position[8:-1], element)

    def _running_parts(self, names: list[str], around: Style) -> list[Part]:
        """Running elements, without what tells a page's number."""
        parts: list[Part] = []
        for name in names:
            element = self.running.get(name)
            if element is not None:
                self._left_out = frozenset(_paged(element))
                if element not in self._left_out:
                    found = self._tagged(element, around, self.scope.with_page(), "div")
                    parts += found
                self._left_out = frozenset()
        return parts

    # Elements ---------------------------------------------------------------------------------------------------------

    def _inner(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        """What is in an element."""
        parts = self._converted(self._loose(element, element.text, self.markup.end_of_tag(element), scope), element)
        for group in self._groups(element):
            parts += self._directed_parts(group, around, scope)
            after = self.markup.find(group[-1], f"</{group[-1].tag}")
            parts += self._converted(self._loose(element, group[-1].tail, after, scope), element)
        return parts

    def _directed_parts(self, group: list[Element], around: Style, scope: Scope) -> list[Part]:
        first = group[0]
        if first.get(REPEATED) == "odd":
            found = self._loop(first, scope)
            if found is None:
                return []
            name, items, inner, place = found
            self._looped += 1
            odd, even = (tuple(self._chosen([copied], around, inner)) for copied in group)
            self._looped -= 1
            return [Repeat(name, items, odd, even, str(place))]
        return self._chosen(group, around, scope)

    def _chosen(self, group: list[Element], around: Style, scope: Scope) -> list[Part]:
        if "pr-if" not in group[0].attrib:
            return self._named_parts(group[0], around, scope)
        branches = [tuple(self._named_parts(element, around, scope)) for element in group]
        return [Choice(tuple(zip(self._tests(group, scope), branches, strict=True)))]

    def _named_parts(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        named = self._names(element, scope)
        if named is None:
            return self._shown(element, around, scope)
        names, inner, place = named
        return [Named(names, tuple(self._shown(element, around, inner)), str(place))]

    def _shown(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        """An element with what is in it."""
        if element in self._left_out:
            return []
        if element.tag == SVG:
            return self._drawing(element, around, scope)
        if self._skipped(element) or self.styles[element]["position"].startswith("running("):
            return []
        if is_footnote(self.styles[element]):
            return self._footnote_parts(element, around, scope)
        if element.tag == "img":
            return self._picture(element, around, scope)
        if element.tag == "pr-barcode":
            return self._code(element, around, scope)
        if element.tag == "pr-chart":
            return self._graph(element, around, scope)
        if element.tag == FILL:
            candidates = [tuple(self._chosen(group, around, scope)) for group in self._groups(element)]
            return [First(tuple(candidates))]
        if element.tag == CONTENT:
            return self._tagged(element, around, scope, "div") if LITERAL in element.attrib else []
        if element.tag == "table":
            return self._table_parts(element, around, scope)
        if element.tag == "tr":
            return self._row_parts(element, around, scope)
        if element.tag == "a":
            return self._link_parts(element, around, scope)
        return self._tagged(element, around, scope, self._tag(element), classes=self._arranged.get(element, ""))

    def _tag(self, element: Element) -> str:
        """The element's name; a header, footer or main that stands in another landmark is a division there."""
        parent = self.markup.parent(element)
        if element.tag in {"header", "footer", "main"} and parent is not None and parent.tag == "body":
            return "main" if element.tag == "main" else "div"
        if not len(element) and not (element.text or "").strip() and self._is_mark(element):
            return ""
        if GENERATED in element.attrib and self._is_block(element) and parent is not None:
            return "div" if parent.tag in BLOCKS - _PHRASING or parent.tag in TABLE_PARTS else "span"
        return element.tag

    def _is_mark(self, element: Element) -> bool:
        """Whether it is nothing but lines at a fixed place, such as a fold mark."""
        return bool(self.styles[element]["position"] == "absolute" and self._on_page(element))

    def _on_page(self, element: Element) -> bool:
        """Whether a fixed place is one of the page, and not of a block."""
        around = self.markup.parent(element)
        while around is not None:
            if self.styles[around]["position"] == "relative":
                return False
            around = self.markup.parent(around)
        return True

    def _tagged(
        self, element: Element, around: Style, scope: Scope, tag: str, more: str = "", *, classes: str = ""
    ) -> list[Part]:
        if not tag:
            return []
        style = self.styles[element]
        opening = self._opening(element, around, scope, tag, more, classes=classes)
        if tag in _VOID:
            return [*opening, ">"]
        return [*opening, ">", *self._backdrop(style), *self._inner(element, style, scope), f"</{tag}>"]

    def _opening(
        self, element: Element, around: Style, scope: Scope, tag: str, more: str = "", *, classes: str = ""
    ) -> list[Part]:
        """An element's start tag, but for its end."""
        style = self.styles[element]
        afloat = style["position"] == "absolute" and self._on_page(element)
        text = f"<{tag}{self._dress(element, style, around, afloat=afloat, classes=classes)}{more}"
        heads = element.tag == "th" and not self._layout_only(element)
        for name in _KEPT:
            value = self._heads(element) if name == "scope" and heads else element.get(name)
            if value is not None and "{{" not in value and not (name == "id" and self._looped):
                text += f' {name}="{html.escape(" ".join(value.split()))}"'
        parts: list[Part] = [text]
        place = self.markup.place(element)
        for name in _TOLD:
            if name in element.attrib and element.tag != SVG:
                told = self._converted(self.text(element.attrib[name], 0, lambda _index: place, scope))
                parts += [f' {name}="', *told, '"']
        return parts

    def _dress(self, element: Element, style: Style, around: Style, *, afloat: bool = False, classes: str = "") -> str:
        """What of an element's attributes makes its look, with a space before."""
        look = self._looks.name(style, around, element.tag if element.tag != SVG else "svg", afloat=afloat)
        named = " ".join(filter(None, (look, classes)))
        return f' class="{named}"' if named else ""

    def _backdrop(self, style: Style) -> list[Part]:
        slot = style["background-image"]
        return [Picture(slot, f'<img class="{BACKDROP}" alt=""', ())] if slot in self.slots else []

    def _link_parts(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        opening = self._opening(element, around, scope, "a")
        told = element.get("href", "")
        target: list[Part]
        if LITERAL in element.attrib or "{{" not in told:
            sound = SAFE_TARGET.match(told) or told.startswith("#")
            target = [f' href="{html.escape(told)}"'] if sound else []
        else:
            place = self.markup.place(element)
            inlines = self.text(told, 0, lambda _index: place, scope)
            target = [' href="', Target(tuple(self._plain(inlines))), '"']
        return [*opening, *target, ">", *self._inner(element, self.styles[element], scope), "</a>"]

    def _footnote_parts(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        """A footnote: its call, and what stands in the list at the end of the main content."""
        if not check_footnote(element, self.markup, self.styles, self.diagnostics):
            return []
        self.noted = True
        page = self.markup.root.find("body")
        style, body = self.styles[element], self.styles[self.markup.root if page is None else page]
        call, marker = style[CALL], style[MARKER]
        sup, item, span = (
            self._note_tag(element, tag, look, like) for look, like, tag in
            ((call, around, "sup"), (style, body, "li"), (marker, style, "span"))
        )  # fmt: skip
        return [
            Called(
                f"{sup}>", call["content"] or CALL_LABEL, item, marker["content"] or MARKER_LABEL, f"{span}>",
                joined(self._inner(element, style, scope)),
            )
        ]  # fmt: skip

    def _note_tag(self, element: Element, tag: str, look: Style, around: Style) -> str:  # noqa: ARG002 - for others
        """The start of a tag of a footnote."""
        name = self._looks.name(look, around, tag)
        return f'<{tag} class="{name}"' if name else f"<{tag}"

    # Tables -----------------------------------------------------------------------------------------------------------

    def _table_parts(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        layout = element.get("role") in {"presentation", "none"}
        rows = [row for row in element.iter("tr") if self._of_table(row, element)]
        names = tuple(dict.fromkeys(name for row in rows for name, _ in self._named_sums(row, None)))
        style = self.styles[element]
        wide = self._columns(element) >= WIDE and not layout
        if layout:
            self._arrange(element, rows)
        elif wide:
            self._set_apart(rows)
        opening = self._table_opening(element, around, scope, layout=layout)
        caption: list[Part] = []
        head: list[Part] = []
        rest: list[Part] = []
        behind: list[Part] = []
        for group in self._groups(element):
            if group[0].tag == "caption":
                caption += self._directed_parts(group, style, scope)
                continue
            where = head if group[0].tag in {"thead", "colgroup"} else behind if group[0].tag == "tfoot" else rest
            part = group[0].tag if group[0].tag in {"thead", "tfoot"} else "tbody"
            where += self._directed_parts(group, style, scope.summed(names, part) if names else scope)
        content: list[Part] = [*head, *rest, *behind]
        if names:
            content = [Summing(names, tuple(head), tuple(rest), tuple(behind))]
        return self._with_caption(caption, opening, content, element, wide=wide)

    def _with_caption(
        self, caption: list[Part], opening: list[Part], content: list[Part], element: Element, *, wide: bool
    ) -> list[Part]:
        """A table with its caption, which stands first in it wherever it is shown."""
        return self._whole_table([*opening, *caption], content, element, wide=wide)

    def _columns(self, table: Element) -> int:
        """The most cells of a row."""
        rows = [row for row in table.iter("tr") if self._of_table(row, table)]
        return max((len([cell for cell in row if cell.tag in {"td", "th"}]) for row in rows), default=0)

    def _main_column(self, table: Element) -> int:
        """The column, from 1, that takes what others leave."""
        widths = self._column_widths(table)
        return next((number for number, width in enumerate(widths, 1) if width == "auto"), 1)

    def _column_widths(self, table: Element) -> list[Any]:
        """What a table's own columns say of their widths; those of tables in its cells are none of it."""
        return [self.styles[column]["width"] for column in table.iter("col") if self._of_table(column, table)]

    def _table_opening(self, element: Element, around: Style, scope: Scope, *, layout: bool) -> list[Part]:
        classes = LAYOUT if layout else ""
        if self._looks.narrow and not layout and self._columns(element) >= WIDE:
            classes = self._looks.reflow(self._main_column(element))
        return [*self._opening(element, around, scope, "table", classes=classes), ">"]

    def _whole_table(self, opening: list[Part], content: list[Part], element: Element, *, wide: bool) -> list[Part]:
        parts = [*opening, *content, "</table>"]
        if not wide or self._looks.narrow:
            return parts
        return [f'<div class="{self._looks.scroller(self._ground(element))}" tabindex="0">', *parts, "</div>"]

    def _ground(self, element: Element) -> int | None:
        """The colour behind an element."""
        around = self.markup.parent(element)
        while around is not None and self.styles[around]["background-color"] is None:
            around = self.markup.parent(around)
        color: int | None = None if around is None else self.styles[around]["background-color"]
        return color

    def _arrange(self, table: Element, rows: list[Element]) -> None:
        """Note how the cells of a table that only arranges stand on narrow screens."""
        widths = self._column_widths(table)
        for row in rows:
            cells = (cell for cell in row if cell.tag in {"td", "th"})
            for cell, width in zip(cells, itertools.chain(widths, itertools.repeat("auto")), strict=False):
                self._arranged[cell] = self._looks.arranged(self.styles[cell], width)

    def _set_apart(self, rows: list[Element]) -> None:
        """Note the cells that begin where the text of the one before ends, for screens that leave little between."""
        for row in rows:
            cells = [cell for cell in row if cell.tag in {"td", "th"}]
            for before, cell in itertools.pairwise(cells):
                sides = [alignment(self.styles[one]["text-align"]) for one in (before, cell)]
                if sides[0] == "right" and sides[1] != "right":
                    self._arranged[cell] = BESIDE

    def _of_table(self, part: Element, table: Element) -> bool:
        return self._table_around(part) is table

    def _table_around(self, part: Element) -> Element | None:
        """The table that a row, a cell or a column is of."""
        around = self.markup.parent(part)
        while around is not None and around.tag != "table":
            around = self.markup.parent(around)
        return around

    def _row_parts(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        if element.get("pr-on") == "continued":
            return []  # there is one part of a table here, its first and its last
        parts = self._tagged(element, around, scope, "tr")
        sums = tuple(self._named_sums(element, scope))
        return [Adding(sums, tuple(parts), str(self.markup.place(element)))] if sums else parts

    # Figures ----------------------------------------------------------------------------------------------------------

    def _picture(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        slot = element.get("src", "").removeprefix("asset:")
        if slot not in self.slots:
            return []
        place = self.markup.place(element)
        alt = self._converted(self.text(element.get("alt", ""), 0, lambda _index: place, scope))
        opening = self._opening(element, around, scope, "img")
        before = "".join(part for part in opening if isinstance(part, str))
        return [Picture(slot, before, tuple(alt), self._looks.shown_width(self.styles[element]))]

    def _drawing(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        """A drawing of the template, which the compiler has read and found harmless."""
        place = self.markup.place(element)
        alone = copy.deepcopy(element)
        alone.tail = None
        title = element.findtext(SVG.replace("}svg", "}title"))
        told = element.get("aria-label", title or "")
        for name in [
            name for name in alone.attrib if name.startswith(("pr-", "aria-")) or name in {"class", "style", "role"}
        ]:
            del alone.attrib[name]
        for part in alone.iter():
            if isinstance(part.tag, str):
                part.tag = part.tag.rpartition("}")[2]
        for part in [part for part in alone if part.tag == "title"]:
            alone.remove(part)
        begin, _, rest = ET.tostring(alone, encoding="unicode").partition("<svg")
        named = self._dress(element, self.styles[element], around)
        alt = self._converted(self.text(told, 0, lambda _index: place, scope))
        if not told:
            return [f'{begin}<svg{named} aria-hidden="true"{rest}']
        return [f'{begin}<svg{named} role="img" aria-label="', *alt, f'"{rest}']

    def _code(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        style = dict(self.styles[element])
        if style["width"] == "auto":
            style["width"] = CODE_SIZE
        return [
            Code(
                node.kind,
                tuple(self._plain(node.value)),
                tuple(self._converted(node.alt)),
                node.level,
                node.quiet,
                f"<img{self._dress(element, style, around, classes=CODE)}",
                node.color,
                node.place,
            )
            for node in self._barcode(element, 0, self._width, scope)
        ]

    def _graph(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        style = self.styles[element]
        self._looks.charts = True
        tag, classes, end = self._CHART
        look = self._dress(element, dict(style) | {"height": "auto"}, around, classes=classes)
        return [
            Graph(
                node.name,
                node.items,
                node.value,
                tuple(self._converted(node.label)),
                tuple(self._converted(node.tick)),
                tuple(self._converted(node.alt)),
                f"<{tag}{look}{end}",
                self._looks.pixels(node.height),
                self._looks.pixels(style["font-size"]),
                node.color,
                node.line,
                node.axis,
                node.place,
            )
            for node in self._chart(element, 0, self._width, scope)
        ]

    # Text -------------------------------------------------------------------------------------------------------------

    def _converted(self, inlines: Iterable[Inline], element: Element | None = None) -> list[Part]:
        """Inline content as escaped text."""
        preserve = element is not None and self.styles[element]["white-space"] in PRESERVE
        return list(_parts(inlines, preserve=preserve, escape=True))

    def _plain(self, inlines: Iterable[Inline]) -> list[Part]:
        """Inline content as it is: for what is no HTML before it is bound."""
        return list(_parts(inlines, preserve=False, escape=False))


def _parts(inlines: Iterable[Inline], *, preserve: bool, escape: bool) -> Iterator[Part]:
    for inline in inlines:
        if isinstance(inline, Text):
            text = inline.text if preserve else SPACE.sub(" ", inline.text)
            yield html.escape(text) if escape else text
        elif isinstance(inline, Value):
            yield Shown(inline.expression, inline.place, preserve)
        elif isinstance(inline, InlineConditional):
            yield Choice(
                tuple((test, tuple(_parts(inner, preserve=preserve, escape=escape))) for test, inner in inline.branches)
            )
        elif isinstance(inline, Break):
            yield "<br>" if escape else "\n"
        elif isinstance(inline, InlineFor):
            odd, even = (tuple(_parts(inner, preserve=preserve, escape=escape)) for inner in (inline.odd, inline.even))
            yield Repeat(inline.name, inline.items, odd, even, inline.place)
        elif isinstance(inline, InlineWith):
            yield Named(inline.names, tuple(_parts(inline.parts, preserve=preserve, escape=escape)), inline.place)


def joined(parts: Iterable[Part], mend: Callable[[str], str] | None = None) -> tuple[Part, ...]:
    """Texts that follow each other as one, everywhere.

    Args:
        parts: the parts.
        mend: makes another text of each, where it is given.
    """
    found: list[Part] = []
    for part in parts:
        if isinstance(part, str):
            if found and isinstance(found[-1], str):
                part = found.pop() + part  # type: ignore[operator]  # noqa: PLW2901 - grows
            if part:
                found.append(part)
        else:
            found.append(_deeper(part, mend))
    return tuple(found if mend is None else [mend(part) if isinstance(part, str) else part for part in found])


def _deeper(part: Part, mend: Callable[[str], str] | None) -> Part:
    def inner(parts: Iterable[Part]) -> tuple[Part, ...]:
        return joined(parts, mend)

    match part:
        case Choice():
            return Choice(tuple((test, inner(parts)) for test, parts in part.branches))
        case Repeat():
            return Repeat(part.name, part.items, inner(part.odd), inner(part.even), part.place)
        case Named():
            return Named(part.names, inner(part.parts), part.place)
        case First():
            return First(tuple(map(inner, part.candidates)))
        case Summing():
            return Summing(part.names, inner(part.before), inner(part.rows), inner(part.behind))
        case Adding():
            return Adding(part.sums, inner(part.parts), part.place)
        case Picture() | Code():
            return msgspec.structs.replace(part, alt=inner(part.alt))
        case Graph():
            return msgspec.structs.replace(part, label=inner(part.label), tick=inner(part.tick), alt=inner(part.alt))
        case _:
            return part


def _runs(sheets: Iterable[StyleSheet]) -> Mapping[str, list[str]]:
    """The running elements of the first page's margin boxes, above and below."""
    rules: list[PageRule] = [rule for sheet in sheets for rule in sheet.pages if not rule.name and rule.are <= _FIRST]
    shown: dict[str, str] = {}
    for rule in sorted(rules, key=lambda rule: ("first" in rule.are, len(rule.are))):
        for box, declarations in rule.boxes.items():
            for declaration in declarations:
                if declaration.name == "content":
                    shown[box] = declaration.value
    return {edge: [shown[box] for box in boxes if shown.get(box)] for edge, boxes in _EDGES.items()}


def _paged(element: Element) -> Iterator[Element]:
    """The innermost elements that tell a page's number."""
    below = False
    for child in element:
        for found in _paged(child):
            below = True
            yield found
    texts = [element.text, *(child.tail for child in element)]
    if not below and any(_PAGED.search(text or "") for text in texts):
        yield element
