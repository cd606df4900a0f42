"""What the nodes of a cluster know of assets: a node's own ledger in front of the shared map."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pressrun_server.assets.belief import Belief, asset_name
from pressrun_server.assets.entry import Entry, Place, Trouble
from pressrun_server.assets.ledger import Ledger
from pressrun_server.cas.shared_map import SharedMap
from pressrun_server.clock import Clock
from pressrun_sources.model import AssetRef

__all__ = ["LOCAL", "Denial", "SharedEntries"]

LOCAL: Final = frozenset({"pushed"})
"""Sources whose content is one node's own."""

_DENIAL_SECONDS: Final = 1.0
"""Long enough for those who wait to look."""


class Denial(msgspec.Struct, frozen=True):
    """Why an asset could not be had just now, for those who waited for the one who asked."""

    trouble: Trouble
    lasting: bool
    """Whether asking again soon would not help."""
    at: datetime
    place: Place | None = None
    """How far the one who asked had read the feed of changes by then."""


_ENTRY: Final = msgspec.msgpack.Decoder(Entry)
_DENIAL: Final = msgspec.msgpack.Decoder(Denial)


class SharedEntries:
    """Entries by key; of one's own and another node's the one whose source was asked later.

    Guarantee: an entry is believed for as long as the answer that it holds, whoever got it, so that sharing makes none
    staler than its source's freshness allows; approval and rights are judged at each use as ever. One of another node
    counts only if that node had heard of the asset's last change when it asked, and has come by this node's clock no
    later than it was read. What a node forgets because its source withdrew it, it forgets for all. Without Redis it is
    the ledger alone. Cost: one round trip where the node knows nothing fresh itself.

    Args:
        own: this node's entries.
        shared: those of all nodes; None: there are none.
        clock: the time.
        belief: what was told of changes.
        keep_seconds: how long a shared entry is kept.
    """

    def __init__(
        self, own: Ledger[Entry], shared: SharedMap | None, clock: Clock, belief: Belief, *, keep_seconds: float
    ) -> None:
        self._own = own
        self._shared = shared
        self._clock = clock
        self._belief = belief
        self._keep_seconds = keep_seconds

    async def start(self) -> None:
        """Look at what an earlier process left."""
        await self._own.start()

    async def get(self, key: str) -> Entry | None:
        """The entry, if there is a sound one."""
        own = self._placed(await self._own.get(key))
        if own is not None and self._is_fresh(own):
            return own
        other = await self.newer(key, None if own is None else own.descriptor.fetched_at)
        if other is None:
            return own
        await self._own.put(key, other)
        return other

    def _placed(self, own: Entry | None) -> Entry | None:
        """An entry of this node's, maybe of before its start, as far as the feed lets it be believed.

        Clocks say less: the feed's moments are those of its server.
        """
        if own is None or own.place is None or self._belief.place is None:
            return own
        about = own.descriptor
        if self._belief.changed_since(about.ref, own.place):
            return None
        if self._belief.vouches(about.ref, about.fetched_at, own.place):
            return own
        now = self._clock.now()
        return msgspec.structs.replace(
            own, descriptor=msgspec.structs.replace(about, fresh_until=min(about.fresh_until, now))
        )

    async def newer(self, key: str, than: datetime | None) -> Entry | None:
        """The entry of another node, if its source was asked after that moment."""
        # Of now, and not of when it has come: a change told meanwhile is later than what it says.
        now = self._clock.now()
        data = None if self._shared is None else await self._shared.get(key)
        if data is None:
            return None
        try:
            other = _ENTRY.decode(data)
        except msgspec.MsgspecError:
            return None  # of a node with another version of this code
        about = other.descriptor
        if _is_local(other) or (than is not None and about.fetched_at <= than):
            return None
        if not self._belief.vouches(about.ref, about.fetched_at, other.place):
            return None
        return _earlier(other, about.fetched_at - now) if about.fetched_at > now else other

    async def put(self, key: str, entry: Entry) -> None:
        """Keep the entry here and for the others."""
        await self._own.put(key, entry)
        if self._shared is not None and not _is_local(entry):
            await self._shared.put(key, msgspec.msgpack.encode(entry), seconds=self._keep_seconds)

    def shares(self, ref: str) -> bool:
        """Whether other nodes are told what is put of an asset."""
        return self._shared is not None and ref.partition(":")[0] not in LOCAL

    async def forget(self, name: str) -> None:
        """Forget what this node has of an asset (`source:id`), or of a source (`source:`)."""
        source, _, identifier = name.partition(":")
        await self._own.delete_group(source, *((name,) if identifier else ()))

    async def deny(self, key: str, denial: Denial) -> None:
        """Tell the other nodes, for a second, why an asset can't be had."""
        if self._shared is not None:
            await self._shared.put(f"{key}|denied", msgspec.msgpack.encode(denial), seconds=_DENIAL_SECONDS)

    async def denied(self, key: str) -> Denial | None:
        """Why an asset can't be had, if a node found that out just now and nothing has changed since."""
        data = None if self._shared is None else await self._shared.get(f"{key}|denied")
        try:
            found = None if data is None else _DENIAL.decode(data)
        except msgspec.MsgspecError:
            return None
        if found is None or not self._belief.vouches(key.partition("|")[0], found.at, found.place):
            return None
        return found

    async def delete(self, key: str) -> None:
        """Forget the entry, for the others too."""
        await self._own.delete(key)
        if self._shared is not None:
            await self._shared.delete(key)

    @staticmethod
    def groups(key: str) -> tuple[str, ...]:
        """The groups of a ledger's key: source and asset, in all its variants and renditions."""
        ref = key.partition("|")[0]
        with contextlib.suppress(ValueError):
            ref = str(AssetRef.parse(ref))  # as changes call it; a template may write it otherwise
        name = asset_name(ref)
        return name.partition(":")[0], name

    def _is_fresh(self, entry: Entry) -> bool:
        now = self._clock.now()
        return entry.descriptor.fresh_until > now and not self._belief.is_old(entry.descriptor, now)


def _earlier(entry: Entry, by: timedelta) -> Entry:
    """An entry by a clock that is so much ahead of this node's, by its own."""
    about = entry.descriptor
    moved = msgspec.structs.replace(about, fetched_at=about.fetched_at - by, fresh_until=about.fresh_until - by)
    alone = None if entry.described_at is None else entry.described_at - by
    return msgspec.structs.replace(entry, descriptor=moved, refresh_at=entry.refresh_at - by, described_at=alone)


def _is_local(entry: Entry) -> bool:
    return entry.descriptor.ref.partition(":")[0] in LOCAL
