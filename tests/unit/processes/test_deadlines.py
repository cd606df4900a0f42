"""Deadlines: one timer for many tasks, with the manners of `asyncio.timeout_at`."""

from __future__ import annotations

import asyncio
import random

import pytest

from pressrun_server.render.deadlines import Deadlines


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _sleep_until(deadlines: Deadlines, after: float, work: float) -> tuple[str, float]:
    began = _now()
    try:
        with deadlines.at(began + after):
            await asyncio.sleep(work)
    except TimeoutError:
        return "late", _now() - began
    return "done", _now() - began


async def test_what_takes_longer_is_ended_at_its_moment_and_what_does_not_is_left_alone() -> None:
    """Each task ends at its own moment, in whatever order they were asked for."""
    deadlines = Deadlines()
    limits = [0.02 + 0.01 * number for number in range(12)]
    random.Random(6).shuffle(limits)
    late = [_sleep_until(deadlines, limit, 30.0) for limit in limits]
    done = [_sleep_until(deadlines, 30.0, 0.03), _sleep_until(deadlines, 0.5, 0.0)]
    *ended, first, second = await asyncio.gather(*late, *done)
    assert first[0] == second[0] == "done"
    for limit, (outcome, seconds) in zip(limits, ended, strict=True):
        assert outcome == "late"
        assert seconds >= limit - 0.001  # the clock of the loop is that coarse


async def test_a_moment_that_is_over_ends_the_first_wait() -> None:
    """What comes too late is ended where it first waits."""
    outcome, seconds = await _sleep_until(Deadlines(), -1.0, 30.0)
    assert outcome == "late"
    assert seconds < 10.0


async def test_a_deadline_that_was_left_cancels_nothing() -> None:
    """Leaving in time is the end of it."""
    deadlines = Deadlines()
    with deadlines.at(_now() + 0.01) as left:
        pass
    await asyncio.sleep(0.03)
    assert not left.expired


async def test_a_task_that_somebody_else_cancels_stays_cancelled() -> None:
    """A cancellation from outside is not taken for a deadline."""
    deadlines = Deadlines()
    task = asyncio.create_task(_sleep_until(deadlines, 0.01, 30.0))
    await asyncio.sleep(0)
    # Both cancel it before it runs again.
    for deadline in tuple(deadlines._live):
        deadline.expire()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_is_not_hidden_by_the_deadline() -> None:
    """The work's own error comes out, and the task is not left half cancelled."""
    deadlines = Deadlines()

    async def failing() -> None:
        with deadlines.at(_now() + 0.01):
            try:
                await asyncio.sleep(30.0)
            except asyncio.CancelledError:
                raise ValueError("its own") from None

    with pytest.raises(ValueError, match="its own"):
        await failing()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_it_takes_a_task() -> None:
    """Outside a task there is nothing to cancel, and the message says so."""
    deadlines = Deadlines()
    failures: list[str] = []

    def outside() -> None:
        try:
            with deadlines.at(0.0):
                pass
        except RuntimeError as error:
            failures.append(str(error))

    asyncio.get_running_loop().call_soon(outside)
    await asyncio.sleep(0)
    assert failures == ["a deadline needs a task that it can cancel"]
