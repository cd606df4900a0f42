"""Code that is made for rows changes no byte: closures and code give the same document, or the same error."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.programs import compiled

from pressrun_loadtest.records import generate_small
from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.errors import PressrunError
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_BODY = """
<table><colgroup><col style="width: 18mm"><col><col style="width: 24mm"><col style="width: 20mm"><col style="width: 15mm"></colgroup>
<thead><tr><th>Date</th><th>Text</th><th>Amount</th><th>Rate</th><th>Code</th></tr></thead>
<tr pr-for="row in rows" pr-sum="all = row.amount"><td>{{ row.date | date('short') }}</td><td>{{ row.text }}</td>
<td class="r"><span class="minus" pr-if="'-' in row.amount">{{ row.amount | amount }}</span><span pr-else>+{{ row.amount | amount }}</span></td>
<td class="d">{{ row.rate | number }}</td><td class="u">{{ row.code | default('none') }}</td></tr>
<tfoot><tr><td colspan="5" class="r">{{ all.running | amount }}</td></tr></tfoot></table>
<table><tr pr-for="row in rows"><td class="s">{{ row.text }}</td><td class="r">{{ row.amount | money('EUR') }}</td></tr></table>
<table class="auto"><tr pr-for="row in rows"><td>{{ row.date | date('long') }}</td><td class="r">{{ row.amount | amount }}</td></tr></table>
"""
_CSS = (
    "@page { size: 120mm 90mm; margin: 8mm } body { font-size: 8pt } td { padding: 0.5mm } .r { text-align: right }"
    " .minus { color: #a00; font-weight: bold } .d { text-align: '.000' } .u { font-weight: bold }"
    " .s { letter-spacing: 0.2pt } .auto { table-layout: auto } tr:nth-child(even) { background: #eef }"
)


def _programs(locale: str) -> tuple[LoadedProgram, LoadedProgram]:
    """A program that stays on closures, and one that has code."""
    data = compiled(_BODY, _CSS, locales=[locale])[locale]
    quick = LoadedProgram.load(data)
    quick.binder.quicken()
    return LoadedProgram.load(data), quick


_LOCALES = {locale: _programs(locale) for locale in ("en-GB", "de-CH", "es-ES")}
_AMOUNTS = st.decimals(-(10**8), 10**8, places=2).map(str) | st.sampled_from(
    [
        "0.00",
        "-0.00",
        "-0.004",
        "7",
        "-1234567.5",
        "1e3",
        "٣.00",
        "1234567890123456789012345678901234567890.12",
        "x",
        "",
    ]
)
_TEXTS = st.text(st.sampled_from("abc -é€łΩЖ\u00a0\u00ad|(\\)"), max_size=60)
_DATES = st.dates().map(str) | st.sampled_from(["2026-13-01", "0001-01-01", "2026-01-01T10:00:00Z", "1 May", ""])
_ROW = st.fixed_dictionaries(
    {
        "date": _DATES,
        "text": _TEXTS,
        "amount": _AMOUNTS,
        "rate": st.decimals(0, 99, places=3).map(str) | st.integers(0, 9),
    },
    optional={"code": _TEXTS | st.none()},
)
_SOUND = st.fixed_dictionaries(
    {"date": st.dates().map(str), "text": _TEXTS, "amount": st.decimals(-(10**8), 10**8, places=2).map(str), "rate": st.just("1.5")}
)  # fmt: skip


def _made(program: LoadedProgram, record: dict[str, Any]) -> Any:
    composition = Composition(program, json.dumps(record).encode(), assets={}, attributes={}, as_of=_MOMENT, engine="0")
    try:
        return b"".join(composition), composition.summary.warnings
    except PressrunError as error:
        return error.reason, str(error)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_SOUND, max_size=30) | st.lists(_ROW, max_size=6), st.sampled_from(sorted(_LOCALES)))
def test_code_gives_what_closures_give(rows: list[dict[str, Any]], locale: str) -> None:
    """The same bytes and warnings, or the same error at the same place, whatever the rows hold."""
    closures, code = _LOCALES[locale]
    assert _made(closures, {"rows": rows}) == _made(code, {"rows": rows})


def test_code_is_what_is_compared() -> None:
    """The loops above have code where they may, and it places rows: neither is left out without a word."""
    _, code = _LOCALES["en-GB"]
    row = {"date": "2026-01-01", "text": "a", "amount": "1.00", "rate": "1"}
    _made(code, {"rows": [row] * 3})
    placers = list(code.layout.__dict__["_placers"].values())
    assert sum(placer is not None for placer in placers) == 2


def test_a_statement_is_the_same_with_code() -> None:
    """The sample statement, in three languages: the third document of a program is made by code, the first by closures."""
    compiled = compile_bundle(load_bundle(statement_path()))
    for item in generate_small(5, 9):
        data = compiled.programs[item["locale"]]
        used = LoadedProgram.load(data)
        made = [_made(used, item["record"]) for _ in range(4)]
        assert made == [made[0]] * 4
        assert made[0] == _made(LoadedProgram.load(data), item["record"])
