"""`calc()` over lengths and percentages, worked out when a style sheet is read (CSS Values and Units 3, 8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["UNITS", "CalculationError", "Terms", "calculated"]

UNITS: Final = {"pt": 1000.0, "px": 750.0, "in": 72000.0, "cm": 72000 / 2.54, "mm": 7200 / 2.54, "pc": 12000.0}
"""Absolute lengths in millipoints."""
_LARGEST: Final = 1e8
_DEEPEST: Final = 20
_VALID: Final = "lengths, percentages and numbers with + - * / and brackets, e.g. calc(100% - 2 * 5mm)"


class CalculationError(ValueError):
    """It cannot be worked out; the message says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A sum of lengths, or a number."""

    fixed: float = 0.0
    """Millipoints; of a number, that."""
    em: float = 0.0
    rem: float = 0.0
    percent: float = 0.0
    number: bool = False
    negative: bool = True
    """Whether less than nothing is a length here; else it is nothing."""

    def plus(self, other: Terms, sign: int) -> Terms:
        """The sum, or the difference."""
        if self.number != other.number:
            raise CalculationError(f"a number and a length cannot be added; valid: {_VALID}")
        return Terms(
            self.fixed + sign * other.fixed,
            self.em + sign * other.em,
            self.rem + sign * other.rem,
            self.percent + sign * other.percent,
            self.number,
        )

    def times(self, by: float) -> Terms:
        """So many times as much."""
        return Terms(self.fixed * by, self.em * by, self.rem * by, self.percent * by, self.number)


def calculated(token: Any) -> Terms:
    """What the function `calc()` says.

    Raises:
        CalculationError: it says nothing that there is.
    """
    found = _sum(token.arguments, 0)
    if not all(abs(part) <= _LARGEST for part in (found.fixed, found.em, found.rem, found.percent)):
        raise CalculationError("the numbers are too large")  # also where one is none
    return found


def _sum(tokens: Sequence[Any], depth: int) -> Terms:
    if depth > _DEEPEST:
        raise CalculationError("brackets are nested too deeply")
    parts = [token for token in tokens if token.type not in {"whitespace", "comment"}]
    if len(parts) % 2 == 0:
        raise CalculationError(f"an operator or a value is missing; + and - stand between spaces; valid: {_VALID}")
    total = None
    product, sign = _value(parts[0], depth), 1
    for operator, token in zip(parts[1::2], parts[2::2], strict=True):
        value, kind = _value(token, depth), operator.value if operator.type == "literal" else ""
        if kind in {"+", "-"}:
            total = product.times(sign) if total is None else total.plus(product, sign)
            product, sign = value, 1 if kind == "+" else -1
        elif kind == "*":
            if not (product.number or value.number):
                raise CalculationError("two lengths cannot be multiplied; one of them is a number")
            product = value.times(product.fixed) if product.number else product.times(value.fixed)
        elif kind == "/":
            if not value.number or not value.fixed:
                raise CalculationError("the divisor is a number other than 0")
            product = product.times(1 / value.fixed)
        else:
            raise CalculationError(f"an operator is missing; + and - stand between spaces; valid: {_VALID}")
    return product.times(sign) if total is None else total.plus(product, sign)


def _value(token: Any, depth: int) -> Terms:
    if token.type == "number":
        return Terms(float(token.value), number=True)
    if token.type == "percentage":
        return Terms(percent=float(token.value))
    if token.type == "dimension":
        unit = token.lower_unit
        if unit in UNITS:
            return Terms(token.value * UNITS[unit])
        if unit in {"em", "rem"}:
            return Terms(em=float(token.value)) if unit == "em" else Terms(rem=float(token.value))
        raise CalculationError(f"unknown unit {token.unit!r}; valid: {', '.join(UNITS)}, em, rem, %")
    if token.type == "() block":
        return _sum(token.content, depth + 1)
    if token.type == "function" and token.lower_name == "calc":
        return _sum(token.arguments, depth + 1)
    raise CalculationError(f"valid in calc(): {_VALID}")
