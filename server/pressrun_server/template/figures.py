"""Figures: pictures of slots, drawings of the template, codes and charts."""

from __future__ import annotations

import copy
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import tinycss2

from pressrun_server.errors import PressrunError
from pressrun_server.model.program import Barcode, Chart, Image, Inline, Node, Vector
from pressrun_server.model.tint import WHITE, over, tinted
from pressrun_server.prepare.drawing import read_drawing
from pressrun_server.prepare.paint import number_text
from pressrun_server.template.barcode import BARCODES, LEVELS
from pressrun_server.template.builder import ALIGN, Builder
from pressrun_server.template.cascade import SVG
from pressrun_server.template.diagnostics import closest
from pressrun_server.template.geometry import box_of, pixels, resolved
from pressrun_server.template.grammar import GrammarError, parse_condition
from pressrun_server.template.opacity import FADED
from pressrun_server.template.scope import Scope
from pressrun_server.template.values import InvalidValueError, color

__all__ = ["CHARTS", "CODE_SIZE", "FigureStructure"]

CHARTS = ("bar",)
"""Kinds of charts; others have their place here."""
CODE_SIZE = 70_866
"""Width of a code that has none of its own: 25 mm."""
_CHART_HEIGHT = 113_386  # 40 mm
_LINE = 0xDDDDDD
_OWN_SIZE = {
    "height": "auto",
    "width": "auto",
    "max-width": "none",
    "max-height": "none",
    "min-width": 0,
    "min-height": 0,
}
"""What sizes a picture is no size of the box that it stands in."""


class FigureStructure(Builder):
    """Builds figures."""

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
                ALIGN.get(style["text-align"], "left"),
                max_width=resolved(style["max-width"], width),
                max_height=resolved(style["max-height"], width),
                fit=style["object-fit"],
                position=style["object-position"],
                alpha=style.get(FADED, 255),
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
        if drawing.alphas or FADED in style:
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
                align=ALIGN.get(style["text-align"], "left"),
            )
        ]

    def _barcode(self, element: Element, x: int, width: int, scope: Scope) -> list[Barcode]:
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
                size=min(resolved(style["width"], width) or CODE_SIZE, width),
                quiet=int(quiet),
                level=level,
                color=over(style["color"] or 0, WHITE),
                align=ALIGN.get(style["text-align"], "left"),
                place=str(place),
            )
        ]

    def _chart(self, element: Element, x: int, width: int, scope: Scope) -> list[Chart]:
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
        own = over(style["color"] or 0, WHITE)
        for name, default in (
            ("bar-color", own),
            ("line-color", over(tinted(_LINE, style.get(FADED, 255)), WHITE)),
            ("axis-color", own),
        ):
            colors[name] = default
            if name in element.attrib:
                try:
                    told = color(tinycss2.parse_component_value_list(element.attrib[name]))
                    shown = WHITE if told is None else over(told, WHITE)
                    colors[name] = over(tinted(shown, style.get(FADED, 255)), WHITE)
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
