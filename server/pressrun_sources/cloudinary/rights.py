"""What moderation, metadata dates and access control together say about the use of an asset.

Documented: the moderation states; that moderation alone blocks nothing; the shape of `access_control`, of which at
least one entry must hold now. Inferred: that approval needs the metadata field and the moderation together, that rights
are metadata dates narrowed by the access window, and that an asset open to token holders only is not released yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pressrun_sources.cloudinary.mapping import CloudinaryMapping
from pressrun_sources.describing import APPROVAL_WORDS, moment, strictest
from pressrun_sources.model import Approval
from pressrun_sources.shape import flag_in, mapping_in, sequence_in, text_in

__all__ = ["Rights", "is_placeholder", "read_rights", "says_rights"]

_LIMITS = ("moderation", "access_control")


@dataclass(frozen=True, slots=True)
class Rights:
    """Whether and when."""

    approval: Approval
    begins: datetime | None
    ends: datetime | None


def read_rights(record: Mapping[str, object], mapping: CloudinaryMapping, now: datetime) -> Rights:
    """Read an asset record.

    Raises:
        ValueError: a date that limits the use cannot be read; the text names the field.
    """
    metadata = mapping_in(record, "metadata")
    begins = _date(metadata, mapping.rights_from, end=False)
    ends = _date(metadata, mapping.rights_until, end=True)
    statements = [_stated(metadata, mapping)]
    if mapping.require_moderation:
        statements.append(APPROVAL_WORDS.get(text_in(record, "moderation_status") or "", Approval.UNKNOWN))
    elif text_in(record, "moderation_status") in ("rejected", "aborted"):
        statements.append(Approval.REJECTED)
    if text_in(record, "status") == "inactive":
        statements.append(Approval.RETIRED)
    if _closed(record):
        statements.append(Approval.PENDING)
    else:
        opens, closes = _window(record, now)
        begins = max((limit for limit in (begins, opens) if limit), default=None)
        ends = min((limit for limit in (ends, closes) if limit), default=None)
    return Rights(strictest(*statements), begins, ends)


def says_rights(record: Mapping[str, object]) -> bool:
    """Whether the record of a list speaks of all that may forbid a use.

    What a record that was read by itself leaves out is not forbidden; what a list leaves out it may just not tell.
    """
    told = all(name in record and isinstance(record[name], list | None) for name in _LIMITS)
    return told and text_in(record, "status") is not None


def is_placeholder(record: Mapping[str, object]) -> bool:
    """Whether the record stands for a deleted asset of which only a backup is left."""
    return flag_in(record, "placeholder")


def _stated(metadata: Mapping[str, object], mapping: CloudinaryMapping) -> Approval:
    return mapping.approval_keys.get(text_in(metadata, mapping.approval) or "", Approval.UNKNOWN)


def _closed(record: Mapping[str, object]) -> bool:
    """Whether access control leaves no way for everybody, now or later."""
    entries = sequence_in(record, "access_control")
    return bool(entries) and not any(text_in(entry, "access_type") == "anonymous" for entry in entries)


def _window(record: Mapping[str, object], now: datetime) -> tuple[datetime | None, datetime | None]:
    """The anonymous window that holds now, or else the next one, or else the last one."""
    windows = [
        (_date(entry, "start", end=False), _date(entry, "end", end=True))
        for entry in sequence_in(record, "access_control")
        if text_in(entry, "access_type") == "anonymous"
    ]
    open_now = [w for w in windows if (w[0] is None or w[0] <= now) and (w[1] is None or now < w[1])]
    coming = [w for w in windows if w[0] is not None and w[0] > now]
    if open_now:
        return max(open_now, key=lambda w: (w[1] is None, w[1] or now))
    if coming:
        return min(coming, key=lambda w: w[0] or now)
    return max(windows, key=lambda w: w[1] or now, default=(None, None))


def _date(holder: Mapping[str, object], name: str, *, end: bool) -> datetime | None:
    text = text_in(holder, name)
    if text is None:
        return None
    try:
        return moment(text, end=end)
    except ValueError as error:
        raise ValueError(f"{name} is {text[:40]!r}, expected e.g. 2026-12-31 or 2026-12-31T23:59:59Z") from error
