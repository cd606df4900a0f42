"""Counts what a stream of documents brings; pure arithmetic, for the progress display and the closing table."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["EARLY", "Failure", "Tally", "percentile"]

_TIERS = ("memory", "disk", "redis", "source")
EARLY = 50
"""Documents that a cache may need to get warm."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that there is none of."""

    request_id: str
    reason: str
    message: str


class Tally:
    """What has come of the documents so far.

    Args:
        total: how many were asked for.
        listed: failures that are kept whole; all are counted.

    Example:
        >>> tally = Tally(2)
        >>> tally.start(10.0)
        >>> tally.document(pages=2, size=90_000, latency=0.1, first_byte=0.1, cache={"memory": 2}, now=12.0)
        >>> tally.done, tally.rate, tally.seconds_left, tally.hit_ratio
        (1, 0.5, 2.0, 1.0)
    """

    def __init__(self, total: int, *, listed: int = 10) -> None:
        self.total = total
        self.documents = 0
        self.pages = 0
        self.size = 0
        self.failed = 0
        self.failures: list[Failure] = []
        self.cache: Counter[str] = Counter(dict.fromkeys(_TIERS, 0))
        """Assets of all documents, by where they were found: memory, disk, redis or source."""
        self._late: Counter[str] = Counter()
        self._listed = listed
        self._latencies = array("d")
        self._first_bytes = array("d")
        self._started = self._last = 0.0

    def start(self, now: float) -> None:
        """The first document is asked for."""
        self._started = self._last = now

    def document(
        self, *, pages: int, size: int, latency: float, first_byte: float, cache: dict[str, int], now: float
    ) -> None:
        """A document came."""
        self.documents += 1
        self.pages += pages
        self.size += size
        self.cache.update(cache)
        if self.documents > EARLY:
            self._late.update(cache)
        self._latencies.append(latency)
        self._first_bytes.append(first_byte)
        self._last = now

    def failure(self, failure: Failure, now: float) -> None:
        """A document failed."""
        self._list(failure)
        self._last = now

    def take_back(self, failure: Failure) -> None:
        """A document that was counted turned out to be none."""
        self.documents -= 1
        self._list(failure)

    def _list(self, failure: Failure) -> None:
        self.failed += 1
        if len(self.failures) < self._listed:
            self.failures.append(failure)

    @property
    def done(self) -> int:
        """Documents that were answered, failed ones included."""
        return self.documents + self.failed

    @property
    def seconds(self) -> float:
        """From the first request to the newest answer."""
        return self._last - self._started

    @property
    def rate(self) -> float:
        """Finished documents a second."""
        return self.documents / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Time for the rest at the speed so far; None before the first answer."""
        return self.seconds / self.done * (self.total - self.done) if self.done and self.seconds > 0 else None

    @property
    def hit_ratio(self) -> float | None:
        """The part of all assets that no source was asked for; None before the first."""
        found = self.cache.total()
        return 1 - self.cache["source"] / found if found else None

    @property
    def late_assets(self) -> int:
        """Assets of the documents after the first `EARLY`."""
        return self._late.total()

    @property
    def late_hit_ratio(self) -> float | None:
        """The part of those that no source was asked for; None where there are none."""
        found = self._late.total()
        return 1 - self._late["source"] / found if found else None

    def latency(self, share: float) -> float:
        """The latency that this share of the documents kept within, in seconds; NaN without documents."""
        return percentile(self._latencies, share)

    def first_byte(self, share: float) -> float:
        """The same of the time to the first byte."""
        return percentile(self._first_bytes, share)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank); NaN without values.

    Example:
        >>> percentile([4.0, 1.0, 3.0, 2.0], 0.5)
        2.0
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, not {share}; give e.g. 0.99")
    if not values:
        return math.nan
    # The tiny bit undoes binary rounding: 0.07 * 100 is a little more than 7.
    return sorted(values)[math.ceil(share * len(values) - 1e-9) - 1]
