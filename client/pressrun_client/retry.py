"""When to send again: how often, and how long to wait before."""

from __future__ import annotations

import random

from pressrun_client.config import ClientConfig
from pressrun_client.errors import RenderError

__all__ = ["retry_delay"]


def retry_delay(config: ClientConfig, error: RenderError, attempts: int, time_left: float) -> float | None:
    """Seconds to wait before the next attempt, or None where there must not be one.

    Half of the wait is random, so that clients that were refused together do not come back together.

    Args:
        config: the bounds.
        error: why the last attempt failed.
        attempts: how many there were.
        time_left: seconds until the document's time is over.
    """
    if not error.retryable or attempts >= config.attempts:
        return None
    backoff = min(config.backoff_max, config.backoff_initial * config.backoff_factor ** (attempts - 1))
    delay = max(error.retry_after or 0.0, backoff * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, hides nothing
    return delay if delay < time_left else None
