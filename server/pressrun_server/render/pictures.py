"""Pictures of a document's pages: composed as PDF, drawn by preparers, given one after the other."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.pictures import LAST_PAGE, PictureSpec
from pressrun_server.model.spec import PRINTER_FORMATS
from pressrun_server.prepare.errors import PreparerCrashedError
from pressrun_server.prepare.tasks import PAGES, PicturesOrder, PrinterOrder, TaskName
from pressrun_server.render.compile import Preparing
from pressrun_server.render.compose_stream import ComposeStream
from pressrun_server.render.config import PictureConfig

__all__ = ["ZIP", "Pictures"]

ZIP = "application/zip"
"""The media type of several pictures."""
_A4_ACROSS = 595.3 / 72
"""Inches."""
_PIXELS_A_TASK = 2_000_000
"""About; what a preparer has begun is finished also when nobody waits for it any more."""
_EARLIEST = 1980
"""The first year that a ZIP file can name."""


class Pictures:
    """Makes pictures of documents.

    Guarantee: no page is drawn in the front or a composer; a document that is given up costs at most the task that is
    being done for it. Cost: the document is held until its pictures are drawn.

    Args:
        preparers: draw.
        config: limits.
    """

    def __init__(self, preparers: Preparing, config: PictureConfig) -> None:
        self._preparers = preparers
        self._config = config

    async def document(self, stream: ComposeStream) -> bytes:
        """All bytes of a document.

        Raises:
            PressrunError: LIMIT_EXCEEDED, it is too large to be made into pictures; as the stream raises.
        """
        parts: list[bytes] = []
        size = 0
        async for data in stream:
            size += len(data)
            if size > self._config.max_document_bytes:
                raise PressrunError(
                    Reason.LIMIT_EXCEEDED,
                    f"the document has more than {self._config.max_document_bytes} bytes, the most of which pages are "
                    "made into pictures; ask for PDF",
                )
            parts.append(data)
        return b"".join(parts)

    def chosen(self, spec: PictureSpec, pages: int) -> range:
        """The pages that are wanted, counted from 0.

        Args:
            spec: what is asked for.
            pages: how many the document has.

        Raises:
            PressrunError: INVALID_REQUEST, it does not have them; LIMIT_EXCEEDED, they are too many.
        """
        last = pages if spec.last == LAST_PAGE else spec.last or spec.first
        for field, number in (("image.first_page", spec.first), ("image.last_page", last)):
            if number > pages:
                problem = f"is {number}; the document has {pages} page{'s' if pages > 1 else ''}"
                raise PressrunError(
                    Reason.INVALID_REQUEST, f"{field} {problem}", violations=(Violation(field, problem),)
                )
        if last - spec.first >= self._config.max_pages:
            raise PressrunError(
                Reason.LIMIT_EXCEEDED,
                f"pictures of {last - spec.first + 1} pages were asked for; the most is {self._config.max_pages}; ask "
                "for fewer at a time by image.first_page and image.last_page",
            )
        return range(spec.first - 1, last)

    async def draw(
        self, pdf: bytes, pages: range, spec: PictureSpec, form: str, as_of: datetime
    ) -> AsyncIterator[bytes]:
        """The bytes of the picture, or of a ZIP file with all of them, picture by picture.

        Raises:
            PressrunError: LIMIT_EXCEEDED; as preparers raise.
        """
        if form in PRINTER_FORMATS:
            async for part in self._printed(pdf, pages, spec, form):
                yield part
            return
        pictures = self._drawn(pdf, pages, spec, form)
        if not spec.ranged:
            async for picture in pictures:
                yield picture
            return
        window = _Window()
        moment = as_of.astimezone(UTC).timetuple()[:6] if as_of.year >= _EARLIEST else (_EARLIEST, 1, 1, 0, 0, 0)
        with zipfile.ZipFile(window, "w", zipfile.ZIP_STORED) as archive:
            number = pages.start
            async for picture in pictures:
                number += 1
                archive.writestr(zipfile.ZipInfo(f"page-{number:04d}.{form}", moment), picture)
                yield window.drain()
        yield window.drain()

    async def _task(self, name: TaskName, payload: bytes) -> bytes:
        """A task, once more where its process died: the pages are of our own making, so it was hardly they."""
        try:
            return await self._preparers.run(name, payload, timeout=self._config.time_limit)
        except PreparerCrashedError:
            return await self._preparers.run(name, payload, timeout=self._config.time_limit)

    async def _drawn(self, pdf: bytes, pages: range, spec: PictureSpec, form: str) -> AsyncIterator[bytes]:
        dpi = spec.dpi * spec.density
        across = spec.pixels_across or dpi * _A4_ACROSS
        step = max(int(_PIXELS_A_TASK / (across * across * 2**0.5)), 1)
        for first in range(pages.start, pages.stop, step):
            order = PicturesOrder(
                pdf=pdf,
                pages=tuple(range(first, min(first + step, pages.stop))),
                format=form,
                pixels_across=spec.pixels_across,
                dpi=dpi,
                quality=spec.quality,
            )
            payload = msgspec.msgpack.encode(order)
            del order
            answer = await self._task(TaskName.PICTURES, payload)
            for picture in PAGES.decode(answer):
                yield picture

    async def _printed(self, pdf: bytes, pages: range, spec: PictureSpec, form: str) -> AsyncIterator[bytes]:
        """A file for a printer, page by page: what one has in memory is some ten million pixels."""
        for number in pages:
            order = PrinterOrder(pdf, (number,), form, spec.dpi, spec.gray, number == pages.start)
            payload = msgspec.msgpack.encode(order)
            del order
            yield await self._task(TaskName.PRINTER, payload)


class _Window(io.BytesIO):
    """A file of which only the last part is kept; `zipfile` goes back no further than to a member's header."""

    def __init__(self) -> None:
        super().__init__()
        self._gone = 0

    def drain(self) -> bytes:
        """What was written since the last call."""
        data = self.getvalue()
        self._gone += len(data)
        super().seek(0)
        self.truncate(0)
        return data

    def tell(self) -> int:
        return self._gone + super().tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == io.SEEK_SET:
            offset -= self._gone
        return self._gone + super().seek(offset, whence)
