"""Styles of an e-mail, inline: what mail clients understand, with a palette for readers who see it dark.

Lengths of text become CSS pixels as pages for browsers take them (the body's text has 16); lengths across the page are
brought to the width of a message. The palette for dark screens follows from the template's own colours: grounds that
are light become dark, text on them light; grounds of a strong colour stay as they are, with what is on them. It reaches
elements by classes, in a style sheet that clients may leave out, as some do.
"""

from __future__ import annotations

import colorsys
import html
from typing import Any, Final

from pressrun_server.template.cascade import Style
from pressrun_server.template.generated import is_mark
from pressrun_server.template.opacity import FADED
from pressrun_server.template.pictures import CORNERS
from pressrun_server.template.properties import SIDES
from pressrun_server.template.reflow import reflow_rules
from pressrun_server.template.values import Relative
from pressrun_server.template.webstyle import (
    APART,
    CODE,
    LAYOUT,
    PIXEL,
    WebStyles,
    alignment,
    color_text,
    leading_of,
    shape,
)

__all__ = ["CANVAS", "CARD", "FLEX", "FRAME", "GRAPH", "RUNNING", "TABLE", "MailStyles", "hides"]

FLEX: Final = "fx"
TABLE: Final = "dt"
FRAME: Final = "fr"
CARD: Final = "cd"
RUNNING: Final = "rn"
GRAPH: Final = "gr"
"""Classes of our own: rows of boxes, tables of data, what is around the message, the message, what runs along the first
page in print, and pictures of charts."""
CANVAS: Final = 0xF2F4F5
"""Around the message, where the template's body has a ground of its own or none."""
_WIDEST: Final = 640
"""CSS pixels."""
_TEXT: Final = 16
_FALLBACKS: Final = {
    "serif": "Georgia,serif",
    "mono": "Consolas,Menlo,monospace",
    "": "'Segoe UI',Roboto,Helvetica,Arial,sans-serif",
}
_LIGHT: Final = 0.7
"""Lightness from which a ground is turned dark."""
_FAINT: Final = 0.62
"""Lightness below which text on a dark ground is lightened."""
_WHITE: Final = 0xFFFFFF
_DARKEST: Final = 0.085
_BRIGHT: Final = 0.33
"""The least luminance of text on a dark ground: it stands out from any of them as WCAG 2.2 asks for (1.4.3)."""
_SEEN: Final = 2.5
"""The least contrast of a figure with the dark ground that it is put on."""
_LINEAR: Final = 0.04045
_MARGINS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "figure"})
"""Elements to which clients give margins."""
_SIZED: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "small", "sub", "sup"})
_BOLD: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"})
_CELLS: Final = frozenset({"td", "th"})
_FIGURES: Final = frozenset({"img", "pr-barcode"})


class MailStyles(WebStyles):
    """Writes the look of an element as attributes, and remembers its colours for the dark palette.

    Args:
        body: the body's computed style.
        width: of the content of a page, in millipoints.
    """

    def __init__(self, body: Style, width: int) -> None:
        self._palette: dict[tuple[str, int, bool], str] = {}
        self._behind = _WHITE
        super().__init__(body, width)
        wide = width * _TEXT / self._base
        self.width = min(round(wide), _WIDEST)
        self._across = self.width / wide
        ground = body["background-color"]
        self.ground: int = _WHITE if ground is None else ground

    def rem(self, length: int) -> str:
        """A length in CSS pixels; whole ones, as the oldest clients take no others."""
        found = round(length * _TEXT / self._base)
        return f"{found or (1 if length > 0 else 0)}px" if length else "0"

    def across(self, length: int) -> int:
        """A width in CSS pixels of the message."""
        return max(round(length * _TEXT / self._base * self._across), 1)

    def share(self, value: Relative) -> float:
        """A percentage; what `calc()` adds to it is one of the message's width, as few clients can add."""
        return round(max(value.number + value.plus * 100 / self._width, 0), 2) if value.plus else value.number

    def attributes(
        self, style: Style, around: Style, tag: str, ground: int, *, afloat: bool = False, classes: str = ""
    ) -> str:
        """The attributes `style` and `class` of an element, with a space before.

        Args:
            style: its computed style.
            around: that of the element around it.
            tag: its name.
            ground: the colour behind it.
            afloat: whether it stands at a fixed place of the page in print.
            classes: of our own.
        """
        self._behind = ground
        declared = self._declarations(style, around, tag, afloat=afloat)
        names = [classes] if classes else []
        names += self._shades(style, around, tag, ground)
        named = f' class="{" ".join(names)}"' if names else ""
        return f'{named} style="{html.escape(declared)}"' if declared else named

    def shade(self, kind: str, color: int, ground: int) -> str:
        """The class of a colour: of text (`t`), a ground (`g`) or a line (`l`), by what is behind it."""
        return self._palette.setdefault((kind, color, _turns(ground)), f"{kind}{len(self._palette):x}")

    def edge(self) -> str:
        """The line above the message: that of the template's body."""
        return "".join(f"{name}:{line};" for name, line in self._lines(self._body_style) if name == "border-top")

    def dark(self) -> str:
        """The rules of the palette for dark screens."""
        names = {"t": "color", "g": "background-color", "l": "border-color"}
        return "".join(
            f".{name}{{{names[kind]}:{color_text(_dark(kind, color, turned=turned))}!important}}"
            for (kind, color, turned), name in self._palette.items()
        )

    def family(self) -> str:
        """The body's fonts, of which the first is there on few machines."""
        return _family(self._body_style["font-family"])

    # Declarations -----------------------------------------------------------------------------------------------------

    def _declarations(self, style: Style, around: Style, tag: str, *, afloat: bool = False) -> str:
        if tag == "body":
            self._body_style = style
            return ""
        found = [*self._words(style, around, tag), *self._frame(style, tag, afloat=afloat)]
        return ";".join(f"{name}:{value}" for name, value in found)

    def _words(self, style: Style, around: Style, tag: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if style["font-family"] != around["font-family"]:
            found.append(("font-family", _family(style["font-family"])))
        if style["font-size"] != around["font-size"] or tag in _SIZED:
            found.append(("font-size", self.rem(style["font-size"])))
            found.append(("line-height", self.rem(round(leading_of(style) * style["font-size"]))))
        elif abs(leading_of(style) - leading_of(around)) > 0.001:  # noqa: PLR2004 - what nobody sees
            found.append(("line-height", self.rem(round(leading_of(style) * style["font-size"]))))
        if style["color"] != around["color"] or tag == "a":
            found.append(("color", color_text(style["color"] or 0)))
        if style["font-weight"] != around["font-weight"] or tag in _BOLD:
            found.append(("font-weight", "700" if style["font-weight"] else "400"))
        words = ("font-style", "text-transform", "white-space")
        found += [(name, str(style[name])) for name in words if style[name] != around[name]]
        spacings = [name for name in ("letter-spacing", "text-indent") if style[name] != around[name]]
        found += [(name, self.rem(style[name])) for name in spacings]
        value, before = alignment(style["text-align"]), alignment(around["text-align"])
        if value != before or tag == "th":
            found.append(("text-align", value))
        if tag == "a":
            # On a ground of a strong colour a link is a button, and looks like one.
            found.append(("text-decoration", "underline" if _turns(self._behind) else "none"))
        if tag in {"ul", "ol"}:
            found.append(("list-style-type", style["list-style-type"]))
        if tag == "caption" and style["caption-side"] != "top":
            found.append(("caption-side", style["caption-side"]))
        raised = style["vertical-align"]
        if raised in {"sub", "super"} or (tag in _CELLS and raised in {"top", "middle", "bottom"}):
            found.append(("vertical-align", raised))
        return found

    def _frame(self, style: Style, tag: str, *, afloat: bool) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if style["background-color"] is not None:
            found.append(("background-color", color_text(style["background-color"])))
        if tag == "img" and FADED in style:
            found.append(("opacity", f"{style[FADED] / 255:.3g}"))
        if tag in _FIGURES or tag == "table":
            found += self.margin(style, tag, afloat=afloat) if tag in _FIGURES else []
        elif tag not in _CELLS:
            found += self.margin(style, tag, afloat=afloat)
        found += shape(style, tag)
        if is_mark(style["content"]):
            sizes = [(name, style[name]) for name in ("width", "height")]
            found += [(name, self._edge(value)) for name, value in sizes if isinstance(value, int | Relative)]
        found += self._padding(style, tag, afloat=afloat)
        found += self._lines(style)
        for corner in CORNERS:
            if style[f"border-{corner}-radius"]:
                found.append((f"border-{corner}-radius", self.rem(style[f"border-{corner}-radius"])))
        return found

    def margin(self, style: Style, tag: str, *, afloat: bool = False) -> list[tuple[str, str]]:
        """The margins of an element, with those that clients would give it themselves taken away."""
        if afloat:
            return [("margin", "0 0 16px")]  # its distances are from the edges of a sheet
        sides = [self._edge(style[f"margin-{side}"]) for side in SIDES]
        if tag in _FIGURES:
            ends = {"center": ("auto", "auto"), "right": ("0", "auto")}.get(alignment(style["text-align"]))
            if ends is not None:
                sides[1], sides[3] = ends
        if style["break-before"] in {"page", "left", "right"} and sides[0] == "0":
            sides[0] = "40px"
        text = _four(sides)
        return [("margin", text)] if text != "0" or tag in _MARGINS else []

    def _padding(self, style: Style, tag: str, *, afloat: bool) -> list[tuple[str, str]]:
        if afloat:
            return []
        text = _four([self._edge(style[f"padding-{side}"]) for side in SIDES])
        return [("padding", text)] if text != "0" or tag in {*_CELLS, "ul", "ol"} else []

    def _lines(self, style: Style) -> list[tuple[str, str]]:
        lines: dict[str, str] = {}
        for side in SIDES:
            width, color = style[f"border-{side}-width"], style[f"border-{side}-color"]
            if width and color is not None:
                pixels = max(round(width / PIXEL), 1)
                lines[side] = f"{pixels}px {style[f'border-{side}-style']} {color_text(color)}"
        if len(lines) == len(SIDES) and len(set(lines.values())) == 1:
            return [("border", lines["top"])]
        return [(f"border-{side}", line) for side, line in lines.items()]

    def _shades(self, style: Style, around: Style, tag: str, ground: int) -> list[str]:
        own = style["background-color"]
        names = []
        if own is not None:
            names.append(self.shade("g", own, ground))
        behind = ground if own is None else own
        text = style["color"] or 0
        if text != (around["color"] or 0) or tag == "a" or (own is not None and _turns(own) != _turns(ground)):
            names.append(self.shade("t", text, behind))
        for side in SIDES:
            color = style[f"border-{side}-color"]
            if style[f"border-{side}-width"] and color is not None:
                names.append(self.shade("l", color, behind))
                break
        return names

    def _edge(self, value: Any) -> str:
        if isinstance(value, Relative):
            return f"{self.share(value):g}%"
        return self.rem(value) if isinstance(value, int) else "0"

    # The style sheet --------------------------------------------------------------------------------------------------

    def sheet(self) -> str:
        """What stands in the head, of which nothing is needed for a message to be read."""
        parts = ("", ">tbody", ">tbody>tr", ">tbody>tr>td", ">thead", ">thead>tr", ">thead>tr>td")
        stacked = ",".join(f".{LAYOUT}{part}" for part in parts)
        flexed = ",".join(f".{FLEX}{part}" for part in parts[:4])
        text = self._body_style["color"] or 0
        dark = color_text(_dark("t", text, turned=True))
        card = color_text(_dark("g", self.ground, turned=True))
        return (
            ":root{color-scheme:light dark;supported-color-schemes:light dark}"
            "body{margin:0;padding:0;width:100%!important;-webkit-text-size-adjust:100%;-ms-text-size-adjust:100%}"
            "table{border-collapse:separate;mso-table-lspace:0;mso-table-rspace:0}"
            "img{border:0;outline:none;-ms-interpolation-mode:bicubic}"
            f".{CODE},.{GRAPH}{{image-rendering:pixelated}}"
            "a[x-apple-data-detectors]{color:inherit!important;text-decoration:none!important}"
            f".{FLEX}>tbody>tr>td:first-child{{padding-left:0!important}}"
            f"@media (max-width:600px){{.{FRAME}{{padding:0!important}}"
            f".{CARD}{{padding:24px 18px!important;border-radius:0!important}}"
            f"{stacked},{flexed}{{display:block!important;width:auto!important;text-align:left!important}}"
            f".{LAYOUT}>colgroup{{display:none}}.{LAYOUT}>tbody>tr>td:empty{{display:none!important}}"
            f".{LAYOUT}>tbody>tr:not(:last-child)>.{APART},.{LAYOUT}>tbody>tr>.{APART}:not(:last-child)"
            "{padding-bottom:18px!important}"
            f".{FLEX}>tbody>tr>td{{padding:0 0 18px!important}}"
            f".{CARD} a{{overflow-wrap:anywhere}}"
            f".{TABLE} td,.{TABLE} th{{white-space:normal!important}}{reflow_rules(self._reflowed, '9px 0')}}}"
            f"@media (prefers-color-scheme:dark){{body,.{FRAME}{{background-color:#0e1113!important}}"
            f".{CARD}{{background-color:{card}!important;color:{dark}!important}}{self.dark()}}}"
        )


def hides(ground: int, color: int) -> bool:
    """Whether a figure of a colour is lost where the ground behind it is turned dark."""
    if not _turns(ground):
        return False
    dark, own = (
        _luminance(*(part / 255 for part in each.to_bytes(3))) for each in (_dark("g", ground, turned=True), color)
    )
    return (own + 0.05) / (dark + 0.05) < _SEEN


def _family(name: str) -> str:
    kind = next((kind for kind in ("serif", "mono") if kind in name.lower() and "sans" not in name.lower()), "")
    return f"'{name}',{_FALLBACKS[kind]}"


def _four(sides: list[str]) -> str:
    """Four lengths as briefly as CSS has them."""
    top, right, bottom, left = sides
    if right == left:
        if top == bottom:
            return top if top == right else f"{top} {right}"
        return f"{top} {right} {bottom}"
    return f"{top} {right} {bottom} {left}"


def _hls(color: int) -> tuple[float, float, float]:
    return colorsys.rgb_to_hls((color >> 16) / 255, (color >> 8 & 255) / 255, (color & 255) / 255)


def _luminance(*parts: float) -> float:
    """Of a colour, as WCAG 2.2 has it."""
    linear = [part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _turns(ground: int) -> bool:
    """Whether a ground is turned dark."""
    return _hls(ground)[1] >= _LIGHT


def _dark(kind: str, color: int, *, turned: bool) -> int:
    """The colour that stands for one on dark screens.

    Args:
        kind: as `MailStyles.shade` has it.
        color: the template's.
        turned: whether what is behind it was light.
    """
    hue, light, saturation = _hls(color)
    if kind == "g":
        if light >= _LIGHT:
            light, saturation = _DARKEST + (1 - light) * 0.35, min(saturation, 0.5) * 0.55
            if color == _WHITE:
                hue, saturation = 0.58, 0.12  # the cool grey that dark surfaces have
    elif kind == "l":
        if turned and light >= _LIGHT:
            light, saturation = 0.2 + (1 - light) * 0.5, saturation * 0.4
        elif turned and light < _FAINT:
            light = _FAINT - 0.1
    elif turned:
        if light < _FAINT:
            light, saturation = _FAINT + (_FAINT - light) / _FAINT * 0.3, saturation * 0.75
        while _luminance(*colorsys.hls_to_rgb(hue, light, saturation)) < _BRIGHT:
            light += 0.02
    red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
    return round(red * 255) << 16 | round(green * 255) << 8 | round(blue * 255)
