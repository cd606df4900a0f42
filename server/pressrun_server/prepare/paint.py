"""How a shape of an SVG drawing is painted: colours, strokes and opacity, inherited (SVG 1.1, 11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import tinycss2.color3

__all__ = ["Paint", "length", "number_text", "paint_of"]

_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
_LENGTH = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-z]*)\s*")
_REFUSED = ("filter", "mask", "clip-path", "marker", "marker-start", "marker-mid", "marker-end", "mix-blend-mode")
_CAPS = {"butt": 0, "round": 1, "square": 2}
_JOINS = {"miter": 0, "round": 1, "bevel": 2}
_Color = tuple[float, float, float]


def length(text: str) -> float | None:
    """A length in CSS pixels; None where it is none, or relative."""
    match = _LENGTH.fullmatch(text)
    return float(match[1]) * _PIXELS[match[2]] if match and match[2] in _PIXELS else None


def number_text(value: float) -> str:
    """A number as PDF has it, with at most four decimals."""
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"


@dataclass(frozen=True, slots=True)
class Paint:
    """What is inherited, as computed; colours as red, green and blue up to 1."""

    color: _Color = (0.0, 0.0, 0.0)
    fill: _Color | None = (0.0, 0.0, 0.0)
    stroke: _Color | None = None
    fill_opacity: float = 1.0
    stroke_opacity: float = 1.0
    opacity: float = 1.0
    """Of the shape alone."""
    width: float = 1.0
    cap: int = 0
    join: int = 0
    miter: float = 4.0
    dashes: tuple[float, ...] = ()
    offset: float = 0.0
    even_odd: bool = False
    visible: bool = True

    @property
    def fill_alpha(self) -> float:
        """How opaque the fill is."""
        return self.fill_opacity * self.opacity

    @property
    def stroke_alpha(self) -> float:
        """How opaque the stroke is."""
        return self.stroke_opacity * self.opacity

    def operators(self) -> str:
        """What sets colours and strokes."""
        out = []
        if self.fill:
            out.append(f"{' '.join(map(number_text, self.fill))} rg\n")
        if self.stroke:
            out.append(f"{' '.join(map(number_text, self.stroke))} RG {number_text(self.width)} w\n")
            out.append(f"{self.cap} J {self.join} j {number_text(self.miter)} M\n")
            if self.dashes:
                out.append(f"[{' '.join(map(number_text, self.dashes))}] {number_text(self.offset)} d\n")
        return "".join(out)

    def painting(self) -> str:
        """What paints the path."""
        star = "*" if self.even_odd and self.fill else ""
        return f"{'B' if self.fill and self.stroke else 'f' if self.fill else 'S'}{star}"


def paint_of(style: Mapping[str, str], around: Paint, *, group: bool) -> Paint:
    """The paint of an element in the paint of the one around it.

    Raises:
        LookupError: it asks for what is not supported; says what.
        ValueError: a value is not valid.
    """
    for name in _REFUSED:
        if style.get(name, "none") not in {"none", "normal"}:
            raise LookupError(name)
    found = replace(around, opacity=1.0)
    if "color" in style:
        found = replace(found, color=_color(style["color"], found)[0] or found.color)
    changes: dict[str, Any] = {}
    for name in ("fill", "stroke"):
        value, given = style.get(name, "inherit"), style.get(f"{name}-opacity", "inherit")
        if value != "inherit":
            changes[name], alpha = _color(value, found)
            if alpha < 1:
                changes[f"{name}_opacity"] = alpha
        if given != "inherit":
            changes[f"{name}_opacity"] = _share(given)
    found = replace(found, **changes)
    found = _stroked(style, found)
    rule = style.get("fill-rule", "inherit")
    if rule != "inherit":
        found = replace(found, even_odd=rule == "evenodd")
    visibility = style.get("visibility", "inherit")
    if visibility != "inherit":
        found = replace(found, visible=visibility == "visible")
    opacity = _share(style.get("opacity", "1"))
    if opacity < 1:
        if group:
            raise LookupError("opacity of a group")
        if found.fill and found.stroke:
            raise LookupError("opacity of a shape with fill and stroke")
    # A stroke of no width is not drawn; PDF would draw the thinnest line there is.
    return replace(found, opacity=opacity, stroke=found.stroke if found.width > 0 else None)


def _stroked(style: Mapping[str, str], found: Paint) -> Paint:
    changes: dict[str, Any] = {}
    for name, key in (("stroke-width", "width"), ("stroke-dashoffset", "offset")):
        if style.get(name, "inherit") != "inherit":
            size = length(style[name])
            if size is None:
                raise LookupError(f"{name} {style[name]!r}")
            changes[key] = size
    if style.get("stroke-miterlimit", "inherit") != "inherit":
        changes["miter"] = max(float(style["stroke-miterlimit"]), 1.0)
    for name, key, values in (("stroke-linecap", "cap", _CAPS), ("stroke-linejoin", "join", _JOINS)):
        value = style.get(name, "inherit")
        if value != "inherit":
            if value not in values:
                raise LookupError(f"{name} {value!r}")
            changes[key] = values[value]
    dashes = style.get("stroke-dasharray", "inherit")
    if dashes != "inherit":
        parts = [] if dashes == "none" else [length(part) for part in re.split(r"[\s,]+", dashes.strip())]
        sizes = [part for part in parts if part is not None and part >= 0]
        if len(sizes) != len(parts):
            raise LookupError(f"stroke-dasharray {dashes!r}")
        changes["dashes"] = tuple(sizes) if sum(sizes) > 0 else ()
    return replace(found, **changes)


def _color(text: str, around: Paint) -> tuple[_Color | None, float]:
    if text in {"none", "transparent"}:
        return None, 1.0
    if text.lower() == "currentcolor":
        return around.color, 1.0
    if "url(" in text:
        raise LookupError("gradients or patterns")
    parsed: Any = tinycss2.color3.parse_color(text)
    if parsed is None:
        raise LookupError(f"the colour {text[:40]!r}")
    return (parsed.red, parsed.green, parsed.blue), parsed.alpha


def _share(text: str) -> float:
    value = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    return min(max(value, 0.0), 1.0)
