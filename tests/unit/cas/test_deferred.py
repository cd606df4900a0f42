from __future__ import annotations

import asyncio

import pytest
from tests.unit.cas.conformance import LIMIT, Bounded, blob

from pressrun_server.cas.deferred import Deferred
from pressrun_server.cas.errors import DigestMismatchError
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.cas.tier import Tier
from pressrun_server.cas.verifying import Verifying
from pressrun_server.model.digest import Digest


class _Gated(MemoryTier):
    """A tier whose writes wait until they are let through."""

    def __init__(self) -> None:
        super().__init__(LIMIT)
        self.open = asyncio.Event()
        self.written: list[Digest] = []

    async def put(self, digest: Digest, data: bytes) -> None:
        await self.open.wait()
        self.written.append(digest)
        await super().put(digest, data)


class _Promptly(Deferred):
    """Lets a caller see what it wrote counted, as the suite of bounded tiers wants it."""

    async def put(self, digest: Digest, data: bytes) -> None:
        """Put it, and wait until nothing waits."""
        await super().put(digest, data)
        while self._waiting:
            await asyncio.sleep(0)


class TestConformance(Bounded):
    """A tier that is written in the background."""

    async def make(self) -> Tier:
        """A new one."""
        return _Promptly(MemoryTier(LIMIT), LIMIT * 4)


async def test_settled_is_what_is_written() -> None:
    """Waiting ends when what waited then is written, whatever comes later, and when the tier is closed over it."""
    inner = _Gated()
    tier = Deferred(inner, LIMIT)
    (first, data), (second, more) = blob("first", 100), blob("second", 100)
    await tier.put(first, data)
    settling = asyncio.create_task(tier.settle())
    await asyncio.sleep(0.01)
    assert not settling.done()
    await tier.put(second, more)
    inner.open.set()
    await settling
    assert first in inner.written
    await tier.settle()
    assert inner.written == [first, second]
    inner.open.clear()
    await tier.put(*blob("third", 100))
    settling = asyncio.create_task(tier.settle())
    await asyncio.sleep(0.01)
    await tier.close()
    await settling


async def test_nobody_waits_and_what_waits_is_found() -> None:
    """Putting returns while the inner tier writes nothing, and the blob is found all the same; then it is written."""
    inner = _Gated()
    tier = Deferred(inner, LIMIT)
    blobs = [blob(f"w{number}", 1000) for number in range(5)]
    for digest, data in blobs:
        await tier.put(digest, data)
    await asyncio.sleep(0)
    assert inner.written == []
    for digest, data in blobs:
        assert await tier.get(digest) == tier.peek(digest) == data
        assert await tier.locate(digest) == "memory"
    assert await tier.find_missing(digest for digest, _ in blobs) == frozenset()
    assert tier.stats()[0].waiting == sum(len(data) for _, data in blobs)
    inner.open.set()
    await tier.close()
    assert inner.written == [digest for digest, _ in blobs]
    assert (tier.stats()[0].waiting, tier.stats()[0].dropped) == (0, 0)


async def test_too_much_is_dropped_and_counted() -> None:
    """What would make more than the limit wait is dropped; the rest is written, once each."""
    inner = _Gated()
    tier = Deferred(inner, 3000)
    blobs = [blob(f"d{number}", 990) for number in range(5)]
    for digest, data in [*blobs, *blobs[:3]]:
        await tier.put(digest, data)
    assert tier.stats()[0].dropped == 2
    assert await tier.get(blobs[4][0]) is None
    inner.open.set()
    await tier.close()
    assert inner.written == [digest for digest, _ in blobs[:3]]


async def test_a_blob_is_deleted_also_while_it_is_written() -> None:
    """A blob that is deleted before or while it is written is not there afterwards."""
    inner = _Gated()
    tier = Deferred(inner, LIMIT)
    first, second = blob("first"), blob("second")
    await tier.put(*first)
    await tier.put(*second)
    await asyncio.sleep(0)
    deletions = asyncio.gather(tier.delete(first[0]), tier.delete(second[0]))
    await asyncio.sleep(0)
    inner.open.set()
    await deletions
    assert await tier.find_missing((first[0], second[0])) == {first[0], second[0]}
    await tier.close()
    assert inner.stats()[0].entries == 0


async def test_closing_ends_in_time_and_counts_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tier that never writes holds up the end for the time that it is given, and what it did not write is counted."""
    monkeypatch.setattr("pressrun_server.cas.deferred._CLOSE_SECONDS", 0.05)
    tier = Deferred(_Gated(), LIMIT)
    for number in range(3):
        await tier.put(*blob(f"lost{number}"))
    await tier.close()
    await tier.put(*blob("late"))
    assert tier.stats()[0].dropped == 4


async def test_a_wrong_blob_is_the_bringers_error() -> None:
    """Inside `Verifying` a wrong blob is refused at once; alone, it is not written, and the next one is."""
    inner = Verifying(MemoryTier(LIMIT))
    wrong, right = blob("wrong")[0], blob("right")
    with pytest.raises(DigestMismatchError):
        await Verifying(Deferred(inner, LIMIT)).put(wrong, b"other")
    tier = Deferred(inner, LIMIT)
    await tier.put(wrong, b"other")
    await tier.put(*right)
    await tier.close()
    assert await inner.find_missing((wrong, right[0])) == {wrong}
