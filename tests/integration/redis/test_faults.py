from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from redis.asyncio import Redis
from tests.servers.redis_server import RedisServer
from tests.unit.cas.conformance import blob

from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import DiskConfig, RedisConfig, StoreConfig
from pressrun_server.cas.redis_link import RedisLink
from pressrun_server.cas.redis_tier import PREFIX
from pressrun_server.cas.store import open_store
from pressrun_server.cas.tier import Tier


async def chaos(server: RedisServer, rounds: int, pause: float) -> Counter[str]:
    """Stop, hang and start the server again and again; at the end it runs."""
    done: Counter[str] = Counter()
    chance = random.Random(11)
    for _ in range(rounds):
        await asyncio.sleep(chance.uniform(pause / 2, pause))
        if chance.random() < 0.5:
            server.pause()
            await asyncio.sleep(chance.uniform(pause / 2, pause))
            server.resume()
            done["hung"] += 1
        else:
            server.stop()
            await asyncio.sleep(chance.uniform(pause / 2, pause))
            await asyncio.to_thread(server.start)
            done["restarted"] += 1
    return done


async def under_load(server: RedisServer, rounds: int, pause: float) -> None:
    """Two nodes' stores read and write while their server fails, and every answer is checked."""
    settings = RedisConfig(RedisAddress(server.url), chunk_bytes=16 * 1024, timeout_seconds=0.1, retry_seconds=0.05)
    links = [RedisLink(settings) for _ in range(2)]
    # Memory holds little, so that most questions reach the shared tier.
    stores = [await open_store(StoreConfig(200_000), redis=link) for link in links]
    blobs = [blob(f"load{number}", 500 + 997 * (number % 50)) for number in range(120)]
    seen: Counter[str] = Counter()
    waits: list[float] = []
    running = True

    async def worker(number: int) -> None:
        chance = random.Random(number)
        while running:
            store, (digest, data) = chance.choice(stores), chance.choice(blobs)
            started = time.monotonic()
            found = await store.get(digest)
            waits.append(time.monotonic() - started)
            assert found in {None, data}, "a wrong blob"
            seen["hits" if found else "misses"] += 1
            if found is None:
                await store.put(digest, data)
            await asyncio.sleep(0)

    workers = [asyncio.create_task(worker(number)) for number in range(12)]
    done = await chaos(server, rounds, pause)
    # Back, it is used again with nobody's help.
    async with asyncio.timeout(30):
        while not all(link.available for link in links):
            await asyncio.sleep(0.01)
    before = sum(store.stats()[-1].errors for store in stores)
    fresh, data = blob("fresh", 40_000)
    await stores[0].put(fresh, data)
    async with asyncio.timeout(30):
        while await stores[1].get(fresh) != data:
            await asyncio.sleep(0.01)
            await stores[0].put(fresh, data)
    running = False
    await asyncio.gather(*workers)
    stats = [store.stats()[-1] for store in stores]
    for store in stores:
        await store.close()
    for link in links:
        await link.close()
    waits.sort()
    print(
        f"Redis {dict(done)} under load: {seen['hits']} hits, {seen['misses']} misses, 0 wrong, 0 raised; "
        f"{before} calls failed, {sum(item.dropped for item in stats)} writes dropped, "
        f"{sum(item.corrupt for item in stats)} corrupt; waits p50 {waits[len(waits) // 2] * 1e3:.2f} ms, "
        f"p99.9 {waits[len(waits) * 999 // 1000] * 1e3:.0f} ms, longest {waits[-1] * 1e3:.0f} ms"
    )
    assert before > 0, "the server never failed under a call; the test proves nothing"
    assert seen["hits"] > 0
    assert sum(item.corrupt for item in stats) == 0


async def test_nothing_wrong_while_redis_fails(redis_server: RedisServer) -> None:
    """Redis hangs and restarts under two nodes that read and write: no wrong blob, no error, and it is used again."""
    await under_load(redis_server, rounds=6, pause=0.4)


@pytest.mark.long
async def test_nothing_wrong_while_redis_fails_for_minutes(redis_server: RedisServer) -> None:
    """The same a hundred times."""
    await under_load(redis_server, rounds=100, pause=1.0)


async def stack(server: RedisServer, folder: Path) -> tuple[Tier, RedisLink]:
    """A node's store whose memory keeps nothing."""
    link = RedisLink(RedisConfig(RedisAddress(server.url), chunk_bytes=16 * 1024, timeout_seconds=20.0))
    return await open_store(StoreConfig(1024, DiskConfig(folder)), redis=link), link


async def damage_everything(raw: Redis, folder: Path, chance: random.Random) -> Counter[str]:
    """Flip a bit in, cut, or lengthen each file and each value."""
    done: Counter[str] = Counter()

    def damaged(data: bytes) -> bytes:
        kind = chance.choice(("flipped", "cut", "lengthened"))
        done[kind] += 1
        if kind == "flipped":
            place = chance.randrange(len(data))
            return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
        return data[: chance.randrange(len(data))] if kind == "cut" else data + b"\0"

    for file in (folder / "blobs").rglob("*-*"):
        file.write_bytes(damaged(file.read_bytes()))
    for key in await raw.keys(f"{PREFIX}*"):
        value = await raw.get(key)
        assert isinstance(value, bytes)
        await raw.set(key, damaged(value))
    return done


async def test_damage_in_all_tiers_is_found(redis_server: RedisServer, tmp_path: Path) -> None:
    """Of damage in every file and value nothing is given out, all is counted; of one tier's the other repairs it."""
    raw = Redis.from_url(redis_server.url)
    chance = random.Random(5)
    store, link = await stack(redis_server, tmp_path)
    blobs = [blob(f"all{number}", 1500 + 701 * number) for number in range(60)]
    total: Counter[str] = Counter()
    for _ in range(5):
        for digest, data in blobs:
            await store.put(digest, data)
        await store.close()
        await link.close()
        total += await damage_everything(raw, tmp_path, chance)
        store, link = await stack(redis_server, tmp_path)
        for digest, _ in blobs:
            assert await store.get(digest) is None
        _, disk, redis = store.stats()
        assert disk.corrupt == len(blobs)
        # An entry or a piece that is gone altogether makes its blob a miss without its being corrupt.
        assert 0 < redis.corrupt <= len(blobs)
        total["disk corrupt"] += disk.corrupt
        total["redis corrupt"] += redis.corrupt
    for digest, data in blobs:
        await store.put(digest, data)
    await store.close()
    await link.close()
    store, link = await stack(redis_server, tmp_path)
    for file in (tmp_path / "blobs").rglob("*-*"):
        file.write_bytes(b"damaged")
    for digest, data in blobs:
        assert await store.get(digest) == data, "from Redis"
    await raw.flushdb()
    for digest, data in blobs:
        assert await store.get(digest) == data, "from the disk, repaired"
    print(f"damaged: {dict(total)}; given out: 0 wrong; repaired from Redis: {len(blobs)}")
    await store.close()
    await link.close()
    await raw.aclose()
