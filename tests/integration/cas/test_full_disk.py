from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.tmpfs import fill, tmpfs
from tests.unit.cas.conformance import LIMIT, blob

from pressrun_server.cas.config import DiskConfig, StoreConfig
from pressrun_server.cas.store import open_store
from pressrun_server.cas.tier import TierStats

SIZE = 4 * 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    with tmpfs(tmp_path / "disk", SIZE) as folder:
        yield folder


async def test_a_full_disk_steps_aside_and_comes_back(disk: Path) -> None:
    """While others fill the disk nothing fails and nothing is left half written; with room again it is used again."""
    settings = DiskConfig(disk / "cas", hard_bytes=2 * SIZE, soft_bytes=SIZE, retry_seconds=0.001)
    store = await open_store(StoreConfig(4 * LIMIT, settings))

    def tier() -> TierStats:
        return store.stats()[1]

    before, during, after = ([blob(f"{when}{number}", 50_000) for number in range(10)] for when in "bda")
    for digest, data in before:
        await store.put(digest, data)
    held = tier().entries
    ballast = fill(disk, leave=20_000)
    for digest, data in during:
        await store.put(digest, data)
        assert await store.get(digest) == data, "from memory"
        await asyncio.sleep(0.002)  # until it is tried again
    assert tier().errors == 10
    assert tier().entries == held == 10
    assert list((disk / "cas" / "tmp").iterdir()) == []
    again = await open_store(StoreConfig(4 * LIMIT, settings))
    for digest, data in before:
        assert await again.get(digest) == data
    assert await again.find_missing(digest for digest, _ in during) == {digest for digest, _ in during}
    ballast.unlink()
    for digest, data in after:
        await store.put(digest, data)
    assert (tier().errors, tier().entries) == (10, 20)
    third = await open_store(StoreConfig(4 * LIMIT, settings))
    for digest, data in after:
        assert await third.get(digest) == data
    print(f"{tier().errors} blobs met a full disk: 0 failed, 0 wrong, 0 left half written")


async def test_a_limit_above_the_disk_is_survived(disk: Path) -> None:
    """A tier that may take more than there is fills the disk, then goes on with what it has; nothing is wrong."""
    settings = DiskConfig(disk / "cas", hard_bytes=4 * SIZE, soft_bytes=3 * SIZE, retry_seconds=0.001)
    store = await open_store(StoreConfig(LIMIT, settings))
    blobs = [blob(f"n{number}", 30_000) for number in range(300)]
    for digest, data in blobs:
        await store.put(digest, data)
    found = [await store.get(digest) for digest, _ in blobs]
    assert all(data in {None, blobs[number][1]} for number, data in enumerate(found))
    assert 50 < sum(data is not None for data in found) < 300
    assert store.stats()[1].errors > 0
    assert store.stats()[1].corrupt == 0


async def test_a_damaged_blob_leaves_a_full_disk(disk: Path) -> None:
    """A full disk does not keep a damaged blob in use."""
    store = await open_store(StoreConfig(1024, DiskConfig(disk / "cas")))
    digest, data = blob("damaged", 50_000)
    await store.put(digest, data)
    [file] = (disk / "cas" / "blobs").rglob("*-*")
    file.write_bytes(data.swapcase())
    fill(disk)
    assert await store.get(digest) is None
    assert not file.exists()
    assert store.stats()[1].corrupt == 1
