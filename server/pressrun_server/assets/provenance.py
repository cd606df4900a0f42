"""Provenance: which bytes a source once gave for a rendition, so that a pin can't lend an asset's name to others."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pressrun_server.assets.shared_entries import LOCAL
from pressrun_server.assets.shared_ledger import SharedLedger
from pressrun_server.clock import Clock
from pressrun_server.model.asset import AssetDescriptor, HostedLink
from pressrun_server.model.digest import Digest
from pressrun_sources.model import Approval

__all__ = ["Origin", "Provenance"]

_AGAIN: Final = timedelta(hours=1)
"""After which a record is written again where its bytes are still in use: what keeps it may have lost it."""


class Origin(msgspec.Struct, frozen=True):
    """What a source said of an asset while it had some bytes."""

    asset_id: str
    version: str
    media_type: str
    color_space: str
    approval: str
    tags: tuple[str, ...]
    hosted: HostedLink | None = None

    @classmethod
    def of(cls, descriptor: AssetDescriptor) -> Origin:
        """What a descriptor says."""
        return cls(
            descriptor.asset_id,
            descriptor.version,
            descriptor.media_type,
            descriptor.color_space,
            descriptor.approval,
            descriptor.tags,
            descriptor.hosted,
        )

    def described(self, digest: Digest, current: AssetDescriptor) -> AssetDescriptor:
        """A descriptor of these bytes: the asset may be used as its source states now, and the version as it was then.

        Args:
            digest: the bytes.
            current: what its source says now.
        """
        return msgspec.structs.replace(
            current,
            asset_id=self.asset_id,
            version=self.version,
            etag=None,
            digest=digest,
            media_type=self.media_type,
            color_space=self.color_space,
            approval=current.approval if self.approval == Approval.APPROVED else self.approval,
            tags=tuple(tag for tag in current.tags if tag in self.tags),
            hosted=self.hosted,
        )


class Provenance:
    """Remembers which bytes each rendition has had.

    Pins come from outside, and the store holds the bytes of everybody's assets: that bytes are here says nothing of
    which asset they were. So pinned bytes that are no longer those of the asset are used only where this remembers them
    as that asset's, and only if that version was approved.

    Guarantee: bytes are known as an asset's only if its source gave them for it, to this node or, signed, to another of
    the cluster. It may forget (on disk those used longest ago first; in Redis what is evicted, and all after 30 days
    without a use); then the pins can't be kept. Cost: for bytes that are new here, and once an hour, a small file and a
    round trip.

    Args:
        ledger: holds what outlives the process, and what the others know.
        local: the same of assets that are one node's own.
        clock: the time.
        max_entries: how many are remembered in memory.
    """

    def __init__(
        self, ledger: SharedLedger[Origin], local: SharedLedger[Origin], clock: Clock, *, max_entries: int
    ) -> None:
        self._ledger = ledger
        self._local = local
        self._clock = clock
        self._max_entries = max_entries
        self._known: OrderedDict[str, tuple[Origin, datetime]] = OrderedDict()

    async def start(self) -> None:
        """Look at what an earlier process left."""
        await self._ledger.start()

    async def note(self, descriptor: AssetDescriptor) -> None:
        """The source of an asset gave these bytes for it."""
        key, origin, now = _key(descriptor, descriptor.digest), Origin.of(descriptor), self._clock.now()
        known = self._known.get(key)
        if known is None or known[0] != origin or now - known[1] >= _AGAIN:
            self._hold(key, origin, now)
            await self._place(descriptor).put(key, origin)

    async def find(self, descriptor: AssetDescriptor, digest: Digest) -> Origin | None:
        """What these bytes were of the rendition that the descriptor describes; None where they never were its."""
        key = _key(descriptor, digest)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known[0]
        found = await self._place(descriptor).get(key)
        if found is not None:
            self._hold(key, found, self._clock.now())
        return found

    def _place(self, descriptor: AssetDescriptor) -> SharedLedger[Origin]:
        return self._local if descriptor.ref.partition(":")[0] in LOCAL else self._ledger

    def _hold(self, key: str, origin: Origin, now: datetime) -> None:
        self._known[key] = (origin, now)
        self._known.move_to_end(key)
        if len(self._known) > self._max_entries:
            self._known.popitem(last=False)


def _key(descriptor: AssetDescriptor, digest: Digest) -> str:
    return f"{descriptor.ref}|{descriptor.rendition}|{digest}"
