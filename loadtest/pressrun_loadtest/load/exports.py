"""A test as CSV, one line a second, and as Prometheus text for a push gateway or a textfile collector."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from prometheus_client.core import Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from pressrun_loadtest.load.measure import Second
from pressrun_loadtest.load.report import Report

__all__ = ["write_csv", "write_prometheus"]


class _Latencies(Collector):
    """The percentiles, which the client library's own summaries have none of."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def collect(self) -> Iterable[Metric]:
        """Two summaries."""
        name = self._report.name
        for what, help_text, of in (
            ("latency", "Intended start to last byte.", self._report.latency),
            ("first_byte", "Intended start to first byte.", self._report.first_byte),
            ("failure", "Intended start to the answer that there is no document.", self._report.failure),
        ):
            family = SummaryMetricFamily(f"pressrun_load_{what}_seconds", help_text, labels=("scenario",))
            family.add_metric((name,), of.count, of.count * of.mean / 1000)
            for rank, value in of.percentiles.items():
                labels = {"scenario": name, "quantile": f"{float(rank[1:]) / 100:g}"}
                family.add_sample(family.name, labels, value / 1000)
            yield family


def write_csv(report: Report, path: Path) -> None:
    """Write the series.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [each.name for each in msgspec.structs.fields(Second)])
        writer.writeheader()
        writer.writerows(map(msgspec.structs.asdict, report.series))


def write_prometheus(report: Report, path: Path) -> None:
    """Write the figures: latencies as summaries, all others as gauges.

    Raises:
        OSError: the file cannot be written.
    """
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"pressrun_load_{name}", help_text, ("scenario", *labels), registry=registry)

    registry.register(_Latencies(report))
    documents = gauge("documents", "Documents by result.", "result")
    documents.labels(report.name, "ok").set(report.done)
    documents.labels(report.name, "failed").set(report.failures)
    for name, help_text, value in (
        ("documents_per_second", "Finished documents a second.", report.rate),
        ("wrong_documents", "Faults in documents that were read in full.", len(report.faults)),
        ("node_cpu_seconds_per_document", "CPU of all processes of the node.", report.node_cpu_ms / 1000),
        ("generator_busiest_ratio", "Share of a core that the busiest generator used.", report.busiest_generator),
    ):
        gauge(name, help_text).labels(report.name).set(value)
    write_to_textfile(str(path), registry)
