from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.errors import (
    PreparerClosedError,
    PreparerCrashedError,
    PreparerMemoryError,
    PreparerTimeoutError,
)
from pressrun_server.prepare.limits import Limits

MIB = 1024 * 1024


async def test_a_task_gives_its_answer_and_large_payloads_pass(kit: Any) -> None:
    """Payloads and answers of many megabytes go through whole, and the pool counts what it did."""
    async with kit.preparers() as pool:
        assert await pool.run("echo", b"abc", timeout=20) == b"cba"
        payload = os.urandom(20 * MIB)
        assert await pool.run("echo", payload, timeout=20) == payload[::-1]
        stats = pool.stats()
        assert (stats.tasks, stats.waiting, stats.crashed, stats.replaced) == (2, 0, 0, 0)
        assert stats.cpu_seconds > 0
        assert stats.preparers[0].rss > 0


async def test_what_made_an_answer_is_let_go_after_it_left(kit: Any, tmp_path: Path) -> None:
    """The answer is here before what made it is gone, and that is gone before the next task."""
    gone = tmp_path / "gone"
    async with kit.preparers() as pool:
        assert await pool.run("spend", str(gone).encode(), timeout=20) == b"spent"
        assert not gone.exists()
        await pool.run("echo", b"", timeout=20)
        assert gone.exists()


async def test_tasks_run_side_by_side_and_in_order(kit: Any) -> None:
    """Two processes do two tasks at once; tasks of one process keep their order."""
    async with kit.preparers(2) as pool:
        naps = [asyncio.create_task(pool.run("nap", b"0.2", timeout=20)) for _ in range(2)]
        await asyncio.sleep(0)
        assert [preparer.busy for preparer in pool.stats().preparers] == [True, True]
        await asyncio.gather(*naps)
    async with kit.preparers() as pool:
        done: list[int] = []

        async def one(index: int) -> None:
            await pool.run("echo", b"", timeout=20)
            done.append(index)

        await asyncio.gather(*(one(index) for index in range(20)))
        assert done == list(range(20))


async def test_slow_tasks_leave_a_process_free_for_the_others(kit: Any) -> None:
    """However many slow tasks wait, another task is done at once; alone in line, slow ones are all done in the end."""
    async with kit.preparers(2, slow_tasks=("nap",)) as pool:
        naps = [asyncio.create_task(pool.run("nap", b"0.3", timeout=20)) for _ in range(3)]
        await asyncio.sleep(0)
        assert sum(preparer.busy for preparer in pool.stats().preparers) == 1
        assert await pool.run("echo", b"abc", timeout=20) == b"cba"
        assert not naps[0].done()
        assert pool.stats().waiting == 2
        assert await asyncio.gather(*naps) == [b"slept"] * 3
    async with kit.preparers(1, slow_tasks=("nap",)) as pool:
        assert await pool.run("nap", b"0", timeout=20) == b"slept"


async def test_a_refusal_crosses_the_border_whole(kit: Any) -> None:
    """What the task found wrong arrives as the same PressrunError; an unexpected exception arrives without its text."""
    async with kit.preparers() as pool:
        with pytest.raises(PressrunError, match="HTML") as refused:
            await pool.run("refuse", b"", timeout=20)
        assert refused.value.reason is Reason.ASSET_INVALID
        assert refused.value.violations[0].field == "logo"
        assert refused.value.metadata == {"ref": "r"}
        with pytest.raises(PressrunError) as broken:
            await pool.run("broken", b"4711-SECRET", timeout=20)
        assert broken.value.reason is Reason.INTERNAL
        assert "ValueError" in broken.value.detail
        assert "4711" not in broken.value.detail + broken.value.message
        with pytest.raises(PressrunError, match="nonesuch"):
            await pool.run("nonesuch", b"", timeout=20)
        assert pool.stats().replaced == 0


@pytest.mark.parametrize(("task", "how"), [("segfault", "SIGSEGV"), ("suicide", "SIGKILL")])
async def test_a_crash_is_the_error_of_its_task_alone(kit: Any, task: str, how: str) -> None:
    """A task that kills its process fails with the signal's name; those behind it are done by the successor."""
    async with kit.preparers() as pool:
        crash = asyncio.create_task(pool.run(task, b"", timeout=20))
        rest = [asyncio.create_task(pool.run("echo", b"%d" % i, timeout=20)) for i in range(5)]
        with pytest.raises(PreparerCrashedError, match="damaged") as error:
            await crash
        assert how in error.value.detail
        assert [await each for each in rest] == [b"%d" % i for i in range(5)]
        assert (pool.stats().crashed, pool.stats().replaced) == (1, 1)


async def test_a_preparer_killed_from_outside_is_replaced(kit: Any) -> None:
    """SIGKILL in mid-task is a crash of that task; an idle process that is killed costs no task."""
    async with kit.preparers() as pool:
        task = asyncio.create_task(pool.run("nap", b"5", timeout=10))
        await asyncio.sleep(0.05)
        os.kill(pool.stats().preparers[0].pid, signal.SIGKILL)
        with pytest.raises(PreparerCrashedError):
            await task
        await kit.until(lambda: len(pool.stats().preparers) == 1)
        idle = pool.stats().preparers[0].pid
        os.kill(idle, signal.SIGKILL)
        await kit.until(lambda: pool.stats().replaced == 2 and [p.pid for p in pool.stats().preparers] != [idle])
        assert await pool.run("echo", b"ab", timeout=20) == b"ba"


async def test_a_task_that_hangs_is_ended_and_its_process_replaced(kit: Any) -> None:
    """At its wall limit a task fails, its process dies, and the next task has its full time on the successor."""
    async with kit.preparers() as pool:
        first = pool.stats().preparers[0].pid
        hanging = asyncio.create_task(pool.run("nap", b"60", timeout=0.1))
        behind = asyncio.create_task(pool.run("pid", b"", timeout=20))
        started = time.monotonic()
        with pytest.raises(PreparerTimeoutError, match=r"0\.1 s"):
            await hanging
        assert time.monotonic() - started < 10
        assert int(await behind) != first
        assert pool.stats().timed_out == 1


async def test_what_cost_a_process_is_told_also_where_its_caller_has_left(kit: Any) -> None:
    """Of a task that nobody waits for any more the pool says how it ended, where it took its process along."""
    told: list[PressrunError] = []
    async with kit.preparers() as pool:
        hanging = asyncio.create_task(pool.run("nap", b"60", timeout=0.2, lost=told.append))
        await asyncio.sleep(0.05)
        hanging.cancel()
        await pool.run("echo", b"", timeout=20, lost=told.append)
        assert [type(error) for error in told] == [PreparerTimeoutError]


async def test_the_memory_limit_fails_the_task_and_replaces_the_process(kit: Any) -> None:
    """An allocation above the address-space limit is an error that names the limit, and of the task alone."""
    async with kit.preparers(limits=Limits(address_space=512 * MIB)) as pool:
        first = await pool.run("pid", b"", timeout=20)
        with pytest.raises(PreparerMemoryError, match="512 MiB") as error:
            await pool.run("hog", b"%d" % (2048 * MIB), timeout=20)
        assert error.value.reason is Reason.LIMIT_EXCEEDED
        await kit.until(lambda: pool.stats().replaced == 1 and len(pool.stats().preparers) == 1)
        assert await pool.run("pid", b"", timeout=20) != first


async def test_the_cpu_limit_ends_a_task_and_is_renewed_for_the_next(kit: Any) -> None:
    """A task that burns more CPU than it may is ended by the kernel; the allowance is per task, not per process."""
    async with kit.preparers(limits=Limits(cpu_seconds=1)) as pool:
        with pytest.raises(PreparerTimeoutError, match="1 s of CPU"):
            await pool.run("spin", b"", timeout=20)
        assert await pool.run("echo", b"", timeout=20) == b""
        assert pool.stats().timed_out == 1


async def test_a_preparer_can_write_no_file_and_reach_no_address(kit: Any, tmp_path: Path) -> None:
    """No byte goes into a file, temporary ones included; where the machine allows it no address is reachable."""
    async with kit.preparers() as pool:
        with pytest.raises(PressrunError) as written:
            await pool.run("write", bytes(tmp_path / "file"), timeout=20)
        assert "OSError" in written.value.detail
        assert (tmp_path / "file").stat().st_size == 0
        limits = (await pool.run("core", b"", timeout=20)).decode()
        rows = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
        assert rows["Max core file size"] == ["0", "0"]
        assert rows["Max file size"] == ["0", "0"]
        assert rows["Max open files"] == ["64", "64"]
        async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            if not pool.stats().preparers[0].isolated:
                pytest.skip("this machine allows no network name space of one's own")
            with pytest.raises(PressrunError) as reached:
                await pool.run("connect", f"127.0.0.1:{port}".encode(), timeout=20)
            assert "OSError" in reached.value.detail or "ConnectionRefused" in reached.value.detail


async def test_a_preparer_inherits_no_secret_and_no_descriptor(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node's settings do not reach a preparer, and of its descriptors only the socket does."""
    monkeypatch.setenv("PRESSRUN_CORE_DAM_SECRET", "4711")
    with open(os.devnull, "rb") as kept:  # noqa: ASYNC230, PTH123 - a descriptor to be inherited, if any is
        os.set_inheritable(kept.fileno(), True)  # noqa: FBT003
        async with kit.preparers() as pool:
            environment = json.loads(await pool.run("environment", b"", timeout=20))
            assert "PATH" in environment
            assert not [name for name in environment if name.startswith("PRESSRUN")]
            # Standard streams, the socket, the memory figures, and the listing itself.
            assert len(json.loads(await pool.run("descriptors", b"", timeout=20))) == 6


async def test_a_worn_preparer_is_replaced_without_a_gap(kit: Any) -> None:
    """After its number of tasks, or above its memory ceiling, a process is replaced, and no task fails."""
    async with kit.preparers(tasks_per_process=10) as pool:
        pids: set[bytes] = set()
        async with asyncio.timeout(10):
            while len(pids) < 3:
                pids.add(await pool.run("pid", b"", timeout=20))
                await asyncio.sleep(0.005)
        assert pool.stats().crashed == 0
    async with kit.preparers(max_rss=100 * MIB) as pool:
        first = await pool.run("pid", b"", timeout=20)
        await pool.run("leak", b"%d" % (120 * MIB), timeout=20)
        await kit.until(lambda: pool.stats().replaced == 1)
        assert await pool.run("pid", b"", timeout=20) != first


async def test_a_cancelled_caller_leaves_the_line(kit: Any) -> None:
    """A caller that gives up while it waits costs no work; one that gives up in mid-task only drops the answer."""
    async with kit.preparers() as pool:
        running = asyncio.create_task(pool.run("nap", b"0.1", timeout=20))
        waiting = asyncio.create_task(pool.run("suicide", b"", timeout=20))
        await asyncio.sleep(0.02)
        waiting.cancel()
        running.cancel()
        for task in (running, waiting):
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await pool.run("echo", b"ok", timeout=20) == b"ko"
        assert (pool.stats().crashed, pool.stats().waiting) == (0, 0)


async def test_limits_of_the_line_and_of_a_payload(kit: Any) -> None:
    """Too many waiting tasks and too long payloads are refused at once, each with its own reason."""
    async with kit.preparers(max_waiting=1) as pool:
        tasks = [asyncio.create_task(pool.run("nap", b"0.1", timeout=20)) for _ in range(2)]
        await asyncio.sleep(0.02)
        with pytest.raises(PressrunError) as full:
            await pool.run("echo", b"", timeout=20)
        assert full.value.reason is Reason.QUEUE_FULL
        with pytest.raises(PressrunError) as long:
            await pool.run("echo", bytes(300 * MIB), timeout=20)
        assert long.value.reason is Reason.LIMIT_EXCEEDED
        await asyncio.gather(*tasks)


async def test_close_ends_waiting_and_running_tasks(kit: Any) -> None:
    """Closing fails every task that is not done, and later ones, with an error that sends the caller elsewhere."""
    async with kit.preparers() as pool:
        tasks = [asyncio.create_task(pool.run("nap", b"30", timeout=60)) for _ in range(3)]
        await asyncio.sleep(0.05)
    for task in tasks:
        with pytest.raises(PreparerClosedError):
            await task
    with pytest.raises(PreparerClosedError):
        await pool.run("echo", b"", timeout=1)
