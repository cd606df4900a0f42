"""Two nodes that render while both Redis fail and assets change: nothing withdrawn is used past its bounds."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.servers.redis_server import RedisServer
from tests.unit.assets.fakes import AS_OF, FakePreparers, FakeSource, Pick
from tests.unit.prepare.pictures import png, rgb

from pressrun_server.assets.cluster import Cluster
from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.feed import ChangeFeed
from pressrun_server.assets.resolver import AssetResolver
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import DiskConfig, RedisConfig, StoreConfig
from pressrun_server.cas.locks import RedisLocks
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.shared_map import SharedMap
from pressrun_server.cas.store import open_store
from pressrun_server.clock import SystemClock
from pressrun_server.errors import PressrunError, Reason
from pressrun_sources.model import Approval
from pressrun_sources.registry import Registry

LEASE, FRESH = 1.0, 120.0
LONGEST = 12.0
"""Seconds that the longest fault lasts."""
MARGIN = 8.0
"""A server that is back is noticed within a second or two, and this machine may be busy."""
BOUNDS = {True: LEASE + MARGIN, False: LONGEST + MARGIN}
"""Seconds for which an asset that was replaced or withdrawn may still be used by a node that nobody told, by whether it is
regulated."""


@dataclass
class _Asset:
    """An asset at its source: each epoch has its own bytes, or is a withdrawal."""

    name: str
    regulated: bool
    epoch: int = 0
    approved: bool = True
    ended: dict[int, float] = field(default_factory=dict)
    """When an epoch ended."""
    withdrawn: float = float("-inf")
    """When it was withdrawn last, or until when: now, where it is."""


class _Trial:
    """Two nodes, their load, and what they may use."""

    def __init__(self, source: FakeSource, nodes: list[AssetResolver], seed: int) -> None:
        self.source, self.nodes = source, nodes
        self.chance = random.Random(seed)
        self.assets = [_Asset(f"asset{number}.png", regulated=number % 2 == 0) for number in range(6)]
        self.epochs: dict[str, tuple[_Asset, int]] = {}
        self.floors: dict[tuple[int, str], int] = {}
        self.seen: Counter[str] = Counter()
        self.longest = 0.0
        self.running = True
        for asset in self.assets:
            self._put(asset)

    def _put(self, asset: _Asset) -> None:
        number = self.assets.index(asset)
        data = png(rgb(8 + number, 8 + asset.epoch))
        attributes = (("regulated", "Y"),) if asset.regulated else ()
        approval = Approval.APPROVED if asset.approved else Approval.RETIRED
        self.source.put(asset.name, data, str(asset.epoch), approval=approval, attributes=attributes)

    async def change(self, asset: _Asset | None = None) -> None:
        """Replace an asset, withdraw it, or bring it back; one node is told."""
        asset = asset or self.chance.choice(self.assets)
        asset.ended[asset.epoch] = time.monotonic()
        asset.epoch += 1
        asset.approved = not asset.approved or self.chance.random() < 0.6
        if not asset.approved:
            asset.withdrawn = float("inf")
        elif asset.withdrawn == float("inf"):
            asset.withdrawn = time.monotonic()
        self._put(asset)
        teller = self.chance.randrange(2)
        told = await self.nodes[teller].changed(f"library:{asset.name}")
        self.floors[teller, asset.name] = asset.epoch
        self.seen["changes told at once" if told else "changes told later"] += 1

    async def work(self, seed: int) -> None:
        """Use assets as documents do, and check each."""
        chance = random.Random(seed)
        while self.running:
            number, asset = chance.randrange(2), chance.choice(self.assets)
            floor = self.floors.get((number, asset.name), 0)
            began, picks = time.monotonic(), (Pick(f"library:{asset.name}"),)
            try:
                resolved = self.nodes[number].resolve_warm(picks, as_of=AS_OF, channel="print")
                if resolved is None:
                    resolved = await self.nodes[number].resolve(picks, as_of=AS_OF, channel="print")
            except PressrunError as error:
                assert error.reason is Reason.ASSET_NOT_APPROVED, error
                assert began <= asset.withdrawn + BOUNDS[asset.regulated], "refused long after it was approved again"
                self.seen["refused"] += 1
            else:
                epoch = int(resolved[0][0].descriptor.version)
                assert epoch >= floor, "the node was told of a newer one before"
                late = began - asset.ended.get(epoch, float("inf"))
                assert late <= BOUNDS[asset.regulated], f"used {late:.1f} s after it was changed"
                self.seen["used late" if late > 0 else "used"] += 1
            self.longest = max(self.longest, time.monotonic() - began)
            await asyncio.sleep(chance.uniform(0, 0.01))


async def under_faults(cache: RedisServer, events: RedisServer, folder: Path, rounds: int) -> None:
    """Servers stop, hang and start, assets change, and every use is checked."""
    source = FakeSource()
    async with AsyncExitStack() as stack:
        nodes = []
        for name in ("one", "two"):
            link = RedisLink(RedisConfig(RedisAddress(cache.url), timeout_seconds=0.1, retry_seconds=0.05))
            stack.push_async_callback(link.close)
            store = await open_store(StoreConfig(disk=DiskConfig(folder / name / "blobs")), redis=link)
            stack.push_async_callback(store.close)
            flight = ClusterFlight((RedisLocks(link, b"key", lease_seconds=1.0),), store.settle)
            stack.push_async_callback(flight.close)
            resolver = AssetResolver(
                registry=Registry({source.name: source}),
                store=store,
                preparers=FakePreparers(),
                config=AssetConfig(
                    ledger_path=folder / name / "assets",
                    fresh_seconds=FRESH,
                    lease_seconds=LEASE,
                    not_found_seconds=0.5,
                    stale_if_error_seconds=0.0,
                ),
                clock=SystemClock(),
                cluster=Cluster(
                    made=SharedMap(link, b"key", "made"),
                    names=SharedMap(link, b"key", "assets"),
                    flight=flight,
                    feed=ChangeFeed(RedisAddress(events.url), SystemClock(), frozenset({"library"})),
                ),
            )
            await resolver.start()
            stack.push_async_callback(resolver.close)
            nodes.append(resolver)
        trial = _Trial(source, nodes, seed=rounds)
        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(trial.work(number))
            try:
                for number in range(rounds):
                    await _fault(trial, cache, events, long=number % 20 == 0)
            finally:
                trial.running = False
        print(
            f"{rounds} faults of two Redis under load: {dict(trial.seen)}, source asked {source.described} times; 0 "
            f"documents failed, 0 withdrawn assets used past their bounds; longest wait {trial.longest * 1e3:.0f} ms"
        )
        assert trial.seen["changes told later"], "no fault met a change; the test proves nothing"
        assert trial.seen["changes told at once"]
        assert trial.seen["used"] > 100
        assert trial.longest < 30


async def _fault(trial: _Trial, cache: RedisServer, events: RedisServer, *, long: bool) -> None:
    """One server hangs, or is killed and started again; a long one is of the events, longer than any lease."""
    chance = trial.chance
    server = events if long else chance.choice((cache, events, events))
    await trial.change()
    await asyncio.sleep(chance.uniform(0.05, 0.3))
    kind = "hung" if chance.random() < 0.5 else "restarted"
    trial.seen[f"{'cache' if server is cache else 'events'} {kind}"] += 1
    began = time.monotonic()
    if kind == "hung":
        server.pause()
    else:
        await asyncio.to_thread(server.stop)
    try:
        # A long one begins with a regulated asset, which the other node holds all the time.
        for number in range(4 if long else chance.randrange(1, 4)):
            await trial.change(trial.assets[number] if long else None)
            await asyncio.sleep(chance.uniform(0.05, 0.4))
        if long:
            await asyncio.sleep(max(LONGEST - (time.monotonic() - began), 0))
    finally:
        if kind == "hung":
            server.resume()
        else:
            await asyncio.to_thread(server.start)


@pytest.fixture
def events_server(tmp_path_factory: pytest.TempPathFactory) -> RedisServer:
    """A second server, which the test starts."""
    return RedisServer(tmp_path_factory.mktemp("events"))


async def test_changes_count_while_both_redis_fail(
    redis_server: RedisServer, events_server: RedisServer, tmp_path: Path
) -> None:
    """No document fails for want of Redis, none gets what its node was told is gone, or what went long ago."""
    events_server.start()
    try:
        await under_faults(redis_server, events_server, tmp_path, rounds=6)
    finally:
        events_server.stop()


@pytest.mark.long
async def test_changes_count_while_both_redis_fail_for_minutes(
    redis_server: RedisServer, events_server: RedisServer, tmp_path: Path
) -> None:
    """The same a hundred times."""
    events_server.start()
    try:
        await under_faults(redis_server, events_server, tmp_path, rounds=100)
    finally:
        events_server.stop()
