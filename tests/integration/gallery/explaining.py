"""Finds the fault that a stand-in was told to make behind a document that failed.

A failure names its request in the operator's detail. It is explained where that very request, or one that it says it
waits for, met a fault of the kind that the failure speaks of, not longer ago than failures are remembered; or where
the stand-in had announced that its hourly limit is used up, and the failure says that this is what it waits for.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote

import structlog

from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.journal import Journal, RequestEntry

__all__ = ["BROKEN", "UNDER_WAY", "Details", "Evidence", "Explained", "Limit"]

_CALL = re.compile(r"(GET|POST|HEAD) (http://[0-9.]+:\d+)(\S*?):?(?: answered (\d+)\b.*| .*)")
_PAUSED = "said when it may be asked again"
_OPEN = "failed so often on end"
_BUSY = "waited in vain for one of"
_LIMITED = 429
_USED_UP = {420, 429}
"""How a stand-in answers beyond its limit."""
BROKEN = frozenset({"reset", "truncate", "corrupt", "drip", "hang"})
"""Faults of the way to a system, and of what comes on it."""
_DOWN = 500
UNDER_WAY = 8
"""Requests that a node has under way to a system at the same time (PRESSRUN_SOURCES_MAX_CONCURRENCY)."""


@dataclass(slots=True)
class Details:
    """A log processor that keeps, by request, what operators are told of documents that failed."""

    by_request: dict[str, str] = field(default_factory=dict)

    def __call__(self, _: object, __: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep, and let nothing else be collected."""
        if event.get("event") == "document_failed":
            self.by_request[str(event.get("request_id"))] = str(event.get("detail", ""))
        raise structlog.DropEvent


@dataclass(frozen=True, slots=True)
class Explained:
    """What a failure comes from."""

    entry: RequestEntry | None
    """None: the limit that the stand-in announced."""
    exactly: bool
    """Whether it is the request itself that the failure names; else one to the same system, before it."""


class Limit(Protocol):
    """The number of requests that a stand-in answers in a while."""

    def was_spent(self, since: float, left: int = 0) -> bool:
        """Whether no more than that was left of it, and callers were told, since then (seconds since 1970)."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """The journals of the stand-ins, by the origin of each app and by the source that speaks to it."""

    journals: Mapping[str, tuple[str, Journal]]
    """Source and journal by origin."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """By origin, of those that have one."""

    @classmethod
    def of(cls, sandbox: Sandbox) -> Evidence:
        """Those of a running sandbox."""
        at = sandbox.settings
        return cls(
            {
                at.core_dam.origin: ("core-dam", sandbox.core_dam.journal),
                at.cloudinary.api_base_url: ("cloudinary", sandbox.cloudinary.api_journal),
                at.cloudinary.delivery_base_url: ("cloudinary", sandbox.cloudinary.delivery_journal),
                at.iconik.base_url: ("iconik", sandbox.iconik.journal),
                at.iconik.store_url: ("iconik", sandbox.iconik.store_journal),
                at.http.base_url: ("http", sandbox.http.journal),
                at.smintio.origin: ("smintio", sandbox.smintio.journal),
                at.smintio.store_url: ("smintio", sandbox.smintio.store_journal),
            },
            {at.cloudinary.api_base_url: sandbox.cloudinary.budget},
        )

    def explain(self, detail: str, source: str, seconds: float) -> Explained | None:
        """The fault behind a failure; None where there was none.

        Args:
            detail: what operators are told.
            source: the source of the asset that failed.
            seconds: how long ago the fault may have been.
        """
        since = time.time() - seconds
        call = _CALL.fullmatch(detail)
        if call is None:
            # No request of its own: what came was read, or prepared, and was not what it should be.
            # An empty one says that the whole took too long, for whatever reason.
            kinds = BROKEN if detail else BROKEN | {"status"}
            return _first(self._of_source(source, since), kinds, exactly=False)
        method, origin, path, status = call.groups()
        name, journal = self.journals.get(origin, ("", None))
        if journal is None or name != source:
            return None
        faults = journal.faults(since)
        if _BUSY in detail:
            return _first(faults, BROKEN | {"status"}, exactly=False)
        limit = self.limits.get(origin)
        if _PAUSED in detail:
            paused = _first([e for e in faults if e.status == _LIMITED], {"status"}, exactly=False)
            # A node counts what it has sent since an answer, which that answer may have counted already.
            spent = limit is not None and limit.was_spent(since, UNDER_WAY)
            return Explained(None, exactly=False) if paused is None and spent else paused
        if _OPEN in detail:
            down = [e for e in faults if e.fault != "status" or (e.status or 0) >= _DOWN]
            return _first(down, BROKEN | {"status"}, exactly=False)
        same = [e for e in faults if e.method == method and (not path or unquote(e.path) == unquote(path))]
        if status:
            answered = _first([e for e in same if e.status == int(status)], {"status"}, exactly=bool(path))
            spent = limit is not None and limit.was_spent(since)
            refused = spent and any(e.fault is None and e.status in _USED_UP for e in journal.since(since))
            return (
                Explained(None, exactly=False) if answered is None and refused and int(status) in _USED_UP else answered
            )
        return _first(same, BROKEN, exactly=bool(path))

    def any(self, source: str, seconds: float) -> bool:
        """Whether anything of a system met a fault in so many seconds."""
        since = time.time() - seconds
        spent = (
            limit.was_spent(since, UNDER_WAY)
            for origin, limit in self.limits.items()
            if self.journals[origin][0] == source
        )
        return any(spent) or bool(self._of_source(source, since))

    def _of_source(self, source: str, since: float) -> list[RequestEntry]:
        return [e for name, journal in self.journals.values() if name == source for e in journal.faults(since)]


def _first(entries: Sequence[RequestEntry], kinds: frozenset[str] | set[str], *, exactly: bool) -> Explained | None:
    return next((Explained(entry, exactly) for entry in entries if entry.fault in kinds), None)
