from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiocache import SimpleMemoryCache
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.assets.fakes import AS_OF

from pressrun_server.assets.descriptors import DescriptorCache
from pressrun_server.assets.entry import Absent, Trouble
from pressrun_server.errors import Reason


def known(ref: str = "library:a") -> Absent:
    """Something to remember."""
    return Absent(ref, Trouble(Reason.ASSET_NOT_FOUND, "gone"), AS_OF + timedelta(seconds=10))


async def test_remembers_at_once() -> None:
    """What was put is there for a caller who does not wait."""
    cache = DescriptorCache(10)
    value = known()
    assert cache.peek("key") is None
    await cache.put("key", value, 100)
    assert cache.peek("key") is value
    await cache.delete("key")
    assert cache.peek("key") is None
    await cache.delete("key")


async def test_is_bounded_where_aiocache_is_not() -> None:
    """A thousand entries leave the ten used last, in our books and in aiocache's memory."""
    inner = SimpleMemoryCache(timeout=0)
    cache = DescriptorCache(10, inner)
    for number in range(1000):
        await cache.put(f"key{number}", known(f"library:{number}"), 100)
        cache.peek("key0")
    assert len(cache) == len(inner._cache) == 10
    assert len(inner._handlers) == 10, "timers of what was evicted are cancelled too"
    assert cache.peek("key0") is not None
    assert cache.peek("key1") is None
    assert cache.evictions == 990
    assert len(cache._keys) == 10


async def test_a_new_entry_outlives_the_timer_of_the_old() -> None:
    """Aiocache's own expiry of a deleted entry does not delete the new one of the same key."""
    cache = DescriptorCache(10)
    await cache.put("key", known(), 0.02)
    await cache.delete("key")
    value = known()
    await cache.put("key", value, 100)
    await asyncio.sleep(0.04)
    assert cache.peek("key") is value
    await cache.put("key", known(), 0.02)
    await cache.put("key", value, 100)
    await asyncio.sleep(0.04)
    assert cache.peek("key") is value


async def test_expiry_frees_memory() -> None:
    """An entry that was kept long enough is gone, from our books as soon as somebody looks."""
    cache = DescriptorCache(10)
    await cache.put("key", known(), 0.01)
    await asyncio.sleep(0.03)
    assert cache.peek("key") is None
    assert len(cache) == 0


async def test_makes_no_task() -> None:
    """Looking and remembering run on the caller's own turn of the event loop."""
    cache = DescriptorCache(10)
    before = asyncio.all_tasks()
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1

    asyncio.get_running_loop().call_soon(turn)
    await cache.put("key", known(), 100)
    assert cache.peek("key") is not None
    assert asyncio.all_tasks() == before
    assert turns == 0


async def test_a_disabled_aiocache_is_an_empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """AIOCACHE_DISABLE in the environment costs speed, not correctness or memory."""
    monkeypatch.setenv("AIOCACHE_DISABLE", "1")
    cache = DescriptorCache(10)
    for number in range(100):
        await cache.put(f"key{number}", known(), 100)
        assert cache.peek(f"key{number}") is None
    assert len(cache) <= 10


class Broken(SimpleMemoryCache):  # type: ignore[misc]
    """A cache whose server is down."""

    async def _get(self, *_: Any, **__: Any) -> Any:
        raise ConnectionError("redis://:secret@host is down")

    _set = _delete = _get


async def test_a_failing_cache_is_an_empty_cache(caplog: pytest.LogCaptureFixture) -> None:
    """A backend's own exceptions are counted, logged once, and never reach the caller."""
    cache = DescriptorCache(10, Broken(timeout=0))
    for _ in range(3):
        await cache.put("key", known(), 100)
        assert cache.peek("key") is None
        await cache.delete("key")
    cache._refs["key"] = "library:a"
    cache._keys["library:a"] = {"key"}
    assert cache.peek("key") is None
    assert cache.errors >= 7
    assert len(caplog.records) == 1


class Waiting(SimpleMemoryCache):  # type: ignore[misc]
    """A cache that makes one wait."""

    async def _get(self, *arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(0.01)
        return await super()._get(*arguments, **options)


async def test_peek_never_waits() -> None:
    """A backend that would make the caller wait is a miss, and its coroutine is not left behind."""
    cache = DescriptorCache(10, Waiting(timeout=0))
    await cache.put("key", known(), 100)
    assert cache.peek("key") is None


async def test_finds_all_renditions_of_an_asset() -> None:
    """Entries are found by their asset as well, and only those that are still there."""
    cache = DescriptorCache(10)
    one, two = known(), known()
    await cache.put("library:a|w=1", one, 100)
    await cache.put("library:a|original", two, 100)
    await cache.put("library:b|original", known("library:b"), 100)
    assert cache.of_ref("library:a") == (two, one)
    await cache.delete("library:a|original")
    assert cache.of_ref("library:a") == (one,)
    assert cache.of_ref("library:c") == ()


actions = st.lists(st.tuples(st.sampled_from(["put", "peek", "delete"]), st.integers(0, 7)), max_size=60)


@settings(max_examples=100, deadline=None)
@given(actions=actions)
def test_books_agree_with_aiocache(actions: list[tuple[str, int]]) -> None:
    """After any calls our books, the index by asset and aiocache's memory name the same entries, least recent first."""

    async def play() -> None:
        inner = SimpleMemoryCache(timeout=0)
        cache = DescriptorCache(4, inner)
        model: list[str] = []
        for action, number in actions:
            key, ref = f"key{number}", f"library:{number % 3}"
            if action == "put":
                await cache.put(key, known(ref), 100)
            elif action == "peek":
                assert (cache.peek(key) is not None) == (key in model)
            else:
                await cache.delete(key)
            if key in model and action in {"peek", "delete", "put"}:
                model.remove(key)
                if action == "peek":
                    model.append(key)
            if action == "put":
                model.append(key)
                del model[:-4]
            assert list(cache._refs) == model
            assert set(inner._cache) == set(inner._handlers) == set(model)
            assert {key for keys in cache._keys.values() for key in keys} == set(model)

    asyncio.run(play())
