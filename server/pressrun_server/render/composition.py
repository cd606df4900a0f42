"""One document in a composer: bind, lay out and emit, one page a turn.

Pages leave as they are made. The number of pages is known only at the end: documents of up to `LOOK_AHEAD` pages are
held until then and print it inline; longer ones leave a form on each page that shows it, and write the forms last.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from pressrun_server.emit.document import DocumentWriter, Metadata, PrefixCache
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.fonts.face import Face
from pressrun_server.layout.layout import Layout
from pressrun_server.layout.lines import Typesetter
from pressrun_server.layout.overflow import overflow
from pressrun_server.layout.settling import settled
from pressrun_server.model.asset import HostedLink
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import ComposePhases, ComposeSummary
from pressrun_server.model.ink import Backdrop
from pressrun_server.model.page import PAUSE, Page
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.program import FORMAT, Program, Running
from pressrun_server.model.program import Page as PageKind
from pressrun_server.render.composition_rows import RecordRows
from pressrun_server.render.encoded import ANOTHER_ENGINE, decoded
from pressrun_server.render.environment import environment
from pressrun_server.render.page_numbers import PageNumbers
from pressrun_server.render.record import Record
from pressrun_server.render.remarks import Remarks, small_styles
from pressrun_server.render.stopwatch import Stopwatch
from pressrun_server.template.bind import Binder
from pressrun_server.template.steps import Steps

__all__ = ["LOOK_AHEAD", "Composition", "LoadedProgram"]

LOOK_AHEAD = 4
MOST_PAGES = 20_000
MOST_PAGES_OF_ROWS = 100_000
"""Of a document whose rows arrive; nothing in it grows with its pages but 50 bytes for each."""
_MOST_PAUSES = 20_000
"""Of a document that makes no page meanwhile; a table pauses after some hundred rows."""
_QUICKENED = 2
"""Documents after which a program gets code; what is used once is done sooner without."""


_SQUARE = (0, 0, 0, 0)
_ALIKE = 50
"""Proportions are one if they differ by less than this part of them."""


class Writing(Protocol):
    """Takes the pages of a document; `emit.document.DocumentWriter`, or `emit.printrun.RunDocument` in a print run."""

    pages: int
    untagged_from: int

    @property
    def inks(self) -> bool:
        """Whether it has pictures in process colours, where it would say else that it is PDF/A."""

    @property
    def size(self) -> int:
        """Bytes written so far."""

    @property
    def sha256(self) -> str:
        """Their digest, where they are a file."""

    def begin(self) -> bytes:
        """The first bytes."""

    def page(self, page: Page, deferred: Sequence[int] = ()) -> bytes:
        """A page, and forms of it that come later."""

    def reserve(self) -> int:
        """A number for a form of the next page."""

    def form(self, number: int, page: Page) -> bytes:
        """A form."""

    def end(self) -> bytes:
        """The last bytes."""


class LoadedProgram:
    """A program ready to compose: closures, faces, static lines and prefixes; holds nothing of any record."""

    def __init__(self, program: Program) -> None:
        setter = Typesetter([Face(face) for face in program.faces], program.styles, program.kerning)
        self.program = program = settled(program, setter)
        self.binder = Binder(program)
        self.layout = Layout(program, setter)
        self.prefixes = PrefixCache(program)
        self.small = small_styles(program)
        self._composed = 0
        self.slots = {name: index for index, name in enumerate(program.slots)}

    def composed(self) -> None:
        """A document of it is done; a program that is used again gets code for its rows."""
        self._composed += 1
        if self._composed == _QUICKENED:
            self.binder.quicken()

    @classmethod
    def load(cls, data: bytes) -> LoadedProgram:
        """Load an encoded program.

        Raises:
            PressrunError: INTERNAL, the blob is no program of this engine.
        """
        program = decoded(data, Program)
        if program.format != FORMAT:
            raise PressrunError(Reason.INTERNAL, ANOTHER_ENGINE)
        return cls(program)


class Composition:
    """The making of one document; iterate over its bytes, then read `summary`.

    Args:
        program: the template, compiled for the document's locale.
        record: JSON text, already validated.
        assets: the prepared image of each slot that has one; other slots are left out.
        attributes: the request's attributes, for expressions.
        as_of: the moment the document speaks of; its date is what `as_of` shows.
        engine: the engine digest.
        rows: rows that arrive while the document is made.
        rows_field: the list of the record that they are for: names with dots between.
        links: by slot where its asset's system shows it.
    """

    summary: ComposeSummary
    finished = False

    def __init__(  # noqa: PLR0913 - all that decides its bytes
        self,
        program: LoadedProgram,
        record: bytes | Record,
        *,
        assets: Mapping[str, tuple[Digest, PreparedImage]],
        attributes: Mapping[str, str],
        as_of: datetime,
        engine: str,
        rows: RecordRows | None = None,
        rows_field: str = "",
        links: Mapping[str, HostedLink] | None = None,
    ) -> None:
        self._loaded = program
        self._rows = rows.arriving if rows is not None else None
        self._rows_field = rows_field
        self._links = links or {}
        self._record = Record.of(record)
        self._images = {slot: image for slot, (_, image) in assets.items()}
        self._prepared = sorted(
            (
                (program.slots[slot], digest.sha256, image)
                for slot, (digest, image) in assets.items()
                if slot in program.slots
            ),
            key=lambda item: item[0],
        )
        self._attributes = dict(attributes)
        self._as_of = as_of.astimezone(UTC)  # one moment, one text: its form goes into the identifier
        self._engine = engine
        placed = [(slot, image) for slot, _, image in self._prepared]
        self._remarks = Remarks(program.program, program.small, placed)
        self._made = 0
        self._pauses = 0
        self._watch = Stopwatch()
        self._numbers = PageNumbers()
        self._writer: Writing | None = None

    @property
    def prepared(self) -> Sequence[tuple[int, str, PreparedImage]]:
        """Slot index, digest and prepared image of each slot that has one."""
        return self._prepared

    @property
    def prefixes(self) -> PrefixCache:
        """Of its program."""
        return self._loaded.prefixes

    def write_with(self, writer: Writing) -> None:
        """Have the pages written into a file of many documents instead of one of its own."""
        self._writer = writer

    def __iter__(self) -> Iterator[bytes]:
        """As `_bytes`; what was kept of the record for the time being goes with its document."""
        try:
            yield from self._bytes()
        finally:
            self._loaded.layout.setter.forget()

    def _bytes(self) -> Iterator[bytes]:
        """The document's bytes; each step makes at most one page and may give nothing.

        Raises:
            PressrunError: INVALID_RECORD, a value does not fit the template; LIMIT_EXCEEDED, too many pages;
                DOCUMENT_REFUSED, the template does not let a warning pass.
        """
        started, cpu = time.perf_counter(), time.thread_time()
        watch = self._watch
        watch.begin()
        steps = Steps()
        env = steps.into(
            environment(self._record, self._attributes, self._as_of, self._rows, self._rows_field, self._links)
        )
        rows = self._rows
        most = MOST_PAGES if rows is None else MOST_PAGES_OF_ROWS
        loaded, remarks = self._loaded, self._remarks
        writer = self._writer or DocumentWriter(
            loaded.prefixes, self._prepared, self._metadata(env), loaded.binder.targets(env)
        )
        body = watch.block(loaded.binder.body(env))
        watch.bound()
        yield self._leaving(writer.begin())
        watch.begin()
        held: list[Page] = []
        deferred: list[tuple[int, int, PageKind]] = []
        for page in loaded.layout.pages(body, self._images, remarks.note):
            watch.laid_out()
            if page is PAUSE:
                self._pause(steps)
                yield b""
                watch.begin()
                continue
            steps.page()
            if rows is not None:
                rows.page()
            self._made += 1
            if self._made > most:
                raise PressrunError(Reason.LIMIT_EXCEEDED, f"the document has more than {most} pages; split the record")
            if page.section:
                self._numbers.begin(self._made)
            held.append(page)
            remarks.page = self._made + 1
            if len(held) > LOOK_AHEAD:
                yield self._leaving(self._emit(writer, held.pop(0), env, None, deferred))
            else:
                yield b""
            watch.begin()
        watch.laid_out()
        count = self._made
        long = count > LOOK_AHEAD
        for page in held:
            yield self._leaving(self._emit(writer, page, env, None if long else count, deferred, last=page is held[-1]))
            watch.begin()
        for form, number, kind in deferred:
            yield self._leaving(self._deferred(writer, form, number, kind, env, count))
            watch.begin()
        data = self._leaving(writer.end())
        self.summary = ComposeSummary(
            pages=count,
            size=writer.size,
            sha256=writer.sha256,
            warnings=remarks.warnings(writer.untagged_from, inks=writer.inks),
            seconds=time.perf_counter() - started,
            cpu_seconds=time.thread_time() - cpu,
            phases=ComposePhases(bind=watch.bind, lay_out=watch.lay_out, emit=watch.emit),
        )
        self.finished = True
        yield data
        loaded.composed()

    def _pause(self, steps: Steps) -> None:
        """Layout goes over a table's rows before it makes a page of them."""
        steps.page()
        self._pauses += 1
        if self._pauses > _MOST_PAUSES:
            problem = "a table that looks ahead has millions of rows; split the record, or give it fixed columns"
            raise PressrunError(Reason.LIMIT_EXCEEDED, f"{problem} and no totals before its rows")

    def _leaving(self, data: bytes) -> bytes:
        """Bytes that were emitted, before they leave."""
        self._watch.emitted()
        return data

    def _metadata(self, env: dict[str, Any]) -> Metadata:
        title, language = self._loaded.binder.title(env), self._loaded.program.language
        return Metadata(title, language, self._as_of, self.identifier)

    def identifier(self) -> bytes:
        """16 bytes, from all that decides the document."""
        program = self._loaded.program
        state = hashlib.sha256(
            f"{self._engine}\n{program.template_digest}\n{program.locale}\n{self._as_of.isoformat()}\n".encode()
        )
        for slot, digest, _ in self._prepared:
            state.update(f"{slot}={digest}\n".encode())
        for name, text in program.texts:
            state.update(f"{name}={text}\n".encode())
        for name in sorted(self._attributes):
            state.update(f"{name}={self._attributes[name]}\n".encode())
        for shown, link in sorted(self._links.items()):
            state.update(f"{shown}={link.url} {link.video}\n".encode())
        state.update(self._record.text)
        return state.digest()[:16]

    def _emit(
        self,
        writer: Writing,
        page: Page,
        env: dict[str, Any],
        count: int | None,
        deferred: list[tuple[int, int, PageKind]],
        *,
        last: bool = False,
    ) -> bytes:
        """A page with its running elements; those that show the number of pages wait where it is not known."""
        number = writer.pages + 1
        forms: list[int] = []
        program = self._loaded.program
        kind = program.pages[program.kinds.index(page.name, number, blank=page.blank, last=last)]
        if kind.slot in self._images:
            self._stationery(page, kind.slot)
        if kind.background is not None:
            page.fills.insert(0, (-page.shift, 0, page.width, page.height, kind.background))
        for running in kind.running:
            if count is None and running.uses_count:
                if not forms:
                    forms.append(writer.reserve())
                    deferred.append((forms[0], number, kind))
                continue
            self._run(running, page, env, number, count)
        self._remarks.look(page, number)
        return writer.page(page, forms)

    def _stationery(self, page: Page, slot: str) -> None:
        """Put a slot's picture behind all of a page, wherever that shows its content."""
        image = self._images[slot]
        if abs(image.width * page.height - image.height * page.width) * _ALIKE > image.width * page.height:
            told = f"the picture behind the page is {image.width} x {image.height} pixels and is stretched to"
            told += f" {page.width / 1000:.0f} x {page.height / 1000:.0f} pt; give @page one of its own proportion"
            self._remarks.note(overflow("", f"slot {slot!r}: {told}"))
        ink = Backdrop(self._loaded.slots[slot], 0, 0, page.width, page.height, across=False, down=False, radii=_SQUARE)
        page.fills.insert(0, (-page.shift, 0, page.width, page.height, ink))

    def _deferred(
        self, writer: Writing, form: int, number: int, kind: PageKind, env: dict[str, Any], count: int
    ) -> bytes:
        page = Page(kind.width, kind.height, shift=kind.shift)
        for running in kind.running:
            if running.uses_count:
                self._run(running, page, env, number, count)
        self._remarks.look(page, number)
        return writer.form(form, page)

    def _run(self, running: Running, page: Page, env: dict[str, Any], number: int, count: int | None) -> None:
        content = self._watch.block(self._loaded.binder.running(running, env, self._numbers.of(number, count)))
        self._remarks.page = number
        self._loaded.layout.running(running, content, page, self._images, self._remarks.note)
        self._remarks.page = self._made + 1
