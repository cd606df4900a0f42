from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError
from tests.servers.redis_server import RedisServer

from pressrun_server.assets import feed as feeds
from pressrun_server.assets.belief import Belief
from pressrun_server.assets.feed import STREAM, ChangeFeed
from pressrun_server.cas.address import RedisAddress
from pressrun_server.clock import SystemClock

SOURCES = frozenset({"library"})
Join = Callable[[], Any]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it; far longer than it ever takes."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
async def join(redis_server: RedisServer) -> AsyncIterator[Join]:
    """Starts nodes that listen to one feed: what each believes, and what it was told."""
    async with contextlib.AsyncExitStack() as stack:

        async def start() -> SimpleNamespace:
            node = SimpleNamespace(
                feed=ChangeFeed(RedisAddress(redis_server.url), SystemClock(), SOURCES),
                belief=Belief(lease_seconds=3, max_changes=10_000),
                heard=[],
            )

            async def apply(name: str) -> None:
                node.heard.append(name)

            await node.feed.start(node.belief, apply)
            stack.push_async_callback(node.feed.close)
            return node

        yield start


def asset(ref: str = "library:a", *, asked: datetime) -> Any:
    """What a belief looks at of a descriptor."""
    return SimpleNamespace(ref=ref, fetched_at=asked, regulated=True)


def now() -> datetime:
    """The moment."""
    return datetime.now(UTC)


async def test_what_one_node_tells_all_others_hear(join: Join) -> None:
    """Changes reach every other node, all of them and in order; the teller itself is not told again."""
    nodes = [await join() for _ in range(3)]
    held = asset("library:7", asked=now())
    assert await nodes[0].feed.tell(f"library:{number}" for number in range(100))
    await until(lambda: len(nodes[1].heard) == len(nodes[2].heard) == 100)
    assert nodes[1].heard == [f"library:{number}" for number in range(100)]
    assert nodes[1].belief.was_changed(held)
    assert not nodes[1].belief.was_changed(asset("library:100", asked=held.fetched_at))
    assert not nodes[0].heard
    assert (nodes[0].feed.stats().told, nodes[1].feed.stats().heard) == (100, 100)
    assert nodes[1].belief.doubts == 1, "only what was before the stream began"


async def test_silence_is_good_news(join: Join) -> None:
    """Reads that end without news renew leases of the sources whose changes travel here, and of no other."""
    node = await join()
    held = asset(asked=now())
    other = asset("cloudinary:a", asked=held.fetched_at)
    await until(lambda: not node.belief.left(other, now()))
    assert node.belief.left(held, now())


async def test_a_node_that_starts_knows_what_changed_before(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the whole stream; what was asked before the stream began is in doubt, and nothing else."""
    monkeypatch.setattr(feeds, "_BATCH", 10)
    ancient = asset("library:other", asked=now() - timedelta(seconds=1))
    one = await join()
    before = now() + feeds.SKEW
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + 2 * feeds.SKEW)
    await one.feed.tell(f"library:{number}" for number in range(35))
    two = await join()
    for number in (0, 34):
        assert two.belief.was_changed(asset(f"library:{number}", asked=before))
    assert not two.belief.is_old(asset("library:other", asked=before), now())
    assert two.belief.is_old(ancient, now())
    assert not two.belief.was_changed(asset("library:34", asked=now() + 2 * feeds.SKEW))


async def test_a_server_that_hangs_and_comes_back(join: Join, redis_server: RedisServer) -> None:
    """While it hangs leases end; what is told then is not lost; when it answers, everything held is in doubt."""
    one, two = await join(), await join()
    held = asset(asked=now())
    redis_server.pause()
    assert await one.feed.tell(["library:a"]) is False
    assert one.feed.stats().waiting == 1
    await until(lambda: not two.feed.stats().connected)
    await until(lambda: not two.belief.left(held, now()))
    assert two.belief.horizon < held.fetched_at
    redis_server.resume()
    await until(lambda: two.feed.stats().connected and one.feed.stats().connected)
    assert two.belief.horizon > held.fetched_at
    assert not two.belief.is_old(asset(asked=now()), now())
    await until(lambda: not one.feed.stats().waiting)
    assert await one.feed.tell(["library:b"]) is True
    await until(lambda: "library:b" in two.heard)


async def test_a_connection_that_cannot_be_closed(
    join: Join, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS a server that hangs does not answer the end of a connection either; the node goes on listening."""
    one, two = await join(), await join()
    pool = two.feed._reader.connection_pool
    close, tried = pool.disconnect, asyncio.Event()

    async def overdue() -> None:
        await close()
        tried.set()
        raise RedisTimeoutError("Timed out closing connection after 2.5")

    monkeypatch.setattr(pool, "disconnect", overdue)
    redis_server.stop()
    await asyncio.wait_for(tried.wait(), 20)
    redis_server.start()
    await until(lambda: two.feed.stats().connected and one.feed._link.available)
    await one.feed.tell(["library:a"])
    await until(lambda: "library:a" in two.heard)


async def test_a_server_that_lost_everything(join: Join, redis_server: RedisServer) -> None:
    """A stream that is gone is begun again, whatever its ids were; nothing that was held is believed, all is heard."""
    one, two = await join(), await join()
    await one.feed.tell(["library:a"])
    await until(lambda: bool(two.heard))
    held = asset("library:b", asked=now())
    redis_server.stop()
    await until(lambda: not two.feed.stats().connected and not one.feed.stats().connected)
    redis_server.start()
    await until(lambda: two.feed.stats().connected and one.feed.stats().connected)
    assert two.belief.is_old(held, now())
    await until(lambda: one.feed._link.available)
    assert await one.feed.tell(["library:c"])
    await until(lambda: "library:c" in two.heard)


async def test_a_server_that_came_back_from_an_old_copy(join: Join, redis_server: RedisServer) -> None:
    """What was told after the copy is lost: whoever starts later knows that, whether others were there or not."""
    one = await join()
    await one.feed.tell(["library:a"])
    async with Redis.from_url(redis_server.url) as raw:
        await raw.save()
    held = asset("library:b", asked=now())
    await asyncio.sleep(0.01)
    await one.feed.tell(["library:b"])
    await one.feed.close()
    redis_server.stop()
    redis_server.start()
    async with Redis.from_url(redis_server.url) as raw:
        assert {fields.get(b"name") for _, fields in await raw.xrange(STREAM)} == {None, b"library:a"}, "no old copy"
    first = await join()
    later = await join()
    for node in (first, later):
        assert node.belief.is_old(held, now())
        assert not node.belief.vouches("library:b", held.fetched_at + timedelta(seconds=60), (0, 1))
    async with Redis.from_url(redis_server.url) as raw:
        gaps = [fields for _, fields in await raw.xrange(STREAM) if b"gap" in fields]
    assert len(gaps) == 1, "one mark for a restart, whoever sees it"
    assert later.belief.vouches("library:b", now(), later.belief.place)


async def test_a_stream_that_could_not_be_read_to_its_end(
    join: Join, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that starts, and loses the server in the middle of what changed before, believes nothing of before."""
    monkeypatch.setattr(feeds, "_BATCH", 10)
    one = await join()
    held = asset("library:39", asked=now())
    await asyncio.sleep(0.01)
    await one.feed.tell(f"library:{number}" for number in range(40))
    xrange, reads = feeds.ChangeFeed._reached, []

    def reached(feed: ChangeFeed, belief: Belief, key: bytes) -> None:
        reads.append(key)
        if len(reads) == 20:
            redis_server.stop()
        xrange(feed, belief, key)

    monkeypatch.setattr(feeds.ChangeFeed, "_reached", reached)
    two = await join()
    assert not two.feed.stats().connected
    assert two.belief.is_old(held, now())


async def test_a_server_that_is_replaced_between_two_reads(join: Join) -> None:
    """A new run of the server is noticed though no read failed, and everything that was held is in doubt."""
    node = await join()
    held = asset("library:b", asked=now())
    node.feed._run = "of an earlier run"
    await until(lambda: node.belief.is_old(held, now()))
    await until(lambda: node.feed.stats().connected)


async def test_what_changes_again_while_it_is_told_is_told_again(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that comes while an earlier one of the same asset is on its way is another one."""
    one, two = await join(), await join()
    send, sending, go_on = one.feed._send, asyncio.Event(), asyncio.Event()

    async def slow(names: list[str]) -> bool:
        done = await send(names)
        sending.set()
        await go_on.wait()
        return done

    monkeypatch.setattr(one.feed, "_send", slow)
    first = asyncio.create_task(one.feed.tell(["library:a"]))
    await sending.wait()
    one.feed.owe(["library:a"])
    assert one.belief.owes("library:a")
    go_on.set()
    assert await first
    assert await one.feed.tell()
    assert not one.belief.owes("library:a")
    await until(lambda: two.heard == ["library:a"] * 2)


async def test_a_node_that_starts_without_the_server(join: Join, redis_server: RedisServer) -> None:
    """It starts, believes nothing of before its start, and listens when the server is there."""
    redis_server.stop()
    held = asset(asked=now())
    node = await join()
    assert node.belief.is_old(held, now())
    redis_server.start()
    await until(lambda: node.feed.stats().connected)
    other = await join()
    await other.feed.tell(["library:a"])
    await until(lambda: "library:a" in node.heard)


async def test_a_gap_is_noticed(join: Join, redis_server: RedisServer) -> None:
    """A node that was slower than the stream was cut short knows that it may have missed something."""
    node = await join()
    await until(lambda: node.belief.left(asset(asked=now() - timedelta(seconds=5)), now()) > 0)
    held = asset("library:unheard", asked=now())
    await asyncio.sleep(0.01)
    async with Redis.from_url(redis_server.url) as raw, raw.pipeline(transaction=True) as pipeline:
        for number in range(10):
            pipeline.xadd(STREAM, {"name": f"library:{number}", "node": "other"})
        pipeline.xtrim(STREAM, maxlen=1, approximate=False)
        await pipeline.execute()
    await until(lambda: "library:9" in node.heard)
    assert len(node.heard) < 10
    assert node.belief.is_old(held, now())


async def test_a_stream_is_kept_short(join: Join, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """More changes than are kept go through it, and it stays about as long as it may be."""
    monkeypatch.setattr(feeds, "_KEPT", 500)
    one, two = await join(), await join()
    for start in range(0, 5000, 500):
        await one.feed.tell(f"library:{number}" for number in range(start, start + 500))
    await until(lambda: len(two.heard) == 5000 or two.belief.doubts > 1)
    async with Redis.from_url(redis_server.url) as raw:
        assert await raw.xlen(STREAM) < 1000


async def test_more_than_can_wait(join: Join, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be told and is too much to remember becomes news of the whole source."""
    monkeypatch.setattr(feeds, "_MAX_WAITING", 50)
    one, two = await join(), await join()
    redis_server.pause()
    await one.feed.tell(f"library:{number}" for number in range(60))
    assert one.feed.stats().waiting == 1
    redis_server.resume()
    # Nobody need lose the connection over so short a pause; then the others hear it as news.
    await until(lambda: not one.feed.stats().waiting)
    await until(lambda: "library:" in two.heard or two.belief.doubts > 1)


async def test_a_server_that_evicts_is_told(
    join: Join, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Its operator hears that changes may be lost; one that keeps everything is nothing to speak of."""
    await join()
    assert "evicts" not in caplog.text
    async with Redis.from_url(redis_server.url) as raw:
        await raw.config_set("maxmemory-policy", "allkeys-lru")
    await join()
    assert "evicts (allkeys-lru) and may lose changes; set its maxmemory-policy to noeviction" in caplog.text


async def test_foreign_entries_are_passed_over(join: Join, redis_server: RedisServer) -> None:
    """An entry of another form is no news, and does no harm."""
    node = await join()
    async with Redis.from_url(redis_server.url) as raw:
        await raw.xadd(STREAM, {"something": b"\xff\xfe"})
        await raw.xadd(STREAM, {"name": b"\xff\xfe", "node": "x"})
        await raw.xadd(STREAM, {"name": "library:a", "node": "x"})
    await until(lambda: bool(node.heard))
    assert node.heard == ["library:a"]
