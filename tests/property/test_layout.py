from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.programs import loaded

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.render.composition import Composition

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_BODY = """
<footer class="f">Page {{ page.number }} of {{ page.count }}</footer>
<h1>{{ title }}</h1>
<p pr-for="text in texts">{{ text }}</p>
<div class="box"><p>{{ title }}</p></div>
<table><colgroup><col style="width: 15mm"><col><col style="width: 30mm"></colgroup>
<thead><tr><th>No</th><th>Text</th><th>Amount</th></tr></thead>
<tr pr-for="row in rows"><td>{{ row.no }}</td><td>{{ row.text }}</td><td class="r">{{ row.amount | amount }}</td></tr>
<tfoot><tr><td colspan="3">foot of {{ rows | length }} rows</td></tr></tfoot>
</table>
<p>end</p>
"""
_CSS = """
@page { size: 105mm 148mm; margin: 12mm 10mm 15mm; @bottom-center { content: element(f) } }
.f { position: running(f); text-align: center } body { font-size: 8pt } .r { text-align: right }
.box { background: #eee; padding: 2mm; break-inside: avoid } td { padding: 1mm } tr:nth-child(even) { background: #eef }
"""


_PROGRAM = loaded(_BODY, _CSS)
_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn"))
_TEXT = st.text(_LETTERS, max_size=200) | st.text(st.sampled_from("ab -\u2013(\\)éłΩЖ\u00a0"), max_size=600)
_ROWS = st.lists(st.tuples(_TEXT, st.decimals(-(10**9), 10**9, places=2)), max_size=60)


def _record(title: str, texts: list[str], rows: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        "title": title,
        "texts": texts,
        "rows": [{"no": n, "text": text, "amount": str(amount)} for n, (text, amount) in enumerate(rows)],
    }


def _compose(record: dict[str, Any]) -> tuple[bytes, int]:
    parts = Composition(_PROGRAM, json.dumps(record).encode(), assets={}, attributes={}, as_of=_MOMENT, engine="0")
    return b"".join(parts), parts.summary.pages


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_TEXT, st.lists(_TEXT, max_size=5), _ROWS)
def test_any_text_renders_inside_its_page(title: str, texts: list[str], rows: list[tuple[str, Any]]) -> None:
    """Whatever the record says, the document is valid, every glyph is inside the page, and no amount leaves its column."""
    data, pages = _compose(_record(title, texts, rows))
    document = pymupdf.open(stream=data, filetype="pdf")
    assert not document.is_repaired
    assert document.page_count == pages
    for page in document:
        left, right = 10 / 25.4 * 72, page.rect.width - 10 / 25.4 * 72
        for block in page.get_text("rawdict")["blocks"]:
            for line in block["lines"]:
                for span in line["spans"]:
                    for char in span["chars"]:
                        assert char["origin"][0] >= left - 0.1
                        assert char["origin"][0] <= right + 0.1
                        assert 0 < char["origin"][1] < page.rect.height


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 250), st.integers(1, 30))
def test_every_row_is_there_once_and_in_order(count: int, words: int) -> None:
    """Each row of a table stands in the document exactly once, whatever its height, and the end comes last."""
    rows = [(f"start{n}x " + "word " * (n % words) + f"stop{n}x", n) for n in range(count)]
    data, _ = _compose(_record("t", [], rows))
    text = " ".join(page.get_text() for page in pymupdf.open(stream=data, filetype="pdf"))
    assert [int(n) for n in re.findall(r"start(\d+)x", text)] == list(range(count))
    assert [int(n) for n in re.findall(r"stop(\d+)x", text)] == list(range(count))
    assert text.count("word") == sum(n % words for n in range(count))
    assert "end" in text.split(f"foot of {count} rows")[-1]
    assert text.count("foot of") == text.count("Amount")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3000))
def test_a_row_taller_than_a_page_goes_on_over_pages(words: int) -> None:
    """A cell with more text than a page holds loses nothing."""
    data, pages = _compose(_record("t", [], [("word " * words, 1), ("after", 2)]))
    text = " ".join(page.get_text() for page in pymupdf.open(stream=data, filetype="pdf"))
    assert text.count("word") == words
    assert text.count("after") == 1
    assert pages >= words * 8 * 5 // (60 * 300 * 8)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"title": "t", "texts": 5, "rows": []},
        {"title": ["t"], "texts": [], "rows": []},
        {"title": "t", "texts": [], "rows": [{"no": 1, "text": "x", "amount": "much"}]},
        {"title": "t", "texts": [], "rows": [{"no": 1, "text": "x"}]},
        {"title": "t", "texts": [], "rows": [{"no": 1, "text": {"a": 1}, "amount": "1"}]},
    ],
)
def test_a_record_that_does_not_fit_is_an_error_with_a_place(record: dict[str, Any]) -> None:
    """What the template cannot show is INVALID_RECORD with the expression's place, never a wrong document."""
    with pytest.raises(PressrunError) as error:
        _compose(record)
    assert error.value.reason is Reason.INVALID_RECORD
    assert error.value.violations[0].field.startswith("p.html:")


@pytest.mark.parametrize("number", ["1e-999999999", "1E+999999999", "-1e500"])
def test_a_number_beyond_any_double_is_refused(number: str) -> None:
    """A number whose digits would fill gigabytes is INVALID_RECORD at once."""
    record = f'{{"title": {number}, "texts": [], "rows": []}}'.encode()
    with pytest.raises(PressrunError) as error:
        b"".join(Composition(_PROGRAM, record, assets={}, attributes={}, as_of=_MOMENT, engine="0"))
    assert error.value.reason is Reason.INVALID_RECORD


def test_too_many_pages_is_a_limit() -> None:
    """A record that would fill more pages than the limit is refused, not rendered for ever."""
    rows = [("x", n) for n in range(3)]
    from pressrun_server.render import composition  # noqa: PLC0415

    before = composition.MOST_PAGES
    composition.MOST_PAGES = 2
    try:
        with pytest.raises(PressrunError) as error:
            _compose(_record("t", ["word " * 2000], rows))
    finally:
        composition.MOST_PAGES = before
    assert error.value.reason is Reason.LIMIT_EXCEEDED
