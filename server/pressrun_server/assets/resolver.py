"""Resolve: from what was selected for the slots of a document to prepared assets that may be used in it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pressrun_server.assets.belief import Belief, asset_name
from pressrun_server.assets.bringing import Bringing
from pressrun_server.assets.cluster import Cluster
from pressrun_server.assets.cluster_flight import ClusterFlight
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.descriptors import DescriptorCache
from pressrun_server.assets.entry import Entry, Trouble
from pressrun_server.assets.errors import of_preparation
from pressrun_server.assets.feed import FeedStats
from pressrun_server.assets.ledger import Ledger
from pressrun_server.assets.licence import Counting, LocalCounts, Reserved, UncountedError, used_up
from pressrun_server.assets.lookup import Lookup
from pressrun_server.assets.preparation import Preparation, Prepared, Preparing
from pressrun_server.assets.provenance import Origin, Provenance
from pressrun_server.assets.querying import Querying
from pressrun_server.assets.requirement import Occasion, refusal
from pressrun_server.assets.reviewing import Reviews
from pressrun_server.assets.selection import Selected
from pressrun_server.assets.settling import Answer, Ask, Find, Former, Settled, Settling, Stored, pinned, settle
from pressrun_server.assets.shared_entries import SharedEntries
from pressrun_server.assets.shared_ledger import SharedLedger
from pressrun_server.cas.tier import Tier
from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.approved import APPROVED
from pressrun_server.model.asset import AssetDescriptor, AssetUse
from pressrun_server.model.decision import Outcome, Refused, Settlement
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.spec import Pins
from pressrun_server.model.template import RenditionSpec, Requirement
from pressrun_server.prepare.media import inspect_image
from pressrun_sources.model import AssetRef
from pressrun_sources.registry import Registry

__all__ = ["AssetResolver", "ResolverStats"]

Journal = dict[str, Settlement]
"""By slot, how it was settled."""
Resolved = tuple[list[AssetUse], list[RenderWarning]]

_MEMORY = "memory"


class ResolverStats(msgspec.Struct, frozen=True):
    """What the resolver holds and did since it was made."""

    entries: int
    """Renditions that it knows something of."""
    evictions: int
    in_flight: int
    """Renditions that are being brought."""
    joined: int
    """Waits for something that another document had asked for."""
    refreshed: int
    """Revalidations beside a document, before an entry became stale."""
    lenient: int
    """Uses of a stale entry because its source could not be asked."""
    waits: int
    """Times that another process was waited for, which was asking for the same."""
    shared: int
    """Renditions that another process, or an earlier one, had brought, so that their source was not asked."""
    doubts: int
    """Times that everything held came into doubt, because news may have been missed."""
    feed: FeedStats | None
    """How the feed of changes does, where there is one."""


class AssetResolver:
    """Finds, checks and prepares the assets of documents.

    Theory of operation. For each rendition there is one entry: what its source said, when, and the digest of the
    prepared blob. `Lookup` judges an entry without waiting: it may be used; it may not, and why; or the source, the
    disk or a preparer must be asked first. That last is `Bringing`'s work, done once for all who wait. `settle` makes
    of the answers what goes into a slot.

    Guarantee: `resolve_warm` never waits and does no I/O; a document gets an asset only if its source's last answer,
    at most `fresh_seconds` old (plus `stale_if_error_seconds`, with a warning, while the source cannot be asked), says
    that it may be used. Cost: warm, some microseconds for each slot.

    Args:
        registry: the sources.
        store: holds the blobs.
        preparers: the limited processes.
        config: all settings.
        clock: the time.
        chance: a random number from 0 to 1.
        cluster: what is shared with other nodes; None: nothing.

    Use `await resolver.start()` before anything else.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Tier,
        preparers: Preparing,
        config: AssetConfig,
        clock: Clock,
        chance: Callable[[], float] = random.random,
        counts: Counting | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        cluster = cluster or Cluster()
        folder = config.ledger_path
        belief = self._belief = Belief(lease_seconds=config.lease_seconds, max_changes=config.max_entries)
        self._feed = cluster.feed
        self._kin = cluster.kin
        entries = Ledger(
            folder and folder / "assets", Entry, max_records=config.max_entries, groups=SharedEntries.groups
        )
        self._entries = SharedEntries(entries, cluster.names, clock, belief, keep_seconds=config.keep_seconds)
        results = Ledger(folder and folder / "prepared", Prepared, max_records=config.max_entries)
        self._results = SharedLedger(results, Prepared, cluster.made)
        origins = Ledger(folder and folder / "origins", Origin, max_records=config.max_entries)
        shared, own = SharedLedger(origins, Origin, cluster.names), SharedLedger(origins, Origin, None)
        # Pushed content is one node's own unless the events' Redis carries it to the others.
        local = own if self._feed is None else shared
        self._provenance = Provenance(shared, local, clock, max_entries=config.max_entries)
        self._cache = DescriptorCache(config.max_entries)
        self._preparation = Preparation(
            store=store,
            preparers=preparers,
            ledger=self._results,
            seconds=config.prepare_seconds,
            engine=cluster.engine,
        )
        self._cluster_flight = cluster.flight or ClusterFlight((), store.settle)
        bringing = self._bringing = Bringing(
            registry=registry,
            store=store,
            preparation=self._preparation,
            cache=self._cache,
            ledger=self._entries,
            provenance=self._provenance,
            belief=belief,
            tell=self._tell,
            cluster_flight=self._cluster_flight,
            config=config,
            clock=clock,
            chance=chance,
        )
        reviews = self._reviews = Reviews(
            registry=registry, cache=self._cache, bringing=bringing, config=config, clock=clock
        )
        self._lookup = Lookup(
            cache=self._cache,
            store=store,
            bringing=bringing,
            reviews=reviews,
            belief=belief,
            config=config,
            clock=clock,
        )
        self._querying = Querying(registry=registry, belief=belief, config=config, clock=clock)
        self._telling: set[asyncio.Task[object]] = set()
        self._registry = registry
        self._config = config
        self._store = store
        self._counts: Counting = counts or LocalCounts(folder and folder.parent / "licences.sqlite")
        self._clock = clock

    async def start(self) -> None:
        """Look at what an earlier process left, and hear what has changed since."""
        await self._entries.start()
        await self._results.start()
        await self._provenance.start()
        if self._feed is not None:
            await self._feed.start(self._belief, self._heard)

    async def close(self) -> None:
        """Cancel what is under way."""
        await asyncio.gather(*self._telling, return_exceptions=True)
        if self._feed is not None:
            await self._feed.close()
        await self._lookup.close()
        await self._reviews.close()
        await self._bringing.close()
        await self._querying.close()
        await self._counts.close()
        await self._preparation.close()

    def stats(self) -> ResolverStats:
        """What is held and was done."""
        return ResolverStats(
            entries=len(self._cache),
            evictions=self._cache.evictions,
            in_flight=self._lookup.in_flight,
            joined=self._lookup.joined,
            refreshed=self._lookup.refreshed,
            lenient=self._lookup.lenient,
            waits=self._cluster_flight.waits,
            shared=self._bringing.shared,
            doubts=self._belief.doubts,
            feed=None if self._feed is None else self._feed.stats(),
        )

    async def describe(self, ref: str) -> Sequence[AssetDescriptor]:
        """One descriptor for each rendition of the asset that is here; its source is not asked.

        Raises:
            PressrunError: INVALID_REQUEST, no asset ref; ASSET_NOT_FOUND, nothing is known of it.
        """
        try:
            canonical = str(AssetRef.parse(ref))
        except ValueError as error:
            raise PressrunError(Reason.INVALID_REQUEST, str(error)) from error
        found = [
            known.descriptor
            for known in self._cache.of_ref(canonical)
            if isinstance(known, Entry) and known.prepared is not None
        ]
        if not found:
            raise PressrunError(
                Reason.ASSET_NOT_FOUND,
                f"asset {canonical}: this node holds no rendition of it; resolve it first",
                metadata={"ref": canonical},
            )
        return found

    async def changed(self, *names: str) -> bool:
        """Forget what is believed of assets, here and at every node: their sources have other versions.

        Args:
            names: asset refs in canonical form, which mean the asset in all its variants; `source:` means all of a
                source's. None: only say whether all that was told before has reached the others.

        Returns:
            Whether the other nodes were told, or there is no way to them; False while the feed's server is away: they
            are told when it is back.
        """
        assets = dict.fromkeys(map(asset_name, names))
        for name in assets:
            self._belief.changed(name, self._clock.now())
        if self._feed is not None:
            self._feed.owe(assets)
        await self._forget(assets)
        if assets and self._kin is not None:
            await self._kin.changed(tuple(assets))
        return self._feed is None or await self._feed.tell()

    async def hear(self, names: Sequence[str]) -> None:
        """Forget what is believed of assets, as `changed` does; another front of this node has told all the others."""
        for name in names:
            self._belief.changed(name, self._clock.now())
        await self._forget(names)

    async def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            for key in self._cache.keys_of(name):
                await self._entries.delete(key)  # for the others too, also for one that starts later
            await self._heard(name)

    def held(self, *names: str) -> int:
        """Renditions of which something is known in memory, of assets or sources as `changed` has them."""
        return len({key for name in names for key in self._cache.keys_of(asset_name(name))})

    async def missing(self, refs: Sequence[str], rendition: RenditionSpec) -> list[str]:
        """Those of the refs that can't be had without their source; none is asked.

        Args:
            refs: in canonical form.
            rendition: which version of them.
        """
        blobs = await asyncio.gather(*(self._lookup.blob_of(ref, rendition) for ref in refs))
        gone = await self._store.find_missing([blob for blob in blobs if blob is not None])
        return [ref for ref, blob in zip(refs, blobs, strict=True) if blob is None or blob in gone]

    async def missing_blobs(self, digests: Sequence[Digest]) -> list[Digest]:
        """Those of the digests whose blobs no tier holds, in order."""
        gone = await self._store.find_missing(digests)
        return [digest for digest in digests if digest in gone]

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources."""
        return self._registry.names()

    def _tell(self, name: str) -> None:
        """Tell the other nodes, and fronts, of what was found out here, beside the document that found it."""
        telling: list[Coroutine[Any, Any, object]] = []
        if self._feed is not None:
            self._feed.owe((name,))
            telling.append(self._feed.tell())
        if self._kin is not None:
            telling.append(self._kin.changed((name,)))
        for work in telling:
            task = asyncio.get_running_loop().create_task(work, name="telling-of-withdrawal")
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _heard(self, name: str) -> None:
        """Forget what is held; belief has been told."""
        self._querying.forget(name.partition(":")[0])
        for key in self._cache.keys_of(name):
            await self._cache.delete(key)
        await self._entries.forget(name)

    async def check_image(self, digest: Digest, data: bytes) -> None:
        """Decode and prepare an image, as its first use would; it is in the store then.

        Raises:
            PressrunError: ASSET_INVALID, ASSET_TOO_LARGE, or as the preparers raise.
        """
        inspect_image(data)
        await self._preparation.of_bytes(digest, data)
        await self._store.put(digest, data)

    async def check_text(self, digest: Digest, data: bytes) -> None:
        """Read an approved text, as its first use would; it is in the store then.

        Raises:
            PressrunError: ASSET_INVALID, ASSET_TOO_LARGE, or as the preparers raise.
        """
        await self._preparation.of_bytes(digest, data, APPROVED)
        await self._store.put(digest, data)

    def resolve_warm(
        self,
        selections: Sequence[Selected],
        *,
        as_of: datetime,
        channel: str,
        pins: Pins | None = None,
        journal: Journal | None = None,
    ) -> Resolved | None:
        """The assets of a document, where all can be had without waiting; None where `resolve` must be asked.

        Raises:
            PressrunError: as `resolve` does, where that is certain without waiting.
        """
        now = self._clock.now()
        uses: list[AssetUse] = []
        warnings: list[RenderWarning] = []
        for selection in selections:
            settled = self._glance(selection, Occasion(as_of, selection.territory, channel), now, pins, journal)
            if settled is None:
                return None
            _add(selection, settled, uses, warnings, now)
        return uses, warnings

    async def resolve(
        self,
        selections: Sequence[Selected],
        *,
        as_of: datetime,
        channel: str,
        pins: Pins | None = None,
        journal: Journal | None = None,
        use: str = "",
        job: str = "",
    ) -> Resolved:
        """The assets of a document: one use for each slot that is not left out, in order, and what to say about them.

        Args:
            selections: what the slots' rules chose.
            as_of: the moment that the document speaks of; rights must cover it.
            channel: the output channel; rights must cover it too.
            pins: what an earlier answer used; the same bytes are taken again.
            journal: is told, by slot, how it was settled, where that was not simply the first choice; also for a slot
                that fails the document.
            use: names the document, where it counts as a use of assets whose licence allows a number of them; empty: it
                does not count.
            job: whose reservation such uses are taken from first; empty: nobody's.

        Raises:
            PressrunError: ASSET_NOT_FOUND, ASSET_NOT_APPROVED, ASSET_RIGHTS, ASSET_UNAVAILABLE (may be tried again),
                ASSET_INVALID, ASSET_TOO_LARGE, for the first slot in order that fails the document; PINS_MISMATCH.
        """
        slots = [
            self._settled(selection, Occasion(as_of, selection.territory, channel), pins, journal, (use, job))
            for selection in selections
        ]
        settled = [await slots[0]] if len(slots) == 1 else await asyncio.gather(*slots)
        now = self._clock.now()
        uses: list[AssetUse] = []
        warnings: list[RenderWarning] = []
        for selection, outcome in zip(selections, settled, strict=True):
            if isinstance(outcome, PressrunError):
                raise outcome
            _add(selection, outcome, uses, warnings, now)
        return uses, warnings

    async def reserve(self, ref: str, job: str, number: int, seconds: float) -> tuple[int | None, Reserved]:
        """Hold uses of an asset for a job; the uses that its licence allows in all, and what came of it.

        Where it allows any number there is nothing to hold.

        Args:
            ref: in canonical form.
            job: who holds them.
            number: how many, beside those made already; 0 gives back what is held.
            seconds: after which what was not used is given back.

        Raises:
            PressrunError: ASSET_*, it may not be used now, or nobody can count.
        """
        require, now = Requirement(territory=False, channel=False), self._clock.now()
        answer = await self._lookup.ready(
            ref, RenditionSpec(), require, Occasion(now), seconds=self._config.resolve_seconds
        )
        if isinstance(answer, Trouble):
            raise answer.error("(reserve)", ref)
        volume = answer[0].descriptor.volume
        if volume is None:
            return None, Reserved(granted=True, used=0, held=0)
        try:
            return volume, await self._counts.reserve(answer[0].descriptor.ref, job, number, volume, seconds)
        except UncountedError as error:
            raise _uncounted(error).error("(reserve)", ref) from error

    def _glance(
        self, selection: Selected, occasion: Occasion, now: datetime, pins: Pins | None, journal: Journal | None
    ) -> Settled | None:
        """What goes into a slot, if that is certain without waiting."""
        rendition, require = selection.rendition, selection.require
        if pins is None and selection.ref:
            entry = self._lookup.glance(selection.ref, rendition, require, occasion, now)
            if isinstance(entry, Entry):  # by far the most frequent case, without the machinery below
                assert entry.prepared is not None
                return AssetUse(selection.slot, entry.descriptor, entry.prepared, _MEMORY), (), None
            if entry is None:
                return None
        refused: list[Refused] = []
        settling = self._settling(selection, occasion, pins, refused)
        try:
            question = next(settling)
            while True:
                answer: Answer
                if isinstance(question, Ask):
                    answer = self._querying.glance(question.query, now)
                elif isinstance(question, Find) and not question.ask:
                    found = self._lookup.glance(question.ref, rendition, require, occasion, now)
                    answer = (found, _MEMORY) if isinstance(found, Entry) else found
                else:
                    break
                if answer is None:
                    break
                question = settling.send(answer)
        except StopIteration as stop:
            return _noted(selection, stop.value, journal)
        except PressrunError:
            _failed(selection, refused, journal)
            raise
        settling.close()
        return None

    async def _settled(
        self, selection: Selected, occasion: Occasion, pins: Pins | None, journal: Journal | None, use: tuple[str, str]
    ) -> Settled | PressrunError:
        """What goes into a slot. Its failure is a result, so that no other slot is left half way."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._config.resolve_seconds
        refused: list[Refused] = []
        settling = self._settling(selection, occasion, pins, refused)
        try:
            question = next(settling)
            while True:
                answer: Answer
                if isinstance(question, Stored):
                    answer = await self._stored(question, selection, occasion)
                else:
                    left = max(end - loop.time(), 0.0)
                    seconds = left if question.last else left * 2 / 3
                    if isinstance(question, Ask):
                        answer = await self._querying.ready(question.query, seconds=seconds)
                    else:
                        answer = await self._lookup.ready(
                            question.ref,
                            selection.rendition,
                            selection.require,
                            occasion,
                            seconds=seconds,
                            ask=question.ask,
                        )
                        answer = await self._counted(answer, use)
                question = settling.send(answer)
        except StopIteration as stop:
            return _noted(selection, stop.value, journal)
        except PressrunError as error:
            _failed(selection, refused, journal)
            return error

    def _settling(self, selection: Selected, occasion: Occasion, pins: Pins | None, refused: list[Refused]) -> Settling:
        if pins is None:
            return settle(selection, occasion.channel, refused)
        return pinned(selection, occasion.channel, self._lookup.key(selection.ref, selection.rendition), pins)

    async def _counted(self, answer: tuple[Entry, str] | Trouble, use: tuple[str, str]) -> tuple[Entry, str] | Trouble:
        """The same answer, unless the licence has no use left."""
        if isinstance(answer, Trouble) or answer[0].descriptor.volume is None:
            return answer
        descriptor = answer[0].descriptor
        assert descriptor.volume is not None
        try:
            allowed = await self._counts.take(descriptor.ref, use[0], descriptor.volume, use[1])
        except UncountedError as error:
            return _uncounted(error)
        return answer if allowed else used_up(descriptor.volume)

    async def _stored(self, question: Stored, selection: Selected, occasion: Occasion) -> Former | Trouble | None:
        origin = await self._provenance.find(question.descriptor, question.digest)
        if origin is None:
            return None
        descriptor = origin.described(question.digest, question.descriptor)
        refused = refusal(selection.require, descriptor, occasion)
        if refused is not None:
            return refused
        try:
            prepared = await self._preparation.of_stored(question.digest, selection.rendition)
        except PressrunError as error:
            return of_preparation(error)
        if prepared is None:
            return None
        sized = msgspec.structs.replace(descriptor, width=prepared.width, height=prepared.height)
        return Former(sized, prepared.digest)


def _uncounted(error: UncountedError) -> Trouble:
    text = "the uses that its licence allows cannot be counted at present; try again later"
    return Trouble(Reason.ASSET_UNAVAILABLE, text, 1.0, str(error))


def _noted(selection: Selected, settled: Settled, journal: Journal | None) -> Settled:
    if journal is not None and settled[2] is not None:
        journal[selection.slot] = settled[2]
    return settled


def _failed(selection: Selected, refused: list[Refused], journal: Journal | None) -> None:
    if journal is not None:
        journal[selection.slot] = Settlement(Outcome.FAILED, tuple(refused))


def _add(
    selection: Selected, settled: Settled, uses: list[AssetUse], warnings: list[RenderWarning], now: datetime
) -> None:
    use, said, _ = settled
    warnings.extend(said)
    if use is None:
        return
    uses.append(use)
    if selection.rendition.hosted and use.descriptor.hosted is None:
        text = f"slot {use.slot!r}: asset {use.descriptor.ref}: its system shows it to nobody, so the document holds it"
        warnings.append(RenderWarning("ASSET_NOT_HOSTED", text, f"slots.{use.slot}"))
    if use.descriptor.fresh_until <= now:
        text = (
            f"slot {use.slot!r}: asset {use.descriptor.ref}: its source could not be asked since "
            f"{use.descriptor.fresh_until.isoformat()}; what it said last is used"
        )
        warnings.append(RenderWarning("ASSET_STALE", text, f"slots.{use.slot}"))
