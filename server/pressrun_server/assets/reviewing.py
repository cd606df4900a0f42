"""Asks a source that counts calls about many assets at once, instead of about each in its time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import zlib
from datetime import datetime, timedelta
from typing import NamedTuple

from pressrun_server.assets.bringing import Bringing, Question, Wanted
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.describing import agrees, described
from pressrun_server.assets.descriptors import DescriptorCache
from pressrun_server.assets.entry import Entry
from pressrun_server.assets.flight import SingleFlight
from pressrun_server.clock import Clock
from pressrun_server.model.asset import AssetDescriptor
from pressrun_sources.errors import DeniedError, InvalidReferenceError, NotFoundError, SourceError
from pressrun_sources.model import AssetDescription, AssetRef, Rendition
from pressrun_sources.protocol import Reviewing
from pressrun_sources.registry import Registry

__all__ = ["Reviews"]

log = logging.getLogger(__name__)

_FEWEST = 2
"""Assets that are worth one call instead of a call for each."""
_LOOKED_AT = 2_000
"""Renditions, the last used ones, among which those are looked for that a source is asked about at once."""
_REFUSALS = (DeniedError, NotFoundError, InvalidReferenceError)
"""How a source says that it gives no list, or not to us."""
_REFUSED = 12
"""Lifetimes of an answer, by default an hour, for which a source that refuses its list is not asked for it."""
_ODD = 12
"""Lifetimes for which no list is asked about an asset of which it said something else than its own record."""
_ALONE = 72
"""Lifetimes, by default six hours, for which an asset lives on by lists at most, since lists do not tell all; for some
assets it is half of that."""


class _Odd(NamedTuple):
    """What a list did not say the same of."""

    said: AssetDescriptor | None
    """What it said; None: nothing."""
    at: datetime


class Reviews:
    """Lets what is known of a source's assets live on where its list of them says that nothing has changed.

    Guarantee: an answer is judged by the moment of the question, as any other. It renews only what it says the same of,
    so that it never makes more usable than what was described; what it says otherwise of is not used any more before it
    was described again, here and at the other nodes; what it does not name is described at once. No asset lives on by
    lists alone for longer than `_ALONE` lifetimes of an answer. One call at a time asks a source. Cost: a look at the
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
        """By source, until when it is not asked so: its list failed, or had the same to say of nothing."""
        self._odd: dict[str, _Odd] = {}
        """By ref, what a list had not the same to say of; those are asked for by themselves."""
        self._looks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Cancel what is under way."""
        await self._flight.close()
        for task in self._looks:
            task.cancel()
        await asyncio.gather(*self._looks, return_exceptions=True)

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
        try:
            async with asyncio.timeout(self._config.fetch_seconds):
                # Another node may have asked meanwhile.
                await self._bringing.newer(wanted, began)
                asked: frozenset[str] = frozenset({""})
                # Where more are due than one call holds, those that wait for its end take the next one.
                while asked and began.descriptor.ref not in asked and not self._is_renewed(wanted, began):
                    if self._is_useless(name):
                        break
                    asked = await self._flight.run(name, lambda: self._review(name, source))
        except SourceError as error:
            self._failed(name, error)
        except TimeoutError:
            self._leave_alone(name, self._config.fresh_seconds)
        return self._is_renewed(wanted, began)

    def _is_renewed(self, wanted: Wanted, began: Entry) -> bool:
        known = self._cache.peek(wanted.key)
        return isinstance(known, Entry) and known.refresh_at > max(began.refresh_at, self._clock.now())

    async def _review(self, name: str, source: Reviewing) -> frozenset[str]:
        """Ask once; the refs of what was asked about."""
        question = self._bringing.question()
        recent = [entry for _, entry in self._cache.recent(name, _LOOKED_AT) if isinstance(entry, Entry)]
        due = [entry.descriptor for entry in recent if self._is_due(entry, question.at)]
        asked: dict[AssetRef, AssetDescriptor] = {}
        for about in sorted(due, key=lambda each: each.fresh_until):
            if len(asked) == source.most_reviewed:
                break
            asked.setdefault(AssetRef.parse(about.ref), about)
        if len(asked) < _FEWEST:
            return frozenset()
        async with self._bringing.slots(name):
            said = await source.review({ref: about.asset_id for ref, about in asked.items()})
        renewed = {ref for ref in said if ref in asked and await self._taken_in(ref, said[ref], question)}
        if len(self._odd) + len(asked) > self._config.max_entries:
            self._odd.clear()
        for ref in asked:
            if ref in renewed:
                self._odd.pop(str(ref), None)
            else:
                self._odd[str(ref)] = _Odd(_as_described(ref, said.get(ref), question.at), question.at)
        if not renewed:
            # Its lists say less than its records, or everything has changed: asking so is a call more, for nothing.
            self._leave_alone(name, self._config.fresh_seconds)
        return frozenset(map(str, asked))

    async def _taken_in(self, ref: AssetRef, said: AssetDescription | None, question: Question) -> bool:
        """Let what a list says of an asset count; whether it lives on by it."""
        if said is None:
            # It may be gone, which its own record tells.
            task = asyncio.get_running_loop().create_task(self._look(ref), name="look-at-unlisted")
            self._looks.add(task)
            task.add_done_callback(self._looks.discard)
            return False
        return await self._bringing.take_in(ref, said, question, listed=True) > 0

    async def _look(self, ref: AssetRef) -> None:
        with contextlib.suppress(SourceError):  # who asks for it by itself will be told
            await self._bringing.look(ref)

    def _is_due(self, entry: Entry, now: datetime) -> bool:
        """Whether half the time is over for which an answer is believed that lets an asset be used."""
        about = entry.descriptor
        half = about.fetched_at + (about.fresh_until - about.fetched_at) / 2
        alone = now - (entry.described_at or about.fetched_at)
        usable = entry.prepared is not None and entry.lenient_until is None
        usable = usable and alone < self._longest_alone(about.ref) and not self._is_odd(about, now)
        return usable and half <= now and self._bringing.is_good(entry)

    def _is_odd(self, about: AssetDescriptor, now: datetime) -> bool:
        """Whether a list said otherwise of an asset, and its own record was not read since, or did not bear it out."""
        odd = self._odd.get(about.ref)
        if odd is None:
            return False
        borne_out = odd.said is not None and agrees(about, odd.said)
        return about.fetched_at <= odd.at or (not borne_out and now - odd.at < self._lifetimes(_ODD))

    def _longest_alone(self, ref: str) -> timedelta:
        """How long an asset may live on by lists; not the same for all, so that not all are described at once."""
        return self._lifetimes(_ALONE) * (1 - 0.5 * (zlib.crc32(ref.encode()) % 1024) / 1024)

    def _lifetimes(self, number: int) -> timedelta:
        return timedelta(seconds=self._config.fresh_seconds * number)

    def _is_useless(self, name: str) -> bool:
        until = self._useless.get(name)
        return until is not None and until > self._clock.now()

    def _leave_alone(self, name: str, seconds: float) -> None:
        self._useless[name] = self._clock.now() + timedelta(seconds=seconds)

    def _failed(self, name: str, error: SourceError) -> None:
        """Do not ask again with each asset that is due."""
        if self._is_useless(name):
            return  # of those who waited for it one is enough
        lifetime = self._config.fresh_seconds
        if not isinstance(error, _REFUSALS):
            # A hiccup is no refusal: to ask for each asset by itself for long may take all calls that there are.
            self._leave_alone(name, max(error.retry_after or 0.0, lifetime / 10 if error.transient else lifetime))
            return
        self._leave_alone(name, lifetime * _REFUSED)
        log.warning(
            "%s does not give its list of assets (%s); each is asked for by itself for the next %d minutes. Where that "
            "stays so, take `review` out of its mapping file",
            name,
            error.detail or error.message,
            lifetime * _REFUSED / 60,
        )


def _as_described(ref: AssetRef, said: AssetDescription | None, at: datetime) -> AssetDescriptor | None:
    return None if said is None else described(ref, said, Rendition(), now=at, seconds=0)
