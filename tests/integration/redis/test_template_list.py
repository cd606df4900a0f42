from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from tests.servers.redis_server import RedisServer

from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.model.digest import Digest
from pressrun_server.render.sharing.template_list import (
    DamagedRecordError,
    SharedTemplate,
    SharedTemplates,
    TemplatesAwayError,
)

KEY = b"a secret of this cluster"


def template(files: bytes, *, version: str = "1", day: int = 1) -> SharedTemplate:
    """A template with these files."""
    digest = Digest.of(files)
    return SharedTemplate("letter", version, digest.sha256, digest, datetime(2026, 11, day, tzinfo=UTC))


async def test_nodes_read_what_others_published(link: RedisLink) -> None:
    """The oldest comes first, with its files; the count tells whether there is anything new, the name whether the list is another."""
    one, other = SharedTemplates(link, KEY), SharedTemplates(link, KEY)
    empty = await other.state()
    assert (empty.length, await other.records()) == (0, [])
    newer, older = template(b"two", version="2", day=9), template(b"one", day=3)
    for each, files in ((newer, b"two"), (older, b"one")):
        assert await one.claim(each, files) == each
    after = await other.state()
    assert (after, after.length) == (await one.state(), 2)
    assert after.name != empty.name
    assert await other.records() == [older, newer]
    assert [await other.files(each) for each in (older, newer)] == [b"one", b"two"]


async def test_a_version_has_one_meaning(link: RedisLink, raw: Redis) -> None:
    """Of 20 bundles under one name at the same moment one is kept, with its files alone, and all are told the same."""
    bundles = [f"files {number}".encode() for number in range(20)]
    lists = [SharedTemplates(link, KEY) for _ in bundles]
    held = await asyncio.gather(*(each.claim(template(data), data) for each, data in zip(lists, bundles, strict=True)))
    assert len(set(held)) == 1
    assert await lists[0].records() == [held[0]]
    assert await lists[0].files(held[0]) in bundles
    assert len([name async for name in raw.scan_iter("pressrun:templates:*:bytes:*")]) == 1


async def test_only_the_clusters_own_word_counts(link: RedisLink, raw: Redis) -> None:
    """Records with another key or of another tenant are not seen; damaged or exchanged ones, and files, are not used."""
    mine = SharedTemplates(link, KEY)
    kept = template(b"files")
    await mine.claim(kept, b"files")
    assert await SharedTemplates(link, b"another secret").records() == []
    assert await SharedTemplates(link, KEY, tenant="b").records() == []
    (records,) = [name async for name in raw.scan_iter("pressrun:templates:*:records")]
    record = await raw.hget(records, "letter@1")
    # A sound record under another name would let a bundle pass for a version that it is not.
    await raw.hset(records, "letter@2", record)
    await raw.hset(records, "letter@3", record[:-3] + b"!" + record[-2:])
    assert await mine.records() == [kept]
    with pytest.raises(DamagedRecordError, match=r"HDEL .* letter@3"):
        await mine.claim(template(b"more", version="3"), b"more")
    (files,) = [name async for name in raw.scan_iter(f"pressrun:templates:*:bytes:{kept.bundle.sha256}")]
    await raw.set(files, b"Files")
    assert await mine.files(kept) is None
    # Whoever publishes the bundle again mends that.
    await mine.claim(kept, b"files")
    assert await mine.files(kept) == b"files"


async def test_a_server_that_is_away_is_told(link: RedisLink, redis_server: RedisServer) -> None:
    """Nothing waits for it, and nothing passes for an empty list."""
    away = SharedTemplates(link, KEY)
    redis_server.stop()
    for asked in (away.state(), away.records(), away.claim(template(b"x"), b"x"), away.files(template(b"x"))):
        with pytest.raises(TemplatesAwayError):
            await asyncio.wait_for(asked, 10)


async def test_a_list_that_was_lost_is_another(link: RedisLink, raw: Redis) -> None:
    """As long as it is filled again with as many templates, too."""
    mine = SharedTemplates(link, KEY)
    await mine.claim(template(b"one"), b"one")
    before = await mine.state()
    await raw.flushall()
    await mine.claim(template(b"two"), b"two")
    after = await mine.state()
    assert (before.length, after.length) == (1, 1)
    assert before.name != after.name


async def test_dates_are_the_servers(link: RedisLink, raw: Redis) -> None:
    """Moments rise, of nodes that ask at the same time as well, and where another server with a clock behind takes over."""
    lists = [SharedTemplates(link, KEY) for _ in range(4)]
    moments = [await lists[number % 4].now() for number in range(20)]
    moments += await asyncio.gather(*(each.now() for each in lists * 10))
    assert len(set(moments)) == 60
    assert moments[:20] == sorted(moments[:20]) < sorted(moments[20:])
    seconds, microseconds = await raw.time()
    assert abs(seconds + microseconds / 1e6 - moments[-1].timestamp()) < 30
    (last,) = [name async for name in raw.scan_iter("pressrun:templates:*:last")]
    ahead = int(await raw.get(last)) + 3_000_000
    await raw.set(last, ahead)
    assert [round((await lists[0].now()).timestamp() * 1_000_000) for _ in range(2)] == [ahead + 1, ahead + 2]


async def test_lists_of_other_keys_are_counted(link: RedisLink) -> None:
    """A node is told how many templates it can't read; those of other tenants are nobody's business."""
    old = SharedTemplates(link, KEY)
    assert await old.join() == 0
    for version in ("1", "2"):
        await old.claim(template(b"files", version=version), b"files")
    await SharedTemplates(link, KEY, tenant="b").join()
    assert await old.join() == 0
    assert await SharedTemplates(link, b"another secret").join() == 2
    assert await SharedTemplates(link, b"another secret", tenant="b").join() == 0


async def test_a_full_server_is_told(
    make_link: Callable[..., RedisLink], raw: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """What to do about a server of events that is full is not what is done about one of blobs: it must not evict."""
    await raw.config_set("maxmemory", 1)
    mine = SharedTemplates(make_link(lasting=True), KEY)
    with pytest.raises(TemplatesAwayError, match="maxmemory"):
        await mine.claim(template(b"files"), b"files")
    assert "give it more room (maxmemory), and leave its maxmemory-policy at noeviction" in caplog.text
    assert "allkeys" not in caplog.text
    assert await mine.records() == []
