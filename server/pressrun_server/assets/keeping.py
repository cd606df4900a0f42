"""Keeps what is known of renditions, and lets a source's newer word count for all that is known of its asset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from pressrun_server.assets.belief import Belief, asset_name
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.describing import agrees, narrows, refresh_at, unchanged, updated
from pressrun_server.assets.descriptors import DescriptorCache
from pressrun_server.assets.entry import LINKED, Entry, Place
from pressrun_server.assets.provenance import Provenance
from pressrun_server.assets.shared_entries import SharedEntries
from pressrun_server.clock import Clock
from pressrun_server.model.asset import AssetDescriptor, HostedLink

__all__ = ["Keeping"]

_MOMENT = timedelta(microseconds=1)
"""By which a change found out is put before the question, whose own answer is believed."""
_QUIET = timedelta(seconds=10)
"""After the others were told of an asset, they are not told of it again for so long."""


class Keeping:
    """What is known, in memory and in the ledger.

    Guarantee: what is older never takes the place of what is newer, and what changed while it was asked for is not
    kept. A source's word that takes something away counts at once for all variants of the asset, here and at the
    others.

    Args:
        cache: in memory.
        ledger: on disk and shared.
        provenance: where bytes came from.
        belief: what was told of changes.
        tell: tells the other nodes of an asset.
        config: how long entries are kept.
        clock: the time.
    """

    def __init__(
        self,
        *,
        cache: DescriptorCache,
        ledger: SharedEntries,
        provenance: Provenance,
        belief: Belief,
        tell: Callable[[str], None],
        config: AssetConfig,
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._ledger = ledger
        self._provenance = provenance
        self._belief = belief
        self._tell = tell
        self._config = config
        self._clock = clock
        self._told_at: dict[str, datetime] = {}

    async def keep(self, key: str, entry: Entry) -> None:
        """Remember an entry, unless something newer is known, or it changed since its source was asked."""
        if entry.prepared is not None:
            await self._provenance.note(entry.descriptor)
        if self._belief.was_changed(entry.descriptor):
            # It changed while this was under way: good for the one who asked before that, and for nobody else.
            return
        newer = self._cache.peek(key)
        if isinstance(newer, Entry) and newer.descriptor.fetched_at > entry.descriptor.fetched_at:
            # Asked later and answered sooner: what is older must not take its place.
            return
        keep = (entry.descriptor.fresh_until - self._clock.now()).total_seconds() + self._config.keep_seconds
        await self._cache.put(key, entry, keep)
        if entry.lenient_until is None:
            await self._ledger.put(key, entry)
        if self._belief.was_changed(entry.descriptor):
            # Told while it was being written, so that whoever told found nothing to forget.
            await self._forget(key)

    async def supersede(
        self, ref: str, last: Entry | None, now_said: AssetDescriptor | None, asked: datetime, *, but: str = ""
    ) -> None:
        """Forget what was said otherwise before; what a source says of an asset it says of all its renditions.

        Args:
            ref: the asset.
            last: what was known of the rendition for which it was asked.
            now_said: what the source says now; None: it has no such asset any more.
            asked: when it was asked.
            but: the key of that rendition, for which whoever asked sees to it.
        """
        name, keys = asset_name(ref), self._cache.keys_of(ref)
        known = {key: entry.descriptor for key in keys if isinstance(entry := self._cache.peek(key), Entry)}
        others = {
            key: said
            for key, said in known.items()
            if key != but
            and said.ref == ref
            and said.fetched_at < asked
            and (now_said is None or not agrees(said, now_said))
        }
        said_before = [*others.values(), *([] if last is None else [last.descriptor])]
        # What somebody told of already is no news.
        withdrawn = any(
            (now_said is None or narrows(said, now_said)) and not self._belief.was_changed(said) for said in said_before
        )
        if not others and not withdrawn:
            return
        self._belief.changed(name, asked - _MOMENT)
        # A withdrawal is one of the asset in all its variants, here as at the others.
        for key in [key for key in known if key != but] if withdrawn else others:
            await self._forget(key)
        if withdrawn:
            # On disk there may be more of it, which would be believed after a restart.
            await self._ledger.forget(name)
        if withdrawn and self._may_tell(name, asked):
            # Others hold what was said before, and would use it until it grows old.
            self._tell(name)

    async def renew(
        self,
        now_said: AssetDescriptor,
        stale_until: datetime | None,
        place: Place | None,
        *,
        but: str = "",
        listed: bool = False,
    ) -> int:
        """Let what a source says anew of an asset count for its renditions here that it says the same of.

        Returns:
            How many live on. What is linked to is left out where the link may end before, or where there was none.
        """
        count = 0
        for key in self._cache.keys_of(now_said.ref):
            other = self._cache.peek(key) if key != but else None
            if not isinstance(other, Entry) or other.prepared is None or other.lenient_until is not None:
                continue
            said = other.descriptor
            if said.ref != now_said.ref or said.fetched_at >= now_said.fetched_at or self._belief.was_changed(said):
                continue
            if not (unchanged(said, now_said) and agrees(said, now_said)):
                continue
            if LINKED in key and (said.hosted is None or not _lasts(said.hosted, now_said.fresh_until)):
                continue
            about = msgspec.structs.replace(updated(said, now_said), rendition=said.rendition, hosted=said.hosted)
            renewed = msgspec.structs.replace(
                other,
                descriptor=about,
                refresh_at=refresh_at(about),
                stale_until=stale_until,
                place=place,
                described_at=(other.described_at or said.fetched_at) if listed else None,
            )
            await self.keep(key, renewed)
            count += self._cache.peek(key) is renewed
        return count

    def _may_tell(self, name: str, now: datetime) -> bool:
        """Whether the others were not told of the asset just now.

        A source that changes its mind with each answer would keep every node asking otherwise.
        """
        before = self._told_at.pop(name, None)
        told = before is not None and now - before < _QUIET
        self._told_at[name] = before if told and before is not None else now
        if len(self._told_at) > self._config.max_entries:
            del self._told_at[next(iter(self._told_at))]
        return not told

    async def _forget(self, key: str) -> None:
        await self._cache.delete(key)
        await self._ledger.delete(key)


def _lasts(link: HostedLink, until: datetime) -> bool:
    return link.expires is None or link.expires >= until
