"""Every metric of a node that is counted as it happens: name, help, labels and buckets. The registry is the node's own.

What is read from its owner at each scrape instead (processes, cache sizes) stands in `metrics.snapshot`.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from pressrun_server.metrics.tallies import Counts, Spreads
from pressrun_server.metrics.tier_counts import TierCounts

__all__ = ["SECONDS", "Catalogue"]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Edges for whatever somebody waits for; service objectives are set at an edge, so that the ratio is exact."""

_PHASE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Edges for the parts of a document, which are much shorter."""


_LATE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Edges for waits for a thread that should be free at once."""

_RUN_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0)
"""Edges for print runs, which last as long as their documents: seconds to a night."""

_TIER_SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0)
"""Edges for a read or a write of one blob in one tier."""


class Catalogue:
    """The metrics of one node. Counters count when the thing that they count has ended.

    Labels are bounded: `template` holds published names (at most 100, then `other`; `unknown` where there is none),
    `reason` the reasons of the contract or `NONE`, `source` the configured sources.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        reg = self.registry

        self.documents = Counts(
            "pressrun_documents_total",
            "Documents that ended, by result (ok, failed, refused, cancelled) and the reason of those that are not ok.",
            ("template", "channel", "result", "reason"),
            registry=reg,
        )
        self.pages = Counts(
            "pressrun_pages_total", "Pages of finished documents.", ("template", "channel"), registry=reg
        )
        self.document_bytes = Counts(
            "pressrun_document_bytes_total", "Bytes of finished documents.", ("template", "channel"), registry=reg
        )
        self.document_seconds = Spreads(
            "pressrun_document_seconds",
            "Time from a document's arrival to its last byte handed to the stream; finished documents only.",
            ("template", "channel"),
            buckets=SECONDS,
            registry=reg,
        )
        self.first_byte_seconds = Spreads(
            "pressrun_time_to_first_byte_seconds",
            "Time from a document's arrival to its first byte; finished documents only.",
            ("template", "channel"),
            buckets=SECONDS,
            registry=reg,
        )
        self.phase_seconds = Spreads(
            "pressrun_phase_seconds",
            "Time that finished documents spent in one phase; the phases sum to the time of the document.",
            ("phase",),
            buckets=_PHASE_SECONDS,
            registry=reg,
        )
        self.compose_cpu_seconds = Counts(
            "pressrun_compose_cpu_seconds_total", "CPU time that composers spent on finished documents.", registry=reg
        ).labels()
        self._count_bulk_work(reg)
        self.in_flight = Gauge("pressrun_documents_in_flight", "Documents that hold a slot.", registry=reg)
        self.slots = Gauge("pressrun_document_slots", "Documents that may hold a slot at once.", registry=reg)
        self.queue_length = Gauge("pressrun_queue_length", "Documents that wait for a slot.", registry=reg)
        self.queue_limit = Gauge("pressrun_queue_limit", "Documents that may wait for a slot at once.", registry=reg)
        self.queue_seconds = Spreads(
            "pressrun_queue_seconds",
            "Time that finished documents waited for a slot, for a composer and for a turn in it.",
            buckets=SECONDS,
            registry=reg,
        ).labels()
        self.admitted_bytes = Gauge(
            "pressrun_admitted_record_bytes", "Bytes of the records of all admitted documents.", registry=reg
        )

        self.admitted_bytes_limit = Gauge(
            "pressrun_admitted_record_limit_bytes", "Bytes of records beyond which documents are refused.", registry=reg
        )

        self.cache = TierCounts()
        reg.register(self.cache)
        self.cache_seconds = Histogram(
            "pressrun_cache_seconds",
            "Duration of reads and writes of tiers that could not answer at once, by tier and operation (read, write).",
            ("tier", "operation"),
            buckets=_TIER_SECONDS,
            registry=reg,
        )
        self.source_requests = Counter(
            "pressrun_source_requests_total", "Requests to a source by outcome.", ("source", "outcome"), registry=reg
        )
        self.source_seconds = Histogram(
            "pressrun_source_request_seconds",
            "Duration of requests to a source.",
            ("source",),
            buckets=SECONDS,
            registry=reg,
        )
        self.source_bytes = Counter(
            "pressrun_source_received_bytes_total", "Bytes received from a source.", ("source",), registry=reg
        )

        self.polls = Counter(
            "pressrun_source_polls_total",
            "Looks at what has changed at a source, by source and result: ok, the kind of the error, or internal.",
            ("source", "result"),
            registry=reg,
        )
        self.hooks = Counter(
            "pressrun_hooks_total",
            "Webhooks by source and result: taken, replayed, or why it was refused.",
            ("source", "result"),
            registry=reg,
        )
        self.rpc_requests = Counter(
            "pressrun_rpc_requests_total",
            "RPCs that ended, by method and status code.",
            ("method", "code"),
            registry=reg,
        )
        self.rpc_seconds = Histogram(
            "pressrun_rpc_seconds",
            "Duration of RPCs; a Render stream lasts as long as its client holds it.",
            ("method",),
            buckets=SECONDS,
            registry=reg,
        )
        self.rpc_in_flight = Gauge("pressrun_rpcs_in_flight", "RPCs under way.", ("method",), registry=reg)

        self.http_requests = Counter(
            "pressrun_http_requests_total",
            "HTTP requests that were answered, by route and status code.",
            ("route", "code"),
            registry=reg,
        )
        self.http_seconds = Histogram(
            "pressrun_http_seconds", "Duration of HTTP requests.", ("route",), buckets=SECONDS, registry=reg
        )

        self.trace_spans = Counter(
            "pressrun_trace_spans_total",
            "Spans of traced documents by result: sent, lost (the collector did not take them), dropped (no room).",
            ("result",),
            registry=reg,
        )

        self.templates = Gauge("pressrun_templates", "Published templates.", registry=reg)
        self.templates_pending = Gauge(
            "pressrun_templates_pending", "Templates of other nodes that this one has not got.", registry=reg
        )
        self.compilations = Counter(
            "pressrun_compilations_total",
            "Bundles compiled, by result (ok, invalid, failed).",
            ("result",),
            registry=reg,
        )
        self.compile_seconds = Histogram(
            "pressrun_compilation_seconds", "Time to compile a bundle, waiting included.", buckets=SECONDS, registry=reg
        )
        self.front_late_seconds = Histogram(
            "pressrun_front_late_seconds",
            "Time after which the front's only thread came to what was due, four times a second.",
            buckets=_LATE_SECONDS,
            registry=reg,
        )
        self.ready = Gauge("pressrun_ready", "1 while the node is ready for documents, else 0.", registry=reg)
        self.draining = Gauge("pressrun_draining", "1 while the node drains, else 0.", registry=reg)
        self.drain_seconds = Gauge("pressrun_drain_seconds", "Time since the drain began; 0 before.", registry=reg)
        self.drain_limit = Gauge(
            "pressrun_drain_limit_seconds",
            "Time that admitted documents have to finish when the node stops.",
            registry=reg,
        )
        self.build = Info("pressrun_build", "Versions of what can change a document's bytes.", registry=reg)

    def _count_bulk_work(self, reg: CollectorRegistry) -> None:
        """What `metrics.bulk` counts."""
        self.runs = Counter(
            "pressrun_runs_total",
            "Print runs that ended, by result (ok, stopped, failed, refused, cancelled) and reason.",
            ("result", "reason"),
            registry=reg,
        )
        self.runs_in_flight = Gauge("pressrun_runs_in_flight", "Print runs under way.", registry=reg)
        self.run_seconds = Histogram(
            "pressrun_run_seconds",
            "Duration of print runs that were made to their end, or stopped over a document as they were told to.",
            buckets=_RUN_SECONDS,
            registry=reg,
        )
        self.run_documents = Counter(
            "pressrun_run_documents_total",
            "Documents of print runs by result (ok, failed) and the reason of those that failed; no separators.",
            ("result", "reason"),
            registry=reg,
        )
        self.run_pages = Counter(
            "pressrun_run_pages_total", "Pages in files of print runs: sides of sheets.", registry=reg
        )
        self.run_sheets = Counter(
            "pressrun_run_sheets_total", "Sheets that print runs take: a side each, or two with duplex.", registry=reg
        )
        self.run_bytes = Counter("pressrun_run_bytes_total", "Bytes of files of print runs.", registry=reg)
        self.run_files = Counter("pressrun_run_files_total", "Files of print runs that are whole.", registry=reg)
        self.arriving_rows = Counter(
            "pressrun_arriving_rows_total", "Rows that came in parts, of RenderRows.", registry=reg
        )
        self.arriving_bytes = Counter(
            "pressrun_arriving_row_bytes_total", "Bytes of rows that came in parts.", registry=reg
        )
        self.resumed_documents = Counter(
            "pressrun_resumed_documents_total",
            "Documents that went on where their client had lost them, by result (ok, failed).",
            ("result",),
            registry=reg,
        )
        self.resumed_bytes = Counter(
            "pressrun_resumed_bytes_total",
            "Bytes of resumed documents that clients had, and that were not sent again.",
            registry=reg,
        )
        self.verifications = Counter(
            "pressrun_verifications_total",
            "Documents made again to be compared, by result (same_bytes, different_bytes, engine_differs, failed).",
            ("result",),
            registry=reg,
        )
