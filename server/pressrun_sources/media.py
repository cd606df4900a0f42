"""File formats and their media types, in a table of our own: the system's tables differ from machine to machine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["MEDIA_TYPES", "format_of", "media_type_of"]

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "avif": "image/avif",
        "css": "text/css",
        "gif": "image/gif",
        "htm": "text/html",
        "html": "text/html",
        "icc": "application/vnd.iccprofile",
        "jpeg": "image/jpeg",
        "jpg": "image/jpeg",
        "json": "application/json",
        "md": "text/markdown",
        "mp4": "video/mp4",
        "otf": "font/otf",
        "pdf": "application/pdf",
        "png": "image/png",
        "svg": "image/svg+xml",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "ttf": "font/ttf",
        "txt": "text/plain",
        "webp": "image/webp",
        "yaml": "application/yaml",
    }
)
"""Media type by lower-case file extension."""

_SAME = {"jpeg": "jpg", "tiff": "tif", "htm": "html"}


def media_type_of(extension: str) -> str | None:
    """The media type of a file extension (with or without its dot), if it is known."""
    return MEDIA_TYPES.get(extension.lower().removeprefix("."))


def format_of(extension: str) -> str:
    """One spelling for each format: `JPEG` and `jpg` are both `jpg`."""
    plain = extension.lower().removeprefix(".")
    return _SAME.get(plain, plain)
