"""An asset turned into what a document needs: PDF objects that any document can take in as they are."""

from __future__ import annotations

import msgspec

__all__ = ["PdfObject", "PreparedImage", "PreparedPicture"]


class PdfObject(msgspec.Struct, frozen=True):
    """One indirect object, relocatable."""

    parts: tuple[bytes | int, ...]
    """The object's text without `obj`/`endobj` and without the stream; an integer n stands for a reference to the
    n-th object of the same prepared asset and is written as `<number> 0 R`."""
    stream: bytes | None = None
    """The stream's bytes, already encoded as the dictionary's Filter and Length say."""


class PreparedImage(msgspec.Struct, frozen=True, tag="image"):
    """An image as PDF objects; `objects[0]` is its XObject, others (soft mask, profile) follow.

    The XObject fills the unit square: an image does by itself, a drawing's form by its matrix.
    """

    width: int
    height: int
    """Pixels; of a drawing CSS pixels."""
    dpi_x: float
    dpi_y: float
    """Resolution the file states; 72 where it states none."""
    objects: tuple[PdfObject, ...]
    vector: bool = False
    """Whether it is a drawing, which is sharp in any size."""


class PreparedPicture(msgspec.Struct, frozen=True, tag="picture"):
    """An asset as a file for screens."""

    media_type: str
    data: bytes
    width: int
    height: int
    """Pixels; of a drawing CSS pixels."""
