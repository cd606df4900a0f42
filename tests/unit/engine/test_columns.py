"""Columns: what they hold, over pages and balanced, and what cannot stand in them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.engine.conftest import AS_OF, ENGINE, bundle
from tests.unit.engine.test_structure import check, tree

from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

Compose = Callable[..., Any]

CSS = (
    "@page { size: 300pt 200pt; margin: 20pt } p { margin: 0 0 4pt } body { font-size: 8pt; line-height: 10pt }"
    " .c { columns: 3; column-gap: 10pt } h2 { font-size: 9pt; margin: 4pt 0 2pt } .k { break-inside: avoid }"
    " .b { background: #eee; padding: 3pt; margin: 3pt 0 }"
)
_WIDTH = (260 - 20) / 3


def words(made: Any) -> list[tuple[int, int, float, str]]:
    """Page, column, baseline and text of each word."""
    found = []
    for number, page in enumerate(made):
        for left, _, right, bottom, text, *_ in page.get_text("words"):
            column = int((left - 20) // (_WIDTH + 10))
            assert left >= 20 + column * (_WIDTH + 10) - 0.5
            assert right <= 20 + column * (_WIDTH + 10) + _WIDTH + 0.5
            assert 20 <= bottom <= 184
            found.append((number, column, bottom, text))
    return found


def test_text_goes_down_and_then_across(composed: Compose) -> None:
    """In reading order, and the columns of the last page are about as high as each other."""
    text = " ".join(f"w{number}" for number in range(400))
    made = composed(f"<div class='c'><p>{text}</p></div>", CSS)
    assert made.summary.pages > 1
    found = words(made.pdf)
    assert sorted(found, key=lambda item: item[:3]) == found
    assert [word for *_, word in found] == text.split()
    last = [item for item in found if item[0] == made.summary.pages - 1]
    lowest = [max(bottom for _, column, bottom, _ in last if column == number) for number in range(3)]
    assert max(lowest) - min(lowest) <= 21


def test_a_paragraph_in_several_columns_is_one_element(composed: Compose) -> None:
    """Columns are nothing in the structure: headings, paragraphs and lists follow each other."""
    body = "<div class='c'><h1>One</h1><p>" + "word " * 120 + "</p><ul><li>item</li></ul></div><p>end</p>"
    made = composed(body, CSS)
    with check(made.data) as pdf:
        assert tree(pdf) == "H1\nP\nL\n  LI\n    Lbl\n    LBody\n      P\nP"


def test_a_heading_stays_with_its_text(composed: Compose) -> None:
    """No column ends with a heading, wherever the columns are balanced to."""
    for length in range(20, 60, 3):
        body = "".join(f"<h2>H{n}</h2><p>{'text ' * length}</p>" for n in range(4))
        found = words(composed(f"<div class='c'>{body}</div>", CSS).pdf)
        for number, (page, column, _, word) in enumerate(found):
            if word.startswith("H"):
                assert found[number + 1][:2] == (page, column)


def test_columns_in_a_cell_are_balanced(composed: Compose) -> None:
    """Where no page ends, columns are as low as they can be."""
    cell = "<div style='columns: 2; column-gap: 10pt'><p>" + "word " * 30 + "</p></div>"
    made = composed(f"<table><tr><td>{cell}</td><td>x</td></tr></table>", CSS)
    bottoms: dict[float, float] = {}
    for left, _, _, bottom, text, *_ in made.pdf[0].get_text("words"):
        if text == "word":
            bottoms[left] = max(bottoms.get(left, 0), bottom)
    lowest = {round(left) // 70: bottom for left, bottom in sorted(bottoms.items())}
    assert len(lowest) == 2
    assert max(lowest.values()) - min(lowest.values()) <= 11


def test_tables_stand_in_columns(composed: Compose) -> None:
    """Whole where a column holds them; else each column has the header, and carries what it comes to to the next one."""
    table = (
        "<table><thead><tr><th>Head</th></tr></thead><tr pr-for='n in numbers' pr-sum='s = n'><td>r{{ n }}</td></tr>"
        "<tfoot><tr pr-on='continued'><td>so far {{ s.running }}</td></tr><tr pr-on='last'><td>all {{ s.running }}</td></tr>"
        "</tfoot></table>"
    )
    body = (
        f"<div class='c'><p>{'word ' * 60}</p>{table}<div style='display: flex'><p style='flex: 1'>end</p></div></div>"
    )
    short, long = (composed(body, CSS, {"numbers": list(range(count))}) for count in (5, 60))
    columns = [
        {(page, column) for page, column, _, word in words(made.pdf) if word[0] == "r"} for made in (short, long)
    ]
    assert len(columns[0]) == 1
    assert len(columns[1]) > 3
    said = " ".join(word for *_, word in sorted(words(long.pdf), key=lambda item: item[:3]))
    assert said.count("Head") == len(columns[1])
    for found in re.finditer(r"r(\d+) so far (\d+)", said):
        assert int(found[2]) == sum(range(int(found[1]) + 1))
    assert said.endswith("r59 all 1770 end")
    with check(long.data) as pdf:
        assert tree(pdf).startswith("P\nTable\n  THead\n    TR\n      TH\n  TBody\n    TR\n      TD\n")


@pytest.mark.parametrize(
    "inside",
    [
        "<ul><li>mark {{ text }}</li></ul>",
        "<table><thead><tr><th>Head</th></tr></thead><tr><td>mark<br>under</td></tr></table>",
        "<h2>mark</h2><table><tr><td>{{ text }}</td></tr></table>",
    ],
)
@pytest.mark.parametrize("lines", range(12, 16))
def test_columns_that_begin_where_a_page_ends(composed: Compose, inside: str, lines: int) -> None:
    """What has no room in the low columns that a page has left is whole on the next one."""
    body = f"<div style='height: {lines}0pt'>before</div><div class='c'>{inside}</div>"
    made = composed(body, CSS, {"text": "word " * 9})
    assert [word for *_, word in words(made.pdf) if word == "mark"] == ["mark"]
    check(made.data).close()


_PARTS = st.lists(
    st.tuples(st.sampled_from(["p", "p", "h", "k", "b", "l", "t"]), st.integers(1, 60)), min_size=0, max_size=14
)
_BODY = """<p>{{ before }}</p><div class="c"><div pr-for="part in parts"><h2 pr-if="part.kind == 'h'">{{ part.text }}</h2>
<div class="k" pr-elif="part.kind == 'k'"><p>{{ part.text }}</p></div><div class="b" pr-elif="part.kind == 'b'"><p>{{ part.text }}</p></div>
<ul pr-elif="part.kind == 'l'"><li>{{ part.text }}</li></ul><table pr-elif="part.kind == 't'"><tr pr-for="word in part.words"><td>{{ word }}</td></tr></table>
<p pr-else>{{ part.text }}</p></div></div>"""


def _program(css: str) -> LoadedProgram:
    template = compile_bundle(bundle(_BODY, CSS + css))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    return LoadedProgram.load(template.programs["en-GB"])


_PROGRAMS = {"balance": _program(""), "auto": _program(".c { column-fill: auto }")}


@pytest.mark.parametrize("fill", _PROGRAMS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 120), _PARTS)
def test_every_word_is_in_a_column_once(fill: str, before: int, parts: list[tuple[str, int]]) -> None:
    """In reading order by column, no two lines of a column closer than a line, and each painted box around its text."""
    count = 0
    record: dict[str, Any] = {"before": "- " * before, "parts": []}
    for kind, length in parts:
        said = [f"w{n}" for n in range(count, count + length)]
        record["parts"].append({"kind": kind, "text": " ".join(said), "words": said})
        count += length
    data = b"".join(
        Composition(_PROGRAMS[fill], json.dumps(record).encode(), assets={}, attributes={}, as_of=AS_OF, engine=ENGINE)
    )
    document = pymupdf.open(stream=data, filetype="pdf")
    found = []
    for number, page in enumerate(document):
        for left, _, right, bottom, text, *_ in page.get_text("words"):
            if re.fullmatch(r"w\d+", text):
                column = int((left - 20) // (_WIDTH + 10))
                assert right <= 20 + column * (_WIDTH + 10) + _WIDTH + 0.5
                assert bottom <= 184
                found.append((number, column, round(bottom, 1), left, text))
    assert [int(item[4][1:]) for item in sorted(found)] == list(range(count))
    lines = sorted({item[:3] for item in found})
    for first, second in itertools.pairwise(lines):
        assert first[:2] != second[:2] or second[2] - first[2] > 8
    check(data).close()


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<p>x<span style='float: footnote'>y</span></p>", "a footnote stands"),
        ("<p style='position: absolute; top: 0'>x</p>", "a box at a fixed place stands"),
        ("<pr-fill><p>x</p></pr-fill>", "<pr-fill> stands"),
        ("<div style='columns: 2'><p>x</p></div>", "a block with columns stands"),
        ("<p style='break-before: page'>x</p>", "a break of pages stands"),
    ],
)
def test_what_cannot_stand_in_columns(compiled: Callable[..., Any], inside: str, message: str) -> None:
    """It is told when the template is checked, with its place."""
    found = compiled(f"<div class='c'>{inside}</div>", CSS)
    assert found.info is None
    assert any(message in item.message for item in found.diagnostics), [str(item) for item in found.diagnostics]


def test_who_can_have_columns(compiled: Callable[..., Any]) -> None:
    """Blocks that hold blocks, with room for all columns."""
    for body, message in (
        ("<ul style='columns: 2'><li>x</li></ul>", "<ul> cannot have columns"),
        ("<div style='columns: 20; width: 100pt'>x</div>", "have no room"),
        ("<div style='columns: 2 3'>x</div>", "columns"),
        (
            "<table style='table-layout: auto'><tr><td><div style='columns: 2'>x</div></td></tr></table>",
            "as wide as their contents",
        ),
    ):
        found = compiled(body, CSS)
        assert any(message in item.message for item in found.diagnostics), [str(item) for item in found.diagnostics]


def test_no_columns_are_none() -> None:
    """`columns: 0` is a count that is not valid, and no width."""
    template = compile_bundle(bundle('<div class="c"><p>x</p></div>', ".c { columns: 0 }"))
    assert template.info is None
    assert any("column" in str(item) for item in template.diagnostics)


@pytest.mark.parametrize("before", [4, 16, 22])
@pytest.mark.parametrize("count", [20, 60, 80])
def test_a_table_goes_along_before_its_rows_are_parted(composed: Compose, before: int, count: int) -> None:
    """A row that may be parted is not, as long as its table goes to a higher column whole: no line is over another."""
    css = "@page { size: 90mm 110mm; margin: 10mm } body { font-size: 8pt } p { margin: 0 }"
    rows = "<tr pr-for='row in rows' style='break-inside: auto'><td>{{ row }}</td></tr>"
    body = f"<p pr-for='n in lines'>n</p><div style='columns: 2'><table>{rows}</table></div>"
    record = {"lines": [1] * before, "rows": ["a", "b", "word " * count, "d", *"e" * 10, "word " * 60]}
    document = composed(body, css, record).pdf
    for page in document:
        places = []
        for block in page.get_text("dict")["blocks"]:
            places += [
                (span["origin"][0] > 130, span["origin"][1]) for line in block["lines"] for span in line["spans"]
            ]
        lines = sorted(places)
        assert all(y - above > 5 for (column, above), (same, y) in itertools.pairwise(lines) if column == same)
    assert sum(page.get_text().count("word") for page in document) == count + 60
