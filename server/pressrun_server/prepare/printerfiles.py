"""Makes files in the languages of printers of a finished document: PWG raster and PCL; runs in a preparer.

MuPDF draws and writes both. Its PostScript writer is not used: ARCHITECTURE.md says why.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pymupdf

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.media import MAX_PIXELS
from pressrun_server.prepare.raster import open_pdf
from pressrun_server.prepare.tasks import PRINTER, PrinterOrder

__all__ = ["printer_file", "printer_task"]

_mupdf: Any = pymupdf.mupdf  # PyMuPDF's types are incomplete  # pyright: ignore[reportPrivateImportUsage]
_POINTS: Final = 72
_COLORS: Final = {("pwg", False): "colorspace=rgb", ("pwg", True): "colorspace=gray", ("pcl", True): "colorspace=mono"}
_SYNC: Final = b"RaS2"
"""What a PWG raster file begins with (PWG 5102.4, 4.2), once."""
_RESET: Final = b"\x1bE"
"""What a PCL job begins with, once."""
_PAGE: Final = re.compile(
    rb"\x1bE(\x1b&l0E\x1b&l-?\d+U\x1b&l-?\d+Z\x1b&f(\d+)I\x1b&f(\d+)J)\x1b&l\d+A(?:\x1b&l\d+A)?(?=\x1b&l0o)"
)
"""What a page begins with as MuPDF writes it: a reset, margins, its width and height in decipoints, its paper."""
_PAPERS: Final = {
    (5220, 7560): 1, (6120, 7920): 2, (6120, 10080): 3, (7920, 12240): 6, (2976, 4195): 24, (4195, 5953): 25,
    (5953, 8419): 26, (8419, 11906): 27, (2790, 5400): 80, (2970, 6840): 81, (3118, 6236): 90, (4592, 6491): 91,
}  # fmt: skip
"""Numbers of papers by width and height in decipoints, upright (PCL 5 reference, table 4-3)."""
_NEAR: Final = 15
"""Decipoints by which a page may miss its paper: half a millimetre."""
_CUSTOM: Final = 101


def printer_task(payload: bytes) -> bytes:
    """The preparer's task `printer`: a PrinterOrder to the bytes of some pages.

    Raises:
        PressrunError: as `printer_file` does.
    """
    return printer_file(PRINTER.decode(payload))


def printer_file(order: PrinterOrder) -> bytes:
    """Pages as a part of a printer file; parts of one document follow each other as they are.

    Raises:
        PressrunError: INVALID_REQUEST, a page that the document does not have; LIMIT_EXCEEDED, one would have more
            pixels than are allowed.
    """
    buffer = _mupdf.FzBuffer(1 << 16)
    options = f"resolution={order.dpi},{_COLORS[order.format, order.gray]}"
    with open_pdf(order.pdf) as document:
        writer = _mupdf.FzDocumentWriter(buffer, order.format, options)
        for number in order.pages:
            if not 0 <= number < document.page_count:
                raise PressrunError(
                    Reason.INVALID_REQUEST, f"the document has {document.page_count} pages; {number + 1} is none"
                )
            page = document[number]
            width, height = page.rect.width, page.rect.height
            pixels = width * height * (order.dpi / _POINTS) ** 2
            if pixels > MAX_PIXELS:
                raise PressrunError(
                    Reason.LIMIT_EXCEEDED,
                    f"page {number + 1} at {order.dpi} dpi would have {pixels:.0f} pixels; the most is {MAX_PIXELS}; "
                    "ask for a lower dpi",
                )
            device = _mupdf.fz_begin_page(writer, _mupdf.FzRect(0, 0, width, height))
            _mupdf.fz_run_page(page.this, device, _mupdf.FzMatrix(), _mupdf.FzCookie())
            _mupdf.fz_end_page(writer)
        _mupdf.fz_close_document_writer(writer)
    data = bytes(buffer.fz_buffer_extract())
    if order.format == "pwg":
        return data if order.first else data.removeprefix(_SYNC)
    return (_RESET if order.first else b"") + _PAGE.sub(_on_its_paper, data)


def _on_its_paper(begin: re.Match[bytes]) -> bytes:
    """What a page begins with, its paper named: MuPDF counts papers in an order of its own, and resets at each page."""
    width, height = int(begin[2]), int(begin[3])
    near = (
        number
        for (across, down), number in _PAPERS.items()
        if abs(across - width) <= _NEAR and abs(down - height) <= _NEAR
    )
    return b"%s\x1b&l%dA" % (begin[1], next(near, _CUSTOM))
