"""The transformation language of delivery URLs: splits it, and refuses what is not documented.

Documented: keys, their values, and which crops go with `g_auto`. Whether this stand-in also carries a key out, is
another matter: see `rendering`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pressrun_loadtest.sandbox.cloudinary.errors import DeliveryError

__all__ = ["Component", "Transformation", "is_component", "looks_like_component", "parse_transformation"]

_CROPS = (
    *("scale", "fit", "limit", "mfit", "fill", "lfill", "fill_pad"),
    *("pad", "lpad", "mpad", "crop", "thumb", "auto", "auto_pad"),
)
_AUTO_GRAVITY_CROPS = frozenset({"fill", "lfill", "fill_pad", "crop", "thumb", "auto", "auto_pad"})
_FLAGS = (
    r"attachment(:[^.]+)?|keep_iptc|force_icc|strip_profile|progressive(:(semi|steep|none))?|rasterize|png(8|24|32)"
    r"|tiff8_lzw|relative|layer_apply|getinfo|immutable_cache|sanitize|replace_image"
)
_NUMBER = r"\d+(\.\d+)?|\.\d+"
_ANYTHING = r".+"

_RULES: dict[str, tuple[str, str]] = {
    "a": (rf"-?({_NUMBER})|[a-z_.]+", "degrees, or a mode such as hflip"),
    "ar": (r"\d+:\d+|\d+\.\d+", "a ratio such as 16:9 or 1.5"),
    "b": (r"[a-z]+|rgb:[0-9a-fA-F]{3,8}|#[0-9a-fA-F]{3,8}|auto(:.+)?", "a colour name or rgb:RRGGBB"),
    "c": ("|".join(_CROPS), f"one of {', '.join(_CROPS)}"),
    "cs": (
        r"srgb|srgb:truecolor|tinysrgb|cmyk|no_cmyk|keep_cmyk|icc:.+",
        "srgb, tinysrgb, cmyk, no_cmyk, keep_cmyk or icc:<public_id>",
    ),
    "dn": (r"[1-9]\d?|[12]\d\d|300", "a density from 1 to 300"),
    "dpr": (r"auto|(?=.*[1-9])(\d(\.\d+)?|10(\.0+)?)", "a pixel ratio above 0 up to 10, or auto"),
    "du": (rf"auto|({_NUMBER})(p|%)?", "seconds or a percentage"),
    "e": (_ANYTHING, "an effect"),
    "eo": (rf"auto|({_NUMBER})(p|%)?", "seconds or a percentage"),
    "f": (r"jpg|jpeg|png|webp|avif|gif|tif|tiff|pdf|mp4|webm|auto(:[a-z]+)?", "a format such as jpg, png or auto"),
    "fl": (rf"({_FLAGS})(\.({_FLAGS}))*", "a documented flag"),
    "g": (
        r"(north|south)(_(east|west))?|east|west|center|faces?(:.+)?|body|custom|xy_center|auto(:.+)?",
        "a compass direction, center, face, xy_center or auto",
    ),
    "h": (rf"(?=.*[1-9])({_NUMBER})|auto|ih", "a number above 0: whole for pixels, a fraction for a proportion"),
    "if": (_ANYTHING, "a condition"),
    "l": (_ANYTHING, "a layer"),
    "pg": (r"[1-9]\d*(-\d+)?(;\d+(-\d+)?)*|name:.+", "a page, a range or name:<name>"),
    "q": (r"[1-9]\d?|100|auto(:(best|good|eco|low))?", "1 to 100, auto, or auto:best|good|eco|low"),
    "r": (r"max|\d+(:\d+){0,3}", "a radius or max"),
    "so": (rf"auto|({_NUMBER})(p|%)?", "seconds, a percentage or auto"),
    "t": (_ANYTHING, "a named transformation"),
    "u": (_ANYTHING, "a layer"),
    "w": (rf"(?=.*[1-9])({_NUMBER})|auto(:.+)?|iw", "a number above 0: whole for pixels, a fraction for a proportion"),
    "x": (rf"-?({_NUMBER})", "a number"),
    "y": (rf"-?({_NUMBER})", "a number"),
    "z": (rf"{_NUMBER}", "a factor"),
}
_PATTERNS = {key: (re.compile(pattern), expected) for key, (pattern, expected) in _RULES.items()}
_SHAPE = re.compile(r"(\$[A-Za-z]\w*|[a-z]{1,4})_(.*)")


@dataclass(frozen=True, slots=True)
class Component:
    """The parameters between two slashes; they work together."""

    parameters: tuple[tuple[str, str], ...]

    def get(self, key: str) -> str | None:
        """The value of a key; the last one counts."""
        return next((value for name, value in reversed(self.parameters) if name == key), None)

    def all(self, key: str) -> list[str]:
        """All values of a key, dotted flags taken apart."""
        return [part for name, value in self.parameters if name == key for part in value.split(".")]


@dataclass(frozen=True, slots=True)
class Transformation:
    """Components, applied from left to right."""

    components: tuple[Component, ...] = ()

    def last(self, key: str) -> str | None:
        """The value of a key in the last component that has it."""
        return next((v for component in reversed(self.components) if (v := component.get(key)) is not None), None)

    def flags(self) -> list[str]:
        """All flags."""
        return [flag for component in self.components for flag in component.all("fl")]

    def canonical(self) -> str:
        """The same text for transformations that mean the same."""
        return "/".join(",".join(f"{k}_{v}" for k, v in sorted(c.parameters)) for c in self.components)


def looks_like_component(segment: str) -> bool:
    """Whether a path segment has the shape of a component, known keys or not."""
    return all(_SHAPE.fullmatch(part) for part in segment.split(","))


def is_component(segment: str) -> bool:
    """Whether a path segment has the shape of a component and every key in it is known."""
    shapes = [_SHAPE.fullmatch(part) for part in segment.split(",")]
    return all(shape is not None and (shape[1] in _PATTERNS or shape[1].startswith("$")) for shape in shapes)


def parse_transformation(segments: tuple[str, ...], named: Mapping[str, str]) -> Transformation:
    """Read the components of a URL; named ones are replaced by what they stand for.

    Raises:
        DeliveryError: 400, a key, a value or a combination is not documented.
    """
    components: list[Component] = []
    for segment in segments:
        component = _component(segment)
        name = component.get("t")
        if name is None:
            components.append(component)
            continue
        for part in name.split("."):
            if part not in named:
                raise DeliveryError(400, f"Unknown named transformation - {part}")
            if "f_" in named[part]:
                raise DeliveryError(400, f"Named transformation {part} must not set a format")
            components.extend(parse_transformation(tuple(named[part].split("/")), {}).components)
    return Transformation(tuple(components))


def _component(segment: str) -> Component:
    parameters = []
    for part in segment.split(","):
        shape = _SHAPE.fullmatch(part)
        if shape is None:
            raise DeliveryError(400, f"Invalid transformation parameter - {part}")
        key, value = shape[1], shape[2]
        if not key.startswith("$"):
            if key not in _PATTERNS:
                raise DeliveryError(400, f"Invalid transformation parameter - {key}: unknown key")
            pattern, expected = _PATTERNS[key]
            if not pattern.fullmatch(value):
                raise DeliveryError(400, f"Invalid value in transformation: {part}; {key}_ takes {expected}")
        parameters.append((key, value))
    component = Component(tuple(parameters))
    gravity = component.get("g")
    if gravity and gravity.startswith("auto") and component.get("c") not in _AUTO_GRAVITY_CROPS:
        raise DeliveryError(400, f"g_auto needs c_ to be one of {', '.join(sorted(_AUTO_GRAVITY_CROPS))}")
    return component
