"""The ends of boxes: no text and no border below the margin of a page, whatever stands in what."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pymupdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.programs import loaded

from pressrun_server.render.composition import Composition

_CSS = (
    "@page { size: 200pt 140pt; margin: 20pt } body { font-size: 8pt; line-height: 10pt } p, h2 { margin: 0; font-size: 8pt;"
    " line-height: 10pt } td { padding: 0 } .k { break-inside: avoid } .n { break-after: avoid }"
    + " ".join(f".e{edge} {{ padding: {edge}pt; border: 1pt solid red; margin: {edge}pt 0 }}" for edge in (1, 4, 9))
    + " .b { border-bottom: 6pt solid blue; background: #eef; margin-bottom: 3pt } .h { min-height: 25pt }"
)
_BOTTOM = 120.5
_FORMS = ("e1", "e4", "e9", "b", "k", "h", "e4 k", "b n", "")


def _text(lines: int) -> str:
    return "<p>" + "<br>".join(["@x"] * lines) + "</p>"


_LEAF = st.one_of(
    st.integers(1, 6).map(_text),
    st.just("<h2 class='n'>@x</h2>"),
    st.integers(1, 5).map(lambda rows: f"<table>{'<tr><td>@x</td></tr>' * rows}</table>"),
    st.integers(1, 5).map(
        lambda rows: f"<table class='e4'><thead><tr><th>h</th></tr></thead>{'<tr><td>@x</td></tr>' * rows}</table>"
    ),
    st.integers(1, 4).map(lambda items: f"<ul>{'<li>@x</li>' * items}</ul>"),
    st.just("<div style='columns: 2'><p>@x</p><p>@x</p></div>"),
    st.just("<p>@x</p><p pr-for='x in rows'>{{ x }}</p>"),
)
_BOX = st.recursive(
    _LEAF,
    lambda inner: st.builds(
        lambda form, content: f"<div class='{form}'>{''.join(content)}</div>",
        st.sampled_from(_FORMS),
        st.lists(inner, min_size=1, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_BOX, min_size=1, max_size=4), st.integers(0, 9))
def test_nothing_is_below_the_margin(boxes: list[str], before: int) -> None:
    """All text is there once and in its order above the margin of its page, and so is all that is painted."""
    body, count = "", 0
    for part in re.split("@", _text(before) * bool(before) + "".join(boxes)):
        body += part if not count else f"w{count}{part}"
        count += 1
    program = loaded(body, _CSS)
    record = json.dumps({"rows": ["r1", "r2"]}).encode()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    data, *others = (
        b"".join(Composition(program, record, assets={}, attributes={}, as_of=moment, engine="0")) for _ in range(4)
    )
    assert all(other == data for other in others)
    found: list[int] = []
    for page in pymupdf.open(stream=data, filetype="pdf"):
        for word in page.get_text("words"):
            assert word[3] < _BOTTOM + 2, word
        for drawing in page.get_drawings():
            assert drawing["rect"].y1 < _BOTTOM, drawing["rect"]
        found += [int(number) for number in re.findall(r"w(\d+)x", page.get_text())]
    assert sorted(found) == list(range(1, count))
