"""Documents are valid for qpdf, and MuPDF, poppler and pdfium show the same picture of them.

Viewers smooth edges differently, so a pixel of one picture must be like something within 0.75 pt of its place in the
other; a figure, a line or a colour that one of them shows elsewhere or not at all is not.
"""

from __future__ import annotations

import io
import itertools
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pypdfium2
import pytest
from PIL import Image, ImageChops

from pressrun_loadtest.bench.composition import Press
from pressrun_loadtest.samples import statement_path
from pressrun_server.prepare.raster import rasterise
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

DPI, AROUND = 192, 2
MOST = 140
"""Of 255; what viewers smooth differently stays below it, and another figure there is far above it (the last test)."""
LOCALES = {"en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
LETTER = (
    "<footer class='f'>Page {{ page.number }} of {{ page.count }}</footer><h1>Rows of {{ name }}</h1>"
    "<div class='box'><p>Ωμέγα, Жук and “quotes” in a box</p></div><table><thead><tr><th>No</th><th class='r'>Amount</th></tr>"
    "</thead><tr pr-for='row in rows'><td>{{ row.no }}</td><td class='r'>{{ row.amount | amount }}</td></tr></table>"
)
CSS = (
    "@page { size: 105mm 148mm; margin: 15mm; @bottom-right { content: element(f) } } .f { position: running(f) }"
    ".r { text-align: right } .box { background: #fde8c8; border: 1pt solid #b35900; padding: 2mm }"
    "tbody tr:nth-child(even) { background: #eef3f8 } h1 { color: #003366 }"
)


def _long() -> bytes:
    """A document longer than the look-ahead, whose page numbers are in forms."""
    manifest = {"name": "g", "version": "1", "html": "g.html", "schema": {"type": "object"}}
    body = f"<style>{CSS}</style><body>{LETTER}</body>"
    compiled = compile_bundle({"template.yaml": json.dumps(manifest).encode(), "g.html": body.encode()})
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    program = LoadedProgram.load(compiled.programs["en-GB"])
    record = {"name": "Zoë", "rows": [{"no": n, "amount": f"{n * 31}.{n % 100:02d}"} for n in range(150)]}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    composition = Composition(program, json.dumps(record).encode(), assets={}, attributes={}, as_of=moment, engine="0")
    return b"".join(composition)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The samples of the statement, and a long document of rows."""
    folder = tmp_path_factory.mktemp("documents")
    made = {"long": _long()}
    press = Press()
    for path in sorted((statement_path() / "samples").glob("*.json")):
        segment, _, language = path.stem.partition("-")
        made[path.stem], _ = press.compose(LOCALES[language], path.read_bytes(), {"segment": segment})
    for name, data in made.items():
        (folder / f"{name}.pdf").write_bytes(data)
    return {name: folder / f"{name}.pdf" for name in made}


def _tool(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is missing; install: apt-get install -y {package}")
    return path


def _mupdf(path: Path) -> list[Image.Image]:
    return [Image.open(io.BytesIO(data)) for data in rasterise(path.read_bytes(), dpi=DPI)]


def _pdfium(path: Path) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(path)
    return [page.render(scale=DPI / 72).to_pil() for page in document]


def _poppler(path: Path) -> list[Image.Image]:
    stem = path.with_name(f"{path.stem}-poppler")
    command = [_tool("pdftoppm", "poppler-utils"), "-r", str(DPI), "-png", path, stem]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    return [Image.open(picture) for picture in sorted(path.parent.glob(f"{stem.name}-*.png"))]


VIEWERS: dict[str, Callable[[Path], list[Image.Image]]] = {"MuPDF": _mupdf, "pdfium": _pdfium, "poppler": _poppler}
NAMES = ("long", "business-fr", "everyday-en", "premier-de")


def _around(picture: Image.Image, pick: Callable[[Image.Image, Image.Image], Image.Image]) -> Image.Image:
    """The darkest or the lightest that there is up to `AROUND` pixels from each place."""
    for x, y in ((1, 0), (0, 1)):
        found = picture
        for step in range(1, AROUND + 1):
            for sign in (step, -step):
                found = pick(found, ImageChops.offset(picture, x * sign, y * sign))
        picture = found
    return picture


def _most(picture: Image.Image) -> int:
    """The largest value of a pixel in a colour."""
    bands = cast("tuple[tuple[int, int], ...]", picture.getextrema())
    return max(high for _, high in bands)


def _difference(one: Image.Image, other: Image.Image) -> int:
    """How far a pixel is, at most, beyond all that the other picture has around its place; 0 to 255, both ways."""
    worst = 0
    left, right = one.convert("RGB"), other.convert("RGB")
    for picture, near in ((left, right), (right, left)):
        below = ImageChops.subtract(_around(near, ImageChops.darker), picture)
        above = ImageChops.subtract(picture, _around(near, ImageChops.lighter))
        worst = max(worst, _most(below), _most(above))
    return worst


def _cut(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    # Viewers round a page of 396.85 px up or down; a row or a column of white more is no difference.
    assert abs(picture.width - size[0]) <= 1
    assert abs(picture.height - size[1]) <= 1
    return picture.crop((0, 0, *size))


@pytest.mark.parametrize("name", NAMES)
def test_qpdf_finds_nothing(documents: dict[str, Path], name: str) -> None:
    """Qpdf reads the whole file and has neither errors nor warnings."""
    done = subprocess.run(
        [_tool("qpdf", "qpdf"), "--check", documents[name]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "No syntax or stream encoding errors found" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_viewers_show_the_same_picture(documents: dict[str, Path], name: str) -> None:
    """Each page looks the same in all of them."""
    views = {viewer: draw(documents[name]) for viewer, draw in VIEWERS.items()}
    assert len({len(pages) for pages in views.values()}) == 1
    for one, other in itertools.combinations(views, 2):
        for number, (left, right) in enumerate(zip(views[one], views[other], strict=True), 1):
            size = min(left.width, right.width), min(left.height, right.height)
            found = _difference(_cut(left, size), _cut(right, size))
            assert found <= MOST, f"{one} and {other} differ on page {number} of {name} by {found}"


def test_the_comparison_sees_a_word(documents: dict[str, Path]) -> None:
    """A page whose footer alone says another number is another picture, as is one whose text is a third of a letter off."""
    pages = _mupdf(documents["long"])
    first, second = pages[:2]
    changed = first.copy()
    footer = (0, first.height - 112, first.width, first.height)
    changed.paste(second.crop(footer), footer[:2])
    assert _difference(first, changed) > MOST
    assert _difference(first, ImageChops.offset(first, 0, 6)) > MOST
