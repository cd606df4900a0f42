"""Passages: whether layout keeps their forms changes nothing but the time that a document takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.property.programs import compiled
from tests.property.templates import CSS

from pressrun_server.model.digest import Digest
from pressrun_server.prepare.image import prepare_image
from pressrun_server.render.composition import Composition, LoadedProgram

_BODY = """
<header class="h">{{ name }}, page {{ page.number }}<span pr-if="flag"> of {{ page.count }}</span></header>
<div class="a"><p pr-for="line in lines">{{ line }}</p><img src="asset:logo" alt="{{ name }}"></div>
<main class="box">
<p pr-for="text in before">{{ text }}</p>
<h2>Dear {{ name }}</h2>
<p class="c">{{ name }} <b>{{ name }}</b> and {{ number }} more</p>
<div class="tint"><p>{{ long }}</p><p pr-if="flag" class="r">{{ name }}</p><p pr-else>nothing</p></div>
<img src="asset:logo" alt="">
<table role="presentation"><tr><td>{{ name }}</td><td class="r">{{ number }}</td><td>still</td></tr>
<tr pr-if="flag"><td colspan="2"><p>{{ long }}</p><p>{{ name }}</p></td><td class="c">{{ name }}</td></tr></table>
<div pr-with="twice = name ~ name"><p>{{ twice }}</p></div>
<pr-barcode value="{{ name }}x" alt="{{ name }}" style="width: 20mm"></pr-barcode>
<pr-chart type="bar" items="n in numbers" value="n" label="{{ n }}" tick="{{ value | number(0) }}" alt="chart"></pr-chart>
<ul><li pr-for="line in lines">{{ line }}</li></ul>
<p>behind {{ name }}</p><p class="next">with {{ name }}</p>
<table><thead><tr><th>No</th><th>Text</th></tr></thead>
<tr pr-for="line in before"><td>{{ loop.index }}</td><td><p>{{ line }}</p><p>{{ name }}</p></td></tr></table>
<p>end {{ name }}</p>
</main>
"""
_CSS = """
@page { size: 105mm 148mm; margin: 12mm 10mm 15mm; @top-left { content: element(h) } }
.h { position: running(h) } body { font-size: 8pt } p { margin: 2mm 0 } h2 { margin: 4mm 0 1mm; break-after: avoid }
.a { position: absolute; top: 2mm; left: 60mm; width: 40mm } .r { text-align: right } .c { text-align: center }
.tint { background: #eee; padding: 2mm; border-top: .5pt solid #333; break-inside: avoid } img { height: 6mm }
.next { break-after: avoid } .box { margin-top: 3mm } td { padding: 1mm; background: #eef } pr-chart { height: 20mm }
"""
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def _picture() -> tuple[Digest, Any]:
    data = BytesIO()
    Image.new("RGB", (40, 20), "teal").save(data, "PNG")
    return Digest.of(data.getvalue()), prepare_image(data.getvalue())


_SLOTS = {"logo": {"rules": [{"use": "library:logo"}], "otherwise": "omit"}}
_PROGRAM = compiled(_BODY, _CSS, slots=_SLOTS)["en-GB"]
_PICTURE = _picture()
_KEPT = LoadedProgram.load(_PROGRAM)
_KEPT.binder.quicken()
_WORDS = st.sampled_from(["Ann", "", " ", "Jörg Müller", "Małgorzata Wójcik", "Ωρίων", "a b", "x" * 90, "soft\u00adhyphen", "two  words",
                          "\ufffe", "fi-ve six"])  # fmt: skip
_LONG = st.lists(_WORDS, max_size=40).map(" ".join)
_RECORD = st.fixed_dictionaries(
    {
        "name": _WORDS
        | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=30),
        "lines": st.lists(_WORDS, max_size=9),
        "before": st.lists(_LONG, max_size=12),
        "long": _LONG,
        "flag": st.booleans(),
        "number": st.integers(-(10**6), 10**6),
        "numbers": st.lists(st.integers(0, 5000), min_size=1, max_size=12),
    }
)


def _composed(program: LoadedProgram, record: dict[str, Any], *, picture: bool) -> tuple[bytes, Any]:
    assets = {"logo": _PICTURE} if picture else {}
    parts = Composition(program, json.dumps(record).encode(), assets=assets, attributes={}, as_of=_MOMENT, engine="0")
    return b"".join(parts), parts.summary.warnings


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(record=_RECORD, picture=st.booleans())
def test_a_form_at_hand_changes_no_byte(*, record: dict[str, Any], picture: bool) -> None:
    """A program that keeps forms of many records gives what one gives that was never used."""
    kept = _composed(_KEPT, record, picture=picture)
    new = _composed(LoadedProgram.load(_PROGRAM), record, picture=picture)
    assert kept == new


def test_forms_are_used() -> None:
    """What the test above compares are passages in their forms, also of records that are new."""
    program = LoadedProgram.load(_PROGRAM)
    program.binder.quicken()
    record = {
        "name": "Ann",
        "lines": ["a", "b"],
        "before": [],
        "long": "few words",
        "flag": True,
        "number": 1,
        "numbers": [1, 2],
    }
    _composed(program, record, picture=True)
    before = program.layout.passages.used
    _composed(program, {**record, "name": "Bob", "number": 22}, picture=True)
    assert program.layout.passages.used - before >= 4


def test_what_a_passage_in_a_passage_begins_with_is_kept() -> None:
    """A heading that calls a footnote, a chosen paragraph that is kept with what follows, and that: forms or not."""
    body = (
        "<footer class='foot'>foot</footer><h2>head<span class='note'>note</span></h2><p pr-if='other'>other</p><p pr-else style='border: 1pt solid #c00;"
        " background: #eef; break-after: avoid'>m3z Ünïcode long-hyphenated-word co\u00adop Zoë Ünïcode</p><div style='display: flex;"
        " gap: 2mm'><div style='flex: 1'><ul><li>{{ text }}</li></ul></div><p>m6z Ünïcode a\u00a0b 1.234,56 “q” “q”</p></div>"
    )
    text = (
        "m5z long-hyphenated-word a\u00a0b Ελλάς Zoë Ünïcode a\u00a0b co\u00adop a\u00a0b 1.234,56 long-hyphenated-word Ελλάς word"
        " Zoë word Wałęsa long-hyphenated-word Ελλάς (x) 1.234,56 1.234,56 Wałęsa (x) a\u00a0b"
    )
    program = LoadedProgram.load(compiled(body, CSS)["en-GB"])
    record = json.dumps({"text": text, "other": False}).encode()
    made = {
        b"".join(Composition(program, record, assets={}, attributes={}, as_of=_MOMENT, engine="0")) for _ in range(4)
    }
    assert len(made) == 1
