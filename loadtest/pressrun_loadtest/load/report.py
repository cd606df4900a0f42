"""What a load test found: values for all the forms in which it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from pressrun_loadtest.load.errors import LoadError
from pressrun_loadtest.load.measure import NOT_SENT, Second, histogram

__all__ = ["RANKS", "Latency", "Report", "latency_of", "read_report", "write_report"]

RANKS = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99)
_CURVE = (0, 10, 25, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 98, 99, 99.5, 99.75, 99.9, 99.95, 99.99, 99.999, 100)
_MARKS = 20
"""Bars of ghz's histogram."""
_BUSY = 0.9
"""Share of a core above which a generator may be late by its own work."""
_LATE_MS = 5.0
"""Lateness that no latency is spoilt by."""


class Latency(msgspec.Struct):
    """Milliseconds."""

    count: int = 0
    mean: float = 0.0
    least: float = 0.0
    most: float = 0.0
    percentiles: dict[str, float] = {}
    """By name: p50 to p99.99."""
    curve: list[tuple[float, float]] = []
    """Percentile and milliseconds."""
    encoded: str = ""
    """The whole HDR histogram, of microseconds, in its own compressed form."""


def latency_of(of: Any) -> Latency:
    """The figures of a histogram."""
    count = of.get_total_count()
    if not count:
        return Latency()

    def at(rank: float) -> float:
        return float(of.get_value_at_percentile(rank)) / 1000

    return Latency(
        count,
        of.get_mean_value() / 1000,
        of.get_min_value() / 1000,
        of.get_max_value() / 1000,
        {f"p{rank:g}": at(rank) for rank in RANKS},
        [(rank, at(rank)) for rank in _CURVE],
        of.encode().decode(),
    )


class Report(msgspec.Struct):
    """One test."""

    name: str
    description: str
    date: str
    """ISO 8601, when the clock began."""
    end_reason: str
    """normal, or interrupted: then the figures are those until the interruption."""
    seconds: float
    """From the first intended start to the last answer."""
    scale: float
    open_loop: bool
    offered: float
    """Documents a second that were meant to arrive, on average; 0 of a closed loop."""
    scenario: dict[str, Any]
    hardware: dict[str, Any]
    versions: dict[str, str]
    asked: int
    done: int
    failed: dict[str, int]
    """Documents that failed, by the contract's reason."""
    unanswered: int
    pages: int
    size: int
    stalls: int
    repeated: int
    latency: Latency
    first_byte: Latency
    series: list[Second]
    phases: dict[str, float]
    """Milliseconds of a document in each phase of the node, on average."""
    compose_cpu_ms: float
    node_cpu_ms: float
    """CPU milliseconds for each document over all processes of the node; below 0 where they cannot be seen."""
    generator_cpu_ms: float
    busiest_generator: float
    """Share of one core."""
    late_ms: float
    """p99 of how late the generators were themselves."""
    resident: tuple[float, float]
    """MiB of the node in the first and the last quarter of the test."""
    memory_slope: float
    """MiB for each 1,000 documents, fitted over the second half of the test."""
    cache_ratio: float
    """Share of blob reads that a cache tier answered; below 0 where the metrics cannot be read."""
    source_requests: float
    checked: int
    """Documents read in full."""
    faults: list[str]
    left_out: list[str]
    """Parts of the mix that the node refuses, with its words."""
    failure: Latency = msgspec.field(default_factory=Latency)
    """Intended start to the answer that there is no document, of those that failed."""

    @property
    def rate(self) -> float:
        """Finished documents a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it: what was under way then neither failed nor is done."""
        return self.end_reason == "interrupted"

    @property
    def failures(self) -> int:
        """Documents that failed or were never answered."""
        return sum(self.failed.values()) + (0 if self.interrupted else self.unanswered)

    @property
    def not_sent(self) -> int:
        """Documents that were due while as many were under way as the scenario allows."""
        return self.failed.get(NOT_SENT, 0)

    @property
    def not_sent_why(self) -> str:
        """The same in a sentence; empty where all were sent."""
        if not self.not_sent:
            return ""
        most = self.scenario["arrival"]["most_under_way"]
        return (
            f"{self.not_sent:,} of {self.asked:,} documents were not sent, since {most:,} were under way when they "
            "were due (most_under_way): the rate that was offered is more than can be made, and latencies are of what "
            "was sent"
        )

    @property
    def error_share(self) -> float:
        """Of all documents asked for."""
        return self.failures / self.asked if self.asked else 0.0

    @property
    def generator_limits(self) -> str:
        """Why the generators may have been what was measured, and what to do, in a sentence; else empty."""
        late = f"p99 of their own lateness is {self.late_ms:.1f} ms"
        busiest = f"the busiest generator used {self.busiest_generator:.0%} of a core"
        if self.busiest_generator > _BUSY:
            return (
                f"The generators may be what was measured: {busiest}, and {late}. Use more `processes`, or "
                "another machine for them."
            )
        if self.late_ms > max(_LATE_MS, self.latency.percentiles.get("p50", 0.0)):
            return (
                f"The machine may be what was measured: {late}, though {busiest}. Something else had the processor, "
                "the node perhaps; use another machine for the generators, or a quieter one for all."
            )
        return ""


def write_report(report: Report, path: Path) -> None:
    """Write JSON: at the top ghz's fields, under `pressrun` ours.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_bytes(msgspec.json.format(msgspec.json.encode(_ghz(report) | {"pressrun": report}), indent=1) + b"\n")


def read_report(path: Path) -> Report:
    """Read what `write_report` wrote.

    Raises:
        LoadError: it is no report.
    """

    class File(msgspec.Struct):
        pressrun: Report

    try:
        return msgspec.json.decode(path.read_bytes(), type=File).pressrun
    except (OSError, msgspec.DecodeError) as error:
        raise LoadError(
            f"{path}: no report of pressrun-load ({error}); `pressrun-load run` writes report.json"
        ) from error


def _ghz(report: Report) -> dict[str, Any]:
    """The fields of ghz's JSON, in its units: nanoseconds, and seconds for marks."""
    latency = report.latency
    nano = 1_000_000
    return {
        "name": report.name,
        "date": report.date,
        "endReason": report.end_reason,
        "count": report.asked,
        "total": int(report.seconds * 1e9),
        "average": int(latency.mean * nano),
        "fastest": int(latency.least * nano),
        "slowest": int(latency.most * nano),
        "rps": report.rate,
        "errorDistribution": report.failed,
        "statusCodeDistribution": {"OK": report.done} | ({"Failed": report.failures} if report.failures else {}),
        "latencyDistribution": [
            {"percentage": float(name[1:]), "latency": int(value * nano)} for name, value in latency.percentiles.items()
        ],
        "histogram": _marks(latency),
    }


def _marks(latency: Latency) -> list[dict[str, float]]:
    if not latency.count:
        return []
    of = histogram(latency.encoded)
    width = max(1, int((latency.most - latency.least) * 1000 / _MARKS))
    low = int(latency.least * 1000)
    marks: list[dict[str, float]] = []
    below = 0
    for number in range(1, _MARKS + 1):
        edge = low + number * width if number < _MARKS else int(latency.most * 1000) + 1
        upto = _count_upto(of, edge)
        marks.append({"mark": edge / 1e6, "count": upto - below, "frequency": (upto - below) / latency.count})
        below = upto
    return marks


def _count_upto(of: Any, edge: int) -> int:
    """Values up to an edge."""
    total = 0
    for item in of.get_recorded_iterator():
        if item.value_iterated_to > edge:
            break
        total = item.total_count_to_this_value
    return int(total) if edge < of.get_max_value() else int(of.get_total_count())
