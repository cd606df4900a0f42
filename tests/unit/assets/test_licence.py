from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.redis_server import RedisServer
from tests.unit.assets.fakes import AS_OF, LOGO_BYTES, Node, Pick

from pressrun_server.assets.licence import Counting, LocalCounts, SharedCounts, UncountedError
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.decision import Settlement

ASSET = "library:brand/logo.png"


def shared(server: RedisServer) -> SharedCounts:
    """The counter of one node of a cluster."""
    return SharedCounts(RedisLink(RedisConfig(RedisAddress(server.url), timeout_seconds=20.0, retry_seconds=0.02)))


@pytest.fixture(params=["local", "in memory", "shared"])
async def counts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counting]:
    """Each counter."""
    made: Counting
    if request.param == "shared":
        made = shared(request.getfixturevalue("redis_server"))
    else:
        made = LocalCounts(tmp_path / "licences.sqlite" if request.param == "local" else None)
    yield made
    await made.close()


async def test_counts(counts: Counting) -> None:
    """Uses are counted up to the limit, each document once; a document that was counted may be made again."""
    assert [await counts.take(ASSET, use, 2) for use in ("a", "b", "a", "c", "b")] == [True, True, True, False, True]
    assert not await counts.take(ASSET, "", 2)
    assert await counts.take(ASSET, "", 3)
    assert await counts.take(ASSET, "c", 3)
    assert await counts.take("library:other.png", "c", 1)
    assert not await counts.take("library:none.png", "a", 0)


async def test_never_over_the_limit(counts: Counting) -> None:
    """Many that ask at once never pass the limit together."""
    found = await asyncio.gather(*(counts.take(ASSET, f"use {number}", 10) for number in range(40)))
    assert sum(found) == 10


async def test_nodes_count_together(redis_server: RedisServer) -> None:
    """Nodes of a cluster share one count; without their Redis nobody counts, and nobody gets anything."""
    one, other = shared(redis_server), shared(redis_server)
    both = [node.take(ASSET, f"use {number}", 7) for number in range(20) for node in (one, other)]
    assert sum(await asyncio.gather(*both)) == 14  # seven documents, asked for on both nodes each
    redis_server.stop()
    with pytest.raises(UncountedError):
        await one.take(ASSET, "more", 100)
    await one.close()
    await other.close()


async def test_it_outlives_a_restart(tmp_path: Path) -> None:
    """What was used is used after a restart."""
    path = tmp_path / "licences.sqlite"
    for use, allowed in (("a", True), ("b", False), ("a", True)):
        counts = LocalCounts(path)
        assert await counts.take(ASSET, use, 1) is allowed
        await counts.close()


async def test_an_asset_is_used_up(node: Node) -> None:
    """A licence for two documents serves two, whatever is cached; the third takes the fallback, or fails."""
    node.source.put("brand/logo.png", LOGO_BYTES, attributes=(("licence_volume", "2"),))
    node.source.put("free.png", LOGO_BYTES)

    async def use(name: str, pick: Pick) -> list[str]:
        assert node.resolver.resolve_warm([pick], as_of=AS_OF, channel="print") is None
        found = await node.resolver.resolve([pick], as_of=AS_OF, channel="print", use=name, journal=journal)
        return [one.descriptor.ref for one in found[0]]

    journal: dict[str, Settlement] = {}
    pick = Pick(otherwise="library:free.png")
    assert [await use(name, pick) for name in ("a", "b", "a")] == [[ASSET]] * 3
    assert not journal
    assert await use("c", pick) == ["library:free.png"]
    assert journal["logo"].refused[0].brief == "licence used up"
    with pytest.raises(PressrunError) as caught:
        await use("c", Pick())
    assert caught.value.reason is Reason.ASSET_RIGHTS
    assert "its licence allows 2 documents, which are used up" in caught.value.message
    assert await use("b", Pick()) == [ASSET]


@pytest.mark.parametrize("stated", ["many", "-1", "1.5", ""])
async def test_an_unreadable_volume_allows_nothing(node: Node, stated: str) -> None:
    """A limit that can't be read is not taken for none."""
    node.source.put("brand/logo.png", LOGO_BYTES, attributes=(("licence_volume", stated),))
    with pytest.raises(PressrunError) as caught:
        await node.resolver.resolve([Pick()], as_of=AS_OF, channel="print", use="a")
    assert caught.value.reason is Reason.ASSET_RIGHTS
