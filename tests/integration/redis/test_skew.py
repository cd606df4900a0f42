"""Nodes whose clocks differ: what one was told before a change is believed by none after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.servers.redis_server import RedisServer
from tests.unit.assets.fakes import LOGO, LOGO_BYTES, FakePreparers, FakeSource, Pick

from pressrun_server.assets.bringing import Wanted
from pressrun_server.assets.cluster import Cluster
from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.feed import ChangeFeed
from pressrun_server.assets.requirement import Occasion
from pressrun_server.assets.resolver import AssetResolver
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig, StoreConfig
from pressrun_server.cas.locks import RedisLocks
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.shared_map import SharedMap
from pressrun_server.cas.store import open_store
from pressrun_server.clock import SystemClock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.template import RenditionSpec
from pressrun_sources.model import Approval
from pressrun_sources.registry import Registry


class _Clock(SystemClock):
    """Goes before the true one, or after it."""

    def __init__(self, ahead: float) -> None:
        self._ahead = timedelta(seconds=ahead)

    def now(self) -> datetime:
        """The moment by this clock."""
        return super().now() + self._ahead


class _Node:
    def __init__(self, resolver: AssetResolver, clock: _Clock) -> None:
        self.resolver, self.clock = resolver, clock

    async def version(self, pick: Pick | None = None) -> str:
        """Of the asset that a document gets."""
        picks = (pick or Pick(),)
        moment = SystemClock().now()
        warm = self.resolver.resolve_warm(picks, as_of=moment, channel="print")
        resolved = warm or await self.resolver.resolve(picks, as_of=moment, channel="print")
        return resolved[0][0].descriptor.version

    def heard(self) -> int:
        """Changes that it was told."""
        feed = self.resolver.stats().feed
        return feed.heard if feed is not None else 0


Start = Callable[[float], Awaitable[_Node]]


@pytest.fixture(params=[True, False], ids=["feed", "no-feed"])
async def cluster(
    redis_server: RedisServer, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[SimpleNamespace]:
    """Starts nodes of one cluster, with a feed of changes or without."""
    source, preparers, number = FakeSource(), FakePreparers(), iter(range(100))
    source.put("brand/logo.png", LOGO_BYTES)
    events = RedisServer(tmp_path_factory.mktemp("events"))
    events.start()
    async with AsyncExitStack() as stack:
        stack.callback(events.stop)

        async def start(ahead: float, folder: str = "") -> _Node:
            clock = _Clock(ahead)
            link = RedisLink(RedisConfig(RedisAddress(redis_server.url), timeout_seconds=20.0))
            stack.push_async_callback(link.close)
            store = await open_store(StoreConfig(), redis=link)
            stack.push_async_callback(store.close)
            flight = ClusterFlight((RedisLocks(link, b"key", lease_seconds=5.0),), store.settle)
            stack.push_async_callback(flight.close)
            resolver = AssetResolver(
                registry=Registry({source.name: source}),
                store=store,
                preparers=preparers,
                config=AssetConfig(ledger_path=tmp_path / (folder or str(next(number)))),
                clock=clock,
                cluster=Cluster(
                    made=SharedMap(link, b"key", "made"),
                    names=SharedMap(link, b"key", "assets"),
                    flight=flight,
                    feed=ChangeFeed(RedisAddress(events.url), clock, frozenset({"library"})) if request.param else None,
                ),
            )
            await resolver.start()
            stack.push_async_callback(resolver.close)
            return _Node(resolver, clock)

        yield SimpleNamespace(start=start, source=source, feed=request.param)


WITH_FEED = pytest.mark.parametrize("cluster", [True], indirect=True, ids=["feed"])
"""Without one there is no way to the others."""


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("ahead", [3.0, -3.0, 0.0])
async def test_an_answer_of_before_a_change_counts_for_nobody(cluster: SimpleNamespace, ahead: float) -> None:
    """Told of a change, a node does not believe what another, whose clock is wrong, was told before it."""
    wrong, told = await cluster.start(ahead), await cluster.start(0)
    assert await wrong.version() == "1"
    cluster.source.put("brand/logo.png", LOGO_BYTES, version="2")
    assert await told.resolver.changed(LOGO)
    assert await told.version() == "2"
    if cluster.feed:
        later = await cluster.start(0)
        assert await later.version() == "2", "one that knew nothing of the asset"
        await until(lambda: wrong.heard() == 1)
        assert await wrong.version() == "2"


@WITH_FEED
async def test_after_a_change_one_asks_for_all(cluster: SimpleNamespace) -> None:
    """What a node was told that had heard of the change is good for the others, whatever its clock says."""
    ahead, behind, right = await cluster.start(3), await cluster.start(-3), await cluster.start(0)
    for node in (ahead, behind, right):
        await node.version()
    asked = cluster.source.described
    cluster.source.put("brand/logo.png", LOGO_BYTES, version="2")
    assert await right.resolver.changed(LOGO)
    await until(lambda: ahead.heard() == behind.heard() == 1)
    assert await ahead.version() == "2"
    assert await right.version() == "2"
    assert cluster.source.described == asked + 1


@WITH_FEED
@pytest.mark.parametrize("word", ["revoked", "gone"])
async def test_a_withdrawal_found_by_asking_reaches_the_others(cluster: SimpleNamespace, word: str) -> None:
    """A node that is told by a source that an asset may no longer be used tells the others, who hold it."""
    one, other = await cluster.start(0), await cluster.start(0)
    assert await one.version() == await other.version() == "1"
    if word == "gone":
        del cluster.source.assets["brand/logo.png"]
    else:
        cluster.source.put("brand/logo.png", LOGO_BYTES, approval=Approval.REJECTED)
    key = one.resolver._lookup._key(LOGO, Pick().rendition)
    occasion = Occasion(SystemClock().now(), "", "print")
    await one.resolver._bringing.bring(Wanted(key, LOGO, Pick().rendition, Pick().require, occasion), ask=True)
    await until(lambda: other.heard() == 1)
    with pytest.raises(PressrunError) as caught:
        await other.version()
    assert caught.value.reason in {Reason.ASSET_NOT_APPROVED, Reason.ASSET_NOT_FOUND}


@WITH_FEED
async def test_a_source_that_changes_its_mind_all_the_time_keeps_nobody_busy(cluster: SimpleNamespace) -> None:
    """A source whose every answer says less than the one before makes the nodes ask again now and then, not always."""
    nodes = [await cluster.start(0), await cluster.start(0)]
    end = SystemClock().now() + timedelta(days=30)
    small = Pick(rendition=RenditionSpec(width=10))
    for turn in range(40):
        ends = end - timedelta(seconds=turn)
        cluster.source.put("brand/logo.png", LOGO_BYTES, rights_until=ends)
        for node in nodes:
            await node.version(small if turn % 2 else None)
    told = sum(node.resolver.stats().feed.told for node in nodes)
    assert told <= len(nodes), "at most one in ten seconds, of each node"


@WITH_FEED
async def test_what_a_source_lists_in_another_order_is_no_news(cluster: SimpleNamespace) -> None:
    """Tags have no order, and a right that is prolonged takes nothing away."""
    one, other = await cluster.start(0), await cluster.start(0)
    end = SystemClock().now() + timedelta(days=30)
    cluster.source.put("brand/logo.png", LOGO_BYTES, rights_until=end, attributes=(("tags", "a"), ("tags", "b")))
    assert await one.version() == await other.version() == "1"
    later = end + timedelta(days=1)
    cluster.source.put("brand/logo.png", LOGO_BYTES, rights_until=later, attributes=(("tags", "b"), ("tags", "a")))
    assert await one.version(Pick(rendition=RenditionSpec(width=10))) == "1"
    assert one.resolver.stats().feed.told == 0


@WITH_FEED
@pytest.mark.parametrize("ahead", [3.0, 30.0])
async def test_a_node_whose_clock_is_ahead_is_started_again(cluster: SimpleNamespace, ahead: float) -> None:
    """What it kept on disk of before a change is not believed after it, though by its clock it is of later."""
    first, other = await cluster.start(ahead), await cluster.start(0)
    assert await first.version() == "1"
    await first.resolver.close()
    cluster.source.put("brand/logo.png", LOGO_BYTES, version="2")
    assert await other.resolver.changed(LOGO)
    again = await cluster.start(ahead, folder="0")
    assert await again.version() == "2"


@WITH_FEED
async def test_a_node_that_comes_as_the_feed_begins_asks_for_nothing(cluster: SimpleNamespace) -> None:
    """What the first node of a cluster shares is good for the second, however soon that one comes."""
    first = await cluster.start(0)
    assert await first.version() == "1"
    second = await cluster.start(0)
    assert await second.version() == "1"
    assert cluster.source.described == 1
