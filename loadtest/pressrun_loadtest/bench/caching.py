"""Measures the asset cache: a warm resolve of six assets, and hits of the disk tier and of the Redis tier.

`python -m pressrun_loadtest.bench.caching` is the process that measures. It builds what a node has: the store with its
verifying and metering wrappers, the resolver over a real source, and a preparer process.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.bench.rounds import described
from pressrun_loadtest.demo.child import ask, tether
from pressrun_loadtest.redis_server import RedisServer, redis_binary

if TYPE_CHECKING:
    from pressrun_server.cas.tier import Tier

__all__ = ["measure_cache"]

_TIME_S = 300.0
_ROUNDS = 7
_BLOBS = 40
_BLOB_BYTES = 100_000
_ASSETS = 6
_AS_OF = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)


def measure_cache(sizes: Sizes, seed: int, folder: Path, console: Console) -> list[Entry]:
    """Time of a warm resolve and of hits; the medians of the rounds. Redis is left out where there is none.

    Args:
        sizes: how much.
        seed: whose blobs.
        folder: for the tiers' files.
        console: is told what is not measured.

    Raises:
        HelperError: the process failed.
    """
    server: RedisServer | None = None
    if redis_binary() is None:
        console.print("there is no redis-server here (make tools brings one): cache-redis-hit is not measured")
    else:
        (folder / "redis").mkdir()
        server = RedisServer(folder / "redis", "--maxmemory", "256mb", before=tether())
        server.start()
    try:
        order = {
            "folder": str(folder),
            "seed": seed,
            "reads": sizes.cache_reads,
            "redis": None if server is None else server.url,
        }
        answer = ask(__name__, order, seconds=_TIME_S)
    finally:
        if server is not None:
            server.stop()
    count = _ROUNDS * sizes.cache_reads
    entries = [
        Entry(
            "cache-resolve-warm-cpu",
            statistics.median(answer["resolve"]),
            "us",
            count,
            f"CPU time of resolving {_ASSETS} assets of a document from memory, counted in metrics, "
            f"without a wait; {described(answer['resolve'], 0)}",
        )
    ]
    for name, what in (("disk", "a file that the kernel has in memory"), ("redis", "Redis on loopback")):
        if answer[name]:
            wall, cpu = answer[name], answer[f"{name}-cpu"]
            note = (
                f"wall time of reading and verifying {_BLOB_BYTES // 1000} kB from {what}; {described(wall, 0)}; "
                f"CPU {statistics.median(cpu):.0f} us"
            )
            entries.append(Entry(f"cache-{name}-hit", statistics.median(wall), "us", count, note))
    return entries


async def _measure(order: dict[str, Any]) -> dict[str, list[float]]:
    # The node's own parts are loaded in this process only.
    from pressrun_server.cas.address import RedisAddress  # noqa: PLC0415
    from pressrun_server.cas.config import DiskConfig, RedisConfig, StoreConfig  # noqa: PLC0415
    from pressrun_server.cas.redis_link import RedisLink  # noqa: PLC0415
    from pressrun_server.cas.store import open_store  # noqa: PLC0415
    from pressrun_server.metrics.catalogue import Catalogue  # noqa: PLC0415
    from pressrun_server.metrics.observers import TierMeter  # noqa: PLC0415

    folder, reads = Path(order["folder"]), order["reads"]
    found: dict[str, list[float]] = {"disk": [], "redis": []}
    chance = random.Random(order["seed"])  # noqa: S311 - no secret
    nothing = StoreConfig(memory_bytes=1024)  # each read passes memory, which keeps none of the blobs

    async def measure(name: str, store: Tier) -> None:
        found[name], found[f"{name}-cpu"] = await _hits(store, chance, reads)
        await store.close()

    disk = StoreConfig(nothing.memory_bytes, DiskConfig(folder / "disk"))
    await measure("disk", await open_store(disk, TierMeter(Catalogue())))
    if order["redis"] is not None:
        link = RedisLink(RedisConfig(RedisAddress(order["redis"])))
        await measure("redis", await open_store(nothing, TierMeter(Catalogue()), redis=link))
        await link.close()
    store = await open_store(StoreConfig(disk=DiskConfig(folder / "assets")), TierMeter(Catalogue()))
    found["resolve"] = await _resolves(store, folder / "library", reads)
    await store.close()
    return found


async def _hits(store: Tier, chance: random.Random, reads: int) -> tuple[list[float], list[float]]:
    """Microseconds of one hit in each round: wall time, CPU time."""
    from pressrun_server.model.digest import Digest  # noqa: PLC0415 - as above

    digests = []
    for _ in range(_BLOBS):
        data = chance.randbytes(_BLOB_BYTES)
        digests.append(Digest.of(data))
        await store.put(digests[-1], data)
    while store.stats()[-1].waiting:  # noqa: ASYNC110 - the tier has no event for it
        await asyncio.sleep(0.01)

    async def read(number: int) -> None:
        data = await store.get(digests[number % _BLOBS])
        assert data is not None
        assert len(data) == _BLOB_BYTES

    return await _rounds(read, reads)


async def _resolves(store: Tier, library: Path, documents: int) -> list[float]:
    """Microseconds of CPU time of one warm resolve in each round."""
    from pressrun_server.assets.config import AssetConfig  # noqa: PLC0415 - as above
    from pressrun_server.assets.resolver import AssetResolver  # noqa: PLC0415 - as above
    from pressrun_server.clock import SystemClock  # noqa: PLC0415 - as above
    from pressrun_server.model.template import RenditionSpec, Requirement  # noqa: PLC0415 - as above
    from pressrun_server.prepare.pool import PreparerPool  # noqa: PLC0415 - as above
    from pressrun_server.template.selection import Selection  # noqa: PLC0415 - as above
    from pressrun_sources.build import build_registry  # noqa: PLC0415 - as above
    from pressrun_sources.config import from_env  # noqa: PLC0415 - as above

    library.mkdir()  # noqa: ASYNC240 - nobody else waits here
    selections = []
    for number in range(_ASSETS):
        _picture(library / f"{number}.png", number)
        selections.append(Selection(f"slot{number}", f"library:{number}.png", RenditionSpec(), Requirement(), "fail"))
    preparers = PreparerPool(1)
    await preparers.start()
    sources = build_registry(from_env({"PRESSRUN_LIBRARY_PATH": str(library)}))
    # Fresh for the whole measurement, as an asset is in a busy node for all but a few documents.
    config = AssetConfig(fresh_seconds=3600.0)
    resolver = AssetResolver(registry=sources, store=store, preparers=preparers, config=config, clock=SystemClock())
    await resolver.start()
    try:
        await resolver.resolve(selections, as_of=_AS_OF, channel="print")

        async def resolve(_: int) -> None:
            resolved = resolver.resolve_warm(selections, as_of=_AS_OF, channel="print")
            assert resolved is not None
            assert len(resolved[0]) == _ASSETS

        return (await _rounds(resolve, documents))[1]
    finally:
        await resolver.close()
        await sources.close_all()
        await preparers.close()


def _picture(path: Path, number: int) -> None:
    """An approved picture of its own."""
    from PIL import Image  # noqa: PLC0415 - as above

    stream = io.BytesIO()
    Image.new("RGB", (400, 200), (40 * number, 120, 200)).save(stream, "PNG")
    path.write_bytes(stream.getvalue())
    path.with_name(f"{path.name}.yaml").write_text("approval: approved\n", encoding="utf-8")


async def _rounds(work: Callable[[int], Awaitable[None]], count: int) -> tuple[list[float], list[float]]:
    """Microseconds of one call in each round: wall time, CPU time of the process."""
    for number in range(min(count, 200)):
        await work(number)
    wall, cpu = [], []
    for _ in range(_ROUNDS):
        started, used = time.perf_counter(), time.process_time()
        for number in range(count):
            await work(number)
        wall.append((time.perf_counter() - started) / count * 1e6)
        cpu.append((time.process_time() - used) / count * 1e6)
    return wall, cpu


def _main() -> None:
    json.dump(asyncio.run(_measure(json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    _main()
