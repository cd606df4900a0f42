"""Assets beside documents: resolve some by name, fetch all that a template can choose, say what is known of one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import msgspec

from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError
from pressrun_server.model.asset import AssetDescriptor
from pressrun_server.model.spec import OutputChannel
from pressrun_server.model.template import RenditionSpec, Requirement
from pressrun_server.render.pipeline import Resolving
from pressrun_server.render.registry import Published
from pressrun_server.template.selection import Selection

__all__ = ["AssetDesk", "AssetOutcome", "Knowing"]


class AssetOutcome(msgspec.Struct, frozen=True):
    """What became of one asset: a descriptor, or a failure."""

    ref: str
    descriptor: AssetDescriptor | None = None
    failure: PressrunError | None = None
    found_in: str = ""


class Knowing(Resolving, Protocol):
    """A resolver that can also say what it knows; `assets.resolver.AssetResolver` in a node."""

    async def describe(self, ref: str) -> Sequence[AssetDescriptor]:
        """One descriptor for each rendition that is here.

        Raises:
            PressrunError: ASSET_NOT_FOUND, nothing is known of it.
        """


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

    async def describe(self, ref: str) -> Sequence[AssetDescriptor]:
        """What is known of an asset, without asking its source.

        Raises:
            PressrunError: ASSET_NOT_FOUND.
        """
        return await self._resolver.describe(ref)

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
