"""The sandbox's time: an injected clock and the text forms of a moment that the outside systems use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

__all__ = ["Clock", "http_date", "iso_seconds", "parse_http_date", "parse_time", "utc_now"]

_EXPECTED = "date (2026-12-31) or time in UTC (2026-12-31T23:59:59Z)"

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""


def utc_now() -> datetime:
    """The clock of the machine."""
    return datetime.now(UTC)


def iso_seconds(moment: datetime) -> str:
    """`moment` as `2025-04-16T15:03:48Z`: UTC, without a fraction, as the systems write it."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def http_date(moment: datetime) -> str:
    """`moment` as an HTTP date, e.g. `Thu, 01 Jan 2026 01:00:00 GMT`."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def parse_http_date(text: str) -> datetime | None:
    """The moment an HTTP date names, or None when it names none (RFC 9110 says: then ignore the header)."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def parse_time(text: str) -> datetime:
    """The moment that a date or an ISO 8601 time names; without an offset it is UTC.

    Raises:
        ValueError: the text is neither; the message shows what would be.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; write a {_EXPECTED}") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
