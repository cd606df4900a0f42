"""Puts the tiers of one process together."""

from __future__ import annotations

from pressrun_server.cas.config import StoreConfig
from pressrun_server.cas.deferred import Deferred
from pressrun_server.cas.disk import DiskTier
from pressrun_server.cas.layered import Layered
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.metered import Metered, TierObserver
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.redis_tier import RedisTier
from pressrun_server.cas.tier import Tier
from pressrun_server.cas.verifying import Verifying

__all__ = ["open_store"]


async def open_store(
    config: StoreConfig, observer: TierObserver | None = None, *, redis: RedisLink | None = None
) -> Tier:
    """Memory, in front of the disk, in front of Redis, in front of a bucket; each only where it is set up.

    Whatever enters memory was verified on its way: by the wrapper of the tier behind it when it was put or read. So a
    blob in memory is not hashed again each time it is used.

    Args:
        config: the limits of the tiers.
        observer: is told what happens.
        redis: the way to the shared tier, which its owner closes after the store; None: there is none.
    """

    def metered(tier: Tier) -> Tier:
        return tier if observer is None else Metered(tier, observer)

    # Metering is outside of verifying: a damaged blob counts as the miss that it is to the caller.
    behind: list[Tier] = []
    if config.disk is not None:
        disk = DiskTier(config.disk)
        await disk.start()
        behind.append(metered(Verifying(disk)))
    if redis is not None:
        shared = RedisTier(redis)
        await shared.start()
        behind.append(metered(Verifying(Deferred(shared, redis.config.queue_bytes))))
    if config.s3 is not None:
        from pressrun_server.cas.s3_tier import S3Tier  # noqa: PLC0415 - its library is an extra

        behind.append(metered(Verifying(Deferred(S3Tier(config.s3), config.s3.queue_bytes))))
    memory = metered(MemoryTier(config.memory_bytes))
    if not behind:
        return Verifying(memory)
    slow = behind.pop()
    while behind:
        slow = Layered(fast=behind.pop(), slow=slow)
    return Layered(fast=memory, slow=slow)
