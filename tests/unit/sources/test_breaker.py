from __future__ import annotations

import pytest
from multidict import CIMultiDict
from yarl import URL

from pressrun_sources.transport.breaker import Breaker
from pressrun_sources.transport.budget import Budget, Ticket
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Allowance

ORIGIN = URL("https://dam.example")
WALL = 1_767_225_600.0


class Clock:
    """A clock that tests move."""

    now = 100.0

    def __call__(self) -> float:
        """Where it stands."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


def test_opens_and_closes(clock: Clock) -> None:
    """It opens after failures on end, lets one request in after its time, and closes when that succeeds."""
    breaker = Breaker(2, 5.0, Timing(monotonic=clock))
    for outcome in ("unavailable", "ok", "unavailable", "cancelled", "timed_out"):
        assert breaker.wait() is None
        breaker.ended(outcome)
    assert breaker.wait() == 5.0
    assert breaker.open
    clock.now += 5
    assert breaker.wait() is None
    assert breaker.wait() == 2.5
    breaker.ended("unavailable")
    assert breaker.wait() == 5.0
    clock.now += 5
    assert breaker.wait() is None
    assert breaker.open
    breaker.ended("not_found")
    assert breaker.wait() is None
    assert not breaker.open


def test_cancelled_probe(clock: Clock) -> None:
    """A cancelled request says nothing, and the next one may try."""
    breaker = Breaker(1, 5.0, Timing(monotonic=clock))
    breaker.ended("unavailable")
    clock.now += 5
    assert breaker.wait() is None
    breaker.ended("cancelled")
    assert breaker.wait() is None


def test_switched_off(clock: Clock) -> None:
    """Zero switches it off; a rate limit is an answer."""
    breaker = Breaker(0, 5.0, Timing(monotonic=clock))
    for _ in range(100):
        breaker.ended("unavailable")
    assert breaker.wait() is None
    breaker = Breaker(1, 5.0, Timing(monotonic=clock))
    breaker.ended("rate_limited")
    assert breaker.wait() is None


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (200, {"X-FeatureRateLimit-Remaining": "0", "X-FeatureRateLimit-Reset": "Thu, 01 Jan 2026 00:01:00 GMT"}, 60.0),
        (200, {"X-FeatureRateLimit-Remaining": "1", "X-FeatureRateLimit-Reset": "Thu, 01 Jan 2026 00:01:00 GMT"}, 0.0),
        (200, {"RateLimit-Remaining": "0", "RateLimit-Reset": "7"}, 7.0),
        (200, {"RateLimit-Remaining": "0"}, 0.0),
        (200, {"RateLimit": '"default";r=0;t=9'}, 9.0),
        (200, {"RateLimit": '"default";r=3;t=9'}, 0.0),
        (429, {"Retry-After": "3"}, 3.0),
        (503, {"Retry-After": "3"}, 0.0),
        (429, {}, 0.0),
    ],
)
def test_budget(clock: Clock, status: int, headers: dict[str, str], wait: float) -> None:
    """A used-up budget holds requests back until its reset, for that origin alone."""
    budget = Budget(Timing(monotonic=clock, wall=lambda: WALL))
    budget.note(ORIGIN, status, CIMultiDict(headers))
    assert budget.wait(ORIGIN) == wait
    assert budget.wait(URL("https://cdn.example")) == 0
    clock.now += wait
    assert budget.wait(ORIGIN) == 0


@pytest.mark.parametrize(
    ("headers", "left", "holds"),
    [
        (
            {"X-FeatureRateLimit-Limit": "500", "X-FeatureRateLimit-Remaining": "40", "X-FeatureRateLimit-Reset": "60"},
            (40, 500),
            60,
        ),
        ({"RateLimit-Limit": "10", "RateLimit-Remaining": "3"}, (3, 10), 300),
        ({"RateLimit-Policy": '"default";q=100;w=60', "RateLimit": '"default";r=7;t=9'}, (7, 100), 9),
        ({"RateLimit": '"default";r=7;t=9'}, None, 0),
        ({"RateLimit-Limit": "0", "RateLimit-Remaining": "0"}, None, 0),
        ({"RateLimit-Limit": "many", "RateLimit-Remaining": "3"}, None, 0),
        ({}, None, 0),
    ],
)
def test_allowance(clock: Clock, headers: dict[str, str], left: tuple[int, int] | None, holds: float) -> None:
    """What is left of what a system allows is known until its reset, of several origins the scarcest."""
    budget = Budget(Timing(monotonic=clock, wall=lambda: WALL))
    budget.note(ORIGIN, 200, CIMultiDict(headers))
    assert budget.allowance() == (None if left is None else Allowance(*left))
    budget.note(URL("https://cdn.example"), 200, CIMultiDict({"RateLimit-Limit": "100", "RateLimit-Remaining": "1"}))
    assert budget.allowance() == Allowance(1, 100)
    clock.now += holds
    budget.note(URL("https://cdn.example"), 200, CIMultiDict({"RateLimit-Limit": "100", "RateLimit-Remaining": "99"}))
    assert budget.allowance() == Allowance(99, 100)


async def _send(budget: Budget, number: int, origin: URL = ORIGIN) -> list[Ticket]:
    """So many requests that may be sent."""
    tickets = [await budget.take(origin) for _ in range(number)]
    assert [ticket.wait for ticket in tickets] == [0] * number
    return tickets


async def test_counted_before_it_is_sent(clock: Clock) -> None:
    """What is left is counted down by requests that are under way, and anew after the reset; plenty is not counted."""
    budget = Budget(Timing(monotonic=clock, wall=lambda: WALL))

    def told(left: int) -> CIMultiDict[str]:
        return CIMultiDict(
            {
                "X-FeatureRateLimit-Limit": "500",
                "X-FeatureRateLimit-Remaining": str(left),
                "X-FeatureRateLimit-Reset": "60",
            }
        )

    (first, *_) = await _send(budget, 1)
    await budget.took(ORIGIN, first, 200, told(400))
    tickets = await _send(budget, 401)
    # Three are under way when the answer to the one before them comes, so two of five are left.
    await budget.took(ORIGIN, tickets[-4], 200, told(5))
    await _send(budget, 1)
    # An answer that comes late tells of more, and is of before.
    await budget.took(ORIGIN, tickets[-10], 200, told(11))
    await _send(budget, 1)
    assert (await budget.take(ORIGIN)).wait == 61
    await _send(budget, 3, URL("https://cdn.example"))
    clock.now += 61
    await _send(budget, 3)


async def test_a_window_that_is_not_told(clock: Clock) -> None:
    """Where a system tells what is left and not until when, what is known of its window counts."""
    budget = Budget(Timing(monotonic=clock, wall=lambda: WALL), window=20)
    (ticket,) = await _send(budget, 1)
    await budget.took(ORIGIN, ticket, 200, CIMultiDict({"RateLimit-Remaining": "1"}))
    await _send(budget, 1)
    assert (await budget.take(ORIGIN)).wait == 21
    clock.now += 21
    (ticket,) = await _send(budget, 1)
    await budget.took(ORIGIN, ticket, 429, CIMultiDict({"RateLimit-Remaining": "0"}))
    assert (await budget.take(ORIGIN)).wait == 20


def test_paused(clock: Clock) -> None:
    """The longest pause that an origin asked for is known, and over when it is over."""
    budget = Budget(Timing(monotonic=clock, wall=lambda: WALL))
    assert budget.paused() == 0
    budget.note(ORIGIN, 429, CIMultiDict({"Retry-After": "3"}))
    budget.note(URL("https://cdn.example"), 429, CIMultiDict({"Retry-After": "8"}))
    assert budget.paused() == 8
    clock.now += 5
    assert budget.paused() == 3
    clock.now += 3
    assert budget.paused() == 0
