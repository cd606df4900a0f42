"""Any input gives a program or diagnostics, a document or a PressrunError; never another error."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun_server.errors import PressrunError
from pressrun_server.model.template import CompiledTemplate, program_key
from pressrun_server.model.webpage import WebProgram
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.web_composition import LoadedWebProgram, WebComposition
from pressrun_server.template.compile import compile_bundle
from pressrun_server.template.evaluation import evaluator, texter
from pressrun_server.template.filters import FILTERS, Formatter
from pressrun_server.template.grammar import GrammarError, parse_text
from pressrun_server.template.locales import locale_data
from pressrun_server.template.scope import Scope
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
            "strings": {"en-GB": {"a": "A"}, "fr-FR": {"a": "B"}}, "channels": ["print", "web"],
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
<address style="position: absolute; top: 10mm; left: 5mm; width: 40mm">{{ n | default('') }}</address>
<table class="auto"><caption>{{ n | default('c') }}</caption><colgroup><col style="width: 10%"><col><col></colgroup>
<thead><tr><th rowspan="2">n</th><th colspan="2">{{ all.total }}</th></tr><tr><th>a</th><th>{{ all.before }}</th></tr></thead>
<tbody pr-for="group in rows | groupby('a')" pr-with="key = group.key"><tr><td rowspan="0">{{ key }}</td><td>x</td><td>y</td></tr>
<tr pr-for="row in group.rows" pr-sum="all = row.b | default(0)"><td>{{ row.b | default(0) }}</td><td>{{ all.running }}</td></tr>
</tbody><tfoot><tr pr-on="last"><th colspan="3">{{ all.running | amount }} <ul><li>one</li></ul></th></tr></tfoot></table>
<p>To <b pr-for="row in rows | reverse" pr-if="row.a is defined" pr-with="c = row.a">{{ loop.index }} {{ c }}, </b>end</p>
<pr-fragment name="f"><p>{{ v | default(1) }}</p></pr-fragment><pr-include fragment="f" v="n"></pr-include>
<div style="display: flex; gap: 2mm"><p style="flex: 1">{{ n | default('') }}</p><p style="flex: none; width: 9mm">x</p></div>
<div style="display: flex"><b pr-for="row in rows">{{ row.a | default('') }}</b><span pr-if="n">{{ n }}</span><div><p>y</p></div></div>
<dl><dt>{{ n | default('') }}</dt><dd>{{ name | default('') }}</dd><div pr-for="row in rows"><dt>t</dt><dd>{{ row.b | default(0) }}</dd></div></dl>
<pr-chart type="bar" items="row in rows" value="row.b | default(1)" label="{{ row.a | default('') }}" alt="c"></pr-chart>
<pr-barcode value="{{ n | default('x') }}" alt="b"></pr-barcode><pr-fill><p>fill</p></pr-fill></body></html>""",
    "f.css": b"""@page { size: 100mm 120mm; margin: 10mm; @bottom-right { content: element(f) } }
@page :first { margin-top: 30mm } .f { position: running(f) } body { font: none; font-size: 9pt; line-height: 1.3 }
.r { text-align: right } .box { border: 1pt solid #abc; padding: 2mm; break-inside: avoid; background: #eee }
.auto { table-layout: auto } .auto td { text-align: ".00" }
tr:nth-child(even) td { background-color: rgb(1, 2, 3) } h1 { letter-spacing: .1em; text-transform: uppercase }""".replace(
        b"font: none; ", b""
    ),
}  # fmt: skip
_TOKENS = [
    "{{", "}}", "{%", "|", "pr-for", "pr-if", 'pr-else=""', "<td", "</tr>", "<table>", "<p>", "</div>", "@page", ":first",
    "%", "-1", "1e99", "999999mm", "\x00", "\ud7ff", "é", "__class__", "colspan='9'", "!important", "var(--x)", "&#0;",
    "table-layout: auto", "pr-with", "pr-sum", ".total", "groupby('a')", "| sum", "rowspan=0", "<tbody>", "<b pr-for='x in rows'>",
    "float: footnote", "columns: 2", "::footnote-call", "::before { content: 'x' }", "::after", "content: attr(class)", "@footnote {", "column-span: all", "var(--a)", ":root { --a: 1pt }",
    "a|", "[a|", "display: flex", "position: relative", "break-before: page", "width: 50%", "<dd>", "caption-side: bottom", "text-indent: -3em", "margin: auto", "<pr-fill>", "<pr-chart", "<ul>",
    "<svg>", "<!--", "]]>", "'", '"', ";", "{", "}", "(", "calc(1mm", "<td pr-for='x in rows'", "<td pr-if='n'", "flex-wrap: wrap", "height: 50%", "opacity: .5", "calc(50% - 1em)", " / ", "*", "loop", "asset:", "null", "- ", ": ", "\n",
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
        for key, data in compiled.programs.items():
            loaded = _loaded(key, data)
            _any_record(loaded, {"name": "n", "rows": [{"a": "x", "b": "1.5"}, {}], "n": 1})
            loaded.binder.quicken()
            _any_record(
                loaded, {"name": "n", "rows": [{"a": "x", "b": "2"}, {"a": "y"}, {"a": "x", "b": "-1"}], "n": 2}
            )


def _loaded(key: str, data: bytes) -> LoadedProgram | LoadedWebProgram:
    if key.endswith(";web"):
        return LoadedWebProgram(msgspec.msgpack.decode(data, type=WebProgram))
    return LoadedProgram.load(data)


def _any_record(program: LoadedProgram | LoadedWebProgram, record: Any) -> None:
    text = json.dumps(record).encode()
    more: dict[str, Any] = {"assets": {}, "attributes": {}, "as_of": _MOMENT}
    try:
        if isinstance(program, LoadedWebProgram):
            assert b"".join(WebComposition(program, text, **more)).endswith(b"</html>\n")
        else:
            assert b"".join(Composition(program, text, engine="0", **more)).endswith(b"%%EOF\n")
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


def _template() -> tuple[list[LoadedProgram | LoadedWebProgram], Selector]:
    compiled = compile_bundle(_FILES)
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    keys = [program_key("fr-FR", channel) for channel in ("print", "web")]
    return [_loaded(key, compiled.programs[key]) for key in keys], Selector(compiled.info)


_PROGRAMS, _SELECTOR = _template()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_RECORDS)
def test_any_record_gives_a_document_or_an_error_of_ours(record: dict[str, Any]) -> None:
    """Whatever JSON a record holds, it is a document or INVALID_RECORD, in print and in browsers."""
    for program in _PROGRAMS:
        _any_record(program, record)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_RECORDS)
def test_thousands_of_records_give_a_document_or_an_error_of_ours(record: dict[str, Any]) -> None:
    """The same, for thousands."""
    for program in _PROGRAMS:
        _any_record(program, record)


_NAMES = [
    "name",
    "n",
    "rows",
    "rows[0]",
    "rows[0].a",
    "row.b",
    "t.a",
    "as_of",
    "attributes",
    "locale",
    "loop.index",
    "nothing",
]
_LITERALS = [
    "1",
    "0",
    "-3",
    "2.5",
    "1e400",
    "'x'",
    "'2026-02-30'",
    "'EUR'",
    "none",
    "true",
    "[]",
    "[1, 'a']",
    "''",
    "9" * 18,
]
_BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "<", ">=", "in", "not in", "and", "or"]


def _expression(chance: random.Random, depth: int = 0) -> str:
    """An expression of the grammar, with values of all kinds in all places."""
    kind = chance.randrange(9 if depth < 5 else 2)
    inner = [_expression(chance, depth + 1) for _ in range(3 if kind > 1 else 0)]
    match kind:
        case 0:
            return chance.choice(_NAMES)
        case 1:
            return chance.choice(_LITERALS)
        case 2 | 3:
            return f"({inner[0]} {chance.choice(_BINARY)} {inner[1]})"
        case 4:
            return f"({inner[0]} if {inner[1]} else {inner[2]})"
        case 5:
            return f"({chance.choice(['not ', '-', '+'])}{inner[0]})"
        case 6:
            return f"{inner[0]}[{inner[1]}]" if chance.randrange(2) else f"({inner[0]}).a"
        case _:
            name = chance.choice(sorted(FILTERS))
            most = FILTERS[name].arguments[1]
            arguments = ", ".join(chance.choice([*inner, "'a'", "2", "'long'"]) for _ in range(chance.randint(0, most)))
            return f"({inner[0]} | {name}({arguments}))" if arguments else f"({inner[0]} | {name})"


_VALUES: list[Any] = [
    None,
    True,
    0,
    -7,
    "1.50",
    "x",
    "",
    "NaN",
    "Infinity",
    "9" * 70,
    [],
    {},
    [{"a": 1}, {"a": "b", "b": None}],
    [[]],
]


def _any_expression(seed: int) -> None:
    chance = random.Random(seed)
    text = _expression(chance)
    try:
        [node] = [part for part in parse_text("{{ " + text + " }}") if not isinstance(part, str)]
    except GrammarError:
        return
    Scope.of_record(_SCHEMA).check(node, lambda _message, _hint: None)
    formatter = Formatter(locale_data(chance.choice(["en-GB", "de-CH", "fr-FR"])))
    env = {name: chance.choice(_VALUES) for name in ("name", "n", "rows", "attributes")} | {"as_of": _MOMENT.date()}
    for make in (evaluator, texter):
        try:
            make(msgspec.msgpack.decode(msgspec.msgpack.encode(node)), formatter, "place")(env)
        except PressrunError as error:
            assert error.reason == "INVALID_RECORD"


def test_any_expression_gives_a_value_or_an_error_of_ours() -> None:
    """Expressions of all forms over values of all kinds, also of a stored program: a value, or INVALID_RECORD."""
    for seed in range(1500):
        _any_expression(seed)


@pytest.mark.long
@pytest.mark.parametrize("block", range(4))
def test_many_expressions_give_values_or_errors_of_ours(block: int) -> None:
    """The same, for hundreds of thousands."""
    for seed in range(10_000 + block * 50_000, 10_000 + (block + 1) * 50_000):
        _any_expression(seed)


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
