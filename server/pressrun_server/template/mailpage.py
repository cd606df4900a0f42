"""Builds the HTML of an e-mail: the tree of a page for browsers, dressed as mail clients need it.

Looks stand on the elements, boxes and rows of boxes are tables, drawings are pictures, and what marks regions of a page
is plain divisions. Nothing is fetched but pictures, and nothing runs.
"""

from __future__ import annotations

import copy
import hashlib
import html
import re
from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import msgspec

from pressrun_server.model.mail import SKETCH, ChartWay, Sketch
from pressrun_server.model.program import Inline
from pressrun_server.model.webpage import Code, Graph, Part, Picture
from pressrun_server.prepare.picture import sketched
from pressrun_server.template.cascade import REPEATED, SVG, Style
from pressrun_server.template.flex import JUSTIFY
from pressrun_server.template.mailstyle import CANVAS, CARD, FLEX, FRAME, RUNNING, TABLE, MailStyles, hides
from pressrun_server.template.properties import SIDES
from pressrun_server.template.scope import Scope
from pressrun_server.template.stylesheet import StyleSheet
from pressrun_server.template.values import Relative
from pressrun_server.template.webpage import CODE_SIZE, WIDE, WebPage, joined
from pressrun_server.template.webstyle import APART, LAYOUT, alignment, color_text

__all__ = ["MailPage"]

_TABLE: Final = 'role="presentation" border="0" cellpadding="0" cellspacing="0"'
_DIVISIONS: Final = frozenset({
    "header", "footer", "main", "section", "article", "aside", "nav", "address", "figure", "figcaption", "blockquote",
})  # fmt: skip
_DENSITY: Final = 3
"""Pixels of a drawing's picture for each of CSS."""
_HEAD: Final = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="x-apple-disable-message-reformatting">'
    '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">'
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
)
_LABELS: Final = 60
"""CSS pixels that the labels of a chart's lines take, about."""
_WORD: Final = (
    "<!--[if mso]><style>table,td,th,p,div,a,h1,h2,h3,h4,h5,h6,ul,ol,li{font-family:Arial,sans-serif!important}"
    "</style><![endif]-->"
)
"""For the one client that takes a font that it does not have for a serif one."""
_FILLING: Final = ("&#847;&zwnj;&nbsp;" * 10 + "\r\n") * 7
"""Behind a preheader, so that a list of messages does not show the text that follows it."""
_SWELLING: Final = 1.1
"""How much longer references may make a template's own text."""
_END: Final = re.compile("\r\n|\r|\n")
_HIDDEN: Final = (
    "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px;mso-hide:all"
)


class MailPage(WebPage):
    """Builds the HTML of one locale; its arguments are those of `Structure`."""

    _MAIN = ("<div>", "</div>")
    _CHART = ("table", "", "")
    _NOTES = '<ol style="list-style:none;margin:24px 0 0;padding:12px 0 0;border-top:1px solid #888">'
    _looks: MailStyles
    _FULL = ' width="100%"'

    def message(
        self,
        body: Element,
        sheets: Iterable[StyleSheet],
        title: list[Inline],
        preheader: list[Inline],
        width: int,
        *,
        charts: ChartWay,
    ) -> tuple[Part, ...]:
        """The whole document.

        Args:
            body: the body.
            sheets: the style sheets; their @page rules say what runs along the first page.
            title: the document's title.
            preheader: what lists of messages show beside the subject.
            width: of a page's content, in millipoints.
            charts: what their bars are.
        """
        style = self.styles[body]
        self._charts = charts
        self._cells: dict[Element, str] = {}
        """Start tags of the cells of rows of boxes whose items are still to come."""
        self.sketches: dict[str, Sketch] = {}
        self._width = width
        self._looks = looks = MailStyles(style, width)
        content = self._regions(body, sheets)
        card = looks.ground
        words = f"font-family:{looks.family()};font-size:16px;line-height:{looks.rem(_leading(style))}"
        named = html.escape(
            f"{looks.edge()}padding:36px 40px;background-color:{color_text(card)};"
            f"color:{color_text(style['color'] or 0)};{words}"
        )
        begin = f'<!DOCTYPE html>\r\n<html lang="{html.escape(self.locale)}"><head>{_HEAD}<title>'
        canvas = color_text(CANVAS)
        opening = f'<div role="article" aria-roledescription="email" lang="{html.escape(self.locale)}" aria-label="'
        table = (
            f'">\r\n<!--[if mso]><table {_TABLE} width="{looks.width}" align="center"><tr><td><![endif]-->'
            f'<table {_TABLE} width="100%" align="center" style="max-width:{looks.width + 80}px;margin:0 auto;'
            'table-layout:fixed"><tr>'
            f'<td class="{CARD}" style="{named}">\r\n'
        )
        hidden: list[Part] = []
        if preheader:
            hidden = [
                f'<div aria-hidden="true" style="{_HIDDEN}">',
                *self._converted(preheader),
                f"{_FILLING}</div>\r\n",
            ]
        told = self._converted(title)
        sheet = looks.sheet()
        parts: list[Part] = [
            begin, *told, f"</title>\r\n{_WORD}<style>\r\n", sheet.replace("}", "}\r\n"), "</style></head>\r\n",
            f'<body class="{FRAME}" style="margin:0;padding:0;background-color:{canvas}">\r\n', *hidden,
            f'<div class="{FRAME}" style="padding:28px 12px;background-color:{canvas}">', opening, *told, table,
            *content,
            "</td></tr></table>\r\n<!--[if mso]></td></tr></table><![endif]--></div></div></body></html>\r\n",
        ]  # fmt: skip
        return joined(joined(parts), _lined)

    @staticmethod
    def plain(parts: tuple[Part, ...]) -> tuple[Part, ...] | None:
        """A document whose own text is ASCII; None where that would make it much longer, as in other scripts."""
        sizes = [0, 0]

        def referred(text: str) -> str:
            found = text.encode("ascii", "xmlcharrefreplace").decode()
            sizes[0] += len(text)
            sizes[1] += len(found)
            return found

        made = joined(parts, referred)
        return made if sizes[1] <= sizes[0] * _SWELLING else None

    def _regions(self, body: Element, sheets: Iterable[StyleSheet]) -> list[Part]:
        """What stands in the message, from its letterhead to what runs below pages."""
        top, before, inside, behind, bottom = self._all_parts(body, sheets)
        opening, closing = f'<div class="{RUNNING}">', "</div>"
        top, bottom = ([opening, *parts, closing] if parts else [] for parts in (top, bottom))
        return [*top, *before, *inside, *behind, *bottom]

    # Elements ---------------------------------------------------------------------------------------------------------

    def _tag(self, element: Element) -> str:
        tag = super()._tag(element)
        return "div" if tag in _DIVISIONS else tag

    def _behind(self, element: Element) -> int:
        """The colour behind an element."""
        around = self.markup.parent(element)
        while around is not None:
            color = self.styles[around]["background-color"]
            if color is not None and around.tag != "body":
                return int(color)
            around = self.markup.parent(around)
        return self._looks.ground

    def _dress(self, element: Element, style: Style, around: Style, *, afloat: bool = False, classes: str = "") -> str:
        tag = "svg" if element.tag == SVG else element.tag
        return self._looks.attributes(
            style, around, "div" if tag in _DIVISIONS else tag, self._behind(element), afloat=afloat, classes=classes
        )

    def _note_tag(self, element: Element, tag: str, look: Style, around: Style) -> str:
        return f"<{tag}{self._looks.attributes(look, around, tag, self._behind(element))}"

    def _backdrop(self, style: Style) -> list[Part]:  # noqa: ARG002 - what clients show behind text is their affair
        return []

    def _tagged(
        self, element: Element, around: Style, scope: Scope, tag: str, more: str = "", *, classes: str = ""
    ) -> list[Part]:
        style = self.styles[element]
        if tag == "col":
            return [f"<col{self._wide(style)}>"]
        if tag == "th" and element.get("scope") == "row" and not style["padding-right"]:
            # Columns are as wide as what is in them asks for: a label would touch its value.
            self.styles[element] = style = style | {"padding-right": style["font-size"]}
        if tag in {"td", "th"}:
            return super()._tagged(element, around, scope, tag, more + self._wide(style), classes=classes)
        if style["display"] == "flex" and style["flex-direction"] != "column":
            return self._boxed(element, around, scope, self._boxes(element, scope))
        if tag == "div" and _painted(style) and not self._off_page(element):
            return self._boxed(element, around, scope, self._inner(element, style, scope))
        return super()._tagged(element, around, scope, tag, more, classes=classes)

    def _off_page(self, element: Element) -> bool:
        return bool(self.styles[element]["position"] == "absolute" and self._on_page(element))

    def _wide(self, style: Style) -> str:
        """The attribute for a width."""
        width = style["width"]
        if isinstance(width, Relative):
            return f' width="{self._looks.share(width):g}%"'
        return f' width="{self._looks.across(width)}"' if isinstance(width, int) else ""

    def _boxed(self, element: Element, around: Style, scope: Scope, inside: list[Part]) -> list[Part]:
        """A box, as a table of one cell: padding and grounds of divisions are not shown everywhere."""
        style = dict(self.styles[element])
        margin = self._looks.margin(style, "div")
        if not _painted(style) and not margin:
            return inside
        bare = dict.fromkeys((f"margin-{side}" for side in SIDES), 0)
        if not _painted(style):
            return [f'<div style="margin:{margin[0][1]}">', *inside, "</div>"]
        opening = self._opening_of(element, style | bare | {"break-before": "auto"}, around, scope)
        wide = self._wide(style) or ' width="100%"'
        parts = [f"<table {_TABLE}{wide}><tr><td{opening}>", *inside, "</td></tr></table>"]
        return [f'<div style="margin:{margin[0][1]}">', *parts, "</div>"] if margin else parts

    def _opening_of(self, element: Element, style: Style, around: Style, scope: Scope) -> str:  # noqa: ARG002 - as `_opening`
        kept = "".join(
            f' {name}="{html.escape(element.get(name, ""))}"' for name in ("lang", "id") if element.get(name)
        )
        return f"{self._looks.attributes(style, around, 'td', self._behind(element))}{kept}"

    def _boxes(self, element: Element, scope: Scope) -> list[Part]:
        """A row of boxes, as a row of cells; on narrow screens they stand below each other."""
        style = self.styles[element]
        gap = style["column-gap"] if isinstance(style["column-gap"], int) else 0
        groups = list(self._groups(element))
        if style["flex-wrap"] == "wrap":
            return self._wrapping(groups, style, gap, scope)
        shares = any(map(self._shares, (item for group in groups for item in group)))
        justify = JUSTIFY[style["justify-content"]]
        for index, group in enumerate(groups):
            last = index == len(groups) - 1
            for item in group:
                aligned = _aligned(justify, shares=shares, first=not index, last=last)
                if self.styles[item]["margin-left"] == "auto" and index:
                    aligned = "right"
                left = gap if index or item.get(REPEATED) else 0
                self._cells[item] = self._cell_opening(item, style, left, aligned)
        packed = not shares and justify in {"start", "center"}
        wide = ' align="center" style="margin:0 auto"' if justify == "center" else ""
        parts: list[Part] = [f'<table {_TABLE}{wide if packed else self._FULL} class="{FLEX}"><tr>']
        for group in groups:
            parts += self._directed_parts(group, style, scope)
        return [*parts, "</tr></table>"]

    def _wrapping(self, groups: list[list[Element]], style: Style, gap: int, scope: Scope) -> list[Part]:
        """Boxes on as many lines as they need; clients that know no inline blocks show them below each other."""
        below = style["row-gap"] if isinstance(style["row-gap"], int) else 0
        upright = {"center": "middle", "end": "bottom", "flex-end": "bottom"}.get(style["align-items"], "top")
        edge = " ".join(self._looks.rem(length) for length in (0, gap, below, 0))
        for item in (item for group in groups for item in group):
            look = self.styles[item]
            width = look["width"] if look["flex-basis"] == "auto" else look["flex-basis"]
            wide = ""
            if isinstance(width, Relative):
                wide = f"width:{self._looks.share(width):g}%;box-sizing:border-box;"
            elif isinstance(width, int):
                wide = f"width:{self._looks.across(width)}px;"
            self._cells[item] = (
                f'<div style="display:inline-block;{wide}padding:{edge};text-align:{alignment(look["text-align"])};'
                f'vertical-align:{upright}">'
            )
        side = {"center": "center", "end": "right"}.get(JUSTIFY[style["justify-content"]], "left")
        parts = [part for group in groups for part in self._directed_parts(group, style, scope)]
        return [f'<div style="text-align:{side}">', *parts, "</div>"]

    def _shares(self, item: Element) -> bool:
        """Whether an item takes a part of what its row has."""
        style = self.styles[item]
        auto = "auto" in (style["margin-left"], style["margin-right"])
        return bool(style["flex-grow"] or isinstance(style["flex-basis"], Relative) or auto) or isinstance(
            style["width"], Relative
        )

    def _cell_opening(self, item: Element, row: Style, gap: int, aligned: str) -> str:
        """The start tag of an item's cell."""
        style = self.styles[item]
        basis = style["flex-basis"]
        wide = "" if style["flex-grow"] else self._wide(style if basis == "auto" else style | {"width": basis})
        upright = {"center": "middle", "end": "bottom", "flex-end": "bottom"}.get(row["align-items"], "top")
        left = f"padding:0 0 0 {self._looks.rem(gap)};" if gap else "padding:0;"
        text = f"text-align:{aligned};" if aligned else ""
        return f'<td{wide} valign="{upright}" style="{left}{text}vertical-align:{upright}">'

    def _shown(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        opening = self._cells.pop(element, "")
        if not opening:
            return super()._shown(element, around, scope)
        style = self.styles[element]
        self.styles[element] = dict(style) | {"width": "auto"}
        parts = super()._shown(element, around, scope)
        self.styles[element] = style
        return [opening, *parts, "</td>" if opening.startswith("<td") else "</div>"] if parts else parts

    # Tables -----------------------------------------------------------------------------------------------------------

    def _arrange(self, table: Element, rows: list[Element]) -> None:  # noqa: ARG002 - as the page's
        """Note the cells that would touch what follows them on narrow screens, but for headings of that."""
        for row in rows:
            for cell in (cell for cell in row if cell.tag in {"td", "th"}):
                style, last = (
                    self.styles[cell],
                    next((part for part in reversed(cell) if isinstance(part.tag, str)), None),
                )
                kept = last is not None and self.styles[last]["break-after"] == "avoid"
                if not (style["padding-top"] or style["padding-bottom"] or kept):
                    self._arranged[cell] = APART

    def _set_apart(self, rows: list[Element]) -> None:
        """Nothing is noted: tables of data are reflowed where they are narrow."""

    def _whole_table(self, opening: list[Part], content: list[Part], element: Element, *, wide: bool) -> list[Part]:  # noqa: ARG002 - as the page's
        style = self.styles[element]
        margin = self._looks.margin(style, "div")
        parts = [*opening, *content, "</table>"]
        return [f'<div style="margin:{margin[0][1]}">', *parts, "</div>"] if margin else parts

    def _table_opening(self, element: Element, around: Style, scope: Scope, *, layout: bool) -> list[Part]:
        style = self.styles[element]
        more = f' border="0" cellpadding="0" cellspacing="0"{self._wide(style)}'
        classes = LAYOUT if layout else self._reflowed(element)
        return [*self._opening(element, around, scope, "table", more, classes=classes), ">"]

    def _reflowed(self, table: Element) -> str:
        """The classes of a table of data; of many columns it is reflowed where it is narrow, around its widest one."""
        if self._columns(table) < WIDE:
            return TABLE
        return f"{TABLE} {self._looks.reflow(self._main_column(table))}"

    # Figures ----------------------------------------------------------------------------------------------------------

    def _picture(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        parts = super()._picture(element, around, scope)
        return [
            Picture(part.slot, self._sized(part.before, self.styles[element]), part.alt)
            if isinstance(part, Picture)
            else part
            for part in parts
        ]

    def _sized(self, before: str, style: Style) -> str:
        """An `<img` with its width, of which the oldest clients take the attribute alone."""
        width, most = style["width"], style["max-width"]
        wide: int | None = None
        if isinstance(width, Relative):
            wide = round(self._looks.width * self._looks.share(width) / 100)
        elif isinstance(width, int):
            wide = self._looks.across(width)
        elif isinstance(most, int):
            wide = self._looks.across(most)
        css = f"width:100%;max-width:{min(wide, self._looks.width)}px;" if wide else "max-width:100%;"
        attribute = f' width="{min(wide, self._looks.width)}"' if wide else ""
        declared = f"display:block;{css}height:auto"
        if ' style="' in before:
            return before.replace(' style="', f'{attribute} style="{declared};', 1)
        return f'{before}{attribute} style="{declared}"'

    def _code(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        style = dict(self.styles[element])
        if style["width"] == "auto":
            style["width"] = CODE_SIZE
        return [
            msgspec.structs.replace(part, before=self._sized(part.before, style)) if isinstance(part, Code) else part
            for part in super()._code(element, around, scope)
        ]

    def _graph(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        parts = super()._graph(element, around, scope)
        if self._charts == "table":
            return parts
        behind, width = self._behind(element), self._room(element)
        return [
            msgspec.structs.replace(part, width=width, ground=behind if hides(behind, part.color) else None)
            if isinstance(part, Graph)
            else part
            for part in parts
        ]

    def _room(self, element: Element) -> int:
        """CSS pixels that there are for an element on a wide screen, about: the widths that are stated around it."""
        width = self._looks.width
        path = [element]
        while (parent := self.markup.parent(path[-1])) is not None:
            path.append(parent)
        for each in reversed(path):
            stated = self.styles[each]["width"]
            if each.tag in {"td", "th"} and stated == "auto":
                stated = self._column_width(each)
            if isinstance(stated, Relative):
                width = round(width * self._looks.share(stated) / 100)
            elif isinstance(stated, int):
                width = min(self._looks.across(stated), width)
        return max(width - _LABELS, _LABELS)

    def _column_width(self, cell: Element) -> object:
        """What the columns of a table say of the width of a cell in it."""
        row, table = self.markup.parent(cell), self._table_around(cell)
        if row is None or table is None:
            return "auto"
        widths = self._column_widths(table)
        at = [each for each in row if each.tag in {"td", "th"}].index(cell)
        return widths[at] if at < len(widths) else "auto"

    def _drawing(self, element: Element, around: Style, scope: Scope) -> list[Part]:
        place = self.markup.place(element)
        told = element.get("aria-label", element.findtext(SVG.replace("}svg", "}title")) or "")
        alt = self._converted(self.text(told, 0, lambda _index: place, scope))
        style = dict(self.styles[element])
        alone = copy.deepcopy(element)
        alone.tail = None
        for name in [name for name in alone.attrib if name.startswith(("pr-", "aria-")) or name in {"class", "style"}]:
            del alone.attrib[name]
        if not isinstance(style["width"], int | Relative):
            stated = element.get("width", "")
            style["width"] = int(stated) * 750 if stated.isdecimal() else "auto"
        wide = self._looks.across(style["width"]) if isinstance(style["width"], int) else self._looks.width
        data = sketched(ET.tostring(alone), wide * _DENSITY, self._behind(element))
        name = hashlib.sha256(data).hexdigest()[:16]
        self.sketches[name] = Sketch(name, data)
        before = self._sized(f"<img{self._dress(element, style, around)}", style)
        return [Picture(f"{SKETCH}{name}", before, tuple(alt))]


def _aligned(justify: str, *, shares: bool, first: bool, last: bool) -> str:
    """How what is in a row's cell is aligned; nothing where that is for the cell to say."""
    if shares or first:
        return ""
    if justify in {"around", "evenly"}:
        return "center"
    ends = justify in {"between", "end"}
    return "right" if ends and last else "center" if justify == "between" else ""


def _painted(style: Style) -> bool:
    """Whether a box has anything of its own but margins."""
    edges = any(style[f"padding-{side}"] for side in SIDES)
    lines = any(style[f"border-{side}-width"] and style[f"border-{side}-color"] is not None for side in SIDES)
    return bool(style["background-color"] is not None or edges or lines)


def _leading(style: Style) -> int:
    height = style["line-height"]
    return round(height * style["font-size"]) if isinstance(height, float) else int(height)


def _lined(text: str) -> str:
    """Text with lines that mail can hold (RFC 5322, 2.1.1): broken inside of tags, where no reader sees it."""
    return _END.sub("\r\n", text).replace(' style="', '\r\nstyle="')
