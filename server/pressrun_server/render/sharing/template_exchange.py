"""Lets every node of a cluster have the templates that were published at any of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from pressrun_server.errors import PressrunError
from pressrun_server.model.spec import TemplateName
from pressrun_server.render.errors import TemplateUnavailableError
from pressrun_server.render.registry import Published, Registry
from pressrun_server.render.sharing.claims import TemplateClaims
from pressrun_server.render.sharing.pending import Adopting, PendingTemplates
from pressrun_server.render.sharing.template_list import (
    DamagedRecordError,
    ListState,
    SharedTemplate,
    TemplateList,
    TemplatesAwayError,
)

__all__ = ["TemplateExchange"]

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 1.0
_START_SECONDS: Final = 60.0
_PATIENCE: Final = 10.0
_RETRY: Final = 1.0


class TemplateExchange:
    """Learns what is published elsewhere, and gives the others what only this node has.

    Guarantee: a template that was published at one node is known to each other one within a second and the time to
    compile it; a request that names it meanwhile waits for that, for 10 s at most, and is then told to come again. A
    node that starts knows all of them before it serves, or what it could learn within a minute. A node that can't reach
    the list goes on with what it knows. Cost: a round trip a second; the list is read where it has changed.

    Args:
        templates: the cluster's list.
        registry: knows the templates of this node.
        compiler: compiles what is learnt.
        learned: told of each template that another node has published.
        patience: seconds that a request waits for a template which is being compiled.
    """

    def __init__(
        self,
        templates: TemplateList,
        registry: Registry,
        compiler: Adopting,
        learned: Callable[[Published], Awaitable[None]],
        *,
        patience: float = _PATIENCE,
    ) -> None:
        self._list = templates
        self._claims = TemplateClaims(templates)
        self._registry = registry
        self._patience = patience
        self._pending = PendingTemplates(templates, registry, compiler, learned)
        self._looking: asyncio.Task[None] | None = None
        self._seen: ListState | None = None
        """The list as it was last read."""
        self._owed: list[Published] = []
        """What is known here, and the list has not got yet."""
        self._refused: set[str] = set()
        """Digests of those that the list does not take; that was logged."""
        self._away = ""
        """Why the list can't be read; empty where it can."""
        self._task: asyncio.Task[None] | None = None

    @property
    def pending(self) -> int:
        """Templates of other nodes that this one has not got: they are being compiled, or can't be used."""
        return len(self._pending)

    async def start(self) -> None:
        """Learn all that is published, give the cluster what this node had before, and go on looking."""
        # What takes longer is learnt while the node serves.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._first(), _START_SECONDS)
        self._task = asyncio.create_task(self._keep_looking(), name="templates")

    async def close(self) -> None:
        """Stop looking."""
        tasks: list[asyncio.Task[Any]] = [task for task in (self._task, self._looking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pending.close()

    async def fetch(self, wanted: TemplateName, digest: str = "") -> None:
        """Have the template that a request means known here, where another node has published it.

        Args:
            wanted: by name, by name and version, or by digest.
            digest: the only one that will do; empty: any.

        Raises:
            PressrunError: TEMPLATE_UNAVAILABLE, it is being compiled here, or can't be had, or the list can't be read,
                so that nobody can say whether it is published.
        """
        if self._looking is not None and not self._looking.done():
            await self._look()  # it may have begun before the template was there
        await self._look()
        if self._away:
            raise TemplateUnavailableError(
                str(wanted),
                "this node does not know it, and can't read the list of what others have published at present, since "
                "PRESSRUN_EVENTS_REDIS does not answer",
                _RETRY,
            )
        record = self._pending.find(wanted, digest)
        if record is None:
            return
        await self._pending.take(record, seconds=self._patience)
        if self._registry.known(record.digest) is not None:
            return
        raise TemplateUnavailableError(str(wanted), *self._why_not(record))

    def _why_not(self, record: SharedTemplate) -> tuple[str, float | None]:
        """Why a template is not known here yet, and in how many seconds it may be."""
        setback = self._pending.setback(record)
        if setback is None:
            return "it was published at another node and is being compiled on this one", _RETRY
        why = f"it was published at another node and can't be used on this one: {setback.problem}"
        return why, None if setback.wait is None else max(setback.again - time.monotonic(), _RETRY)

    async def _first(self) -> None:
        """The first round, and a word of templates that nobody here can read; a node starts whatever comes of it."""
        try:
            with contextlib.suppress(TemplatesAwayError):
                await self._join()
        except Exception:
            log.exception("PRESSRUN_EVENTS_REDIS can't be asked for lists of templates of other keys; going on")
        await self._try_round()

    async def _join(self) -> None:
        hidden = await self._list.join()
        if hidden:
            empty = not (await self._list.state()).length
            log.log(
                logging.WARNING if empty else logging.INFO,
                "PRESSRUN_EVENTS_REDIS holds %d templates of another PRESSRUN_CLUSTER_KEY, which are not used; if "
                "the key was changed, set PRESSRUN_CLUSTER_KEY_PREVIOUS to the old one until all nodes have the "
                "new one",
                hidden,
            )

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._try_round()

    async def _try_round(self) -> None:
        """A round; what fails in it is logged, and the next one comes."""
        try:
            await self._round()
        except Exception:
            log.exception("looking for the templates of other nodes failed; it is tried again")

    async def _round(self) -> None:
        await self._look()
        for record in self._pending.due():
            await self._pending.take(record)
        if self._owed and not self._away:
            await self._give()

    async def _look(self) -> None:
        """Read the list, where it has changed; those who look at the same moment look together.

        The look belongs to no caller: one who leaves takes nothing from it.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._read(), name="look for templates")
        await asyncio.shield(self._looking)

    async def _read(self) -> None:
        try:
            state = await self._list.state()
            if state != self._seen:
                records = await self._list.records()
                there = {(record.name, record.version) for record in records}
                self._owed = [published for published in self._registry if published.key not in there]
                self._pending.listed(records)
                await self._date(records)
                self._seen = state
        except TemplatesAwayError as error:
            if not self._away:
                log.warning("the cluster's list of templates can't be read; going on with those known here: %s", error)
            self._away = str(error) or "it is away"
        else:
            if self._away:
                log.info("the cluster's list of templates is back")
            self._away = ""

    async def _date(self, records: Iterable[SharedTemplate]) -> None:
        """Have the dates of the list, so that the newest of a name is the same on all nodes."""
        for record in records:
            await self._registry.date(record.digest, record.published_at)

    async def _give(self) -> None:
        """Let the cluster have what is known here and not in its list; what it does not get is owed still."""
        # A look that finds meanwhile what else the list has not got adds to an empty one.
        giving, self._owed = self._owed, []
        try:
            while giving:
                await self._enter(giving[0])
                giving.pop(0)
        except TemplatesAwayError:
            pass  # until the list is back
        finally:
            found = {published.key for published in self._owed}
            self._owed += [published for published in giving if published.key not in found]

    async def _enter(self, published: Published) -> None:
        """Have a template in the cluster's list; where that does not take it, the log says why."""
        info, entry = published.info, published.entry
        if info.digest in self._refused:
            return
        bundle = await self._registry.blob(entry.bundle)
        problem = "its files are missing on this node's disk, or damaged; publish it once more"
        if bundle is not None:
            try:
                moment = await self._claims.enter(info, bundle, entry.published_at)
            except (DamagedRecordError, PressrunError) as error:
                problem = str(error)
            else:
                await self._registry.date(info.digest, moment)
                return
        self._refused.add(info.digest)
        log.error("the other nodes do not have %s@%s of this one: %s", *published.key, problem)
