"""Lets every node of a cluster have the templates that were published at any of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, Final, Protocol

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.template import TemplateInfo
from pressrun_server.render.registry import Published, conflicting
from pressrun_server.render.shared_templates import (
    DamagedRecordError,
    ListState,
    SharedTemplate,
    SharedTemplates,
    TemplatesAwayError,
)

__all__ = ["Adopting", "TemplateExchange"]

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
_START_SECONDS: Final = 60.0
_LONGEST_WAIT: Final = 300.0
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
        self._looking: asyncio.Task[bool] | None = None
        self._waits: dict[str, tuple[float, float]] = {}
        """By digest, when a template that could not be had is tried again (monotonic), and how long that waits."""
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
        self._compiler, self._learned, self._mine, self._bundle = compiler, learned, mine, bundle
        # What takes longer is learnt while the node serves.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._round(), _START_SECONDS)
        self._task = asyncio.create_task(self._keep_looking(), name="templates")

    async def close(self) -> None:
        """Stop looking."""
        tasks: list[asyncio.Task[Any]] = [task for task in (self._task, self._looking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._shared.close()

    async def claim(self, info: TemplateInfo, bundle: bytes, published_at: datetime) -> datetime:
        """Have a name and version stand for a template in the whole cluster.

        Returns:
            when it was published first.

        Raises:
            PressrunError: TEMPLATE_CONFLICT, they stand for other files; INTERNAL, the others can't be told, so that
                it must not be published here alone.
        """
        try:
            return await self._claimed(info, bundle, published_at)
        except DamagedRecordError as error:
            raise PressrunError(Reason.INTERNAL, f"{error}; it was not published", detail=str(error)) from error
        except TemplatesAwayError as error:
            raise PressrunError(
                Reason.INTERNAL,
                "the template can't be shared with the other nodes at present, since PRESSRUN_EVENTS_REDIS does not "
                "answer; it was not published: publish it again",
                detail=f"claiming {info.name}@{info.version} failed: {error}",
            ) from error

    async def _claimed(self, info: TemplateInfo, bundle: bytes, published_at: datetime) -> datetime:
        wanted = SharedTemplate(info.name, info.version, info.digest, Digest.of(bundle), published_at)
        held = await self._shared.claim(wanted, bundle)
        if held.digest != info.digest:
            raise conflicting(info, held.digest)
        return held.published_at

    async def look(self) -> bool:
        """Learn what was published elsewhere since the last look; says whether there was anything.

        The look belongs to no caller: one who leaves takes nothing from it.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="look for templates")
        return await asyncio.shield(self._looking)

    async def _look(self) -> bool:
        learned = 0
        try:
            state = await self._shared.state()
            if state != self._seen:
                records = await self._shared.records()
                there = {(record.name, record.version) for record in records}
                self._owed = [published for published in self._mine() if published.key not in there]
                for record in records:
                    if self._is_open(record) and self._is_due(record):
                        learned += await self._learn(record)
                if not any(map(self._is_open, records)):
                    self._seen = state
        except TemplatesAwayError as error:
            if not self._away:
                why = str(error) or "it is away"
                log.warning("the cluster's list of templates can't be read; going on with those known here: %s", why)
            self._away = True
        else:
            if self._away:
                log.info("the cluster's list of templates is back")
            self._away = False
        return learned > 0

    def _is_due(self, record: SharedTemplate) -> bool:
        """Whether it is time to try one that could not be had before."""
        return time.monotonic() >= self._waits.get(record.digest, (0.0, 0.0))[0]

    def _is_open(self, record: SharedTemplate) -> bool:
        """Whether a template is neither known here nor of no use."""
        return self._known(record.digest) is None and record.digest not in self._refused

    async def _learn(self, record: SharedTemplate) -> bool:
        assert self._compiler is not None
        assert self._learned is not None
        problem = "its files are missing in Redis, or damaged; publish it once more"
        bundle = await self._shared.files(record)
        if bundle is not None:
            try:
                published = await self._compiler.adopt(record.digest, bundle, record.published_at)
            except PressrunError as error:
                problem = error.message
                if error.reason in _LASTING:
                    self._refused.add(record.digest)
            except Exception as error:
                # Whatever one template does to its compiler must not keep the others from being learnt.
                log.exception("compiling a template of another node failed")
                problem = type(error).__name__
                self._refused.add(record.digest)
            else:
                log.info("learned template %s@%s (%s) of another node", record.name, record.version, record.digest)
                self._waits.pop(record.digest, None)
                await self._learned(published)
                return True
        self._tell(record, problem)
        _, waited = self._waits.get(record.digest, (0.0, 0.0))
        wait = min(max(2 * waited, LOOK_SECONDS), _LONGEST_WAIT)
        self._waits[record.digest] = (time.monotonic() + wait, wait)
        return False

    def _tell(self, record: SharedTemplate, problem: str) -> None:
        """Log once why a template is not used."""
        if record.digest not in self._told:
            self._told.add(record.digest)
            log.error("template %s@%s of another node is not used: %s", record.name, record.version, problem)

    async def _give(self) -> bool:
        """Let the cluster have what is known here and not in its list; says whether its server was there for all."""
        assert self._bundle is not None
        for published in self._owed:
            if published.info.digest in self._told:
                continue
            bundle = await self._bundle(published.entry.bundle)
            problem = "its files are missing on this node's disk, or damaged; publish it once more"
            if bundle is not None:
                try:
                    await self._claimed(published.info, bundle, published.entry.published_at)
                except TemplatesAwayError:
                    return False
                except (DamagedRecordError, PressrunError) as error:
                    problem = str(error)
                else:
                    continue
            self._told.add(published.info.digest)
            log.error("the other nodes do not have %s@%s of this one: %s", *published.key, problem)
        return True

    async def _round(self) -> None:
        await self.look()
        if self._owed and not self._away and await self._give():
            self._owed = []

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._round()
            except Exception:
                log.exception("looking for the templates of other nodes failed; it is tried again")
