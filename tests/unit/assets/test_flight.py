from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun_server.assets.flight import SingleFlight


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_many_callers_make_one_call() -> None:
    """A hundred callers who ask at the same time get the result of one call; the next one makes a new call."""
    flight: SingleFlight[str, int] = SingleFlight()
    calls = 0

    async def work() -> int:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.01)
        return calls

    assert set(await asyncio.gather(*(flight.run("key", work) for _ in range(100)))) == {1}
    assert flight.joined == 99
    assert await flight.run("key", work) == 2
    assert len(flight) == 0


async def test_keys_do_not_wait_for_each_other() -> None:
    """Calls with other keys go on beside."""
    flight: SingleFlight[str, str] = SingleFlight()
    gate = asyncio.Event()

    async def slow() -> str:
        await gate.wait()
        return "slow"

    async def quick() -> str:
        return "quick"

    waiting = asyncio.create_task(flight.run("slow", slow))
    await settle()
    assert await flight.run("quick", quick) == "quick"
    gate.set()
    assert await waiting == "slow"


async def test_a_failure_reaches_all_and_is_not_remembered() -> None:
    """Everyone who waits gets the failure; who comes later makes a new call."""
    flight: SingleFlight[str, str] = SingleFlight()

    async def fails() -> str:
        await asyncio.sleep(0)
        raise LookupError("gone")

    found = await asyncio.gather(*(flight.run("key", fails) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(one, LookupError) for one in found)

    async def works() -> str:
        return "here"

    assert await flight.run("key", works) == "here"


@pytest.mark.parametrize("leaver", [0, 1, 4])
async def test_one_who_leaves_does_not_disturb_the_others(leaver: int) -> None:
    """Cancelling any caller, the first one too, leaves the call and the others alone."""
    flight: SingleFlight[str, str] = SingleFlight()
    gate = asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "done"

    tasks = [asyncio.create_task(flight.run("key", work)) for _ in range(5)]
    await settle()
    tasks[leaver].cancel()
    await settle()
    assert tasks[leaver].cancelled()
    gate.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [one for index, one in enumerate(found) if index != leaver] == ["done"] * 4


async def test_the_call_ends_when_nobody_waits() -> None:
    """When all have left, the work is cancelled; who comes then gets a call of his own, not the dying one."""
    flight: SingleFlight[str, str] = SingleFlight()
    ended: list[str] = []

    async def work() -> str:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0)  # dies slowly
            ended.append("ended")
        return "never"

    task = asyncio.create_task(flight.run("key", work))
    await settle()
    task.cancel()
    await asyncio.sleep(0)

    async def again() -> str:
        return "new"

    assert await flight.run("key", again) == "new"
    await settle()
    assert ended == ["ended"]
    assert len(flight) == 0


async def test_close_ends_everything() -> None:
    """Closing cancels what is under way, and leaves no task behind."""
    flight: SingleFlight[int, None] = SingleFlight()
    before = asyncio.all_tasks()

    async def work() -> None:
        await asyncio.sleep(10)

    tasks = [asyncio.create_task(flight.run(number, work)) for number in range(3)]
    await settle()
    await flight.close()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in found)
    assert asyncio.all_tasks() == before


async def test_a_failure_that_nobody_waits_for_is_no_warning() -> None:
    """A call that fails just after its last caller left is not reported as an exception that was never retrieved."""
    flight: SingleFlight[str, None] = SingleFlight()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise LookupError("on the way out") from None

    task = asyncio.create_task(flight.run("key", work))
    await settle()
    task.cancel()
    await settle()
    del task
    assert complaints == []


steps = st.lists(
    st.tuples(st.sampled_from(["ask", "leave", "finish", "fail"]), st.integers(0, 2), st.integers(0, 5)), max_size=40
)


@settings(max_examples=200, deadline=None)
@given(steps=steps)
def test_any_interleaving(steps: list[tuple[str, int, int]]) -> None:
    """Whoever asks, leaves, and however calls end: one call for a key at a time, all who stay get its outcome, none leak."""

    async def play() -> None:
        flight: SingleFlight[int, int] = SingleFlight()
        running: dict[int, asyncio.Future[int]] = {}
        waiting: dict[int, list[asyncio.Task[int]]] = {0: [], 1: [], 2: []}
        started = 0

        def make(key: int) -> asyncio.Future[int]:
            nonlocal started
            assert key not in running or running[key].done(), "two calls for one key"
            started += 1
            running[key] = asyncio.get_running_loop().create_future()
            return running[key]

        for action, key, which in steps:
            if action == "ask":
                waiting[key].append(asyncio.create_task(flight.run(key, lambda key=key: make(key))))  # type: ignore[misc]
                await settle()
                assert key in running
                assert not running[key].done()
            elif action == "leave" and waiting[key]:
                gone = waiting[key].pop(which % len(waiting[key]))
                gone.cancel()
                await settle()
                assert gone.cancelled()
                assert running[key].cancelled() == (not waiting[key])
            elif action in {"finish", "fail"} and waiting[key]:
                if action == "finish":
                    running[key].set_result(started)
                else:
                    running[key].set_exception(LookupError())
                await settle()
                outcomes = [task.exception() if action == "fail" else task.result() for task in waiting[key]]
                assert all(isinstance(one, LookupError) for one in outcomes) or set(outcomes) == {started}
                waiting[key] = []
            assert len(flight) == sum(bool(tasks) for tasks in waiting.values())
        for tasks in waiting.values():
            for task in tasks:
                task.cancel()
        await settle()
        assert len(flight) == 0

    asyncio.run(play())
