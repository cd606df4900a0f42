"""The style sheet of a page for browsers, written from computed styles: one class for each look.

Nothing of an author's style sheet is copied, so nothing in it can do more than it does in print. The text of the body
has the reader's own size (1rem), and every other length keeps its proportion to it. Widths give way on narrow screens.
"""

from __future__ import annotations

from typing import Any, Final

from pressrun_server.model.tint import OPAQUE, WHITE, alpha_of, over
from pressrun_server.template.cascade import BLOCKS, TABLE_PARTS, Style
from pressrun_server.template.pictures import CORNERS
from pressrun_server.template.properties import PROPERTIES, SIDES
from pressrun_server.template.reflow import reflow_class, reflow_rules
from pressrun_server.template.values import Relative

__all__ = [
    "APART",
    "AXES",
    "BACKDROP",
    "BESIDE",
    "CHART",
    "CODE",
    "LAYOUT",
    "LETTERHEAD",
    "NOTES",
    "PIXEL",
    "SPARSE",
    "WebStyles",
    "alignment",
    "color_text",
    "leading_of",
]

SCROLLER: Final = "sc"
LAYOUT: Final = "ly"
SMALL: Final = "sm"
APART: Final = "ap"
BESIDE: Final = "bs"
LETTERHEAD: Final = "lh"
BACKDROP: Final = "bg"
CODE: Final = "qr"
NOTES: Final = "fn"
"""Classes of our own: what may be scrolled sideways; tables that only arrange, with cells that are small and cells that
would touch when they stand below each other; cells of data that begin where the one before ends; what stands
at fixed places of a page, pictures behind boxes, barcodes, and footnotes."""
_LARGE: Final = 1.75
"""Times the size of the body's text from which text is large."""
_SMALL: Final = 8
"""Times the size of text that a cell may be wide that stands beside another one on narrow screens too."""

_NARROW: Final = "40rem"
_TELEPHONE: Final = "30rem"
"""The most that a page for telephones is wide, on screens that are wider."""
AXES: Final = {4: "k0", 7: "k1", 12: "k2"}
"""Classes of charts by the characters that there is room for beside the axis."""
SPARSE: Final = "sp"
"""The class of labels that narrow charts leave out."""
CHART: Final = "ch"
_CHART_RULES: Final = (
    f".{CHART}{{display:block;min-width:12rem;container-type:inline-size}}",
    *(
        f".{name}{{overflow:visible;margin-left:{characters * 0.5}rem;width:calc(100% - {characters * 0.5}rem)}}"
        for characters, name in AXES.items()
    ),
    f"@container (max-width:32rem){{.{SPARSE}{{display:none}}}}",
)
"""A chart takes the room that there is; its text keeps its size."""
_RESET: Final = (
    "*,::before,::after{box-sizing:content-box;margin:0;padding:0;border:0 solid;font:inherit;color:inherit;"
    "letter-spacing:inherit;word-spacing:inherit;text-align:inherit;text-transform:inherit;vertical-align:baseline}"
    "html{-webkit-text-size-adjust:100%;text-size-adjust:100%}"
    "table{border-collapse:collapse;text-indent:0}img,svg,video{display:block;max-width:100%}img,video{height:auto}"
    "a{text-decoration:underline;text-underline-offset:.15em}"
)
_FALLBACKS: Final = {
    "serif": "Georgia,serif",
    "mono": "ui-monospace,monospace",
    "": 'system-ui,-apple-system,"Segoe UI",Roboto,sans-serif',
}
_INHERITED: Final = (
    "color",
    "font-weight",
    "font-style",
    "font-kerning",
    "text-transform",
    "white-space",
    "hyphens",
    "text-align",
)
_BREAKS: Final = ("break-before", "break-after", "break-inside")
_INSTEAD_OF_A_PAGE: Final = "2.5rem"
"""Above what begins a page in print."""
PIXEL: Final = 750
"""Millipoints of a CSS pixel."""
_COLUMN: Final = "14rem"
"""The least width of a column of text."""


class WebStyles:
    """Names looks, and writes the style sheet.

    Args:
        body: the body's computed style; its text size is what lengths are measured by.
        width: of the content of a page, in millipoints.
        narrow: whether the page is for telephones alone, so that what gives way on narrow screens always does.
    """

    def __init__(self, body: Style, width: int, *, narrow: bool = False) -> None:
        self.narrow = narrow
        self._reflowed: set[int] = set()
        self._base: int = body["font-size"] or PROPERTIES["font-size"].initial
        self._names: dict[str, str] = {}
        self.charts = False
        """Whether there is a chart."""
        self._width = width
        self.noted = False
        """Whether the page has footnotes."""
        self._body = self._declarations(body, {name: prop.initial for name, prop in PROPERTIES.items()}, "body")

    def rem(self, length: int) -> str:
        """A length in units of the body's text."""
        return f"{_number(length / self._base)}rem" if length else "0"

    def pixels(self, length: int) -> int:
        """A length in CSS pixels, where the reader has not changed the size of text."""
        return max(round(length * 16 / self._base), 1)

    def name(self, style: Style, around: Style, tag: str, *, afloat: bool = False) -> str:
        """The class of an element; empty where it looks like what is around it.

        Args:
            style: its computed style.
            around: that of the element around it.
            tag: its name.
            afloat: whether it stands at a fixed place of the page in print, hence in no place of its own here.
        """
        text = self._declarations(style, around, tag, afloat=afloat)
        if not text:
            return ""
        return self._names.setdefault(text, _letters(len(self._names)))

    def arranged(self, style: Style, column: Any) -> str:
        """Classes of a cell of a table that only arranges.

        Args:
            style: its computed style.
            column: the width that its column has, in millipoints, or `auto`.
        """
        width = column if style["width"] == "auto" else style["width"]
        small = isinstance(width, int) and width <= _SMALL * self._base
        apart = not (style["padding-top"] or style["padding-bottom"])
        return " ".join(name for name, true in ((SMALL, small), (APART, apart)) if true)

    def shown_width(self, style: Style) -> str:
        """How wide a picture is shown, as `sizes` says it (HTML, 4.8.4.2.1); empty where it is as wide as its place."""
        width = style["width"]
        if self.narrow:
            return f"(max-width:{_TELEPHONE}) 100vw,{_TELEPHONE}"
        return f"(max-width:{_NARROW}) 100vw,{self.rem(width)}" if isinstance(width, int) else ""

    def scroller(self, ground: int | None) -> str:
        """The classes of what may be scrolled sideways: shadows stand at the edges behind which there is more.

        Args:
            ground: the colour behind it; None: white.
        """
        color = color_text(over(ground, WHITE)) if ground is not None else "#ffffff"
        text = (
            f"background:linear-gradient(90deg,{color} 30%,{color}00) 0 0/3rem 100%,"
            f"linear-gradient(270deg,{color} 30%,{color}00) 100% 0/3rem 100%,"
            "linear-gradient(90deg,#0003,#0000) 0 0/.75rem 100%,linear-gradient(270deg,#0003,#0000) 100% 0/.75rem 100%;"
            "background-repeat:no-repeat;background-attachment:local,local,scroll,scroll"
        )
        return f"{SCROLLER} {self._names.setdefault(text, _letters(len(self._names)))}"

    def reflow(self, main: int) -> str:
        """The class of a table that is reflowed where it is narrow.

        Args:
            main: the column, from 1, that takes a line for itself, or what the one before it leaves.
        """
        self._reflowed.add(main)
        return reflow_class(main)

    def sheet(self) -> str:
        """The style sheet of all looks that were named."""
        padding = "1rem" if self.narrow else "clamp(1rem,4vw,3rem)"
        width = _TELEPHONE if self.narrow else self.rem(self._width)
        rules = [
            _RESET,
            f"body{{max-width:{width};margin:0 auto;padding:{padding};overflow-wrap:break-word;{self._body}}}",
            f".{SCROLLER}{{overflow-x:auto}}",
            f".{CODE}{{image-rendering:pixelated;max-width:none}}",
            *(_CHART_RULES if self.charts else ()),
            f".{LETTERHEAD}{{display:flex;flex-wrap:wrap;gap:1.5rem 3rem;justify-content:space-between}}",
            f".{LETTERHEAD}{{margin-bottom:2rem}}",
            f".{LETTERHEAD}>*{{min-width:0}}",
            *(
                (
                    f".{NOTES}{{list-style:none;margin-top:2.5rem;padding-top:1rem;border-top:1px solid}}",
                    f".{NOTES}>li:target{{outline:2px solid;outline-offset:.25rem}}",
                )
                if self.noted
                else ()
            ),
            f".{BACKDROP}{{position:absolute;inset:0;width:100%;height:100%;object-fit:cover;z-index:-1}}",
            *(f".{name}{{{text}}}" for text, name in self._names.items()),
            self._giving_way(),
            self._paper(),
        ]
        return "".join(rules)

    def _giving_way(self) -> str:
        """What gives way on narrow screens: tables that only arrange become one column, others are scrolled."""
        cells = f".{LAYOUT}>tbody>tr>td"
        screens = "screen" if self.narrow else f"screen and (max-width:{_NARROW})"
        return (
            f"@media {screens}{{.{LAYOUT},.{LAYOUT}>tbody,{cells}{{display:block;width:auto}}"
            f".{LAYOUT}>tbody>tr{{display:flex;flex-wrap:wrap;text-align:left}}.{LAYOUT}>colgroup,{cells}:empty{{display:none}}"
            f"{cells}{{flex:1 1 12rem;min-width:0;text-align:left}}{cells}.{SMALL}{{flex:none}}"
            f"{cells}.{APART}:not(:last-child){{padding-bottom:1.25rem}}"
            f".{SCROLLER} td,.{SCROLLER} th,.{SCROLLER} col{{width:auto}}"
            f".{SCROLLER} td,.{SCROLLER} th{{padding-left:.25rem;padding-right:.25rem}}"
            f".{SCROLLER} td,.{SCROLLER} th{{font-size:.775rem;line-height:1.4}}"
            f".{SCROLLER} tr>:first-child{{padding-left:.15rem}}.{SCROLLER} tr>:last-child{{padding-right:.15rem}}"
            f".{SCROLLER} .{BESIDE}{{padding-left:.7rem}}"
            f".{SCROLLER} td *,.{SCROLLER} th *{{font-size:inherit;line-height:inherit}}"
            f"td,th{{white-space:normal!important}}{reflow_rules(self._reflowed, '.6rem .25rem')}}}"
        )

    def _paper(self) -> str:
        """What a browser prints: text has the size that it has on our own paper, and boxes keep their colours."""
        return (
            "@page{margin:15mm 18mm}"
            f"@media print{{html{{font-size:{_number(self._base / 1000)}pt}}body{{padding:0}}"
            "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
            f".{SCROLLER}{{overflow:visible;background:none!important}}}}"
        )

    def _declarations(self, style: Style, around: Style, tag: str, *, afloat: bool = False) -> str:
        found = [*self._text(style, around, tag), *self._box(style, tag, afloat=afloat)]
        return ";".join(f"{name}:{value}" for name, value in found)

    def _text(self, style: Style, around: Style, tag: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        size: int = style["font-size"]
        if style["font-family"] != around["font-family"] or tag == "body":
            found.append(("font-family", _family(style["font-family"])))
        if size != around["font-size"] and tag != "body":
            found.append(("font-size", self._text_size(size)))
        leading = leading_of(style)
        if tag == "body" or abs(leading - leading_of(around)) > 0.001:  # noqa: PLR2004 - what nobody sees
            found.append(("line-height", _number(leading)))
        if style["font-variant-numeric"] != around["font-variant-numeric"]:
            found.append(("font-variant-numeric", style["font-variant-numeric"]))
        spacings = [name for name in ("letter-spacing", "word-spacing", "text-indent") if style[name] != around[name]]
        found += [(name, self.rem(style[name])) for name in spacings]
        for name in _INHERITED:
            value, before = style[name], around[name]
            if name == "text-align":
                value, before = alignment(value), alignment(before)
            if value != before:
                found.append((name, _word(name, value)))
        before = around.get("decorations", ())
        lines = [item for item in style.get("decorations", ()) if item not in before and item[0] != "background"]
        if lines:
            found.append(("text-decoration", f"{' '.join(kind for kind, _, _ in lines)} {color_text(lines[-1][1])}"))
        if tag in {"ul", "ol"}:
            found.append(("list-style-type", style["list-style-type"]))
        if tag == "caption" and style["caption-side"] != "top":
            found.append(("caption-side", style["caption-side"]))
        raised = style["vertical-align"]
        if raised in {"sub", "super"} or (tag in {"td", "th"} and raised in {"top", "middle", "bottom"}):
            found.append(("vertical-align", raised))
        return found

    def _text_size(self, size: int) -> str:
        """A size of text; what is large gives way on screens narrower than those of tablets."""
        times = size / self._base
        if times <= _LARGE:
            return self.rem(size)
        # The same at _NARROW, where 1vw is 0.4rem.
        return f"min({_number(times)}rem,calc(1rem + {_number((times - 1) / 0.4)}vw))"

    def _box(self, style: Style, tag: str, *, afloat: bool) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if style["background-color"] is not None:
            found.append(("background-color", color_text(style["background-color"])))
        if style["opacity"] != 1:
            found.append(("opacity", _number(style["opacity"])))
        if tag != "body":
            found += self._edges(style, "margin", afloat=afloat)
            found += self._sizes(style, tag, afloat=afloat)
            found += self._edges(style, "padding", afloat=afloat)
        for side in SIDES:
            width, color = style[f"border-{side}-width"], style[f"border-{side}-color"]
            if width and color is not None:
                pixels = max(round(width / PIXEL), 1)
                found.append((f"border-{side}", f"{pixels}px {style[f'border-{side}-style']} {color_text(color)}"))
        for corner in CORNERS:
            if style[f"border-{corner}-radius"]:
                found.append((f"border-{corner}-radius", self.rem(style[f"border-{corner}-radius"])))
        if style["background-image"]:
            found += [("position", "relative"), ("isolation", "isolate")]
        found += shape(style, tag)
        if style["display"] == "flex":
            found += self._flex(style)
        elif style["column-count"] != "auto" or style["column-width"] != "auto":
            found += self._columns(style)
        found += self._share(style)
        found += [(name, style[name]) for name in _BREAKS if style[name] in {"page", "avoid", "left", "right"}]
        if style["break-before"] in {"page", "left", "right"} and not style["margin-top"] and tag != "body":
            found.append(("margin-top", _INSTEAD_OF_A_PAGE))
        return found

    def _edges(self, style: Style, kind: str, *, afloat: bool) -> list[tuple[str, str]]:
        if afloat:
            return []  # distances from the edges of a sheet
        values = [self._length(style[f"{kind}-{side}"]) for side in SIDES]
        if set(values) == {"0"}:
            return []
        if len(set(values)) == 1:
            return [(kind, values[0])]
        return [(f"{kind}-{side}", value) for side, value in zip(SIDES, values, strict=True) if value != "0"]

    def _sizes(self, style: Style, tag: str, *, afloat: bool) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if style["box-sizing"] == "border-box":
            found.append(("box-sizing", "border-box"))
        width = style["width"]
        if isinstance(width, Relative):
            found.append(("width", self._length(width)))
        elif isinstance(width, int):
            plain = tag in {"td", "th", "col", "pr-barcode"}
            beside = 0 if afloat or style["box-sizing"] == "border-box" else _beside(style)
            room = f"100% - {self.rem(beside)}" if beside else "100%"
            found.append(("width", self.rem(width) if plain else f"min({room},{self.rem(width)})"))
        height = style["height"]
        if isinstance(height, int):
            # Text that is larger here than in print needs the room; a picture keeps its proportion.
            found.append(
                ("height", self.rem(height)) if tag in {"img", "pr-chart"} else ("min-height", self.rem(height))
            )
        for name, none in (("min-width", "auto"), ("max-width", "none"), ("min-height", 0), ("max-height", "none")):
            if style[name] != none:
                found.append((name, self._length(style[name])))
        if tag == "img" and style["object-fit"] != "fill":
            found.append(("object-fit", style["object-fit"]))
        if tag in {"img", "svg", "pr-chart", "pr-barcode"} and alignment(style["text-align"]) != "left":
            ends = {"center": "0 auto", "right": "0 0 0 auto"}.get(alignment(style["text-align"]))
            found += [("margin", ends)] if ends else []
        return found

    def _flex(self, style: Style) -> list[tuple[str, str]]:
        found = [("display", "flex")]
        if style["flex-direction"] == "column":
            found.append(("flex-direction", "column"))
        else:
            found.append(("flex-wrap", "wrap"))
        gaps = ((name, style[name]) for name in ("row-gap", "column-gap"))
        found += [(name, self._length(value)) for name, value in gaps if value not in {0, "normal"}]
        found += [(name, style[name]) for name in ("justify-content", "align-items") if style[name] != "normal"]
        return found

    def _columns(self, style: Style) -> list[tuple[str, str]]:
        """As many columns as a template says, fewer where the screen is narrow."""
        width, count = style["column-width"], style["column-count"]
        found = [("columns", f"{self.rem(width) if isinstance(width, int) else _COLUMN} {count}")]
        if style["column-gap"] != "normal":
            found.append(("column-gap", self._length(style["column-gap"])))
        if style["column-rule-width"] and style["column-rule-color"] is not None:
            pixels = max(round(style["column-rule-width"] / PIXEL), 1)
            rule = f"{pixels}px {style['column-rule-style']} {color_text(style['column-rule-color'])}"
            found.append(("column-rule", rule))
        return found

    def _share(self, style: Style) -> list[tuple[str, str]]:
        grow, shrink, basis = style["flex-grow"], style["flex-shrink"], style["flex-basis"]
        if (grow, shrink, basis) == (0.0, 1.0, "auto"):
            return []
        return [("flex", f"{_number(grow)} {_number(shrink)} {self._length(basis)}")]

    def _length(self, value: Any) -> str:
        if isinstance(value, Relative):
            share = f"{_number(value.number)}%"
            sign = "-" if value.plus < 0 else "+"
            return f"calc({share} {sign} {self.rem(abs(value.plus))})" if value.plus else share
        return self.rem(value) if isinstance(value, int) else str(value)


def _beside(style: Style) -> int:
    """What stands at the sides of a box's content within the box, as far as it has a length."""
    paddings = [style[f"padding-{side}"] for side in ("left", "right")]
    return sum(padding for padding in paddings if isinstance(padding, int))


def _family(name: str) -> str:
    kind = next((kind for kind in ("serif", "mono") if kind in name.lower() and "sans" not in name.lower()), "")
    return f'"{name}",{_FALLBACKS[kind]}'


def shape(style: Style, tag: str) -> list[tuple[str, str]]:
    """What makes a block of an element that is none by itself."""
    own = tag not in BLOCKS and tag not in TABLE_PARTS and tag not in {"body", "svg"}
    return [("display", "block")] if own and style["display"] == "block" else []


def leading_of(style: Style) -> float:
    """The height of a line, in sizes of its text."""
    height = style["line-height"]
    return float(height) if isinstance(height, float) else height / style["font-size"]


def alignment(value: str) -> str:
    """`text-align`, where numbers that stand below each other by their sign are at the right."""
    return value if value in {"left", "right", "center", "justify"} else "right"


def _word(name: str, value: Any) -> str:
    if name == "color":
        return color_text(value)
    if name == "font-weight":
        return "700" if value else "400"
    return str(value)


def color_text(value: int | None) -> str:
    """A colour as CSS writes it."""
    if value is None:
        return "transparent"
    return f"#{value & OPAQUE:06x}" + (f"{alpha_of(value):02x}" if value > OPAQUE else "")


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"


def _letters(number: int) -> str:
    """A short name of a class, which is none of our own: those have two letters and end otherwise."""
    return f"c{number:x}"
