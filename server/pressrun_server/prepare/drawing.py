"""Turns an SVG drawing into PDF's drawing operators: shapes with fills and strokes (SVG 1.1; PDF 32000-1, 8.5).

A drawing comes from strangers and goes into customers' documents, so it is held to a list: what is on it is drawn
exactly, what is known to draw nothing is left out, and anything else refuses the file by name, so that no drawing is
ever shown in part. Nothing in it can name another file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import cssselect2
import tinycss2
from fontTools.misc.transform import Transform

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.outline import outline
from pressrun_server.prepare.paint import Paint, length, paint_of

__all__ = ["MAX_DRAWING", "Vector", "read_drawing"]

MAX_DRAWING = 2 * 1024 * 1024
"""Bytes that a drawing may have."""
_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_SILENT = {"title", "desc", "metadata", "defs", "style"}
_MOST_ELEMENTS = 20_000
_DEEPEST = 64
_LARGEST = 20_000
_DEFAULT = (300.0, 150.0)
"""Pixels of a drawing that says nothing of its size (CSS 2.2, 10.3.2)."""
_MEETS = {"", "xMidYMid", "xMidYMid meet", "none"}
_TRANSFORM = re.compile(r"\s*,?\s*(\w+)\s*\(([^()]*)\)\s*")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(slots=True)
class Vector:
    """A drawing as operators."""

    width: float
    height: float
    """In CSS pixels."""
    content: list[str] = field(default_factory=list)
    """Operators; the origin is the lower left corner, a unit is a pixel."""
    alphas: dict[tuple[str, str], str] = field(default_factory=dict)
    """Names of graphics states by opacity of fills and of strokes."""


def read_drawing(data: bytes) -> Vector:
    """Read and convert a drawing.

    Raises:
        PressrunError: ASSET_INVALID: not well-formed, or it uses what is not supported; ASSET_TOO_LARGE.
    """
    if len(data) > MAX_DRAWING:
        message = f"the drawing has {len(data)} bytes; the most is {MAX_DRAWING}; simplify it"
        raise PressrunError(Reason.ASSET_TOO_LARGE, message)
    if b"<!ENTITY" in data:
        raise _refused("entities of XML", "save it without them")
    try:
        root = ET.fromstring(data)  # noqa: S314 - entities are refused above, and this process is limited
    except ET.ParseError as error:
        raise PressrunError(
            Reason.ASSET_INVALID, f"the SVG drawing is not well-formed: {error}; save it anew", detail=str(error)
        ) from error
    if root.tag != f"{_SVG}svg":
        raise _refused("no <svg> in SVG's namespace", 'write <svg xmlns="http://www.w3.org/2000/svg">')
    if sum(1 for _ in root.iter()) > _MOST_ELEMENTS:
        raise PressrunError(
            Reason.ASSET_TOO_LARGE, f"the drawing has over {_MOST_ELEMENTS} elements; simplify it, or use a PNG"
        )
    try:
        return _Reader(root).vector
    except (ValueError, ArithmeticError) as error:
        raise PressrunError(
            Reason.ASSET_INVALID, "the SVG drawing has a number or path that is not valid; save it anew",
            detail=f"{type(error).__name__}: {error}"[:300],
        ) from error  # fmt: skip


def _refused(what: str, hint: str) -> PressrunError:
    return PressrunError(Reason.ASSET_INVALID, f"the SVG drawing uses {what}, which is not supported; {hint}")


class _Reader:
    """Goes through a drawing's elements."""

    def __init__(self, root: Element) -> None:
        self._sheet = _matcher(root)
        self._styles: dict[Element, dict[str, str]] = {}
        wrapper = cssselect2.ElementWrapper.from_xml_root(root)
        for item in wrapper.iter_subtree():
            self._styles[item.etree_element] = self._declared(item)
        width, height, view = _view(root)
        if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
            raise _refused("a size of nothing, or of over 20,000 px", "give it a width, a height and a viewBox")
        self.vector = Vector(width, height)
        self._element(root, Paint(), Transform(1, 0, 0, -1, 0, height).transform(view), 0)

    def _declared(self, item: Any) -> dict[str, str]:
        """Presentation attributes, then rules, then the style attribute: the later wins (SVG 1.1, 6.4)."""
        element: Element = item.etree_element
        found = {name: value for name, value in element.attrib.items() if not name.startswith("{")}
        matches = sorted(self._sheet.match(item), key=lambda match: (match[0], match[1]))
        for _specificity, _order, _pseudo, declarations in matches:
            found |= declarations
        found |= _declarations(element.get("style", ""))
        for name in element.attrib:
            if name.lower().startswith("on"):
                raise _refused("scripts", "save it without them")
            if name.rsplit("}", 1)[-1] == "href":
                raise _refused("references (href)", "save it with all objects in place")
        return found

    def _element(self, element: Element, around: Paint, matrix: Transform, depth: int) -> None:
        if depth > _DEEPEST:
            raise _refused(f"groups nested over {_DEEPEST} deep", "simplify it")
        tag = element.tag
        if not isinstance(tag, str) or not tag.startswith(_SVG):
            return  # editors' own elements draw nothing
        name = tag.removeprefix(_SVG)
        if name in _SILENT:
            return
        if name not in _SHAPES and name != "g" and depth:
            hint = "convert text to paths" if name in {"text", "tspan"} else "save it as plain paths, or use a PNG"
            raise _refused(f"<{name}>", hint)
        style = self._styles[element]
        if style.get("display") == "none":
            return
        try:
            paint = paint_of(style, around, group=name not in _SHAPES)
        except LookupError as error:
            raise _refused(str(error.args[0]), "save it as plain paths with plain colours, or use a PNG") from None
        if "transform" in style:
            matrix = matrix.transform(_transform(style["transform"]))
        if name in _SHAPES:
            if paint.visible:
                self._shape(name, style, paint, matrix)
            return
        for child in element:
            self._element(child, paint, matrix, depth + 1)

    def _shape(self, name: str, style: dict[str, str], paint: Paint, matrix: Transform) -> None:
        path = outline(name, style)
        if not path or not (paint.fill or paint.stroke):
            return
        alphas = f"{paint.fill_alpha:.3g}", f"{paint.stroke_alpha:.3g}"
        state = ""
        if alphas != ("1", "1"):
            state = f"/G{self.vector.alphas.setdefault(alphas, str(len(self.vector.alphas)))} gs\n"
        placed = " ".join(f"{part:.5f}".rstrip("0").rstrip(".") or "0" for part in matrix)
        self.vector.content.append(f"q {placed} cm\n{state}{paint.operators()}{path}{paint.painting()}\nQ\n")


def _matcher(root: Element) -> Any:
    matcher = cssselect2.Matcher()
    for element in root.iter(f"{_SVG}style"):
        for rule in tinycss2.parse_stylesheet(element.text or "", skip_comments=True, skip_whitespace=True):
            if rule.type != "qualified-rule":
                raise _refused("rules of CSS with @", "save it with presentation attributes")
            declarations = _declarations(tinycss2.serialize(rule.content))
            try:
                selectors = cssselect2.compile_selector_list(rule.prelude)
            except cssselect2.SelectorError:
                raise _refused("a selector of CSS", "save it with presentation attributes") from None
            for selector in selectors:
                matcher.add_selector(selector, declarations)
    return matcher


def _declarations(text: str) -> dict[str, str]:
    found = tinycss2.parse_declaration_list(text, skip_comments=True, skip_whitespace=True)
    return {item.lower_name: tinycss2.serialize(item.value).strip() for item in found if item.type == "declaration"}


def _view(root: Element) -> tuple[float, float, Transform]:
    """The size, and what maps the view box to it (SVG 1.1, 7.7 and 7.8)."""
    box = tuple(float(number) for number in _NUMBER.findall(root.get("viewBox", "")))
    width, height = length(root.get("width", "")), length(root.get("height", ""))
    if len(box) != len(("x", "y", "width", "height")):
        return width or _DEFAULT[0], height or _DEFAULT[1], Transform()
    if width is None and height is None:
        width, height = box[2], box[3]
    elif width is None:
        width = (height or 0) * box[2] / box[3]
    elif height is None:
        height = width * box[3] / box[2]
    fit = root.get("preserveAspectRatio", "").strip()
    if fit not in _MEETS:
        raise _refused(f"preserveAspectRatio {fit!r}", "leave it out")
    across, down = width / box[2], (height or 0) / box[3]
    if fit != "none":
        across = down = min(across, down)
    dx, dy = (width - across * box[2]) / 2, ((height or 0) - down * box[3]) / 2
    return width, height or 0, Transform(across, 0, 0, down, dx - across * box[0], dy - down * box[1])


def _transform(text: str) -> Transform:
    matrix = Transform()
    for name, numbers in _calls(text):
        matrix = matrix.transform(_step(name, numbers))
    return matrix


def _calls(text: str) -> Iterator[tuple[str, list[float]]]:
    at = 0
    while at < len(text.rstrip()):
        match = _TRANSFORM.match(text, at)
        if match is None:
            raise _refused(f"the transform {text[:40]!r}", "save it anew")
        yield match[1], [float(number) for number in _NUMBER.findall(match[2])]
        at = match.end()


def _step(name: str, values: list[float]) -> Transform:
    match name, values:
        case "matrix", [a, b, c, d, e, f]:
            return Transform(a, b, c, d, e, f)
        case "translate", [x, *rest]:
            return Transform(1, 0, 0, 1, x, rest[0] if rest else 0)
        case "scale", [x, *rest]:
            return Transform(x, 0, 0, rest[0] if rest else x, 0, 0)
        case "rotate", [angle]:
            return Transform().rotate(math.radians(angle))
        case "rotate", [angle, x, y]:
            return Transform().translate(x, y).rotate(math.radians(angle)).translate(-x, -y)
        case "skewX", [angle]:
            return Transform(1, 0, math.tan(math.radians(angle)), 1, 0, 0)
        case "skewY", [angle]:
            return Transform(1, math.tan(math.radians(angle)), 0, 1, 0, 0)
    raise _refused(f"the transform {name}", "save it anew")
