from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from tests.servers.redis_server import RedisServer
from tests.unit.cas.conformance import LIMIT, blob

from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.deferred import Deferred
from pressrun_server.cas.redis_client import same_server
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.redis_tier import PREFIX, RedisTier
from pressrun_server.cas.verifying import Verifying
from pressrun_server.model.digest import Digest

_USERS = ("--user", "default", "on", "nopass", "~*", "+@all", "--user", "node", "on", ">right", "~*", "+@all")
PATIENT = 20.0
"""A time limit that this machine keeps, however busy it is."""


OpenTier = Callable[[RedisConfig], Awaitable[RedisTier]]


def config(server: RedisServer, **settings: Any) -> RedisConfig:
    """Settings of a tier on that server."""
    return RedisConfig(RedisAddress(server.url), **{"timeout_seconds": PATIENT, "retry_seconds": 0.02, **settings})


async def until(condition: Any) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def open_tier() -> AsyncIterator[OpenTier]:
    """Opens tiers, and closes them with their links after the test."""
    async with AsyncExitStack() as stack:

        async def make(settings: RedisConfig) -> RedisTier:
            link = RedisLink(settings)
            stack.push_async_callback(link.close)
            tier = RedisTier(link)
            stack.push_async_callback(tier.close)
            await tier.start()
            return tier

        yield make


@pytest.fixture
async def tier(open_tier: OpenTier, redis_server: RedisServer) -> RedisTier:
    """A tier that cuts blobs above 2 KiB."""
    return await open_tier(config(redis_server, chunk_bytes=2048))


async def test_keeps_large_blobs_in_pieces(tier: RedisTier, raw: Redis) -> None:
    """A blob above the limit is pieces and an entry, which all expire; a small one is one value, its own bytes."""
    digest, data = blob("pieces", 5000)
    await tier.put(digest, data)
    key = f"{PREFIX}{digest}"
    assert sorted(await raw.keys("*")) == sorted(name.encode() for name in (key, f"{key}:0", f"{key}:1", f"{key}:2"))
    assert await raw.get(f"{key}:1") == data[2048:4096]
    small, text = blob("small")
    await tier.put(small, text)
    assert await raw.get(f"{PREFIX}{small}") == text
    for name in await raw.keys("*"):
        assert 0 < await raw.ttl(name) <= 30 * 86_400


async def test_other_settings_read_the_same(open_tier: OpenTier, tier: RedisTier, redis_server: RedisServer) -> None:
    """What was cut by one node is read by another that cuts elsewhere, or not at all, and the other way round."""
    other = await open_tier(config(redis_server, chunk_bytes=512 * 1024))
    cut, uncut = blob("cut", 9000), blob("uncut", 9000)
    await tier.put(*cut)
    await other.put(*uncut)
    assert await other.get(cut[0]) == cut[1]
    assert await tier.get(uncut[0]) == uncut[1]


async def test_a_missing_piece_is_a_miss(tier: RedisTier, raw: Redis) -> None:
    """A blob of which a piece was evicted is not held, and is whole again when it is put again."""
    digest, data = blob("holes", 5000)
    await tier.put(digest, data)
    await raw.delete(f"{PREFIX}{digest}:1")
    assert await tier.get(digest) is None
    assert not await tier.contains(digest)
    assert await tier.find_missing([digest]) == {digest}
    await tier.put(digest, data)
    assert await tier.get(digest) == data


async def test_pieces_without_their_entry_are_no_blob(tier: RedisTier, raw: Redis) -> None:
    """A writer that died before the entry leaves nothing that is taken for a blob."""
    digest, data = blob("died", 5000)
    await tier.put(digest, data)
    await raw.delete(f"{PREFIX}{digest}")
    assert await tier.get(digest) is None
    await tier.put(digest, data)
    assert await tier.get(digest) == data


@pytest.mark.parametrize(
    "damage",
    [
        ("", b"pressrun-pieces 1 1"),
        ("", b"pressrun-pieces 1 99999999999"),
        ("", b"pressrun-pieces 1 x"),
        ("", b"pressrun-pieces 1 1666"),
        ("", b"pressrun-pieces 1 4096"),
        ("", b""),
        ("", b"anything else"),
        (":0", b""),
        (":2", b"short"),
        (":1", bytes(2048)),
        (":1", bytes(1_000_000)),
    ],
)
async def test_whatever_another_wrote_is_no_blob(tier: RedisTier, raw: Redis, damage: tuple[str, bytes]) -> None:
    """An entry or a piece that was damaged is a miss behind `Verifying`; then the blob can be put again."""
    digest, data = blob("damage", 5000)
    verified = Verifying(tier)
    await verified.put(digest, data)
    await raw.set(f"{PREFIX}{digest}{damage[0]}", damage[1])
    assert await verified.get(digest) is None
    await verified.put(digest, data)
    assert await verified.get(digest) == data


async def test_a_value_of_another_kind_fails_quietly(tier: RedisTier, raw: Redis) -> None:
    """A list under a blob's key is a miss, counted, and does not make the tier step aside."""
    digest, _ = blob("list")
    await raw.rpush(f"{PREFIX}{digest}", "a")  # type: ignore[misc] - its types cover both kinds of client
    assert await tier.get(digest) is None
    stats = tier.stats()[0]
    assert (stats.errors, stats.available) == (1, True)


async def test_too_large_is_not_kept(open_tier: OpenTier, redis_server: RedisServer, raw: Redis) -> None:
    """A blob above the limit is refused and counted."""
    tier = await open_tier(config(redis_server, largest_bytes=1000))
    await tier.put(*blob("too large", 1001))
    assert (await raw.dbsize(), tier.stats()[0].refused) == (0, 1)


async def test_use_keeps_a_blob(tier: RedisTier, raw: Redis) -> None:
    """Reading a blob, or putting it again, starts its time anew, for each of its pieces."""
    digest, data = blob("used", 5000)
    await tier.put(digest, data)
    for use in (tier.get(digest), tier.put(digest, data)):
        for name in await raw.keys("*"):
            await raw.expire(name, 100)
        await use
        assert min([await raw.ttl(name) for name in await raw.keys("*")]) > 1000


async def test_a_server_that_is_gone_costs_nothing(open_tier: OpenTier, redis_server: RedisServer) -> None:
    """Without its server all is answered as if nothing were held; when it is back it is used again."""
    tier = Deferred(await open_tier(config(redis_server)), LIMIT)
    before, during, after = blob("before"), blob("during"), blob("after")
    await tier.put(*before)
    redis_server.stop()
    for _ in range(200):
        await tier.put(*during)
        assert await tier.get(after[0]) is None
        assert await tier.find_missing([after[0]]) == {after[0]}
    await tier.delete(before[0])
    stats = tier.stats()[0]
    assert stats.errors >= 1
    assert not stats.available
    redis_server.start()
    await until(lambda: tier.stats()[0].available)
    await tier.put(*after)
    await until(lambda: not tier.stats()[0].waiting)
    assert await tier.inner.get(after[0]) == after[1]
    assert tier.stats()[0].dropped >= 1


async def test_a_server_that_hangs_is_left_alone(open_tier: OpenTier, redis_server: RedisServer) -> None:
    """While its server hangs only the first calls wait, and those no longer than two time limits; then it is used."""
    tier = await open_tier(config(redis_server, timeout_seconds=0.5))
    digest, data = blob("held")
    while await tier.get(digest) is None:
        await tier.put(digest, data)
    redis_server.pause()
    async with asyncio.timeout(40):  # 1,000 time limits are 500 s
        for _ in range(500):
            assert await tier.get(digest) is None
        assert await asyncio.gather(*(tier.get(digest) for _ in range(500))) == [None] * 500
    assert not tier.stats()[0].available
    redis_server.resume()
    await until(lambda: tier.stats()[0].available)
    async with asyncio.timeout(30):
        while await tier.get(digest) != data:
            await asyncio.sleep(0.01)


async def test_a_server_that_comes_later_is_used(open_tier: OpenTier, redis_server: RedisServer) -> None:
    """A tier starts without its server."""
    redis_server.stop()
    tier = await open_tier(config(redis_server))
    assert not tier.stats()[0].available
    redis_server.start()
    await until(lambda: tier.stats()[0].available)
    digest, data = blob("later")
    await tier.put(digest, data)
    assert await tier.get(digest) == data


async def test_a_server_that_restarts_between_two_calls_is_not_noticed(
    tier: RedisTier, redis_server: RedisServer
) -> None:
    """Connections that a restart has closed are opened again without a failed call."""
    await tier.put(*blob("lost"))
    redis_server.stop()
    redis_server.start()
    await asyncio.sleep(0.1)
    digest, data = blob("new")
    await tier.put(digest, data)
    assert await tier.get(digest) == data
    assert tier.stats()[0].errors == 0


async def test_more_than_it_holds_is_evicted(open_tier: OpenTier, tmp_path: Path) -> None:
    """A server that evicts drops blobs; what is read is whole or nothing, and its statistics say how much it holds."""
    server = RedisServer(tmp_path, "--maxmemory", "6mb", "--maxmemory-policy", "allkeys-lru")
    server.start()
    try:
        tier = await open_tier(config(server, chunk_bytes=4096))
        blobs = [blob(f"many{number}", 30_000) for number in range(400)]
        for digest, data in blobs:
            await tier.put(digest, data)
        found = [await tier.get(digest) for digest, _ in blobs]
        assert all(data in {None, blobs[number][1]} for number, data in enumerate(found))
        held = sum(data is not None for data in found)
        assert 0 < held < 400
        await tier._look()
        stats = tier.stats()[0]
        assert stats.limit == 6 * 1024 * 1024
        assert stats.evictions > 0
        assert stats.entries > held
        assert stats.errors == 0
    finally:
        server.stop()


async def test_a_full_server_that_may_not_evict_is_told(
    open_tier: OpenTier, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full server with the wrong policy refuses blobs: counted, told with what to set, and reading goes on."""
    server = RedisServer(tmp_path, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    server.start()
    try:
        tier = await open_tier(config(server))
        blobs = [blob(f"full{number}", 100_000) for number in range(40)]
        for digest, data in blobs:
            await tier.put(digest, data)
        stats = tier.stats()[0]
        assert stats.dropped > 0
        assert stats.available
        assert await tier.get(blobs[0][0]) == blobs[0][1]
        assert "allkeys-lru" in caplog.text
    finally:
        server.stop()


async def test_a_wrong_password_is_a_server_that_is_away(
    open_tier: OpenTier, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that does not let the node in is told in the log, without the password, and fails no one."""
    server = RedisServer(tmp_path, *_USERS)
    server.start()
    try:
        url = server.url.replace("redis://", "redis://node:wrong@")
        tier = await open_tier(RedisConfig(RedisAddress(url), timeout_seconds=PATIENT))
        digest, data = blob("locked")
        await tier.put(digest, data)
        assert await tier.get(digest) is None
        assert not tier.stats()[0].available
        assert "node:***@" in caplog.text
        assert "wrong@" not in caplog.text
    finally:
        server.stop()


async def test_one_server_is_known_by_its_run(redis_server: RedisServer, tmp_path: Path) -> None:
    """Two spellings of one server are the same; two servers, or one that is away, are not."""
    here = RedisAddress(redis_server.url)
    again = RedisAddress(redis_server.url.replace("127.0.0.1", "localhost").replace("/0", "/3"))
    other = RedisServer(tmp_path)
    other.start()
    try:
        assert await same_server(here, again)
        assert not await same_server(here, RedisAddress(other.url))
    finally:
        other.stop()
    assert not await same_server(RedisAddress(other.url), RedisAddress(other.url))


async def test_cancelled_calls_leave_the_tier_usable(tier: RedisTier) -> None:
    """Callers that go away in the middle of reads and writes take no connection with them and mix up no answers."""
    blobs = [blob(f"cancel{number}", 3000 + number) for number in range(20)]
    for digest, data in blobs:
        await tier.put(digest, data)

    async def call(number: int) -> None:
        digest, data = blobs[number % 20]
        if number % 3:
            assert await tier.get(digest) == data
        else:
            await tier.put(digest, data)

    for step in range(40):
        tasks = [asyncio.create_task(call(number)) for number in range(30)]
        for _ in range(step % 8):
            await asyncio.sleep(0)
        await asyncio.sleep(0.0005 * (step % 5))
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [error for error in outcomes if error and not isinstance(error, asyncio.CancelledError)]
    for digest, data in blobs:
        assert await tier.get(digest) == data
    assert await tier.get(Digest("0" * 64, 3)) is None
    assert tier.stats()[0].errors == 0
