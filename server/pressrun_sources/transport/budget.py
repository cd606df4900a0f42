"""What systems say about how often they may still be asked, respected before they have to refuse.

Documented: `X-FeatureRateLimit-Remaining` and `-Reset` (an HTTP date) of Cloudinary; `Retry-After` (RFC 9110 section
10.2.3). A draft of the IETF: `RateLimit-Remaining` and `RateLimit-Reset` (seconds), and the field `RateLimit` with the
members `r` and `t`. A count without a time says nothing of when to ask again, and is left alone. What is left of what
is allowed (`X-FeatureRateLimit-Limit`, `RateLimit-Limit`, or `q` of `RateLimit-Policy`) is only watched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from yarl import URL

from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.retry import retry_after
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Allowance

__all__ = ["Budget"]

_MEMBER = re.compile(r"\b(r|t|q|remaining|reset)=(\d{1,9})")
_COUNT = re.compile(r"\d{1,9}")
_REFUSED = frozenset({420, 429})
_PAIRS = (
    ("X-FeatureRateLimit-Remaining", "X-FeatureRateLimit-Reset"),
    ("RateLimit-Remaining", "RateLimit-Reset"),
)
_LIMITS = ("X-FeatureRateLimit-Limit", "RateLimit-Limit")
_HOLDS_SECONDS = 300.0
"""How long a count is shown that came without a time of its reset."""


class Budget:
    """For each origin the moment before which it is not asked again.

    Args:
        timing: the clocks.
        name: the source's.
        pauses: what the processes of a cluster tell each other; None: each is on its own.
    """

    def __init__(self, timing: Timing, *, name: str = "", pauses: Pauses | None = None) -> None:
        self._timing = timing
        self._name = name
        self._pauses = pauses
        self._until: dict[URL, float] = {}
        self._told: dict[URL, tuple[Allowance, float]] = {}
        """What each origin said is left, and until when that holds."""

    def paused(self) -> float:
        """Seconds for which an origin is still left alone, of several the longest."""
        return max((self.wait(origin) for origin in list(self._until)), default=0.0)

    def allowance(self) -> Allowance | None:
        """What is left of what is allowed, of several origins the scarcest."""
        now = self._timing.monotonic()
        told = [allowance for allowance, until in self._told.values() if until > now]
        return min(told, key=lambda each: each.remaining / each.limit, default=None)

    def wait(self, origin: URL) -> float:
        """Seconds until the origin may be asked; 0 for at once."""
        until = self._until.get(origin)
        if until is None:
            return 0.0
        left = until - self._timing.monotonic()
        if left <= 0:
            del self._until[origin]
            return 0.0
        return left

    async def left(self, origin: URL) -> float:
        """As `wait`, by what any process of the cluster was told."""
        own = self.wait(origin)
        return own if self._pauses is None else max(own, await self._pauses.left(self._key(origin)))

    async def took(self, origin: URL, status: int, headers: Mapping[str, str]) -> None:
        """Take in what came with an answer, and tell the others."""
        pause = self.note(origin, status, headers)
        if pause and self._pauses is not None:
            await self._pauses.begin(self._key(origin), pause)

    def _key(self, origin: URL) -> str:
        return f"{self._name}:{origin}"

    def note(self, origin: URL, status: int, headers: Mapping[str, str]) -> float | None:
        """Take in what came with an answer; the seconds for which the origin is left alone, if it says so."""
        now = self._timing.wall()
        pause = retry_after(headers, ("Retry-After",), now) if status in _REFUSED else None
        for remaining, reset in _PAIRS:
            if pause is None and headers.get(remaining, "").strip() == "0":
                pause = retry_after(headers, (reset,), now)
        members = dict(_MEMBER.findall(headers.get("RateLimit", "")))
        if pause is None and members.get("r", members.get("remaining")) == "0":
            text = members.get("t", members.get("reset"))
            pause = float(text) if text else None
        self._watch(origin, headers, members, now)
        if pause:
            self._until[origin] = max(self._until.get(origin, 0.0), self._timing.monotonic() + pause)
        return pause

    def _watch(self, origin: URL, headers: Mapping[str, str], members: Mapping[str, str], now: float) -> None:
        policy = dict(_MEMBER.findall(headers.get("RateLimit-Policy", "")))
        pairs = [
            (headers.get(remaining, ""), headers.get(limit, ""), retry_after(headers, (reset,), now))
            for (remaining, reset), limit in zip(_PAIRS, _LIMITS, strict=True)
        ]
        reset = members.get("t", members.get("reset"))
        left = members.get("r", members.get("remaining", ""))
        pairs.append((left, policy.get("q", ""), float(reset) if reset else None))
        for remaining, limit, seconds in pairs:
            if _COUNT.fullmatch(remaining) and _COUNT.fullmatch(limit) and int(limit):
                holds = _HOLDS_SECONDS if seconds is None else seconds
                self._told[origin] = Allowance(int(remaining), int(limit)), self._timing.monotonic() + holds
                return
