from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from tests.servers.redis_server import RedisServer
from tests.unit.assets.fakes import AS_OF

from pressrun_server.assets.belief import Belief
from pressrun_server.assets.entry import Entry
from pressrun_server.assets.ledger import Ledger
from pressrun_server.assets.shared_entries import SharedEntries
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.shared_map import SharedMap
from pressrun_server.model.asset import AssetDescriptor
from pressrun_server.model.digest import Digest


def entry(ref: str = "core-dam:1", *, asked: float = 0.0, version: str = "1") -> Entry:
    """An entry whose source was asked so many seconds after noon, believed for 300."""
    fetched = AS_OF + timedelta(seconds=asked)
    fresh = fetched + timedelta(seconds=300)
    descriptor = AssetDescriptor(
        ref, "", "1", version, None, Digest.of(b"x"), "image/png", 1, 1, "RGB", "approved", None, None, (), None, fetched, fresh
    )  # fmt: skip
    return Entry(descriptor, Digest.of(b"prepared"), "image=1", fresh)


@pytest.fixture
async def nodes(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    """Two nodes' entries with one Redis, and the time."""
    clock = SimpleNamespace(moment=AS_OF, now=lambda: clock.moment)
    link = RedisLink(RedisConfig(RedisAddress(redis_server.url), timeout_seconds=20.0, retry_seconds=0.02))
    belief = Belief(lease_seconds=60.0, max_changes=100)
    made = []
    for name in ("one", "two"):
        own = Ledger(tmp_path / name, Entry, max_records=100)
        made.append(SharedEntries(own, SharedMap(link, b"key", "assets"), clock, belief, keep_seconds=3600.0))
        await made[-1].start()
    yield SimpleNamespace(one=made[0], two=made[1], clock=clock)
    await link.close()


async def test_what_one_node_knows_the_other_knows(nodes: SimpleNamespace) -> None:
    """An entry is found by the other node, which then has it itself; what is forgotten by one is forgotten by all."""
    await nodes.one.put("key", entry())
    assert await nodes.two.get("key") == entry()
    assert await nodes.two._own.get("key") == entry()
    await nodes.two.delete("key")
    assert await nodes.two.get("key") is None


async def test_the_later_answer_counts(nodes: SimpleNamespace) -> None:
    """A node asks the others once its own entry is no longer fresh, and takes theirs only where it is newer."""
    await nodes.one.put("key", entry())
    await nodes.two.put("key", entry(asked=100, version="2"))
    assert (await nodes.one.get("key")).descriptor.version == "1", "fresh: nobody is asked"
    nodes.clock.moment = AS_OF + timedelta(seconds=301)
    assert (await nodes.one.get("key")).descriptor.version == "2"
    newest = entry(asked=302, version="3")
    await nodes.one._own.put("key", newest)
    nodes.clock.moment = AS_OF + timedelta(seconds=700)
    assert (await nodes.one.get("key")).descriptor.version == "3"


async def test_pushed_content_stays_at_its_node(nodes: SimpleNamespace) -> None:
    """What was pushed to one node is no other node's."""
    await nodes.one.put("key", entry("pushed:letterhead"))
    assert await nodes.one.get("key") == entry("pushed:letterhead")
    assert await nodes.two.get("key") is None


async def test_another_form_is_not_taken(nodes: SimpleNamespace) -> None:
    """A record of a node with other code is no entry, and the own one serves."""
    await nodes.one.put("key", entry())
    await nodes.one._shared.put("key", msgspec.msgpack.encode({"other": 1}), seconds=60)
    assert await nodes.two.get("key") is None
    nodes.clock.moment = AS_OF + timedelta(seconds=301)
    assert await nodes.one.get("key") == entry()


async def test_without_redis_each_has_its_own(nodes: SimpleNamespace, redis_server: RedisServer) -> None:
    """While Redis is away a node has what it has."""
    redis_server.stop()
    await nodes.one.put("key", entry())
    assert await nodes.one.get("key") == entry()
    assert await nodes.two.get("key") is None
    await nodes.one.delete("key")
    assert await nodes.one.get("key") is None
