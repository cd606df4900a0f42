"""The way of one document through the node: admit, compile, select, resolve, compose, stream."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec
import structlog

from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.metrics.labels import UNREAD, DocumentMeters
from pressrun_server.model.asset import AssetUse, HostedLink
from pressrun_server.model.decision import Decision, LocalisationGap, Settlement
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import ComposeSummary, RenderWarning
from pressrun_server.model.mail import Attached, MailOrder
from pressrun_server.model.pictures import PictureSpec
from pressrun_server.model.press import PressOrder
from pressrun_server.model.spec import (
    LONGEST_REQUEST_ID,
    PICTURES,
    PRINTER_FORMATS,
    REFUSED_FORMATS,
    OutputChannel,
    OutputFormat,
    Pins,
    Priority,
    RenderSpec,
    TemplateName,
)
from pressrun_server.model.summary import SUMMARY
from pressrun_server.model.template import TemplateInfo, program_key
from pressrun_server.prepare.faults import failure_of
from pressrun_server.render.admission import Admission
from pressrun_server.render.beside import pumping
from pressrun_server.render.compose_stream import ComposeJob, ComposeStream
from pressrun_server.render.config import PipelineConfig
from pressrun_server.render.deadlines import Deadlines
from pressrun_server.render.deciding import Decider, gaps_of
from pressrun_server.render.errors import DeadlineError
from pressrun_server.render.fallbacks import judged
from pressrun_server.render.hashing import digest_of
from pressrun_server.render.manifest import Completion, DocumentHeader, Manifest
from pressrun_server.render.pictures import ZIP, Pictures
from pressrun_server.render.registry import Published, Registry
from pressrun_server.render.rows import RowFeed
from pressrun_server.render.trace import Trace
from pressrun_server.template.row_checks import RowChecker
from pressrun_server.template.selection import Selection
from pressrun_server.tracing.span import OFF, Caller, Tracing

__all__ = ["OFFERED", "Composing", "Editing", "Pipeline", "Reading", "Ready", "Resolved", "Resolving", "Sink"]

log = structlog.get_logger("pressrun.render")

_NOWHERE = HostedLink("")

OFFERED = {
    OutputChannel.PRINT: {OutputFormat.PDF: "application/pdf", **PICTURES, **PRINTER_FORMATS},
    OutputChannel.EMAIL: {OutputFormat.EML: "message/rfc822"},
    OutputChannel.WEB: {OutputFormat.HTML: "text/html; charset=utf-8"},
    OutputChannel.MOBILE: {
        OutputFormat.HTML: "text/html; charset=utf-8",
        OutputFormat.TEXT: "text/plain; charset=utf-8",
        **PICTURES,
    },
}
"""What this node can make, by output channel and format, with its media type."""

Resolved = tuple[Sequence[AssetUse], Sequence[RenderWarning]]
"""The assets of a document, and what there is to say about them."""


class Ready(NamedTuple):
    """A document that a composer can begin."""

    header: DocumentHeader
    job: ComposeJob
    warnings: Sequence[RenderWarning]
    told: tuple[tuple[Decision, ...], tuple[LocalisationGap, ...]]
    checker: RowChecker | None
    """Checks rows that arrive."""


class Sink(Protocol):
    """Takes a document as it is made."""

    def start(self, header: DocumentHeader, head: bytes) -> None:
        """Called once, before the first byte.

        Args:
            header: what is known.
            head: the first bytes, where other documents have the same: the same object then; else none.
        """

    async def write(self, data: bytes) -> None:
        """Take some bytes, in order; returning late slows the document down."""


class Resolving(Protocol):
    """Turns what was selected into prepared assets; `assets.resolver.AssetResolver` in a node."""

    def resolve_warm(
        self,
        selections: Sequence[Selection],
        *,
        as_of: datetime,
        channel: str,
        pins: Pins | None = None,
        journal: dict[str, Settlement] | None = None,
    ) -> Resolved | None:
        """The assets, where all of them can be had without waiting.

        Raises:
            PressrunError: ASSET_*, an asset may not be used; PINS_MISMATCH.
        """

    async def resolve(
        self,
        selections: Sequence[Selection],
        *,
        as_of: datetime,
        channel: str,
        pins: Pins | None = None,
        journal: dict[str, Settlement] | None = None,
        use: str = "",
        job: str = "",
    ) -> Resolved:
        """The assets, asking their sources where needed.

        Raises:
            PressrunError: ASSET_*; PINS_MISMATCH.
        """


def _links(selections: Sequence[Selection], uses: Sequence[AssetUse]) -> dict[str, HostedLink]:
    """By slot whose rendition asks for it, where the asset's system shows it; an empty one where it shows nothing."""
    wanted = [selection.slot for selection in selections if selection.rendition.hosted]
    if not wanted:
        return {}
    found = {use.slot: use.descriptor.hosted for use in uses}
    return {slot: found.get(slot) or _NOWHERE for slot in wanted}


def run_name(tenant: str, run: str) -> str:
    """What a run is called where uses of licences are counted; empty: none."""
    return f"{tenant}/{run}" if run else ""


class Reading(Protocol):
    """Reads records that are too large to be read here; `render.reading.RecordReader` in a node."""

    def wants(self, record: bytes) -> bool:
        """Whether it should read a record."""

    async def select(
        self, published: Published, spec: RenderSpec, *, locale: str, as_of: datetime, slots: bool = True
    ) -> Sequence[Selection]:
        """The choice for each slot, where the document has any.

        Raises:
            PressrunError: INVALID_RECORD, ASSET_NOT_FOUND, LIMIT_EXCEEDED, QUEUE_FULL, DRAINING, INTERNAL.
        """


class Editing(Protocol):
    """Gives programs with approved texts in them; `render.editions.Editions` in a node."""

    async def program(self, published: Published, locale: str, channel: str, uses: Sequence[AssetUse]) -> str:
        """The digest of the program that a document needs, as text.

        Raises:
            PressrunError: ASSET_INVALID, ASSET_UNAVAILABLE, DEADLINE_EXCEEDED, QUEUE_FULL, DRAINING, INTERNAL.
        """


class Composing(Protocol):
    """Composes documents; `render.composers.ComposerPool` in a node."""

    def ahead(self, record: bytes, *, interactive: bool = False, tenant: str = "") -> ComposeStream | None:
        """Have a large record read where its document will be made, while the rest of the job is found.

        Returns:
            what is given to `compose`, or cancelled; None where nobody has time for it.
        """

    def compose(self, job: ComposeJob, *, ahead: ComposeStream | None = None) -> ComposeStream:
        """Begin a document.

        Args:
            job: what to compose.
            ahead: what `ahead` gave for its record.

        Raises:
            PressrunError: DRAINING, QUEUE_FULL.
        """


class Beginning(Protocol):
    """Warms what a template can choose; `render.warming.Warming` in a node."""

    def begin(self, published: Published, channel: OutputChannel) -> None:
        """Begin, without waiting."""


class Pipeline:
    """Renders documents, any number at once.

    Guarantee: the slot and the composer of a document are free again when `render` has returned or raised, whichever
    way; each document is counted once. Cost: no task; where assets are warm and a slot is free, the only wait is the
    composer's.
    """

    def __init__(  # noqa: PLR0913 - keyword-only, given by the composition root
        self,
        *,
        admission: Admission,
        registry: Registry,
        resolver: Resolving,
        composers: Composing,
        engine: str,
        clock: Clock,
        config: PipelineConfig,
        meters: DocumentMeters,
        editions: Editing,
        reader: Reading | None = None,
        warming: Beginning | None = None,
        pictures: Pictures | None = None,
        tracing: Tracing = OFF,
    ) -> None:
        self.tracing = tracing
        """What gives documents their spans."""
        self._editions = editions
        self._admission = admission
        self._registry = registry
        self._resolver = resolver
        self._composers = composers
        self._engine = engine
        self._clock = clock
        self._config = config
        self._meters = meters
        self._reader = reader
        self._warming = warming
        self._pictures = pictures
        self._decider = Decider()
        self._deadlines = Deadlines()

    async def render(
        self,
        spec: RenderSpec,
        sink: Sink,
        *,
        deadline: float | None = None,
        rows: RowFeed | None = None,
        caller: Caller | None = None,
    ) -> tuple[bytes, Completion]:
        """Render one document into the sink.

        Args:
            spec: the document.
            sink: takes the header and all bytes but the last ones.
            deadline: moment on the monotonic clock; the document's own time limit holds as well.
            rows: rows that arrive while the document is made; the record is without them.
            caller: the trace that it belongs to, as `tracing.caller` gave it.

        Returns:
            the last bytes, which the sink has not got, and the manifest; so a small document can leave as one message.

        Raises:
            PressrunError: why there is no document; never another exception but cancellation.
        """
        now = self._clock.monotonic()
        limit = spec.time_limit or self._config.time_limit
        if deadline is not None and deadline < now + limit:
            limit = max(deadline - now, 0.0)
        span = self.tracing.begin(caller, self._clock.now)
        trace = Trace(spec, self._clock, now, now + limit, self._meters, span)
        due = self._deadlines.at(now + limit)
        try:
            with due:
                last, completion = await self._run(spec, sink, trace, rows)
        except TimeoutError as error:
            if not trace.over() and not due.expired:
                raise trace.failed(_defect(error)) from error
            raise trace.failed(DeadlineError(trace.phase, round(limit, 3))) from None
        except PressrunError as error:
            trace.failed(error)
            raise
        except asyncio.CancelledError:
            trace.cancelled()
            raise
        except Exception as error:
            raise trace.failed(_defect(error)) from error
        trace.finished(completion)
        return last, completion

    def refused(self, error: PressrunError) -> None:
        """Count a document whose request could not even be read as one."""
        self._meters.get(None, UNREAD).ended("failed", error.reason)

    def refusal(self, request_id: str, channel: str) -> PressrunError | None:
        """Why `render` would refuse a document at its door; None where it has to be tried.

        What would be refused needs neither be read nor get a task, so that a node with more work than it can do spends
        its time on what it has taken. A refusal is counted and logged as `render` does it; the error is not to be
        raised.

        Args:
            request_id: the document's, valid or not.
            channel: the output channel, or UNREAD.
        """
        error = self._admission.refusal()
        if error is None or self.tracing is not OFF:  # whose spans tell of refusals, too
            return None
        self._meters.get(None, channel).ended("refused", error.reason)
        log.debug("document_refused", request_id=request_id[:LONGEST_REQUEST_ID], reason=error.reason.value)
        return error

    async def _run(self, spec: RenderSpec, sink: Sink, trace: Trace, rows: RowFeed | None) -> tuple[bytes, Completion]:
        """The steps. Each one begins by telling the trace, which ends the step before and checks the deadline."""
        trace.step("queue")
        permit = await self._admission.admit(len(spec.record), spec.priority, spec.tenant)
        ahead = None
        try:
            if rows is None and self._reads(spec):
                ahead = self._composers.ahead(
                    spec.record, interactive=spec.priority is Priority.INTERACTIVE, tenant=spec.tenant
                )
            ready = await self.ready(spec, trace, rows)
            attached = None
            if spec.format is OutputFormat.EML and _attaches(spec, ready.header.template):
                ready, attached = await self._attached(spec, ready, trace)
            trace.step("compose")
            header, record = ready.header, None
            async with self._composers.compose(ready.job, ahead=ahead) as stream:
                if spec.pictures is not None:
                    last, summary = await self._drawn(spec, spec.pictures, stream, sink, header, trace)
                elif rows is None or ready.checker is None:
                    last, summary = await self._stream(stream, sink, header, trace)
                else:
                    async with pumping(rows.pump(ready.checker, stream)):
                        last, summary = await self._stream(stream, sink, header, trace)
                    record = rows.digest
            if record is None:
                record = await digest_of(spec.record)
            return last, self._complete(spec, ready, record, summary, trace, attached)
        finally:
            if ahead is not None:
                ahead.cancel()
            permit.release()

    def _reads(self, spec: RenderSpec) -> bool:
        """Whether the record is so large that another process reads it."""
        return self._reader is not None and self._reader.wants(spec.record)

    async def _attached(self, spec: RenderSpec, ready: Ready, trace: Trace) -> tuple[Ready, ComposeSummary]:
        """Make the PDF that comes with an e-mail: the pages of print, with the rights of the e-mail.

        Returns:
            the e-mail with it, and the summary of the PDF.

        Raises:
            PressrunError: why it can't be made.
        """
        pins = spec.pins
        if pins is not None:
            pins = replace(pins, assets=pins.attached)
        # Of the e-mail's own template and moment, also where the request states neither.
        same = replace(
            spec, pins=pins, as_of=ready.header.as_of, template=TemplateName(digest=ready.header.template.digest)
        )
        paper = await self.ready(same, trace, attached=True)
        trace.step("compose")
        parts: list[bytes] = []
        size, most = 0, self._config.max_attached_bytes
        async with self._composers.compose(paper.job) as stream:
            async for data in stream:
                size += len(data)
                if size > most:
                    raise PressrunError(
                        Reason.LIMIT_EXCEEDED,
                        f"the PDF to attach has more than {most} bytes, which hardly a mail server takes; send the "
                        "e-mail without it (email.attachment: EMAIL_ATTACHMENT_NONE), with a link",
                    )
                parts.append(data)
                trace.check()
            summary = stream.summary
            assert summary is not None
            trace.attached(stream.queue_seconds, summary.phases)
        order = msgspec.structs.replace(spec.email or MailOrder(), attached=b"".join(parts))
        header = msgspec.structs.replace(ready.header, attached=paper.header.assets)
        warnings = dict.fromkeys((*ready.warnings, *paper.warnings, *summary.warnings))
        job = msgspec.structs.replace(ready.job, mail=order)
        return ready._replace(header=header, job=job, warnings=tuple(warnings)), summary

    async def ready(
        self, spec: RenderSpec, trace: Trace, rows: RowFeed | None = None, *, attached: bool = False
    ) -> Ready:
        """Find the template, choose and resolve its assets: all that a composer needs.

        Args:
            spec: the document.
            trace: is told of each step.
            rows: rows that arrive while it is made.
            attached: whether the PDF is wanted that comes with it, and not the document itself.

        Raises:
            PressrunError: why it can't be begun.
            TimeoutError: the trace's deadline is over.
        """
        trace.step("compile")
        published = await self._find(spec)
        trace.template = published.info
        self._check_offer(spec, published)
        if rows is not None and spec.pictures is not None:
            raise PressrunError(
                Reason.UNSUPPORTED, "rows arrive for documents that leave as they are made; ask for PDF or HTML"
            )

        if rows is not None and spec.channel is OutputChannel.EMAIL:
            raise PressrunError(
                Reason.UNSUPPORTED,
                "an e-mail is made of a whole record, since its text stands before its tables' HTML; send the rows in "
                "the record",
            )
        brief = spec.format is OutputFormat.TEXT
        if rows is not None and brief:
            raise PressrunError(Reason.UNSUPPORTED, "a summary is made of a whole record; send the rows in the record")

        trace.step("select")
        header_locale, as_of = self._circumstances(spec, published)
        # Pictures are of the pages of print, so they take the files that print takes; rights are their own.
        made_for = OutputChannel.PRINT if spec.pictures is not None or attached else spec.channel
        selections: Sequence[Selection]
        checker: RowChecker | None = None
        if rows is None and self._reader is not None and self._reader.wants(spec.record):
            asked = spec if made_for is spec.channel else replace(spec, channel=made_for)
            selections = await self._reader.select(published, asked, locale=header_locale, as_of=as_of, slots=not brief)
        elif brief:
            published.selector.decode(spec.record)
            selections = ()
        else:
            selector = published.selector
            if rows is not None:
                checker = selector.rows(rows.field)
                rows.begin(spec.record)
            selections = selector.select(
                selector.decode(spec.record) if checker is None else checker.start(spec.record),
                attributes=spec.attributes,
                locale=header_locale,
                as_of=as_of,
                channel=made_for,
                requested=spec.locale,
            )

        if not attached:
            selections = _brought(selections, spec.email)
        trace.step("resolve")
        # Warm assets are had without a wait, and so without a turn of the event loop.
        journal: dict[str, Settlement] = {}
        found = self._resolver.resolve_warm(
            selections, as_of=as_of, channel=spec.channel, pins=spec.pins, journal=journal
        )
        if found is None:
            journal.clear()
            if self._warming is not None and spec.pins is None:
                self._warming.begin(published, made_for)
            found = await self._resolver.resolve(
                selections,
                as_of=as_of,
                channel=spec.channel,
                pins=spec.pins,
                journal=journal,
                use=f"{spec.tenant}/{spec.communication_id or spec.request_id}",
                job=run_name(spec.tenant, spec.attributes.get("run", "")),
            )
        uses, warnings = found
        told = (
            self._decider.decide(published.info, selections, uses, journal),
            gaps_of(published.info, selections, journal, requested=spec.locale, locale=header_locale),
        )
        program = published.programs[program_key(header_locale, SUMMARY if brief else made_for)]
        if published.texts and not brief:
            program = await self._editions.program(published, header_locale, made_for, uses)
        media_type = OFFERED[spec.channel][spec.format]
        if spec.pictures is not None and spec.pictures.ranged and spec.format in PICTURES:
            media_type = ZIP
        header = DocumentHeader(media_type, published.info, self._engine, tuple(uses), header_locale, as_of)
        job = ComposeJob(
            program=program,
            record=spec.record,
            attributes=spec.attributes,
            as_of=as_of,
            assets=published.placed(uses),
            engine=self._engine,
            interactive=spec.priority is Priority.INTERACTIVE,
            tenant=spec.tenant,
            rows_field=rows.field if rows is not None else "",
            links=_links(selections, uses),
            press=self._press(spec, published, header_locale, as_of),
            mail=None if attached else spec.email,
        )
        return Ready(header, job, judged(warnings, published.info.policy), told, checker)

    def _press(self, spec: RenderSpec, published: Published, locale: str, as_of: datetime) -> bytes:
        """What a composer is told of a document that a printer wants something of."""
        press = spec.press
        if press is None:
            return b""
        template = f"{published.info.name}@{published.info.version}"
        profile = self._config.profiles.files[press.profile.identifier] if press.profile is not None else b""
        return msgspec.msgpack.encode(
            PressOrder(press, template, locale, spec.request_id, as_of, self._engine, profile)
        )

    async def circumstances(self, spec: RenderSpec) -> tuple[Published, str, datetime]:
        """The template that a request means, its locale, and the moment that the document speaks of.

        Raises:
            PressrunError: TEMPLATE_NOT_FOUND, INVALID_REQUEST, UNSUPPORTED, ENGINE_MISMATCH, PINS_MISMATCH.
        """
        published = await self._find(spec)
        self._check_offer(spec, published)
        return published, *self._circumstances(spec, published)

    async def _find(self, spec: RenderSpec) -> Published:
        pins = spec.pins
        if pins is not None and pins.engine_digest != self._engine:
            raise PressrunError(
                Reason.ENGINE_MISMATCH,
                f"the pins ask for engine {pins.engine_digest}, this node runs {self._engine}; send the request to a "
                "node that runs it, or leave the pins out",
                metadata={"engine": self._engine},
            )
        return await self._registry.found(spec.template, pins.template_digest if pins is not None else "")

    def _check_offer(self, spec: RenderSpec, published: Published) -> None:
        if spec.format in REFUSED_FORMATS:
            raise PressrunError(Reason.UNSUPPORTED, REFUSED_FORMATS[spec.format])
        formats = OFFERED.get(spec.channel)
        if formats is None or spec.format not in formats:
            offered = ", ".join(f"{channel} ({', '.join(formats)})" for channel, formats in OFFERED.items())
            raise PressrunError(
                Reason.UNSUPPORTED,
                f"this node does not make {spec.format} for the output channel {spec.channel}; it offers {offered}",
            )
        if spec.pictures is not None and (self._pictures is None or OutputChannel.PRINT not in published.channels):
            raise PressrunError(
                Reason.UNSUPPORTED,
                f"pictures are of the pages of print, which {published.info.name}@{published.info.version} does not "
                "offer; add print to the template's channels",
            )
        if spec.channel not in published.channels:
            offered = ", ".join(sorted(published.channels))
            raise PressrunError(
                Reason.INVALID_REQUEST,
                f"the template {published.info.name}@{published.info.version} does not offer the output channel "
                f"{spec.channel}; it offers {offered}",
                violations=(Violation("output_channel", f"choose one of {offered}"),),
            )
        attaching = spec.email is not None and spec.email.attach == "pdf"
        if attaching and OutputChannel.PRINT not in published.channels:
            raise PressrunError(
                Reason.INVALID_REQUEST,
                f"the template {published.info.name}@{published.info.version} does not offer print, whose PDF would be "
                "attached",
                violations=(Violation("email.attachment", "needs a template that offers print"),),
            )
        if spec.format is OutputFormat.TEXT and not published.info.summary:
            raise PressrunError(
                Reason.INVALID_REQUEST,
                f"the template {published.info.name}@{published.info.version} has no summary; give it one in "
                "template.yaml, see `summary`",
                violations=(Violation("output_format", "needs a template with a summary"),),
            )

    def _circumstances(self, spec: RenderSpec, published: Published) -> tuple[str, datetime]:
        """The locale, and the moment that the document speaks of."""
        pins = spec.pins
        as_of = spec.as_of or (pins.as_of if pins is not None else None) or self._clock.now()
        locale = published.selector.locale(spec.locale)
        if pins is not None and pins.locale:
            if (spec.locale and locale != pins.locale) or pins.locale not in published.info.locales:
                raise PressrunError(
                    Reason.PINS_MISMATCH,
                    f"the pins ask for the locale {pins.locale}, the request gives {locale}; leave one of them out",
                    metadata={"pin": "locale"},
                )
            locale = pins.locale
        return locale, as_of

    async def _stream(
        self, stream: ComposeStream, sink: Sink, header: DocumentHeader, trace: Trace
    ) -> tuple[bytes, ComposeSummary]:
        """Bytes from the composer to the sink; the last ones are kept back, to leave with the completion."""
        held = b""
        async for data in stream:
            if held:
                await sink.write(held)
                trace.check()
                held = b""
            elif not trace.first_byte:
                trace.first()
                if data is stream.head:
                    sink.start(header, data)
                    continue
                sink.start(header, b"")
            if stream.over:
                # What is left is here already; it costs no wait to see which bytes are the last.
                held = data
            else:
                await sink.write(data)
                trace.check()
        summary = stream.summary
        assert summary is not None
        trace.composed(stream.queue_seconds, summary.phases)
        return held, summary

    async def _drawn(
        self,
        spec: RenderSpec,
        wanted: PictureSpec,
        stream: ComposeStream,
        sink: Sink,
        header: DocumentHeader,
        trace: Trace,
    ) -> tuple[bytes, ComposeSummary]:
        """As `_stream`, with pictures of the document's pages instead of its own bytes; the summary is of them."""
        assert self._pictures is not None
        pdf = await self._pictures.document(stream)
        summary = stream.summary
        assert summary is not None
        trace.composed(stream.queue_seconds, summary.phases)
        trace.drawing()
        pages = self._pictures.chosen(wanted, summary.pages)
        digest, size, held = hashlib.sha256(), 0, b""
        async for data in self._pictures.draw(pdf, pages, wanted, spec.format, header.as_of):
            if held:
                await sink.write(held)
                trace.check()
            else:
                trace.first()
                sink.start(header, b"")
            held = data
            digest.update(data)
            size += len(data)
        trace.drawn()
        return held, msgspec.structs.replace(summary, pages=len(pages), size=size, sha256=digest.hexdigest())

    def _complete(
        self,
        spec: RenderSpec,
        ready: Ready,
        record: Digest,
        summary: ComposeSummary,
        trace: Trace,
        attached: ComposeSummary | None,
    ) -> Completion:
        header = ready.header
        found = [use.found_in for use in (*header.assets, *header.attached)]
        cpu = summary.cpu_seconds
        attachment = None
        if attached is not None:
            cpu += attached.cpu_seconds
            document = Digest(attached.sha256, attached.size)
            attachment = Attached(summary.attachment, document, attached.pages)
        manifest = Manifest(
            spec=spec,
            header=header,
            record=record,
            document=Digest(summary.sha256, summary.size),
            pages=summary.pages,
            finished_at=self._clock.now(),
            timings=trace.timings(cpu),
            warnings=(*ready.warnings, *summary.warnings),
            decisions=ready.told[0],
            gaps=ready.told[1],
            text=summary.text,
            attachment=attachment,
        )
        memory, disk, source = (found.count(place) for place in ("memory", "disk", "source"))
        return Completion(manifest, memory, disk, source, len(found) - memory - disk - source)


def _attaches(spec: RenderSpec, template: TemplateInfo) -> bool:
    """Whether the PDF comes with an e-mail: as the request says, else as the template does."""
    asked = spec.email.attach if spec.email is not None else ""
    return asked == "pdf" or (template.attach and not asked)


def _brought(selections: Sequence[Selection], order: MailOrder | None) -> Sequence[Selection]:
    """The choices, with pictures that come as the request wants them."""
    if order is None or not order.images:
        return selections
    hosted = order.images == "hosted"
    return [
        replace(selection, rendition=msgspec.structs.replace(selection.rendition, hosted=hosted))
        if selection.rendition.screen
        else selection
        for selection in selections
    ]


def _defect(error: BaseException) -> PressrunError:
    message = "the node failed over this document; its log has the details under the request's id"
    return failure_of(error, message).error()
