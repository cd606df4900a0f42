"""From the owners' own statistics to the snapshot that metrics show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pressrun_server.assets.resolver import AssetResolver, ResolverStats
from pressrun_server.cas.tier import Tier
from pressrun_server.metrics.snapshot import Assets, CacheTier, Composers, Feed, Preparers, Snapshot, SourceState
from pressrun_server.prepare.stats import PreparerPoolStats
from pressrun_server.render.composers import ComposerPool
from pressrun_sources.transport.vitals import Vitals

__all__ = ["Counting", "snapshot_of"]


class Counting(Protocol):
    """Limited processes that say how they do: preparers, and the reader of large records."""

    def stats(self) -> PreparerPoolStats:
        """Now and since the start."""


def snapshot_of(
    composers: ComposerPool,
    preparers: Sequence[Counting],
    store: Tier,
    resolver: AssetResolver | None,
    sources: Mapping[str, Vitals],
) -> Snapshot:
    """The node's processes, tiers, assets and ways to its sources at this moment."""
    composing, preparing = composers.stats(), [pool.stats() for pool in preparers]
    processes = [process for pool in preparing for process in pool.preparers]
    return Snapshot(
        composers=Composers(
            active=[composer.active for composer in composing.composers],
            resident=[composer.rss for composer in composing.composers],
            waiting=composing.waiting,
            documents=composing.documents,
            cpu_seconds=composing.cpu_seconds,
            rehearsed=composing.rehearsed,
            replaced=composing.replaced,
            lost=composing.lost,
            quarantined=composing.quarantined,
        ),
        preparers=Preparers(
            busy=sum(process.busy for process in processes),
            resident=[process.rss for process in processes],
            waiting=sum(pool.waiting for pool in preparing),
            tasks=sum(pool.tasks for pool in preparing),
            cpu_seconds=sum(pool.cpu_seconds for pool in preparing),
            replaced=sum(pool.replaced for pool in preparing),
            crashed=sum(pool.crashed for pool in preparing),
            timed_out=sum(pool.timed_out for pool in preparing),
        ),
        tiers=[
            CacheTier(
                name=tier.name,
                entries=tier.entries,
                size=tier.size,
                limit=tier.limit,
                evictions=tier.evictions,
                refused=tier.refused,
                errors=tier.errors,
                corrupt=tier.corrupt,
                dropped=tier.dropped,
                waiting=tier.waiting,
                idle_seconds=tier.idle_seconds,
                available=tier.available,
            )
            for tier in store.stats()
        ],
        assets=None if resolver is None else _assets(resolver.stats()),
        sources=[_source(name, vitals) for name, vitals in sources.items()],
    )


def _source(name: str, vitals: Vitals) -> SourceState:
    allowance = vitals.allowance
    return SourceState(
        name,
        vitals.breaker_open,
        vitals.paused_seconds,
        None if allowance is None else allowance.remaining,
        None if allowance is None else allowance.limit,
        vitals.certificate_ends,
    )


def _assets(stats: ResolverStats) -> Assets:
    feed = stats.feed
    return Assets(
        entries=stats.entries,
        evictions=stats.evictions,
        in_flight=stats.in_flight,
        joined=stats.joined,
        waits=stats.waits,
        shared=stats.shared,
        refreshed=stats.refreshed,
        lenient=stats.lenient,
        doubts=stats.doubts,
        feed=None if feed is None else Feed(feed.connected, feed.told, feed.heard, feed.waiting),
    )
