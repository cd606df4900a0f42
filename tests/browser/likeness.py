"""Screenshots held to approved ones: small pictures that a person can look at, compared as eyes do.

`python -m tests.browser.likeness` makes the approved ones anew; look at what it changed before you commit it.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops, ImageFilter, ImageStat
from tests.browser.chromium import Chromium
from tests.browser.pages import SamplePage, sample_pages
from tests.browser.samples import FEW

__all__ = ["PAGES", "WIDTHS", "approved_path", "difference", "reduced", "shot"]

WIDTHS: Final = (360, 768, 1280)
PAGES: Final = (*((width, "") for width in WIDTHS), (360, "mobile"))
"""Widths of windows, each with the output channel where that is not web."""
_APPROVED: Final = Path(__file__).parent / "approved"
_COLOURS: Final = 96
_BLUR: Final = 3
"""Pixels within which edges may stand elsewhere: letters are drawn a little otherwise by each version."""
_HEIGHT: Final = 12
"""Pixels by which a page may be higher or lower."""


def approved_path(template: str, width: int, channel: str = "") -> Path:
    """Where the approved picture is."""
    return _APPROVED / f"{template}-{channel or width}.png"


def shot(browser: Chromium, page: SamplePage, width: int, channel: str = "") -> Image.Image:
    """The whole page in a window of a width, reduced."""
    with browser.page(page.mobile if channel else page.html, width) as opened:
        opened.load()
        return reduced(opened.picture())


def reduced(png: bytes) -> Image.Image:
    """A screenshot at the scale that is kept: half of it, and of a telephone's three quarters."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    scale = 0.75 if image.width <= min(WIDTHS) else 0.5
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


def difference(one: Image.Image, other: Image.Image) -> float:
    """The part of a picture, from 0 to 1, whose colours differ where edges are left out of account; 1 for other sizes."""
    if one.width != other.width or abs(one.height - other.height) > _HEIGHT:
        return 1.0
    box = (0, 0, one.width, min(one.height, other.height))
    soft = [image.convert("RGB").crop(box).filter(ImageFilter.GaussianBlur(_BLUR)) for image in (one, other)]
    apart = ImageChops.difference(*soft).convert("L").point(lambda value: 255 if value > 20 else 0)
    return ImageStat.Stat(apart).mean[0] / 255


def _approve() -> None:
    _APPROVED.mkdir(exist_ok=True)
    pages = {(page.template, page.name): page for page in asyncio.run(sample_pages())}
    with tempfile.TemporaryDirectory() as folder:
        browser = Chromium(Path(folder) / "browser")
        try:
            for template, name in FEW:
                for width, channel in PAGES:
                    picture = shot(browser, pages[template, name], width, channel)
                    path = approved_path(template, width, channel)
                    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
                    print(f"{path.name}: {picture.width} x {picture.height}, {path.stat().st_size} bytes")
        finally:
            browser.close()


if __name__ == "__main__":
    _approve()
