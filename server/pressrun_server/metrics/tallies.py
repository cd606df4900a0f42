"""What is counted for each document: plain numbers, made into metrics at each scrape.

A `Counter` of the library takes a lock and 0.7 us, a `Histogram` looks through its edges in Python and takes 2 us; with
fifteen of them a document was a twentieth of what a front spends on it. Here the one thread of a front adds.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

__all__ = ["Count", "Counts", "Spread", "Spreads"]

C = TypeVar("C")


class Count:
    """One series of a counter; whoever counts adds to `value`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Count so much more."""
        self.value += amount


class Spread:
    """One series of a histogram.

    Args:
        edges: the upper edges of its buckets, ascending; one without an edge follows.
    """

    __slots__ = ("_edges", "counts", "exemplars", "total")

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = edges
        self.counts = [0] * (len(edges) + 1)
        """By bucket, each without those below it."""
        self.exemplars: dict[int, Exemplar] = {}
        """The last one of a bucket that has any."""
        self.total = 0.0
        """The sum of what was observed."""

    def observe(self, value: float, exemplar: Mapping[str, str] | None = None) -> None:
        """Count one observation; a value at an edge is below it. The exemplar names where it was seen."""
        bucket = bisect_left(self._edges, value)
        self.counts[bucket] += 1
        self.total += value
        if exemplar is not None:
            self.exemplars[bucket] = Exemplar(dict(exemplar), value, time.time())


class _Series(Collector, Generic[C]):
    """The series of one metric, by the values of its labels. A series is shown from when it was first asked for."""

    def __init__(
        self,
        name: str,
        help_text: str,
        labels: Sequence[str],
        make: Callable[[], C],
        registry: CollectorRegistry,
    ) -> None:
        self._name = name
        self._help = help_text
        self._labels = labels
        self._make = make
        self._series: dict[tuple[str, ...], C] = {}
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Its name, so that it can be asked for alone."""
        return (self._family(),)

    @abstractmethod
    def _family(self) -> Metric:
        """The metric without its series."""

    def labels(self, *values: str) -> C:
        """The series of these values; of a metric without labels the only one.

        Raises:
            ValueError: there are more or fewer labels.
        """
        found = self._series.get(values)
        if found is None:
            if len(values) != len(self._labels):
                raise ValueError(f"{self._name} has the labels {', '.join(self._labels) or 'none'}, not {values}")
            found = self._series[values] = self._make()
        return found


class Counts(_Series[Count]):
    """A counter; arguments as for `prometheus_client.Counter`."""

    def __init__(self, name: str, help_text: str, labels: Sequence[str] = (), *, registry: CollectorRegistry) -> None:
        super().__init__(name, help_text, labels, Count, registry)

    def collect(self) -> Iterable[Metric]:
        """The counts of this moment."""
        family = self._family()
        for values, count in list(self._series.items()):
            family.add_metric(values, count.value)
        return (family,)

    def _family(self) -> CounterMetricFamily:
        return CounterMetricFamily(self._name, self._help, labels=self._labels)


class Spreads(_Series[Spread]):
    """A histogram; arguments as for `prometheus_client.Histogram`."""

    def __init__(
        self,
        name: str,
        help_text: str,
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._edges = [*(repr(float(edge)) for edge in buckets), "+Inf"]
        super().__init__(name, help_text, labels, lambda: Spread(buckets), registry)

    def collect(self) -> Iterable[Metric]:
        """The counts of this moment."""
        family = self._family()
        for values, spread in list(self._series.items()):
            below = accumulate(spread.counts)
            seen = spread.exemplars
            buckets = [
                (edge, count, seen[number]) if number in seen else (edge, count)
                for number, (edge, count) in enumerate(zip(self._edges, below, strict=True))
            ]
            family.add_metric(values, buckets, spread.total)
        return (family,)

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._help, labels=self._labels)
