"""A print run at the front: documents are chosen for and resolved one after the other, a composer writes them all."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.metrics.bulk import BulkMeter
from pressrun_server.metrics.labels import DocumentMeters
from pressrun_server.model.digest import Digest
from pressrun_server.model.failure import Failure
from pressrun_server.model.press import PressSpec
from pressrun_server.model.run import FileEnd, RunEnd, RunEntry, RunOrder, RunTitle
from pressrun_server.model.spec import OutputChannel, OutputFormat, Priority, RenderSpec, TemplateName
from pressrun_server.prepare.faults import failure_of
from pressrun_server.render.admission import Admission
from pressrun_server.render.beside import pumping
from pressrun_server.render.compose_stream import ComposeJob, ComposeStream
from pressrun_server.render.config import RunConfig
from pressrun_server.render.errors import DeadlineError
from pressrun_server.render.hashing import digest_of
from pressrun_server.render.held import HeldBlobs
from pressrun_server.render.manifest import Manifest
from pressrun_server.render.pipeline import Composing, Pipeline, Ready
from pressrun_server.render.profiles import OutputProfiles
from pressrun_server.render.run_link import Blob, Forget, Frames, Item, RunItem, Unmade
from pressrun_server.render.run_trace import RunTrace
from pressrun_server.render.seen_ids import SeenIds
from pressrun_server.render.trace import Trace
from pressrun_server.tracing.span import Caller, RunOutcome, Untold

__all__ = ["PrintRuns", "RunSink", "RunSpec", "Separators", "Unread"]

_DEFECT = "the node failed over this document; its log has the details under the request's id"
_RUN_DEFECT = "the node failed over this run; its log has the details under the run's id"
_LEFT = PressrunError(Reason.CANCELLED, "the run ended before this document")


@dataclass(frozen=True, slots=True)
class Separators:
    """Pages between documents."""

    template: TemplateName
    every: int
    locale: str = ""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A run as it was asked for."""

    run_id: str
    stop: bool = False
    max_documents: int = 0
    max_bytes: int = 0
    separators: Separators | None = None
    manifests: bool = False
    as_of: datetime | None = None
    tenant: str = ""
    time_limit: float | None = None
    """Seconds."""
    press: PressSpec = field(default_factory=PressSpec)
    """What the printer wants of sheets."""


class Unread(NamedTuple):
    """A document whose request is not valid."""

    request_id: str
    error: PressrunError


class RunSink(Protocol):
    """Takes a run as it is made; returning late slows it down."""

    async def write(self, data: bytes) -> None:
        """Bytes of the file in work."""

    async def entry(self, entry: RunEntry, manifest: Manifest | None) -> None:
        """A document is whole, or failed."""

    async def finished(self, file: FileEnd) -> None:
        """A file is whole; what is written next is of another one."""

    async def flush(self) -> None:
        """More may be long in coming."""


class _Pending(NamedTuple):
    """A document on its way to the composer and back."""

    spec: RenderSpec
    ready: Ready
    trace: Trace


class PrintRuns:
    """Makes print runs.

    Guarantee: entries come in the order of the documents, one for each; a document's failure is its entry. Cost: one
    task a run; what is held of it are the documents between here and the composer, a mebibyte of them or one.

    Args:
        pipeline: gets documents ready.
        composers: one of them writes the run.
        blob: loads programs and prepared assets by digest.
        admission: a run has the slot of one document.
        clock: the time.
        meters: count documents.
        bulk: counts runs.
        engine: digest of the engine.
        config: limits.
        profiles: printing conditions.
    """

    def __init__(  # noqa: PLR0913 - given by the composition root
        self,
        pipeline: Pipeline,
        composers: Composing,
        blob: Callable[[str], Awaitable[bytes]],
        *,
        admission: Admission,
        clock: Clock,
        meters: DocumentMeters,
        bulk: BulkMeter,
        engine: str,
        config: RunConfig,
        profiles: OutputProfiles,
    ) -> None:
        self._profiles = profiles
        self.engine = engine
        self._pipeline = pipeline
        self._composers = composers
        self._blob = blob
        self._admission = admission
        self._clock = clock
        self._meters = meters
        self._bulk = bulk
        self._config = config

    async def render(
        self,
        run: RunSpec,
        documents: AsyncIterator[RenderSpec | Unread],
        sink: RunSink,
        *,
        deadline: float | None = None,
        caller: Caller | None = None,
    ) -> tuple[RunEnd, datetime]:
        """Make one.

        Args:
            run: what is asked for.
            documents: as they come.
            sink: takes what is made.
            deadline: moment on the monotonic clock; the run's own time limit holds as well.
            caller: the trace that it belongs to, as `Tracing.caller` gave it.

        Returns:
            what it came to, and the moment that documents speak of which state none.

        Raises:
            PressrunError: QUEUE_FULL, DRAINING; DEADLINE_EXCEEDED; COMPOSER_LOST; why a separator can't be made; what
                reading the documents raised.
        """
        limit = run.time_limit or self._config.time_limit
        now = self._clock.monotonic()
        if deadline is not None:
            limit = min(limit, max(deadline - now, 0.0))
        span = self._pipeline.tracing.begin(caller, self._clock.now, RunOutcome.span)
        duplex = run.press.duplex
        trace = RunTrace(run.run_id, run.tenant, self._clock, self._bulk.run(duplex=duplex), span)
        try:
            async with asyncio.timeout(limit):
                permit = await self._admission.admit(0, Priority.BATCH, run.tenant)
                trace.admitted()
                try:
                    end, as_of = await self._run(run, documents, sink, now + limit, trace)
                finally:
                    permit.release()
        except TimeoutError:
            raise trace.failed(DeadlineError("run", round(limit, 3))) from None
        except PressrunError as error:
            raise trace.failed(error) from error.__cause__
        except asyncio.CancelledError:
            trace.cancelled()
            raise
        except Exception as error:
            trace.failed(failure_of(error, _RUN_DEFECT).error())
            raise
        trace.finished(end)
        return end, as_of

    async def _run(
        self,
        run: RunSpec,
        documents: AsyncIterator[RenderSpec | Unread],
        sink: RunSink,
        deadline: float,
        trace: RunTrace,
    ) -> tuple[RunEnd, datetime]:
        as_of = run.as_of or self._clock.now()
        order = RunOrder(
            RunTitle(run.run_id, as_of, self.engine),
            max_documents=run.max_documents,
            max_bytes=run.max_bytes,
            stop=run.stop,
            press=run.press,
            profile=self._profiles.files[run.press.profile.identifier] if run.press.profile is not None else b"",
        )
        job = ComposeJob(
            program="",
            record=b"",
            attributes={},
            as_of=as_of,
            assets={},
            engine=self.engine,
            tenant=run.tenant,
            run=msgspec.msgpack.encode(order),
        )
        pending: deque[_Pending | None] = deque()
        async with self._composers.compose(job) as stream:
            feed = _Feed(self, run, as_of, deadline, stream, pending, trace)
            try:
                async with pumping(feed.pump(documents)):
                    end = await self._play(run, stream, sink, pending, trace)
            finally:
                for each in pending:
                    if each is not None:
                        each.trace.failed(_LEFT)
        return end, as_of

    async def _play(
        self, run: RunSpec, stream: ComposeStream, sink: RunSink, pending: deque[_Pending | None], trace: RunTrace
    ) -> RunEnd:
        """What the composer gives, to the sink."""
        frames = Frames()
        end: RunEnd | None = None
        async for data in stream:
            for found in frames.feed(data):
                if isinstance(found, bytes):
                    trace.wrote(len(found))
                    await sink.write(found)
                elif isinstance(found, RunEntry):
                    trace.told(found)
                    manifest = await self._told(found, pending.popleft(), keep=run.manifests)
                    await sink.entry(found, manifest)
                    if found.separator and found.failure is not None:
                        raise found.failure.error()
                elif isinstance(found, FileEnd):
                    trace.filed()
                    await sink.finished(found)
                else:
                    end = found
            if stream.empty:
                await sink.flush()
        if end is None:
            raise PressrunError(Reason.INTERNAL, "the run has no end; this is a defect")
        return end

    async def _told(self, entry: RunEntry, pending: _Pending | None, *, keep: bool) -> Manifest | None:
        """A document is over: it is counted; its manifest, where it is wanted."""
        if pending is None:
            return None
        spec, ready, trace = pending.spec, pending.ready, pending.trace
        if entry.failure is not None:
            trace.failed(entry.failure.error())
            return None
        meter = self._meters.get(ready.header.template.name, spec.channel)
        meter.finished_in_run(pages=entry.pages, size=entry.size)
        self._meters.composed_in_run(entry.cpu_seconds)
        if not keep or entry.separator:
            return None
        return Manifest(
            spec=spec,
            header=ready.header,
            record=await digest_of(spec.record),
            document=Digest("", 0),
            pages=entry.pages,
            finished_at=self._clock.now(),
            timings=trace.timings(entry.cpu_seconds),
            warnings=(*ready.warnings, *entry.warnings),
            decisions=ready.told[0],
            gaps=ready.told[1],
        )

    def refused(self, error: PressrunError) -> None:
        """Count a document whose request could not even be read."""
        self._pipeline.refused(error)

    def trace(self, spec: RenderSpec, deadline: float, run: RunTrace) -> Trace:
        """What follows a document."""
        return Trace(spec, self._clock, self._clock.monotonic(), deadline, self._meters, Untold(run.span))

    async def ready(self, spec: RenderSpec, trace: Trace) -> Ready:
        """A document that the composer can begin.

        Raises:
            PressrunError: why it can't.
        """
        if spec.channel is not OutputChannel.PRINT or spec.format is not OutputFormat.PDF:
            problem = "must be print with PDF in a print run"
            raise PressrunError(
                Reason.INVALID_REQUEST, f"output_channel {problem}", violations=(Violation("output_channel", problem),)
            )
        return await self._pipeline.ready(spec, trace)

    async def blob(self, digest: str) -> bytes:
        """A program or a prepared asset."""
        return await self._blob(digest)

    @property
    def held_bytes(self) -> int:
        """Bytes of blobs that the composer keeps for a run."""
        return self._config.held_bytes


def _twice() -> PressrunError:
    problem = "was in this run before, and a document is printed once; give each an id of its own"
    return PressrunError(
        Reason.INVALID_REQUEST, f"request_id {problem}", violations=(Violation("request_id", problem),)
    )


class _Feed:
    """Brings a run's documents to its composer."""

    def __init__(
        self,
        runs: PrintRuns,
        run: RunSpec,
        as_of: datetime,
        deadline: float,
        stream: ComposeStream,
        pending: deque[_Pending | None],
        trace: RunTrace,
    ) -> None:
        self._runs = runs
        self._run = run
        self._as_of = as_of
        self._deadline = deadline
        self._stream = stream
        self._pending = pending
        self._trace = trace
        self._held = HeldBlobs(runs.held_bytes)
        self._seen = SeenIds()

    async def pump(self, documents: AsyncIterator[RenderSpec | Unread]) -> None:
        """Bring all of them; where one can't even be asked for, the run ends.

        Raises:
            PressrunError: why a separator can't be made; what reading the documents raised.
        """
        try:
            number = 0
            separators = self._run.separators
            async for document in documents:
                if separators is not None and number % separators.every == 0:
                    await self._bring(self._separator(separators, number + 1, document.request_id), separator=True)
                number += 1
                if isinstance(document, Unread):
                    await self._unmade(document.request_id, document.error, None)
                elif not self._seen.add(document.request_id):
                    await self._unmade(document.request_id, _twice(), None)
                else:
                    await self._bring(replace(document, as_of=document.as_of or self._as_of, tenant=self._run.tenant))
            await self._stream.send_rows(b"", last=True)
        except BaseException:
            self._stream.cancel()
            raise

    def _separator(self, separators: Separators, number: int, request_id: str) -> RenderSpec:
        record = {"run": self._run.run_id, "number": number, "request_id": request_id, "documents": separators.every}
        return RenderSpec(
            request_id=f"separator-{number}",
            template=separators.template,
            record=json.dumps(record).encode(),
            locale=separators.locale,
            as_of=self._as_of,
            tenant=self._run.tenant,
        )

    async def _bring(self, spec: RenderSpec, *, separator: bool = False) -> None:
        trace = self._runs.trace(spec, self._deadline, self._trace)
        try:
            ready = await self._runs.ready(spec, trace)
            items = await self._blobs(ready.job)
        except PressrunError as error:
            if separator:
                raise
            await self._unmade(spec.request_id, error, trace)
            return
        except (TimeoutError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - the border where a document's exceptions end
            await self._unmade(spec.request_id, failure_of(error, _DEFECT).error(), trace)
            return
        trace.step("compose")
        job, info = ready.job, ready.header.template
        items.append(
            Item(
                spec.request_id,
                job.program,
                f"{info.name}@{info.version}",
                ready.header.locale,
                job.record,
                job.attributes,
                job.as_of,
                job.assets,
                separator,
                job.links,
            )
        )
        self._pending.append(_Pending(spec, ready, trace))
        await self._send(items)

    async def _blobs(self, job: ComposeJob) -> list[RunItem]:
        """What the composer lacks for a document, and what it may forget then."""
        items: list[RunItem] = []
        needed = (job.program, *job.assets.values())
        for digest in self._held.missing(needed):
            data = await self._runs.blob(digest)
            items.append(Blob(digest, data, digest == job.program))
            self._held.put(digest, len(data))
        items += [Forget(digest) for digest in self._held.surplus(needed)]
        return items

    async def _unmade(self, request_id: str, error: PressrunError, trace: Trace | None) -> None:
        """A document failed here; its entry comes in its turn."""
        if trace is not None:
            trace.failed(error)
        else:
            self._runs.refused(error)
        self._pending.append(None)
        await self._send([Unmade(request_id, Failure.of(error))])

    async def _send(self, items: list[RunItem]) -> None:
        await self._stream.send_rows(msgspec.msgpack.encode(items), last=False)
