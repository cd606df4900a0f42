"""A print run in a composer: documents come as rows do, and leave in files that they share, one page a turn."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Generator, Iterator
from typing import Any, Final

import msgspec

from pressrun_server.emit.pressdocument import PressDocument
from pressrun_server.emit.printrun import RunDocument, RunFile, RunLabel
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import ComposeSummary, RenderWarning
from pressrun_server.model.failure import Failure
from pressrun_server.model.prepared import PreparedImage
from pressrun_server.model.run import FileEnd, RunEnd, RunEntry, RunOrder
from pressrun_server.prepare.faults import failure_of
from pressrun_server.prepare.tasks import SHOWN
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.programs import load
from pressrun_server.render.run_link import DATA, Blob, Forget, Item, RunItem, Unmade, frame, told

__all__ = ["RunComposition", "RunInbox"]

_ORDER: Final = msgspec.msgpack.Decoder(RunOrder)
_ITEMS: Final = msgspec.msgpack.Decoder(list[RunItem])
_ROWS_A_DOCUMENT: Final = 512
"""What a waiting document counts for where rows are counted, so that eight are asked for ahead."""
_MOST_BYTES: Final = 3 << 30
"""A file takes no further document above this: its cross-references have four bytes an offset."""
_MOST_OBJECTS: Final = 7_500_000
"""As for documents alone; readers count objects in 23 bits (PDF 32000-1, annex C)."""
_UNEXPECTED = "the composer met an unexpected fault in this document; the node's log has its place"


class RunInbox:
    """Takes the documents of a run in."""

    def __init__(self) -> None:
        self._items: deque[RunItem] = deque()
        self._documents = 0
        self.over = False
        """Whether no more come."""

    @property
    def hungry(self) -> bool:
        """Whether a document must come before the next step."""
        return not self._items and not self.over

    @property
    def held(self) -> int:
        """Documents that wait, as if they were rows."""
        return self._documents * _ROWS_A_DOCUMENT

    def feed(self, rows: bytes, *, last: bool) -> None:
        """Take in some items; empty bytes are none.

        Raises:
            PressrunError: INTERNAL, they are none.
        """
        if rows:
            try:
                items = _ITEMS.decode(rows)
            except msgspec.MsgspecError as error:
                raise PressrunError(Reason.INTERNAL, "the items of the run can't be read", detail=str(error)) from error
            self._items.extend(items)
            self._documents += sum(1 for item in items if isinstance(item, Item))
        self.over = self.over or last

    def take(self) -> RunItem | None:
        """The next item; None while there is none."""
        if not self._items:
            return None
        item = self._items.popleft()
        self._documents -= isinstance(item, Item)
        return item


class RunComposition:
    """The making of a run; iterate over its bytes, then read `summary`.

    Guarantee: nothing of one document gets into another's pages; one that fails has no page in a file, but an entry
    that says why. Cost: programs and pictures that were sent and not forgotten; entries leave with their documents.

    Args:
        order: what is asked for, encoded.
        inbox: where documents come.
    """

    summary: ComposeSummary
    finished = False  # nothing is left to do when its steps have ended

    def __init__(self, order: bytes, inbox: RunInbox) -> None:
        self._order = _ORDER.decode(order)
        self._inbox = inbox
        self._programs: dict[str, LoadedProgram | Failure] = {}
        self._images: dict[str, PreparedImage | Failure] = {}
        self._file: RunFile | None = None
        self._documents = 0
        """Of the file, separators not counted."""
        self._files = self._all = self._failed = self._pages = 0
        self._bytes = 0
        self._digest = hashlib.sha256()
        self._stopped = False

    def __iter__(self) -> Iterator[bytes]:
        """Frames; a step makes at most one page."""
        started, cpu = time.perf_counter(), time.thread_time()
        while not self._stopped:
            item = self._inbox.take()
            if item is None:
                if self._inbox.over:
                    break
                yield b""
            elif isinstance(item, Blob):
                self._keep(item)
            elif isinstance(item, Forget):
                self._programs.pop(item.digest, None)
                self._images.pop(item.digest, None)
            elif isinstance(item, Unmade):
                yield self._failing(item.request_id, item.failure)
            else:
                yield from self._document(item)
        yield self._close()
        yield self._out(told(RunEnd(self._all, self._failed, self._pages, self._files, stopped=self._stopped)))
        self.summary = ComposeSummary(
            pages=self._pages,
            size=self._bytes,
            sha256=self._digest.hexdigest(),
            warnings=(),
            seconds=time.perf_counter() - started,
            cpu_seconds=time.thread_time() - cpu,
        )

    def _out(self, data: bytes) -> bytes:
        self._bytes += len(data)
        self._digest.update(data)
        return data

    def _keep(self, blob: Blob) -> None:
        """Decode a blob; one that can't be is kept as the failure that its documents get."""
        try:
            if blob.program:
                self._programs[blob.digest] = _program(blob.data)
            else:
                self._images[blob.digest] = _image(blob.data)
        except Exception as error:  # noqa: BLE001 - a blob comes from outside; it must not end the process
            failure = failure_of(error, f"the blob {blob.digest} can't be loaded; publish or fetch it again")
            (self._programs if blob.program else self._images)[blob.digest] = failure

    def _document(self, item: Item) -> Iterator[bytes]:
        """One document, to its entry in the index."""
        began = time.thread_time()
        held: RunDocument | None = None
        spent = 0.0
        try:
            program = self._known(self._programs, item.program)
            assets = {slot: (Digest.parse(name), self._known(self._images, name)) for slot, name in item.assets.items()}
            file = yield from self._room()
            composition = Composition(
                program,
                item.record,
                assets=assets,
                attributes=item.attributes,
                as_of=item.as_of,
                engine=self._order.title.engine,
                links=item.links,
            )
            press = self._order.press
            number = 0 if item.separator else press.first_number + self._all
            label = RunLabel(item.request_id, item.template, item.locale, item.separator, number)
            held = file.document(
                item.program,
                program.prefixes,
                composition.prepared,
                label,
                composition.identifier(),
                RunDocument if press.plain else PressDocument,
            )
            composition.write_with(held)
            for data in composition:
                spent += time.thread_time() - began
                yield self._out(frame(DATA, data)) if data else b""
                began = time.thread_time()
            warnings = composition.summary.warnings
        except Exception as error:  # noqa: BLE001 - this is the border where a document's exceptions end
            if held is not None:
                held.abandon()
            yield self._failing(item.request_id, failure_of(error, _UNEXPECTED), separator=item.separator)
            return
        spent += time.thread_time() - began
        self._pages += held.sides
        self._all += not item.separator
        self._documents += not item.separator
        yield self._out(told(self._entry(item, held, warnings, spent)))

    def _entry(
        self, item: Item, held: RunDocument, warnings: tuple[RenderWarning, ...], cpu_seconds: float
    ) -> RunEntry:
        return RunEntry(
            item.request_id,
            self._files,
            held.first_page,
            held.sides,
            held.offset,
            held.size,
            item.separator,
            warnings,
            None,
            cpu_seconds,
        )

    def _known(self, blobs: dict[str, Any], digest: str) -> Any:
        blob = blobs.get(digest)
        if blob is None:
            raise PressrunError(Reason.INTERNAL, "the composer was not given all of the document's parts")
        if isinstance(blob, Failure):
            raise blob.error()
        return blob

    def _failing(self, request_id: str, failure: Failure, *, separator: bool = False) -> bytes:
        """The entry of a document that there is none of; with the policy to stop, and after a separator, the last."""
        self._failed += 1
        self._stopped = self._order.stop or separator
        return self._out(told(RunEntry(request_id, 0, separator=separator, failure=failure)))

    def _room(self) -> Generator[bytes, None, RunFile]:
        """The file that takes the next document; a new one where the one in work is full."""
        order, file = self._order, self._file
        if file is not None and (
            file.size >= (order.max_bytes or _MOST_BYTES)
            or file.objects >= _MOST_OBJECTS
            or (order.max_documents and self._documents >= order.max_documents)
        ):
            yield self._close()
            file = None
        if file is None:
            file = self._file = RunFile(order.title, order.press, order.profile)
            self._files += 1
            self._documents = 0
            yield self._out(frame(DATA, file.begin()))
        return file

    def _close(self) -> bytes:
        file, self._file = self._file, None
        if file is None:
            return b""
        if not file.pages:
            # Its documents failed all: what has left of it is no file.
            self._files -= 1
            return b""
        data = self._out(frame(DATA, file.end()))
        end = FileEnd(self._files, self._documents, file.pages, file.size, file.sha256)
        return data + self._out(told(end))


def _program(data: bytes) -> LoadedProgram:
    program = load(data)
    if not isinstance(program, LoadedProgram):
        raise PressrunError(Reason.UNSUPPORTED, "a print run takes documents of the output channel print")
    return program


def _image(data: bytes) -> PreparedImage:
    image = SHOWN.decode(data)
    if not isinstance(image, PreparedImage):
        raise PressrunError(Reason.INTERNAL, "an asset was prepared for another output channel")
    return image
