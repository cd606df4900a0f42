"""Has composers make a template's samples before anybody's documents, so that these find everything built."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import OutputChannel
from pressrun_server.prepare.tasks import BUNDLE
from pressrun_server.render.compose_stream import ComposeJob, ComposeStream
from pressrun_server.render.pipeline import Editing, Resolving
from pressrun_server.render.registry import Published
from pressrun_server.template.samples import Sample, samples

__all__ = ["Rehearsal"]

_log = structlog.get_logger("pressrun.rehearsal")

_ROUNDS: Final = 3
"""The first builds what every document needs, the second what is kept of programs that are used again, the third runs
the code that is made of such."""
_LONGEST_RECORD: Final = 256 * 1024
_MOST_BYTES: Final = 1024 * 1024
"""Of a sample's document: what a program builds is there after its first pages."""
_SECONDS: Final = 10.0
_MOST_KNOWN: Final = 10_000
_LASTING: Final = frozenset({Reason.INVALID_RECORD, Reason.DOCUMENT_REFUSED})
"""What another try does not mend."""
_MOST_WAITING: Final = 32
"""Templates; where so many come at once, as at a new node of a large cluster, the rest does without."""


class _Stage(Protocol):
    """What composes; `render.composers.ComposerPool` in a node."""

    @property
    def waiting(self) -> int:
        """Documents that wait for a composer."""

    def compose(self, job: ComposeJob, *, deadline: float | None = None) -> ComposeStream:
        """Begin a document.

        Raises:
            PressrunError: DRAINING, QUEUE_FULL.
        """


class Rehearsal:
    """Makes the first sample of each locale of a template, for print, in all composers, and throws the pages away.

    A composer builds what it knows of a program while it makes documents: forms of passages and pages, bytes of fonts
    and pictures, code for rows. So the first document of a program costs about ten times what the hundredth does, and
    about three times after a rehearsal (`pressrun-bench --only first-document-ratio`).

    Guarantee: `rehearse` never raises and never asks a source; documents go first, and where some wait nothing is
    rehearsed, for they do the same. It counts as nobody's document. A template is rehearsed once; one whose samples
    need assets that are not at hand, again when it is asked for the next time.

    Args:
        bundle: the files of a template as they were published.
        resolver: gives assets that are at hand.
        editions: gives programs with approved texts.
        stage: the composers.
        count: how many there are.
        engine: the engine digest.
        clock: the time.
    """

    def __init__(
        self,
        *,
        bundle: Callable[[Digest], Awaitable[bytes | None]],
        resolver: Resolving,
        editions: Editing,
        stage: _Stage,
        count: int,
        engine: str,
        clock: Clock,
    ) -> None:
        self._bundle = bundle
        self._resolver = resolver
        self._editions = editions
        self._stage = stage
        self._count = count
        self._engine = engine
        self._clock = clock
        self._waiting = 0
        self._turn = asyncio.Lock()
        self._done: OrderedDict[str, None] = OrderedDict()
        """Digests of the templates that were rehearsed."""

    async def rehearse(self, published: Published) -> None:
        """Rehearse a template, unless that is done already."""
        digest = published.info.digest
        if digest in self._done or OutputChannel.PRINT not in published.channels or self._waiting >= _MOST_WAITING:
            return
        self._done[digest] = None
        if len(self._done) > _MOST_KNOWN:
            self._done.popitem(last=False)
        self._waiting += 1
        try:
            async with self._turn:
                await self._rehearse(published)
        finally:
            self._waiting -= 1

    async def _rehearse(self, published: Published) -> None:
        template, digest = f"{published.info.name}@{published.info.version}", published.info.digest
        made, began = 0, self._clock.monotonic()
        try:
            for sample in await self._samples(published):
                job = await self._job(published, sample)
                if job is None:
                    self._done.pop(digest, None)
                    continue
                rounds = await self._rounds(job)
                made += rounds * self._count
                if rounds < _ROUNDS:
                    self._done.pop(digest, None)
                    break
        except PressrunError as error:
            # Whoever sends such a record gets the same answer, and `template test` tells its author.
            if error.reason not in _LASTING:
                self._done.pop(digest, None)
            _log.info("not_rehearsed", template=template, reason=str(error.reason))
        except Exception:  # noqa: BLE001 - nobody waits for it; documents will tell of what is wrong
            _log.exception("rehearsal_defect", template=template)
        seconds = round(self._clock.monotonic() - began, 3)
        if made:
            _log.info("rehearsed", template=template, documents=made, seconds=seconds)

    async def _samples(self, published: Published) -> Sequence[Sample]:
        """The first sample of each locale."""
        data = await self._bundle(published.entry.bundle) if published.info.samples else None
        if data is None:
            return ()
        try:
            files = BUNDLE.decode(data)
        except msgspec.MsgspecError:
            return ()
        first: dict[str, Sample] = {}
        for sample in samples(published.info, files):
            if len(sample.record) <= _LONGEST_RECORD:
                first.setdefault(sample.locale, sample)
        return tuple(first.values())

    async def _job(self, published: Published, sample: Sample) -> ComposeJob | None:
        """What a composer is asked for; None where assets are not at hand."""
        now, locale = self._clock.now(), sample.locale
        selections = published.selector.select(
            published.selector.decode(sample.record),
            attributes={},
            locale=locale,
            as_of=now,
            channel=OutputChannel.PRINT,
        )
        found = self._resolver.resolve_warm(selections, as_of=now, channel=OutputChannel.PRINT)
        if found is None:
            return None
        uses, _ = found
        program = await self._editions.program(published, locale, OutputChannel.PRINT, uses)
        return ComposeJob(program, sample.record, {}, now, published.placed(uses), self._engine, rehearsal=True)

    async def _rounds(self, job: ComposeJob) -> int:
        """How many rounds were made before documents waited."""
        for number in range(_ROUNDS):
            if self._stage.waiting:
                return number
            await self._make_all(job)
        return _ROUNDS

    async def _make_all(self, job: ComposeJob) -> None:
        """As many documents at once as there are composers, so that each gets one where all are free."""
        together = (self._make(job) for _ in range(self._count))
        for outcome in await asyncio.gather(*together, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def _make(self, job: ComposeJob) -> None:
        """One document."""
        size = 0
        async with self._stage.compose(job, deadline=asyncio.get_running_loop().time() + _SECONDS) as stream:
            async for data in stream:
                size += len(data)
                if size > _MOST_BYTES:
                    return
