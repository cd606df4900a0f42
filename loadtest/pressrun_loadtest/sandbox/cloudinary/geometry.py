"""Sizes and places of a transformation, as arithmetic without pixels.

Every crop mode comes down to two steps: scale the picture to one size, then set it into an output box by gravity.
Where the box is smaller the picture is cut, where it is larger the picture is padded.
"""

from __future__ import annotations

from dataclasses import dataclass

from pressrun_loadtest.sandbox.cloudinary.transformation import Component

__all__ = ["Plan", "Size", "plan"]

Size = tuple[int, int]

_COVER = frozenset({"fill", "thumb", "auto"})


@dataclass(frozen=True, slots=True)
class Plan:
    """Scale to `scaled`, then show the box of size `output` whose corner is at `corner` of the scaled picture."""

    scaled: Size
    output: Size
    corner: tuple[int, int] = (0, 0)
    """Negative where the box reaches beyond the picture."""


def plan(component: Component, source: Size) -> Plan:
    """What one component does to a picture of this size."""
    width, height = _wanted(component, source)
    if width is None and height is None:
        return Plan(source, source)
    crop = component.get("c") or "scale"
    scaled, output = _sizes(crop, source, width, height)
    return Plan(scaled, output, _corner(component, scaled, output))


def _wanted(component: Component, source: Size) -> tuple[int | None, int | None]:
    ratio = _ratio(component.get("ar"))
    dpr = component.get("dpr") or "1"
    factor = 1.0 if dpr == "auto" else float(dpr)
    width = _side(component.get("w"), source[0], factor)
    height = _side(component.get("h"), source[1], factor)
    if ratio is not None and (width is None) != (height is None):
        return (width, _whole(width / ratio)) if width is not None else (_whole((height or 1) * ratio), height)
    if ratio is not None and width is None:
        # The largest box of that shape inside the picture.
        wide = source[0] / source[1] > ratio
        return (_whole(source[1] * ratio), source[1]) if wide else (source[0], _whole(source[0] / ratio))
    return width, height


def _side(text: str | None, source: int, factor: float) -> int | None:
    if text is None or text.startswith("auto"):
        return None
    if text in ("iw", "ih"):
        return source
    return _whole(int(text) * factor) if text.isdigit() else _whole(float(text) * source)


def _ratio(text: str | None) -> float | None:
    if text is None:
        return None
    wide, _, high = text.partition(":")
    return float(wide) / (float(high) if high else 1.0) or None


def _sizes(crop: str, source: Size, width: int | None, height: int | None) -> tuple[Size, Size]:
    if crop == "scale" or (crop in _COVER and (width is None or height is None)):
        size = _stretched(source, width, height)
        return size, size
    ratios = [wanted / have for wanted, have in zip((width, height), source, strict=True) if wanted is not None]
    inner, outer = min(ratios), max(ratios)
    factor = {
        "crop": 1.0,
        "fit": inner,
        "lfill": min(outer, 1.0),
        "limit": min(inner, 1.0),
        "lpad": min(inner, 1.0),
        "mfit": max(inner, 1.0),
        "mpad": 1.0,
    }.get(crop, outer if crop in _COVER else inner)
    scaled = _whole(source[0] * factor), _whole(source[1] * factor)
    if crop in ("fit", "limit", "mfit"):
        return scaled, scaled
    box = width or scaled[0], height or scaled[1]
    if crop in ("crop", "lfill"):
        return scaled, (min(box[0], scaled[0]), min(box[1], scaled[1]))
    larger = max(box[0], scaled[0]), max(box[1], scaled[1])
    if crop == "mpad":
        return scaled, larger
    # Covering may round one pixel short of the box; never show a seam.
    return (larger if crop in _COVER else scaled), box


def _stretched(source: Size, width: int | None, height: int | None) -> Size:
    if width is None and height is not None:
        return _whole(source[0] * height / source[1]), height
    if height is None and width is not None:
        return width, _whole(source[1] * width / source[0])
    return width or source[0], height or source[1]


def _corner(component: Component, scaled: Size, output: Size) -> tuple[int, int]:
    free = (scaled[0] - output[0], scaled[1] - output[1])
    shift = [component.get(key) for key in ("x", "y")]
    gravity = component.get("g")
    if gravity is None and component.get("c") == "crop" and any(shift):
        gravity = "north_west"
    words = (gravity or "center").split("_")
    corner = []
    for axis, (first, last) in enumerate((("west", "east"), ("north", "south"))):
        space = free[axis]
        moved = _whole(abs(float(shift[axis] or 0)), lowest=0) * (-1 if (shift[axis] or "").startswith("-") else 1)
        start = 0 if first in words else space if last in words else space // 2
        # An offset counts away from the edge that gravity names.
        start += -moved if last in words else moved
        corner.append(min(max(start, min(0, space)), max(0, space)))
    return corner[0], corner[1]


def _whole(value: float, lowest: int = 1) -> int:
    """Rounded half up: `round` would go to even."""
    return max(lowest, int(value + 0.5))
