"""Any input gives a program or diagnostics, a document or a PressrunError; never another error."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun_server.errors import PressrunError
from pressrun_server.model.template import CompiledTemplate
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle
from pressrun_server.template.grammar import GrammarError, parse_text
from pressrun_server.template.selection import Selector

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_SCHEMA = {
    "type": "object",
    "properties": {"name": {}, "rows": {"type": "array", "items": {"type": "object"}}, "n": {}},
}
_FILES = {
    "template.yaml": json.dumps(
        {
            "name": "f", "version": "1", "html": "f.html", "locales": ["en-GB", "fr-FR"], "schema": _SCHEMA,
            "strings": {"en-GB": {"a": "A"}, "fr-FR": {"a": "B"}},
            "slots": {"logo": {"rules": [{"when": "n == 1", "use": "library:a.png"}], "otherwise": "omit"}},
        },
        indent=1,
    ).encode(),
    "f.html": b"""<!doctype html><html><head><link rel="stylesheet" href="f.css"><title>T</title></head><body>
<footer class="f">{{ t.a }} {{ page.number }} of {{ page.count }}</footer><img src="asset:logo" alt="{{ name }}">
<h1 pr-if="name is defined">{{ name | upper }}</h1><p pr-else>none</p>
<table><colgroup><col style="width: 20%"><col></colgroup><thead><tr><th>a</th><th>b</th></tr></thead>
<tr pr-for="row in rows"><td>{{ row.a | default('-') }}</td><td class="r">{{ row.b | default(0) | amount }}</td></tr></table>
<div class="box" pr-for="row in rows"><p>{{ loop.index }} {{ row.a if row.a is defined else 'x' }}<br>y</p></div>
<address style="position: absolute; top: 10mm; left: 5mm; width: 40mm">{{ n | default('') }}</address></body></html>""",
    "f.css": b"""@page { size: 100mm 120mm; margin: 10mm; @bottom-right { content: element(f) } }
@page :first { margin-top: 30mm } .f { position: running(f) } body { font: none; font-size: 9pt; line-height: 1.3 }
.r { text-align: right } .box { border: 1pt solid #abc; padding: 2mm; break-inside: avoid; background: #eee }
tr:nth-child(even) td { background-color: rgb(1, 2, 3) } h1 { letter-spacing: .1em; text-transform: uppercase }""".replace(
        b"font: none; ", b""
    ),
}  # fmt: skip
_TOKENS = [
    "{{", "}}", "{%", "|", "pr-for", "pr-if", 'pr-else=""', "<td", "</tr>", "<table>", "<p>", "</div>", "@page", ":first",
    "%", "-1", "1e99", "999999mm", "\x00", "\ud7ff", "é", "__class__", "colspan='9'", "!important", "var(--x)", "&#0;",
    "<svg>", "<!--", "]]>", "'", '"', ";", "{", "}", "(", "calc(1mm", "*", "loop", "asset:", "null", "- ", ": ", "\n",
]  # fmt: skip


def _mutated(seed: int) -> dict[str, bytes]:
    chance = random.Random(seed)
    files = dict(_FILES)
    for _ in range(chance.randint(1, 6)):
        name = chance.choice(sorted(files))
        data = bytearray(files[name])
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.choice(_TOKENS).encode("utf-8", "surrogatepass")
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 4)))
            case 3:
                start = chance.randrange(len(data) + 1)
                data[at:at] = data[start : start + chance.randint(1, 200)]
            case _:
                if at < len(data):
                    data[at] = chance.randrange(256)
        files[name] = bytes(data)
    return files


def _any_files(seed: int) -> None:
    compiled = compile_bundle(_mutated(seed))
    assert isinstance(compiled, CompiledTemplate)
    assert (compiled.info is None) == any(item.severity == "error" for item in compiled.diagnostics)
    if compiled.info is not None:
        for data in compiled.programs.values():
            _any_record(LoadedProgram.load(data), {"name": "n", "rows": [{"a": "x", "b": "1.5"}, {}], "n": 1})


def _any_record(program: LoadedProgram, record: Any) -> None:
    try:
        made = Composition(program, json.dumps(record).encode(), assets={}, attributes={}, as_of=_MOMENT, engine="0")
        assert b"".join(made).endswith(b"%%EOF\n")
    except PressrunError:
        pass


@pytest.mark.parametrize("block", range(4))
def test_damaged_bundles_give_diagnostics(block: int) -> None:
    """A bundle with random damage compiles, or says what is wrong."""
    for seed in range(block * 40, block * 40 + 40):
        _any_files(seed)


@pytest.mark.long
@pytest.mark.parametrize("block", range(8))
def test_thousands_of_damaged_bundles_give_diagnostics(block: int) -> None:
    """The same, for thousands."""
    for seed in range(10_000 + block * 1000, 10_000 + block * 1000 + 1000):
        _any_files(seed)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
_RECORDS = st.fixed_dictionaries({}, optional={"name": _JSON, "n": _JSON, "rows": _JSON | st.lists(_JSON, max_size=3)})


def _template() -> tuple[LoadedProgram, Selector]:
    compiled = compile_bundle(_FILES)
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    return LoadedProgram.load(compiled.programs["fr-FR"]), Selector(compiled.info)


_PROGRAM, _SELECTOR = _template()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_RECORDS)
def test_any_record_gives_a_document_or_an_error_of_ours(record: dict[str, Any]) -> None:
    """Whatever JSON a record holds, it is a document or INVALID_RECORD."""
    _any_record(_PROGRAM, record)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_as_record_are_json_or_an_error_of_ours(data: bytes) -> None:
    """Bytes that are no record of the schema are INVALID_RECORD, with a violation that names the place."""
    try:
        _SELECTOR.decode(data)
    except PressrunError as error:
        assert error.reason == "INVALID_RECORD"
        assert error.violations


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(["{{", "}}", "a", ".", "|", "(", ")", "[", "]", "**", "%", "~", "if", "else", " ", "'", "1", "not", "in", "__x", "amount", "for"]), max_size=25).map("".join))  # fmt: skip
def test_any_text_parses_or_is_a_grammar_error(text: str) -> None:
    """A text is expressions and literal parts, or a GrammarError."""
    try:
        parse_text(text)
    except GrammarError as error:
        assert str(error)
