"""Remembers which requests a stand-in received, so that tests can count what a connector really asked for."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass

__all__ = ["Journal", "RequestEntry"]

_KEPT = 10_000


@dataclass(slots=True)
class RequestEntry:
    """One request. Credentials are never kept: of `Authorization` only the scheme."""

    number: int
    method: str
    path: str
    query: str
    authorization: str | None
    """The scheme in lower case (`basic`, `bearer`), or None when the request carried no such header."""
    status: int | None = None
    """None while the request is unanswered."""
    fault: str | None = None
    """The kind of fault that shaped the answer; latency is not noted."""
    at: float = 0.0
    """When it came, in seconds since 1970."""


class Journal:
    """The last 10,000 requests of one app, and the count of all."""

    def __init__(self) -> None:
        self._entries: deque[RequestEntry] = deque(maxlen=_KEPT)
        self._total = 0

    @property
    def total(self) -> int:
        """How many requests came."""
        return self._total

    def begin(self, method: str, path: str, query: str, authorization: str | None) -> RequestEntry:
        """Note a request that just came in; the caller fills in the status when it is answered."""
        self._total += 1
        scheme = authorization.split(" ", 1)[0].lower() if authorization else None
        entry = RequestEntry(self._total, method, path, query, scheme, at=time.time())
        self._entries.append(entry)
        return entry

    def entries(self, *, method: str | None = None, path: str = "", faulty: bool = False) -> list[RequestEntry]:
        """The kept requests, oldest first, of one method and with paths that start with `path`.

        Args:
            method: of this method alone; None: of all.
            path: how their paths begin.
            faulty: those alone that met a fault.
        """
        return [
            e
            for e in self._entries
            if e.path.startswith(path) and method in (None, e.method) and not (faulty and e.fault is None)
        ]

    def since(self, moment: float) -> Iterator[RequestEntry]:
        """The kept requests that came at or after a moment, the newest first."""
        return itertools.takewhile(lambda entry: entry.at >= moment, reversed(self._entries))

    def faults(self, since: float) -> list[RequestEntry]:
        """Those of them that met a fault."""
        return [entry for entry in self.since(since) if entry.fault is not None]

    def count(self, *, method: str | None = None, path: str = "") -> int:
        """How many of the kept requests match."""
        return len(self.entries(method=method, path=path))

    def clear(self) -> None:
        """Forget everything and count from one again."""
        self._entries.clear()
        self._total = 0

    def report(self, *, method: str | None = None, path: str = "", faulty: bool = False) -> dict[str, object]:
        """The matching requests as JSON values."""
        found = [asdict(entry) for entry in self.entries(method=method, path=path, faulty=faulty)]
        return {"count": len(found), "total": self._total, "requests": found}
