"""Pictures for screens: they look as they did, and hold nothing but their pixels."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from tests.unit.prepare.pictures import a_pdf, gray, jpeg, png, rgb, rgba

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.template import RenditionSpec
from pressrun_server.prepare.picture import prepare_picture

SCREEN = RenditionSpec(screen=True)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10"><rect width="20" height="10" fill="#0b6b66"/></svg>'


def opened(data: bytes) -> Image.Image:
    """The picture, decoded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(
    "image",
    [rgb(), gray(), rgba(), rgb().convert("P"), rgb().convert("1")],
    ids=["rgb", "gray", "rgba", "palette", "bits"],
)
def test_png_keeps_its_pixels(image: Image.Image) -> None:
    """A PNG is written anew without loss, transparency included."""
    made = prepare_picture(png(image), SCREEN)
    assert made.media_type == "image/png"
    assert (made.width, made.height) == image.size
    assert opened(made.data).convert("RGBA").tobytes() == opened(png(image)).convert("RGBA").tobytes()


def test_a_photo_does_not_tell_where_it_was_taken() -> None:
    """A JPEG keeps its pixels and loses what is said beside them."""
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    data = jpeg(rgb(), exif=exif, comment=b"another secret")
    made = prepare_picture(data, SCREEN)
    assert b"secret" in data
    assert b"secret" not in made.data
    assert made.media_type == "image/jpeg"
    assert opened(made.data).tobytes() == opened(data).tobytes()


def test_a_turned_photo_stands_upright() -> None:
    """The turn is in the pixels, since nothing else is left to tell it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    made = prepare_picture(jpeg(rgb(40, 20), exif=exif), SCREEN)
    assert opened(made.data).size == (made.width, made.height) == (20, 40)


def test_process_colours_become_those_of_screens() -> None:
    """A browser shows CMYK as it likes, so it gets none."""
    made = prepare_picture(jpeg(Image.new("CMYK", (8, 8), (0, 255, 255, 0))), SCREEN)
    image = opened(made.data).convert("RGB")
    red, green, blue = image.getpixel((4, 4))  # type: ignore[misc]
    assert red > 150
    assert max(green, blue) < 90


def test_sizes() -> None:
    """A rendition is made smaller here, where its source gave the original."""
    made = prepare_picture(png(rgb(96, 64)), RenditionSpec(width=48, screen=True))
    assert opened(made.data).size == (48, 32)
    made = prepare_picture(png(rgb(96, 64)), RenditionSpec(width=48, format="jpg", quality=70, screen=True))
    assert made.media_type == "image/jpeg"


def test_drawings_and_pages() -> None:
    """A drawing stays one; a page of PDF becomes pixels, two for each of CSS."""
    drawing = prepare_picture(SVG, SCREEN)
    assert (drawing.media_type, drawing.data, drawing.width, drawing.height) == ("image/svg+xml", SVG, 20, 10)
    page = a_pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 36]>>",
        }
    )
    made = prepare_picture(page, SCREEN)
    assert (made.media_type, made.width, made.height) == ("image/png", 144, 72)


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", png(rgb())[:60], jpeg(rgb())[:80], SVG.replace(b"<rect", b"<script>alert(1)</script><rect")],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """Damaged bytes, other files and drawings that could run are errors of the asset."""
    with pytest.raises(PressrunError) as caught:
        prepare_picture(data, SCREEN)
    assert caught.value.reason in {Reason.ASSET_INVALID, Reason.ASSET_TOO_LARGE}


def test_equal_bytes_give_equal_files() -> None:
    """The same file twice is the same picture, byte for byte."""
    for data in (png(rgba()), jpeg(rgb()), SVG):
        assert prepare_picture(data, SCREEN) == prepare_picture(data, SCREEN)
