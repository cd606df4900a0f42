"""Puts the tiers of one process together."""

from __future__ import annotations

from pressrun_server.cas.config import StoreConfig
from pressrun_server.cas.disk import DiskTier
from pressrun_server.cas.layered import Layered
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.metered import Metered, TierObserver
from pressrun_server.cas.tier import Tier
from pressrun_server.cas.verifying import Verifying

__all__ = ["open_store"]


async def open_store(config: StoreConfig, observer: TierObserver | None = None) -> Tier:
    """Memory in front of the disk, or memory alone.

    Whatever enters memory was verified on its way: by the disk's wrapper when it was put or read. So a blob in memory
    is not hashed again each time it is used.
    """

    def metered(tier: Tier) -> Tier:
        return tier if observer is None else Metered(tier, observer)

    memory = metered(MemoryTier(config.memory_bytes))
    if config.disk is None:
        return Verifying(memory)
    disk = DiskTier(config.disk)
    await disk.start()
    # Metering is outside: a damaged blob counts as the miss that it is to the caller.
    return Layered(fast=memory, slow=metered(Verifying(disk)))
