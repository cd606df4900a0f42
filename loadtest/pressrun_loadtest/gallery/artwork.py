"""Draws the gallery's brand library: `python -m pressrun_loadtest.gallery.artwork`.

The pictures are shipped; this is how they were made. Flat colours and few of them, so that a picture is some kilobytes.
Words are set in FiraGO from the package pymupdf-fonts (SIL Open Font License).
"""

from __future__ import annotations

import io
import math
import random
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

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
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

__all__ = ["PICTURES", "draw", "main"]

ASSETS = Path(__file__).parent / "assets"
WHITE: Colour = (255, 255, 255)
BERRY: Colour = (158, 60, 84)
DUSK: Colour = (52, 66, 108)
_SCALE = 2
_HERO = (1400, 560)
_TILE = (800, 600)
_COLOURS = 96
_LIT = 0.55
"""How many windows are lit."""


def _face() -> bytes:
    import pymupdf_fonts  # noqa: PLC0415 - of the server extra; nobody else needs it

    return bytes(pymupdf_fonts.fontbuffers["figo"]())


class Canvas:
    """A picture that is drawn larger and reduced once, so that edges are smooth."""

    def __init__(self, size: tuple[int, int], ground: Colour) -> None:
        self.width, self.height = (side * _SCALE for side in size)
        self.image = Image.new("RGB", (self.width, self.height), ground)
        self.pen = ImageDraw.Draw(self.image)

    def sky(self, top: Colour, bottom: Colour, bands: int = 24) -> None:
        """A ground in bands from one colour to another."""
        for band in range(bands):
            upper, lower = self.height * band // bands, self.height * (band + 1) // bands
            self.pen.rectangle((0, upper, self.width, lower), fill=blend(top, bottom, band / (bands - 1)))

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A disc; place and radius in parts of the height, x in parts of the width."""
        cx, cy, r = x * self.width, y * self.height, radius * self.height
        self.pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fill)

    def hills(self, base: float, rise: float, waves: float, phase: float, fill: Colour) -> None:
        """A range of hills that fills the picture below its line."""
        line = [
            (x, self.height * (base - rise * math.sin(waves * x / self.width * math.tau + phase)
                               - rise * 0.4 * math.sin(2.7 * waves * x / self.width * math.tau + phase)))
            for x in range(0, self.width + 8, 8)
        ]  # fmt: skip
        self.pen.polygon([*line, (self.width, self.height), (0, self.height)], fill=fill)

    def words(self, text: str, x: float, y: float, size: float, fill: Colour, anchor: str = "ls") -> None:
        """A line of text; place and size in parts of width and height."""
        font = ImageFont.truetype(io.BytesIO(_face()), size=size * self.height)
        self.pen.text((x * self.width, y * self.height), text, font=font, fill=fill, anchor=anchor)

    def done(self) -> Image.Image:
        """The picture."""
        small = self.image.resize((self.width // _SCALE, self.height // _SCALE), Image.Resampling.LANCZOS)
        return small.quantize(_COLOURS, dither=Image.Dither.NONE)


def land(sky: tuple[Colour, Colour], sun: Colour, hills: Sequence[Colour], seed: int) -> Canvas:
    """Hills under a sun."""
    chance = random.Random(seed)  # noqa: S311 - a drawing
    canvas = Canvas(_HERO, sky[0])
    canvas.sky(*sky)
    canvas.disc(0.2 + 0.6 * chance.random(), 0.36, 0.17, sun)
    for number, colour in enumerate(hills):
        base = 0.58 + 0.42 * number / len(hills)
        canvas.hills(base, 0.09 - 0.012 * number, 0.8 + chance.random(), chance.random() * math.tau, colour)
    return canvas


def city(sky: tuple[Colour, Colour], near: Colour, far: Colour, light: Colour, seed: int) -> Canvas:
    """Two rows of houses in front of each other, some windows lit."""
    chance = random.Random(seed)  # noqa: S311 - a drawing
    canvas = Canvas(_HERO, sky[0])
    canvas.sky(*sky)
    canvas.disc(0.78, 0.3, 0.12, light)
    for colour, ground, windows in ((far, 0.28, False), (near, 0.45, True)):
        x = -20
        while x < canvas.width:
            width, top = chance.randrange(110, 240), canvas.height * (ground + 0.4 * chance.random())
            canvas.pen.rectangle((x, top, x + width, canvas.height), fill=colour)
            if windows:
                for left in range(x + 22, x + width - 30, 46):
                    for upper in range(int(top) + 30, canvas.height - 40, 64):
                        if chance.random() < _LIT:
                            canvas.pen.rectangle((left, upper, left + 20, upper + 30), fill=light)
            x += width + chance.randrange(6, 26)
    return canvas


def sea(boats: int, seed: int, sky: tuple[Colour, Colour] = (SAND, APRICOT)) -> Canvas:
    """Boats on water."""
    chance = random.Random(seed)  # noqa: S311 - a drawing
    canvas = Canvas(_HERO, sky[0])
    canvas.sky(*sky)
    canvas.disc(0.66, 0.42, 0.2, WHITE)
    for number, colour in enumerate((MIST, SEA, ACCENT, DEEP)):
        canvas.hills(0.58 + 0.12 * number, 0.012, 3 + 2 * number, chance.random() * 6, colour)
    for _ in range(boats):
        x, y, s = (0.12 + 0.76 * chance.random()) * canvas.width, 0.72 * canvas.height, (0.1 + 0.1 * chance.random())
        s *= canvas.height
        canvas.pen.polygon([(x, y - 2.2 * s), (x, y - 0.2 * s), (x + 1.1 * s, y - 0.2 * s)], fill=WHITE)
        canvas.pen.polygon(
            [(x - 0.1 * s, y - 1.7 * s), (x - 0.1 * s, y - 0.2 * s), (x - 0.7 * s, y - 0.2 * s)], fill=PALE
        )
        canvas.pen.polygon([(x - 0.9 * s, y - 0.1 * s), (x + 1.2 * s, y - 0.1 * s), (x + 0.8 * s, y + 0.35 * s),
                            (x - 0.6 * s, y + 0.35 * s)], fill=BERRY)  # fmt: skip
    return canvas


def card(title: str, lines: Sequence[str], ground: Colour, ink: Colour, mark: Colour) -> Canvas:
    """A tile of words beside a mark."""
    canvas = Canvas(_TILE, ground)
    canvas.disc(0.97, 1.0, 0.6, blend(ground, mark, 0.35))
    canvas.disc(0.97, 1.0, 0.38, mark)
    canvas.words(title, 0.075, 0.25, 0.125, ink)
    canvas.pen.rectangle(
        (canvas.width * 0.075, canvas.height * 0.31, canvas.width * 0.2, canvas.height * 0.325), fill=mark
    )
    for number, line in enumerate(lines):
        canvas.words(line, 0.075, 0.45 + 0.105 * number, 0.068, blend(ground, ink, 0.85))
    return canvas


def steps(title: str, words: Sequence[str]) -> Canvas:
    """An infographic of three steps."""
    canvas = Canvas(_TILE, PALE)
    canvas.words(title, 0.5, 0.2, 0.1, INK, "ms")
    for number, (word, colour) in enumerate(zip(words, (SEA, ACCENT, DEEP), strict=True), 1):
        x = 0.18 + 0.32 * (number - 1)
        if number > 1:
            line = (canvas.width * (x - 0.2), canvas.height * 0.5, canvas.width * (x - 0.12), canvas.height * 0.5)
            canvas.pen.line(line, fill=GOLD, width=10)
        canvas.disc(x, 0.5, 0.15, colour)
        canvas.words(str(number), x, 0.5, 0.15, WHITE, "mm")
        canvas.words(word, x, 0.8, 0.066, INK, "ms")
    return canvas


def film(title: str) -> Canvas:
    """The poster of a video."""
    canvas = Canvas((1280, 720), DUSK)
    canvas.sky(DUSK, BERRY)
    canvas.hills(0.8, 0.07, 1.1, 0.6, blend(DUSK, INK, 0.4))
    canvas.hills(0.92, 0.05, 1.7, 2.4, INK)
    canvas.disc(0.5, 0.46, 0.17, WHITE)
    x, y, r = canvas.width * 0.507, canvas.height * 0.46, canvas.height * 0.085
    canvas.pen.polygon([(x - 0.6 * r, y - r), (x - 0.6 * r, y + r), (x + 1.1 * r, y)], fill=BERRY)
    canvas.words(title, 0.5, 0.83, 0.075, WHITE, "ms")
    return canvas


def seal(lines: Sequence[str]) -> Canvas:
    """A round seal of words."""
    canvas = Canvas((600, 600), WHITE)
    for radius, colour in ((0.48, ACCENT), (0.45, WHITE), (0.43, ACCENT), (0.3, WHITE)):
        canvas.disc(0.5, 0.5, radius, colour)
    for number in range(36):
        angle = number / 36 * math.tau
        canvas.disc(0.5 + 0.365 * math.cos(angle), 0.5 + 0.365 * math.sin(angle), 0.014, PALE)
    for number, line in enumerate(lines):
        canvas.words(line, 0.5, 0.5 + 0.1 * (number - (len(lines) - 1) / 2), 0.085, DEEP, "mm")
    return canvas


PICTURES: dict[str, Callable[[], Canvas]] = {
    "banner-premier": lambda: land((SAND, GOLD), WHITE, (MIST, SEA, ACCENT, DEEP), 7),
    "banner-student": lambda: city((PALE, MIST), ACCENT, SEA, GOLD, 3),
    "banner-retired": lambda: land((PALE, WHITE), MIST, (MIST, MIST, SEA), 11),
    "welcome-home": lambda: city((APRICOT, SAND), BERRY, blend(BERRY, SAND, 0.6), WHITE, 9),
    "campaign-en": lambda: card("Spring ahead", ("Renew by 30 April,", "keep last year's price."), DEEP, WHITE, GOLD),
    "campaign-fr": lambda: card(
        "Place au printemps", ("Renouvelez avant le 30 avril,", "au prix de l'an passé."), DEEP, WHITE, GOLD
    ),
    "flyer-travel": lambda: card("Travel light", ("Abroad this year?", "Add cover at once."), SAND, INK, APRICOT),
    "sea": lambda: sea(3, 5),
    "steps-en": lambda: steps("How a claim works", ("Tell us", "We check", "You are paid")),
    "steps-de": lambda: steps("So geht ein Schadenfall", ("Melden", "Prüfung", "Auszahlung")),
    "steps-fr": lambda: steps("Un sinistre, trois étapes", ("Déclarer", "Examen", "Paiement")),
    "film": lambda: film("Your cover in 90 seconds"),
    "stock-lake": lambda: sea(5, 21, (PALE, MIST)),
    "stock-valley": lambda: land((MIST, PALE), GOLD, (SEA, blend(SEA, ACCENT, 0.5), ACCENT, INK), 30),
    "style-band": lambda: card("Meridian", ("Insurance that", "knows its course."), ACCENT, WHITE, APRICOT),
    "offer-north": lambda: city((DUSK, BERRY), INK, blend(DUSK, INK, 0.3), GOLD, 15),
    "offer-south": lambda: land((APRICOT, SAND), WHITE, (GOLD, APRICOT, BERRY, DEEP), 4),
    "card-travel": lambda: card("No fees abroad", ("One card, 150 currencies,", "today's rate."), DUSK, WHITE, APRICOT),
    "seal": lambda: seal(("Deposits", "protected", "to €100,000")),
    "notice": lambda: card("We are moving", ("From 1 December at", "12 Harbour Street."), SAND, INK, ACCENT),
}  # fmt: skip
"""By name."""


_FLYER = {
    "template.yaml": b"{name: flyer, version: '1', html: f.html, title: Flyer, schema: {type: object}}",
    "f.html": b"""<html lang="en"><head><style>
@page { size: 90mm 67.5mm; margin: 0 } body { margin: 0; font-family: FiraGO; color: #14262b }
.all { height: 67.5mm; background-color: #e3f0ee; position: relative } p { margin: 0 }
.band { position: absolute; top: 0; left: 0; width: 90mm; height: 5mm; background-color: #2f8f88 }
.big { position: absolute; top: 15mm; left: 8mm; width: 48mm; font-size: 20pt; line-height: 23pt; font-weight: bold }
.say { position: absolute; top: 36mm; left: 8mm; width: 44mm; font-size: 9pt; line-height: 13pt }
.code { position: absolute; top: 22mm; left: 58mm; width: 24mm } pr-barcode { width: 24mm }
</style></head><body><div class="all"><div class="band"></div><p class="big">Go paperless</p>
<p class="say">All letters in your app, none on your mat. Scan to switch.</p>
<div class="code">
<pr-barcode quiet="1" value="https://meridian.example/paperless" alt="Code that leads to the app"></pr-barcode></div>
</div></body></html>""",
}
"""A flyer with a code, printed by Pressrun itself; it goes into letters as the page that it is."""


def flyer() -> bytes:
    """The flyer as a PDF."""
    program = LoadedProgram.load(compile_bundle(_FLYER).programs["en-GB"])
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return b"".join(Composition(program, b"{}", assets={}, attributes={}, as_of=moment, engine="gallery"))


def rebranded(logo: Path) -> Image.Image:
    """A logo in the colours of the year after."""
    with Image.open(logo) as opened:
        *_, alpha = opened.convert("RGBA").split()
    image = Image.new("RGBA", alpha.size, BERRY)
    image.putalpha(alpha)
    return image


def draw(folder: Path) -> list[Path]:
    """Draw all pictures into a folder, and print the flyer.

    Raises:
        OSError: the folder cannot be written.
    """
    made = []
    for name, paint in PICTURES.items():
        path = folder / f"{name}.png"
        paint().done().save(path, optimize=True)
        made.append(path)
    made.append(folder / "logo-2027.png")
    rebranded(ASSETS / "logo.png").save(made[-1], optimize=True)
    made.append(folder / "flyer-green.pdf")
    made[-1].write_bytes(flyer())
    return made


def main() -> None:
    """Draw the pictures and say how large each is."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ASSETS
    for path in draw(folder):
        sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} KB\n")


if __name__ == "__main__":
    main()
