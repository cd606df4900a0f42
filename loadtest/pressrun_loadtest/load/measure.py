"""What is measured of documents, and how parts of it from several generators and seconds become one."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import Any

import msgspec

__all__ = ["NOT_SENT", "Interval", "Sample", "Second", "Tally", "histogram"]

NOT_SENT = "NOT_SENT"
"""The reason of documents that an open loop did not send, since too many were under way."""
_LONGEST_US = 3_600_000_000
_DIGITS = 3


def histogram(encoded: bytes | str | None = None) -> Any:
    """An HDR histogram of microseconds up to an hour, three digits exact; the library has no types.

    Args:
        encoded: what another one's `encode` gave.
    """
    kind = import_module("hdrh.histogram").HdrHistogram
    return kind.decode(encoded) if encoded else kind(1, _LONGEST_US, _DIGITS)


class Sample(msgspec.Struct, frozen=True):
    """A document that was kept, to be read in full after the test."""

    file: str
    marker: str
    sha256: str
    pages: int


class Interval(msgspec.Struct):
    """What one generator saw in one second; counted in the second in which a document ended."""

    second: int
    asked: int = 0
    done: int = 0
    pages: int = 0
    size: int = 0
    stalls: int = 0
    repeated: int = 0
    """Documents that were sent more than once."""
    failed: dict[str, int] = {}
    latency: str = ""
    """An encoded histogram: intended start to last byte, microseconds, of finished documents."""
    first_byte: str = ""
    failure: str = ""
    """The same until a document failed; those that were not sent are left out."""
    cpu_seconds: float = 0.0
    """Of this generator."""
    in_flight: int = 0
    phases: dict[str, float] = {}
    """Seconds that the node says it spent in each phase, over the documents of this interval."""
    compose_cpu: float = 0.0


class Second(msgspec.Struct):
    """One second of a test, all generators together."""

    second: int
    asked: int = 0
    done: int = 0
    failed: int = 0
    pages: int = 0
    size: int = 0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    worst: float = 0.0
    first_byte_p50: float = 0.0
    first_byte_p99: float = 0.0
    in_flight: int = 0
    generator_cpu: float = 0.0
    """CPU seconds of all generators."""
    node_cpu: float = -1.0
    """CPU seconds of the node's processes; below 0 where they cannot be seen."""
    node_resident: float = 0.0
    """Bytes."""


class Tally:
    """Adds intervals up: to totals and to a series of seconds."""

    def __init__(self) -> None:
        self.latency = histogram()
        self.first_byte = histogram()
        self.failure = histogram()
        self.asked = self.done = self.pages = self.size = self.stalls = self.repeated = 0
        self.failed: Counter[str] = Counter()
        self.phases: Counter[str] = Counter()
        self.compose_cpu = 0.0
        self.generator_cpu = 0.0
        self.busiest_generator = 0.0
        """The largest share of a core that one generator used in one second, the first second left out."""
        self._seconds: dict[int, tuple[Second, Any, Any]] = {}

    def add(self, interval: Interval) -> None:
        """Take in what a generator saw."""
        if interval.second not in self._seconds:
            self._seconds[interval.second] = Second(interval.second), histogram(), histogram()
        second, latency, first_byte = self._seconds[interval.second]
        failed = sum(interval.failed.values())
        for whole in (self, second):
            whole.asked += interval.asked
            whole.done += interval.done
            whole.pages += interval.pages
            whole.size += interval.size
        second.failed += failed
        second.in_flight += interval.in_flight
        second.generator_cpu += interval.cpu_seconds
        self.stalls += interval.stalls
        self.repeated += interval.repeated
        self.failed.update(interval.failed)
        self.compose_cpu += interval.compose_cpu
        self.generator_cpu += interval.cpu_seconds
        if interval.second:
            self.busiest_generator = max(self.busiest_generator, min(1.0, interval.cpu_seconds))
        for name, value in interval.phases.items():
            self.phases[name] += value  # type: ignore[assignment]  # Counter counts seconds here
        if interval.failure:
            self.failure.decode_and_add(interval.failure)
        for text, parts in (
            (interval.latency, (self.latency, latency)),
            (interval.first_byte, (self.first_byte, first_byte)),
        ):
            if text:
                for part in parts:
                    part.decode_and_add(text)
        second.p50, second.p90, second.p99, second.worst = (_ms(latency, rank) for rank in (50, 90, 99, 100))
        second.first_byte_p50, second.first_byte_p99 = (_ms(first_byte, rank) for rank in (50, 99))

    def node(self, number: int, cpu_seconds: float, resident: float) -> None:
        """Take in what the node's processes used in a second."""
        if number not in self._seconds:
            self._seconds[number] = Second(number), histogram(), histogram()
        second = self._seconds[number][0]
        second.node_cpu, second.node_resident = cpu_seconds, resident

    @property
    def seconds(self) -> list[Second]:
        """The series, in order."""
        return [self._seconds[number][0] for number in sorted(self._seconds)]


def _ms(of: Any, rank: float) -> float:
    return float(of.get_value_at_percentile(rank)) / 1000 if of.get_total_count() else 0.0
