"""From the owners' own statistics to the snapshot that metrics show."""

from __future__ import annotations

from pressrun_server.cas.tier import Tier
from pressrun_server.metrics.snapshot import CacheTier, Composers, Preparers, Snapshot
from pressrun_server.prepare.pool import PreparerPool
from pressrun_server.render.composers import ComposerPool

__all__ = ["snapshot_of"]


def snapshot_of(composers: ComposerPool, preparers: PreparerPool, store: Tier) -> Snapshot:
    """The node's processes and tiers at this moment."""
    composing, preparing = composers.stats(), preparers.stats()
    return Snapshot(
        composers=Composers(
            active=[composer.active for composer in composing.composers],
            resident=[composer.rss for composer in composing.composers],
            waiting=composing.waiting,
            documents=composing.documents,
            cpu_seconds=composing.cpu_seconds,
            replaced=composing.replaced,
            lost=composing.lost,
            quarantined=composing.quarantined,
        ),
        preparers=Preparers(
            busy=sum(preparer.busy for preparer in preparing.preparers),
            resident=[preparer.rss for preparer in preparing.preparers],
            waiting=preparing.waiting,
            tasks=preparing.tasks,
            cpu_seconds=preparing.cpu_seconds,
            replaced=preparing.replaced,
            crashed=preparing.crashed,
            timed_out=preparing.timed_out,
        ),
        tiers=[
            CacheTier(
                tier.name, tier.entries, tier.size, tier.limit, tier.evictions, tier.refused, tier.errors, tier.corrupt
            )
            for tier in store.stats()
        ],
    )
