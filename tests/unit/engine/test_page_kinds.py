"""Named pages and kinds of pages: what a template may say, and what a long document shows."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TypeAlias

import pikepdf
import pytest
from tests.unit.engine.conftest import Composed, bundle

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
        ("<p>a</p>", f"{PAGE} @page w {{ margin-left: 1mm }}", "all pages have the same room"),
        ("<p>a</p>", f"{PAGE} @page w {{ size: A5 }}", "all pages have one size"),
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
