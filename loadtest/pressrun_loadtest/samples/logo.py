"""The logo: a globe of meridians and the word mark, on a transparent ground."""

from __future__ import annotations

import io
import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pressrun_loadtest.samples.palette import ACCENT, INK

__all__ = ["save_logo"]

_SIZE = (900, 240)
_SHIPPED = (600, 160)
"""300 dots an inch at the 49.5 mm of the statement's letterhead."""
_SCALE = 4
_CENTRE = (104, 120)
_RADIUS = 100
_GAPS = ((-0.84, -0.75), (-0.55, -0.44), (-0.17, -0.05), (0.25, 0.36), (0.64, 0.71))
"""Where the meridians cut the disc, as shares of its radius at the equator; they meet at the poles."""


def _globe(size: tuple[int, int]) -> Image.Image:
    """A disc cut by meridians, as of a globe that has turned a little."""
    mask = Image.new("L", size, 0)
    pen = ImageDraw.Draw(mask)
    x, y, radius = (value * _SCALE for value in (*_CENTRE, _RADIUS))
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    for row in range(-radius, radius + 1):
        half = math.sqrt(radius * radius - row * row)
        for start, end in _GAPS:
            pen.line((x + half * start, y + row, x + half * end, y + row), fill=0)
    return mask


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    # Only drawing needs the fonts; who uses the pictures does not have to have the package.
    import pymupdf_fonts  # noqa: PLC0415

    return ImageFont.truetype(io.BytesIO(pymupdf_fonts.fontbuffers[name]()), size)


def save_logo(path: Path) -> None:
    """Draw the logo: shapes in the alpha, colours as plain areas behind them, so that the file is small."""
    size = (_SIZE[0] * _SCALE, _SIZE[1] * _SCALE)
    shapes = _globe(size)
    pen = ImageDraw.Draw(shapes)
    left, baseline = 236 * _SCALE, 146 * _SCALE
    name = _font("figbo", 124 * _SCALE)
    pen.text((left, baseline), "Meridian", font=name, fill=255, anchor="ls")
    small = _font("figo", 41 * _SCALE)
    x = float(left + 6 * _SCALE)
    for letter in "BANK":
        pen.text((x, baseline + 66 * _SCALE), letter, font=small, fill=255, anchor="ls")
        x += pen.textlength(letter, font=small) + 13 * _SCALE
    # What the filter overshoots at edges would only be noise.
    alpha = shapes.resize(_SHIPPED, Image.Resampling.LANCZOS).point(
        [min(max(v - 4, 0) * 255 // 247, 255) for v in range(256)]
    )
    logo = Image.new("RGB", _SHIPPED, ACCENT)
    box = pen.textbbox((left, baseline), "Meridian", font=name, anchor="ls")
    share = _SHIPPED[0] / size[0]
    logo.paste(INK, (int(box[0] * share) - 1, 0, int(box[2] * share) + 2, int(box[3] * share) + 2))
    logo.putalpha(alpha)
    logo.save(path, optimize=True)
