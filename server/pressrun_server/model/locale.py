"""What a program knows of its locale: CLDR's patterns and names, taken out at compile time."""

from __future__ import annotations

import msgspec

__all__ = ["LocaleData", "NumberPattern"]


class NumberPattern(msgspec.Struct, frozen=True):
    """An affix pattern: what stands before and after the digits; `¤` stands for the currency."""

    prefix: str
    suffix: str
    negative_prefix: str
    negative_suffix: str


class LocaleData(msgspec.Struct, frozen=True):
    """Number and date formats of one locale (CLDR, through Babel)."""

    tag: str
    decimal: str
    group: str
    primary_group: int
    secondary_group: int
    """Digits in the last group and in the others (both 3 in Europe; 3 and 2 in India)."""
    minimum_grouping: int
    """Least number of digits before the first group separator."""
    number: NumberPattern
    percent: NumberPattern
    currency: NumberPattern
    currency_symbols: dict[str, str]
    currency_digits: dict[str, int]
    dates: dict[str, str]
    """Pattern by style: short, medium, long, full."""
    months: dict[str, tuple[str, ...]]
    """Twelve names by pattern field: `MMM`, `MMMM`, `LLL`, `LLLL`."""
    plurals: dict[str, str]
    """CLDR's plural rules by category, `other` left out."""
    days: dict[str, tuple[str, ...]]
    """Seven names from Monday by pattern field: `EEE`, `EEEE`, `ccc`, `cccc`."""
