"""A circuit breaker for each source: while a system is down, nobody waits for it and it is left alone."""

from __future__ import annotations

from pressrun_sources.errors import TimedOutError, UnavailableError
from pressrun_sources.transport.timing import Timing

__all__ = ["Breaker"]

_DOWN = frozenset({UnavailableError.kind, TimedOutError.kind})
_SAYS_NOTHING = frozenset({"cancelled"})


class Breaker:
    """Opens after so many failures on end, and then lets one request in at a time, until one succeeds.

    Only what shows that the system is down counts: no connection, a status of 500 and above, silence. A refusal, even a
    rate limit, is an answer.

    Args:
        failures: how many on end open it; 0 switches it off.
        seconds: how long it stays open before the first request is let in.
        timing: the clock.
    """

    def __init__(self, failures: int, seconds: float, timing: Timing) -> None:
        self._most = failures
        self._seconds = seconds
        self._timing = timing
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    def __repr__(self) -> str:
        return f"<Breaker {'closed' if self._open_until is None else 'open'} after {self._failures} failures>"

    @property
    def open(self) -> bool:
        """Whether requests are held back, but for one at a time that tries."""
        return self._open_until is not None

    def wait(self) -> float | None:
        """None where a request may be sent (it must then be told of by `ended`), else the seconds to wait."""
        if self._open_until is None:
            return None
        left = self._open_until - self._timing.monotonic()
        if left > 0 or self._probing:
            return max(left, self._seconds / 2 if self._probing else left)
        self._probing = True
        return None

    def ended(self, outcome: str) -> None:
        """A request that was let in has ended; see `Observer` for the outcomes."""
        self._probing = False
        if outcome in _SAYS_NOTHING:
            return
        if outcome not in _DOWN:
            self._failures, self._open_until = 0, None
            return
        self._failures += 1
        if self._most and self._failures >= self._most:
            self._open_until = self._timing.monotonic() + self._seconds
