"""Observers that the store and the sources call, which know no metrics library; each counts in the catalogue."""

from __future__ import annotations

from pressrun_server.metrics.catalogue import Catalogue

__all__ = ["SourceMeter", "TierMeter"]


class SourceMeter:
    """Counts requests to sources; fits `pressrun_sources.transport.observer.Observer`."""

    def __init__(self, metrics: Catalogue) -> None:
        self._metrics = metrics

    def __call__(self, source: str, outcome: str, seconds: float, size: int) -> None:
        """Count one request."""
        self._metrics.source_requests.labels(source, outcome).inc()
        self._metrics.source_seconds.labels(source).observe(seconds)
        self._metrics.source_bytes.labels(source).inc(size)


class TierMeter:
    """Counts reads and writes of tiers; fits `pressrun_server.cas.metered.TierObserver`."""

    def __init__(self, metrics: Catalogue) -> None:
        self._metrics = metrics
        self._tiers: dict[str, _Tier] = {}

    def hit(self, tier: str, size: int) -> None:
        """A blob of that size was found."""
        bound = self._tiers.get(tier) or self._bind(tier)
        bound.hits.inc()
        bound.read.inc(size)

    def miss(self, tier: str) -> None:
        """A blob was not found."""
        (self._tiers.get(tier) or self._bind(tier)).misses.inc()

    def stored(self, tier: str, size: int) -> None:
        """A blob of that size was handed in."""
        (self._tiers.get(tier) or self._bind(tier)).written.inc(size)

    def took(self, tier: str, operation: str, seconds: float) -> None:
        """A read or a write took so long."""
        bound = self._tiers.get(tier) or self._bind(tier)
        (bound.reads if operation == "read" else bound.writes).observe(seconds)

    def _bind(self, tier: str) -> _Tier:
        bound = self._tiers[tier] = _Tier(self._metrics, tier)
        return bound


class _Tier:
    """The metrics of one tier, bound, so that the hot path looks up no label."""

    __slots__ = ("hits", "misses", "read", "reads", "writes", "written")

    def __init__(self, metrics: Catalogue, tier: str) -> None:
        self.hits = metrics.cache_requests.labels(tier, "hit")
        self.misses = metrics.cache_requests.labels(tier, "miss")
        self.read = metrics.cache_transferred.labels(tier, "read")
        self.written = metrics.cache_transferred.labels(tier, "written")
        self.reads = metrics.cache_seconds.labels(tier, "read")
        self.writes = metrics.cache_seconds.labels(tier, "write")
