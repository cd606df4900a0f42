"""The scale of a chart's axis: round steps that take in all values."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

__all__ = ["scale", "span", "ticks"]

_MOST_STEPS = 5
_ZERO = Decimal(0)
_ROUND = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10), Decimal(20))


def scale(values: Sequence[Decimal]) -> list[Decimal]:
    """The axis' ticks from the lowest to the highest, 0 among them; two at least.

    Args:
        values: what the axis shows.
    """
    return ticks(*span(values))


def ticks(step: Decimal, first: int, last: int) -> list[Decimal]:
    """The ticks from one to another, both counted from 0 in steps."""
    return [step * number for number in range(first, last + 1)]


def span(values: Sequence[Decimal]) -> tuple[Decimal, int, int]:
    """The step from one tick to the next, and the first and the last one, counted from 0.

    Args:
        values: what the axis shows.
    """
    low, high = min((_ZERO, *values)), max((_ZERO, *values))
    if low == high:
        return Decimal(1), 0, 1
    raw = (high - low) / _MOST_STEPS
    power = Decimal(1).scaleb(raw.adjusted())
    # With values on both sides of zero a scale may need one step more than their span; the last factor always serves.
    for factor in _ROUND:
        step = factor * power
        first, last = -_steps(-low, step) if low else 0, _steps(high, step)
        if last - first <= _MOST_STEPS:
            return step, first, last
    raise AssertionError(values)


def _steps(size: Decimal, step: Decimal) -> int:
    """How many steps reach as far as a size."""
    whole, rest = divmod(size, step)
    return int(whole) + (rest != 0)
