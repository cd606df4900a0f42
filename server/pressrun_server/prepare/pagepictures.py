"""Makes pictures of a finished document's pages for its reader: PNG, JPEG and WebP; runs in a preparer.

PyMuPDF draws, and writes PNG and JPEG; WebP, which it can't write, is written by Pillow from the same pixels.
"""

from __future__ import annotations

import io
from typing import Any, Final

import msgspec
import pymupdf
from PIL import Image

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.media import MAX_PIXELS
from pressrun_server.prepare.raster import open_pdf
from pressrun_server.prepare.tasks import PICTURES, PicturesOrder

__all__ = ["page_pictures", "pictures_task"]

_POINTS: Final = 72
_LONGEST: Final = {"webp": 16_383, "jpeg": 65_500}
"""Pixels a side that a format can have (RFC 9649, 3.4; libjpeg's JPEG_MAX_DIMENSION)."""
_EFFORT: Final = 2
"""Of WebP, 0 to 6: a page at 3 takes twice as long and is 2 % smaller."""


def pictures_task(payload: bytes) -> bytes:
    """The preparer's task `pictures`: a PicturesOrder to encoded picture files.

    Raises:
        PressrunError: as `page_pictures` does.
    """
    return msgspec.msgpack.encode(page_pictures(PICTURES.decode(payload)))


def page_pictures(order: PicturesOrder) -> list[bytes]:
    """Draw pages on white; the same document gives the same bytes.

    Returns:
        A file (RGB) for each page, in the order asked for.

    Raises:
        PressrunError: INVALID_REQUEST, a page that the document does not have; LIMIT_EXCEEDED, a picture would have
            more pixels than are allowed, or than its format can have.
    """
    with open_pdf(order.pdf) as document:
        count = document.page_count
        for number in order.pages:
            if not 0 <= number < count:
                raise PressrunError(Reason.INVALID_REQUEST, f"the document has {count} pages; {number + 1} is none")
        return [_picture(document[number], order) for number in order.pages]


def _picture(page: Any, order: PicturesOrder) -> bytes:
    across, down = page.rect.width, page.rect.height
    scale = order.pixels_across / across if order.pixels_across else order.dpi / _POINTS
    width, height = max(round(across * scale), 1), max(round(down * scale), 1)
    longest = _LONGEST.get(order.format, MAX_PIXELS)
    if width * height > MAX_PIXELS or max(width, height) > longest:
        raise PressrunError(
            Reason.LIMIT_EXCEEDED,
            f"the picture of page {page.number + 1} would have {width} x {height} pixels; the most is {MAX_PIXELS} in "
            f"all, and {longest} a side; ask for a smaller width, density or dpi",
        )
    # A scale for each direction, so that a page that measures fractions of a pixel fills whole ones.
    matrix = pymupdf.Matrix(width / across, height / down)  # type: ignore[no-untyped-call]
    drawn = page.get_pixmap(matrix=matrix, alpha=False, colorspace=pymupdf.csRGB)
    resolution = round(scale * _POINTS)
    drawn.set_dpi(resolution, resolution)
    if order.format == "png":
        return bytes(drawn.tobytes("png"))
    if order.format == "jpeg":
        return bytes(drawn.tobytes("jpeg", jpg_quality=order.quality))
    buffer = io.BytesIO()
    image = Image.frombuffer("RGB", (drawn.width, drawn.height), drawn.samples_mv, "raw", "RGB", drawn.stride, 1)
    image.save(buffer, "WEBP", quality=order.quality, method=_EFFORT)
    return buffer.getvalue()
