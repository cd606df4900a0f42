"""What systems say about how often they may still be asked, respected before they have to refuse.

Documented: `X-FeatureRateLimit-Remaining` and `-Reset` (an HTTP date) of Cloudinary; `Retry-After` (RFC 9110 section
10.2.3). A draft of the IETF: `RateLimit-Remaining` and `RateLimit-Reset` (seconds), and the field `RateLimit` with the
members `r` and `t`. A count without a time says nothing of when to ask again, and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from yarl import URL

from pressrun_sources.transport.pauses import Pauses
from pressrun_sources.transport.retry import retry_after
from pressrun_sources.transport.timing import Timing

__all__ = ["Budget"]

_MEMBER = re.compile(r"\b(r|t|remaining|reset)=(\d{1,9})")
_REFUSED = frozenset({420, 429})
_PAIRS = (
    ("X-FeatureRateLimit-Remaining", "X-FeatureRateLimit-Reset"),
    ("RateLimit-Remaining", "RateLimit-Reset"),
)


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
        if pause:
            self._until[origin] = max(self._until.get(origin, 0.0), self._timing.monotonic() + pause)
        return pause
