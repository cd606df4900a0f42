"""The small parts that a stream is made of."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_client import (
    ClientConfig,
    FailedDocument,
    InternalError,
    NodeUnavailableError,
    OverloadedError,
    RenderRequest,
)
from pressrun_client.alarm import Alarm
from pressrun_client.delivery import Delivery
from pressrun_client.intake import Intake
from pressrun_client.retry import retry_delay


@given(st.permutations(range(8)))
def test_ordered_results_wait_for_their_turn(arrivals: list[int]) -> None:
    """Whatever the order of completion, results are taken in the order of the requests, each as soon as it can be."""
    delivery = Delivery(ordered=True)
    taken: list[str] = []
    for count, index in enumerate(arrivals, start=1):
        delivery.put(index, FailedDocument(str(index), InternalError("x")))
        while (result := delivery.take()) is not None:
            taken.append(result.request_id)
        done = set(arrivals[:count])
        assert len(taken) == next(turn for turn in range(9) if turn not in done)
    assert taken == [str(index) for index in range(8)]


def test_unordered_results_do_not_wait() -> None:
    """As-completed results are taken in the order of completion."""
    delivery = Delivery(ordered=False)
    for index in (2, 0, 1):
        delivery.put(index, FailedDocument(str(index), InternalError("x")))
    assert [cast("Any", delivery.take()).request_id for _ in range(3)] == ["2", "0", "1"]
    assert delivery.take() is None


async def test_the_alarm_rings_once_for_the_earliest() -> None:
    """Of many deadlines only the earliest sets the timer."""
    rings: list[float] = []
    start = time.monotonic()
    alarm = Alarm(lambda: rings.append(time.monotonic() - start))
    for delay in (5.0, 0.02, 3.0):
        alarm.by(start + delay)
    await asyncio.sleep(0.08)
    assert len(rings) == 1
    assert rings[0] >= 0.019
    alarm.by(start)
    alarm.cancel()
    await asyncio.sleep(0.01)
    assert len(rings) == 1


def test_a_plain_iterable_is_pulled_no_further_than_there_is_room() -> None:
    """Each release makes room for exactly one more."""
    pulled: list[int] = []

    def source() -> Iterator[RenderRequest]:
        for index in range(5):
            pulled.append(index)
            yield RenderRequest("a", b"{}")

    intake = Intake(source(), 2, lambda _: None, lambda: None)
    while intake.pull():
        pass
    assert pulled == [0, 1]
    intake.release()
    assert intake.pull()
    assert not intake.pull()
    assert pulled == [0, 1, 2]
    for _ in range(2):
        intake.release()
        assert intake.pull()
    assert not intake.exhausted
    intake.release()
    assert not intake.pull()
    assert intake.exhausted


async def test_an_asynchronous_iterable_is_pulled_no_further_than_there_is_room() -> None:
    """Its task waits until something is released."""
    pulled: list[int] = []

    async def source() -> AsyncIterator[RenderRequest]:
        for index in range(4):
            pulled.append(index)
            yield RenderRequest("a", b"{}")

    intake = Intake(source(), 2, lambda _: None, lambda: None)
    task = asyncio.create_task(intake.run())
    await asyncio.sleep(0.01)
    assert pulled == [0, 1]
    intake.release()
    await asyncio.sleep(0.01)
    assert pulled == [0, 1, 2]
    for _ in range(3):
        intake.release()
    await task
    assert intake.exhausted
    assert intake.error is None


def test_what_is_no_request_ends_the_intake() -> None:
    """A caller's mistake is told, and nothing after it is pulled."""
    intake = Intake(cast("Any", [{"template": "a"}]), 2, lambda _: None, lambda: None)
    assert not intake.pull()
    assert isinstance(intake.error, TypeError)


@given(st.integers(1, 4), st.floats(0, 2))
def test_waits_grow_within_their_bounds(attempts: int, asked: float) -> None:
    """A wait is between half of the backoff and all of it, unless the node asks for more."""
    config = ClientConfig(attempts=5, backoff_initial=0.1, backoff_factor=3.0, backoff_max=1.0)
    error = OverloadedError("Full.", retryable=True, retry_after=asked)
    backoff = min(1.0, 0.1 * 3.0 ** (attempts - 1))
    random.seed(attempts)
    delay = retry_delay(config, error, attempts, time_left=100.0)
    assert delay is not None
    assert max(asked, backoff / 2) <= delay <= max(asked, backoff)


def test_attempts_time_and_kind_bound_the_repeats() -> None:
    """No attempt follows the last one, one that would come too late, or a failure that would only repeat itself."""
    config = ClientConfig(attempts=3, backoff_initial=0.1)
    passing = NodeUnavailableError("Away.", retryable=True)
    assert retry_delay(config, passing, 2, time_left=100.0) is not None
    assert retry_delay(config, passing, 3, time_left=100.0) is None
    assert retry_delay(config, passing, 1, time_left=0.01) is None
    assert retry_delay(config, InternalError("Defect."), 1, time_left=100.0) is None


@pytest.mark.parametrize("ordered", [True, False])
async def test_news_wakes_the_waiter(*, ordered: bool) -> None:
    """A waiter goes on when a result comes."""
    delivery = Delivery(ordered=ordered)
    asyncio.get_running_loop().call_later(0.01, delivery.put, 0, FailedDocument("a", InternalError("x")))
    await asyncio.wait_for(delivery.news(), 0.2)
    assert delivery.take() is not None
