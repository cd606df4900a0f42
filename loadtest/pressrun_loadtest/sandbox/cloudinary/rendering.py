"""Carries a transformation out with Pillow: same master and transformation, same bytes.

Carried out: size, crop, gravity by compass, background, greyscale, colour space, density, quality, format, and the
flags `progressive` and `tiff8_lzw`. What is accepted but not carried out (layers, conditions, effects, ...) is
reported back, so that nobody takes the picture for the real service's.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageColor

from pressrun_loadtest.sandbox.cloudinary.errors import DeliveryError
from pressrun_loadtest.sandbox.cloudinary.geometry import Plan, plan
from pressrun_loadtest.sandbox.cloudinary.transformation import Component, Transformation
from pressrun_loadtest.sandbox.pictures import MEDIA_TYPES

__all__ = ["Derived", "render"]

_PILLOW_NAMES = {"avif": "AVIF", "gif": "GIF", "jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP"}
_WITHOUT_ALPHA = frozenset({"jpg"})
_WITH_CMYK = frozenset({"jpg", "tif"})
_WITH_QUALITY = frozenset({"avif", "jpg", "webp"})
_AUTO_QUALITY = {"auto": 80, "auto:best": 90, "auto:good": 80, "auto:eco": 65, "auto:low": 50}
_DEFAULT_QUALITY = 90

_DONE_KEYS = frozenset({"ar", "b", "c", "cs", "dn", "dpr", "f", "g", "h", "q", "w", "x", "y"})
_DONE_FLAGS = frozenset({"attachment", "immutable_cache", "keep_iptc", "progressive", "strip_profile", "tiff8_lzw"})


@dataclass(frozen=True, slots=True)
class Derived:
    """A finished picture."""

    data: bytes
    media_type: str
    not_applied: tuple[str, ...]
    """Parameters that were accepted and not carried out."""


def render(data: bytes, transformation: Transformation, target: str, max_pixels: int) -> Derived:
    """Make the derived picture in the format `target`.

    Raises:
        DeliveryError: 400, the result would be too large, or the format cannot hold the colour space.
    """
    skipped: list[str] = []
    with Image.open(io.BytesIO(data)) as opened:
        image = _workable(opened)
    for component in transformation.components:
        if _is_unsupported(component):
            skipped.extend(f"{key}_{value}" for key, value in component.parameters)
            continue
        step = plan(component, image.size)
        for width, height in (step.scaled, step.output):
            if width * height > max_pixels:
                raise DeliveryError(400, f"Maximum image size is {max_pixels} pixels, requested {width}x{height}")
        image = _apply(image, step, component)
        skipped.extend(_skipped(component))
    image = _colour(image, transformation.last("cs"), target)
    return Derived(_encode(image, transformation, target), MEDIA_TYPES[target], tuple(skipped))


def _workable(image: Image.Image) -> Image.Image:
    """The pixels in a mode that resizes well."""
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image.copy()
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _is_unsupported(component: Component) -> bool:
    """Layers, conditions and variables change what the other parameters beside them mean: leave all of it."""
    keys = {key for key, _ in component.parameters}
    return bool(keys & {"l", "u", "if"}) or any(k.startswith("$") for k in keys) or "layer_apply" in component.all("fl")


def _skipped(component: Component) -> list[str]:
    plain = [
        f"{key}_{value}"
        for key, value in component.parameters
        if key not in _DONE_KEYS | {"fl"} and (key, value) not in (("e", "grayscale"), ("pg", "1"))
    ]
    gravity = component.get("g") or ""
    if gravity.partition(":")[0] in ("auto", "face", "faces", "body", "custom", "xy_center"):
        plain.append(f"g_{gravity}")
    return plain + [f"fl_{flag}" for flag in component.all("fl") if flag.partition(":")[0] not in _DONE_FLAGS]


def _apply(image: Image.Image, step: Plan, component: Component) -> Image.Image:
    if step.scaled != image.size:
        image = image.resize(step.scaled, Image.Resampling.LANCZOS)
    if step.output != image.size:
        background = _background(component.get("b"))
        left, top = step.corner
        if left >= 0 and top >= 0 and left + step.output[0] <= image.width and top + step.output[1] <= image.height:
            image = image.crop((left, top, left + step.output[0], top + step.output[1]))
        else:
            image = _padded(image, step, background)
    if component.get("e") == "grayscale":
        image = image.convert("LA" if image.has_transparency_data else "L")
    return image


def _padded(image: Image.Image, step: Plan, background: tuple[int, ...] | None) -> Image.Image:
    mode = "RGBA" if image.has_transparency_data or (background is not None and background[3] < 255) else "RGB"  # noqa: PLR2004 - opaque
    default = (255, 255, 255, 0 if mode == "RGBA" else 255)
    canvas = Image.new(mode, step.output, (background or default)[: len(mode)])
    pasted = image.convert(mode)
    left, top = -step.corner[0], -step.corner[1]
    if mode == "RGBA" and background is not None:
        canvas.alpha_composite(pasted, (max(0, left), max(0, top)), (max(0, -left), max(0, -top)))
    else:
        canvas.paste(pasted, (left, top))
    return canvas


def _background(text: str | None) -> tuple[int, ...] | None:
    if text is None or text.startswith("auto"):
        return None
    if text == "transparent":
        return 255, 255, 255, 0
    try:
        red, green, blue, *alpha = ImageColor.getrgb(text.replace("rgb:", "#"))
    except ValueError as error:
        raise DeliveryError(400, f"Invalid value in transformation: b_{text}; expected a colour") from error
    return red, green, blue, *(alpha or (255,))


def _colour(image: Image.Image, wanted: str | None, target: str) -> Image.Image:
    if wanted is not None and wanted.startswith("icc:"):
        raise DeliveryError(400, f"ICC profile {wanted[4:]} not found among the authenticated raw files")
    if wanted == "cmyk":
        if target not in _WITH_CMYK:
            raise DeliveryError(400, f"cs_cmyk needs the format jpg or tif; {target} cannot hold CMYK")
        return _flattened(image).convert("CMYK")
    if image.mode == "CMYK" and (target not in _WITH_CMYK or wanted not in (None, "keep_cmyk")):
        image = image.convert("RGB")
    if target in _WITHOUT_ALPHA and image.mode in ("LA", "RGBA"):
        image = _flattened(image)
    return image


def _flattened(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    canvas = Image.new("RGBA", image.size, (255, 255, 255, 255))
    canvas.alpha_composite(image.convert("RGBA"))
    return canvas.convert("L" if image.mode == "LA" else "RGB")


def _encode(image: Image.Image, transformation: Transformation, target: str) -> bytes:
    options: dict[str, Any] = {}
    quality = transformation.last("q") or str(_DEFAULT_QUALITY)
    if target in _WITH_QUALITY:
        options["quality"] = _AUTO_QUALITY[quality] if quality in _AUTO_QUALITY else int(quality)
    density = transformation.last("dn")
    if density is not None and target in ("jpg", "png", "tif"):
        options["dpi"] = (int(density), int(density))
    flags = [flag.partition(":")[0] for flag in transformation.flags()]
    if target == "jpg":
        options["progressive"] = "progressive" in flags
    if target == "tif" and "tiff8_lzw" in flags:
        options["compression"] = "tiff_lzw"
    if target in ("gif", "webp", "avif") and image.mode in ("L", "LA"):
        image = image.convert("RGBA" if image.mode == "LA" else "RGB")
    # No metadata is carried over: it is documented to be stripped from transformed pictures.
    image.info.clear()
    buffer = io.BytesIO()
    image.save(buffer, _PILLOW_NAMES[target], **options)
    return buffer.getvalue()
