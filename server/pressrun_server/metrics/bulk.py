"""Counts bulk work: print runs, rows that arrive in streams, resumed documents and verifications."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.metrics.objectives import OUR_FAULTS

__all__ = ["BulkMeter", "RunMeter"]

_NONE = "NONE"
RUN_RESULTS = ("ok", "stopped", "failed", "refused", "cancelled")
"""How a run ends. stopped: a document failed, and the run was to end then."""
VERIFICATIONS = ("same_bytes", "different_bytes", "engine_differs", "failed")
"""What comes of a verification. failed: it could not be made; the status of the RPC says why."""


class RunMeter:
    """The metrics of one print run, bound; it is under way until `ended`."""

    __slots__ = ("_catalogue", "_made", "_sides")

    def __init__(self, catalogue: Catalogue, *, duplex: bool) -> None:
        self._catalogue = catalogue
        self._sides = 2 if duplex else 1
        self._made = catalogue.run_documents.labels("ok", _NONE)
        catalogue.runs_in_flight.inc()

    def made(self, pages: int, *, separator: bool) -> None:
        """A document, or a separator, is in a file.

        Args:
            pages: sides of sheets that it takes.
            separator: whether it stands between documents, and is none.
        """
        self._catalogue.run_pages.inc(pages)
        self._catalogue.run_sheets.inc(-(-pages // self._sides))
        if not separator:
            self._made.inc()

    def unmade(self, reason: str) -> None:
        """There is no document, for this reason of the contract."""
        self._catalogue.run_documents.labels("failed", reason).inc()

    def wrote(self, size: int) -> None:
        """So many bytes of a file have come."""
        self._catalogue.run_bytes.inc(size)

    def filed(self) -> None:
        """A file is whole."""
        self._catalogue.run_files.inc()

    def ended(self, result: str, reason: str, seconds: float, exemplar: dict[str, str] | None = None) -> None:
        """The run is over.

        Args:
            result: one of RUN_RESULTS.
            reason: of the contract; NONE where the result is ok or stopped.
            seconds: since it was asked for.
            exemplar: names its trace, where there is one.
        """
        self._catalogue.runs_in_flight.dec()
        self._catalogue.runs.labels(result, reason).inc()
        if reason == _NONE:
            self._catalogue.run_seconds.observe(seconds, exemplar)


class BulkMeter:
    """Counts bulk work of a node; what is known to come is there from the start, at 0."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._verified = {result: catalogue.verifications.labels(result) for result in VERIFICATIONS}
        self._resumed = {result: catalogue.resumed_documents.labels(result) for result in ("ok", "failed")}
        for result in RUN_RESULTS[:2]:
            catalogue.runs.labels(result, _NONE)
        for reason in OUR_FAULTS:
            catalogue.runs.labels("failed", reason)
            catalogue.run_documents.labels("failed", reason)
        catalogue.run_documents.labels("ok", _NONE)

    def run(self, *, duplex: bool) -> RunMeter:
        """A print run begins."""
        return RunMeter(self._catalogue, duplex=duplex)

    def rows(self, number: int, size: int) -> None:
        """A part of rows has come and is right."""
        self._catalogue.arriving_rows.inc(number)
        self._catalogue.arriving_bytes.inc(size)

    @contextmanager
    def resuming(self, offset: int) -> Iterator[None]:
        """Around a document that goes on where its client has lost it; nothing is counted where the offset is 0.

        Args:
            offset: bytes that the client has, and does not get again.
        """
        result = "failed"
        try:
            yield
            result = "ok"
        finally:
            if offset:
                self._resumed[result].inc()
                self._catalogue.resumed_bytes.inc(offset if result == "ok" else 0)

    @contextmanager
    def verifying(self) -> Iterator[list[str]]:
        """Around a verification, which puts what came of it into the list."""
        outcome: list[str] = []
        try:
            yield outcome
        finally:
            self._verified[outcome[0] if outcome else "failed"].inc()
