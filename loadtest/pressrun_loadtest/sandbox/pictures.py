"""What the sandbox must know about a picture file: its format and size, and how to make an older look of it."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

__all__ = ["MEDIA_TYPES", "Picture", "contained", "grayscale", "probe", "thumbnail"]

MEDIA_TYPES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "mp4": "video/mp4",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "webp": "image/webp",
}
"""Media type by the short format name."""

_FORMATS = {"AVIF": "avif", "GIF": "gif", "JPEG": "jpg", "PNG": "png", "TIFF": "tif", "WEBP": "webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """What the header of a picture file says."""

    format: str
    width: int
    height: int

    @property
    def media_type(self) -> str:
        """The media type, e.g. `image/png`."""
        return MEDIA_TYPES[self.format]


def probe(data: bytes) -> Picture | None:
    """Format and size of a picture file, or None when the bytes are no picture known here."""
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_FORMATS)) as image:
            return Picture(_FORMATS[image.format or ""], image.width, image.height)
    except (OSError, KeyError, ValueError, Image.DecompressionBombError):
        return None


def grayscale(data: bytes) -> bytes:
    """The same picture without colour as PNG: stands for an older version that must not be taken for the newest."""
    with Image.open(io.BytesIO(data)) as image:
        return _png(image.convert("LA" if image.has_transparency_data else "L"))


def thumbnail(data: bytes, longest_side: int) -> bytes:
    """The picture shrunk (never enlarged) so that its longest side fits, as PNG."""
    with Image.open(io.BytesIO(data)) as image:
        image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
        return _png(image.convert("RGBA" if image.has_transparency_data else "RGB"))


def contained(data: bytes, box: tuple[int, int], format_: str) -> bytes:
    """The picture shrunk (never enlarged) to fit into a box, as `png` or `jpg`."""
    with Image.open(io.BytesIO(data)) as image:
        image.thumbnail(box, Image.Resampling.LANCZOS)
        if format_ == "png":
            return _png(image.convert("RGBA" if image.has_transparency_data else "RGB"))
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=85)
        return buffer.getvalue()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
