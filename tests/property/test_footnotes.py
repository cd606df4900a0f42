"""Footnotes: every word is shown once, begins on the page that calls it, and stands below the text, inside its page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pikepdf
import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.programs import loaded
from tests.unit.engine.test_structure import check, elements

from pressrun_server.render.composition import Composition

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_HEIGHT, _MARGIN = 200, 20
_CSS = f"""
@page {{ size: 200pt {_HEIGHT}pt; margin: {_MARGIN}pt; @footnote {{ border-top: 1pt solid black }} }}
body {{ font-size: 8pt; line-height: 10pt }} p {{ margin: 0 0 4pt; orphans: 1; widows: 1 }}
.n {{ float: footnote; font-size: 6pt; line-height: 8pt }} .kept {{ break-inside: avoid }} td {{ padding: 0 }}
"""
_BODY = """
<div pr-for="part in parts">
  <p pr-if="part.kind == 'plain'">{{ part.text }}<span class="n" pr-if="part.note">{{ part.note }}</span> {{ part.more }}</p>
  <div class="kept" pr-elif="part.kind == 'kept'"><h6>{{ part.text }}</h6><p>{{ part.more }}<span class="n">{{ part.note }}</span></p></div>
  <table pr-else><tr><td>{{ part.text }}</td><td>{{ part.more }}<span class="n">{{ part.note }}</span></td></tr></table>
</div>
"""
_PART = st.tuples(
    st.sampled_from(["plain", "plain", "kept", "row"]), st.integers(0, 20), st.integers(0, 70), st.integers(0, 40)
)


_PROGRAMS = {
    "document": loaded(_BODY, _CSS),
    "page": loaded(_BODY, _CSS + "@page { counter-reset: footnote }"),
}


def _record(parts: list[tuple[str, int, int, int]]) -> tuple[dict[str, Any], set[str], dict[str, str]]:
    """A record, all its words, and by the last word before a call the first one of its footnote."""
    made, every, calls, count = [], set(), {}, 0

    def words(letter: str, many: int) -> list[str]:
        nonlocal count
        count += many
        found = [f"{letter}{number}{letter}" for number in range(count - many, count)]
        every.update(found)
        return found

    for kind, text, note, more in parts:
        first, noted, rest = words("t", text + 1), words("n", note + 1), words("m", more + 1)
        made.append({"kind": kind, "text": " ".join(first), "note": " ".join(noted), "more": " ".join(rest)})
        calls[first[-1] if kind == "plain" else rest[-1]] = noted[0]
    return {"parts": made}, every, calls


@pytest.mark.parametrize("numbered", _PROGRAMS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_PART, max_size=6))
def test_nothing_is_lost_and_nothing_overlaps(numbered: str, parts: list[tuple[str, int, int, int]]) -> None:
    """Whatever a record says, and the structure has each footnote with its number."""
    record, every, calls = _record(parts)
    made = Composition(
        _PROGRAMS[numbered], json.dumps(record).encode(), assets={}, attributes={}, as_of=_MOMENT, engine="0"
    )
    data = b"".join(made)
    shown: list[str] = []
    places: dict[str, int] = {}
    for number, page in enumerate(pymupdf.open(stream=data, filetype="pdf")):
        rules = [drawing["rect"].y0 for drawing in page.get_drawings()]
        assert len(rules) <= 1
        for left, top, right, bottom, text, *_ in page.get_text("words"):
            assert left >= _MARGIN - 1
            assert right <= 200 - _MARGIN + 1
            assert top >= _MARGIN - 4
            assert bottom <= _HEIGHT - _MARGIN + 4
            for word in re.findall(r"[tnm]\d+[tnm]", text):
                shown.append(word)
                places[word] = number
                below = bool(rules) and (top + bottom) / 2 > rules[0]
                assert below == word.startswith("n"), (word, number)
    assert sorted(shown) == sorted(every)
    for before, noted in calls.items():
        assert places[noted] == places[before], (before, noted)
    with check(data) as pdf:
        roles = [str(element.S) for element in elements(pdf.Root.StructTreeRoot)]
        assert roles.count("/Reference") == len(calls)
        assert roles.count("/Lbl") == len(calls)
        if calls:
            names = pikepdf.NameTree(pdf.Root.StructTreeRoot.IDTree)
            noted_elements = [e for e in elements(pdf.Root.StructTreeRoot) if e.S == "/Note"]
            assert {str(e.ID) for e in noted_elements} == set(names)
            assert len(names) == len(noted_elements) >= len(calls)
