"""Sums of table rows by name; exact, or an error."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import TypeAlias

__all__ = ["EXACT", "Sums", "add_sums"]

Sums: TypeAlias = "dict[str, Decimal]"

EXACT = Context(prec=300, traps=[Inexact, InvalidOperation, Overflow])
"""Refuses what it would have to round."""


def add_sums(sums: Sums, more: Sums) -> None:
    """Add sums to others, in place.

    Raises:
        decimal.DecimalException: one has over 300 digits.
    """
    for name, amount in more.items():
        sums[name] = EXACT.add(sums[name], amount) if name in sums else amount
