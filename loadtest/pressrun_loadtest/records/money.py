"""Money as whole cents, and its decimal text."""

from __future__ import annotations

from pressrun_loadtest.records.chance import Chance

__all__ = ["decimal_text", "spread"]


def decimal_text(cents: int) -> str:
    """Cents as the text a record carries: -1230 gives `-12.30`."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def spread(chance: Chance, low: int, high: int) -> int:
    """Cents from `low` to `high`; small amounts are likelier than large ones, and half of them end like a price tag."""
    # The product of two equal chances leans to the low end, in integers.
    range_ = high - low
    cents = low + range_ * chance.below(1000) * chance.below(1000) // 1_000_000
    if chance.one_in(2):
        cents = cents - cents % 100 + chance.pick((0, 49, 50, 95, 99))
    return min(max(cents, low), high)
