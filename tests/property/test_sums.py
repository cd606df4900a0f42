"""Sums of tables: whatever the rows are and wherever pages end, the pages' sums add up, exactly."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pymupdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.programs import loaded

from pressrun_server.render.composition import Composition, LoadedProgram

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_BODY = """
<p pr-for="line in before">{{ line }}</p>
<table><colgroup><col><col style="width: 30mm"><col style="width: 30mm"></colgroup>
<thead><tr><th>Text</th><th>Amount</th><th>Balance</th></tr>
<tr pr-on="continued"><td colspan="3">before={{ paid.before | amount }};</td></tr></thead>
<tbody pr-for="group in groups"><tr class="k"><td colspan="3">{{ group.name }}</td></tr>
<tr pr-for="row in group.rows" pr-sum="paid = row.amount; rows = 1">
<td>{{ row.text }}</td><td>row={{ row.amount | amount }};</td><td>RUNNING</td></tr></tbody>
<tfoot><tr pr-on="continued"><td colspan="3">page={{ paid.page | amount }}; carried={{ paid.running | amount }};</td></tr>
<tr pr-on="last"><td colspan="3">page={{ paid.page | amount }}; total={{ paid.running | amount }}; count={{ rows.running }};</td></tr>
</tfoot></table>
"""
_CSS = "@page { size: 120mm 70mm; margin: 8mm } body { font-size: 8pt } .k { break-after: avoid } td { padding: 0 }"


_RUNNING = "running={{ paid.running | amount }};"
_TOTAL = _RUNNING + " of={{ paid.total | amount }};"
_ROW_TEXTS = ("", _RUNNING, _TOTAL)
_PROGRAMS = {
    (running, quick): loaded(_BODY.replace("RUNNING", running), _CSS, quick=quick)
    for running in _ROW_TEXTS
    for quick in (False, True)
}
_AMOUNTS = st.decimals(-(10**9), 10**9, places=2)
_ROWS = st.lists(st.tuples(_AMOUNTS, st.integers(0, 40)), max_size=25)


def _compose(program: LoadedProgram, record: dict[str, Any]) -> bytes:
    return b"".join(
        Composition(program, json.dumps(record).encode(), assets={}, attributes={}, as_of=_MOMENT, engine="0")
    )


def _found(text: str, name: str) -> list[Decimal]:
    values = re.findall(rf"{name}=([^;]*);", "".join(text.split()))
    return [Decimal(value.replace(",", "").replace("\u2212", "-")) for value in values]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_ROWS, max_size=6), st.integers(0, 18), st.sampled_from(_ROW_TEXTS))
def test_the_sums_of_pages_add_up(groups: list[list[tuple[Decimal, int]]], before: int, running: str) -> None:
    """Each page's sum is that of the rows that begin on it; what is carried forward is brought forward; all is exact."""
    record = {
        "before": ["line"] * before,
        "groups": [
            {"name": f"group {n}", "rows": [{"text": "word " * words, "amount": str(a)} for a, words in rows]}
            for n, rows in enumerate(groups)
        ],
    }
    data = _compose(_PROGRAMS[running, False], record)
    assert data == _compose(_PROGRAMS[running, True], record)
    pages = [page.get_text() for page in pymupdf.open(stream=data, filetype="pdf")]
    amounts = [amount for rows in groups for amount, _ in rows]
    assert [amount for text in pages for amount in _found(text, "row")] == amounts
    if running == _TOTAL:
        assert [total for text in pages for total in _found(text, "of")] == [sum(amounts)] * len(amounts)
    forward = Decimal(0)
    for text in pages:
        if "Balance" not in text:
            continue  # above the table
        assert all(value == forward for value in _found(text, "before"))
        if running:
            so_far = forward
            for amount, shown in zip(_found(text, "row"), _found(text, "running"), strict=True):
                so_far += amount
                assert shown == so_far
        [page] = _found(text, "page")
        assert page == sum(_found(text, "row"))
        forward += page
        assert [*_found(text, "carried"), *_found(text, "total")] == [forward]
    assert forward == sum(amounts)
    assert _found(pages[-1], "count") == [len(amounts)]
