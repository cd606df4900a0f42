from __future__ import annotations

import gc
import random
import tracemalloc

import pytest

from pressrun_server.cas.memory import OVERHEAD, MemoryTier
from pressrun_server.model.digest import Digest


async def taken(limit: int, size: int) -> tuple[int, int]:
    """Fill a tier with blobs of that size, four times over; the bytes that it takes, and those of the blobs in it."""
    chance = random.Random(size)
    gc.collect()
    tracemalloc.start()
    try:
        tier = MemoryTier(limit)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(4 * limit // (size + OVERHEAD)):
            data = chance.randbytes(size)
            await tier.put(Digest.of(data), data)
        del data
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    [stats] = tier.stats()
    assert stats.evictions > 0
    assert stats.size <= limit
    return after - before, stats.entries * size


@pytest.mark.parametrize("size", [16, 100, 2000])
async def test_the_limit_holds_for_the_process(size: int) -> None:
    """What a full tier takes from the machine is no more than its limit, however small its blobs are."""
    limit = 4_000_000
    used, _ = await taken(limit, size)
    assert limit // 2 < used <= limit


async def test_the_overhead_is_small() -> None:
    """A tier full of blobs of 8 KiB, smaller than most of the sample's, takes at most a tenth more than their bytes."""
    used, held = await taken(16_000_000, 8192)
    print(f"overhead: {used / held - 1:.1%} at 8 KiB a blob")
    assert used <= 1.1 * held
