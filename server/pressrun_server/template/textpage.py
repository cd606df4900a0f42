"""Builds the plain text of a message: the tree of a page for browsers as text with the marks of `plaintext`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from pressrun_server.model.program import Break, Inline, InlineConditional, InlineFor, InlineWith, Text, Value
from pressrun_server.model.webpage import Choice, Named, Part, Picture, Repeat, Shown, Target
from pressrun_server.template.approved import LITERAL
from pressrun_server.template.builder import PRESERVE
from pressrun_server.template.cascade import SVG, Style
from pressrun_server.template.links import SAFE_TARGET
from pressrun_server.template.plaintext import (
    BLOCK,
    CELL,
    HEADING,
    ITEM,
    LINE,
    LINK,
    LIST,
    MARKS,
    NUMBER,
    ROW,
    TABLE,
    TARGET,
    TITLE,
    close,
)
from pressrun_server.template.scope import Scope
from pressrun_server.template.stylesheet import StyleSheet
from pressrun_server.template.webpage import SPACE, WebPage, joined
from pressrun_server.template.webstyle import WebStyles, alignment

__all__ = ["TextPage"]

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LINES: Final = frozenset({"address"})
"""Elements whose paragraphs are lines of one."""
_PAIR: Final = 2
_MOST_SPANNED: Final = 9


class TextPage(WebPage):
    """Builds the plain text of one locale; its arguments are those of `Structure`."""

    _MAIN = ("", "")
    _in_lines = 0
    """How many elements are around what is read whose paragraphs are lines."""
    _ordered = False

    def alternative(self, body: Element, sheets: Iterable[StyleSheet], width: int) -> tuple[Part, ...]:
        """All that the message says.

        Args:
            body: the body.
            sheets: the style sheets; their @page rules say what runs along the first page.
            width: of a page's content, in millipoints.
        """
        self._width = width
        self._looks = WebStyles(self.styles[body], width)
        top, before, inside, behind, bottom = self._all_parts(body, sheets)
        return joined(joined([*top, BLOCK, *before, BLOCK, *inside, BLOCK, *behind, BLOCK, *bottom]), close)

    def plain(self, inlines: Iterable[Inline]) -> tuple[Part, ...]:
        """Text that stands in no element."""
        return joined(_parts(inlines, preserve=False))

    # Elements ---------------------------------------------------------------------------------------------------------

    def _tagged(
        self,
        element: Element,
        around: Style,  # noqa: ARG002 - as the page's
        scope: Scope,
        tag: str,
        more: str = "",  # noqa: ARG002 - as the page's
        *,
        classes: str = "",  # noqa: ARG002 - as the page's
    ) -> list[Part]:
        if not tag or tag == "col":
            return []
        style = self.styles[element]
        if tag == "hr":
            return [f"{BLOCK}----{BLOCK}"]
        if tag == "br":
            return [LINE]
        if tag in {"td", "th"}:
            return self._cell_parts(element, scope)
        lines = tag in _LINES
        self._in_lines += lines
        ordered, self._ordered = self._ordered, tag == "ol" if tag in {"ul", "ol"} else self._ordered
        inside = self._inner(element, style, scope)
        self._in_lines -= lines
        self._ordered = ordered
        if tag in _HEADINGS:
            while inside and inside[-1] in {BLOCK, LINE}:  # the line below stands below text
                inside.pop()
            return [BLOCK, *inside, TITLE if tag == "h1" else HEADING, BLOCK]
        if tag == "ol":
            return [BLOCK, LIST[0], *inside, LIST[1], BLOCK]
        if tag == "li":
            return [NUMBER if ordered else ITEM, *inside]
        if not self._is_block(element) or tag in {"tbody", "thead", "tfoot", "tr", "colgroup"}:
            parent = self.markup.parent(element)
            flexed = parent is not None and self.styles[parent]["display"] == "flex"
            return [LINE, *inside, LINE] if flexed else inside
        if tag in {"dt", "dd"}:  # what is said of a term begins a line below it
            return [BLOCK if tag == "dt" else LINE, *inside, LINE]
        end = LINE if self._in_lines and tag == "p" else BLOCK
        return [end, *inside, end]

    def _cell_parts(self, element: Element, scope: Scope) -> list[Part]:
        """A cell; in a table that only arranges, a paragraph."""
        style = self.styles[element]
        inside = self._inner(element, style, scope)
        if self._arranges(element):
            return [BLOCK, *inside, BLOCK]
        side = "r" if alignment(style["text-align"]) == "right" else "l"
        spanned = element.get("colspan", "1")
        span = min(int(spanned), _MOST_SPANNED) if spanned.isdecimal() and int(spanned) else 1
        return [f"{CELL}{side}{span}", *inside]

    def _arranges(self, element: Element) -> bool:
        """Whether the table around an element holds no data."""
        around: Element | None = element
        while around is not None and around.tag != "table":
            around = self.markup.parent(around)
        return around is None or around.get("role") in {"presentation", "none"}

    def _row_parts(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        parts = super()._row_parts(element, around, scope)
        if not parts or self._arranges(element):
            return parts
        heads = all(cell.tag == "th" for cell in element if isinstance(cell.tag, str))
        return [f"{ROW}{'h' if heads else 'd'}", *parts]

    def _table_opening(self, element: Element, around: Style, scope: Scope, *, layout: bool) -> list[Part]:  # noqa: ARG002 - as the page's
        if layout:
            return [BLOCK]
        rows = [row for row in element.iter("tr") if self._of_table(row, element)]
        cells = [[cell for cell in row if cell.tag in {"td", "th"}] for row in rows]
        pairs = all(len(row) == _PAIR and row[0].tag == "th" and row[1].tag == "td" for row in cells)
        return [f"{TABLE[0]}{'p' if pairs else 't'}"]

    def _with_caption(
        self, caption: list[Part], opening: list[Part], content: list[Part], element: Element, *, wide: bool
    ) -> list[Part]:
        """The caption is a paragraph before the table's rows, or behind them."""
        table = self._whole_table(opening, content, element, wide=wide)
        captions = [child for child in element if child.tag == "caption"]
        below = bool(captions) and self.styles[captions[0]]["caption-side"] == "bottom"
        return [*table, *caption] if below else [*caption, *table]

    def _arrange(self, table: Element, rows: list[Element]) -> None:
        """Nothing is noted: narrow screens are the style sheet's affair."""

    def _whole_table(self, opening: list[Part], content: list[Part], element: Element, *, wide: bool) -> list[Part]:  # noqa: ARG002 - as the page's
        layout = element.get("role") in {"presentation", "none"}
        return [*opening, *content, BLOCK if layout else TABLE[1]]

    def _link_parts(self, element: Element, around: Style, scope: Scope) -> list[Part]:  # noqa: ARG002 - as the page's
        inside = self._inner(element, self.styles[element], scope)
        told = element.get("href", "")
        leads: list[Part]
        if LITERAL in element.attrib or "{{" not in told:
            leads = [told] if SAFE_TARGET.match(told) else []
        else:
            place = self.markup.place(element)
            leads = [Target(tuple(self._plain(self.text(told, 0, lambda _index: place, scope))))]
        return [LINK, *inside, TARGET[0], *leads, TARGET[1]] if leads else inside

    # Figures ----------------------------------------------------------------------------------------------------------

    def _alternative(self, element: Element, told: str, scope: Scope) -> list[Part]:
        place = self.markup.place(element)
        alt = self._converted(self.text(told, 0, lambda _index: place, scope))
        return [BLOCK, *alt, BLOCK] if alt else []

    def _backdrop(self, style: Style) -> list[Part]:  # noqa: ARG002 - decoration
        return []

    def _picture(self, element: Element, around: Style, scope: Scope) -> list[Part]:  # noqa: ARG002 - as the page's
        slot = element.get("src", "").removeprefix("asset:")
        place = self.markup.place(element)
        alt = self._converted(self.text(element.get("alt", ""), 0, lambda _index: place, scope))
        return [BLOCK, Picture(slot, "", tuple(alt)), BLOCK] if alt and slot in self.slots else []

    def _drawing(self, element: Element, around: Style, scope: Scope) -> list[Part]:  # noqa: ARG002 - as the page's
        title = element.findtext(SVG.replace("}svg", "}title"))
        return self._alternative(element, element.get("aria-label", title or ""), scope)

    def _code(self, element: Element, around: Style, scope: Scope) -> list[Part]:  # noqa: ARG002 - as the page's
        return self._alternative(element, element.get("alt", ""), scope)

    def _graph(self, element: Element, around: Style, scope: Scope) -> list[Part]:  # noqa: ARG002 - as the page's
        return self._alternative(element, element.get("alt", ""), scope)

    # Text -------------------------------------------------------------------------------------------------------------

    def _converted(self, inlines: Iterable[Inline], element: Element | None = None) -> list[Part]:
        preserve = element is not None and self.styles[element]["white-space"] in PRESERVE
        return list(_parts(inlines, preserve=preserve))


def _parts(inlines: Iterable[Inline], *, preserve: bool) -> Iterator[Part]:
    for inline in inlines:
        if isinstance(inline, Text):
            text = MARKS.sub("", inline.text)
            lines = text.split("\n") if preserve else [text]
            yield LINE.join(SPACE.sub(" ", line) for line in lines)
        elif isinstance(inline, Value):
            yield Shown(inline.expression, inline.place)
        elif isinstance(inline, InlineConditional):
            yield Choice(tuple((test, tuple(_parts(inner, preserve=preserve))) for test, inner in inline.branches))
        elif isinstance(inline, Break):
            yield LINE
        elif isinstance(inline, InlineFor):
            odd, even = (tuple(_parts(inner, preserve=preserve)) for inner in (inline.odd, inline.even))
            yield Repeat(inline.name, inline.items, odd, even, inline.place)
        elif isinstance(inline, InlineWith):
            yield Named(inline.names, tuple(_parts(inline.parts, preserve=preserve)), inline.place)
