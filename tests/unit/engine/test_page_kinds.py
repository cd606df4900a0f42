"""Named pages and kinds of pages: what a template may say, and what a long document shows."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
import pikepdf
import pymupdf
import pytest
from tests.unit.engine.conftest import AS_OF, ENGINE, Composed, bundle

from pressrun_server.errors import PressrunError
from pressrun_server.model.press import Imposition, PressOrder, PressSpec
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.press_composition import PressComposition
from pressrun_server.template.compile import compile_bundle

Compose: TypeAlias = "Callable[..., Composed]"

PAGE = "@page { size: 60mm 60mm; margin: 10mm }"


@pytest.mark.parametrize(
    ("body", "css", "message"),
    [
        ("<p style='page: wide'>a</p>", PAGE, "there is no @page wide"),
        ("<ul style='page: w'><li>a</li></ul>", f"{PAGE} @page w {{ }}", "<ul> cannot name its page"),
        (
            "<table><tr><td><p style='page: w'>a</p></td></tr></table>",
            f"{PAGE} @page w {{ }}",
            "<p> cannot name its page",
        ),
        ("<p>a</p>", f"{PAGE} @page :nth(2) {{ }}", "@page :nth(2) is not supported"),
        ("<p>a</p>", f"{PAGE} @page :last {{ margin-top: 1mm }}", "the last page has the margins"),
        ("<p>a</p>", f"{PAGE} @page :left {{ margin-left: 1mm }}", "all pages of one name have the same room"),
        ("<p>a</p>", f"{PAGE} @page w:left {{ margin-left: 1mm }}", "all pages of one name have the same room"),
        ("<p>a</p>", f"{PAGE} @page w:first {{ size: A5 }}", "all pages of one name have one size"),
        ("<p>a</p>", f"{PAGE} @page :right {{ size: A5 }}", "all pages of one name have one size"),
        ("<p>a</p>", f"{PAGE} @page w {{ size: 30mm 60mm; margin: 10mm 14mm }}", "@page w leave no room"),
        (
            "<main><p style='page: w'>a</p></main>",
            f"{PAGE} @page w {{ size: A5 }} main {{ padding: 0 1mm }}",
            "inside of a box that is not as wide",
        ),
        (
            "<main><p style='page: w'>a</p></main>",
            f"{PAGE} @page w {{ size: A5 }} main {{ background: #eee }}",
            "inside of <main>, which is painted behind it",
        ),
        (
            "<div style='position: absolute; top: 1mm'>a</div>",
            f"{PAGE} @page :left {{ margin-left: 5mm; margin-right: 15mm }}",
            "needs pages that all have one left margin",
        ),
    ],
)
def test_what_pages_cannot_be_is_said(body: str, css: str, message: str) -> None:
    """A kind of page that there cannot be is a diagnostic when the template is compiled."""
    found = compile_bundle(bundle(body, css)).diagnostics
    assert any(message in str(item) for item in found), [str(item) for item in found]


def test_the_last_page_of_a_long_document_has_its_own_footer(composed: Compose) -> None:
    """With more pages than are held, only the last one shows what :last says, with the count in place."""
    body = "<p id='u'>{{ page.number }} of {{ page.count }}</p><p id='l'>end of {{ page.count }}</p>"
    body += "<div style='break-after: page'>x</div>" * 7 + "<div>y</div>"
    css = f"{PAGE} @page {{ @bottom-left {{ content: element(u) }} }} @page :last {{ @bottom-left {{ content: element(l) }} }}"
    made = composed(body, f"{css} #u {{ position: running(u) }} #l {{ position: running(l) }}")
    texts = [page.get_text().split("\n") for page in made.pdf]
    assert [text[1] for text in texts] == [*(f"{number} of 8" for number in range(1, 8)), "end of 8"]


def test_links_move_with_the_margin_of_a_left_page(composed: Compose) -> None:
    """On a left page with another margin a link lies where its text is."""
    css = f"{PAGE} @page :left {{ margin-left: 15mm; margin-right: 5mm }} div {{ break-before: page }}"
    made = composed("<p>a</p><div><a href='https://example.com/'>there</a></div>", css)
    page = made.pdf[1]
    (link,), word = page.get_links(), page.get_text("words")[0]
    assert abs(link["from"].x0 - word[0]) < 1
    assert abs(word[0] - 15 * 72 / 25.4) < 1


def test_a_blank_page_is_valid_in_a_tagged_document(composed: Compose) -> None:
    """A page inserted for its side has no structure, and the file is sound."""
    made = composed("<p>a</p><p style='break-before: right'>b</p>", PAGE)
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        assert len(pdf.pages) == 3
        assert not pdf.check_pdf_syntax()
    assert made.text(1) == ""
    assert made.text(2) == "b"


TURNED = (
    f"{PAGE} @page {{ @bottom-left {{ content: element(folio) }} }} @page w {{ size: 120mm 80mm; margin: 10mm 20mm 15mm 30mm }}"
    " .folio { position: running(folio) } section { page: w } .n { float: footnote } p { margin: 0 } td { padding: 0 }"
)
WIDE = (
    "<div class='folio'>Page {{ page.number }} of {{ page.count }}</div><p>before</p><section><h1>Appendix</h1>"
    "<table><thead><tr><th>No</th><th style='text-align: right'>End</th></tr></thead>"
    "<tr pr-for='row in rows'><td>{{ row }}</td><td style='text-align: right'>e{{ row }}</td></tr></table>"
    "<p>called<span class='n'>A note that is as wide as the page</span></p>"
    "<p style='position: absolute; top: 2mm; right: 3mm; width: 20mm; text-align: right'>fixed</p></section>"
    "<p>after</p><p style='position: absolute; top: 2mm; right: 3mm; width: 20mm; text-align: right'>fixed</p>"
)
_MM = 72 / 25.4


@pytest.mark.parametrize("rows", [2, 40])
def test_pages_of_a_name_have_a_size_of_their_own(composed: Compose, rows: int) -> None:
    """What stands on wide pages is as wide as they are, with footers, footnotes and fixed places; others are as before."""
    made = composed(WIDE, TURNED, {"rows": list(range(rows))})
    pages = list(made.pdf)
    wide = [round(page.rect.width / _MM) for page in pages]
    assert wide == [60, *[120] * (len(pages) - 2), 60]
    assert (len(pages) > 3) == (rows == 40)
    ends = []
    for number, page in enumerate(pages, 1):
        words = {word[4]: word for word in page.get_text("words")}
        assert f"Page {number} of {len(pages)}" in " ".join(page.get_text().split())
        left, right = (30, 100) if page.rect.width > 100 * _MM else (10, 50)
        assert words["Page"][0] == pytest.approx(left * _MM, abs=1)
        for name, word in words.items():
            if name == "fixed":
                assert word[2] == pytest.approx(page.rect.width - 3 * _MM, abs=1)
            elif name[:1] == "e" and name[1:].isdecimal():
                assert word[2] == pytest.approx(right * _MM, abs=1)
                ends.append(int(name[1:]))
    assert ends == list(range(rows))
    (note,) = [word for page in pages for word in page.get_text("words") if word[4] == "note"]
    assert note[0] == pytest.approx(30 * _MM, abs=30)


def test_pages_that_begin_with_another_size(composed: Compose) -> None:
    """A document may begin on them; so may a section of them follow another one at once."""
    css = f"{PAGE} @page w {{ size: 120mm 60mm }} @page v {{ size: 40mm 90mm }} .w {{ page: w }} .v {{ page: v }}"
    made = composed("<p class='w'>a</p><div class='v'><p>b</p></div><div class='w'><p>c</p></div><p>d</p>", css)
    sizes = [tuple(round(side / _MM) for side in page.rect[2:]) for page in made.pdf]
    assert sizes == [(120, 60), (40, 90), (120, 60), (60, 60)]
    whole = composed("<p>a</p>", f"{css} body {{ page: w }}")
    assert round(whole.pdf[0].rect.width / _MM) == 120


def _printed(body: str, css: str, **asked: Any) -> pymupdf.Document:
    template = compile_bundle(bundle(body, css))
    program = LoadedProgram.load(template.programs["en-GB"])
    made = Composition(program, b'{"rows": [1, 2]}', assets={}, attributes={}, as_of=AS_OF, engine=ENGINE)
    order = PressOrder(PressSpec(**asked), "tiny@1", "en-GB", "r", AS_OF, ENGINE)
    data = b"".join(PressComposition(msgspec.msgpack.encode(order), made, "0" * 64))
    return pymupdf.open(stream=data, filetype="pdf")


def test_sheets_are_as_large_as_their_pages() -> None:
    """Marks stand around each page, and on both sides of a sheet are pages of its paper, however it is turned."""
    marked = _printed(WIDE, TURNED, bleed=8504, crop_marks=True)
    trims = [pymupdf.Rect(page.trimbox) for page in marked]
    assert [round(trim.width / _MM) for trim in trims] == [60, 120, 60]
    grounded = _printed("<p>a</p>", f"{PAGE} @page {{ background: rgba(0, 128, 0, .5) }}", bleed=8504)
    (ground,) = grounded[0].get_drawings()
    assert ground["fill"] == pytest.approx((0.5, 0.75, 0.5), abs=0.01)
    assert tuple(ground["rect"]) == pytest.approx(tuple(grounded[0].rect), abs=0.1)
    sides = _printed(WIDE, TURNED, duplex=True)
    assert [round(page.rect.width / _MM) for page in sides] == [60, 60, 120, 120, 60, 60]
    assert [" ".join(page.get_text().split())[:3] for page in sides] == ["bef", "", "App", "", "aft", ""]
    turned = _printed(
        "<p>a</p><p style='page: w'>b</p>", "@page { size: A5 } @page w { size: A5 landscape }", duplex=True
    )
    assert len(turned) == 2


def test_pages_of_several_sizes_are_not_imposed() -> None:
    """Sheets that are folded or cut at one place need pages of one size; which are not is said."""
    for imposition in (Imposition.TWO_UP, Imposition.FOUR_UP, Imposition.BOOKLET):
        with pytest.raises(PressrunError, match="60 x 60 mm and, as page 2, 120 x 80 mm") as error:
            _printed(WIDE, TURNED, imposition=imposition)
        assert error.value.violations[0].field == "print.imposition"


def test_other_output_channels_show_what_stands_on_wide_pages() -> None:
    """What names its pages is in pages for browsers, e-mails and plain text as all else is."""
    channels = {"channels": ["print", "email", "web", "mobile"], "email": {"subject": "s", "from": "a@example.com"}}
    template = compile_bundle(
        bundle(WIDE.replace("<p style='position: absolute", "<p style='display: none"), TURNED, **channels)
    )
    assert template.info is not None, [str(item) for item in template.diagnostics]
    assert not [item for item in template.diagnostics if "page" in str(item)]
