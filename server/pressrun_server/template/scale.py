"""The scale of a chart's axis: round steps that take in all values."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

__all__ = ["scale"]

_MOST_STEPS = 5
_ROUND = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10), Decimal(20))


def scale(values: Sequence[Decimal]) -> list[Decimal]:
    """The axis' ticks from the lowest to the highest, 0 among them; two at least.

    Args:
        values: what the axis shows.
    """
    low, high = min([Decimal(0), *values]), max([Decimal(0), *values])
    if low == high:
        return [Decimal(0), Decimal(1)]
    raw = (high - low) / _MOST_STEPS
    power = Decimal(1).scaleb(raw.adjusted())
    # With values on both sides of zero a scale may need one step more than their span; the last factor always serves.
    for factor in _ROUND:
        step = factor * power
        first, last = -_steps(-low, step) if low else 0, _steps(high, step)
        if last - first <= _MOST_STEPS:
            return [step * number for number in range(first, last + 1)]
    raise AssertionError(values)


def _steps(size: Decimal, step: Decimal) -> int:
    """How many steps reach as far as a size."""
    whole, rest = divmod(size, step)
    return int(whole) + (rest != 0)
