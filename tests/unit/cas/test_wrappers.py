from __future__ import annotations

import pytest
from tests.unit.cas.conformance import LIMIT, blob
from tests.unit.cas.observer import Counting

from pressrun_server.cas.deferred import Deferred
from pressrun_server.cas.disk import DiskTier
from pressrun_server.cas.errors import DigestMismatchError
from pressrun_server.cas.layered import Layered
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.metered import Metered
from pressrun_server.cas.redis_tier import RedisTier
from pressrun_server.cas.tier import Tier
from pressrun_server.cas.verifying import Verifying
from pressrun_server.cas.wrapping import Wrapping


def test_wrappers_forward_every_method() -> None:
    """A wrapper that forgets a method of the interface would answer for its inner tier by accident."""
    wanted = {name for name in vars(Tier) if not name.startswith("_")}
    for wrapper in (Wrapping, Layered, MemoryTier, DiskTier, RedisTier):
        assert wanted <= {name for name in vars(wrapper) if not name.startswith("_")}, wrapper
    for wrapper in (Verifying, Metered, Deferred):
        assert issubclass(wrapper, Wrapping)


class TestVerifying:
    """Checks digests."""

    async def test_refuses_wrong_bytes(self) -> None:
        """Bytes that are not what they are called are an error, and nothing is stored."""
        inner = MemoryTier(LIMIT)
        digest, data = blob("right", 10)
        with pytest.raises(DigestMismatchError, match=digest.sha256):
            await Verifying(inner).put(digest, data[:-1] + b"!")
        assert inner.stats()[0].entries == 0

    @pytest.mark.parametrize("size", [10, 3_000_000])
    async def test_drops_damaged_blobs(self, size: int) -> None:
        """A blob that was damaged inside, short or long, is reported as not there, counted, and dropped."""
        inner = MemoryTier(100_000_000)
        tier = Verifying(inner)
        digest, data = blob("damaged", size)
        await inner.put(digest, data[:5] + bytes([data[5] ^ 1]) + data[6:])
        assert tier.peek(digest) is None
        assert await tier.get(digest) is None
        assert tier.stats()[0].corrupt == 1
        assert not await inner.contains(digest)
        await tier.put(digest, data)
        assert await tier.get(digest) == data


class TestMetered:
    """Tells an observer."""

    async def test_counts_each_question_once(self) -> None:
        """Hits and misses and their bytes are told by tier; a peek that finds nothing is no miss yet."""
        seen = Counting()
        tier = Metered(MemoryTier(LIMIT), seen)
        digest, data = blob("seen", 100)
        assert tier.peek(digest) is None
        assert await tier.get(digest) is None
        await tier.put(digest, data)
        assert tier.peek(digest) == await tier.get(digest) == data
        times = {("memory", "read"): 2, ("memory", "write"): 1}
        assert seen.calls == {("memory", "hit"): 2, ("memory", "miss"): 1, ("memory", "stored"): 1, **times}
        assert seen.bytes == {("memory", "hit"): 2 * len(data), ("memory", "stored"): len(data)}


class TestLayered:
    """Two tiers as one."""

    async def test_fast_hit(self) -> None:
        """A blob in the fast tier is given without asking the slow one."""
        seen = Counting()
        fast = MemoryTier(LIMIT)
        digest, data = blob("fast")
        await fast.put(digest, data)
        assert await Layered(fast, Metered(MemoryTier(LIMIT), seen)).get(digest) == data
        assert not seen.calls

    async def test_slow_hit_fills_the_fast_tier(self) -> None:
        """A blob in the slow tier is given, and is in the fast tier from then on."""
        fast, slow = MemoryTier(LIMIT), MemoryTier(LIMIT)
        digest, data = blob("slow")
        await slow.put(digest, data)
        tier = Layered(fast, slow)
        assert fast.peek(digest) is None
        assert await tier.get(digest) == data
        assert fast.peek(digest) == data

    async def test_a_damaged_slow_blob_does_not_get_into_the_fast_tier(self) -> None:
        """What the slow tier finds damaged is a miss, and the fast tier stays clean."""
        fast, inner = MemoryTier(LIMIT), MemoryTier(LIMIT)
        digest, data = blob("damaged")
        await inner.put(digest, data.upper())
        assert await Layered(fast, Verifying(inner)).get(digest) is None
        assert fast.stats()[0].entries == 0

    async def test_wrong_bytes_get_into_neither(self) -> None:
        """A put that the slow tier refuses leaves the fast tier untouched."""
        fast = MemoryTier(LIMIT)
        digest, data = blob("right")
        with pytest.raises(DigestMismatchError):
            await Layered(fast, Verifying(MemoryTier(LIMIT))).put(digest, data + b"!")
        assert fast.stats()[0].entries == 0

    async def test_find_missing_asks_the_slow_tier_for_the_rest_only(self) -> None:
        """Missing is what neither tier holds."""
        fast, slow = MemoryTier(LIMIT), MemoryTier(LIMIT)
        here, there, nowhere = blob("here"), blob("there"), blob("nowhere")
        await fast.put(*here)
        await slow.put(*there)
        tier = Layered(fast, slow)
        assert await tier.find_missing([here[0], there[0], nowhere[0]]) == {nowhere[0]}
        assert (await tier.locate(here[0]), await tier.locate(nowhere[0])) == ("memory", None)
