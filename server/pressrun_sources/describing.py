"""Reads what systems say about time and approval into our words, the same way for every source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone

from pressrun_sources.model import Approval, AssetDescription

__all__ = ["APPROVAL_WORDS", "DAY", "in_force", "moment", "strictest"]

DAY = timezone(timedelta(0), "day")
"""The zone of a moment of which the system named the day alone: whoever judges it takes midnight where the asset is
used. It compares as UTC."""

_LAST = datetime.max.replace(tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

APPROVAL_WORDS: Mapping[str, Approval] = {
    "approved": Approval.APPROVED,
    "pending": Approval.PENDING,
    "queued": Approval.PENDING,
    "rejected": Approval.REJECTED,
    "aborted": Approval.REJECTED,
    "retired": Approval.RETIRED,
    "superseded": Approval.RETIRED,
}
"""What the usual words for a state mean."""

_STRICTNESS = (Approval.RETIRED, Approval.REJECTED, Approval.PENDING, Approval.UNKNOWN, Approval.APPROVED)


def strictest(*statements: Approval) -> Approval:
    """The statement that forbids most: a thing is approved only where nobody says otherwise."""
    return min(statements, key=_STRICTNESS.index)


def moment(text: str, *, end: bool) -> datetime:
    """The moment that an ISO 8601 date or time means; a time without a zone is in UTC, a day without a time in `DAY`.

    Args:
        text: e.g. `2026-12-31`, `2025-04-16T15:03:48Z`.
        end: a day as the end of a period counts to its last second, so the moment is the next midnight.

    Raises:
        ValueError: it is neither.
    """
    plain = text.strip()
    if _DATE.fullmatch(plain):
        day = date.fromisoformat(plain)
        midnight = datetime(day.year, day.month, day.day, tzinfo=DAY)
        # The last day there is, is a usual way to write "never".
        last = midnight.date() == date.max
        return _LAST if end and last else midnight + timedelta(days=1) if end else midnight
    value = datetime.fromisoformat(plain)
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{plain!r} is beyond the calendar") from error


def in_force(description: AssetDescription, now: datetime) -> bool:
    """Whether the rights of an asset allow its use at a moment."""
    begun = description.rights_from is None or description.rights_from <= now
    return begun and (description.rights_until is None or now < description.rights_until)
