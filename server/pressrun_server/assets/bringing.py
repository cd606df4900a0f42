"""Brings a rendition here: asks its source, fetches its bytes if they changed, stores and prepares them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from pressrun_server.assets import errors
from pressrun_server.assets.belief import Belief
from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.describing import (
    described,
    linked,
    narrower,
    of_source,
    refresh_at,
    unchanged,
    updated,
)
from pressrun_server.assets.descriptors import DescriptorCache
from pressrun_server.assets.entry import Absent, Entry, Known, Place, Trouble
from pressrun_server.assets.flight import SingleFlight
from pressrun_server.assets.keeping import Keeping
from pressrun_server.assets.preparation import Preparation
from pressrun_server.assets.provenance import Provenance
from pressrun_server.assets.requirement import Occasion, refusal
from pressrun_server.assets.shared_entries import LOCAL, Denial, SharedEntries
from pressrun_server.cas.tier import Tier
from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.approved import APPROVED
from pressrun_server.model.asset import AssetDescriptor
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import RenditionSpec, Requirement
from pressrun_server.prepare.media import inspect_image, inspect_text
from pressrun_sources.errors import (
    InvalidResponseError,
    NotFoundError,
    RateLimitedError,
    SourceError,
    TimedOutError,
)
from pressrun_sources.hosted import Hosted, Hosting
from pressrun_sources.model import Approval, AssetDescription, AssetRef, Rendition
from pressrun_sources.protocol import Source
from pressrun_sources.registry import Registry

__all__ = ["Bringing", "Brought", "Question", "Wanted"]

_SOURCE = "source"
_DISK = "disk"
_LONG = 1024 * 1024
"""Bytes above which hashing goes to a thread."""
_SHORTEST_FRESH = 1.0
"""Seconds; a system that wants to be asked every time is asked once a second, not once a document of a stream."""


class Wanted(msgspec.Struct, frozen=True):
    """A rendition that somebody needs, and for what."""

    key: str
    ref: str
    rendition: RenditionSpec
    require: Requirement
    occasion: Occasion


class Brought(msgspec.Struct, frozen=True):
    """What is known now."""

    known: Known
    found_in: str
    """Where the prepared blob was: the name of a tier, or `source` where it had to be made of fetched bytes."""


class Question(msgspec.Struct, frozen=True):
    """When a source was asked, and not when it answered: a change meanwhile is later than what it says."""

    at: datetime
    place: Place | None
    """How far the feed of changes had been read by then; None: none is heard."""


class _Failed(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, trouble: Trouble, *, lasting: bool, asked: Question | None = None) -> None:
        super().__init__(trouble.text)
        self.trouble = trouble
        self.lasting = lasting
        self.asked = asked
        """When the source was asked, if it was."""


class _BrokenError(Exception):
    """Bytes broke off, or were replaced after they were described. It never leaves this module."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(str(error))
        self.error = error


class Bringing:
    """Makes entries; the resolver sees to it that there is one call for a rendition at a time.

    What comes of it is put into the cache and the ledger, failures too, for a short time. Bytes of an asset that may
    not be used for the one who asks are not fetched.
    """

    def __init__(  # noqa: PLR0913 - all that it stands on
        self,
        *,
        registry: Registry,
        store: Tier,
        preparation: Preparation,
        cache: DescriptorCache,
        ledger: SharedEntries,
        provenance: Provenance,
        belief: Belief,
        tell: Callable[[str], None],
        cluster_flight: ClusterFlight,
        config: AssetConfig,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._registry = registry
        self._store = store
        self._preparation = preparation
        self._cache = cache
        self._ledger = ledger
        self._belief = belief
        self._keeping = Keeping(
            cache=cache, ledger=ledger, provenance=provenance, belief=belief, tell=tell, config=config, clock=clock
        )
        self._cluster_flight = cluster_flight
        self._config = config
        self._clock = clock
        self._chance = chance
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._describing: SingleFlight[str, tuple[AssetDescription | SourceError, Question]] = SingleFlight()
        self.shared = 0
        """Renditions that were found, brought by another process or an earlier one."""

    async def close(self) -> None:
        """Cancel what is under way."""
        await self._describing.close()

    async def bring(self, wanted: Wanted, *, ask: bool = False, shared: bool = False) -> Brought:
        """What is known of the rendition now.

        Args:
            wanted: the rendition.
            ask: ask the source even if its last answer is fresh.
            shared: a newer answer that another process got will do for that.
        """
        began = self._clock.now()
        entry = await self._last(wanted.key)
        try:
            async with asyncio.timeout(self._config.fetch_seconds):
                return await self._bring(wanted, entry, ask=ask, shared=shared)
        except TimeoutError:
            failed = _Failed(errors.overdue(self._config.fetch_seconds), lasting=False)
        except (SourceError, PressrunError) as error:
            failed = _failed(error)
        except _Failed as error:
            failed = error
        if self._belief.was_told(wanted.ref, began if failed.asked is None else failed.asked.at):
            # It changed while this was under way: true for the one who asked before that, and for nobody else.
            ref = entry.descriptor.ref if entry is not None else wanted.ref
            return Brought(Absent(ref, failed.trouble, self._clock.now()), "")
        return await self._failure(wanted, entry, failed, ask=ask)

    async def good(self, key: str) -> Entry | None:
        """The entry of a key, if there is one whose source need not be asked."""
        entry = await self._last(key)
        return entry if entry is not None and self.is_good(entry) else None

    async def _last(self, key: str) -> Entry | None:
        """The last entry there was, however old."""
        known = self._cache.peek(key)
        if isinstance(known, Absent):
            known = known.last
        if known is not None and self.is_good(known):
            return known
        found = await self._ledger.get(key)
        if known is None or (found is not None and found.descriptor.fetched_at > known.descriptor.fetched_at):
            return found
        return known

    def is_good(self, entry: Entry) -> bool:
        """Whether its source need not be asked."""
        now = self._clock.now()
        return entry.descriptor.fresh_until > now and not self._belief.is_old(entry.descriptor, now)

    async def _bring(self, wanted: Wanted, entry: Entry | None, *, ask: bool, shared: bool) -> Brought:
        try:
            ref = AssetRef.parse(wanted.ref)
            rendition = of_source(wanted.rendition)
        except ValueError as error:
            raise _Failed(errors.invalid_ref(error), lasting=True) from error
        good = entry if entry is not None and not ask and self.is_good(entry) else None
        if good is not None and (ref.source in LOCAL or await self._has_come(good)):
            # Fresh, but its blob is not in memory, or the node was restarted.
            brought = await self._known(wanted, good)
            if brought is not None:
                return brought
            good = None
        source = self._registry.get(ref.source)
        slots = self.slots(ref.source)
        if (ask and not shared) or ref.source in LOCAL:
            async with slots:
                return await self._asked(wanted, entry, source, ref, rendition, self.question())
        return await self._cluster_flight.run(
            wanted.key,
            lambda: self.newer(wanted, entry) if ask else self._found(wanted),
            lambda: self._told(wanted, entry, source, ref, rendition, good),
            slots,
        )

    async def _known(self, wanted: Wanted, entry: Entry) -> Brought | None:
        """A fresh entry, if its bytes are still here."""
        fresh_here = self._cache.peek(wanted.key) is entry
        brought = await self._held(wanted, entry)
        self.shared += brought is not None and not fresh_here
        return brought

    async def _has_come(self, entry: Entry) -> bool:
        """Whether what was prepared is here, and not on its way still from the node that made it."""
        return entry.prepared is None or await self._store.contains(entry.prepared)

    async def _found(self, wanted: Wanted) -> Brought | None:
        """What another process brought meanwhile.

        Raises:
            _Failed: it could not.
        """
        entry = await self._ledger.get(wanted.key)
        if entry is None or not self.is_good(entry):
            denial = await self._ledger.denied(wanted.key)
            if denial is None:
                return None
            raise _Failed(denial.trouble, lasting=denial.lasting)
        if not await self._has_come(entry):
            return None  # it would be prepared again here
        brought = await self._held(wanted, entry)
        self.shared += brought is not None
        return brought

    async def newer(self, wanted: Wanted, entry: Entry | None) -> Brought | None:
        """A later answer that another process got, and that need not be asked for again soon."""
        found = None if entry is None else await self._ledger.newer(wanted.key, entry.descriptor.fetched_at)
        if found is None or found.refresh_at <= self._clock.now() or not self.is_good(found):
            return None
        brought = await self._held(wanted, found)
        self.shared += brought is not None
        return brought

    async def _told(
        self,
        wanted: Wanted,
        entry: Entry | None,
        source: Source,
        ref: AssetRef,
        rendition: Rendition,
        good: Entry | None,
    ) -> Brought:
        """As `_asked`; those who wait for this process are told of a failure too, and do not ask one by one.

        A fresh entry whose prepared blob is nowhere any more is made whole without the source, from its bytes.
        """
        if good is not None:
            brought = await self._known(wanted, good)
            if brought is not None:
                return brought
        question = self.question()
        try:
            return await self._asked(wanted, entry, source, ref, rendition, question)
        except _Failed as failed:
            asked = failed.asked or question
            await self._ledger.deny(wanted.key, Denial(failed.trouble, failed.lasting, asked.at, asked.place))
            raise

    def slots(self, source: str) -> asyncio.Semaphore:
        """What is held while a source is asked."""
        return self._slots.setdefault(source, asyncio.Semaphore(self._config.max_fetches))

    def question(self) -> Question:
        """A question that is asked now."""
        return Question(self._clock.now(), self._belief.place)

    async def _asked(
        self,
        wanted: Wanted,
        entry: Entry | None,
        source: Source,
        ref: AssetRef,
        rendition: Rendition,
        question: Question,
    ) -> Brought:
        """What the source says now, and its bytes if they are other ones than those here.

        Raises:
            _Failed: they can't be had.
        """
        try:
            return await self._answered(wanted, entry, source, ref, rendition, question)
        except (SourceError, PressrunError, _Failed) as error:
            failed = error if isinstance(error, _Failed) else _failed(error)
            failed.asked = failed.asked or question
            raise failed from error

    async def _answered(
        self,
        wanted: Wanted,
        entry: Entry | None,
        source: Source,
        ref: AssetRef,
        rendition: Rendition,
        question: Question,
        *,
        again: bool = False,
    ) -> Brought:
        description, first = await self._described(source, ref, question)
        asked, place = first.at, first.place
        if isinstance(description, SourceError):
            if isinstance(description, NotFoundError):
                await self._keeping.supersede(str(ref), entry, None, asked, but=wanted.key)
            raise _failed(description, first) from description
        if description.deleted:
            await self._keeping.supersede(str(ref), entry, None, asked, but=wanted.key)
            raise _Failed(errors.deleted(), lasting=True, asked=first)
        descriptor = described(ref, description, rendition, now=asked, seconds=self._fresh_seconds(description))
        await self._keeping.supersede(str(ref), entry, descriptor, asked, but=wanted.key)
        await self._keeping.renew(descriptor, description.stale_until, place, but=wanted.key)
        if wanted.rendition.hosted and isinstance(source, Hosting) and not _refused(wanted, descriptor):
            descriptor = linked(descriptor, *await _hosted(source, description, rendition, wanted.rendition))
        if entry is not None and unchanged(entry.descriptor, descriptor):
            revalidated = msgspec.structs.replace(
                entry,
                descriptor=updated(entry.descriptor, descriptor),
                refresh_at=refresh_at(descriptor),
                lenient_until=None,
                stale_until=description.stale_until,
                place=place,
                described_at=None,
            )
            brought = await self._held(wanted, revalidated)
            if brought is not None:
                return brought
        if _refused(wanted, descriptor):
            return await self._keep(wanted.key, self._entry(description, descriptor, None, place), "")
        try:
            return await self._fetched(wanted, source, description, rendition, descriptor, place)
        except _BrokenError as broken:
            if again:
                raise broken.error from broken
        # Worth one more look, and no failed document.
        return await self._answered(wanted, entry, source, ref, rendition, self.question(), again=True)

    async def _described(
        self, source: Source, ref: AssetRef, question: Question
    ) -> tuple[AssetDescription | SourceError, Question]:
        """What a source says of an asset, or why it says nothing, and the question that it answers.

        Of renditions that are wanted at the same time one asks; whoever joins has asked when that one did.
        """
        key = f"{ref}|{self._belief.generation}"
        return await self._describing.run(key, lambda: _answer(source, ref, question))

    async def look(self, ref: AssetRef) -> None:
        """Ask about an asset by itself, and let what its source says count for what is here of it; no bytes come.

        Raises:
            SourceError: nothing is said of it.
        """
        source = self._registry.get(ref.source)
        async with self.slots(ref.source):
            said, question = await self._described(source, ref, self.question())
        if isinstance(said, SourceError) and not isinstance(said, NotFoundError):
            raise said
        await self.take_in(ref, None if isinstance(said, SourceError) else said, question)

    async def take_in(
        self, ref: AssetRef, said: AssetDescription | None, question: Question, *, listed: bool = False
    ) -> int:
        """Let what a source says of an asset count at once for what is here of it, and at the others.

        Args:
            ref: the asset.
            said: what its source says; None: it has no such asset any more.
            question: when it was asked.
            listed: whether a list said so.

        Returns:
            How many renditions live on by it.
        """
        if said is None or said.deleted:
            await self._keeping.supersede(str(ref), None, None, question.at)
            return 0
        descriptor = described(ref, said, Rendition(), now=question.at, seconds=self._fresh_seconds(said))
        await self._keeping.supersede(str(ref), None, descriptor, question.at)
        return await self._keeping.renew(descriptor, said.stale_until, question.place, listed=listed)

    async def _held(self, wanted: Wanted, entry: Entry) -> Brought | None:
        """The entry with its blobs, if they are still here; an entry that may not be used needs none."""
        if _refused(wanted, entry.descriptor):
            return await self._keep(wanted.key, entry, "")
        if entry.prepared is None:
            return None
        found_in = await self._store.locate(entry.prepared) or await self._store.locate(entry.descriptor.digest)
        prepared = await self._preparation.of_stored(entry.descriptor.digest, wanted.rendition)
        if prepared is None:
            return None
        if found_in == _DISK and self._ledger.shares(wanted.ref):
            await self._share(prepared.digest, entry.descriptor.digest)
        return await self._keep(
            wanted.key,
            msgspec.structs.replace(entry, prepared=prepared.digest, preparation=self._preparation.name),
            found_in or _SOURCE,
        )

    async def _share(self, *digests: Digest) -> None:
        """See that blobs are where others look who are told of the entry: an emptied Redis had them before."""
        for digest in digests:
            data = await self._store.get(digest)
            if data is not None:
                await self._store.put(digest, data)

    async def _fetched(
        self,
        wanted: Wanted,
        source: Source,
        description: AssetDescription,
        rendition: Rendition,
        descriptor: AssetDescriptor,
        place: Place | None,
    ) -> Brought:
        # A text is taken as it is.
        data = await self._read(source, description, Rendition() if wanted.rendition == APPROVED else rendition)
        header = inspect_text(data) if wanted.rendition == APPROVED else inspect_image(data)
        digest = Digest.of(data) if len(data) <= _LONG else await asyncio.to_thread(Digest.of, data)
        await self._store.put(digest, data)
        prepared = await self._preparation.of_bytes(digest, data, wanted.rendition)
        descriptor = msgspec.structs.replace(
            descriptor,
            digest=digest,
            media_type=header.media_type,
            width=prepared.width,
            height=prepared.height,
            color_space=wanted.rendition.color_space or header.color_space,
        )
        return await self._keep(wanted.key, self._entry(description, descriptor, prepared.digest, place), _SOURCE)

    def _entry(
        self,
        description: AssetDescription,
        descriptor: AssetDescriptor,
        prepared: Digest | None,
        place: Place | None,
    ) -> Entry:
        return Entry(
            descriptor,
            prepared,
            self._preparation.name,
            refresh_at(descriptor),
            stale_until=description.stale_until,
            place=place,
        )

    async def _read(self, source: Source, description: AssetDescription, rendition: Rendition) -> bytes:
        most = self._config.max_bytes
        chunks: list[bytes] = []
        size = 0
        opened = False
        try:
            async with source.open(description, rendition) as body:
                opened = True
                async for chunk in body.chunks():
                    size += len(chunk)
                    if size > most:
                        raise _too_large(most)
                    chunks.append(chunk)
        except SourceError as error:
            # Before the head came the transport has tried again already, unless other bytes came than were described.
            if (opened or isinstance(error, InvalidResponseError)) and _worth_another(error):
                raise _BrokenError(error) from error
            raise
        return b"".join(chunks)

    def _fresh_seconds(self, description: AssetDescription) -> float:
        """For how long the answer is believed."""
        seconds = self._config.fresh_seconds
        if description.approval is not Approval.APPROVED:
            seconds = min(seconds, self._config.not_found_seconds)  # somebody may be approving it right now
        seconds *= 1 - 0.2 * self._chance()
        if description.fresh_until is not None:
            # The system's own word shortens it, and never lengthens it: it knows nothing of a withdrawal to come.
            stated = (description.fresh_until - self._clock.now()).total_seconds()
            seconds = min(seconds, max(stated, _SHORTEST_FRESH))
        if description.rights_until is not None:
            # What follows may be there at once when rights end.
            left = (description.rights_until - self._clock.now()).total_seconds()
            seconds = min(seconds, left) if left > 0 else seconds
        return seconds

    async def _failure(self, wanted: Wanted, entry: Entry | None, failed: _Failed, *, ask: bool) -> Brought:
        """Remember for a while that it cannot be had; or use what was had, if only its source is in trouble."""
        config, now = self._config, self._clock.now()
        seconds = config.not_found_seconds
        if not failed.lasting:
            seconds = min(max(failed.trouble.retry_after or 0.0, config.unavailable_seconds), seconds)
        until = now + timedelta(seconds=seconds)
        if not failed.lasting and entry is not None and entry.prepared is not None and self._may_be_stale(entry):
            last_use = entry.descriptor.fresh_until + timedelta(seconds=config.stale_if_error_seconds)
            if entry.stale_until is not None:
                last_use = min(last_use, entry.stale_until)
            if now < last_use:
                # Where news was missed it may be fresh by its own time; that it could not be asked is told in any case.
                about = msgspec.structs.replace(entry.descriptor, fresh_until=min(entry.descriptor.fresh_until, now))
                lenient = msgspec.structs.replace(entry, descriptor=about, lenient_until=min(until, last_use))
                brought = await self._held(wanted, lenient)
                if brought is not None:
                    return brought
        ref = entry.descriptor.ref if entry is not None else wanted.ref
        absent = Absent(ref, failed.trouble, until, None if failed.lasting else entry)
        if failed.lasting:
            # What is on disk must not bring back after a restart what its source has withdrawn.
            await self._ledger.delete(wanted.key)
        if failed.lasting or not ask:
            await self._cache.put(wanted.key, absent, self._config.keep_seconds)
        return Brought(absent, "")

    def _may_be_stale(self, entry: Entry) -> bool:
        """Whether its source's silence lets it be used on: never what was changed, nor what a regulator watches."""
        if self._belief.was_changed(entry.descriptor):
            return False
        return not entry.descriptor.regulated or not self._belief.is_old(entry.descriptor, self._clock.now())

    async def _keep(self, key: str, entry: Entry, found_in: str) -> Brought:
        await self._keeping.keep(key, entry)
        return Brought(entry, found_in)


async def _answer(source: Source, ref: AssetRef, question: Question) -> tuple[AssetDescription | SourceError, Question]:
    try:
        return await source.describe(ref), question
    except SourceError as error:
        return error, question


def _worth_another(error: SourceError) -> bool:
    """Whether asking at once may help; one who is asked for less, or has no more time, is not asked again."""
    asks_for_time = error.retry_after is not None or isinstance(error, RateLimitedError | TimedOutError)
    return error.transient and not asks_for_time


def _too_large(most: int) -> _Failed:
    text = f"it has more than {most} bytes, which is the most; ask for a smaller rendition"
    return _Failed(Trouble(Reason.ASSET_TOO_LARGE, text), lasting=True)


def _failed(error: SourceError | PressrunError, asked: Question | None = None) -> _Failed:
    trouble = errors.of_source(error) if isinstance(error, SourceError) else errors.of_preparation(error)
    return _Failed(trouble, lasting=trouble.retry_after is None, asked=asked)


async def _hosted(
    source: Hosting, description: AssetDescription, rendition: Rendition, spec: RenditionSpec
) -> tuple[Hosted | None, list[Hosted]]:
    """Where a rendition is shown, and for browsers the same in smaller widths."""
    shown = await source.hosted(description, rendition)
    if shown is None or not spec.screen:
        return shown, []
    found = [await source.hosted(description, smaller) for smaller in narrower(rendition, shown)]
    return shown, [smaller for smaller in found if smaller is not None]


def _refused(wanted: Wanted, descriptor: AssetDescriptor) -> bool:
    return refusal(wanted.require, descriptor, wanted.occasion) is not None
