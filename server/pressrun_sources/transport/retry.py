"""When to try again, and after how long. Decides only; the transport acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

from pressrun_sources.errors import SourceError
from pressrun_sources.transport.pauses import LONGEST_PAUSE
from pressrun_sources.transport.timing import Timing

__all__ = ["RetryPolicy", "retry_after"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential pauses with full jitter; a pause that the system asks for wins when it is longer."""

    retries: int
    backoff: float
    backoff_limit: float
    timing: Timing = field(repr=False)

    def pause(self, failures: int, error: SourceError, remaining: float) -> float | None:
        """Seconds to wait after this failure, or None to give up.

        Args:
            failures: how many attempts failed, this one included.
            error: the last failure.
            remaining: seconds left for the whole call; a pause that would use them up is not begun.
        """
        if not error.transient or failures > self.retries:
            return None
        ceiling = min(self.backoff_limit, self.backoff * 2 ** (failures - 1))
        # Never under half: a retry at once meets the same overload.
        chosen = ceiling * (0.5 + 0.5 * self.timing.random())
        pause = max(chosen, error.retry_after or 0.0)
        return pause if pause < remaining else None


def retry_after(headers: Mapping[str, str], names: tuple[str, ...], now: float) -> float | None:
    """Seconds that the first usable of these headers asks to wait, given as seconds or as an HTTP date.

    `LONGEST_PAUSE` at most: a date in the far future must not take a source away for good.
    """
    for name in names:
        text = headers.get(name, "").strip()
        if text.isascii() and text.isdigit() and len(text) <= 7:  # noqa: PLR2004 - longer is a mistake, not a pause
            return min(float(text), LONGEST_PAUSE)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            continue
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max(0.0, aware.timestamp() - now), LONGEST_PAUSE)
    return None
