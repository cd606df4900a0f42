"""Composes the contact sheet: first pages in a grid, each with a thin frame and a line that says what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

__all__ = ["SheetLayout", "save_sheet"]

_GROUND = (238, 240, 239)
_FRAME = (196, 202, 200)
_SHADOW = (224, 228, 226)
_INK = (20, 38, 43)
_QUIET = (108, 122, 124)
_SHADOW_OFFSET = 3


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """Where everything stands, in pixels.

    Example:
        >>> layout = SheetLayout(columns=4, page=(520, 736))
        >>> layout.size(12)
        (2432, 2670)
        >>> layout.place(0), layout.place(5)
        ((80, 80), (664, 938))
    """

    columns: int
    page: tuple[int, int]
    """Width and height of the pages."""
    margin: int = 80
    gap: int = 64
    """Between two columns, and between a caption and the next row."""
    caption: int = 58
    """Height of the line below a page, with the space above it."""

    def size(self, count: int) -> tuple[int, int]:
        """Width and height of a sheet of so many pages; a sheet of fewer than one row is narrower."""
        columns = min(count, self.columns)
        rows = -(-count // self.columns)
        width, height = self.page
        return (
            2 * self.margin + columns * width + (columns - 1) * self.gap,
            2 * self.margin + rows * (height + self.caption) + (rows - 1) * self.gap,
        )

    def place(self, index: int) -> tuple[int, int]:
        """The upper left corner of a page."""
        row, column = divmod(index, self.columns)
        width, height = self.page
        return self.margin + column * (width + self.gap), self.margin + row * (height + self.caption + self.gap)


def save_sheet(path: Path, pictures: Sequence[Path], captions: Sequence[tuple[str, str]], *, columns: int = 4) -> None:
    """Compose the sheet and write it as a PNG.

    Args:
        path: the file to write.
        pictures: the pages; all of one size, or else fitted into the first one's.
        captions: what stands below each on the left and on the right.
        columns: pages in a row.

    Raises:
        ValueError: there are no pictures, or not as many captions.
        OSError: a picture cannot be read, or the sheet not be written.
    """
    if not pictures or len(pictures) != len(captions):
        raise ValueError(
            f"a sheet needs as many captions as pictures, and one at least; got {len(captions)} and {len(pictures)}"
        )
    with Image.open(pictures[0]) as first:
        layout = SheetLayout(columns, first.size)
    sheet = Image.new("RGB", layout.size(len(pictures)), _GROUND)
    pen = ImageDraw.Draw(sheet)
    strong, plain = _font("figbo", 22), _font("figo", 22)
    width, height = layout.page
    for index, (picture, (left, right)) in enumerate(zip(pictures, captions, strict=True)):
        x, y = layout.place(index)
        far_x, far_y = x + width, y + height
        offset = _SHADOW_OFFSET
        pen.rectangle((x + offset, y + offset, far_x + offset, far_y + offset), fill=_SHADOW)
        with Image.open(picture) as page:
            fitted = page.convert("RGB")
            if fitted.size != layout.page:
                fitted.thumbnail(layout.page, Image.Resampling.LANCZOS)
            pen.rectangle((x, y, far_x - 1, far_y - 1), fill="white")
            sheet.paste(fitted, (x + (width - fitted.width) // 2, y + (height - fitted.height) // 2))
        pen.rectangle((x - 1, y - 1, far_x, far_y), outline=_FRAME)
        line = far_y + layout.caption - 16
        pen.text((x, line), left, font=strong, fill=_INK, anchor="ls")
        pen.text((far_x, line), right, font=plain, fill=_QUIET, anchor="rs")
    sheet.save(path, optimize=True)


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    # The node's own typeface; the package has no types, and is needed here only.
    fonts = import_module("pymupdf_fonts")
    return ImageFont.truetype(BytesIO(fonts.fontbuffers[name]()), size)
