"""Makes the rendition that a template wants of an image whose source could not; runs in a preparer.

Pillow scales and cuts; MuPDF's colour engine makes CMYK, with its own press profile. A picture that is as it should be
keeps its bytes.
"""

from __future__ import annotations

import dataclasses
import io
from typing import Any, Final

import msgspec
import pymupdf
from PIL import Image, ImageOps

from pressrun_server.model.template import RenditionSpec
from pressrun_server.prepare.image import prepare_image
from pressrun_server.prepare.imagefile import ImageFile, open_image
from pressrun_server.prepare.media import DRAWING, PDF, recognise
from pressrun_server.prepare.tasks import RENDITION

__all__ = ["adapted", "in_form", "rendition_task", "transparent"]

_pixmap: Any = pymupdf.Pixmap  # its types are incomplete
_QUALITY: Final = 90
_SPACES: Final = {"1": "gray", "L": "gray", "LA": "gray", "CMYK": "cmyk"}
_WHITE: Final[dict[str, int | tuple[int, ...]]] = {
    "L": 255,
    "LA": (255, 0),
    "RGBA": (255, 255, 255, 0),
    "CMYK": (0, 0, 0, 0),
}
_MODES: Final = {"gray": "L", "srgb": "RGB"}


def rendition_task(payload: bytes) -> bytes:
    """The preparer's task `rendition`: a RenditionOrder to an encoded PreparedImage.

    Raises:
        PressrunError: as `prepare_image` does.
    """
    order = RENDITION.decode(payload)
    return msgspec.msgpack.encode(prepare_image(adapted(order.data, order.rendition)))


def adapted(data: bytes, rendition: RenditionSpec) -> bytes:
    """The image file, no larger than wanted, cut and coloured as wanted; the same bytes where nothing is to be done.

    A picture is made smaller, never larger, but for `fit` and `scale`; `pad` fills up with white. A drawing has no
    pixels and stays as it is. Transparency is kept, but for CMYK, where it becomes white.

    Raises:
        PressrunError: ASSET_INVALID, ASSET_TOO_LARGE: as `open_image` does.
    """
    if recognise(data).media_type in {DRAWING, PDF}:
        return data
    file = open_image(data)
    made = in_form(file, rendition)
    recode = rendition.format == "jpg" and file.header.media_type != "image/jpeg" and not transparent(made.pixels)
    return data if made is file and not recode else _encoded(made, rendition)


def in_form(file: ImageFile, rendition: RenditionSpec) -> ImageFile:
    """An image as `adapted` makes it, whatever its format; the same one where nothing is to be done."""
    image = _sized(file.pixels, rendition)
    own = _SPACES.get(image.mode, "srgb")
    wanted = rendition.color_space or own
    if wanted == own:
        if image.size == file.pixels.size:
            return file
        return dataclasses.replace(file, pixels=image, passes=False)
    if wanted == "cmyk":
        image = _pressed(image)
    else:
        image = _screened(image) if own == "cmyk" else image
        image = image.convert(_with_alpha(image, _MODES[wanted]))
    return dataclasses.replace(file, pixels=image, profile=None, passes=False)


def _sized(image: Image.Image, rendition: RenditionSpec) -> Image.Image:
    width, height = rendition.width or 0, rendition.height or 0
    if not width and not height:
        return image
    box = (
        width or max(round(image.width * height / image.height), 1),
        height or max(round(image.height * width / image.width), 1),
    )
    fit = rendition.fit or "limit"
    if image.size == box or (fit == "limit" and image.width <= box[0] and image.height <= box[1]):
        return image
    image = _continuous(image)
    lanczos = Image.Resampling.LANCZOS
    match fit:
        case "scale":
            return image.resize(box, lanczos)
        case "fill":
            # Cut to the proportion, at its own resolution where that is the lower one.
            least = min(1.0, image.width / box[0], image.height / box[1])
            return ImageOps.fit(image, (max(round(box[0] * least), 1), max(round(box[1] * least), 1)), lanczos)
        case "pad":
            fits = image.width <= box[0] and image.height <= box[1]
            return _padded(image if fits else ImageOps.contain(image, box, lanczos), box)
        case _:
            return ImageOps.contain(image, box, lanczos)


def _padded(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    """The image in the middle of a white, or transparent, ground."""
    ground = Image.new(image.mode, box, _WHITE.get(image.mode, (255, 255, 255)))
    ground.paste(image, ((box[0] - image.width) // 2, (box[1] - image.height) // 2))
    return ground


def _continuous(image: Image.Image) -> Image.Image:
    """A mode whose values can be mixed."""
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image.convert("L") if image.mode == "1" else image


def transparent(image: Image.Image) -> bool:
    """Whether anything of it may be."""
    return image.mode in {"LA", "RGBA"} or "transparency" in image.info


def _with_alpha(image: Image.Image, mode: str) -> str:
    return {"L": "LA", "RGB": "RGBA"}[mode] if transparent(image) else mode


def _pressed(image: Image.Image) -> Image.Image:
    """Process colours."""
    image = _continuous(image)
    if transparent(image):
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image.convert("RGBA"))
    rgb = image.convert("RGB")
    pixels = _pixmap(pymupdf.csRGB, rgb.width, rgb.height, rgb.tobytes(), 0)
    return Image.frombytes("CMYK", rgb.size, _pixmap(pymupdf.csCMYK, pixels).samples)


def _screened(image: Image.Image) -> Image.Image:
    pixels = _pixmap(pymupdf.csCMYK, image.width, image.height, image.tobytes(), 0)
    return Image.frombytes("RGB", image.size, _pixmap(pymupdf.csRGB, pixels).samples)


def _encoded(file: ImageFile, rendition: RenditionSpec) -> bytes:
    """A JPEG where it was one, is to be one, or has process colours; else a PNG, of which only the pixels matter."""
    buffer, image = io.BytesIO(), file.pixels
    was_jpeg = file.header.media_type == "image/jpeg"
    common: dict[str, Any] = {"icc_profile": file.profile, "dpi": file.dpi}
    if image.mode == "CMYK" or ((was_jpeg or rendition.format == "jpg") and not transparent(image)):
        quality = rendition.quality or _QUALITY
        _continuous(image).save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True, **common)
    else:
        image.save(buffer, "PNG", compress_level=1, **common)
    return buffer.getvalue()
