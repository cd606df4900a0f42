"""Colours that let through what is behind them: real ones on paper and in browsers, mixed ones in e-mails."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pikepdf
import pytest
from tests.golden.test_channels import documents
from tests.unit.engine.conftest import Composed

from pressrun_server.model.tint import alpha_of, over, tinted

Compose = Callable[..., Composed]
CSS = "@page { size: 100pt 100pt; margin: 10pt } body { font-size: 10pt } p, div { margin: 0 } "


def pixel(document: Composed, x: int, y: int, page: int = 0) -> tuple[int, int, int]:
    """The colour at a place, in points."""
    found: tuple[int, int, int] = document.pdf[page].get_pixmap().pixel(x, y)
    return found


def near(found: tuple[int, int, int], red: int, green: int, blue: int) -> bool:
    """Whether a viewer came to that colour, up to how it rounds."""
    return all(abs(one - other) <= 2 for one, other in zip(found, (red, green, blue), strict=True))


@pytest.mark.parametrize("color", ["rgba(255, 0, 0, .5)", "#ff000080", "#f008", "hsla(0, 100%, 50%, .5)"])
def test_grounds_let_through_what_is_behind_them(composed: Compose, color: str) -> None:
    """A translucent ground is mixed with that of the box around it, not with white, and what follows is opaque."""
    body = f"<div class=a><div style='background: {color}'>{{{{ n }}}}</div></div><div class=b>after</div>"
    made = composed(
        body, f"{CSS} .a {{ background: blue }} .b {{ background: lime }} div {{ height: 20pt }}", {"n": "x"}
    )
    alpha = 0x88 if color == "#f008" else 0x80
    assert near(pixel(made, 80, 25), alpha, 0, 255 - alpha)
    assert near(pixel(made, 80, 45), 0, 255, 0)


def test_borders_meet_without_a_darker_corner(composed: Compose) -> None:
    """Where two sides meet, the colour is there once; all around and of two sides alone, rounded and not."""
    body = "<div class=a>x</div><div class=b>y</div>"
    sides = "border-top: 6pt solid #00000080; border-left: 6pt solid #00000080; height: 20pt; margin-top: 4pt"
    made = composed(body, f"{CSS} .a {{ border: 6pt solid #00000080; height: 10pt }} .b {{ {sides} }}")
    for x, y in ((13, 13), (50, 13), (13, 20), (87, 13), (13, 39), (50, 39), (13, 50)):
        assert near(pixel(made, x, y), 127, 127, 127), (x, y)


def test_text_and_its_lines_are_translucent_and_the_next_is_not(composed: Compose) -> None:
    """On every page, also where the number of pages is put in last."""
    css = (
        f"{CSS} @page {{ @top-center {{ content: element(t) }} }} .t {{ position: running(t); color: #00000055 }}"
        " .f { color: rgba(0, 0, 0, .25) } p { font-size: 25pt; line-height: 30pt } .p { break-before: page }"
    )
    body = (
        "<div class=t>{{ page.number }} of {{ page.count }}</div><p class=f><b><u>III</u></b></p><p><b>III</b></p>"
        + "<p class=p>x</p>" * 6
    )
    made = composed(body, css)
    darkest = [
        min(pixel(made, x, y)[0] for x in range(10, 60) for y in rows) for rows in (range(12, 40), range(42, 70))
    ]
    assert darkest[0] == pytest.approx(191, abs=2)
    assert darkest[1] <= 2
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        states = pdf.pages[0].Resources.ExtGState
        assert {name: float(state.ca) for name, state in states.items()} == {"/T64": 0.25, "/T85": 0.333, "/T255": 1}
        forms = [form for form in pdf.objects if isinstance(form, pikepdf.Stream) and form.get("/Subtype") == "/Form"]
        assert forms
        assert all("/ExtGState" in form.Resources for form in forms)


def test_an_opaque_document_has_no_states(composed: Compose) -> None:
    """It is what it was."""
    assert b"ExtGState" not in composed("<p>x</p>", CSS).data


def test_screens_get_the_colour_and_mails_what_it_comes_to() -> None:
    """Browsers mix colours themselves; many mail clients do not."""
    css = (
        ".a { background: #0000ff80 } .a p { color: #ff000080; border-top: 1pt solid #00000080; background: #00ff0040 }"
    )
    made = documents("<div class=a><p>{{ bank }}</p></div>", css)
    assert re.search(rb"background-color:#0000ff80.*color:#ff000080.*#00ff0040", made["web"], re.DOTALL)
    ground = over(tinted(0x0000FF, 0x80), 0xFFFFFF)
    inner = over(tinted(0x00FF00, 0x40), ground)
    text = over(tinted(0xFF0000, 0x80), inner)
    for color in (ground, inner, text):
        assert f"#{color:06x}".encode() in made["email"].replace(b"=\r\n", b"")
    assert b"#ff000080" not in made["email"]


def test_codes_and_charts_stay_opaque(composed: Compose) -> None:
    """A code must be read, so its colour is that on white."""
    made = composed(
        "<pr-barcode value='x' alt='x'></pr-barcode>", f"{CSS} pr-barcode {{ color: #00000080; width: 60pt }}"
    )
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        assert b"/T128 gs" not in pdf.pages[0].Contents.read_bytes()


@pytest.mark.parametrize(("alpha", "mixed"), [(255, 0x123456), (1, 0xFEFEFE), (128, 0x889AAB)])
def test_what_a_colour_looks_like_on_white(alpha: int, mixed: int) -> None:
    """An alpha of 255 is the colour itself."""
    color = tinted(0x123456, alpha)
    assert alpha_of(color) == alpha
    assert all(abs((over(color, 0xFFFFFF) >> shift & 255) - (mixed >> shift & 255)) <= 1 for shift in (16, 8, 0))
