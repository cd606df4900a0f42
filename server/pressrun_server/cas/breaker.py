"""Keeps calls away from a server that fails, and finds out by itself when it is back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

__all__ = ["Breaker"]

log = logging.getLogger(__name__)

_LOG_EVERY = 60.0


class Breaker:
    """Closed while calls may pass; open after a failure, until a probe succeeds.

    Guarantee: while it is open, the only call that reaches the server is the probe, so that nobody else waits for a
    server that is gone. The server is used again as soon as the probe succeeds, with no restart. Warnings are logged
    once a minute at most, and once when it is back.

    Args:
        name: whose failures these are, for the log.
        probe: asks the server something small; raises where it does not answer. Its time is limited here.
        slow_calls: so many overdue calls without a good one between them open it; any other failure does at once.
        timeout: seconds that a probe may take.
        retry: seconds between probes.
    """

    def __init__(
        self,
        name: str,
        probe: Callable[[], Awaitable[object]],
        *,
        slow_calls: int = 2,
        timeout: float,
        retry: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._probe = probe
        self._slow_calls = slow_calls
        self._timeout = timeout
        self._retry = retry
        self._monotonic = monotonic
        self._overdue = 0
        self._probing: asyncio.Task[None] | None = None
        self._opened_at = 0.0
        self._last_log = float("-inf")
        self._ended = False
        self.closed = True
        """Whether calls may pass."""
        self.errors = 0
        """Failures so far, probes not counted."""
        self.opened = 0
        """How often it opened."""

    def __repr__(self) -> str:
        return f"<Breaker of {self._name}: {'closed' if self.closed else 'open'}, {self.errors} errors>"

    def worked(self) -> None:
        """A call was answered."""
        self._overdue = 0

    def overdue(self) -> None:
        """A call was given up because it took too long."""
        self._overdue += 1
        if self._overdue >= self._slow_calls:
            self.failed(f"{self._overdue} calls in a row took longer than {self._timeout:g} s")
        else:
            self.errors += 1

    def failed(self, error: object) -> None:
        """A call failed; until a probe succeeds no other shall be made."""
        self.errors += 1
        if not self.closed or self._ended:
            return
        self.closed = False
        self.opened += 1
        self._opened_at = now = self._monotonic()
        if now - self._last_log >= _LOG_EVERY:
            self._last_log = now
            log.warning("%s steps aside until it answers again (%d errors so far): %s", self._name, self.errors, error)
        self._probing = asyncio.get_running_loop().create_task(self._until_back(), name=f"probe-{self._name}")

    async def close(self) -> None:
        """End the probe; may be called again."""
        self._ended = True
        probing, self._probing = self._probing, None
        if probing is not None:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)

    async def _until_back(self) -> None:
        while True:
            await asyncio.sleep(self._retry)
            try:
                async with asyncio.timeout(self._timeout):
                    await self._probe()
            except Exception as error:  # noqa: BLE001 - whatever keeps it from answering, it is not back
                now = self._monotonic()
                if now - self._last_log >= _LOG_EVERY:
                    self._last_log = now
                    log.warning("%s is still away: %s", self._name, error or type(error).__name__)
                continue
            self._overdue = 0
            self.closed = True
            log.info("%s is back after %.1f s", self._name, self._monotonic() - self._opened_at)
            return
