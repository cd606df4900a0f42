"""Asks sources which assets meet a query, and remembers their answers for a while."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pressrun_server.assets import errors
from pressrun_server.assets.belief import Belief
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.entry import Trouble
from pressrun_server.assets.flight import SingleFlight
from pressrun_server.clock import Clock
from pressrun_server.errors import Reason
from pressrun_server.model.choice import Query
from pressrun_sources.errors import NotFoundError, SourceError
from pressrun_sources.model import AssetQuery
from pressrun_sources.protocol import Ranking, Source
from pressrun_sources.registry import Registry

__all__ = ["Querying"]

_REQUEST: Final = re.compile(r"(GET|POST|HEAD) https?://\S+( answered \d+)?$")
_NOT_SENT: Final = "not sent, since"


class _Answer(msgspec.Struct, frozen=True):
    found: tuple[str, ...] | Trouble
    until: datetime
    asked: datetime


class Querying:
    """Turns queries into candidates, the best first.

    Guarantee: `glance` never waits; one call at a time asks a source the same question, whoever waits for it; an
    answer is believed for `fresh_seconds`, one that there is none for `not_found_seconds`, and none of a time whose
    news may have been missed. What may be used is judged afterwards, at every use. Nothing of a record shows in what
    is wrong.
    """

    def __init__(self, *, registry: Registry, belief: Belief, config: AssetConfig, clock: Clock) -> None:
        self._registry = registry
        self._belief = belief
        self._config = config
        self._clock = clock
        self._known: OrderedDict[Query, _Answer] = OrderedDict()
        self._flight: SingleFlight[tuple[Query, int, int], _Answer] = SingleFlight()
        self._generation = 0

    async def close(self) -> None:
        """Cancel what is under way."""
        await self._flight.close()

    def forget(self, source: str | None = None) -> None:
        """Ask again, all sources or one: something of it has changed."""
        self._generation += 1
        for query in [query for query in self._known if source in {None, query.source}]:
            del self._known[query]

    def glance(self, query: Query, now: datetime) -> tuple[str, ...] | Trouble | None:
        """The candidates, or why there are none; None where the source must be asked."""
        answer = self._known.get(query)
        if answer is None or answer.until <= now or answer.asked <= self._belief.horizon:
            return None
        self._known.move_to_end(query)
        return answer.found

    async def ready(self, query: Query, *, seconds: float) -> tuple[str, ...] | Trouble:
        """The candidates, asking the source where needed; why there are none."""
        known = self.glance(query, self._clock.now())
        if known is not None:
            return known
        try:
            async with asyncio.timeout(seconds):
                # Nobody joins a question of before a change.
                return (
                    await self._flight.run((query, self._generation, self._belief.doubts), lambda: self._ask(query))
                ).found
        except TimeoutError:
            return errors.overdue(seconds)

    async def _ask(self, query: Query) -> _Answer:
        config, generation, asked = self._config, self._generation, self._clock.now()
        seconds = config.fresh_seconds
        found: tuple[str, ...] | Trouble
        try:
            async with asyncio.timeout(config.fetch_seconds):
                found = await self._candidates(query)
        except TimeoutError:
            found, seconds = errors.overdue(config.fetch_seconds), config.unavailable_seconds
        except NotFoundError:
            text = f"no approved asset meets {query.text}; check the criteria, and what is approved at the source"
            found, seconds = Trouble(Reason.ASSET_NOT_FOUND, text), config.not_found_seconds
        except (SourceError, ValueError) as error:
            found = _trouble(query, error)
            seconds = config.unavailable_seconds if found.retry_after else config.not_found_seconds
        answer = _Answer(found, self._clock.now() + timedelta(seconds=seconds), asked)
        if generation != self._generation:
            return answer  # something changed while it was asked: good for those who asked before, and nobody else
        self._known[query] = answer
        self._known.move_to_end(query)
        while len(self._known) > config.max_entries:
            self._known.popitem(last=False)
        return answer

    async def _candidates(self, query: Query) -> tuple[str, ...]:
        source: Source = self._registry.get(query.source)
        wanted = AssetQuery(query.source, query.criteria, query.locale)
        if isinstance(source, Ranking):
            return tuple(map(str, await source.rank(wanted)))
        return (str(await source.select(wanted)),)


def _trouble(query: Query, error: SourceError | ValueError) -> Trouble:
    """What is wrong, without the values that came from the record."""
    if not isinstance(error, SourceError):
        return Trouble(Reason.ASSET_INVALID, f"{query.text} cannot be a query; correct it in the template")
    known = errors.of_source(error)
    text = f"{query.source} could not be asked for {query.text}; check the criteria, or try again later"
    # The request without what the system says of it, which may repeat what was searched for.
    request, _, why = error.detail.partition(": ")
    told = f": {why}" if why.startswith(_NOT_SENT) else ""
    detail = f"{request}{told} ({type(error).__name__})" if _REQUEST.match(request) else type(error).__name__
    return msgspec.structs.replace(known, text=text, detail=detail)
