"""Lets every node of a cluster have the templates that were published at any of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Final, Protocol

from pressrun_server.assets.flight import SingleFlight
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import TemplateInfo
from pressrun_server.render.registry import Published, conflicting
from pressrun_server.render.shared_templates import ListState, SharedTemplate, SharedTemplates, TemplatesAwayError

__all__ = ["Adopting", "TemplateExchange"]

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
_LASTING: Final = frozenset({Reason.TEMPLATE_INVALID, Reason.TEMPLATE_CONFLICT, Reason.LIMIT_EXCEEDED})
"""What another try does not mend: this node's limits are others than the publisher's, or its files on disk are."""


class Adopting(Protocol):
    """What compiles a template from its files; `render.compile.Compiler` in a node."""

    async def adopt(self, digest: str, bundle: bytes, published_at: datetime) -> Published:
        """Make a template of another node known here.

        Raises:
            PressrunError: why it can't be.
        """


class TemplateExchange:
    """Claims names for what is published here, and learns what is published elsewhere.

    Guarantee: a template that was published at one node is known to each other one within a second and the time to
    compile it, and a request that names it meanwhile waits for that instead of failing; a node that starts knows all of
    them before it serves. A node that can't reach the list goes on with what it knows. Cost: a round trip a second.

    Args:
        shared: the cluster's list.
        known: whether a template is known here, by its digest.
    """

    def __init__(self, shared: SharedTemplates, *, known: Callable[[str], Published | None]) -> None:
        self._shared = shared
        self._known = known
        self._learned: Callable[[Published], Awaitable[None]] | None = None
        self._compiler: Adopting | None = None
        self._looks: SingleFlight[str, bool] = SingleFlight()
        self._owed: list[Published] = []
        """What is known here, and the list has not got yet."""
        self._mine: Callable[[], Iterable[Published]] = tuple
        self._bundle: Callable[[Digest], Awaitable[bytes | None]] | None = None
        self._seen: ListState | None = None
        """The list when nothing of it was left to learn."""
        self._refused: set[str] = set()
        """Digests of templates that can't be used here."""
        self._told: set[str] = set()
        """Digests of those whose problem was logged."""
        self._away = False
        self._task: asyncio.Task[None] | None = None

    async def start(
        self,
        compiler: Adopting,
        learned: Callable[[Published], Awaitable[None]],
        mine: Callable[[], Iterable[Published]],
        bundle: Callable[[Digest], Awaitable[bytes | None]],
    ) -> None:
        """Learn all that is published, give the cluster what this node had before, and go on looking.

        Args:
            compiler: compiles what is learnt.
            learned: told of each template that another node has published.
            mine: gives what is known here.
            bundle: reads the files of those.
        """
        self._compiler, self._learned = compiler, learned
        self._mine, self._bundle = mine, bundle
        self._owed = list(mine())
        await self.look()
        await self._give()
        self._task = asyncio.create_task(self._keep_looking(), name="templates")

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._looks.close()
        await self._shared.close()

    async def claim(self, info: TemplateInfo, bundle: bytes, published_at: datetime) -> datetime:
        """Have a name and version stand for a template in the whole cluster.

        Returns:
            when it was published first.

        Raises:
            PressrunError: TEMPLATE_CONFLICT, they stand for other files; INTERNAL, the others can't be told, so that
                it must not be published here alone.
        """
        wanted = SharedTemplate(info.name, info.version, info.digest, Digest.of(bundle), published_at)
        try:
            held = await self._shared.claim(wanted, bundle)
        except TemplatesAwayError as error:
            raise PressrunError(
                Reason.INTERNAL,
                "the template can't be shared with the other nodes at present, since PRESSRUN_EVENTS_REDIS does not "
                "answer; it was not published: publish it again",
                detail=f"claiming {info.name}@{info.version} failed: {error}",
            ) from error
        if held.digest != info.digest:
            raise conflicting(info, held.digest)
        return held.published_at

    async def look(self) -> bool:
        """Learn what was published elsewhere since the last look; says whether there was anything."""
        return await self._looks.run("", self._look)

    async def _look(self) -> bool:
        learned = 0
        try:
            state = await self._shared.state()
            if self._seen is not None and state.name != self._seen.name:
                log.warning("the cluster's list of templates was lost; it gets those known here")
                self._owed, self._seen = list(self._mine()), None
            if state != self._seen:
                records = await self._shared.records()
                for record in records:
                    if self._is_open(record):
                        learned += await self._learn(record)
                if not any(map(self._is_open, records)):
                    self._seen = state
        except TemplatesAwayError as error:
            if not self._away:
                log.warning("the cluster's list of templates can't be read; going on with those known here: %s", error)
            self._away = True
        else:
            if self._away:
                log.info("the cluster's list of templates is back")
            self._away = False
        return learned > 0

    def _is_open(self, record: SharedTemplate) -> bool:
        """Whether a template is neither known here nor of no use."""
        return self._known(record.digest) is None and record.digest not in self._refused

    async def _learn(self, record: SharedTemplate) -> bool:
        assert self._compiler is not None
        assert self._learned is not None
        name = f"{record.name}@{record.version}"
        bundle = await self._shared.files(record)
        if bundle is None:
            self._tell(record, "its files are missing in Redis, or damaged; publish it once more")
            return False
        try:
            published = await self._compiler.adopt(record.digest, bundle, record.published_at)
        except PressrunError as error:
            if error.reason in _LASTING:
                self._refused.add(record.digest)
            self._tell(record, error.message)
            return False
        log.info("learned template %s (%s) of another node", name, record.digest)
        await self._learned(published)
        return True

    def _tell(self, record: SharedTemplate, problem: str) -> None:
        """Log once why a template is not used."""
        if record.digest not in self._told:
            self._told.add(record.digest)
            log.error("template %s@%s of another node is not used: %s", record.name, record.version, problem)

    async def _give(self) -> None:
        """Let the cluster have the templates that were published here before; what it can't have now stays owed."""
        assert self._bundle is not None
        for published in tuple(self._owed):
            bundle = await self._bundle(published.entry.bundle)
            try:
                if bundle is not None:
                    await self.claim(published.info, bundle, published.entry.published_at)
            except PressrunError as error:
                if error.reason is not Reason.TEMPLATE_CONFLICT:
                    return
                log.error("the other nodes have another %s@%s than this one: %s", *published.key, error.message)  # noqa: TRY400 - told by it
            self._owed.remove(published)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()
            if self._owed and not self._away:
                await self._give()
