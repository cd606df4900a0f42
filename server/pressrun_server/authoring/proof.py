"""Proofs: what the pages of a sample look like and say, and how they differ from those that were approved.

Approved pages are kept beside the bundle's files in the hidden folder `.approved`, which is no part of the bundle: a
picture and the text of each page, so that a reviewer sees a change in both, and what is read in other output channels.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from pressrun_server.authoring.forms import FORMS, Form

__all__ = ["DPI", "Difference", "Proof", "approve", "differences", "unlike"]

DPI = 80
"""Of the pictures: small enough to be kept, and a moved hyphen still shows."""
_BLOCK = 6
"""Pixels a side of the blocks that are compared."""
_TOLERANCE = 16
"""Of 255: edges are drawn a little differently by other versions of the renderer."""
_FOLDER = ".approved"
_GREY = 0.35


@dataclass(frozen=True, slots=True)
class Proof:
    """The pages of a sample."""

    pictures: tuple[bytes, ...]
    """PNG."""
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a page is not what was approved."""

    page: int
    """From 1; 0 for the document."""
    what: str
    picture: bytes | None = None
    """PNG of the new page with the places marked."""


def approve(folder: Path, sample: str, proof: Proof, forms: Iterable[Form] = ()) -> None:
    """Keep the pages of a sample as approved, and what is read of it elsewhere.

    Args:
        folder: the bundle's.
        sample: the sample's name.
        proof: its pages.
        forms: what is read of it in other output channels.
    """
    place = folder / _FOLDER / sample
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for number, (picture, text) in enumerate(zip(proof.pictures, proof.texts, strict=True), 1):
        (place / f"page-{number}.png").write_bytes(_small(picture))
        (place / f"page-{number}.txt").write_text(text, encoding="utf-8")
    for form in forms:
        (place / f"{form.name}.txt").write_text(form.text, encoding="utf-8", newline="\n")


def unlike(folder: Path, sample: str, forms: Iterable[Form]) -> Iterator[tuple[str, str]]:
    """What is read otherwise than it was approved: the form's name, and what differs.

    Args:
        folder: the bundle's.
        sample: the sample's name.
        forms: what is read of it.
    """
    place = folder / _FOLDER / sample
    given = {form.name: form.text for form in forms}
    for name, text in given.items():
        path = place / f"{name}.txt"
        if not path.is_file():
            yield name, "nothing is approved; read it, then run with --approve"
        elif (before := path.read_text(encoding="utf-8")) != text:
            yield name, _changed(before, text)
    for path in sorted(place.glob("*.txt")):
        if path.stem in FORMS and path.stem not in given:
            yield path.stem, "it was approved, and the template offers it no longer"


def _changed(before: str, text: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), text.splitlines(), "approved", "now", lineterm="", n=0)
    return "the text differs:\n" + "\n".join(f"      {line}" for line in list(lines)[2:12])


def differences(folder: Path, sample: str, proof: Proof) -> Iterator[Difference]:
    """How the pages of a sample differ from the approved ones.

    Args:
        folder: the bundle's.
        sample: the sample's name.
        proof: its pages.
    """
    place = folder / _FOLDER / sample
    count = len(list(place.glob("page-*.txt")))
    if not count and proof.texts:
        yield Difference(0, "no pages are approved; look at them, then run with --approve")
        return
    if count != len(proof.texts):
        yield Difference(0, f"the document has {len(proof.texts)} pages, approved were {count}")
    for number, (picture, text) in enumerate(zip(proof.pictures[:count], proof.texts[:count], strict=True), 1):
        before = (place / f"page-{number}.txt").read_text(encoding="utf-8")
        if before != text:
            yield Difference(number, _changed(before, text))
        path = place / f"page-{number}.png"
        marked = _marked(path.read_bytes(), picture) if path.is_file() else picture
        if marked is not None:
            yield Difference(number, "the picture differs", marked)


def _small(picture: bytes) -> bytes:
    """A page's picture in at most 256 colours: what is kept in a repository should be small."""
    data = BytesIO()
    opened = Image.open(BytesIO(picture)).convert("RGB")
    opened.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
    return data.getvalue()


def _marked(approved: bytes, now: bytes) -> bytes | None:
    """The new page with a frame around each place that differs; None where none does."""
    before, after = (Image.open(BytesIO(data)).convert("RGB") for data in (approved, now))
    if before.size != after.size:
        return now
    # Compared as kept, and blurred: a line that is drawn a shade lighter is no difference, one that is gone is.
    kept = Image.open(BytesIO(_small(now))).convert("RGB")
    soft = [picture.filter(ImageFilter.BoxBlur(1)) for picture in (before, kept)]
    found = ImageChops.difference(*soft).convert("L").point([255 if value > _TOLERANCE else 0 for value in range(256)])
    if found.getbbox() is None:
        return None
    paler = Image.blend(after, Image.new("RGB", after.size, "white"), 1 - _GREY)
    draw = ImageDraw.Draw(paler)
    for left, top, right, bottom in _regions(found):
        box = (left, top, right, bottom)
        paler.paste(after.crop(box), box)
        draw.rectangle((left - 2, top - 2, right + 1, bottom + 1), outline="#d1242f", width=2)
    data = BytesIO()
    paler.save(data, "PNG")
    return data.getvalue()


def _regions(found: Image.Image) -> list[tuple[int, int, int, int]]:
    """Boxes around the marks of a picture; those that are near each other are one."""
    width, height = found.size
    blocks = [
        (x, y, min(x + _BLOCK, width), min(y + _BLOCK, height))
        for y in range(0, height, _BLOCK)
        for x in range(0, width, _BLOCK)
        if found.crop((x, y, min(x + _BLOCK, width), min(y + _BLOCK, height))).getbbox() is not None
    ]
    boxes: list[tuple[int, int, int, int]] = []
    for block in blocks:
        new = block
        for box in [box for box in boxes if _near(box, new)]:
            boxes.remove(box)
            new = (min(new[0], box[0]), min(new[1], box[1]), max(new[2], box[2]), max(new[3], box[3]))
        boxes.append(new)
    return boxes


def _near(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    gap = 2 * _BLOCK
    across = one[0] <= other[2] + gap and other[0] <= one[2] + gap
    return across and one[1] <= other[3] + gap and other[1] <= one[3] + gap
