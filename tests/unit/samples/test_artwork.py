from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from pressrun_loadtest.samples.banners import BANNERS, save_banner
from pressrun_loadtest.samples.logo import save_logo

ASSETS = Path(__file__).parents[3] / "loadtest/pressrun_loadtest/samples/assets"
BANNER_FILES = [f"banner-{segment}.jpg" for segment in BANNERS]


@pytest.mark.parametrize("name", BANNER_FILES)
def test_banners_have_their_size(name: str) -> None:
    """A banner is a 2000 x 500 colour JPEG of 90 to 190 KB."""
    assert 90_000 <= (ASSETS / name).stat().st_size <= 190_000
    with Image.open(ASSETS / name) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (2000, 500))


def test_the_logo_is_transparent() -> None:
    """The logo is a small RGBA PNG with clear corners and opaque strokes, so that it stands on any ground."""
    assert (ASSETS / "logo.png").stat().st_size < 200_000
    with Image.open(ASSETS / "logo.png") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (600, 160))
        alpha = picture.getchannel("A")
        assert alpha.getpixel((0, 0)) == alpha.getpixel((599, 159)) == 0
        assert alpha.getextrema() == (0, 255)
        assert 0.1 < ImageStat.Stat(alpha).mean[0] / 255 < 0.6


def test_the_shipped_logo_is_what_the_script_draws(tmp_path: Path) -> None:
    """Drawing the logo again gives the same pixels."""
    pytest.importorskip("pymupdf_fonts")
    save_logo(tmp_path / "logo.png")
    with Image.open(tmp_path / "logo.png") as drawn, Image.open(ASSETS / "logo.png") as shipped:
        assert _difference(drawn.convert("RGBA"), shipped.convert("RGBA")) < 1


def test_a_shipped_banner_is_what_the_script_paints(tmp_path: Path) -> None:
    """Painting a banner again gives the same picture, whatever the version of the JPEG encoder."""
    save_banner(tmp_path / "banner.jpg", BANNERS["student"]())
    with Image.open(tmp_path / "banner.jpg") as drawn, Image.open(ASSETS / "banner-student.jpg") as shipped:
        assert _difference(drawn, shipped) < 1


def test_banners_differ() -> None:
    """Each segment has a picture of its own."""
    pictures = [Image.open(ASSETS / name).resize((200, 50)) for name in BANNER_FILES]
    for index, first in enumerate(pictures):
        assert all(_difference(first, second) > 10 for second in pictures[index + 1 :])


def _difference(first: Image.Image, second: Image.Image) -> float:
    """The mean difference of two pictures over all channels, 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(first, second)).mean)
