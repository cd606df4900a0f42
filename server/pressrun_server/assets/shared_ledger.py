"""A ledger in front of the cluster's shared map: what one node has made, the others need not make again."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from pressrun_server.assets.ledger import Ledger
from pressrun_server.cas.shared_map import SharedMap

__all__ = ["SharedLedger"]

T = TypeVar("T")

_KEEP_SECONDS = 30 * 86_400.0


class SharedLedger(Generic[T]):
    """Records of what was made of which input; a name never changes its meaning, so an old record is as good as a new.

    Guarantee: as the ledger gives it; without Redis it is the ledger alone. Cost: a record that this node does not have
    is asked for in one round trip.

    Args:
        own: this node's records.
        kind: the type of the values.
        shared: those of all nodes; None: there are none.
    """

    def __init__(self, own: Ledger[T], kind: type[T], shared: SharedMap | None) -> None:
        self._own = own
        self._shared = shared
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)

    async def start(self) -> None:
        """Look at what an earlier process left."""
        await self._own.start()

    async def get(self, key: str) -> T | None:
        """The record, if there is a sound one."""
        found = await self._own.get(key)
        if found is not None or self._shared is None:
            return found
        data = await self._shared.get(key)
        if data is None:
            return None
        try:
            value = self._decoder.decode(data)
        except msgspec.MsgspecError:
            return None  # of a node with another version of this code
        await self._own.put(key, value)
        return value

    async def put(self, key: str, value: T) -> None:
        """Keep the record here and for the others."""
        await self._own.put(key, value)
        if self._shared is not None:
            await self._shared.put(key, msgspec.msgpack.encode(value), seconds=_KEEP_SECONDS)
