from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.servers.redis_server import RedisServer
from tests.unit.assets.fakes import AS_OF, LOGO_BYTES, Node, Pick

from pressrun_server.assets.licence import Counting, LocalCounts, Reserved, SharedCounts, UncountedError
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.decision import Settlement
from pressrun_sources.model import Approval

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
    assert "its licence allows 2 documents, which are used up or reserved" in caught.value.message
    assert await use("b", Pick()) == [ASSET]


@pytest.mark.parametrize("stated", ["many", "-1", "1.5", ""])
async def test_an_unreadable_volume_allows_nothing(node: Node, stated: str) -> None:
    """A limit that can't be read is not taken for none."""
    node.source.put("brand/logo.png", LOGO_BYTES, attributes=(("licence_volume", stated),))
    with pytest.raises(PressrunError) as caught:
        await node.resolver.resolve([Pick()], as_of=AS_OF, channel="print", use="a")
    assert caught.value.reason is Reason.ASSET_RIGHTS


async def _room(counts: Counting, limit: int, job: str = "") -> int:
    """How many more documents may use the asset; they do."""
    number = 0
    while await counts.take(ASSET, f"filling {job} {number}", limit, job):
        number += 1
    return number


async def test_a_reservation_is_ones_own(counts: Counting) -> None:
    """What a job holds serves its documents alone; what it does not hold, it takes from what is free."""
    await counts.take(ASSET, "before", 10)
    assert await counts.reserve(ASSET, "run 1", 6, 10, 60) == Reserved(granted=True, used=1, held=6)
    assert await counts.reserve(ASSET, "run 2", 4, 10, 60) == Reserved(granted=False, used=1, held=6)
    assert await counts.reserve(ASSET, "run 2", 3, 10, 60) == Reserved(granted=True, used=1, held=9)
    assert not await counts.take(ASSET, "somebody's", 10)
    assert not await counts.take(ASSET, "", 10)
    assert await counts.take(ASSET, "", 10, "run 1")
    assert await counts.take(ASSET, "before", 10)
    assert await _room(counts, 10, "run 1") == 6
    assert await _room(counts, 10, "run 2") == 3
    assert await counts.reserve(ASSET, "run 1", 1, 10, 60) == Reserved(granted=False, used=10, held=0)
    assert (await counts.reserve("library:other.png", "run 1", 10, 10, 60)).granted


async def test_a_reservation_is_replaced_and_given_back(counts: Counting) -> None:
    """Asking again replaces what is held, more where there is room and less always; nothing gives it back."""
    assert (await counts.reserve(ASSET, "run", 5, 10, 60)).held == 5
    assert (await counts.reserve(ASSET, "run", 5, 10, 60)).held == 5
    assert (await counts.reserve(ASSET, "other", 5, 10, 60)).held == 10
    assert not (await counts.reserve(ASSET, "run", 6, 10, 60)).granted
    # The licence was cut: what is held is let go, never made more.
    assert (await counts.reserve(ASSET, "run", 2, 6, 60)) == Reserved(granted=True, used=0, held=7)
    assert (await counts.reserve(ASSET, "run", 0, 10, 60)).held == 5
    assert await _room(counts, 10) == 5


async def test_a_reservation_is_over_by_time(counts: Counting) -> None:
    """A job that never came gives back what it held."""
    assert (await counts.reserve(ASSET, "run", 10, 10, 1)).granted
    assert not await counts.take(ASSET, "a", 10)
    async with asyncio.timeout(10):
        while not await counts.take(ASSET, "a", 10):
            await asyncio.sleep(0.1)
    assert await counts.reserve(ASSET, "later", 9, 10, 60) == Reserved(granted=True, used=1, held=9)


async def test_a_run_has_what_it_reserved(node: Node) -> None:
    """Documents of a run use what it reserved, when the asset is used up for all others."""
    node.source.put("brand/logo.png", LOGO_BYTES, attributes=(("licence_volume", "3"),))
    node.source.put("free.png", LOGO_BYTES)
    assert await node.resolver.reserve("library:free.png", "/run", 9, 60) == (None, Reserved(True, 0, 0))  # noqa: FBT003
    limit, reserved = await node.resolver.reserve(ASSET, "/run", 2, 60)
    assert (limit, reserved.granted, reserved.held) == (3, True, 2)

    async def made(use: str, job: str = "") -> bool:
        try:
            await node.resolver.resolve([Pick()], as_of=AS_OF, channel="print", use=use, job=job)
        except PressrunError as error:
            assert error.reason is Reason.ASSET_RIGHTS
            return False
        return True

    assert [await made("a"), await made("b"), await made("a")] == [True, False, True]
    assert [await made("c", "/run"), await made("d", "/run"), await made("e", "/run")] == [True, True, False]
    node.source.put("brand/logo.png", LOGO_BYTES, approval=Approval.RETIRED)
    node.clock.pass_by(301)
    with pytest.raises(PressrunError) as caught:
        await node.resolver.reserve(ASSET, "/run", 1, 60)
    assert caught.value.reason is Reason.ASSET_NOT_APPROVED


WORKER = """
import asyncio, random, sys
from pathlib import Path
from pressrun_server.assets.licence import LocalCounts, SharedCounts
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink

async def main(kind, place, seed, job):
    if kind == "shared":
        counts = SharedCounts(RedisLink(RedisConfig(RedisAddress(place), timeout_seconds=20.0)))
    else:
        counts = LocalCounts(Path(place))
    chance = random.Random(seed)
    while True:
        use = f"document {chance.randrange(400)}"
        if await counts.take("smintio:12:image:2001", use, 250, job):
            sys.stdout.write(use + chr(10))
            sys.stdout.flush()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("kind", ["local", "shared"])
async def test_counted_while_processes_are_killed(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Where nodes are killed while they count, the licence is kept, and no use that was granted is lost."""
    if kind == "shared":
        server = request.getfixturevalue("redis_server")
        place, counts = server.url, shared(server)
    else:
        place, counts = str(tmp_path / "licences.sqlite"), LocalCounts(tmp_path / "licences.sqlite")
    asset, chance, granted = "smintio:12:image:2001", random.Random(3), set[str]()
    assert (await counts.reserve(asset, "run", 40, 250, 300)).granted
    # Processes of one machine share its file one after the other; those of a cluster come at the same time.
    for round_ in range(2):
        together = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", WORKER, kind, place, f"{round_}/{number}", "run" if number == 0 else "",
                stdout=asyncio.subprocess.PIPE,
            )
            for number in range(3 if kind == "shared" else 2)
        ]  # fmt: skip
        for process in together:
            assert process.stdout is not None
            # Until it counts, then for a moment that nobody knows.
            granted.add((await process.stdout.readline()).decode().strip())
        await asyncio.sleep(chance.random() * 0.05)
        for process in together:
            process.kill()
        for process in together:
            said = (await process.communicate())[0].decode()
            granted.update(said[: said.rfind("\n") + 1].split("\n"))
    granted.discard("")
    for number in range(400):
        if await counts.take(asset, f"document {number}", 250):
            granted.add(f"document {number}")
    left = (await counts.reserve(asset, "run", 0, 250, 1)).used
    await counts.close()
    assert len(granted) == left <= 250
