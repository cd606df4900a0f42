"""What some bytes are, told from the bytes alone, before anything decodes them: media type, size, colours, budgets.

Facts: PNG (ISO/IEC 15948, 11.2.2 IHDR), JPEG (ITU-T T.81, Annex B), and the leading bytes that each format's own
specification gives. Pure and cheap, so that the front may use it on bytes that it must not decode.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

from pressrun_server.errors import PressrunError, Reason

__all__ = [
    "DRAWING",
    "MAX_BYTES",
    "MAX_PIXELS",
    "PDF",
    "ImageHeader",
    "Kind",
    "inspect_image",
    "inspect_text",
    "recognise",
]

MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes that an image file may have."""
MAX_PIXELS: Final = 64 * 1024 * 1024
"""Pixels that an image may have: 64 mega, e.g. 8192 x 8192."""

DRAWING: Final = "image/svg+xml"
"""Media type of drawings, whose size in pixels says nothing."""
PDF: Final = "application/pdf"
_VALID: Final = (
    "give a PNG, a JPEG, an SVG or a PDF of one page, or ask its source for a rendition in the format png or jpg"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What some bytes are."""

    media_type: str
    words: str
    """For messages, with its article: `a PNG image`."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image's header says."""

    media_type: str
    width: int
    height: int
    bits: int
    """Per channel."""
    color_space: str
    """`gray`, `srgb` or `cmyk`: by the number of channels; a profile may say more."""
    coding: int = 0
    """JPEG: the frame marker's second byte, e.g. 0xC0 for baseline."""


_PNG: Final = Kind("image/png", "a PNG image")
_JPEG: Final = Kind("image/jpeg", "a JPEG image")
_MAGIC: Final[tuple[tuple[int, bytes, Kind], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", _PNG),
    (0, b"\xff\xd8\xff", _JPEG),
    (0, b"GIF87a", Kind("image/gif", "a GIF image")),
    (0, b"GIF89a", Kind("image/gif", "a GIF image")),
    (0, b"II*\x00", Kind("image/tiff", "a TIFF image")),
    (0, b"MM\x00*", Kind("image/tiff", "a TIFF image")),
    (0, b"BM", Kind("image/bmp", "a BMP image")),
    (0, b"8BPS", Kind("image/vnd.adobe.photoshop", "a Photoshop file")),
    (0, b"%!PS", Kind("application/postscript", "PostScript")),
    (0, b"\x00\x00\x00\x0cjP  ", Kind("image/jp2", "a JPEG 2000 image")),
    (4, b"ftypavif", Kind("image/avif", "an AVIF image")),
    (4, b"ftypheic", Kind("image/heic", "an HEIC image")),
    (4, b"ftyp", Kind("video/mp4", "a video")),
    (8, b"WEBP", Kind("image/webp", "a WebP image")),
    (0, b"PK\x03\x04", Kind("application/zip", "a ZIP archive or an Office document")),
    (0, b"\x1f\x8b", Kind("application/gzip", "gzip-compressed")),
    (0, b"wOFF", Kind("font/woff", "a font")),
    (0, b"wOF2", Kind("font/woff2", "a font")),
    (0, b"OTTO", Kind("font/otf", "a font")),
    (0, b"\x00\x01\x00\x00", Kind("font/ttf", "a font")),
)
_HEAD: Final = 1024


def recognise(data: bytes) -> Kind:
    """What the bytes are; `application/octet-stream` where nothing is recognised."""
    if not data:
        return Kind("application/x-empty", "empty")
    for offset, magic, kind in _MAGIC:
        if data.startswith(magic, offset):
            return kind
    head = data[:_HEAD]
    if b"%PDF-" in head:
        return Kind(PDF, "a PDF document")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in text and text.startswith(b"<"):
        return Kind(DRAWING, "an SVG drawing")
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return Kind("text/html", "HTML")
    if text.startswith(b"<"):
        return Kind("application/xml", "XML or HTML")
    if text.startswith((b"{", b"[")):
        return Kind("application/json", "JSON")
    if _is_text(head.removeprefix(b"\xef\xbb\xbf")):
        return Kind("text/plain", "text")
    return Kind("application/octet-stream", "of an unknown format")


def inspect_image(data: bytes) -> ImageHeader:
    """Read the header of an image that can be prepared; a drawing has none, its content is read by a preparer.

    Raises:
        PressrunError: ASSET_INVALID: the bytes are not an image, are one of another format, or have a damaged header;
            ASSET_TOO_LARGE: too many bytes or pixels.
    """
    kind = recognise(data)
    if kind.media_type in {DRAWING, PDF}:
        return ImageHeader(kind.media_type, 1, 1, 8, "srgb")
    if kind not in (_PNG, _JPEG):
        not_image = "" if kind.media_type.startswith("image/") else ", not an image"
        raise PressrunError(Reason.ASSET_INVALID, f"the file is {kind.words}{not_image}; {_VALID}")
    if len(data) > MAX_BYTES:
        raise PressrunError(
            Reason.ASSET_TOO_LARGE,
            f"the file has {len(data)} bytes; the most is {MAX_BYTES}; ask for a smaller rendition",
        )
    header = _png(data) if kind is _PNG else _jpeg(data)
    if header is None or not header.width or not header.height:
        raise PressrunError(
            Reason.ASSET_INVALID,
            f"the file starts as {kind.words}, but its header is damaged or cut off; upload it again",
        )
    if header.width * header.height > MAX_PIXELS:
        raise PressrunError(
            Reason.ASSET_TOO_LARGE,
            f"the image has {header.width} x {header.height} pixels; the most is {MAX_PIXELS} in all; "
            "ask for a smaller rendition",
        )
    return header


_MARKUP: Final = frozenset({"text/html", "application/xml"})
_PLAIN: Final = frozenset({"text/plain", "application/json"})
"""What plain text may look like: one may begin with a bracket."""


def inspect_text(data: bytes) -> ImageHeader:
    """The same for approved text, HTML or plain, which has no size.

    Raises:
        PressrunError: ASSET_INVALID: the bytes are something else.
    """
    kind = recognise(data)
    if kind.media_type in _MARKUP:
        return ImageHeader("text/html", 0, 0, 0, "")
    if kind.media_type in _PLAIN:
        return ImageHeader("text/plain", 0, 0, 0, "")
    raise PressrunError(
        Reason.ASSET_INVALID,
        f"the file is {kind.words}, not approved text; give HTML or plain text, in UTF-8, or show it with <img>",
    )


_PNG_HEADER: Final = struct.Struct(">I4sIIBB")
_PNG_COLORS: Final = {0: "gray", 2: "srgb", 3: "srgb", 4: "gray", 6: "srgb"}


def _png(data: bytes) -> ImageHeader | None:
    if len(data) < 8 + _PNG_HEADER.size:
        return None
    _, name, width, height, bits, color_type = _PNG_HEADER.unpack_from(data, 8)
    if name != b"IHDR" or color_type not in _PNG_COLORS:
        return None
    return ImageHeader("image/png", width, height, bits, _PNG_COLORS[color_type])


_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_COLORS: Final = {1: "gray", 3: "srgb", 4: "cmyk"}
_JPEG_FILL: Final = re.compile(rb"\xff{2,}")
"""Fill bytes before a marker; a hostile file may have millions, so they are skipped at once."""
_MAX_SEGMENTS: Final = 4096
"""A real file has a few hundred at most; a hostile one may have millions."""


def _jpeg(data: bytes) -> ImageHeader | None:
    at = 2
    for _ in range(_MAX_SEGMENTS):
        fill = _JPEG_FILL.match(data, at)
        if fill is not None:
            at = fill.end() - 1
        if at + 4 > len(data) or data[at] != 0xFF:  # noqa: PLR2004 - the marker prefix
            return None
        marker = data[at + 1]
        if marker in _JPEG_BARE:
            at += 2
            continue
        if marker in _JPEG_FRAMES:
            if at + 10 > len(data):
                return None
            bits, height, width, channels = struct.unpack_from(">BHHB", data, at + 4)
            if channels not in _JPEG_COLORS:
                return None
            return ImageHeader("image/jpeg", width, height, bits, _JPEG_COLORS[channels], marker)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _is_text(head: bytes) -> bool:
    """Whether a file's start reads as text; a character cut at the end is no objection."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or len(head) < _HEAD:
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)
