"""A cold asset that two nodes want at the same time: one asks its source."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis
from tests.servers.redis_server import RedisServer
from tests.unit.assets.fakes import AS_OF, LOGO, LOGO_BYTES, FakeClock, FakePreparers, FakeSource, Pick

from pressrun_server.assets.cluster import Cluster
from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.resolver import AssetResolver
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig, StoreConfig
from pressrun_server.cas.locks import PREFIX, RedisLocks
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.redis_tier import RedisTier
from pressrun_server.cas.shared_map import SharedMap
from pressrun_server.cas.store import open_store
from pressrun_server.model.digest import Digest
from pressrun_sources.errors import NotFoundError
from pressrun_sources.registry import Registry

LEASE = 1.0
SKEWED = 6
"""Seconds after a change in which nodes without a feed of changes do not trust each other's clocks."""


class _Node:
    """A resolver with a store of its own, and what it shares."""

    def __init__(self, resolver: AssetResolver, link: RedisLink, locks: RedisLocks) -> None:
        self.resolver, self.link, self.locks = resolver, link, locks

    async def use(self) -> str:
        """The digest that a document gets."""
        picks = (Pick(),)
        warm = self.resolver.resolve_warm(picks, as_of=AS_OF, channel="print")
        resolved = warm or await self.resolver.resolve(picks, as_of=AS_OF, channel="print")
        return resolved[0][0].prepared.sha256


@pytest.fixture
async def nodes(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    """Two nodes with one source, which is slow, and one cache Redis."""
    source, preparers = FakeSource(), FakePreparers()
    source.put("brand/logo.png", LOGO_BYTES)
    source.gate = asyncio.Event()
    clock = FakeClock()
    async with AsyncExitStack() as stack:
        made = []
        for name in ("one", "two"):
            # A busy machine is no slow server.
            link = RedisLink(RedisConfig(RedisAddress(redis_server.url), timeout_seconds=20.0, retry_seconds=0.02))
            stack.push_async_callback(link.close)
            store = await open_store(StoreConfig(), redis=link)
            stack.push_async_callback(store.close)
            locks = RedisLocks(link, b"key", lease_seconds=LEASE)
            flight = ClusterFlight((locks,), store.settle)
            stack.push_async_callback(flight.close)
            resolver = AssetResolver(
                registry=Registry({source.name: source}),
                store=store,
                preparers=preparers,
                config=AssetConfig(ledger_path=tmp_path / name),
                clock=clock,
                chance=lambda: 0.0,
                cluster=Cluster(
                    made=SharedMap(link, b"key", "made"), names=SharedMap(link, b"key", "assets"), flight=flight
                ),
            )
            await resolver.start()
            stack.push_async_callback(resolver.close)
            made.append(_Node(resolver, link, locks))
        yield SimpleNamespace(both=made, source=source, preparers=preparers, redis=redis_server, clock=clock)


async def test_a_thousand_requests_are_one(nodes: SimpleNamespace) -> None:
    """1,000 documents on two nodes make one question, one fetch and one preparation."""
    tasks = [asyncio.create_task(nodes.both[number % 2].use()) for number in range(1000)]
    while not nodes.source.described:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.3)
    nodes.source.gate.set()
    assert len(set(await asyncio.gather(*tasks))) == 1
    assert (nodes.source.described, nodes.source.opened, nodes.preparers.calls) == (1, 1, 1)
    stats = [node.resolver.stats() for node in nodes.both]
    assert sorted((each.waits, each.shared) for each in stats) == [(0, 0), (1, 1)]
    assert sum(each.joined for each in stats) == 998


async def test_waiting_for_another_node_holds_up_no_other_asset(nodes: SimpleNamespace) -> None:
    """A node may wait for more assets of a source than it fetches at once, and fetches others meanwhile."""
    node, other = nodes.both
    nodes.source.gate.set()
    names = [f"{number}.png" for number in range(AssetConfig().max_fetches + 1)]
    locks = []
    for name in names:
        nodes.source.put(name, LOGO_BYTES)
        key = node.resolver._lookup._key(f"library:{name}", Pick().rendition)
        locks.append(await other.locks.acquire(key))
    picks = [(Pick(f"library:{name}"),) for name in names]
    waiting = [asyncio.create_task(node.resolver.resolve(pick, as_of=AS_OF, channel="print")) for pick in picks]
    async with asyncio.timeout(20):
        while node.resolver.stats().waits < len(names):
            await asyncio.sleep(0.01)
        assert await node.use()
    assert not any(task.done() for task in waiting)
    for lock in locks:
        await lock.release()
    await asyncio.gather(*waiting)


async def test_what_is_on_its_way_is_waited_for(nodes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a node has prepared, told, and not yet written to a slow Redis, another one does not prepare again."""
    one, two = nodes.both
    nodes.source.gate.set()
    put, written = RedisTier.put, asyncio.Event()

    async def slow(tier: RedisTier, digest: Digest, data: bytes) -> None:
        if tier._link is one.link and digest != Digest.of(LOGO_BYTES):
            await written.wait()
        await put(tier, digest, data)

    monkeypatch.setattr(RedisTier, "put", slow)
    first = await one.use()
    waiting = asyncio.create_task(two.use())
    async with asyncio.timeout(20):
        while not two.resolver.stats().waits and not waiting.done():
            await asyncio.sleep(0.01)
    assert nodes.preparers.calls == 1
    written.set()
    assert await waiting == first
    assert (nodes.source.described, nodes.preparers.calls) == (1, 1)


async def test_what_was_lost_is_prepared_again(nodes: SimpleNamespace) -> None:
    """Where a prepared blob has left the cluster, its bytes are prepared again, and its source is not asked."""
    one, two = nodes.both
    nodes.source.gate.set()
    first = await one.use()
    await one.resolver._store.settle()
    async with Redis.from_url(nodes.redis.url) as raw:
        kept = f"pressrun:blob:1:{Digest.of(LOGO_BYTES).sha256}"
        for key in await raw.keys("pressrun:blob:*"):
            if not key.decode().startswith(kept):
                await raw.delete(key)
    assert await two.use() == first
    assert (nodes.source.described, nodes.source.opened, nodes.preparers.calls) == (1, 1, 2)


async def test_nodes_race_again_and_again(nodes: SimpleNamespace) -> None:
    """Cold together, changed together: each time one question, and both have the same bytes."""
    nodes.source.gate.set()
    for turn in range(1, 11):
        first, second = await asyncio.gather(*(node.use() for node in nodes.both))
        assert first == second
        assert nodes.source.described == turn
        await asyncio.gather(*(node.resolver.changed(LOGO) for node in nodes.both))
        nodes.clock.pass_by(SKEWED)
    async with Redis.from_url(nodes.redis.url) as raw, asyncio.timeout(20):
        while await raw.keys(f"{PREFIX}*"):
            await asyncio.sleep(0.01)


async def test_a_refresh_serves_all_nodes(nodes: SimpleNamespace) -> None:
    """In the last fifth of its freshness both nodes want an asset revalidated beside a document: one asks, once."""
    nodes.source.gate.set()
    for turn in range(1, 4):
        await asyncio.gather(*(node.use() for node in nodes.both))
        assert nodes.source.described == turn
        nodes.clock.pass_by(250)
        await asyncio.gather(*(node.use() for node in nodes.both))
        async with asyncio.timeout(20):
            while any(node.resolver._lookup._refreshing for node in nodes.both):
                await asyncio.sleep(0.01)
        assert nodes.source.described == turn + 1
        assert sum(node.resolver.stats().refreshed for node in nodes.both) == 2 * turn
    assert nodes.source.opened == 1


async def test_a_source_that_has_not_got_it(nodes: SimpleNamespace) -> None:
    """A failure is told to all who wait, at both nodes, and no lock is left."""
    nodes.source.failure = NotFoundError("library", None, "it is not there")
    nodes.source.gate.set()
    failures = await asyncio.gather(*(node.use() for node in nodes.both for _ in range(50)), return_exceptions=True)
    assert {type(failure).__name__ for failure in failures} == {"PressrunError"}
    assert nodes.source.described == 1
    nodes.source.failure = None
    for node in nodes.both:
        await node.resolver.changed(LOGO)
    nodes.clock.pass_by(SKEWED)
    assert len({await node.use() for node in nodes.both}) == 1
    async with Redis.from_url(nodes.redis.url) as raw, asyncio.timeout(20):
        while await raw.keys(f"{PREFIX}*"):
            await asyncio.sleep(0.01)


async def test_a_holder_that_is_killed_is_replaced(nodes: SimpleNamespace) -> None:
    """While another process has its turn nodes wait; when it is killed, one of them asks within a lease."""
    nodes.source.gate.set()
    name = nodes.both[0].resolver._lookup._key(LOGO, Pick().rendition)
    line = [sys.executable, "-m", "tests.unit.cas.holder", "redis", nodes.redis.url, name]
    process = await asyncio.to_thread(subprocess.Popen, line, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert (await asyncio.to_thread(process.stdout.readline)).strip() == "held"
        tasks = [asyncio.create_task(node.use()) for node in nodes.both for _ in range(20)]
        await asyncio.sleep(2 * LEASE)
        assert nodes.source.described == 0, "it lives, and renews its lease"
    finally:
        process.kill()
        process.communicate()
    # Far longer than a lease, and far shorter than the 60 s that a holder may work.
    assert len(set(await asyncio.wait_for(asyncio.gather(*tasks), 20 * LEASE))) == 1
    assert nodes.source.described == 1


async def test_redis_is_gone(nodes: SimpleNamespace) -> None:
    """Without Redis, or with one that hangs, each node asks for itself, and no document fails."""
    nodes.source.gate.set()
    nodes.redis.stop()
    assert len(set(await asyncio.gather(*(node.use() for node in nodes.both for _ in range(50))))) == 1
    assert nodes.source.described == 2
    nodes.redis.start()
    async with asyncio.timeout(20):
        while not all(node.link.available for node in nodes.both):
            await asyncio.sleep(0.01)
    await asyncio.gather(*(node.resolver.changed(LOGO) for node in nodes.both))
    nodes.clock.pass_by(SKEWED)
    await asyncio.gather(*(node.use() for node in nodes.both))
    assert nodes.source.described == 3, "back again, shared again"


async def test_a_lock_is_its_holders(nodes: SimpleNamespace) -> None:
    """It lasts as long as it is held, longer than a lease; who lost it to another does not take it away."""
    one, two = (node.locks for node in nodes.both)
    lock = await one.acquire("a")
    assert lock is not None
    await asyncio.sleep(1.5 * LEASE)
    assert await two.acquire("a") is None
    async with Redis.from_url(nodes.redis.url) as raw:
        await raw.flushdb()
        other = await two.acquire("a")
        assert other is not None
        await lock.release()
        assert len(await raw.keys(f"{PREFIX}*")) == 1
        await other.release()
        assert not await raw.keys(f"{PREFIX}*")
        await two.acquire("b")
        await two.close()
        assert not await raw.keys(f"{PREFIX}*")
