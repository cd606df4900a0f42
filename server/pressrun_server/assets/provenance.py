"""Provenance: which bytes a source once gave for a rendition, so that a pin can't lend an asset's name to others."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from pressrun_server.assets.shared_ledger import SharedLedger
from pressrun_server.model.asset import AssetDescriptor
from pressrun_server.model.digest import Digest

__all__ = ["Origin", "Provenance"]


class Origin(msgspec.Struct, frozen=True):
    """The version of an asset that had some bytes."""

    asset_id: str
    version: str


class Provenance:
    """Remembers which bytes each rendition has had.

    Pins come from outside, and the store holds the bytes of everybody's assets: that bytes are here says nothing of
    which asset they were. So pinned bytes that are no longer those of the asset are used only where this remembers them
    as that asset's.

    Guarantee: bytes are known as an asset's only if its source gave them for it, to this node or, signed, to another of
    the cluster. It may forget (the oldest on disk first; in Redis after 30 days); then the pins can't be kept. Cost:
    for bytes that are new here, a small file and a round trip.

    Args:
        ledger: holds what outlives the process, and what the others know.
        max_entries: how many are remembered in memory.
    """

    def __init__(self, ledger: SharedLedger[Origin], *, max_entries: int) -> None:
        self._ledger = ledger
        self._max_entries = max_entries
        self._known: OrderedDict[str, Origin] = OrderedDict()

    async def start(self) -> None:
        """Look at what an earlier process left."""
        await self._ledger.start()

    async def note(self, descriptor: AssetDescriptor) -> None:
        """The source of an asset gave these bytes for it."""
        key, origin = _key(descriptor, descriptor.digest), Origin(descriptor.asset_id, descriptor.version)
        if self._known.get(key) != origin:
            self._hold(key, origin)
            await self._ledger.put(key, origin)

    async def find(self, descriptor: AssetDescriptor, digest: Digest) -> Origin | None:
        """What these bytes were of the rendition that the descriptor describes; None where they never were its."""
        key = _key(descriptor, digest)
        found = self._known.get(key) or await self._ledger.get(key)
        if found is not None:
            self._hold(key, found)
        return found

    def _hold(self, key: str, origin: Origin) -> None:
        self._known[key] = origin
        self._known.move_to_end(key)
        if len(self._known) > self._max_entries:
            self._known.popitem(last=False)


def _key(descriptor: AssetDescriptor, digest: Digest) -> str:
    return f"{descriptor.ref}|{descriptor.rendition}|{digest}"
