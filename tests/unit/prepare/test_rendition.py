from __future__ import annotations

import io

import msgspec
import pytest
from PIL import Image, ImageChops, ImageStat
from tests.unit.prepare.pictures import jpeg, png, rgb, rgba, shown

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.template import RenditionSpec
from pressrun_server.prepare.rendition import adapted, rendition_task
from pressrun_server.prepare.tasks import IMAGE, RenditionOrder

WIDE = rgb(400, 200)


def opened(data: bytes) -> Image.Image:
    """The file as Pillow reads it."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        (RenditionSpec(width=100), (100, 50)),
        (RenditionSpec(height=100), (200, 100)),
        (RenditionSpec(width=100, height=100), (100, 50)),
        (RenditionSpec(width=100, height=100, fit="fit"), (100, 50)),
        (RenditionSpec(width=800, fit="fit"), (800, 400)),
        (RenditionSpec(width=100, height=100, fit="fill"), (100, 100)),
        (RenditionSpec(width=800, height=800, fit="fill"), (200, 200)),
        (RenditionSpec(width=100, height=100, fit="pad"), (100, 100)),
        (RenditionSpec(width=500, height=500, fit="pad"), (500, 500)),
        (RenditionSpec(width=50, height=100, fit="scale"), (50, 100)),
        (RenditionSpec(width=800), (400, 200)),
        (RenditionSpec(color_space="srgb"), (400, 200)),
    ],
)
@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_sizes(kind: str, wanted: RenditionSpec, size: tuple[int, int]) -> None:
    """Each way to fill a width and a height gives that size; a picture that is as it should be keeps its bytes."""
    data = png(WIDE) if kind == "png" else jpeg(WIDE)
    made = adapted(data, wanted)
    assert opened(made).size == size
    assert opened(made).format == opened(data).format
    assert (made == data) is (size == (400, 200))
    assert adapted(data, wanted) == made


def test_it_shows_the_same() -> None:
    """A smaller picture shows what the larger one did, transparency included."""
    for image in (rgb(400, 200), rgba().resize((400, 200))):
        small = shown(adapted(png(image), RenditionSpec(width=100)))
        expected = shown(png(image)).resize(small.size, Image.Resampling.BOX)
        difference = ImageStat.Stat(ImageChops.difference(small, expected)).mean
        assert max(difference) < 12
    assert opened(adapted(png(rgba().resize((400, 200))), RenditionSpec(width=100))).mode == "RGBA"


def test_colours() -> None:
    """Process colours, gray and back; pure colours become what a press would print."""
    flag = Image.new("RGB", (20, 10), (255, 0, 0))
    press = opened(adapted(png(flag), RenditionSpec(color_space="cmyk", quality=100)))
    assert (press.mode, press.size) == ("CMYK", (20, 10))
    cyan, magenta, yellow, black = press.getpixel((5, 5))  # type: ignore[misc]
    assert max(cyan, black) < 60
    assert min(magenta, yellow) > 180
    white = opened(adapted(png(Image.new("RGBA", (8, 8), (9, 9, 9, 0))), RenditionSpec(color_space="cmyk")))
    assert max(white.getpixel((4, 4))) < 6  # type: ignore[arg-type, type-var]
    assert opened(adapted(png(flag), RenditionSpec(color_space="gray"))).mode == "L"
    back = opened(adapted(jpeg(press), RenditionSpec(color_space="srgb")))
    assert back.mode == "RGB"
    red, green, blue = back.getpixel((5, 5))  # type: ignore[misc]
    assert red > 180
    assert max(green, blue) < 90


def test_format() -> None:
    """A photo that came as PNG becomes a JPEG where that is asked for, unless it is transparent."""
    assert opened(adapted(png(WIDE), RenditionSpec(width=100, format="jpg"))).format == "JPEG"
    assert opened(adapted(png(rgba()), RenditionSpec(width=10, format="jpg"))).format == "PNG"


def test_the_task() -> None:
    """The preparer gives the prepared image of the rendition; drawings stay, damaged files are refused."""
    order = RenditionOrder(jpeg(WIDE), RenditionSpec(width=100))
    image = IMAGE.decode(rendition_task(msgspec.msgpack.encode(order)))
    assert (image.width, image.height) == (100, 50)
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    assert adapted(drawing, RenditionSpec(width=2)) == drawing
    with pytest.raises(PressrunError) as caught:
        adapted(jpeg(WIDE)[:200], RenditionSpec(width=100))
    assert caught.value.reason is Reason.ASSET_INVALID
