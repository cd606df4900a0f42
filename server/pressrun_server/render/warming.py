"""Warms what a template can choose before the documents of a job need it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from pressrun_server.clock import Clock
from pressrun_server.model.spec import OutputChannel
from pressrun_server.model.template import program_key
from pressrun_server.render.pipeline import OFFERED
from pressrun_server.render.prefetch import AssetDesk
from pressrun_server.render.registry import Published

__all__ = ["Warming"]

_log = structlog.get_logger("pressrun.warming")

_EVERY = 10.0
"""Seconds within which the same is not warmed again: what can't be had now is left alone."""
_AT_ONCE = 2
_MOST_KNOWN = 10_000


class Warming:
    """Prefetches beside the documents.

    It begins when a template is published, for its output channels, and when a document finds its own assets cold,
    which is the first of a job, or the first after a change: the job's other documents find theirs warm.

    Guarantee: `begin` never waits and never raises; at most two templates are warmed at once, and a document that wants
    the same asset joins. What can't be had is left to the documents that need it, and logged.

    Args:
        desk: prefetches; its concurrency should leave the documents room at each source.
        clock: the time.
        rehearse: has composers rehearse a template whose assets are warm; None: nothing is rehearsed.
    """

    def __init__(
        self, desk: AssetDesk, clock: Clock, rehearse: Callable[[Published], Awaitable[None]] | None = None
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._rehearse = rehearse
        self._begun: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(_AT_ONCE)

    def published(self, published: Published) -> None:
        """A template is there: warm it for all output channels that it has programs for; others use those of print."""
        for channel in OFFERED:
            if program_key(published.info.default_locale, channel) in published.programs:
                self.begin(published, channel)

    def begin(self, published: Published, channel: OutputChannel) -> None:
        """Warm all that the template can choose, unless that was begun a moment ago."""
        key, now = (published.info.digest, str(channel)), self._clock.monotonic()
        begun = self._begun.get(key)
        if begun is not None and now - begun < _EVERY:
            return
        self._begun[key] = now
        self._begun.move_to_end(key)
        if len(self._begun) > _MOST_KNOWN:
            self._begun.popitem(last=False)
        task = asyncio.get_running_loop().create_task(self._warm(published, channel), name="warming")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Wait until nothing is being warmed."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def close(self) -> None:
        """Warm no more."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _warm(self, published: Published, channel: OutputChannel) -> None:
        try:
            async with self._gate:
                outcomes = await self._desk.prefetch(published, channel)
        except Exception:  # noqa: BLE001 - nobody waits for it; documents will tell of what is wrong
            _log.exception("warming_defect", template=f"{published.info.name}@{published.info.version}")
            return
        failed = [outcome for outcome in outcomes if outcome.failure is not None]
        template = f"{published.info.name}@{published.info.version}"
        _log.info("warmed", template=template, channel=str(channel), assets=len(outcomes), failed=len(failed))
        for outcome in failed[:10]:
            assert outcome.failure is not None
            _log.warning("not_warmed", template=template, ref=outcome.ref, reason=str(outcome.failure.reason))
        if self._rehearse is not None and channel is OutputChannel.PRINT:
            await self._rehearse(published)
