"""SVG drawings as vectors: drawn as written, or refused by the name of what would not be."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pikepdf
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.prepare.image import prepare_image
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

_HEAD = '<svg xmlns="http://www.w3.org/2000/svg"'


def _document(svg: str) -> bytes:
    """A page of 80 by 60 pt with the drawing at its top left corner in its own size."""
    data = svg.encode()
    files = {
        "template.yaml": b'{"name": "s", "version": "1", "html": "s.html", "schema": {"type": "object"},'
        b' "slots": {"d": {"rules": [{"use": "library:d"}]}}, "warnings": {"minimum-ppi": 300}}',
        "s.html": b"<style>@page { size: 80pt 60pt; margin: 0 } body { margin: 0 }</style>"
        b'<body><img src="asset:d" alt="a drawing"></body>',
    }
    compiled = compile_bundle(files)
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    program = LoadedProgram.load(compiled.programs["en-GB"])
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assets = {"d": (Digest.of(data), prepare_image(data))}
    made = Composition(program, b"{}", assets=assets, attributes={}, as_of=moment, engine="0")
    found = b"".join(made)
    assert not made.summary.warnings, "a drawing has no pixels to be too few"
    return found


def _picture(svg: str) -> list[str]:
    """One letter a square of 10 pt: what colour covers its middle."""
    names = {(255, 255, 255): ".", (255, 0, 0): "R", (0, 128, 0): "G", (0, 0, 255): "B", (0, 0, 0): "K"}
    pixmap = pymupdf.open(stream=_document(svg), filetype="pdf")[0].get_pixmap()
    return ["".join(names.get(pixmap.pixel(x, y), "?") for x in range(5, 80, 10)) for y in range(5, 60, 10)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            '<rect width="20" height="20" fill="red"/><rect x="40" y="30" width="30" height="20" style="fill:blue"/>',
            ["RR......", "RR......", "........", "....BBB.", "....BBB.", "........"],
        ),
        (
            '<g fill="green" transform="translate(10 10)"><path d="M0 0h20v20h-20z"/><path d="m30,0 l20,0 0,10 -20,0"/></g>',
            ["........", ".GG.GG..", ".GG.....", "........", "........", "........"],
        ),
        (
            '<style>.a { fill: none; stroke: red; stroke-width: 10 }</style><path class="a" d="M5 25 H75"/>'
            '<line x1="5" y1="45" x2="75" y2="45" stroke="blue" stroke-width="10" stroke-dasharray="10 20"/>',
            ["........", "........", "RRRRRRR.", "........", "B..B..B.", "........"],
        ),
        (
            '<path fill-rule="evenodd" d="M0 0h50v50h-50z M10 10h30v30h-30z"/><circle cx="65" cy="15" r="12" fill="red"/>',
            ["KKKKK.R.", "K...KRRR", "K...K.R.", "K...K...", "KKKKK...", "........"],
        ),
        (
            '<g transform="rotate(90 40 30)"><polygon points="10,0 70,0 70,10 10,10" fill="red"/></g>',
            ["......R.", "......R.", "......R.", "......R.", "......R.", "......R."],
        ),
    ],
)
def test_a_drawing_looks_as_written(body: str, expected: list[str]) -> None:
    """Shapes, transforms, rules of CSS, strokes and holes are where SVG says, at 80 by 60 pt."""
    picture = _picture(f'{_HEAD} width="80pt" height="60pt" viewBox="0 0 80 60">{body}</svg>')
    assert picture == expected


def test_a_drawing_is_a_vector_in_the_document() -> None:
    """It is a form with its operators, opacity included, under a figure with its alternative text."""
    data = _document(f'{_HEAD} viewBox="0 0 80 60"><rect width="9" height="9" fill-opacity=".5"/></svg>')
    with pikepdf.open(io.BytesIO(data)) as pdf:
        forms = [item for item in pdf.objects if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Form"]
        assert len(forms) == 1
        assert b" re" not in forms[0].read_bytes()
        assert float(next(iter(forms[0].Resources.ExtGState.values())).ca) == 0.5
        assert not any(item.get("/Subtype") == "/Image" for item in pdf.objects if isinstance(item, pikepdf.Stream))
        alternatives = [str(item.get("/Alt", "")) for item in pdf.objects if isinstance(item, pikepdf.Dictionary)]
        assert "a drawing" in alternatives


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<text>x</text>", "<text>"),
        ('<image href="file:///etc/passwd"/>', "href"),
        ('<use href="#a"/>', "href"),
        ("<script>alert(1)</script>", "<script>"),
        ('<rect width="1" height="1" onclick="x()"/>', "scripts"),
        ('<rect width="1" height="1" fill="url(#g)"/>', "gradients"),
        ('<rect width="1" height="1" fill="url(http://x/y)"/>', "gradients"),
        ('<g filter="url(#f)"><rect width="1" height="1"/></g>', "filter"),
        ("<style>@import url(http://x/y.css);</style>", "rules of CSS with @"),
        ('<g opacity=".5"><rect width="1" height="1"/></g>', "opacity of a group"),
        ("<foreignObject/>", "<foreignObject>"),
        ('<rect width="1" height="1" transform="wobble(3)"/>', "wobble"),
        ('<path d="M0 0 L x"/>', "not valid"),
    ],
)
def test_what_would_not_be_drawn_is_refused(body: str, message: str) -> None:
    """Nothing is left out in silence, nothing reaches outside of the file."""
    with pytest.raises(PressrunError) as caught:
        prepare_image(f'{_HEAD} viewBox="0 0 10 10">{body}</svg>'.encode())
    assert caught.value.reason is Reason.ASSET_INVALID
    assert message in str(caught.value)


def test_entities_are_refused() -> None:
    """A file that would grow without end is refused before it is read."""
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + f"{_HEAD}><desc>&b;</desc></svg>"
    with pytest.raises(PressrunError, match="entities"):
        prepare_image(f'<?xml version="1.0"?><!-- <svg -->{bomb}'.encode())


@given(st.text(alphabet='<>/"= gsvrectpathdfillMmLlZzAa0123456789.-,()#', max_size=80))
@settings(max_examples=200)
def test_any_drawing_is_drawn_or_refused(body: str) -> None:
    """Strange bytes give objects or an error of ours, never another."""
    for text in (f"{_HEAD}>{body}</svg>", f'{_HEAD}><path d="{body.replace(chr(34), "").replace("<", "")}"/></svg>'):
        try:
            prepare_image(text.encode())
        except PressrunError as error:
            assert error.reason in {Reason.ASSET_INVALID, Reason.ASSET_TOO_LARGE}
