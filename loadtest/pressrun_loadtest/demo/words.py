"""Figures as people read them."""

from __future__ import annotations

import math

__all__ = ["clock", "count", "megabytes", "milliseconds", "percent"]

_MINUTE = 60


def count(number: int, noun: str) -> str:
    """A number of things.

    Example:
        >>> count(1, "page"), count(2300, "page")
        ('1 page', '2,300 pages')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def megabytes(size: int) -> str:
    """Bytes in MB, of a million.

    Example:
        >>> megabytes(91_400_000)
        '91.4 MB'
    """
    return f"{size / 1e6:,.1f} MB"


def percent(ratio: float | None) -> str:
    """A part of a whole; never 100 % where something is missing.

    Example:
        >>> percent(0.9996), percent(1.0), percent(None)
        ('99.9 %', '100 %', '-')
    """
    if ratio is None:
        return "-"
    return "100 %" if ratio >= 1 else f"{math.floor(ratio * 1000) / 10:.1f} %"


def clock(seconds: float | None) -> str:
    """A length of time to the second, rounded up.

    Example:
        >>> clock(0.2), clock(75), clock(None)
        ('0:01', '1:15', '-')
    """
    if seconds is None:
        return "-"
    whole = math.ceil(seconds)
    return f"{whole // _MINUTE}:{whole % _MINUTE:02}"


def milliseconds(seconds: float) -> str:
    """A short length of time; a dash where it is not known.

    Example:
        >>> milliseconds(0.01234), milliseconds(math.nan)
        ('12.3 ms', '-')
    """
    return "-" if math.isnan(seconds) else f"{seconds * 1000:,.1f} ms"
