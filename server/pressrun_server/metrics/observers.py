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


class _Tier:
    """The metrics of one tier, bound, so that the hot path looks up no label."""

    __slots__ = ("count", "reads", "writes")

    def __init__(self, metrics: Catalogue, tier: str) -> None:
        self.count = metrics.cache.of(tier)
        self.reads = metrics.cache_seconds.labels(tier, "read")
        self.writes = metrics.cache_seconds.labels(tier, "write")
