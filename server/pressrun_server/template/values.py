"""CSS values of the supported properties: parsed from tinycss2's tokens into plain data.

Lengths are millipoints (1/1000 pt) where they are absolute; `Relative` ones wait for the font size or the width of the
containing block (CSS Values and Units 3, sections 5 and 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tinycss2.color3

from pressrun_server.model.tint import tinted
from pressrun_server.template.calculation import UNITS, CalculationError, Terms, calculated

__all__ = [
    "LONGEST",
    "InvalidValueError",
    "Relative",
    "Tokens",
    "color",
    "integer",
    "keyword",
    "length",
    "significant",
    "waits_for_text",
]

Tokens = Sequence[Any]

_LARGEST = 100_000
_HEX = re.compile(r"[0-9a-fA-F]{4}|[0-9a-fA-F]{8}")
_SHORT = 4
_NO_PERCENT = "a percentage is not supported here; valid: a length in mm, cm, in, pt, pc, px, em, rem"
_NOT_NEGATIVE = "negative lengths are not supported here; valid: 0 or more"
LONGEST = 20_000_000  # about 7 m: more is a typing error, and sums stay far from any limit


class InvalidValueError(ValueError):
    """The value is not one that the property takes; the message says what would be."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A length relative to something."""

    number: float
    unit: str
    """`em`, `rem` or `%`."""
    plus: int = 0
    """Millipoints that are added, of a percentage in `calc()`."""


def waits_for_text(value: object) -> bool:
    """Whether a length is one of the size of text."""
    return isinstance(value, Terms) or (isinstance(value, Relative) and value.unit != "%")


def significant(tokens: Tokens) -> list[Any]:
    """The tokens without white space and comments."""
    return [token for token in tokens if token.type not in {"whitespace", "comment"}]


def keyword(*allowed: str) -> Callable[[Tokens], str]:
    """A parser of one of the keywords."""

    def parse(tokens: Tokens) -> str:
        found = significant(tokens)
        if len(found) == 1 and found[0].type == "ident" and found[0].lower_value in allowed:
            return str(found[0].lower_value)
        raise InvalidValueError(f"valid: {', '.join(allowed)}")

    return parse


def length(
    *, auto: bool = False, percent: bool = True, negative: bool = False, normal: bool = False, none: bool = False
) -> Callable[[Tokens], int | Relative | Terms | str]:
    """A parser of one length; `Terms` wait for the size of text."""
    words = [word for word, allowed in (("auto", auto), ("none", none), ("normal", normal)) if allowed]
    valid = ", ".join([f"a length, e.g. 12mm{' or 40%' if percent else ''}", *words])

    def parse(tokens: Tokens) -> int | Relative | Terms | str:
        found = significant(tokens)
        if len(found) != 1:
            raise InvalidValueError(f"valid: {valid}")
        if none and found[0].type == "ident" and found[0].lower_value == "none":
            return "none"
        return _length(found[0], valid, auto=auto, percent=percent, negative=negative, normal=normal)

    return parse


def _length(
    token: Any, valid: str, *, auto: bool, percent: bool, negative: bool, normal: bool
) -> int | Relative | Terms | str:
    if token.type == "ident":
        if auto and token.lower_value == "auto":
            return "auto"
        if normal and token.lower_value == "normal":
            return 0
    if token.type == "function":
        if token.lower_name == "calc":
            return _calculation(token, percent=percent, negative=negative)
        raise InvalidValueError(f"the function {token.name}() is not supported here; valid: {valid}, calc()")
    number = getattr(token, "value", None)
    if isinstance(number, int | float) and token.type in {"dimension", "percentage", "number"}:
        if not abs(number) <= _LARGEST:  # also where it is infinite
            raise InvalidValueError(f"the number is over {_LARGEST}")
        if number < 0 and not negative:
            raise InvalidValueError(_NOT_NEGATIVE)
        if token.type == "percentage" and percent:
            return Relative(number, "%")
        if token.type == "dimension":
            if token.lower_unit in {"em", "rem"}:
                return Relative(number, token.lower_unit)
            if token.lower_unit in UNITS:
                value = round(number * UNITS[token.lower_unit])
                if abs(value) > LONGEST:
                    raise InvalidValueError("the length is over 7 m")
                return value
            raise InvalidValueError(f"unknown unit {token.unit!r}; valid: mm, cm, in, pt, pc, px, em, rem, %")
        if number == 0:
            return 0
        if token.type == "percentage":
            raise InvalidValueError(_NO_PERCENT)
        units = "mm, cm, in, pt, pc, px, em, rem" + (", %" if percent else "")
        raise InvalidValueError(f"a length needs a unit; valid: {units}")
    raise InvalidValueError(f"valid: {valid}")


def _calculation(token: Any, *, percent: bool, negative: bool) -> int | Relative | Terms:
    """What `calc()` says, as a plain length where it comes to one."""
    try:
        found = calculated(token)
    except CalculationError as error:
        raise InvalidValueError(str(error)) from None
    if found.number:
        raise InvalidValueError("calc() comes to a number; a length needs a unit")
    if found.percent and not percent:
        raise InvalidValueError(_NO_PERCENT)
    fixed = round(found.fixed)
    if found.em or found.rem:
        return replace(found, negative=negative)
    if found.percent:
        if min(found.percent, fixed) < 0 and max(found.percent, fixed) <= 0:
            raise InvalidValueError(f"calc() comes to less than nothing; {_NOT_NEGATIVE}")
        return Relative(found.percent, "%", fixed)
    if abs(fixed) > LONGEST:
        raise InvalidValueError("the length is over 7 m")
    if fixed < 0 and not negative:
        raise InvalidValueError(f"calc() comes to {fixed / 1000:g}pt; {_NOT_NEGATIVE}")
    return fixed


def color(tokens: Tokens) -> int | None:
    """A colour as 0xRRGGBB, or one that lets through what is behind it (`model.tint`); None for `transparent`."""
    found = significant(tokens)
    if len(found) == 1:
        parsed: Any = tinycss2.color3.parse_color(_longer(found[0]))
        if parsed == "currentColor":
            raise InvalidValueError("currentColor is not supported; write the colour")
        if parsed is not None:
            red, green, blue = (round(part * 255) for part in parsed[:3])
            alpha = round(parsed.alpha * 255)
            return tinted((red << 16) | (green << 8) | blue, alpha) if alpha else None
    raise InvalidValueError("valid: a colour, e.g. #0a2540, rgb(10, 37, 64), rgba(10, 37, 64, .5) or a CSS colour name")


def _longer(token: Any) -> Any:
    """A colour of four or eight digits (CSS Color 4, 5.2) as the parser knows it."""
    if token.type != "hash" or not _HEX.fullmatch(token.value):
        return token
    digits = token.value if len(token.value) > _SHORT else "".join(digit * 2 for digit in token.value)
    red, green, blue, alpha = bytes.fromhex(digits)
    return f"rgba({red}, {green}, {blue}, {alpha / 255:.6f})"


def integer(least: int, most: int) -> Callable[[Tokens], int]:
    """A parser of a whole number within bounds."""

    def parse(tokens: Tokens) -> int:
        found = significant(tokens)
        if len(found) == 1 and found[0].type == "number" and found[0].is_integer and least <= found[0].value <= most:
            return int(found[0].int_value)
        raise InvalidValueError(f"valid: a whole number from {least} to {most}")

    return parse
