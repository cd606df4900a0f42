"""What systems say about how often they may still be asked, respected before they have to refuse.

Documented: `X-FeatureRateLimit-Remaining` and `-Reset` (an HTTP date) of Cloudinary; `Retry-After` (RFC 9110 section
10.2.3). A draft of the IETF: `RateLimit-Remaining` and `RateLimit-Reset` (seconds), and the field `RateLimit` with the
members `r` and `t`. A count without a time says nothing of when to ask again, unless the connector knows how long the
system counts. Once half of what is allowed is used up (`X-FeatureRateLimit-Limit`, `RateLimit-Limit`, or `q` of
`RateLimit-Policy`), or where that is not told, each request is counted before it is sent, with those of the other
processes, so that requests that are under way do not pass the limit between two answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from yarl import URL

from pressrun_sources.transport.pauses import LONGEST_PAUSE, Pauses, Turn
from pressrun_sources.transport.retry import retry_after
from pressrun_sources.transport.timing import Timing
from pressrun_sources.transport.vitals import Allowance

__all__ = ["Budget", "Ticket"]

_MEMBER = re.compile(r"\b(r|t|q|remaining|reset)=(\d{1,9})")
_COUNT = re.compile(r"\d{1,9}")
_REFUSED = frozenset({420, 429})
_PAIRS = (
    ("X-FeatureRateLimit-Remaining", "X-FeatureRateLimit-Reset"),
    ("RateLimit-Remaining", "RateLimit-Reset"),
)
_LIMITS = ("X-FeatureRateLimit-Limit", "RateLimit-Limit")
_MARGIN = 1.0
"""Seconds by which a count is believed longer than told: a date names whole seconds, and clocks differ."""
_HOLDS_SECONDS = 300.0
"""How long a count is shown that came without a time of its reset."""


class Ticket(NamedTuple):
    """Whether a request may be sent, and which one it is."""

    wait: float
    """0: it may; else the seconds after which to try again, and nothing was counted."""
    own: int
    """Its number among those of this process; 0: none."""
    shared: int
    """Its number among those of all processes; 0: none."""


class Budget:
    """For each origin the moment before which it is not asked again.

    Args:
        timing: the clocks.
        name: the source's.
        pauses: what the processes of a cluster tell each other; None: each is on its own.
        window: seconds after which a system counts anew that does not say when; None: unknown.
    """

    def __init__(
        self, timing: Timing, *, name: str = "", pauses: Pauses | None = None, window: float | None = None
    ) -> None:
        self._timing = timing
        self._name = name
        self._pauses = pauses
        self._window = window
        self._until: dict[URL, float] = {}
        self._left: dict[URL, tuple[int, float]] = {}
        """Requests that each origin still allows, and until when that holds."""
        self._sent: dict[URL, int] = {}
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

    async def take(self, origin: URL) -> Ticket:
        """Count a request that is about to be sent, by what any process of the cluster was told."""
        own = self.wait(origin)
        if own:
            return Ticket(own, 0, 0)
        shared = Turn(0.0, 0) if self._pauses is None else await self._pauses.take(self._key(origin))
        wait = shared.wait or self._counted(origin)
        return Ticket(wait, self._sent.get(origin, 0), shared.number)

    async def took(self, origin: URL, ticket: Ticket, status: int, headers: Mapping[str, str]) -> None:
        """Take in what came with the answer to a request, and tell the others."""
        pause = self.note(origin, status, headers)
        scarce = None if pause else self._scarce(headers)
        if scarce is not None and ticket.own:
            self._share(origin, scarce[0] - (self._sent.get(origin, 0) - ticket.own), scarce[1])
        if self._pauses is None:
            return
        if pause:
            await self._pauses.begin(self._key(origin), pause)
        elif scarce is not None and ticket.shared:
            await self._pauses.allow(self._key(origin), ticket.shared, *scarce)

    def _counted(self, origin: URL) -> float:
        """Count a request by this process's own knowledge; the seconds to wait where it may not be sent."""
        left, until = self._left.get(origin, (1, 0.0))
        seconds = until - self._timing.monotonic()
        if seconds > 0:
            if left <= 0:
                return seconds
            self._left[origin] = left - 1, until
        self._sent[origin] = self._sent.get(origin, 0) + 1
        return 0.0

    def _share(self, origin: URL, left: int, seconds: float) -> None:
        """Take in how many requests are left, from which those that were sent since are taken off."""
        before, until = self._left.get(origin, (left, 0.0))
        now = self._timing.monotonic()
        # Answers come out of order: within a window the number only falls.
        self._left[origin] = (min(before, left), until) if until > now else (left, now + seconds)

    def _scarce(self, headers: Mapping[str, str]) -> tuple[int, float] | None:
        """How many more requests an answer allows, and for how many seconds, where that is getting scarce."""
        for remaining, limit, seconds in self._counts(headers):
            window = self._window if seconds is None else seconds
            if window and (limit is None or remaining <= limit / 2):
                return remaining, window + _MARGIN
        return None

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
            pause = min(float(text), LONGEST_PAUSE) if text else None
        self._watch(origin, headers)
        if pause is None and self._window and headers.get("RateLimit-Remaining", "").strip() == "0":
            pause = self._window
        if pause:
            self._until[origin] = max(self._until.get(origin, 0.0), self._timing.monotonic() + pause)
        return pause

    def _watch(self, origin: URL, headers: Mapping[str, str]) -> None:
        for remaining, limit, seconds in self._counts(headers):
            if limit:
                holds = _HOLDS_SECONDS if seconds is None else seconds
                self._told[origin] = Allowance(remaining, limit), self._timing.monotonic() + holds
                return

    def _counts(self, headers: Mapping[str, str]) -> list[tuple[int, int | None, float | None]]:
        """What is left, of how many, and for how many seconds that holds, in each form that the answer has."""
        now = self._timing.wall()
        members = dict(_MEMBER.findall(headers.get("RateLimit", "")))
        policy = dict(_MEMBER.findall(headers.get("RateLimit-Policy", "")))
        told = [
            (headers.get(remaining, ""), headers.get(limit, ""), retry_after(headers, (reset,), now))
            for (remaining, reset), limit in zip(_PAIRS, _LIMITS, strict=True)
        ]
        reset = members.get("t", members.get("reset"))
        left = members.get("r") or members.get("remaining", "")
        told.append((left, policy.get("q", ""), min(float(reset), LONGEST_PAUSE) if reset else None))
        return [
            (int(remaining), int(limit) if _COUNT.fullmatch(limit) else None, seconds)
            for remaining, limit, seconds in told
            if _COUNT.fullmatch(remaining)
        ]
