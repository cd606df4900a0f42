"""Outlines of SVG's shapes as PDF's path operators (SVG 1.1, 8 and 9; PDF 32000-1, 8.5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fontTools.pens.basePen import BasePen
from fontTools.svgLib.path import parse_path

from pressrun_server.prepare.paint import length, number_text

__all__ = ["outline"]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


class _Pen(BasePen):  # type: ignore[misc]
    """Writes what is drawn with it; quadratic curves come as cubic ones."""

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802 - fontTools' name
        self._put("m", pt)

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self._put("l", pt)

    def _curveToOne(  # noqa: N802
        self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]
    ) -> None:
        self._put("c", pt1, pt2, pt3)

    def _closePath(self) -> None:  # noqa: N802
        self.out.append("h\n")

    def _put(self, operator: str, *points: tuple[float, float]) -> None:
        numbers = " ".join(f"{number_text(x)} {number_text(y)}" for x, y in points)
        self.out.append(f"{numbers} {operator}\n")


def outline(name: str, style: Mapping[str, str]) -> str:
    """The path of a shape; nothing where it has no size.

    Args:
        name: of its element.
        style: its attributes.

    Raises:
        ValueError: a number or path is not valid.
    """
    pen = _Pen()
    parse_path(_path(name, style), pen)
    return "".join(pen.out)


def _path(name: str, style: Mapping[str, str]) -> str:
    def size(key: str, default: float = 0.0) -> float:
        found = length(style.get(key, "")) if style.get(key) else default
        if found is None:
            raise ValueError(f"{key} is no length")
        return found

    match name:
        case "path":
            return style.get("d", "")
        case "line":
            return f"M{size('x1')},{size('y1')} L{size('x2')},{size('y2')}"
        case "polyline" | "polygon":
            numbers = _NUMBER.findall(style.get("points", ""))
            pairs = [f"{x},{y}" for x, y in zip(numbers[::2], numbers[1::2], strict=False)]
            return f"M{' L'.join(pairs)}{' Z' if name == 'polygon' else ''}" if len(pairs) > 1 else ""
        case "rect":
            return _rectangle(size)
    rx, ry = (size("r"), size("r")) if name == "circle" else (size("rx"), size("ry"))
    if rx <= 0 or ry <= 0:
        return ""
    cx, cy = size("cx"), size("cy")
    return f"M{cx - rx},{cy} A{rx},{ry} 0 1 1 {cx + rx},{cy} A{rx},{ry} 0 1 1 {cx - rx},{cy} Z"


def _rectangle(size: Callable[..., float]) -> str:
    x, y, width, height = size("x"), size("y"), size("width"), size("height")
    if width <= 0 or height <= 0:
        return ""
    rx = size("rx", size("ry"))
    ry = size("ry", rx)
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if rx <= 0 or ry <= 0:
        return f"M{x},{y} H{x + width} V{y + height} H{x} Z"
    arc = f"A{rx},{ry} 0 0 1"
    return (
        f"M{x + rx},{y} H{x + width - rx} {arc} {x + width},{y + ry} V{y + height - ry}"
        f" {arc} {x + width - rx},{y + height} H{x + rx} {arc} {x},{y + height - ry} V{y + ry} {arc} {x + rx},{y} Z"
    )
