"""Numbers below each other by their decimal sign: one place for the sign in all rows, whatever way a row is placed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.engine.conftest import AS_OF, ENGINE, bundle

from pressrun_server.model.template import CompiledTemplate
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

Compose = Callable[..., Any]
Compile = Callable[..., CompiledTemplate]

_CSS = (
    "@page { size: 300pt 400pt; margin: 20pt } body { font-family: FiraGO; font-size: 10pt }"
    " table { width: 100% } td, th { padding: 2pt 4pt } .n { text-align: '.00'; font-variant-numeric: tabular-nums }"
)
_ROWS = "<table><tbody><tr pr-for='row in rows'><td>{{ row.text }}</td><td class=n>{{ row.value }}</td></tr></tbody></table>"
_EDGE = 300 - 20 - 4
_NEAR = 0.05


def _characters(page: Any) -> list[list[tuple[str, float, float]]]:
    """Each line's characters right of the middle, with their left and right edges."""
    lines: dict[int, list[tuple[str, float, float]]] = {}
    for block in page.get_text("rawdict", flags=0)["blocks"]:
        for line in block["lines"]:
            for span in line["spans"]:
                for char in span["chars"]:
                    if char["origin"][0] > 150:
                        found = lines.setdefault(round(char["origin"][1]), [])
                        found.append((char["c"], char["bbox"][0], char["bbox"][2]))
    return [sorted(line, key=lambda item: item[1]) for _, line in sorted(lines.items())]


def _sign(line: list[tuple[str, float, float]], sign: str = ".") -> float:
    """Where a line's decimal sign begins; where it would, if it has none."""
    index = next((index for index, item in enumerate(line) if item[0] == sign), None)
    return line[-1][2] if index is None else line[index][1]


def _record(*values: str, text: str = "x") -> dict[str, Any]:
    return {"rows": [{"text": text, "value": value} for value in values]}


def test_signs_are_at_one_place(composed: Compose) -> None:
    """Numbers of other lengths, also without a fraction, have their sign at one place; the longest ends at the edge."""
    document = composed(_ROWS, _CSS, _record("1.25", "1234567.5", "-3.75", "12"))
    lines = _characters(document.pdf[0])
    assert ["".join(char for char, *_ in line) for line in lines] == ["1.25", "1234567.5", "-3.75", "12"]
    signs = [_sign(line) for line in lines]
    assert signs == pytest.approx([signs[0]] * 4, abs=_NEAR)
    assert lines[0][-1][2] == pytest.approx(_EDGE, abs=_NEAR)


def test_a_row_of_several_lines_is_no_other(composed: Compose) -> None:
    """Where another cell takes several lines, the number still stands below the others."""
    record = _record("1.25", "20.5")
    record["rows"].append({"text": "words that take more than the one line there is here", "value": "300.7"})
    signs = [_sign(line) for line in _characters(composed(_ROWS, _CSS, record).pdf[0])]
    assert signs == pytest.approx([signs[0]] * 3, abs=_NEAR)


def test_the_sign_is_the_locales_own(composed: Compose) -> None:
    """One style sheet does for a locale that writes a comma."""
    body = _ROWS.replace("row.value }}", "row.value | number }}")
    document = composed(body, _CSS, _record("1.25", "1234.5", "7"), locale="de-DE", locales=["de-DE"])
    lines = _characters(document.pdf[0])
    assert "".join(char for char, *_ in lines[1]) == "1.234,5"
    signs = [_sign(line, ",") for line in lines]
    assert signs == pytest.approx([signs[0]] * 3, abs=_NEAR)


def test_several_styles_in_a_cell(composed: Compose) -> None:
    """A number whose fraction is of another style stands below the others."""
    body = (
        "<table><tr><td>a</td><td class=n>{{ one }}</td></tr>"
        "<tr><td>b</td><td class=n><b>{{ one }}.</b>5</td></tr></table>"
    )
    first, second = _characters(composed(body, _CSS, {"one": "17"}).pdf[0])
    assert _sign(second) == pytest.approx(_sign(first), abs=_NEAR)


def test_what_is_longer_stays_in_its_cell(composed: Compose) -> None:
    """A fraction longer than was said ends at the edge instead of leaving its cell; so does a number that is too wide."""
    lines = _characters(composed(_ROWS, _CSS, _record("1.2", "1.23456", "9" * 20 + ".5")).pdf[0])
    assert lines[1][-1][2] == pytest.approx(_EDGE, abs=_NEAR)
    assert all(char[2] <= _EDGE + _NEAR for line in lines for char in line)


@pytest.mark.parametrize(
    ("body", "css", "message"),
    [
        ("<p>1</p>", "p { text-align: '.00' }", "text in <p> cannot be aligned"),
        ("<table><tr><td><p>1</p></td></tr></table>", "td { text-align: '.00' }", "text in <p> cannot be aligned"),
        ("<table><tr><td>1<div>2</div></td></tr></table>", "td { text-align: '.0' } div { text-align: left }", "several blocks"),
        ("<table><tr><td><a href='https://x.example/'>1</a></td></tr></table>", "td { text-align: '.0' }", "a link"),
        ("<table><tr><td>1</td></tr></table>", "td { text-align: '.0'; text-align-last: left }", "text-align-last"),
        ("<table><tr><td>1</td></tr></table>", "td { text-align: '.' }", "what stands behind it"),
        ("<table><tr><td>1</td></tr></table>", "td { text-align: 'x0' }", "what stands behind it"),
        ("<table><tr><td>1</td></tr></table>", "td { text-align: middle }", '".00"'),
    ],
)  # fmt: skip
def test_what_cannot_be_aligned_is_told(compiled: Compile, body: str, css: str, message: str) -> None:
    """At publish, with the place."""
    found = [f"{item} {item.hint}" for item in compiled(body, css).diagnostics]
    assert any(message in text for text in found), found


_NUMBERS = st.decimals(-(10**7), 10**7, places=2).map(str) | st.integers(-(10**6), 10**6).map(str)


@settings(max_examples=40, deadline=None)
@given(st.lists(_NUMBERS, min_size=1, max_size=8), st.booleans())
def test_rows_by_code_are_the_same(values: list[str], amounts: bool) -> None:  # noqa: FBT001 - drawn
    """A program that is used again places rows by code: the bytes are the same, and all signs are at one place."""
    shown = "row.value | amount" if amounts else "row.value"
    template = compile_bundle(bundle(_ROWS.replace("row.value", shown), _CSS))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    program = LoadedProgram.load(template.programs["en-GB"])
    record = json.dumps(_record(*values)).encode()
    made = [
        b"".join(Composition(program, record, assets={}, attributes={}, as_of=AS_OF, engine=ENGINE)) for _ in range(4)
    ]
    assert made == [made[0]] * 4
    signs = [_sign(line) for line in _characters(pymupdf.open(stream=made[0], filetype="pdf")[0])]
    assert signs == pytest.approx([signs[0]] * len(values), abs=_NEAR)
