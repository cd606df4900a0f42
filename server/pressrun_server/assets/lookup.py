"""Looks up one rendition: at once where it is warm, else by bringing it."""

from __future__ import annotations

import asyncio
from datetime import datetime

from pressrun_server.assets import errors
from pressrun_server.assets.belief import Belief
from pressrun_server.assets.bringing import Bringing, Brought, Wanted
from pressrun_server.assets.config import AssetConfig
from pressrun_server.assets.describing import of_source
from pressrun_server.assets.descriptors import DescriptorCache
from pressrun_server.assets.entry import LINKED, Absent, Entry, Known, Trouble
from pressrun_server.assets.flight import SingleFlight
from pressrun_server.assets.requirement import Occasion, refusal
from pressrun_server.assets.reviewing import Reviews
from pressrun_server.cas.tier import Tier
from pressrun_server.clock import Clock
from pressrun_server.errors import Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import RenditionSpec, Requirement

__all__ = ["Lookup"]

_MEMORY = "memory"
_ATTEMPTS = 3
_MAX_KEYS = 10_000
_SCREEN = ";screen"
_MAIL = ";mail"
"""Ends the key of what is made for screens of the same bytes."""
_LEASE_TO_RENEW = 0.2
"""A use within this last part of a lease starts a revalidation beside the document."""


class Lookup:
    """Finds entries and judges them.

    Guarantee: `glance` never waits; approval and rights are judged at every use, warm or cold, from the source's last
    answer. One call at a time brings a rendition, whoever waits for it, unless a change was told meanwhile.
    """

    def __init__(
        self,
        *,
        cache: DescriptorCache,
        store: Tier,
        bringing: Bringing,
        reviews: Reviews,
        belief: Belief,
        config: AssetConfig,
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._belief = belief
        self._store = store
        self._bringing = bringing
        self._reviews = reviews
        self._config = config
        self._clock = clock
        self._flight: SingleFlight[str, Brought] = SingleFlight()
        self._keys: dict[tuple[str, RenditionSpec], str] = {}
        self._refreshing: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.refreshed = 0
        """Revalidations that were started beside a document."""
        self.lenient = 0
        """Uses of a stale entry because its source could not be asked."""

    @property
    def in_flight(self) -> int:
        """Renditions that are being brought."""
        return len(self._flight)

    @property
    def joined(self) -> int:
        """Waits for something that another document had asked for."""
        return self._flight.joined

    async def close(self) -> None:
        """Cancel what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._flight.close()

    def glance(
        self,
        ref: str,
        rendition: RenditionSpec,
        require: Requirement,
        occasion: Occasion,
        now: datetime,
        *,
        counted: bool = False,
    ) -> Entry | Trouble | None:
        """The entry if it may be used now, or why it may not; None where that takes a wait.

        Args:
            ref: the asset.
            rendition: which version of it.
            require: what it must have.
            occasion: when and where it is used.
            now: the time.
            counted: whether the caller sees to the number of its uses; without that it takes a wait.
        """
        key = self._keys.get((ref, rendition)) or self._key(ref, rendition)
        known = self._cache.peek(key)
        if known is None:
            return None
        if isinstance(known, Absent):
            return known.trouble if known.until > now else None
        if known.descriptor.fresh_until <= now or known.descriptor.fetched_at <= self._belief.horizon:
            if known.lenient_until is None or known.lenient_until <= now:
                return None
            self.lenient += 1
        left = self._belief.left(known.descriptor, now) if known.descriptor.regulated else 1.0
        if not left:
            return None
        refused = refusal(require, known.descriptor, occasion)
        if refused is not None:
            return refused
        if known.prepared is None or self._store.peek(known.prepared) is None:
            return None
        if known.descriptor.volume is not None and not counted:
            return None
        if (
            (known.refresh_at <= now or left < _LEASE_TO_RENEW)
            and known.lenient_until is None
            and key not in self._refreshing
        ):
            self._refresh(Wanted(key, ref, rendition, require, occasion))
        return known

    async def ready(
        self,
        ref: str,
        rendition: RenditionSpec,
        require: Requirement,
        occasion: Occasion,
        *,
        seconds: float,
        ask: bool = False,
    ) -> tuple[Entry, str] | Trouble:
        """The entry and where its blob was found, or why it cannot be used.

        Args:
            ref: the asset.
            rendition: which version of it.
            require: what it must have.
            occasion: when and where rights must hold.
            seconds: how long it may take.
            ask: ask the source even if its last answer is fresh.
        """
        wanted = Wanted(self._key(ref, rendition), ref, rendition, require, occasion)
        try:
            async with asyncio.timeout(seconds):
                for _ in range(_ATTEMPTS):
                    if not ask:
                        found = self.glance(ref, rendition, require, occasion, self._clock.now(), counted=True)
                        if isinstance(found, Entry):
                            return found, _MEMORY
                        if found is not None:
                            return found
                    brought = await self._bring(wanted, ask=ask)
                    outcome = _outcome(brought, require, occasion)
                    if outcome is not None:
                        return outcome
                    # It was brought for somebody who may not use it, so without its bytes: ask once more, for us.
        except TimeoutError:
            return errors.overdue(seconds)
        return Trouble(Reason.ASSET_UNAVAILABLE, "its approval keeps changing; try again later", 1.0)

    async def blob_of(self, ref: str, rendition: RenditionSpec) -> Digest | None:
        """The prepared blob of an entry that its source need not be asked about; None where there is none."""
        entry = await self._bringing.good(self._key(ref, rendition))
        return None if entry is None else entry.prepared

    def key(self, ref: str, rendition: RenditionSpec) -> str:
        """The rendition's part of the key, as descriptors and pins have it."""
        return (
            self._key(ref, rendition)
            .removeprefix(f"{ref}|")
            .removesuffix(_MAIL)
            .removesuffix(_SCREEN)
            .removesuffix(LINKED)
        )

    def _key(self, ref: str, rendition: RenditionSpec) -> str:
        """The name of the entry; remembered, because it is needed for each slot of each document."""
        key = self._keys.get((ref, rendition))
        if key is None:
            try:
                marks = f"{LINKED if rendition.hosted else ''}{_SCREEN if rendition.screen else ''}"
                marks += _MAIL if rendition.mail else ""
                key = f"{ref}|{of_source(rendition).key()}{marks}"
            except ValueError:
                key = f"{ref}|{rendition!r}"  # bringing it will say what is wrong
            if len(self._keys) >= _MAX_KEYS:
                self._keys.clear()
            self._keys[ref, rendition] = key
        return key

    async def _bring(self, wanted: Wanted, *, ask: bool = False, refresh: bool = False) -> Brought:
        # A question that must be asked does not join one that may be answered from what is here, and none joins one of
        # before a change.
        flight = f"{wanted.key}|{self._belief.generation}|{ask:d}{refresh:d}"
        return await self._flight.run(flight, lambda: self._bringing.bring(wanted, ask=ask or refresh, shared=refresh))

    def _refresh(self, wanted: Wanted) -> None:
        """Revalidate beside the document that noticed."""
        self._refreshing.add(wanted.key)
        self.refreshed += 1
        task = asyncio.get_running_loop().create_task(self._refreshed(wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refreshed(self, wanted: Wanted) -> None:
        try:
            if await self._reviews.renewed(wanted):
                return
            brought = await self._bring(wanted, refresh=True)
            if isinstance(brought.known, Absent):
                await asyncio.sleep(self._config.unavailable_seconds)
        finally:
            self._refreshing.discard(wanted.key)


def _outcome(brought: Brought, require: Requirement, occasion: Occasion) -> tuple[Entry, str] | Trouble | None:
    known: Known = brought.known
    if isinstance(known, Absent):
        return known.trouble
    refused = refusal(require, known.descriptor, occasion)
    if refused is not None:
        return refused
    return None if known.prepared is None else (known, brought.found_in)
