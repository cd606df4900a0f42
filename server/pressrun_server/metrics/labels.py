"""Bounded labels: the children of the metrics that a document touches, found once per template and output channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pressrun_server.metrics.catalogue import Catalogue

__all__ = ["PHASES", "UNREAD", "DocumentMeter", "DocumentMeters"]

OTHER = "other"
UNKNOWN = "unknown"
UNREAD = "unknown"
"""The output channel of a request that was not valid."""
PHASES = ("admit", "compile", "select", "resolve", "bind", "lay_out", "emit", "raster", "stream")
"""The phases of a document, in order; their times sum to that of the document.

admit: waiting for a slot, for a composer and for a turn in it. raster: pictures of pages, of documents that are such,
and the wait for a preparer. stream: the rest, which is bytes on their way, waits for the client, and turns of other
documents between those of a large one.
"""


class DocumentMeter:
    """The metrics of one template in one output channel, bound, so that the hot path looks up no label."""

    __slots__ = ("_documents", "_labels", "_ok", "bytes", "first_byte_seconds", "pages", "seconds")

    def __init__(self, catalogue: Catalogue, template: str, channel: str) -> None:
        self._labels = (template, channel)
        self._documents = catalogue.documents
        self._ok = catalogue.documents.labels(template, channel, "ok", "NONE")
        self.pages = catalogue.pages.labels(template, channel)
        self.bytes = catalogue.document_bytes.labels(template, channel)
        self.seconds = catalogue.document_seconds.labels(template, channel)
        self.first_byte_seconds = catalogue.first_byte_seconds.labels(template, channel)

    def finished(
        self, *, pages: int, size: int, seconds: float, first_byte: float, exemplar: dict[str, str] | None = None
    ) -> None:
        """Count a finished document; the exemplar names its trace, where there is one."""
        self._ok.value += 1
        self.pages.value += pages
        self.bytes.value += size
        self.seconds.observe(seconds, exemplar)
        self.first_byte_seconds.observe(first_byte, exemplar)

    def finished_in_run(self, *, pages: int, size: int) -> None:
        """Count a document of a print run, which nobody waits for: it has no first byte of its own and no duration."""
        self._ok.inc()
        self.pages.inc(pages)
        self.bytes.inc(size)

    def ended(self, result: str, reason: str) -> None:
        """Count a document that did not finish."""
        self._documents.labels(*self._labels, result, reason).inc()


class DocumentMeters:
    """Meters by template and output channel.

    Only names of published templates become labels, at most `limit` of them, so that no caller can make series at will.
    """

    def __init__(self, catalogue: Catalogue, *, limit: int = 100) -> None:
        self._catalogue = catalogue
        self._limit = limit
        self._names: set[str] = set()
        self._meters: dict[tuple[str, str], DocumentMeter] = {}
        self._phases = tuple(catalogue.phase_seconds.labels(phase) for phase in PHASES)
        self._compose_cpu = catalogue.compose_cpu_seconds
        self._queue = catalogue.queue_seconds

    def phases_finished(self, seconds: Sequence[float], compose_cpu: float) -> None:
        """Count the phases of a finished document, in the order of PHASES."""
        for name, phase, value in zip(PHASES, self._phases, seconds, strict=True):
            if value or name != "raster":
                phase.observe(value)
        self._queue.observe(seconds[0])
        self._compose_cpu.inc(compose_cpu)

    def composed_in_run(self, compose_cpu: float) -> None:
        """Count what a composer spent on a document of a print run."""
        self._compose_cpu.inc(compose_cpu)

    def admit(self, names: Iterable[str]) -> None:
        """Let names of published templates become labels, while there is room."""
        for name in names:
            if len(self._names) >= self._limit:
                return
            self._names.add(name)

    def get(self, template: str | None, channel: str) -> DocumentMeter:
        """The meter of a published template, of `other` past the limit, of `unknown` where None is given."""
        label = UNKNOWN if template is None else template if template in self._names else OTHER
        meter = self._meters.get((label, channel))
        if meter is None:
            meter = self._meters[label, channel] = DocumentMeter(self._catalogue, label, channel)
        return meter
