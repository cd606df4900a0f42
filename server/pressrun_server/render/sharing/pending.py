"""Templates that other nodes have published, and that this one has not got yet."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.spec import TemplateName
from pressrun_server.render.registry import Published, Registry
from pressrun_server.render.sharing.template_list import SharedTemplate, TemplateList, TemplatesAwayError

__all__ = ["Adopting", "PendingTemplates", "Setback"]

log = logging.getLogger(__name__)

_FIRST_WAIT: Final = 1.0
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


class Setback(NamedTuple):
    """Why a template could not be had."""

    problem: str
    wait: float | None
    """Seconds until it is tried again, from then on; None: it is not."""
    again: float
    """When it is tried again, by the monotonic clock."""


class PendingTemplates:
    """Takes over the templates of the cluster's list.

    Guarantee: each is taken over once at a time, whoever asks; whatever one of them does, the others are taken over.
    One that can't be had is told in the log once, and tried again after ever longer pauses where that may help.

    Args:
        templates: gives their files.
        registry: knows which are known here already.
        compiler: compiles them.
        learned: told of each that is known now.
    """

    def __init__(
        self,
        templates: TemplateList,
        registry: Registry,
        compiler: Adopting,
        learned: Callable[[Published], Awaitable[None]],
    ) -> None:
        self._list = templates
        self._registry = registry
        self._compiler = compiler
        self._learned = learned
        self._open: dict[str, SharedTemplate] = {}
        self._setbacks: dict[str, Setback] = {}
        self._told: set[str] = set()
        """Digests of those whose problem was logged."""
        self._taking: dict[str, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._left())

    def listed(self, records: Iterable[SharedTemplate]) -> None:
        """The list was read."""
        self._open = {record.digest: record for record in records if self._registry.known(record.digest) is None}

    def due(self) -> list[SharedTemplate]:
        """Those to try now, the oldest first."""
        return [record for record in self._left() if self._is_due(record)]

    def find(self, wanted: TemplateName, digest: str = "") -> SharedTemplate | None:
        """The one that a request means, the newest of its name where it says no more.

        Args:
            wanted: by name, by name and version, or by digest.
            digest: the only one that will do; empty: any.
        """
        digest = wanted.digest or digest
        fitting = [
            record
            for record in self._left()
            if wanted.name in {"", record.name}
            and wanted.version in {"", record.version}
            and digest in {"", record.digest}
        ]
        return max(fitting, key=lambda record: (record.published_at, record.version), default=None)

    def setback(self, record: SharedTemplate) -> Setback | None:
        """Why it could not be had; None where it was not tried to the end yet."""
        return self._setbacks.get(record.digest)

    async def take(self, record: SharedTemplate, *, seconds: float | None = None) -> None:
        """Wait until a template is known here, or could not be had; it goes on where its callers leave.

        Args:
            record: the template; one that is not due is left.
            seconds: how long to wait at most; None: until it is over.
        """
        task = self._taking.get(record.digest)
        if task is None:
            if not self._is_due(record):
                return
            task = asyncio.create_task(self._take(record), name=f"take over {record.name}@{record.version}")
            self._taking[record.digest] = task
            task.add_done_callback(lambda _: self._taking.pop(record.digest, None))
        await asyncio.wait((task,), timeout=seconds)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = tuple(self._taking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _left(self) -> list[SharedTemplate]:
        """Those that have not become known meanwhile."""
        return [record for record in self._open.values() if self._registry.known(record.digest) is None]

    def _is_due(self, record: SharedTemplate) -> bool:
        setback = self._setbacks.get(record.digest)
        return setback is None or (setback.wait is not None and time.monotonic() >= setback.again)

    async def _take(self, record: SharedTemplate) -> None:
        lasting = False
        try:
            bundle = await self._list.files(record)
            if bundle is None:
                problem = "its files are missing in PRESSRUN_EVENTS_REDIS, or damaged; publish it once more"
            else:
                published = await self._compiler.adopt(record.digest, bundle, record.published_at)
                log.info("learned template %s@%s (%s) of another node", record.name, record.version, record.digest)
                self._setbacks.pop(record.digest, None)
                self._open.pop(record.digest, None)
                await self._learned(published)
                return
        except TemplatesAwayError:
            # Whoever looks at the list logs it, and looks again soon.
            problem = "its files can't be read at present, since PRESSRUN_EVENTS_REDIS does not answer"
            self._setbacks[record.digest] = Setback(problem, _FIRST_WAIT, time.monotonic() + _FIRST_WAIT)
            return
        except PressrunError as error:
            problem, lasting = error.message, error.reason in _LASTING
        except Exception as error:
            # Whatever one template does to its compiler must not keep the others from being learnt.
            log.exception("compiling a template of another node failed")
            problem, lasting = type(error).__name__, True
        self._failed(record, problem, lasting=lasting)

    def _failed(self, record: SharedTemplate, problem: str, *, lasting: bool) -> None:
        if record.digest not in self._told:
            self._told.add(record.digest)
            log.error("template %s@%s of another node is not used: %s", record.name, record.version, problem)
        before = self._setbacks.get(record.digest)
        waited = 0.0 if before is None else before.wait or 0.0
        wait = None if lasting else min(max(2 * waited, _FIRST_WAIT), _LONGEST_WAIT)
        self._setbacks[record.digest] = Setback(problem, wait, time.monotonic() + (wait or 0.0))
