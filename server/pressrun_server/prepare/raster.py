"""Looks at finished PDFs with PyMuPDF: pages as pictures, and what a document holds; runs in a preparer or a test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import pymupdf

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.media import MAX_PIXELS, recognise

__all__ = ["check_pdf", "check_task", "open_pdf", "rasterise"]

_open_document: Any = pymupdf.open  # PyMuPDF's types are incomplete
_tools: Any = pymupdf.TOOLS
_MAX_DPI: Final = 1200


def rasterise(pdf: bytes, *, pages: Iterable[int] | None = None, dpi: float = 96) -> list[bytes]:
    """Draw pages on white.

    Args:
        pdf: the document.
        pages: which ones, counted from 0; None for all.
        dpi: resolution.

    Returns:
        One PNG (RGB) for each page, in the order asked for.

    Raises:
        PressrunError: INVALID_REQUEST: not a PDF, a page that it does not have, a resolution out of range;
            LIMIT_EXCEEDED: a picture would have more than 64 megapixels.
    """
    if not 1 <= dpi <= _MAX_DPI:
        raise PressrunError(Reason.INVALID_REQUEST, f"dpi: {dpi!r} is not a number from 1 to {_MAX_DPI}")
    with open_pdf(pdf) as document:
        count = document.page_count
        wanted = range(count) if pages is None else tuple(pages)
        wrong = [number for number in wanted if not 0 <= number < count]
        if wrong:
            raise PressrunError(
                Reason.INVALID_REQUEST,
                f"pages: the document has {count} pages, counted from 0; {wrong[0]} is none of them",
            )
        return [_picture(document[number], dpi) for number in wanted]


def check_pdf(pdf: bytes) -> dict[str, Any]:
    """What a document holds, as plain data.

    Returns:
        `pages` (count), `sizes` (width and height of each page in points), `is_repaired` (the file was broken and
        mended on opening), `warnings` (what MuPDF said on reading all pages), `fonts` (name, type, embedded), `images`
        (count of different ones), `text` (of each page), `metadata` (what is set), `tagged`, `language`.

    Raises:
        PressrunError: INVALID_REQUEST: not a PDF, or one that is encrypted.
    """
    with open_pdf(pdf) as document:
        fonts: dict[int, dict[str, Any]] = {}
        images: set[int] = set()
        texts: list[str] = []
        sizes: list[tuple[float, float]] = []
        for page in document:
            texts.append(page.get_text("text", sort=False))
            sizes.append((round(page.rect.width, 3), round(page.rect.height, 3)))
            for xref, extension, kind, name, *_ in page.get_fonts(full=True):
                fonts[xref] = {"name": name, "type": kind, "embedded": extension != "n/a"}
            images.update(entry[0] for entry in page.get_images(full=True))
        catalog = document.pdf_catalog()
        return {
            "pages": document.page_count,
            "sizes": sizes,
            "is_repaired": bool(document.is_repaired),
            "warnings": [line for line in _tools.mupdf_warnings().splitlines() if line],
            "fonts": [fonts[xref] for xref in sorted(fonts)],
            "images": len(images),
            "text": texts,
            "metadata": {key: value for key, value in (document.metadata or {}).items() if value},
            "tagged": document.xref_get_key(catalog, "MarkInfo/Marked") == ("bool", "true"),
            "language": (document.language or ""),
        }


def check_task(payload: bytes) -> bytes:
    """The preparer's task `check`: a PDF to the encoded answer of `check_pdf`.

    Raises:
        PressrunError: as `check_pdf` does.
    """
    return msgspec.msgpack.encode(check_pdf(payload))


@contextmanager
def open_pdf(pdf: bytes) -> Iterator[Any]:
    """The document, with MuPDF's messages kept from standard error.

    Raises:
        PressrunError: INVALID_REQUEST, it is no PDF document, is damaged or encrypted.
    """
    kind = recognise(pdf)
    if kind.media_type != "application/pdf":
        raise PressrunError(Reason.INVALID_REQUEST, f"the file is {kind.words}; give a PDF document")
    _tools.mupdf_display_errors(False)  # noqa: FBT003 - PyMuPDF's signature
    _tools.mupdf_display_warnings(False)  # noqa: FBT003 - PyMuPDF's signature
    _tools.reset_mupdf_warnings()
    try:
        document = _open_document(stream=pdf, filetype="pdf")
    except (RuntimeError, ValueError) as error:
        raise PressrunError(
            Reason.INVALID_REQUEST, "the file starts as a PDF document, but cannot be read", detail=str(error)[:300]
        ) from error
    with document:
        if document.needs_pass:
            raise PressrunError(Reason.INVALID_REQUEST, "the PDF document is encrypted; give one without a password")
        yield document


def _picture(page: Any, dpi: float) -> bytes:
    width, height = (side * dpi / 72 for side in (page.rect.width, page.rect.height))
    if width * height > MAX_PIXELS:
        raise PressrunError(
            Reason.LIMIT_EXCEEDED,
            f"page {page.number} at {dpi:g} dpi has {width:.0f} x {height:.0f} pixels; the most is {MAX_PIXELS} in "
            "all; ask for a lower dpi",
        )
    picture: bytes = page.get_pixmap(dpi=round(dpi), alpha=False, colorspace=pymupdf.csRGB).tobytes("png")
    return picture
