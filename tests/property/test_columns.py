"""Automatic columns: whatever they hold, they end where their table does, and all text is in its column."""

from __future__ import annotations

import json
import re
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.programs import loaded

from pressrun_server.layout.columns import Contents, Sizes, assigned
from pressrun_server.model.columns import Track
from pressrun_server.render.composition import Composition, LoadedProgram

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_WIDTHS = st.integers(0, 300_000)
_LENGTHS = st.none() | _WIDTHS.map(lambda width: (width, 0))
_TRACKS = st.lists(
    st.builds(Track, _LENGTHS, st.just(0) | st.integers(0, 60_000), st.booleans()), min_size=1, max_size=8
)


@settings(max_examples=300, deadline=None)
@given(_TRACKS, st.data(), st.integers(0, 900_000))
def test_columns_fill_their_table(tracks: list[Track], data: st.DataObject, width: int) -> None:
    """To the thousandth of a point; none is narrower than its widest word where there is room for all of these."""
    contents = Contents()
    for _ in range(data.draw(st.integers(0, 12))):
        column = data.draw(st.integers(0, len(tracks) - 1))
        span = data.draw(st.integers(1, len(tracks) - column))
        contents.add(column, span, data.draw(_WIDTHS), data.draw(_WIDTHS))
    sizes = Sizes.of(tracks, contents)
    for (column, span), (least, most) in contents.needs.items():
        assert sum(sizes.least[column : column + span]) >= least
        assert sum(sizes.most[column : column + span]) >= most
    assert sizes.greatest() >= sum(sizes.most)
    found = assigned(sizes, width)
    assert all(column >= 0 for column in found)
    assert sum(found) == width
    if width >= sum(sizes.least):
        assert all(column >= least for column, least in zip(found, sizes.least, strict=True))


_BODY = """
<table class="t"><thead><tr><th>No</th><th colspan="2">Both of these</th></tr></thead>
<tbody pr-for="group in groups"><tr><th>{{ group.name }}</th><td class="y" colspan="2"><p>{{ group.text }}</p></td></tr>
<tr pr-for="row in group.rows" pr-sum="all = row.amount"><td>{{ loop.index }}</td><td class="g">{{ row.text }}</td>
<td class="r">={{ row.amount | amount }};</td></tr></tbody>
<tfoot><tr><td>of {{ all.running }}</td><td></td><td><table><tr><td>in</td><td>ner</td></tr></table></td></tr></tfoot></table>
<table class="w"><tr pr-for="row in rows"><td>{{ row.text }}</td><td class="r">={{ row.amount | amount }};</td></tr></table>
"""
_CSS = (
    "@page { size: 90mm 80mm; margin: 8mm } body { font-size: 8pt } table { table-layout: auto } .w { width: 100% }"
    " .r { text-align: right } p { margin: 1mm 2mm } td, th { padding: 1pt 2pt }"
    " .y { background: #ffff00 } .g { background: #00ff00 }"
)


_PROGRAMS = [loaded(_BODY, _CSS, quick=quick) for quick in (False, True)]
_TEXT = st.text(st.sampled_from("ab -éłΩЖ"), max_size=120)
_ROW = st.fixed_dictionaries({"text": _TEXT, "amount": st.decimals(-(10**9), 10**9, places=2).map(str)})
_ROWS = st.lists(_ROW, max_size=12) | _ROW.map(lambda row: [row] * 450)
_GROUP = st.fixed_dictionaries({"name": _TEXT, "text": _TEXT, "rows": st.lists(_ROW, max_size=6)})
_RECORD = st.fixed_dictionaries({"groups": st.lists(_GROUP, max_size=3), "rows": _ROWS})


def _compose(program: LoadedProgram, record: dict[str, Any]) -> bytes:
    text = json.dumps(record).encode()
    return b"".join(Composition(program, text, assets={}, attributes={}, as_of=_MOMENT, engine="0"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_RECORD)
def test_text_stays_in_its_column(record: dict[str, Any]) -> None:
    """All amounts are there once, in order, and nothing leaves the page; the same with code for rows and without."""
    data = _compose(_PROGRAMS[0], record)
    assert data == _compose(_PROGRAMS[1], record)
    left, right = (edge * 72 / 25.4 for edge in (8, 90 - 8))
    found: list[str] = []
    for page in pymupdf.open(stream=data, filetype="pdf"):
        assert all(word[0] >= left - 0.01 and word[2] <= right + 0.01 for word in page.get_text("words"))
        found += re.findall(r"=([^;]*);", "".join(page.get_text().split()))
    rows = [row for group in record["groups"] for row in group["rows"]] + record["rows"]
    assert [text.replace(",", "").replace("\u2212", "-") for text in found] == [
        re.sub(r"^-(?=0\.00$)", "", row["amount"]) for row in rows
    ]


def _rise(body: str, css: str, rows: int) -> int:
    """Bytes that the making of a document takes at most, beyond its decoded record."""
    program = loaded(body, css)
    text = json.dumps({"rows": [{"text": f"row {n}", "amount": f"{n}.25"} for n in range(rows)]}).encode()
    steps = iter(Composition(program, text, assets={}, attributes={}, as_of=_MOMENT, engine="0"))
    tracemalloc.start()
    try:
        next(steps)  # the record is decoded
        begun, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        assert sum(map(len, steps)) > rows
        return tracemalloc.get_traced_memory()[1] - begun
    finally:
        tracemalloc.stop()


@pytest.mark.long
def test_a_table_that_looks_ahead_takes_no_more_memory() -> None:
    """15,000 rows with automatic columns and a total in each are gone over three times, and never held as content."""
    body = (
        "<table><tr pr-for='row in rows' pr-sum='all = row.amount'><td>{{ row.text }}</td><td class='r'>"
        "{{ row.amount | amount }}</td><td>TOTAL</td></tr></table>"
    )
    fixed = _rise(body, _CSS.replace("table-layout: auto", ""), 15_000)
    ahead = _rise(body.replace("TOTAL", "{{ all.total }}"), _CSS, 15_000)
    assert ahead < fixed + 2**19, (ahead, fixed)
