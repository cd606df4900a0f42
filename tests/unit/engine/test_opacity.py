"""Opacity: an element lets through what is behind it as one, whatever stands in it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import pymupdf
import pytest
from tests.golden.test_channels import documents
from tests.golden.test_geometry import _flag
from tests.unit.engine.conftest import AS_OF, ENGINE, Composed, bundle
from tests.unit.engine.test_tints import CSS, near, pixel

from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

Compose = Callable[..., Composed]


def test_what_is_in_a_group_does_not_show_through_itself(composed: Compose) -> None:
    """A box, its border, a box in it and one in that with an opacity of its own look as in a browser."""
    css = (
        f"{CSS} body {{ background: #ddeeff }} .a {{ background: #333333; border-top: 10pt solid #ff0000; opacity: .5 }}"
        " .b { background: #00ff00; height: 10pt } .c { opacity: 50%; height: 10pt; background: #00ff00 } .d { height: 10pt }"
    )
    made = composed("<div class=a><div class=b></div><div class=c></div><div class=d></div></div>", css)
    # By hand: half of the group, half of #ddeeff; .c is half green, half #333333 before that.
    assert near(pixel(made, 50, 15), 238, 119, 128)
    assert near(pixel(made, 50, 25), 111, 246, 128)
    assert near(pixel(made, 50, 35), 123, 196, 140)
    assert near(pixel(made, 50, 45), 136, 144, 153)


def test_a_group_without_a_ground_lets_through_what_really_is_there(composed: Compose) -> None:
    """Lines, and grounds of groups, are mixed by the viewer: also over what the template does not see behind them."""
    css = (
        f"{CSS} .f {{ position: relative; background: blue; height: 40pt }} .g {{ position: absolute; top: 10pt; left: 0;"
        " width: 40pt; height: 20pt; background: red; opacity: .5 } .l { border-bottom: 10pt solid #000; opacity: .25; margin-top: 10pt }"
    )
    made = composed("<div class=f><div class=g></div></div><div class=l></div>", css)
    assert near(pixel(made, 30, 30), 127, 0, 128)
    assert near(pixel(made, 70, 30), 0, 0, 255)
    assert near(pixel(made, 30, 65), 191, 191, 191)


def test_pictures_are_faded() -> None:
    """As images and as backgrounds, also in an element that is faded; the next one is not."""
    slots = {"flag": {"rules": [{"use": "library:flag"}]}}
    css = (
        f"{CSS} img {{ width: 30pt; height: 10pt; opacity: .5 }} .a {{ opacity: .5 }} .b {{ height: 10pt;"
        " background-image: url(asset:flag); background-size: 30pt 10pt } .n { opacity: 1 }"
    )
    body = (
        "<img src='asset:flag' alt='x'><div class=a><img src='asset:flag' alt='x'></div><div class='a b'></div>"
        "<img class=n src='asset:flag' alt='x'>"
    )
    template = compile_bundle(bundle(body, css, slots=slots))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    program = LoadedProgram.load(template.programs["en-GB"])
    data = b"".join(Composition(program, b"{}", assets={"flag": _flag()}, attributes={}, as_of=AS_OF, engine=ENGINE))
    page = pymupdf.open(stream=data)[0].get_pixmap()
    shown = [page.pixel(15, y) for y in (15, 25, 35, 45)]
    for found, red in zip(shown, ((255, 127, 127), (255, 191, 191), (255, 127, 127), (255, 0, 0)), strict=True):
        assert near(found, *red), shown
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert set(pdf.pages[0].Resources.ExtGState) == {"/T64", "/T128", "/T255"}


@pytest.mark.parametrize("value", ["0", "1.5", "110%", "half"])
def test_what_is_no_opacity(value: str) -> None:
    """It is told, with what hides an element instead."""
    found = compile_bundle(bundle("<p>x</p>", f"p {{ opacity: {value} }}"))
    assert [(item.line, item.column, "pr-if" in item.hint) for item in found.diagnostics] == [(1, 5, True)]


def test_drawings_of_the_template_say_that_they_cannot() -> None:
    """Their shapes may overlap; a picture of a slot can."""
    body = "<div class=o><svg width='10' height='10' aria-label='x'><rect width='5' height='5'/></svg></div>"
    found = compile_bundle(bundle(body, ".o { opacity: .5 }"))
    assert any("translucent" in item.message for item in found.diagnostics)


def test_screens_and_mails() -> None:
    """Browsers do it themselves; in e-mails colours are what they come to."""
    css = ".a { opacity: .5 } .a p { color: #ff0000; background: #0000ff }"
    made = documents("<div class=a><p>{{ bank }}</p></div><b class=a>{{ date }}</b>", css)
    assert b"opacity:0.5" in made["web"]
    mail = made["email"].replace(b"=\r\n", b"")
    assert b"opacity" not in mail.partition(b"<body")[2]
    for color in (b"#8080ff", b"#ff8080", b"#808080"):
        assert color in mail or color.replace(b"80", b"7f") in mail, color
