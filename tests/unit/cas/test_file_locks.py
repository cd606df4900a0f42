from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from pressrun_server.cas.locks import FileLocks


def hold(path: Path, name: str) -> tuple[subprocess.Popen[str], str]:
    """Another process that wants the lock, and what it got."""
    line = [sys.executable, "-m", "tests.unit.cas.holder", "file", str(path), name]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


async def test_a_lock_is_one_process_own_until_it_dies(tmp_path: Path) -> None:
    """Another process does not get it, gets others, and has it at once when its holder is killed."""
    path = tmp_path / "made" / "locks"
    locks = FileLocks(path)
    process, got = await asyncio.to_thread(hold, path, "a")
    try:
        assert got == "held"
        assert await locks.acquire("a") is None
        other = await locks.acquire("b")
        assert other is not None
        process.kill()
        process.communicate()
        assert await locks.acquire("a") is not None
        second, got = await asyncio.to_thread(hold, path, "b")
        second.kill()
        second.communicate()
        assert got == "taken"
        await other.release()
        second, got = await asyncio.to_thread(hold, path, "b")
        second.kill()
        second.communicate()
        assert got == "held"
    finally:
        process.kill()
        await locks.close()
    late = await locks.acquire("a")
    assert late is not None, "closed, it keeps nobody from anything"
    await late.release()


async def test_a_place_that_cannot_be_locked(tmp_path: Path) -> None:
    """Where there is no such file to be had, everyone has every lock."""
    (tmp_path / "file").write_text("no folder")
    locks = FileLocks(tmp_path / "file" / "locks")
    for _ in range(2):
        lock = await locks.acquire("a")
        assert lock is not None
        await lock.release()
