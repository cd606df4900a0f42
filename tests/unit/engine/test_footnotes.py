"""Footnotes: their numbers, where they stand, what is carried to the next page, and what is told of those that can't be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pymupdf
import pytest
from tests.unit.engine.conftest import AS_OF, ENGINE
from tests.unit.engine.test_structure import check, tree

from pressrun_server.render.composition import Composition, LoadedProgram

Compose = Callable[..., Any]

CSS = (
    "@page { size: 240pt 160pt; margin: 20pt } p { margin: 0 0 6pt } body { font-size: 10pt; line-height: 14pt }"
    " .n { float: footnote; font-size: 7pt; line-height: 9pt }"
)
LONG = " ".join(f"w{number}" for number in range(200))


def lines(made: Any, page: int = 0) -> list[str]:
    """The lines of a page, from its top."""
    words = sorted(made.pdf[page].get_text("words"), key=lambda word: (round(word[3]), word[0]))
    found: dict[int, list[str]] = {}
    for word in words:
        found.setdefault(round(word[3]), []).append(word[4])
    return [" ".join(line) for line in found.values()]


def test_numbers_follow_what_a_record_shows(compiled: Callable[..., Any]) -> None:
    """Footnotes of branches that are not shown don't count; those of loops do, and their text is the record's."""
    body = (
        "<p>a<span class='n'>first</span> <b pr-if='no'>b<span class='n'>hidden</span></b></p>"
        "<p pr-for='row in rows'>{{ row.name }}<span class='n'>about {{ row.name }}</span></p>"
        "<table><tr pr-for='row in rows'><td>{{ row.name }}<span pr-if='row.note' class='n'>{{ row.note }}</span></td></tr></table>"
    )
    rows = [{"name": "x", "note": ""}, {"name": "y", "note": "of y"}]
    template = compiled(body, CSS)
    assert template.info is not None
    program = LoadedProgram.load(template.programs["en-GB"])
    record = json.dumps({"no": False, "rows": rows}).encode()
    seen = set()
    for _ in range(4):  # closures first, code after that
        data = b"".join(Composition(program, record, assets={}, attributes={}, as_of=AS_OF, engine=ENGINE))
        seen.add(data)
    text = " ".join(" ".join(page.get_text().split()) for page in pymupdf.open(stream=data, filetype="pdf"))
    assert "1. first 2. about x 3. about y" in text
    assert "4. of y" in text
    assert "hidden" not in text
    assert len(seen) == 1


def test_the_structure_has_a_note_with_its_number_and_where_it_is_called(composed: Compose) -> None:
    """Notes are the document's own, behind what their page has; each has an identifier."""
    made = composed("<p>a<span class='n'>one <a href='https://a.example'>link</a></span> b</p><p>c</p>", CSS)
    with check(made.data) as pdf:
        assert tree(pdf) == "P\n  Reference\nP\nNote\n  Lbl\n  Link"


def test_a_table_that_goes_on_has_its_notes_beside_it(composed: Compose) -> None:
    """A table's body holds nothing but rows, whatever its cells call."""
    body = "<table><tr pr-for='row in rows'><td>{{ row }}<span class='n'>of {{ row }}</span></td></tr></table>"
    made = composed(body, CSS, {"rows": list(range(12))})
    assert made.summary.pages > 1
    with check(made.data) as pdf:
        found = tree(pdf)
    assert found.startswith("Table\n  TBody\n" + "    TR\n      TD\n        Reference\n" * 12)
    assert found.count("\nNote\n  Lbl") == 12


def test_a_row_over_pages_has_its_notes_where_they_are_called(composed: Compose) -> None:
    """A part of a row ends where what it calls has room on its page, whatever stands beside it."""
    cells = "".join(
        f"<td><p style='line-height: {height}pt' pr-for='row in rows'>{name}{{{{ row }}}}x"
        f"<span class='n'>n{name}{{{{ row }}}}</span></p></td>"
        for name, height in (("a", 14), ("b", 23))
    )
    made = composed(f"<table><tr>{cells}</tr></table>", CSS, {"rows": list(range(24))})
    pages = [made.text(page) for page in range(made.summary.pages)]
    assert len(pages) > 8
    for text in pages:
        noted = re.findall(r"\d+\. n([ab]\d+)", text)
        said = re.findall(r"([ab]\d+)x", text)
        assert sorted(noted) == sorted(said)
    check(made.data)


def test_what_there_is_no_room_for_goes_on_at_the_foot_of_the_next_page(composed: Compose) -> None:
    """A long footnote begins on the page of its call and goes on below the text of the next ones, every word once."""
    made = composed(f"<p>called<span class='n'>{LONG}</span></p><p>{'text ' * 60}</p>", CSS)
    pages = [lines(made, page) for page in range(made.summary.pages)]
    assert pages[0][0].startswith("called")
    assert pages[0][1].startswith("1. w0")
    assert pages[1][0].startswith("text")
    assert re.match(r"w\d+ ", pages[1][-1])
    words = re.findall(r"\bw\d+\b", " ".join(line for page in pages for line in page))
    assert len(pages) > 1
    assert words == LONG.split()
    with check(made.data) as pdf:
        assert tree(pdf) == "P\n  Reference\nNote\n  Lbl\nP"


def test_a_footnote_longer_than_two_pages_comes_to_its_end(composed: Compose) -> None:
    """Also where no text is left to stand above it."""
    made = composed(
        f"<p>called<span class='n'>{LONG} {LONG.replace('w', 'v')} {LONG.replace('w', 'u')}</span></p>", CSS
    )
    assert made.summary.pages > 2
    text = " ".join(made.text(page) for page in range(made.summary.pages))
    assert len(re.findall(r"\b[wvu]\d+\b", text)) == 600
    check(made.data).close()


def test_numbers_of_pages(composed: Compose) -> None:
    """With `counter-reset: footnote` each page begins with 1, also where a kept block takes its calls along."""
    body = "".join(
        f"<div style='break-inside: avoid'><p>t{n}<span class='n'>n{n}</span></p><p>s{n}<span class='n'>m{n}</span></p></div>"
        for n in range(5)
    )
    made = composed(body, CSS + "@page { counter-reset: footnote }")
    assert made.summary.pages > 1
    for page in range(made.summary.pages):
        numbers = [int(number) for number in re.findall(r"\b(\d+)\. [nm]", made.text(page))]
        assert numbers == list(range(1, len(numbers) + 1))
        for letter, kept in (("t", "n"), ("s", "m")):
            for found, call in re.findall(rf"\b{letter}(\d)(\d)\b", made.text(page)):
                assert f"{call}. {kept}{found}" in made.text(page)


def test_calls_that_follow_each_other_are_told_apart(composed: Compose) -> None:
    """Two calls at one place are two elements' numbers, and both footnotes are there."""
    made = composed("<p>a<span class='n'>one</span><span class='n'>two</span></p>", CSS)
    assert "1. one 2. two" in made.text()


def test_a_heading_with_a_footnote_keeps_its_bookmark(composed: Compose) -> None:
    """The bookmark says what the heading says, without the call."""
    made = composed("<h1>Terms<span class='n'>as of 2026</span></h1>", CSS)
    assert made.pdf.get_toc() == [[1, "Terms", 1]]


@pytest.mark.parametrize(
    ("body", "css", "message"),
    [
        ("<div class='r'>x<span class='n'>y</span></div>", ".r { position: running(r) } @page { @top-left { content: element(r) } }", "in a running element"),
        ("<div style='position: absolute; top: 0'>x<span class='n'>y</span></div>", "", "in a box at a fixed place"),
        ("<table><thead><tr><th>x<span class='n'>y</span></th></tr></thead><tr><td>z</td></tr></table>", "", "header or footer"),
        ("<pr-fill><p>x<span class='n'>y</span></p></pr-fill>", "", "in <pr-fill>"),
        ("<p>x<span class='n'>y<span class='n'>z</span></span></p>", "", "in a footnote"),
        ("<p><a href='#x' id='x'>x<span class='n'>y</span></a></p>", "", "in a link"),
        ("<p>x<span class='n'> </span></p>", "", "has no text"),
        ("<p>x</p>", "@page { @footnote { width: 3cm } }", "width is not supported"),
        ("<p>x</p>", "p::first-line { color: red }", "::first-line is not supported"),
        ("<p style='counter-reset: footnote'>x</p>", "", "counter-reset: footnote"),
        ("<p>x</p>", "@page { counter-reset: page }", "counter-reset"),
    ],
)  # fmt: skip
def test_where_no_footnote_can_be(compiled: Callable[..., Any], body: str, css: str, message: str) -> None:
    """It is told when the template is checked."""
    found = compiled(body, f"{CSS} {css}")
    assert found.info is None
    assert any(message in item.message for item in found.diagnostics), [str(item) for item in found.diagnostics]


def test_loops_and_names_in_a_line_call_footnotes(composed: Compose) -> None:
    """Each turn calls its own, with the values that it knows."""
    body = (
        "<p>all: <span pr-for='row in rows'>{{ row }}<span class='n'>of {{ row }} ({{ loop.index }})</span>, </span>"
        "<span pr-with='two = rows | last'>{{ two }}<span class='n'>again {{ two }}</span></span></p>"
    )
    text = composed(body, CSS, {"rows": ["x", "y"]}).text()
    assert "1. of x (1) 2. of y (2) 3. again y" in text


def test_a_column_as_wide_as_its_contents_has_room_for_calls(composed: Compose) -> None:
    """A number stays behind its word in a table of automatic widths."""
    body = "<table style='table-layout: auto; width: auto'><tr><td>Feeeee<span class='n'>monthly</span></td><td>1</td></tr></table>"
    made = composed(body, CSS)
    tops = {round(word[3] - word[1]) and word[4]: word[3] for word in made.pdf[0].get_text("words")}
    assert any(word.startswith("Feeeee1") for word in tops), tops
