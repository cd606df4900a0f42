"""What happened at nodes between two readings: rates, quantiles and states."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from pressrun_server.top.reading import Reading, Samples

__all__ = ["Window"]


class Window:
    """The time between two readings of the same nodes.

    Counters of a node that began again meanwhile count from 0, as with Prometheus; so do those of series that were not
    there before, which is right for labels that appear and wrong for nobody. A node without both readings has no rates.

    Args:
        before: the first readings.
        after: the second, in the same order of nodes.
    """

    def __init__(self, before: Sequence[Reading], after: Sequence[Reading]) -> None:
        earlier = {reading.node: reading for reading in before if not reading.fault}
        self.nodes = [reading for reading in after if not reading.fault]
        """Those that answer."""
        self.silent = [reading for reading in after if reading.fault]
        self._pairs = [(earlier[now.node], now) for now in self.nodes if now.node in earlier]

    def one(self, node: str) -> Window:
        """The same for one node alone."""
        found = Window((), ())
        found.nodes = [reading for reading in self.nodes if reading.node == node]
        found._pairs = [pair for pair in self._pairs if pair[1].node == node]
        return found

    def rate(self, name: str, **labels: str) -> float:
        """A counter a second, over all nodes and series with these labels."""
        return sum(self.rates(name, "", **labels).values())

    def rates(self, name: str, by: str, **labels: str) -> dict[str, float]:
        """A counter a second, by the values of a label."""
        found: dict[str, float] = {}
        for before, after in self._pairs:
            seconds = max(after.at - before.at, 1e-9)
            for key, value in _grown(before.samples, after.samples, name, by, labels).items():
                found[key] = found.get(key, 0.0) + value / seconds
        return found

    def gauge(self, name: str, **labels: str) -> float:
        """A gauge, added up over all nodes and series."""
        return sum(self._values(name, labels))

    def most(self, name: str, **labels: str) -> float:
        """The largest value of a gauge; 0 where there is none."""
        return max(self._values(name, labels), default=0.0)

    def least(self, name: str, **labels: str) -> float | None:
        """The smallest value of a gauge; None where there is none."""
        return min(self._values(name, labels), default=None)

    def values(self, name: str, label: str) -> list[str]:
        """The values that a label has in a metric, sorted."""
        return sorted(
            {labels[label] for node in self.nodes for labels, _ in node.samples.get(name, ()) if label in labels}
        )

    def mean(self, name: str, **labels: str) -> float | None:
        """The mean of what a histogram saw in this time; None where that was nothing."""
        count = self.rate(f"{name}_count", **labels)
        return self.rate(f"{name}_sum", **labels) / count if count else None

    def quantile(self, share: float, name: str, **labels: str) -> float | None:
        """A quantile of what a histogram saw in this time, by its buckets; None where that was nothing."""
        buckets = self.rates(f"{name}_bucket", "le", **labels)
        edges = sorted((float(edge), count) for edge, count in buckets.items())
        if not edges or not edges[-1][1]:
            return None
        wanted, low, below = share * edges[-1][1], 0.0, 0.0
        for edge, count in edges:
            if count >= wanted:
                # In the last bucket nothing is known but that it is more than the edge before.
                inside = count - below
                return low if edge == float("inf") or not inside else low + (edge - low) * (wanted - below) / inside
            low, below = edge, count
        return low

    def _values(self, name: str, labels: Mapping[str, str]) -> Iterable[float]:
        return itertools.chain.from_iterable(
            (value for own, value in node.samples.get(name, ()) if labels.items() <= own.items()) for node in self.nodes
        )


def _grown(before: Samples, after: Samples, name: str, by: str, labels: Mapping[str, str]) -> dict[str, float]:
    """By how much the series of a counter grew."""
    earlier = {frozenset(own.items()): value for own, value in before.get(name, ())}
    found: dict[str, float] = {}
    for own, value in after.get(name, ()):
        if labels.items() <= own.items():
            was = earlier.get(frozenset(own.items()), 0.0)
            key = own.get(by, "")
            found[key] = found.get(key, 0.0) + (value - was if value >= was else value)
    return found
