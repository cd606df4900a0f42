"""Observers that the store and the sources call, which know no metrics library; each counts in the catalogue."""

from __future__ import annotations

from pressrun_server.metrics.catalogue import Catalogue

__all__ = ["SourceMeter", "TierMeter"]


class SourceMeter:
    """Counts requests to sources; fits `pressrun_sources.transport.observer.Observer`."""

    def __init__(self, metrics: Catalogue) -> None:
        self._metrics = metrics
        self._sources: dict[str, _Source] = {}

    def expect(self, source: str) -> None:
        """A source is configured: its counts are there from the start, so that a rate sees the first request."""
        self._sources[source] = _Source(self._metrics, source)

    def __call__(self, source: str, outcome: str, seconds: float, size: int) -> None:
        """Count one request."""
        if source not in self._sources:
            self.expect(source)
        bound = self._sources[source]
        requests = bound.requests.get(outcome)
        if requests is None:
            requests = bound.requests[outcome] = self._metrics.source_requests.labels(source, outcome)
        requests.inc()
        bound.seconds.observe(seconds)
        bound.received.inc(size)


class TierMeter:
    """Counts reads and writes of tiers; fits `pressrun_server.cas.metered.TierObserver`."""

    def __init__(self, metrics: Catalogue) -> None:
        self._metrics = metrics
        self._tiers: dict[str, _Tier] = {}

    def hit(self, tier: str, size: int) -> None:
        """A blob of that size was found."""
        count = (self._tiers.get(tier) or self._bind(tier)).count
        count.hits += 1
        count.read += size

    def miss(self, tier: str) -> None:
        """A blob was not found."""
        (self._tiers.get(tier) or self._bind(tier)).count.misses += 1

    def stored(self, tier: str, size: int) -> None:
        """A blob of that size was handed in."""
        (self._tiers.get(tier) or self._bind(tier)).count.written += size

    def took(self, tier: str, operation: str, seconds: float) -> None:
        """A read or a write took so long."""
        bound = self._tiers.get(tier) or self._bind(tier)
        (bound.reads if operation == "read" else bound.writes).observe(seconds)

    def _bind(self, tier: str) -> _Tier:
        bound = self._tiers[tier] = _Tier(self._metrics, tier)
        return bound


class _Source:
    """The metrics of one source, bound."""

    __slots__ = ("received", "requests", "seconds")

    def __init__(self, metrics: Catalogue, source: str) -> None:
        self.requests = {"ok": metrics.source_requests.labels(source, "ok")}
        """By outcome."""
        self.seconds = metrics.source_seconds.labels(source)
        self.received = metrics.source_bytes.labels(source)


class _Tier:
    """The metrics of one tier, bound, so that the hot path looks up no label."""

    __slots__ = ("count", "reads", "writes")

    def __init__(self, metrics: Catalogue, tier: str) -> None:
        self.count = metrics.cache.of(tier)
        self.reads = metrics.cache_seconds.labels(tier, "read")
        self.writes = metrics.cache_seconds.labels(tier, "write")
