"""The behaviours that every tier and every stack of tiers has; a new one joins by a class in `test_conformance.py`."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import pytest

from pressrun_server.cas.tier import Tier
from pressrun_server.model.digest import Digest

__all__ = ["LIMIT", "Bounded", "Conformance", "blob"]

LIMIT = 1024 * 1024
"""Bytes that the tier under test may hold."""


def blob(text: str, size: int = 0) -> tuple[Digest, bytes]:
    """Some bytes and their digest; equal arguments give equal bytes."""
    data = text.encode() + random.Random(text).randbytes(size)
    return Digest.of(data), data


class Conformance(ABC):
    """What every tier does. Inherit it and make a tier."""

    @abstractmethod
    async def make(self) -> Tier:
        """A new, empty tier, ready for use."""

    @pytest.fixture
    async def tier(self) -> AsyncIterator[Tier]:
        """The tier under test."""
        tier = await self.make()
        yield tier
        await tier.close()

    async def test_gives_back_what_was_put(self, tier: Tier) -> None:
        """A blob that was put is given back, byte for byte, whatever its size."""
        for digest, data in (blob(""), blob("a"), blob("large", 100_000)):
            await tier.put(digest, data)
            assert await tier.get(digest) == data

    async def test_knows_nothing_of_others(self, tier: Tier) -> None:
        """A blob that was never put is not there, and asking for it changes nothing."""
        digest, _ = blob("never")
        assert await tier.get(digest) is None
        assert tier.peek(digest) is None
        assert await tier.locate(digest) is None
        assert not await tier.contains(digest)

    async def test_same_size_other_bytes(self, tier: Tier) -> None:
        """A digest with the size of a held blob, but another hash, is another blob."""
        digest, data = blob("one")
        await tier.put(digest, data)
        assert await tier.get(Digest("0" * 64, digest.size)) is None

    async def test_put_twice(self, tier: Tier) -> None:
        """Putting a blob again changes nothing."""
        digest, data = blob("twice", 5000)
        await tier.put(digest, data)
        await tier.put(digest, data)
        assert await tier.get(digest) == data

    async def test_delete(self, tier: Tier) -> None:
        """A deleted blob is gone, whatever its size; deleting it again, or another, is no error."""
        for digest, data in (blob("gone", 5000), blob("large and gone", 200_000)):
            await tier.put(digest, data)
            await tier.delete(digest)
            await tier.delete(digest)
            assert await tier.get(digest) is None
            assert tier.peek(digest) is None
            assert not await tier.contains(digest)
            await tier.put(digest, data)
            assert await tier.get(digest) == data

    async def test_find_missing(self, tier: Tier) -> None:
        """Exactly those that are not held are missing, each once, and of none nothing is."""
        here, data = blob("here", 150_000)
        gone, other = blob("gone")[0], blob("other")[0]
        await tier.put(here, data)
        assert await tier.find_missing([gone, here, other, gone]) == {gone, other}
        assert await tier.find_missing(iter([here])) == frozenset()
        assert await tier.find_missing([]) == frozenset()

    async def test_contains_and_locate(self, tier: Tier) -> None:
        """A held blob is located in one of the tiers that the statistics name."""
        digest, data = blob("here")
        await tier.put(digest, data)
        assert await tier.contains(digest)
        assert await tier.locate(digest) in {stats.name for stats in tier.stats()}

    async def test_peek_agrees_with_get(self, tier: Tier) -> None:
        """What can be had without waiting is what waiting gives."""
        digest, data = blob("peek", 3000)
        await tier.put(digest, data)
        assert tier.peek(digest) in {None, data}
        assert await tier.get(digest) == data

    async def test_settles(self, tier: Tier) -> None:
        """Waiting until all is where others find it ends, with something to write and with nothing."""
        digest, data = blob("settled", 150_000)
        await tier.settle()
        await tier.put(digest, data)
        await tier.settle()
        assert await tier.get(digest) == data

    async def test_many_at_once(self, tier: Tier) -> None:
        """Calls that overlap, on equal and on different blobs, see whole blobs or none."""
        blobs = [blob(f"c{number % 10}", 1000 + number % 10) for number in range(60)]

        async def turn(number: int) -> None:
            digest, data = blobs[number]
            await tier.put(digest, data)
            assert await tier.get(digest) in {data, None}
            if number % 7 == 0:
                await tier.delete(digest)

        await asyncio.gather(*(turn(number) for number in range(60)))
        for digest, data in blobs[:10]:
            await tier.put(digest, data)
            assert await tier.get(digest) == data

    async def test_a_cancelled_put_breaks_nothing(self, tier: Tier) -> None:
        """A caller that is cancelled in the middle leaves the blob whole or absent."""
        digest, data = blob("cancelled", 200_000)
        task = asyncio.create_task(tier.put(digest, data))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await tier.get(digest) in {None, data}
        await tier.put(digest, data)
        assert await tier.get(digest) == data

    async def test_close_twice(self, tier: Tier) -> None:
        """Closing again is no error."""
        await tier.close()
        await tier.close()

    async def test_tells_what_it_is(self, tier: Tier) -> None:
        """The representation names the tiers."""
        assert all(stats.name in repr(tier).lower() for stats in tier.stats())


class Bounded(Conformance):
    """What a tier does besides that owns its space: it knows what it holds, and holds `LIMIT` bytes."""

    async def test_counts_what_it_holds(self, tier: Tier) -> None:
        """Asking counts nothing, a blob counts once however often it is put, and no longer when it is deleted."""
        digest, data = blob("counted", 5000)
        assert await tier.get(digest) is None
        assert all((stats.entries, stats.size) == (0, 0) for stats in tier.stats())
        await tier.put(digest, data)
        before = [(stats.name, stats.entries, stats.size) for stats in tier.stats()]
        assert all(entries == 1 and size >= len(data) for _, entries, size in before)
        await tier.put(digest, data)
        assert [(stats.name, stats.entries, stats.size) for stats in tier.stats()] == before
        await tier.delete(digest)
        assert all((stats.entries, stats.size) == (0, 0) for stats in tier.stats())

    async def test_counts_what_came_at_once(self, tier: Tier) -> None:
        """Calls that overlap, on equal and on different blobs, leave true counts."""
        blobs = [blob(f"d{number % 10}", 1000 + number % 10) for number in range(60)]
        await asyncio.gather(*(tier.put(digest, data) for digest, data in blobs))
        assert all(stats.entries == 10 for stats in tier.stats())

    async def test_keeps_its_limit(self, tier: Tier) -> None:
        """Three times as many bytes as fit are put; never are more counted than the limit, and the newest stay."""
        blobs = [blob(f"b{number}", 30_000) for number in range(100)]
        for digest, data in blobs:
            await tier.put(digest, data)
            assert all(stats.size <= stats.limit for stats in tier.stats())
        assert await tier.find_missing(digest for digest, _ in blobs[:10]) == {digest for digest, _ in blobs[:10]}
        assert await tier.find_missing(digest for digest, _ in blobs[-10:]) == frozenset()
        assert all(stats.evictions > 0 for stats in tier.stats())

    async def test_what_is_used_stays(self, tier: Tier) -> None:
        """A blob that is used again and again is not evicted by many that are put once."""
        used, data = blob("used", 30_000)
        await tier.put(used, data)
        for number in range(100):
            await tier.put(*blob(f"once{number}", 30_000))
            assert await tier.get(used) == data

    async def test_too_large(self, tier: Tier) -> None:
        """A blob larger than the limit is not kept, counted, and drives nothing out."""
        small, data = blob("small")
        await tier.put(small, data)
        large, much = blob("large", LIMIT + 1)
        await tier.put(large, much)
        assert await tier.get(large) is None
        assert await tier.get(small) == data
        assert all(stats.refused == 1 and stats.evictions == 0 for stats in tier.stats())
