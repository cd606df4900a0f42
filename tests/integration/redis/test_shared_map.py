from __future__ import annotations

from redis.asyncio import Redis
from tests.servers.redis_server import RedisServer

from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.shared_map import SharedMap


async def test_nodes_of_one_cluster_read_each_other(link: RedisLink) -> None:
    """What one puts the other gets, until it is deleted; names of another space are others."""
    one, other = SharedMap(link, b"secret", "made"), SharedMap(link, b"secret", "made")
    await one.put("a", b"1", seconds=60)
    assert await other.get("a") == b"1"
    assert await other.get("b") is None
    assert await SharedMap(link, b"secret", "tenant").get("a") is None
    await other.put("a", b"2", seconds=60)
    assert await one.get("a") == b"2"
    await other.delete("a")
    assert await one.get("a") is None
    assert one.refused == other.refused == 0


async def test_another_cluster_reads_nothing(link: RedisLink) -> None:
    """A node with another key, or none, finds nothing that this one wrote, and the other way round."""
    mine, others, without = (SharedMap(link, key, "made") for key in (b"secret", b"other", b""))
    await mine.put("a", b"1", seconds=60)
    await without.put("b", b"2", seconds=60)
    assert await others.get("a") is None
    assert await without.get("a") is None
    assert await mine.get("b") is None


async def test_a_record_that_was_changed_or_moved_is_not_believed(link: RedisLink, raw: Redis) -> None:
    """A value, a signature or a place that another program changed makes the record one that is not there."""
    names = SharedMap(link, b"secret", "made")
    await names.put("a", b"first", seconds=60)
    [place] = await raw.keys("*")
    sound = await raw.get(place)
    assert isinstance(sound, bytes)
    for number in range(len(sound)):
        await raw.set(place, sound[:number] + bytes([sound[number] ^ 1]) + sound[number + 1 :])
        assert await names.get("a") is None
    for wrong in (b"", sound[:31], sound[:-1], sound + b"x"):
        await raw.set(place, wrong)
        assert await names.get("a") is None
    assert names.refused == len(sound) + 4
    await raw.set(place, sound)
    await names.put("b", b"second", seconds=60)
    [elsewhere] = set(await raw.keys("*")) - {place}
    await raw.set(elsewhere, sound)
    assert await names.get("b") is None
    assert await names.get("a") == b"first"


async def test_another_key_takes_over(link: RedisLink, raw: Redis) -> None:
    """While the key is changed what has a name under the old one alone is found, and copied for as long as it lasts."""
    old, new = SharedMap(link, b"secret", "made"), SharedMap(link, b"next secret", "made")
    both = SharedMap(link, b"next secret", "made", previous=b"secret")
    await old.put("a", b"1", seconds=60)
    assert await new.get("a") is None
    assert await both.get("a") == b"1" == await new.get("a")
    assert all([50 < await raw.ttl(place) <= 60 for place in await raw.keys("*")])
    await new.put("a", b"2", seconds=60)
    assert (await both.get("a"), await old.get("a")) == (b"2", b"1")
    await both.delete("a")
    assert [await each.get("a") for each in (old, both, new)] == [None] * 3
    # What somebody else wrote is believed under neither.
    await SharedMap(link, b"a third one", "made").put("b", b"3", seconds=60)
    assert await both.get("b") is None


async def test_records_end_and_names_stay_private(link: RedisLink, raw: Redis) -> None:
    """A record has a time to live, and its key tells nobody its name."""
    await SharedMap(link, b"secret", "made").put("core-dam:123", b"1", seconds=60)
    [place] = await raw.keys("*")
    assert b"core-dam" not in place
    assert 0 < await raw.ttl(place) <= 60


async def test_without_redis_nothing_is_found(link: RedisLink, redis_server: RedisServer) -> None:
    """While the server is away nothing is found, nothing kept and nothing raised."""
    names = SharedMap(link, b"secret", "made")
    redis_server.stop()
    await names.put("a", b"1", seconds=60)
    await names.delete("a")
    assert await names.get("a") is None
    assert not link.available
