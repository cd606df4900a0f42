"""Drawings in pixels, and pictures that can be seen on any ground: mail clients draw nothing, and turn grounds dark."""

from __future__ import annotations

import io
from typing import Any, Final

import pymupdf
from PIL import Image, ImageChops, ImageStat

from pressrun_server.prepare.drawing import read_drawing

__all__ = ["drawn", "plated"]

_open: Any = pymupdf.open  # PyMuPDF's types are incomplete
_matrix: Any = pymupdf.Matrix
_WIDEST: Final = 2400
"""Pixels."""
_SOLID: Final = 96
"""Opacity, of 255, from which a pixel is part of what is shown."""
_DIM: Final = 110
"""Lightness, of 255, below which it is lost on a dark ground."""
_SHARE: Final = 0.1
"""Of the pixels: so many must be dim."""


def drawn(drawing: bytes, width: int | None, ground: int) -> Image.Image:
    """A drawing in pixels.

    Args:
        drawing: SVG.
        width: pixels; twice its own without it.
        ground: the colour that it is put on where it would be lost on a dark one.

    Raises:
        PressrunError: ASSET_INVALID, ASSET_TOO_LARGE: as `read_drawing` does.
    """
    vector = read_drawing(drawing)  # refuses what could do more than be seen
    wide = min(width or round(vector.width * 2), _WIDEST)
    with _open(stream=drawing, filetype="svg") as document:
        page = document[0]
        scale = wide / page.rect.width
        pixels = page.get_pixmap(matrix=_matrix(scale, scale), alpha=True)
        data: bytes = pixels.tobytes("png")
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    return plated(image, ground)


def plated(image: Image.Image, ground: int) -> Image.Image:
    """The picture, put on a ground where it is transparent and dark parts of it would be lost on a dark screen."""
    if not (image.has_transparency_data and _lost(image.convert("RGBA"))):
        return image
    plate = Image.new("RGBA", image.size, (ground >> 16, ground >> 8 & 255, ground & 255, 255))
    plate.alpha_composite(image.convert("RGBA"))
    return plate.convert("RGB")


def _lost(image: Image.Image) -> bool:
    """Whether so much of what is shown is dark that it takes a light ground."""
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:  # noqa: PLR2004 - opaque
        return False
    solid = alpha.point([255 if value >= _SOLID else 0 for value in range(256)])
    dim = image.convert("RGB").convert("L").point([255 if value < _DIM else 0 for value in range(256)])
    shown = ImageStat.Stat(solid).sum[0]
    return bool(shown and ImageStat.Stat(ImageChops.multiply(dim, solid)).sum[0] / shown >= _SHARE)
