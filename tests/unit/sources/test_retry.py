from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from pressrun_sources.errors import NotFoundError, RateLimitedError, UnavailableError
from pressrun_sources.transport.budget import Budget
from pressrun_sources.transport.retry import RetryPolicy, retry_after
from pressrun_sources.transport.timing import Timing

PASSING = UnavailableError("dam", None, "down")


def policy(chance: float = 0.5) -> RetryPolicy:
    """Three retries from 0.2 to 5 seconds with loaded dice."""
    return RetryPolicy(3, 0.2, 5.0, Timing(random=lambda: chance))


@given(st.integers(1, 3), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_within_bounds(failures: int, chance: float) -> None:
    """A pause lies between half and the whole of a ceiling that doubles with each failure."""
    pause = policy(chance).pause(failures, PASSING, 100)
    assert pause is not None
    ceiling = 0.2 * 2 ** (failures - 1)
    assert ceiling / 2 <= pause <= ceiling


def test_limits() -> None:
    """There is no pause after the last retry, after a lasting failure, or beyond the time that is left."""
    assert policy().pause(4, PASSING, 100) is None
    assert policy().pause(1, NotFoundError("dam", None, "gone"), 100) is None
    assert policy().pause(1, PASSING, 0.1) is None
    assert RetryPolicy(20, 0.2, 5.0, Timing(random=lambda: 0.999)).pause(15, PASSING, 100) == pytest.approx(5, abs=0.01)


def test_wishes_of_the_system() -> None:
    """The system's own pause wins when it is longer, and ends the retries when it is too long."""
    error = RateLimitedError("dam", None, "slow down", "", 7.0)
    assert policy().pause(1, error, 100) == 7.0
    assert policy().pause(1, error, 5) is None
    assert policy().pause(3, RateLimitedError("dam", None, "slow down", "", 0.0), 100) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 3 ", 3.0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Thu, 01 Jan 2026 00:01:00 -0000", 60.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("12345678901234567890", None),
        ("²", None),
    ],
)
def test_retry_after(text: str, expected: float | None) -> None:
    """Seconds and dates are understood, anything else counts as nothing said."""
    headers = CIMultiDictProxy(CIMultiDict({"retry-after": text}))
    assert retry_after(headers, ("Retry-After",), 1_767_225_600.0) == expected


def test_retry_after_by_another_name() -> None:
    """The first header that can be read counts."""
    headers = CIMultiDictProxy(CIMultiDict({"Retry-After": "soon", "X-Reset": "9"}))
    assert retry_after(headers, ("Retry-After", "X-Reset"), 0.0) == 9.0


@pytest.mark.parametrize("text", ["9999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_system_is_left_alone_for_good(text: str) -> None:
    """Whatever a system asks for, it is asked again after an hour."""
    assert retry_after({"Retry-After": text}, ("Retry-After",), 1_767_225_600.0) == 3600.0


async def test_no_origin_is_left_alone_for_good() -> None:
    """A reset in the far future, in whatever form, ends after an hour."""
    origin = URL("https://dam.example")
    for headers in (
        {"X-FeatureRateLimit-Remaining": "0", "X-FeatureRateLimit-Reset": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"RateLimit": "r=0;t=999999999"},
        {"RateLimit": "r=1;t=999999999", "RateLimit-Policy": "q=100"},
    ):
        budget = Budget(Timing())
        for _ in range(3):
            ticket = await budget.take(origin)
            if not ticket.wait:
                await budget.took(origin, ticket, 200, headers)
        assert 3000 < (await budget.take(origin)).wait <= 3601
