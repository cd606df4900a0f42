"""Assets beside documents: resolve some by name, fetch all that a template can choose, say what is known, forget it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import msgspec

from pressrun_server.assets.licence import Reserved
from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.asset import AssetDescriptor
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import OutputChannel
from pressrun_server.model.template import RenditionSpec, Requirement
from pressrun_server.render.pipeline import Resolving, run_name
from pressrun_server.render.registry import Published
from pressrun_server.template.selection import Selection

__all__ = ["AssetDesk", "AssetOutcome", "Knowing", "LicenceOutcome"]


class AssetOutcome(msgspec.Struct, frozen=True):
    """What became of one asset: a descriptor, or a failure."""

    ref: str
    descriptor: AssetDescriptor | None = None
    failure: PressrunError | None = None
    found_in: str = ""


class LicenceOutcome(msgspec.Struct, frozen=True):
    """What came of a wish to use an asset."""

    ref: str
    limit: int | None = None
    """Documents that its licence allows in all; None: any number."""
    reserved: Reserved | None = None
    failure: PressrunError | None = None


class Knowing(Resolving, Protocol):
    """A resolver that can also say what it knows; `assets.resolver.AssetResolver` in a node."""

    async def describe(self, ref: str) -> Sequence[AssetDescriptor]:
        """One descriptor for each rendition that is here.

        Raises:
            PressrunError: ASSET_NOT_FOUND, nothing is known of it.
        """

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources."""

    def held(self, *names: str) -> int:
        """Renditions of which something is known."""

    async def changed(self, *names: str) -> bool:
        """Forget assets (`source:id`) and sources (`source:`) everywhere; whether the other nodes were told."""

    async def reserve(self, ref: str, job: str, number: int, seconds: float) -> tuple[int | None, Reserved]:
        """Hold uses of an asset for a job."""

    async def missing(self, refs: Sequence[str], rendition: RenditionSpec) -> Sequence[str]:
        """Those that can't be had without their source."""

    async def missing_blobs(self, digests: Sequence[Digest]) -> Sequence[Digest]:
        """Those whose blobs no tier holds."""


def _anywhere(require: Requirement) -> Requirement:
    """Without what only a document can say: where it is used."""
    return msgspec.structs.replace(require, territory=False)


def _named(selection: Selection) -> str:
    """What was asked for: a ref, or a query as the template has it."""
    queries = [choice.query.text for choice in selection.choices if choice.query is not None]
    return selection.ref or (queries[0] if queries else "")


class AssetDesk:
    """Answers the questions of AssetService.

    Guarantee: each asset has its own outcome. Cost: at most `concurrency` assets are fetched at once for one question.
    """

    def __init__(self, resolver: Knowing, clock: Clock, *, concurrency: int = 8) -> None:
        self._resolver = resolver
        self._clock = clock
        self._concurrency = concurrency

    async def resolve(self, refs: Sequence[str], rendition: RenditionSpec) -> list[AssetOutcome]:
        """One outcome for each ref, in order."""
        require = Requirement(territory=False, channel=False)  # no document, so no place and no output channel
        # The slot's name goes into messages; here the ref itself says more than any name.
        selections = [Selection("(resolve)", ref, rendition, require, "fail") for ref in refs]
        return await self._outcomes(selections, OutputChannel.PRINT)

    async def prefetch(self, published: Published, channel: OutputChannel) -> list[AssetOutcome]:
        """One outcome for each asset that the template can choose; all are in the cache afterwards, prepared."""
        selections = [
            # A fallback is a choice of its own: here it must not hide that the first choice can't be had.
            replace(choice, require=_anywhere(choice.require), otherwise="fail", rule=0)
            for choice in published.selector.choices(channel)
        ]
        return await self._outcomes(list(dict.fromkeys(selections)), channel)

    async def reserve(
        self, wishes: Sequence[tuple[str, int]], tenant: str, run: str, seconds: float
    ) -> list[LicenceOutcome]:
        """Hold uses of assets for a run; one outcome for each wish (an asset ref and documents), in order."""
        job = run_name(tenant, run)

        async def outcome(ref: str, number: int) -> LicenceOutcome:
            try:
                limit, reserved = await self._resolver.reserve(ref, job, number, seconds)
            except PressrunError as error:
                return LicenceOutcome(ref, failure=error)
            return LicenceOutcome(ref, limit, reserved)

        # One after the other: two wishes for one asset are to be heard in order.
        return [await outcome(ref, number) for ref, number in wishes]

    async def describe(self, ref: str) -> Sequence[AssetDescriptor]:
        """What is known of an asset, without asking its source.

        Raises:
            PressrunError: ASSET_NOT_FOUND.
        """
        return await self._resolver.describe(ref)

    async def missing(
        self, refs: Sequence[str], rendition: RenditionSpec, digests: Sequence[Digest]
    ) -> tuple[Sequence[str], Sequence[Digest]]:
        """The refs and the blobs that are not here, in order; no source is asked."""
        return await self._resolver.missing(refs, rendition), await self._resolver.missing_blobs(digests)

    async def invalidate(self, refs: Sequence[str], sources: Sequence[str]) -> int:
        """Make all nodes forget assets and sources; how many renditions this one knew something of.

        Raises:
            PressrunError: INVALID_REQUEST, a source that is not there; ASSET_UNAVAILABLE, the others can't be told now.
        """
        named = [(f"refs[{index}]", ref.partition(":")[0]) for index, ref in enumerate(refs)]
        named += [(f"sources[{index}]", source) for index, source in enumerate(sources)]
        known = self._resolver.sources
        bad = tuple(
            Violation(field, f"names the source {source[:40]!r}; valid: {', '.join(sorted(known))}")
            for field, source in named
            if source not in known
        )
        if bad:
            raise PressrunError(Reason.INVALID_REQUEST, f"{bad[0].field}: {bad[0].description}", violations=bad)
        names = [*refs, *(f"{source}:" for source in sources)]
        count = self._resolver.held(*names)
        if not await self._resolver.changed(*names):
            raise PressrunError(
                Reason.ASSET_UNAVAILABLE,
                "this node has forgotten them, but the other nodes can't be told at present: the Redis of "
                "PRESSRUN_EVENTS_REDIS does not answer; send it again",
                retry_after=1.0,
            )
        return count

    async def _outcomes(self, selections: Sequence[Selection], channel: OutputChannel) -> list[AssetOutcome]:
        gate = asyncio.Semaphore(self._concurrency)

        async def outcome(selection: Selection) -> AssetOutcome:
            async with gate:
                try:
                    uses, _ = await self._resolver.resolve((selection,), as_of=self._clock.now(), channel=channel)
                except PressrunError as error:
                    return AssetOutcome(_named(selection), failure=error)
            return AssetOutcome(_named(selection), descriptor=uses[0].descriptor, found_in=uses[0].found_in)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(outcome(selection)) for selection in selections]
        return [task.result() for task in tasks]
