"""Asks the systems that tell nobody what has changed, again and again, and passes it on like a webhook.

Each look begins a while before the last one ended (`overlap`), since a system's index may be behind; what was seen then
already, with the same mark, is not told again. A look that fails is made again from where the last good one was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pressrun_sources.environment import Environment
from pressrun_sources.errors import SourceError
from pressrun_sources.model import AssetRef
from pressrun_sources.protocol import Changing
from pressrun_sources.transport.timing import Timing

__all__ = ["PollConfig", "Poller", "always"]

_log = logging.getLogger("pressrun.polling")


@dataclass(frozen=True, slots=True)
class PollConfig:
    """How often systems are asked."""

    seconds: float = 60.0
    """Between two looks; 0: never."""
    overlap: float = 300.0
    """How far a look goes back behind the last good one."""

    @classmethod
    def from_environment(cls, environment: Environment) -> PollConfig:
        """Read PRESSRUN_SOURCES_POLL_*."""
        default = cls()
        return cls(
            environment.integer("PRESSRUN_SOURCES_POLL_SECONDS", int(default.seconds), 0, 86_400),
            environment.integer("PRESSRUN_SOURCES_POLL_OVERLAP_SECONDS", int(default.overlap), 0, 86_400),
        )


async def always(name: str) -> bool:  # noqa: ARG001 - the form of a turn
    """It is always this process's turn to look: nobody else does."""
    return True


class Poller:
    """Looks at sources until it is closed.

    Guarantee: a change that a source tells of is passed on within `seconds` and the time of a look, once, whatever
    failed before. Cost: one search a source and look, for the whole cluster where `turn` says whose it is.

    Args:
        sources: by name; those that can be asked.
        config: how often.
        changed: is told of each asset, by its ref in canonical form, all of a look together.
        count: is told of each look: the source, and `ok`, the kind of the error, or `internal` where that is a defect.
        turn: says whether this process looks at a source this time.
        timing: the clock and the pause.
    """

    def __init__(
        self,
        sources: Mapping[str, Changing],
        config: PollConfig,
        changed: Callable[..., Awaitable[object]],
        count: Callable[[str, str], None],
        *,
        turn: Callable[[str], Awaitable[bool]] = always,
        timing: Timing | None = None,
    ) -> None:
        self._sources = dict(sources)
        self._config = config
        self._changed = changed
        self._count = count
        self._turn = turn
        self._timing = timing or Timing()
        self._good: dict[str, datetime] = {}
        self._seen: dict[str, dict[AssetRef, str]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; the first look comes after the first pause."""
        if self._config.seconds:
            now = self._now()
            for name in self._sources:
                self._good[name] = now
                self._tasks.append(asyncio.create_task(self._run(name), name=f"poll-{name}"))

    async def close(self) -> None:
        """End; may be called again."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def look(self, name: str) -> int:
        """Ask one source now; how many changes were passed on.

        Raises:
            SourceError: it could not be asked.
        """
        begun = self._now()
        since = self._good.get(name, begun) - timedelta(seconds=self._config.overlap)
        found = dict(await self._sources[name].changes(since))
        known = self._seen.get(name, {})
        news = [ref for ref, mark in found.items() if known.get(ref) != mark]
        if news:
            await self._changed(*map(str, news))
        # Only after it was passed on, so that nothing is lost where that fails.
        self._seen[name], self._good[name] = found, begun
        return len(news)

    async def _run(self, name: str) -> None:
        while True:
            await self._timing.sleep(self._config.seconds)
            if not await self._turn(name):
                continue
            try:
                await self.look(name)
            except SourceError as error:
                self._count(name, error.kind)
            except Exception:  # noqa: BLE001 - whatever it is, changes must go on being heard of
                self._count(name, "internal")
                _log.exception("looking for changes of %s failed", name)
            else:
                self._count(name, "ok")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._timing.wall(), UTC)
