"""Opens an untrusted image with Pillow, proves that it decodes, and turns it the right way up."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageMath, ImageOps, JpegImagePlugin, PngImagePlugin

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.prepare.media import MAX_PIXELS, ImageHeader, inspect_image

__all__ = ["ImageFile", "open_image"]

_PLUGINS = (JpegImagePlugin, PngImagePlugin)  # imported here, so that none is looked for after the limits are on
_ORIENTATION = 0x0112
_PASSING = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what DCTDecode promises to read
_MAX_PROFILE = 64 * 1024
"""A larger colour profile (a press profile has half a megabyte) is left out: each document would carry it."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image that decodes."""

    header: ImageHeader
    pixels: Image.Image
    """Mode `1`, `L`, `LA`, `P`, `RGB`, `RGBA` or `CMYK`; upright."""
    dpi: tuple[float, float]
    profile: bytes | None
    """The colour profile that the file brings, if it fits the pixels."""
    passes: bool
    """JPEG: whether the file itself can stand in a PDF as it is."""


def open_image(data: bytes) -> ImageFile:
    """Decode the whole image.

    Raises:
        PressrunError: ASSET_INVALID: not a PNG or JPEG, damaged, cut off or animated; ASSET_TOO_LARGE.
    """
    header = inspect_image(data)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    kind = "JPEG" if header.media_type == "image/jpeg" else "PNG"
    try:
        if kind == "PNG":
            with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
                image.verify()  # every chunk's checksum; the image cannot be used afterwards
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            if kind == "PNG":
                _refuse_animation(image)
            image.load()
            dpi = _resolution(image)
            turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
            pixels = ImageOps.exif_transpose(image) if turned else image.copy()
            profile = image.info.get("icc_profile")
    except (PressrunError, MemoryError):
        raise
    except Exception as error:  # decoders of foreign bytes raise whatever they like
        raise PressrunError(
            Reason.ASSET_INVALID,
            f"the file starts as a {kind} image, but is damaged or cut off; upload it again",
            detail=f"{type(error).__name__}: {error}"[:300],
        ) from error
    if turned and pixels.size != (header.width, header.height):
        dpi = (dpi[1], dpi[0])
    pixels = _plain(pixels, header)
    return ImageFile(
        header,
        pixels,
        dpi,
        _usable(profile, pixels.mode),
        passes=kind == "JPEG" and not turned and header.coding in _PASSING and header.bits == 8,  # noqa: PLR2004
    )


def _refuse_animation(image: Image.Image) -> None:
    if getattr(image, "n_frames", 1) > 1:
        raise PressrunError(
            Reason.ASSET_INVALID, "the file is an animated PNG; a document shows still pictures: give one frame of it"
        )


def _plain(image: Image.Image, header: ImageHeader) -> Image.Image:
    """One of the modes that are prepared, with transparency in an alpha channel."""
    transparent = image.info.pop("transparency", None)
    if image.mode.startswith("I"):
        return _eight_bits(image, transparent)
    if transparent is not None:
        if header.bits == 16 and isinstance(transparent, tuple):  # noqa: PLR2004 - Pillow kept 8 of 16 bits
            transparent = tuple(value >> 8 for value in transparent)
        image.info["transparency"] = transparent
        if image.mode == "P":
            return image  # its alpha is taken later; the palette stays
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    if image.mode == "PA":
        return image.convert("RGBA")
    if image.mode not in {"1", "L", "LA", "P", "RGB", "RGBA", "CMYK"}:
        return image.convert("RGB")
    return image


def _eight_bits(image: Image.Image, transparent: object) -> Image.Image:
    """Sixteen bits of gray to eight: the upper byte, as Pillow does for colours."""
    wide = image.convert("I")
    gray: Image.Image = ImageMath.lambda_eval(lambda names: names["wide"] >> 8, wide=wide).convert("L")
    if not isinstance(transparent, int):
        return gray
    alpha = ImageMath.lambda_eval(lambda names: (names["wide"] != transparent) * 255, wide=wide).convert("L")
    return Image.merge("LA", (gray, alpha))


def _resolution(image: Image.Image) -> tuple[float, float]:
    """Dots per inch as the file states them, 72 where it states none or nonsense."""
    stated = image.info.get("dpi")
    try:
        across, down = (round(float(value), 2) for value in stated or ())
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return (72.0, 72.0)
    if all(math.isfinite(value) and 1 <= value <= 20_000 for value in (across, down)):  # noqa: PLR2004
        return (across, down)
    return (72.0, 72.0)


def _usable(profile: object, mode: str) -> bytes | None:
    """The profile, if it is a small, well-formed one (ICC.1:2022, 7.2) for this kind of pixels."""
    if not isinstance(profile, bytes) or not 128 < len(profile) <= _MAX_PROFILE:  # noqa: PLR2004 - the header's size
        return None
    space = {"1": b"GRAY", "L": b"GRAY", "LA": b"GRAY", "CMYK": b"CMYK"}.get(mode, b"RGB ")
    if profile[36:40] != b"acsp" or profile[16:20] != space or profile[8] not in (2, 4):
        return None
    if int.from_bytes(profile[:4], "big") != len(profile) or profile[12:16] not in (b"mntr", b"scnr", b"prtr", b"spac"):
        return None
    return profile
