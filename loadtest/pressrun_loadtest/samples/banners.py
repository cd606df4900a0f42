"""The banners: one calm picture in the brand's colours for each segment, 2000 x 500 pixels, no text in any."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from pressrun_loadtest.samples.palette import (
    ACCENT,
    APRICOT,
    DEEP,
    GOLD,
    INK,
    MIST,
    PALE,
    SAND,
    SEA,
    Colour,
    blend,
)

__all__ = ["BANNERS", "save_banner"]

_WIDTH, _HEIGHT = 2000, 500
_SCALE = 2
_W, _H = _WIDTH * _SCALE, _HEIGHT * _SCALE
_GRAIN = 0.035
_QUALITIES = range(90, 60, -1)
_LARGEST = 94_000
"""Bytes of a file."""


def _sky(*stops: Colour) -> Image.Image:
    """A ground that runs from the first colour at the top to the last at the bottom."""
    column = Image.new("RGB", (1, _H))
    for y in range(_H):
        place = y / (_H - 1) * (len(stops) - 1)
        index = min(int(place), len(stops) - 2)
        column.putpixel((0, y), blend(stops[index], stops[index + 1], place - index))
    return column.resize((_W, _H))


def _shade(canvas: Image.Image, mask: Image.Image, top: Colour, bottom: Colour) -> None:
    """Fill a shape with a run of colour from its top to its bottom."""
    box = mask.getbbox()
    if box is None:
        return
    run = Image.linear_gradient("L").resize((box[2] - box[0], box[3] - box[1]))
    size = run.size
    fill = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), run)
    canvas.paste(fill, box[:2], mask.crop(box))


def _mask() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    mask = Image.new("L", (_W, _H), 0)
    return mask, ImageDraw.Draw(mask)


def _disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: int = 255) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _glow(canvas: Image.Image, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
    """Soft light around a point, gone at its radius."""
    side = round(2 * radius)
    # 255 in the middle, 0 at the radius and beyond, squared so that the edge cannot be seen.
    fall = [round(strength * 255 * max(0.0, 1 - v / 180) ** 2) for v in range(256)]
    mask = Image.radial_gradient("L").point(fall).resize((side, side), Image.Resampling.BICUBIC)
    canvas.paste(colour, (round(x - radius), round(y - radius)), mask)


def _hill(*waves: tuple[float, float, float], level: float) -> Image.Image:
    """Everything below a line made of waves (height, length, shift), as shares of the picture."""
    mask, pen = _mask()
    line = []
    for x in range(0, _W + 8, 8):
        place = x / _W
        y = level + sum(height * math.sin(math.tau * (place / length + shift)) for height, length, shift in waves)
        line.append((x, y * _H))
    pen.polygon([*line, (_W, _H), (0, _H)], fill=255)
    return mask


def _light(mask: Image.Image, x: float, y: float, radius: float) -> None:
    """A round light in a mask."""
    side = round(2 * radius)
    fall = Image.radial_gradient("L").point([round(255 * max(0.0, 1 - v / 180)) for v in range(256)])
    mask.paste(fall.resize((side, side), Image.Resampling.BICUBIC), (round(x - radius), round(y - radius)))


def everyday() -> Image.Image:
    """Morning over hills that grow paler with distance."""
    canvas = _sky(blend(SAND, PALE, 0.35), SAND, blend(SAND, APRICOT, 0.34))
    x, y = 0.71 * _W, 0.47 * _H
    _glow(canvas, x, y, 1.1 * _H, (255, 248, 232), 0.95)
    mask, pen = _mask()
    _disc(pen, x, y, 0.2 * _H)
    _shade(canvas, mask, blend(APRICOT, SAND, 0.28), APRICOT)
    ranges = (
        (_hill((0.070, 0.83, 0.10), (0.022, 0.31, 0.4), level=0.55), blend(MIST, SAND, 0.55), blend(MIST, SAND, 0.30)),
        (_hill((0.080, 0.66, 0.62), (0.026, 0.27, 0.1), level=0.64), blend(MIST, SEA, 0.10), blend(MIST, SEA, 0.45)),
        (_hill((0.075, 0.91, 0.30), (0.018, 0.22, 0.7), level=0.74), blend(SEA, MIST, 0.15), blend(SEA, ACCENT, 0.35)),
        (_hill((0.085, 0.74, 0.95), (0.014, 0.19, 0.2), level=0.84), blend(ACCENT, SEA, 0.25), ACCENT),
        (_hill((0.060, 1.10, 0.55), (0.010, 0.24, 0.9), level=0.95), blend(ACCENT, DEEP, 0.35), DEEP),
    )
    for mask, top, bottom in ranges:
        _shade(canvas, mask, top, bottom)
    return canvas


def premier() -> Image.Image:
    """A great globe at night, drawn in fine meridians, with the light just coming round it."""
    canvas = _sky(blend(DEEP, INK, 0.55), DEEP, blend(DEEP, ACCENT, 0.35))
    x, y, radius = 0.70 * _W, 1.18 * _H, 1.0 * _H
    _glow(canvas, x - 0.62 * radius, y - 0.79 * radius, 1.15 * _H, blend(GOLD, SEA, 0.25), 0.62)
    _glow(canvas, x - 0.62 * radius, y - 0.79 * radius, 0.42 * _H, blend(GOLD, SAND, 0.4), 0.6)
    mask, pen = _mask()
    _disc(pen, x, y, radius)
    _shade(canvas, mask, blend(ACCENT, DEEP, 0.25), blend(DEEP, INK, 0.4))
    globe = mask
    lines, pen = _mask()
    for index in range(-8, 9):
        half = radius * abs(math.sin(index * math.pi / 18))
        pen.ellipse((x - half, y - radius, x + half, y + radius), outline=150, width=3)
    for index in range(1, 9):
        latitude = index * math.pi / 18
        half, top = radius * math.cos(latitude), y - radius * math.sin(latitude)
        tilt = 0.10 * half
        pen.arc((x - half, top - tilt, x + half, top + tilt), 0, 180, fill=120, width=3)
    lines = ImageChops.multiply(lines, globe)
    canvas.paste(blend(GOLD, SAND, 0.3), (0, 0), lines)
    rim, pen = _mask()
    _disc(pen, x, y, radius)
    _disc(pen, x + 0.010 * radius, y + 0.012 * radius, radius, 0)
    fade = Image.new("L", (_W, _H), 0)
    _light(fade, x - 0.62 * radius, y - 0.79 * radius, 0.85 * radius)
    canvas.paste(blend(GOLD, SAND, 0.55), (0, 0), ImageChops.multiply(rim, fade))
    stars, pen = _mask()
    chance = random.Random(7)  # noqa: S311 - where stars stand
    for _ in range(150):
        size = 1.5 + 2.5 * chance.random() ** 3
        _disc(pen, chance.random() * _W, chance.random() ** 1.4 * 0.8 * _H, size, 60 + int(150 * chance.random()))
    stars = ImageChops.multiply(stars, ImageChops.invert(globe))
    canvas.paste(SAND, (0, 0), stars)
    return canvas


def student() -> Image.Image:
    """A playful frieze of quarter and half discs on a grid."""
    cell = _H // 4
    grounds = (PALE, SAND, blend(MIST, PALE, 0.4), ACCENT, DEEP, SEA)
    shapes = (ACCENT, SEA, APRICOT, DEEP, MIST, GOLD, SAND)
    canvas = Image.new("RGB", (_W, _H), PALE)
    pen = ImageDraw.Draw(canvas)
    chance = random.Random(23)  # noqa: S311 - which tile comes where
    for row in range(4):
        before: Colour | None = None
        for column in range(_W // cell):
            ground = grounds[int(chance.random() ** 1.5 * len(grounds))]
            if ground == before:
                ground = grounds[(grounds.index(ground) + 1) % len(grounds)]
            before = ground
            light = sum(ground) > 480  # noqa: PLR2004 - of 765
            choices = [shape for shape in shapes if shape != ground and (sum(shape) > 480) != light]  # noqa: PLR2004
            _tile(pen, column * cell, row * cell, cell, ground, choices, chance)
    return canvas


def _tile(
    pen: ImageDraw.ImageDraw, x: int, y: int, cell: int, ground: Colour, shapes: list[Colour], chance: random.Random
) -> None:
    pen.rectangle((x, y, x + cell - 1, y + cell - 1), fill=ground)
    shape = shapes[int(chance.random() * len(shapes))]
    kind, turn = int(chance.random() * 6), int(chance.random() * 4)
    right, down = turn in {1, 2}, turn in {2, 3}
    corner_x, corner_y = x + cell * right, y + cell * down
    start = (0, 90, 180, 270)[turn]
    if kind in {0, 1}:
        for share, colour in ((1.0, shape), (0.5, ground)) if kind else ((1.0, shape),):
            reach = cell * share
            box = (corner_x - reach, corner_y - reach, corner_x + reach, corner_y + reach)
            pen.pieslice(box, start, start + 90, fill=colour)
    elif kind == 2:  # noqa: PLR2004 - the kinds of tiles are numbered
        pen.pieslice((x, y, x + cell, y + cell), start, start + 180, fill=shape)
    elif kind == 3:  # noqa: PLR2004
        _spot(pen, x + cell / 2, y + cell / 2, cell * 0.32, shape)
    elif kind == 4:  # noqa: PLR2004
        points = [(x, y), (x + cell, y), (x + cell, y + cell), (x, y + cell)]
        pen.polygon([points[turn], points[(turn + 1) % 4], points[(turn + 2) % 4]], fill=shape)


def _spot(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: Colour) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def business() -> Image.Image:
    """A city of towers in the haze; light falls on their eastern sides."""
    canvas = _sky(blend(PALE, MIST, 0.45), PALE, SAND)
    _glow(canvas, 0.80 * _W, 0.55 * _H, 1.2 * _H, (255, 241, 218), 0.95)
    chance = random.Random(41)  # noqa: S311 - where towers stand
    layers = (
        (0.42, 0.30, blend(MIST, PALE, 0.42), blend(MIST, SAND, 0.55), 0.85),
        (0.50, 0.34, blend(SEA, MIST, 0.62), blend(MIST, SAND, 0.30), 1.0),
        (0.62, 0.30, blend(ACCENT, SEA, 0.55), blend(SEA, MIST, 0.55), 1.15),
        (0.76, 0.30, blend(DEEP, ACCENT, 0.55), blend(ACCENT, SEA, 0.45), 1.25),
    )
    for level, swing, top, bottom, size in layers:
        x = -0.02 * _W
        while x < _W:
            width = (0.022 + 0.026 * chance.random()) * _W * size
            roof = (level + swing * (0.55 - chance.random())) * _H
            _tower(canvas, x, roof, width, top, bottom)
            x += width * (1.0 + 0.55 * chance.random() ** 2)
    return canvas


def _tower(canvas: Image.Image, x: float, roof: float, width: float, top: Colour, bottom: Colour) -> None:
    lit = 0.36 * width
    slope = 0.22 * width
    mask, pen = _mask()
    pen.polygon([(x, roof + slope), (x + width - lit, roof), (x + width - lit, _H), (x, _H)], fill=255)
    _shade(canvas, mask, top, bottom)
    mask, pen = _mask()
    pen.polygon(
        [(x + width - lit, roof), (x + width, roof + slope * 0.8), (x + width, _H), (x + width - lit, _H)], fill=255
    )
    _shade(canvas, mask, blend(top, SAND, 0.38), blend(bottom, SAND, 0.30))


BANNERS: dict[str, Callable[[], Image.Image]] = {
    "everyday": everyday,
    "premier": premier,
    "student": student,
    "business": business,
}
"""How each segment's banner is painted, at twice its size."""


def save_banner(path: Path, canvas: Image.Image) -> None:
    """Reduce a painting to its size, give it a fine grain as of paper, and save it as well as its bytes allow."""
    picture = canvas.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)
    noise = random.Random(1).randbytes(_WIDTH * _HEIGHT)  # noqa: S311 - grain
    grain = Image.frombytes("L", (_WIDTH, _HEIGHT), noise).filter(ImageFilter.GaussianBlur(0.7))
    grain = Image.merge("RGB", [grain.point([128 + round((v - 128) * _GRAIN * 8) for v in range(256)])] * 3)
    picture = Image.blend(picture, ImageChops.overlay(picture, grain), 0.5)
    for quality in _QUALITIES:
        picture.save(path, quality=quality, optimize=True, progressive=False, subsampling="4:2:0")
        if path.stat().st_size <= _LARGEST:
            return
