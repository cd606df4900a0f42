from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.cas.conformance import LIMIT, blob
from tests.unit.cas.observer import Counting

from pressrun_server.cas.blobfiles import BlobFiles, space_of
from pressrun_server.cas.config import DiskConfig, StoreConfig
from pressrun_server.cas.disk import DiskTier
from pressrun_server.cas.store import open_store
from pressrun_server.cas.verifying import Verifying
from pressrun_server.model.digest import Digest

WRITER = Path(__file__).parent / "writer.py"


async def opened(path: Path, hard: int = LIMIT, soft: int = LIMIT, retry_seconds: float = 5.0) -> DiskTier:
    """A started disk tier."""
    tier = DiskTier(DiskConfig(path, hard_bytes=hard, soft_bytes=soft, retry_seconds=retry_seconds))
    await tier.start()
    return tier


def open_files() -> int:
    """How many descriptors this process has."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def file_of(path: Path, digest: Digest) -> Path:
    """The file of a blob."""
    return path / "blobs" / digest.sha256[:2] / str(digest)


async def test_survives_a_restart(tmp_path: Path) -> None:
    """A new tier over the same folder holds and counts what the old one held, in the old order of use."""
    first = await opened(tmp_path)
    blobs = [blob(f"kept{number}", 10_000) for number in range(5)]
    for age, (digest, data) in enumerate(blobs):
        await first.put(digest, data)
        moment = time.time() - 1000 + age
        os.utime(file_of(tmp_path, digest), (moment, moment))
    assert await first.get(blobs[0][0]) == blobs[0][1]
    await first.close()
    second = await opened(tmp_path)
    assert second.stats()[0].size == first.stats()[0].size
    order = [blobs[number][0] for number in (1, 2, 3, 4, 0)]
    assert second._accounting.order() == tuple(order)


async def test_counts_what_files_take(tmp_path: Path) -> None:
    """Many tiny files take a block each, and so they count."""
    tier = await opened(tmp_path)
    for number in range(10):
        await tier.put(*blob(f"tiny{number}"))
    assert tier.stats()[0].size == 10 * 4096
    assert (space_of(0), space_of(4096), space_of(4097)) == (4096, 4096, 8192)


async def test_a_lower_limit_holds_at_the_next_start(tmp_path: Path) -> None:
    """A tier that is opened with less room drops what was used longest ago, from the disk too."""
    first = await opened(tmp_path)
    for number in range(20):
        digest, data = blob(f"n{number}", 20_000)
        await first.put(digest, data)
        moment = time.time() - 1000 + number
        os.utime(file_of(tmp_path, digest), (moment, moment))
    second = await opened(tmp_path, hard=200_000, soft=150_000)
    assert second.stats()[0].size <= 150_000
    assert not file_of(tmp_path, blob("n0", 20_000)[0]).exists()
    assert file_of(tmp_path, blob("n19", 20_000)[0]).exists()
    assert sum(size for _, size, _ in BlobFiles(tmp_path, fsync=False).scan()) <= 150_000


@pytest.mark.timeout(50)
def test_survives_being_killed_at_any_byte(tmp_path: Path) -> None:
    """Thirty writers are killed in the middle; after each, every blob has its bytes and nothing unfinished stays."""
    assert kill_writers(tmp_path, 30, sample=10) >= 3, "too few writers were killed while they wrote"


@pytest.mark.long
@pytest.mark.timeout(180)  # 200 processes, one after the other
def test_survives_being_killed_two_hundred_times(tmp_path: Path) -> None:
    """The same two hundred times, and after each all that is there is read and hashed."""
    in_the_middle = kill_writers(tmp_path, 200, sample=10_000)
    print(f"killed 200 writers, {in_the_middle} of them with a file half written: 0 blobs wrong, 0 lost, 0 left over")
    assert in_the_middle >= 20, "too few writers were killed while they wrote"


def kill_writers(folder: Path, turns: int, *, sample: int) -> int:
    """Kill so many writers, and check the store after each; says how many were killed with a file half written."""
    chance = random.Random(7)
    said: set[Digest] = set()
    in_the_middle = 0
    for turn in range(turns):
        with subprocess.Popen(
            [sys.executable, str(WRITER), str(folder), str(turn)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.015))
            writer.kill()
            lines = writer.stdout.read().split("\n")[:-1]
        for line in lines:
            if line.startswith("-"):
                said.discard(Digest.parse(line[1:]))
            else:
                said.add(Digest.parse(line))
        in_the_middle += any((folder / "tmp").iterdir())
        asyncio.run(check_all(folder, said, sample, random.Random(turn)))
    return in_the_middle


async def check_all(path: Path, said: set[Digest], sample: int, chance: random.Random) -> None:
    """Every file is whole by its size, what was said to be written is there, and samples are what they are called."""
    tier = Verifying(await opened(path, hard=10**9, soft=10**9))
    assert list((path / "tmp").iterdir()) == []
    found = {Digest.parse(file.name): file.stat().st_size for file in (path / "blobs").rglob("*-*")}
    assert said <= set(found)
    assert all(digest.size == size for digest, size in found.items())
    assert tier.stats()[0].entries == len(found)
    for digest in chance.sample(sorted(found), min(len(found), sample)):
        assert await tier.get(digest) is not None
    assert tier.stats()[0].corrupt == 0


async def test_leaves_a_living_writers_file_alone(tmp_path: Path) -> None:
    """What another process is writing is not swept; what a dead one left is."""
    await opened(tmp_path)
    living, dead = tmp_path / "tmp" / "living", tmp_path / "tmp" / "dead"
    dead.write_bytes(b"half")
    with living.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        await opened(tmp_path)
        assert living.exists()
        assert not dead.exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_a_miss(tmp_path: Path, data: st.DataObject) -> None:
    """A flipped bit, a cut or an added tail anywhere in a file is found, counted and never given out."""
    digest, content = blob("precious", 5000)

    async def check() -> None:
        path = tmp_path / str(time.monotonic_ns())
        store = await open_store(StoreConfig(1024, DiskConfig(path, hard_bytes=LIMIT, soft_bytes=LIMIT)))
        await store.put(digest, content)
        file = file_of(path, digest)
        damage = data.draw(st.sampled_from(["flip", "cut", "append", "empty"]))
        at = data.draw(st.integers(0, len(content) - 1))
        damaged = {
            "flip": content[:at] + bytes([content[at] ^ (1 << data.draw(st.integers(0, 7)))]) + content[at + 1 :],
            "cut": content[:at],
            "append": content + b"\0",
            "empty": b"",
        }[damage]
        file.write_bytes(damaged)
        assert await store.get(digest) is None
        assert not file.exists()
        assert [kept.read_bytes() for kept in (path / "quarantine").iterdir()] == [damaged]
        assert store.stats()[-1].corrupt == 1
        assert store.stats()[-1].size == 0
        await store.put(digest, content)
        assert await store.get(digest) == content

    asyncio.run(check())


async def test_quarantine_is_small(tmp_path: Path) -> None:
    """Of many damaged blobs the last sixteen are kept, and of large ones no more than 64 MiB; they count nowhere."""
    tier = Verifying(await opened(tmp_path, hard=10**9, soft=10**9))
    for number in range(20):
        digest, data = blob(f"q{number}", 100)
        await tier.put(digest, data)
        file_of(tmp_path, digest).write_bytes(data.swapcase())
        assert await tier.get(digest) is None
    kept = sorted((tmp_path / "quarantine").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert [file.name[:64] for file in kept] == [blob(f"q{number}", 100)[0].sha256 for number in range(4, 20)]
    for number in range(3):
        data = bytes([number]) * 30_000_000
        await tier.put(Digest.of(data), data)
        file_of(tmp_path, Digest.of(data)).write_bytes(b"x" * 30_000_000)
        assert await tier.get(Digest.of(data)) is None
    assert sum(file.stat().st_size for file in (tmp_path / "quarantine").iterdir()) == 60_000_000
    assert (tier.stats()[0].corrupt, tier.stats()[0].size) == (23, 0)
    assert (await opened(tmp_path)).stats()[0].entries == 0


async def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    """A tier finds what another wrote after it started, and takes what another deleted for a miss."""
    one, two = await opened(tmp_path), await opened(tmp_path)
    digest, data = blob("shared", 9000)
    await one.put(digest, data)
    assert await two.get(digest) == data
    assert two.stats()[0].entries == 1
    await one.delete(digest)
    assert await two.get(digest) is None
    assert two.stats()[0].size == 0


async def test_what_others_write_is_counted_in_time(tmp_path: Path) -> None:
    """Three tiers that fill one folder in turns keep it near the limit: over it by half a gap each, at most."""
    hard, soft = 2_000_000, 1_600_000
    tiers = [await opened(tmp_path, hard, soft) for _ in range(3)]
    worst = 0
    for number in range(150):
        await tiers[number % 3].put(*blob(f"s{number}", 40_000))
        if number % 10 == 9:
            worst = max(worst, sum(size for _, size, _ in BlobFiles(tmp_path, fsync=False).scan()))
    assert worst <= hard + 2 * (hard - soft) // 2 + 3 * space_of(40_004)


@pytest.mark.parametrize("failure", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
async def test_a_failing_write_steps_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: int
) -> None:
    """A disk that takes no more is counted and logged once, leaves nothing half written, and is tried again later."""
    now = [0.0]
    tier = DiskTier(DiskConfig(tmp_path, retry_seconds=5.0), monotonic=lambda: now[0])
    await tier.start()
    kept, there = blob("kept")
    await tier.put(kept, there)
    real = os.write

    def fails(descriptor: int, data: memoryview) -> int:
        if len(data) > 1000:
            real(descriptor, data[:500])
            raise OSError(failure, os.strerror(failure))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", fails)
    digest, data = blob("lost", 5000)
    with caplog.at_level(logging.WARNING):
        await tier.put(digest, data)
        await tier.put(digest, data)
    monkeypatch.undo()
    assert tier.stats()[0].errors == 1, "the second put was not even tried"
    assert [record for record in caplog.records if "steps aside" in record.message] != []
    assert len(caplog.records) == 1
    assert await tier.get(digest) is None
    assert await tier.get(kept) == there
    assert list((tmp_path / "tmp").iterdir()) == []
    assert tier.stats()[0].size == 4096
    now[0] += 6
    await tier.put(digest, data)
    assert await tier.get(digest) == data


def test_a_full_disk_for_real(tmp_path: Path) -> None:
    """Past the size that the kernel allows a file, writing fails; the tier goes on without it."""
    code = f"""
import asyncio, resource, signal
from pathlib import Path
from pressrun_server.cas.config import DiskConfig
from pressrun_server.cas.disk import DiskTier
from pressrun_server.model.digest import Digest

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    tier = DiskTier(DiskConfig(Path({str(tmp_path)!r}), retry_seconds=0))
    await tier.start()
    small, large = b"s" * 9_000, b"l" * 50_000
    await tier.put(Digest.of(large), large)
    await tier.put(Digest.of(small), small)
    assert await tier.get(Digest.of(large)) is None
    assert await tier.get(Digest.of(small)) == small
    (stats,) = tier.stats()
    assert (stats.errors, stats.entries) == (1, 1), stats

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_folder_that_cannot_be_made_steps_aside(tmp_path: Path) -> None:
    """Where the folder cannot be, the tier holds nothing, and nobody sees an error."""
    (tmp_path / "file").write_text("in the way")
    tier = await opened(tmp_path / "file" / "store", retry_seconds=0)
    digest, data = blob("homeless")
    await tier.put(digest, data)
    assert await tier.get(digest) is None
    assert not await tier.contains(digest)
    assert await tier.find_missing([digest]) == {digest}
    await tier.delete(digest)
    assert tier.stats()[0].errors >= 3


async def test_folders_that_vanish_are_made_again(tmp_path: Path) -> None:
    """Somebody who removes the folders under a running tier costs it the blobs, not its service."""
    tier = await opened(tmp_path)
    digest, data = blob("again")
    for folder in ("tmp", "blobs"):
        (tmp_path / folder).rmdir()
    await tier.put(digest, data)
    assert await tier.get(digest) == data


async def test_use_is_noted_in_the_file(tmp_path: Path) -> None:
    """Reading a blob, or putting it again, makes its file the one used last, for other processes too."""
    tier = await opened(tmp_path)
    digest, data = blob("used")
    await tier.put(digest, data)
    file = file_of(tmp_path, digest)
    for use in (tier.get(digest), tier.put(digest, data)):
        os.utime(file, (1, 1))
        await use
        assert file.stat().st_mtime > time.time() - 60


@pytest.mark.parametrize("failure", [errno.EAGAIN, errno.EOPNOTSUPP, errno.EINVAL, 0])
async def test_what_is_not_in_memory_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: int
) -> None:
    """A kernel that has not got the file in memory, has a part of it, or cannot say so, costs a thread and no blob."""
    tier = await opened(tmp_path)
    digest, data = blob("cold", 9000)
    await tier.put(digest, data)
    asked = []

    def preadv(descriptor: int, buffers: list[bytearray], offset: int, flags: int) -> int:
        asked.append((descriptor, offset, flags))
        if failure:
            raise OSError(failure, os.strerror(failure))
        buffers[0][:100] = b"x" * 100
        return 100

    monkeypatch.setattr(os, "preadv", preadv)
    before = open_files()
    for _ in range(3):
        assert await tier.get(digest) == data
    assert open_files() <= before
    # One that can't say so is not asked again.
    assert len(asked) == (1 if failure in {errno.EOPNOTSUPP, errno.EINVAL} else 3)
    assert tier.stats()[0].errors == 0


async def test_foreign_files_are_ignored(tmp_path: Path) -> None:
    """What is no blob by its name is neither counted nor removed."""
    files = BlobFiles(tmp_path, fsync=False)
    files.prepare()
    (tmp_path / "blobs" / "ab").mkdir()
    (tmp_path / "blobs" / "ab" / "notes.txt").write_text("mine")
    (tmp_path / "blobs" / "README").write_text("mine")
    assert files.scan() == []
    assert (tmp_path / "blobs" / "ab" / "notes.txt").exists()


async def test_files_are_private(tmp_path: Path) -> None:
    """Blobs can be read by nobody but the node's own user."""
    tier = await opened(tmp_path / "store")
    digest, data = blob("secret")
    await tier.put(digest, data)
    file = file_of(tmp_path / "store", digest)
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


async def test_close_waits_for_writes(tmp_path: Path) -> None:
    """A write whose caller went away is finished before the tier is closed, and its descriptor is given back."""
    tier = await opened(tmp_path)
    digest, data = blob("late", 500_000)
    task = asyncio.create_task(tier.put(digest, data))
    await asyncio.sleep(0)
    task.cancel()
    await tier.close()
    assert file_of(tmp_path, digest).read_bytes() == data
    await tier.put(*blob("too late"))
    assert tier.stats()[0].entries == 1


async def test_no_descriptor_leaks(tmp_path: Path) -> None:
    """Hundreds of calls, failing ones among them, leave as many files open as there were."""
    tier = await opened(tmp_path)
    before = open_files()
    for number in range(100):
        digest, data = blob(f"f{number}", 100)
        await tier.put(digest, data)
        if number % 3 == 0:
            file_of(tmp_path, digest).write_bytes(b"damaged")
        await tier.get(digest)
        await tier.get(blob(f"not{number}")[0])
    assert open_files() <= before


async def test_store_counts_a_damaged_blob_as_a_miss(tmp_path: Path) -> None:
    """In the node's own stack, damage on the disk shows as a miss of the tier and as corrupt in its statistics."""
    seen = Counting()
    store = await open_store(StoreConfig(LIMIT, DiskConfig(tmp_path)), seen)
    digest, data = blob("damaged", 100)
    await store.put(digest, data)
    again = await open_store(StoreConfig(LIMIT, DiskConfig(tmp_path)), seen)
    file_of(tmp_path, digest).write_bytes(data.swapcase()[: len(data)])
    seen.calls.clear()
    assert await again.get(digest) is None
    assert seen.calls == {("memory", "miss"): 1, ("memory", "read"): 1, ("disk", "miss"): 1, ("disk", "read"): 1}
    assert [stats.corrupt for stats in again.stats()] == [0, 1]


@pytest.mark.parametrize(("hard", "soft"), [(10, 11), (10, 0), (0, 0)])
def test_limits_are_checked(tmp_path: Path, hard: int, soft: int) -> None:
    """Limits that cannot both hold are refused with both of their names."""
    with pytest.raises(ValueError, match=r"soft_bytes.*hard_bytes"):
        DiskConfig(tmp_path, hard_bytes=hard, soft_bytes=soft)
    with pytest.raises(ValueError, match="memory_bytes"):
        StoreConfig(memory_bytes=0)
