"""Asks a source that counts calls about many assets at once, instead of about each in its time."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

from pressrun_server.assets.bringing import Bringing, Wanted
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.describing import described
from pressrun_server.assets.descriptors import DescriptorCache
from pressrun_server.assets.entry import Entry
from pressrun_server.assets.flight import SingleFlight
from pressrun_server.clock import Clock
from pressrun_server.model.asset import AssetDescriptor
from pressrun_sources.errors import SourceError
from pressrun_sources.model import AssetRef, Rendition
from pressrun_sources.protocol import Reviewing
from pressrun_sources.registry import Registry

__all__ = ["Reviews"]

_FEWEST = 2
"""Assets that are worth one call instead of a call for each."""
_LOOKED_AT = 2_000
"""Renditions, the last used ones, among which those are looked for that a source is asked about at once."""


class Reviews:
    """Lets what is known of a source's assets live on where its list of them says that nothing has changed.

    Guarantee: an answer is judged by the moment of the question, as any other; it renews only what it says the same of,
    so that it never makes more usable than what was described; one call at a time asks a source. Cost: a look at the
    renditions used last when one of a source's assets is to be asked for again, which in constant use is once for a
    hundred of them.
    """

    def __init__(
        self, *, registry: Registry, cache: DescriptorCache, bringing: Bringing, config: AssetConfig, clock: Clock
    ) -> None:
        self._registry = registry
        self._cache = cache
        self._bringing = bringing
        self._config = config
        self._clock = clock
        self._flight: SingleFlight[str, frozenset[str]] = SingleFlight()
        self._useless: dict[str, datetime] = {}
        """By source, until when it is not asked so, since its list had the same to say of nothing."""
        self._unlike: dict[str, datetime] = {}
        """By ref, when those were asked for of which a list said something else; they are asked for by themselves."""

    async def close(self) -> None:
        """Cancel what is under way."""
        await self._flight.close()

    async def renewed(self, wanted: Wanted) -> bool:
        """Whether a rendition, which is to be asked for again, need not be any more.

        Other assets of its source that are half way there are asked about with it. Failures are none here: whoever asks
        for the asset by itself then will be told.
        """
        name = wanted.ref.partition(":")[0]
        began = self._cache.peek(wanted.key)
        try:
            source = self._registry.get(name)
        except SourceError:
            return False
        if not isinstance(source, Reviewing) or source.most_reviewed < _FEWEST or not isinstance(began, Entry):
            return False
        with contextlib.suppress(SourceError, TimeoutError):
            async with asyncio.timeout(self._config.fetch_seconds):
                # Another node may have asked meanwhile.
                await self._bringing.newer(wanted, began)
                asked: frozenset[str] = frozenset({""})
                # Where more are due than one call holds, those that wait for its end take the next one.
                while asked and began.descriptor.ref not in asked and not self._is_renewed(wanted, began):
                    if self._is_useless(name):
                        break
                    asked = await self._flight.run(name, lambda: self._review(name, source))
        return self._is_renewed(wanted, began)

    def _is_renewed(self, wanted: Wanted, began: Entry) -> bool:
        known = self._cache.peek(wanted.key)
        return isinstance(known, Entry) and known.refresh_at > max(began.refresh_at, self._clock.now())

    async def _review(self, name: str, source: Reviewing) -> frozenset[str]:
        """Ask once; the refs of what was asked about."""
        question = self._bringing.question()
        recent = [entry for _, entry in self._cache.recent(name, _LOOKED_AT) if isinstance(entry, Entry)]
        due = [entry.descriptor for entry in recent if self._is_due(entry, question.at)]
        asked: dict[str, AssetDescriptor] = {}
        for about in sorted(due, key=lambda each: each.fresh_until):
            if len(asked) == source.most_reviewed:
                break
            asked.setdefault(about.ref, about)
        if len(asked) < _FEWEST:
            return frozenset()
        async with self._bringing.slots(name):
            said = await source.review({AssetRef.parse(ref): about.asset_id for ref, about in asked.items()})
        renewed = 0
        for ref, description in said.items():
            if description.deleted:
                continue  # what its record says beside that must not count as the same
            seconds = self._bringing.fresh_seconds(description)
            descriptor = described(ref, description, Rendition(), now=question.at, seconds=seconds)
            if await self._bringing.renew(descriptor, description.stale_until, question.place):
                renewed += 1
                del asked[str(ref)]
        if len(self._unlike) + len(asked) > self._config.max_entries:
            self._unlike.clear()
        self._unlike |= {ref: about.fetched_at for ref, about in asked.items()}
        if not renewed:
            # Its lists say less than its records, or everything has changed: asking so is a call more, for nothing.
            self._useless[name] = self._clock.now() + timedelta(seconds=self._config.fresh_seconds)
        return frozenset(map(str, said)) | frozenset(asked)

    def _is_due(self, entry: Entry, now: datetime) -> bool:
        """Whether half the time is over for which an answer is believed that lets an asset be used."""
        about = entry.descriptor
        half = about.fetched_at + (about.fresh_until - about.fetched_at) / 2
        usable = entry.prepared is not None and entry.lenient_until is None
        usable = usable and self._unlike.get(about.ref) != about.fetched_at
        return usable and half <= now and self._bringing.is_good(entry)

    def _is_useless(self, name: str) -> bool:
        until = self._useless.get(name)
        return until is not None and until > self._clock.now()
