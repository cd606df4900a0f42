"""Exact arithmetic of amounts, and sums of table rows by name; exact, or an error."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import TypeAlias

__all__ = ["EXACT", "ROUNDING", "Sums", "add_sums"]

Sums: TypeAlias = "dict[str, Decimal]"

EXACT = Context(prec=300, traps=[Inexact, InvalidOperation, Overflow])
"""Refuses what it would have to round."""

ROUNDING = Context(prec=300, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow])
"""For what is rounded on purpose; Python's own context has 28 digits and would round on the way."""


def add_sums(sums: Sums, more: Sums) -> None:
    """Add sums to others, in place.

    Raises:
        decimal.DecimalException: one has over 300 digits.
    """
    for name, amount in more.items():
        sums[name] = EXACT.add(sums[name], amount) if name in sums else amount
