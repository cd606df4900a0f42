from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_loadtest.demo.tally import Failure, Tally, percentile


def document(tally: Tally, now: float, *, latency: float = 0.1, **cache: int) -> None:
    """Counts a document of two pages."""
    tally.document(pages=2, size=1000, latency=latency, first_byte=latency / 2, cache=cache, now=now)


def test_rates_and_remaining_time_follow_from_the_answers() -> None:
    """The rate counts finished documents only; the time left counts every answer."""
    tally = Tally(8)
    tally.start(100.0)
    for second in (101.0, 102.0, 103.0):
        document(tally, second, memory=2)
    tally.failure(Failure("x", "CANCELLED", "gone"), 104.0)
    assert (tally.documents, tally.failed, tally.done, tally.pages, tally.size) == (3, 1, 4, 6, 3000)
    assert tally.seconds == 4.0
    assert tally.rate == 0.75
    assert tally.seconds_left == 4.0


def test_nothing_is_known_before_the_first_answer() -> None:
    """Without answers there is no rate to go by, no hit ratio, and no latency."""
    tally = Tally(8)
    tally.start(100.0)
    assert tally.rate == 0
    assert tally.seconds_left is None
    assert tally.hit_ratio is None
    assert math.isnan(tally.latency(0.5))


def test_hit_ratio_counts_every_tier_but_the_source() -> None:
    """Memory and disk are hits, a source is none, whatever the order of the documents."""
    tally = Tally(3)
    document(tally, 1.0, source=2)
    document(tally, 2.0, memory=1, disk=1)
    document(tally, 3.0, memory=2)
    assert tally.hit_ratio == pytest.approx(4 / 6)
    assert dict(tally.cache) == {"memory": 3, "disk": 1, "redis": 0, "source": 2}


def test_only_the_first_failures_are_kept_but_all_are_counted() -> None:
    """A run of which everything fails keeps no more than it lists."""
    tally = Tally(100, listed=3)
    for number in range(100):
        tally.failure(Failure(f"d{number}", "X", "m"), float(number))
    assert [failure.request_id for failure in tally.failures] == ["d0", "d1", "d2"]
    assert tally.failed == tally.done == 100


def test_a_document_can_be_taken_back() -> None:
    """What was counted and turned out wrong is a failure, once; time does not move by it."""
    tally = Tally(2)
    tally.start(1.0)
    document(tally, 2.0)
    document(tally, 3.0)
    tally.take_back(Failure("x", "INTEGRITY", "differs"))
    assert (tally.documents, tally.failed, tally.done, tally.seconds) == (1, 1, 2, 2.0)
    assert tally.failures[0].reason == "INTEGRITY"


def test_percentiles_of_latency_and_first_byte_are_apart() -> None:
    """Each of the two has its own values."""
    tally = Tally(100)
    for number in range(1, 101):
        document(tally, float(number), latency=float(number))
    assert (tally.latency(0.5), tally.latency(0.99), tally.latency(1.0)) == (50.0, 99.0, 100.0)
    assert (tally.first_byte(0.5), tally.first_byte(0.99)) == (25.0, 49.5)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    """The message says what would be valid."""
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        percentile([1.0], share)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_covers_its_share(values: list[float], hundredths: int) -> None:
    """At least the share lies at or below it, and less than the share lies below it."""
    found = percentile(values, hundredths / 100)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= hundredths * len(values)
    assert sum(value < found for value in values) * 100 < hundredths * len(values)
    assert percentile(values, 1.0) == max(values)
    assert min(values) <= percentile(values, 0.5) <= max(statistics.median_high(values), min(values))


def test_the_beginning_does_not_count_against_a_warm_cache() -> None:
    """What a source was asked for by the first fifty documents shows in all hits and not in those after them."""
    tally = Tally(100)
    tally.start(0.0)
    for number in range(50):
        document(tally, float(number), source=2)
    assert (tally.late_hit_ratio, tally.late_assets) == (None, 0)
    for number in range(50):
        document(tally, float(number), memory=2)
    assert (tally.hit_ratio, tally.late_hit_ratio, tally.late_assets) == (0.5, 1.0, 100)
    document(tally, 100.0, source=2, redis=2)
    assert tally.late_hit_ratio == pytest.approx(1 - 2 / 104)
