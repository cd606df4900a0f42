"""For how long an answer is fresh, and may be used stale, as a shared cache reckons it.

Documented: RFC 9111 sections 3.5 (answers to requests with credentials), 4.2 (freshness, age) and 5.2 (directives);
RFC 5861 section 4 (`stale-if-error`). Our choice: no heuristic freshness; a `no-store`, `private` or `Vary: *` answer
is asked for again at each use, while its bytes are kept by their digest for the documents that they went into. The
permission of RFC 5861 section 3 (`stale-while-revalidate`) is not used: what is in use is asked for again ahead of its
end, and nothing stale says that an asset is approved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["Freshness", "freshness"]

_DIRECTIVE = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,"]*))?\s*(?:,|$)')
_LARGEST = 2**31
"""What a greater number of seconds counts as (RFC 9111 section 1.2.2)."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds from the arrival of an answer."""

    fresh: float | None
    """How long it is fresh; None where the answer says nothing."""
    stale: float | None
    """How much longer it may be used while the origin cannot be asked; None where the answer says nothing."""


def freshness(headers: Mapping[str, str], *, now: float, delay: float, credentials: bool) -> Freshness:
    """Read the headers of an answer.

    Args:
        headers: names in any case.
        now: seconds since 1970 at the arrival.
        delay: seconds that the answer took.
        credentials: whether the request carried any.
    """
    directives = _directives(headers.get("Cache-Control", ""))
    lifetime = _lifetime(directives, headers, now)
    forbidden = {"no-store", "no-cache", "private"} & directives.keys()
    shared = {"public", "s-maxage", "must-revalidate"} & directives.keys()
    if forbidden or headers.get("Vary", "").strip() == "*" or (credentials and not shared and lifetime is not None):
        return Freshness(0.0, 0.0)
    fresh = None if lifetime is None else max(0.0, lifetime - _age(headers, now, delay))
    if {"must-revalidate", "proxy-revalidate", "s-maxage"} & directives.keys():
        return Freshness(fresh, 0.0)
    return Freshness(fresh, _seconds(directives, "stale-if-error"))


def _lifetime(directives: Mapping[str, str], headers: Mapping[str, str], now: float) -> float | None:
    for name in ("s-maxage", "max-age"):
        if name in directives:
            # What cannot be read counts as stale (section 4.2.1).
            return _seconds(directives, name) or 0.0
    if "Expires" in headers:
        expires, begun = _moment(headers["Expires"]), _moment(headers.get("Date", ""))
        return 0.0 if expires is None else max(0.0, expires - (now if begun is None else begun))
    return None


def _age(headers: Mapping[str, str], now: float, delay: float) -> float:
    """The age on arrival (section 4.2.3); clocks that disagree never make it negative."""
    text, date = headers.get("Age", "").strip(), _moment(headers.get("Date", ""))
    said = float(min(int(text[:12]), _LARGEST)) if text.isascii() and text.isdigit() else 0.0
    return max(0.0 if date is None else now - date, said + max(0.0, delay))


def _directives(text: str) -> Mapping[str, str]:
    """The directives in lower case; of one that comes twice the smaller number holds."""
    found: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(text):
        name, value = match[1].lower(), (match[2] or "").strip('"')
        if name not in found or not value.isdigit() or (found[name].isdigit() and int(value) < int(found[name])):
            found[name] = value
    return found


def _seconds(directives: Mapping[str, str], name: str) -> float | None:
    text = directives.get(name, "")
    return float(min(int(text[:12]), _LARGEST)) if text.isascii() and text.isdigit() else None


def _moment(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
