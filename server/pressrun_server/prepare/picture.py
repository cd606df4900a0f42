"""Turns an asset into a picture file for screens; runs in a preparer, because it decodes what strangers made.

A browser gets no byte that was not looked at: JPEG without its metadata (a photo tells where it was taken), PNG written
anew, with the same bytes on every processor, drawings that the reader of drawings has understood, and a page of PDF as
pixels. Process colours become those of screens.
"""

from __future__ import annotations

import io
import zlib
from typing import Final

import msgspec
from PIL import Image

from pressrun_server.model.prepared import PreparedPicture
from pressrun_server.model.template import RenditionSpec
from pressrun_server.prepare.drawing import read_drawing
from pressrun_server.prepare.image import deflated
from pressrun_server.prepare.imagefile import open_image
from pressrun_server.prepare.media import DRAWING, PDF, recognise
from pressrun_server.prepare.pngfile import chunks, put_together
from pressrun_server.prepare.raster import rasterise
from pressrun_server.prepare.rendition import in_form, transparent
from pressrun_server.prepare.sketch import drawn, plated
from pressrun_server.prepare.tasks import RENDITION

__all__ = ["picture_task", "prepare_picture", "sketched"]

_DPI: Final = 144.0
"""Of a page: two pixels for each of CSS."""
_QUALITY: Final = 90
_WHITE: Final = 0xFFFFFF
_KEPT: Final = frozenset({0xE0, 0xE2, 0xEE})
"""Application segments of a JPEG that say how its pixels are meant: JFIF, the colour profile, Adobe's transform."""
_SCAN: Final = 0xDA


def picture_task(payload: bytes) -> bytes:
    """The preparer's task `picture`: a RenditionOrder to an encoded PreparedPicture.

    Raises:
        PressrunError: as `prepare_picture` does.
    """
    order = RENDITION.decode(payload)
    return msgspec.msgpack.encode(prepare_picture(order.data, order.rendition))


def prepare_picture(data: bytes, rendition: RenditionSpec) -> PreparedPicture:
    """Make a picture file for screens; equal bytes give equal files.

    Raises:
        PressrunError: ASSET_INVALID, ASSET_TOO_LARGE: as `prepare_image` does.
    """
    kind = recognise(data).media_type
    if kind == DRAWING and rendition.mail:
        data = sketched(data, rendition.width, _WHITE)
    elif kind == DRAWING:
        drawing = read_drawing(data)  # refuses what could do more than be seen
        return PreparedPicture("image/svg+xml", data, max(round(drawing.width), 1), max(round(drawing.height), 1))
    if kind == PDF:
        data = rasterise(data, pages=(0,), dpi=_DPI)[0]
    file = open_image(data)
    process = file.pixels.mode == "CMYK"
    file = in_form(file, msgspec.structs.replace(rendition, color_space="srgb" if process else None))
    image = file.pixels
    width, height = image.size
    photo = file.header.media_type == "image/jpeg"
    if photo and file.passes and not rendition.quality:
        return PreparedPicture("image/jpeg", _bare(data), width, height)
    if photo or (rendition.format == "jpg" and not transparent(image)):
        return PreparedPicture("image/jpeg", _jpeg(image, file.profile, rendition.quality or _QUALITY), width, height)
    return PreparedPicture("image/png", _png(plated(image, _WHITE) if rendition.mail else image), width, height)


def sketched(drawing: bytes, width: int | None, ground: int) -> bytes:
    """A drawing as a PNG, for where none is drawn.

    Args:
        drawing: SVG.
        width: pixels; twice its own without it.
        ground: the colour that it is put on where it would be lost on a dark one.

    Raises:
        PressrunError: ASSET_INVALID, ASSET_TOO_LARGE: as `read_drawing` does.
    """
    return _png(drawn(drawing, width, ground))


def _jpeg(image: Image.Image, profile: bytes | None, quality: int) -> bytes:
    buffer = io.BytesIO()
    plain = image if image.mode in {"L", "RGB"} else image.convert("RGB")
    plain.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True, icc_profile=profile)
    return buffer.getvalue()


def _bare(data: bytes) -> bytes:
    """A JPEG without comments and metadata (ISO/IEC 10918-1, B.1.1.3: segments before the first scan)."""
    kept = [data[:2]]
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker in {_SCAN, 0xFF}:  # noqa: PLR2004 - what a marker begins with
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker in _KEPT:  # noqa: PLR2004 - APPn and COM
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, data[at:]))


def _png(image: Image.Image) -> bytes:
    """A PNG: Pillow packs and filters the rows, and libdeflate compresses them."""
    buffer = io.BytesIO()
    more = {"transparency": image.info["transparency"]} if "transparency" in image.info else {}
    image.save(buffer, "PNG", compress_level=0, icc_profile=None, exif=b"", **more)
    kept: list[tuple[bytes, bytes]] = []
    rows: list[bytes] = []
    inflate = zlib.decompressobj()
    for name, body in chunks(buffer.getbuffer()):
        if name == b"IDAT":
            rows.append(inflate.decompress(body))
        elif name in {b"IHDR", b"PLTE", b"tRNS"}:
            kept.append((name, bytes(body)))
    return put_together([*kept, (b"IDAT", deflated(b"".join(rows)))])
