"""What is said of documents that have something wrong, and what templates make of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from tests.unit.engine.conftest import AS_OF, ENGINE

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.policy import KINDS, Policy
from pressrun_server.model.template import CompiledTemplate
from pressrun_server.prepare.image import prepare_image
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.environment import environment
from pressrun_server.render.fallbacks import judged

Compile = Callable[..., CompiledTemplate]

PAGE = "@page { size: 100mm 100mm; margin: 10mm } p { margin: 0; font-size: 9pt }"
NARROW = "<p class='n'>{{ text }}</p>"
PICTURE = "<img src='asset:pic' style='width: 50mm' alt='A picture'>"
SLOT = {"slots": {"pic": {"rules": [{"use": "library:a.png"}], "otherwise": "omit"}}}


def picture(width: int, height: int) -> tuple[Digest, Any]:
    """A prepared picture of a size."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(file, "PNG")
    return Digest.of(file.getvalue()), prepare_image(file.getvalue())


def composition(template: CompiledTemplate, record: dict[str, Any] | None = None, **assets: Any) -> Composition:
    """A document that is not made yet."""
    assert template.info is not None, [str(item) for item in template.diagnostics]
    program = LoadedProgram.load(template.programs["en-GB"])
    data = json.dumps(record or {}).encode()
    return Composition(program, data, assets=assets, attributes={}, as_of=AS_OF, engine=ENGINE)


def warnings(made: Composition) -> list[tuple[str, str]]:
    """Code and place of each warning of a document."""
    for _ in made:
        pass
    return [(warning.code, warning.place) for warning in made.summary.warnings]


CASES: dict[str, tuple[str, str, str]] = {
    "a line that may not wrap": (NARROW, ".n { white-space: nowrap; width: 30mm }", "page 1, t.html:2:14"),
    "a cell that may not wrap": (
        "<table><tr pr-for='row in rows'><td class='n'>{{ row }}</td><td>x</td></tr></table>",
        ".n { white-space: nowrap; width: 20mm }",
        "page 1, t.html:2:47",
    ),
    "a box of a given height": ("<div class='b'><p>{{ text }}</p></div>", ".b { height: 5mm }", "page 1, t.html:2:19"),
    "a box at a fixed place": (
        "<div class='b'><p>{{ text }}</p></div>",
        ".b { position: absolute; top: 95mm; left: 10mm; width: 30mm }",
        "page 1, t.html:2:19",
    ),
    "a running element": (
        "<footer class='f'><p>{{ text }}</p></footer><p>x</p>",
        "@page { @bottom-left { content: element(f) } } .f { position: running(f); width: 20mm; font-size: 12pt }",
        "page 1, t.html:2:22",
    ),
}


@pytest.mark.parametrize(("body", "css", "place"), CASES.values(), ids=list(CASES))
def test_what_does_not_fit_its_place_is_a_warning(compiled: Compile, body: str, css: str, place: str) -> None:
    """Text that is too large for its box is told of, with page and template's place; text that fits is not."""
    long = "Donaudampfschifffahrtsgesellschaft and all of its many captains and mates"
    template = compiled(body, PAGE + css)
    assert warnings(composition(template, {"text": long, "rows": [long]})) == [("OVERFLOW", place)]
    assert warnings(composition(template, {"text": "ok", "rows": ["ok"]})) == []


def test_an_overflow_is_told_in_every_document(compiled: Compile) -> None:
    """What no record can change is laid out once, and told of each time; a loop's rows are told of once."""
    template = compiled("<p class='n'>This line is the template's own, and long.</p>", PAGE + CASES_CSS)
    assert template.info is not None
    program = LoadedProgram.load(template.programs["en-GB"])
    for _ in range(4):
        made = Composition(program, b"{}", assets={}, attributes={}, as_of=AS_OF, engine=ENGINE)
        assert warnings(made) == [("OVERFLOW", "page 1, t.html:2:1")]
    rows = compiled("<p class='n' pr-for='row in rows'>{{ row }}</p>", PAGE + CASES_CSS)
    assert len(warnings(composition(rows, {"rows": ["much too long for its place"] * 100}))) == 1


@pytest.mark.parametrize(
    "html",
    [
        "<div style='width: 1mm'><p>{{ text }}</p></div>",
        "<div style='width: 1mm'><p>one</p><p>{{ text }}</p></div>",
        "<table style='table-layout: fixed; width: 20mm'><colgroup><col style='width: 1mm'><col></colgroup>"
        "<tr><td>{{ text }}</td><td>b</td></tr></table>",
    ],
)
def test_a_box_narrower_than_a_letter_is_a_warning(compiled: Compile, html: str) -> None:
    """Words are broken into letters there, and what is still too wide is told, in each document of a program."""
    template = compiled(html, PAGE)
    assert template.info is not None
    program = LoadedProgram.load(template.programs["en-GB"])
    for _ in range(4):
        made = Composition(program, b'{"text": "words"}', assets={}, attributes={}, as_of=AS_OF, engine=ENGINE)
        assert "OVERFLOW" in {code for code, _ in warnings(made)}


CASES_CSS = ".n { white-space: nowrap; width: 20mm }"


def test_a_coarse_picture_is_a_warning(compiled: Compile) -> None:
    """A picture of 50 mm needs 296 pixels at 150 an inch; the message says what it has."""
    template = compiled(PICTURE, PAGE, **SLOT)
    assert warnings(composition(template, pic=picture(300, 200))) == []
    coarse = composition(template, pic=picture(100, 60))
    assert warnings(coarse) == [("LOW_RESOLUTION", "page 1")]
    assert "slot 'pic': the picture has 51 pixels an inch" in coarse.summary.warnings[0].message
    bold = compiled(PICTURE, PAGE, **SLOT, warnings={"minimum-ppi": 50})
    assert warnings(composition(bold, pic=picture(100, 60))) == []


def test_a_picture_wider_than_its_box_is_a_warning(compiled: Compile) -> None:
    """A height alone lets the asset's form decide the width, which may not fit."""
    template = compiled("<img src='asset:pic' style='height: 50mm' alt='A picture'>", PAGE, **SLOT)
    assert warnings(composition(template, pic=picture(2000, 500)))[0] == ("OVERFLOW", "page 1")
    assert warnings(composition(template, pic=picture(500, 500))) == []


@pytest.mark.parametrize("body", ["<p>{{ text }}</p>", "<table><tr pr-for='r in rows'><td>{{ r }}</td></tr></table>"])
def test_small_text_is_a_warning(compiled: Compile, body: str) -> None:
    """Text below the least size is told of where it is shown, in paragraphs and in rows."""
    record = {"text": "fine print", "rows": ["fine print"]}
    small = "p, td { font-size: 4pt }"
    assert warnings(composition(compiled(body, small), record)) == [("SMALL_TEXT", "page 1")]
    assert warnings(composition(compiled(body, small, warnings={"minimum-text": 4}), record)) == []
    assert warnings(composition(compiled(body, small, warnings={"small-text": "pass"}), record)) == []
    assert warnings(composition(compiled(f"{body}<h6 pr-if='more'>x</h6>", "h6 { font-size: 4pt }"), record)) == []


FAILING = {
    "missing-glyph": (NARROW, "", "MISSING_GLYPH"),
    "overflow": (NARROW, CASES_CSS, "OVERFLOW"),
    "low-resolution": (PICTURE, "", "LOW_RESOLUTION"),
    "small-text": (NARROW, "p { font-size: 4pt }", "SMALL_TEXT"),
}


@pytest.mark.parametrize(("kind", "case"), FAILING.items(), ids=list(FAILING))
def test_a_template_decides_what_becomes_of_a_warning(compiled: Compile, kind: str, case: tuple[str, str, str]) -> None:
    """`fail` refuses the document and says why; `pass` says nothing; `warn` is what holds where nothing is said."""
    body, css, code = case
    record = {"text": "漢 much too long for its narrow place"}

    def made(**policy: str) -> Composition:
        others = {other: "pass" for other in KINDS if other != kind}
        template = compiled(body, PAGE + css, **SLOT, warnings=others | policy)
        return composition(template, record, pic=picture(40, 40))

    assert [found for found, _ in warnings(made())] == [code]
    assert warnings(made(**{kind: "warn"})) == warnings(made())
    assert warnings(made(**{kind: "pass"})) == []
    with pytest.raises(PressrunError, match=f"{kind}: fail") as error:
        warnings(made(**{kind: "fail"}))
    assert error.value.reason is Reason.DOCUMENT_REFUSED
    assert error.value.metadata["warning"] == code
    assert error.value.metadata["place"].startswith("page 1")


def test_what_static_text_lacks_is_refused_each_time(compiled: Compile) -> None:
    """A refusal does not depend on what was made before."""
    template = compiled("<p>漢</p>", PAGE, warnings={"missing-glyph": "fail"})
    program = LoadedProgram.load(template.programs["en-GB"])
    for _ in range(3):
        with pytest.raises(PressrunError):
            list(Composition(program, b"{}", assets={}, attributes={}, as_of=AS_OF, engine=ENGINE))


def test_fallbacks_of_assets_are_judged() -> None:
    """A fallback passes, warns or fails; other warnings of assets stay."""
    fallback, stale = RenderWarning("ASSET_FALLBACK", "another", "slots.logo"), RenderWarning("ASSET_STALE", "old", "")
    assert judged([fallback, stale], Policy()) == [fallback, stale]
    assert judged([fallback, stale], Policy(asset_fallback="pass")) == [stale]
    assert judged([stale], Policy(asset_fallback="fail")) == [stale]
    with pytest.raises(PressrunError, match="asset-fallback: fail") as error:
        judged([stale, fallback], Policy(asset_fallback="fail"))
    assert error.value.reason is Reason.DOCUMENT_REFUSED
    assert error.value.metadata == {"warning": "ASSET_FALLBACK", "place": "slots.logo"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("fail", "warnings must be a mapping"),
        ({"overflows": "fail"}, "unknown key 'overflows'"),
        ({"overflow": "stop"}, "overflow is not valid"),
        ({"minimum-ppi": "many"}, "minimum-ppi is not valid"),
        ({"minimum-text": 0}, "minimum-text is not valid"),
        ({"overflow": ["fail"]}, "overflow is not valid"),
    ],
)
def test_a_policy_that_is_none_is_told_of_at_publish(compiled: Compile, value: Any, message: str) -> None:
    """A wrong key or verdict is a diagnostic with a line and what is valid."""
    template = compiled("<p>x</p>", "", warnings=value)
    found = [item for item in template.diagnostics if item.message == message]
    assert found, [str(item) for item in template.diagnostics]
    assert found[0].line == 1
    assert found[0].hint


def test_a_picture_taller_than_the_page_leaves_no_empty_page(compiled: Compile) -> None:
    """It is made as tall as the page, stands on the next one where it must, and everything is on a page once."""
    tall = picture(400, 4000)
    for body, pages in (
        (PICTURE, 1),
        (f"<div style='margin-top: 10mm'>{PICTURE}</div>", 1),
        (f"<p>before</p>{PICTURE}<p>after</p>", 3),
        (f"<h2>Heading</h2>{PICTURE}", 2),
        (f"<div style='break-inside: avoid'><p>kept</p>{PICTURE}</div>", 2),
    ):
        made = composition(compiled(body, PAGE + "img { margin: 4mm 0 }", **SLOT), pic=tall)
        program, images = made._loaded, made._images
        found = list(
            program.layout.pages(program.binder.body(environment(made._record, {}, made._as_of)), images, pytest.fail)
        )
        assert len(found) == pages, body
        for page in found:
            assert page.text or page.images
            assert all(y >= 28346 and y + height <= page.height - 28346 for _, y, _, height, _, _ in page.images), body
