"""The tasks that preparers know: their names, and what goes there and comes back."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from pressrun_server.model.approved import PreparedText
from pressrun_server.model.difference import Difference
from pressrun_server.model.prepared import PreparedImage, PreparedPicture
from pressrun_server.model.tagged import TaggedElement
from pressrun_server.model.template import CompiledTemplate, RenditionSpec
from pressrun_server.model.tokens import PreparedTokens

__all__ = [
    "BUNDLE",
    "CHECKED",
    "COMPARE",
    "COMPILED",
    "DIFFERENCE",
    "EDITION",
    "IMAGE",
    "PAGES",
    "PICTURE",
    "PICTURES",
    "PRINTER",
    "RASTER",
    "RENDITION",
    "SHOWN",
    "TAGGED",
    "TEXT",
    "CompareOrder",
    "EditionOrder",
    "PicturesOrder",
    "PrinterOrder",
    "RasterOrder",
    "RenditionOrder",
    "TaskName",
]


class TaskName(StrEnum):
    """Names for `PreparerPool.run`."""

    COMPILE = "compile"
    """A bundle (MessagePack: path to bytes) to a CompiledTemplate (MessagePack)."""
    EDITION = "edition"
    """An EditionOrder (MessagePack) to a CompiledTemplate with one program (MessagePack)."""
    TEXT = "text"
    """HTML or plain text (its bytes) to a PreparedText (MessagePack)."""
    IMAGE = "image"
    """An image file (its bytes) to a PreparedImage (MessagePack)."""
    RENDITION = "rendition"
    """A RenditionOrder (MessagePack) to a PreparedImage (MessagePack)."""
    PICTURE = "picture"
    """A RenditionOrder (MessagePack) to a PreparedPicture (MessagePack)."""
    CHECK = "check"
    """A PDF (its bytes) to facts about it (MessagePack: a map)."""
    COMPARE = "compare"
    """A CompareOrder (MessagePack) to the first Difference (MessagePack)."""
    RECORD = "record"
    """A large record to what was selected for it; in a process that does nothing else (`render.reading`)."""
    TAGGED = "tagged"
    """A PDF of ours (its bytes) to its elements (MessagePack: a list of TaggedElement)."""
    RASTER = "raster"
    """A RasterOrder (MessagePack) to PNG files (MessagePack: a list of bytes)."""
    PICTURES = "pictures"
    """A PicturesOrder (MessagePack) to picture files (MessagePack: a list of bytes)."""
    PRINTER = "printer"
    """A PrinterOrder (MessagePack) to the bytes of some pages in a printer's language."""


class RasterOrder(msgspec.Struct, frozen=True):
    """Pages to be made into pictures."""

    pdf: bytes
    pages: tuple[int, ...] | None = None
    """Counted from 0; None for all."""
    dpi: float = 96.0


class PicturesOrder(msgspec.Struct, frozen=True):
    """Pages of a document of ours to be made into pictures for its reader."""

    pdf: bytes
    pages: tuple[int, ...]
    """Counted from 0."""
    format: str
    """`png`, `jpeg` or `webp`."""
    pixels_across: int
    """Width of each picture; 0: as `dpi` says."""
    dpi: float
    quality: int
    """Of JPEG and WebP, 1 to 100."""


class PrinterOrder(msgspec.Struct, frozen=True):
    """Pages of a document of ours for a printer that reads no PDF."""

    pdf: bytes
    pages: tuple[int, ...]
    """Counted from 0."""
    format: str
    """`pwg` or `pcl`."""
    dpi: int
    gray: bool
    first: bool
    """Whether they are the first of their file."""


class RenditionOrder(msgspec.Struct, frozen=True):
    """An image file, and what a template wants of it."""

    data: bytes
    rendition: RenditionSpec


class EditionOrder(msgspec.Struct, frozen=True):
    """A bundle to be compiled for one locale with approved texts in it."""

    files: dict[str, bytes]
    locale: str
    texts: dict[str, tuple[str, PreparedText | PreparedTokens]]
    """By slot: digest and text, or a brand's tokens."""
    channel: str = "print"


class CompareOrder(msgspec.Struct, frozen=True):
    """Two PDF documents that are not the same bytes."""

    given: bytes
    made: bytes


BUNDLE: Final = msgspec.msgpack.Decoder(dict[str, bytes])
"""Reads the payload of `compile`."""

COMPILED: Final = msgspec.msgpack.Decoder(CompiledTemplate)
"""Reads the answer of `compile`."""

IMAGE: Final = msgspec.msgpack.Decoder(PreparedImage)
"""Reads the answer of `image`."""

PICTURE: Final = msgspec.msgpack.Decoder(PreparedPicture)
"""Reads the answer of `picture`."""

SHOWN: Final = msgspec.msgpack.Decoder(PreparedImage | PreparedPicture)
"""Reads prepared blobs, as composers do."""

CHECKED: Final = msgspec.msgpack.Decoder(dict[str, object])
"""Reads the answer of `check`."""

EDITION: Final = msgspec.msgpack.Decoder(EditionOrder)
"""Reads the payload of `edition`."""

TEXT: Final = msgspec.msgpack.Decoder(PreparedText | PreparedTokens)
"""Reads the answer of `text`."""

RENDITION: Final = msgspec.msgpack.Decoder(RenditionOrder)
"""Reads the payload of `rendition`."""

RASTER: Final = msgspec.msgpack.Decoder(RasterOrder)
"""Reads the payload of `raster`."""

PAGES: Final = msgspec.msgpack.Decoder(list[bytes])
"""Reads the answers of `raster` and `pictures`."""

PICTURES: Final = msgspec.msgpack.Decoder(PicturesOrder)
"""Reads the payload of `pictures`."""

PRINTER: Final = msgspec.msgpack.Decoder(PrinterOrder)
"""Reads the payload of `printer`."""

TAGGED: Final = msgspec.msgpack.Decoder(list[TaggedElement])
"""Reads the answer of `tagged`."""

COMPARE: Final = msgspec.msgpack.Decoder(CompareOrder)
"""Reads the payload of `compare`."""

DIFFERENCE: Final = msgspec.msgpack.Decoder(Difference)
"""Reads the answer of `compare`."""
