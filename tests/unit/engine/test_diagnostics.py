from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pressrun_server.model.template import CompiledTemplate
from pressrun_server.template.compile import compile_bundle

Compile = Callable[..., CompiledTemplate]
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "rows": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": False, "properties": {"amount": {"type": "string"}}},
        },
    },
}


@pytest.mark.parametrize(
    ("html", "css", "place", "message", "hint"),
    [
        ("<p>x</p>", "p {\n  colour: red }", "t.css:2:3", "the property colour is not supported", "'color'"),
        ("<p>x</p>", "p { width: 3furlongs }", "t.css:1:5", "width: '3furlongs' is not valid", "mm"),
        (
            "<p>x</p>",
            "p { height: 50% }",
            "t.html:2:1",
            "height in percent needs a height around it; that of <body> follows from its content",
            "write a length",
        ),
        (
            "<table><tr><td>x</td></tr><caption>x</caption></table>",
            "",
            "t.html:2:27",
            "before all else",
            "caption-side",
        ),
        ("<dl><p>x</p></dl>", "", "t.html:2:5", "<p> cannot stand in a list of terms", "<dt> and <dd>"),
        ("<dl><div><dt>a</dt><p>x</p></div></dl>", "", "t.html:2:20", "in a group of a list of terms", "go into these"),
        ("<dl>x<dt>a</dt></dl>", "", "t.html:2:1", "text stands directly", "into <dt>"),
        ("<div><dd>x</dd></div>", "", "t.html:2:6", "stands outside a list of terms", "put it into <dl>"),
        ("<p>x</p>", "p::before { content: counter(n) }", "t.css:1:13", "'counter(n)' is not valid", "loop.index"),
        ("<p>x</p>", "p { content: 'x' }", "t.css:1:5", "text as content has no effect here", "::before"),
        ("<ul><li>x</li></ul>", "ul::after { content: 'x' }", "t.css:1:13", "<ul> can't hold ::after", "holds text"),
        (
            "<p>x</p>",
            "p::after { content: 'x'; display: table }",
            "t.css:1:12",
            "can't be display: table",
            "inline, block",
        ),
        ("<p>x</p>", "p::after { content: counter(footnote) }", "t.css:1:12", "no meaning on ::after", "attr(NAME)"),
        ("<p>x</p>", "p::first-line { color: red }", "t.css:1:1", "::first-line is not supported", "known here"),
        ("<p>x</p>", "@page { @top-left { content: 'x' } }", "t.css:1:21", "no effect here", "element(NAME)"),
        (
            "<p data-n='{{ nmae }}'>x {{ name }}</p>",
            "p::before { content: attr(data-n) }",
            "t.html:2:12",
            "nmae",
            "'name'",
        ),
        ("<p data-n='1'>x {{ nmae }}</p>", "p::before { content: attr(data-n) }", "t.html:2:17", "nmae", "'name'"),
        ("<p>x</p>", "p { width: calc(1mm * 2mm) }", "t.css:1:5", "is not valid", "two lengths cannot be multiplied"),
        ("<p>x</p>", "p { width: calc(1mm +2mm) }", "t.css:1:5", "is not valid", "between spaces"),
        ("<p>x</p>", "p { width: calc(2 * 3) }", "t.css:1:5", "is not valid", "comes to a number"),
        ("<p>x</p>", "p { width: calc(1mm / 0) }", "t.css:1:5", "is not valid", "divisor"),
        ("<p>x</p>", "p { width: calc(1mm + 1) }", "t.css:1:5", "is not valid", "cannot be added"),
        ("<p>x</p>", "p { margin: calc(1mm - 5mm) }", "t.css:1:5", "is not valid", "comes to -11.339pt"),
        ("<p>x</p>", "p { width: min(1mm, 2mm) }", "t.css:1:5", "is not valid", "calc()"),
        (
            "<p>x</p>",
            "p { letter-spacing: calc(1pt + 2%) }",
            "t.css:1:5",
            "is not valid",
            "percentage is not supported",
        ),
        ("<p>x</p>", "p { margin-left: calc(10% - 90mm) }", "t.html:2:1", "less than nothing", "not supported"),
        ("<p>x</p>", "@page { margin: 2em }", "t.css:1:9", "is not valid", "em and rem"),
        (
            "<table style='table-layout: auto'><tr><td style='width: calc(10% + 1mm)'>x</td></tr></table>",
            "",
            "t.html:2:39",
            "a percentage and a length",
            "table-layout: fixed",
        ),
        ("<div>\n<p>x</p></div>", "p { max-height: 50% }", "t.html:3:1", "that of <div>", "give <div> a height"),
        (
            "<table><tr><td><p>x</p></td></tr></table>",
            "p { min-height: 9% }",
            "t.html:2:16",
            "that of <td>",
            "a length",
        ),
        ("<p>x</p>", "body { height: 100% }", "t.html:1:71", "that of the page", "write a length"),
        ("<p>x</p>", "p { text-indent: 10% }", "t.css:1:5", "text-indent: '10%' is not valid", "a percentage"),
        ("<p>x</p>", "p { border-radius: 3pt / 4pt }", "t.css:1:5", "is not valid", "round, not elliptic"),
        ("<p>x</p>", "p { background: url(x.png) }", "t.css:1:5", "is not valid", "background-image"),
        ("<p>x</p>", "p { background-image: url(asset:no) }", "t.html:2:1", "no slot 'no'", "declare slots"),
        ("<p>x</p>", "p { background-size: 3em }", "t.css:1:5", "is not valid", "em and rem"),
        (
            "<p>x</p>",
            "p { border: 1pt dashed red; border-radius: 2pt }",
            "t.html:2:1",
            "rounded corners need one solid colour",
            "leave the radius out",
        ),
        ("<table><tr><td>x</td></tr></table>", "td { border-radius: 2pt }", "t.html:2:12", "on cells", "<div>"),
        ("<div>x {{ nmae }}</div>", "div { display: flex }", "t.html:2:8", "nmae", "'name'"),
        ("<div><b>x</b> y {{ nmae }}</div>", "div { display: flex }", "t.html:2:17", "nmae", "'name'"),
        (
            "<div>x</div>",
            "div { display: flex; flex-flow: column wrap }",
            "t.html:2:1",
            "in a flexible column",
            "columns",
        ),
        ("<div>x</div>", "div { flex-wrap: wrap-reverse }", "t.css:1:7", "is not valid", "nowrap, wrap"),
        ("<div>x</div>", "div { flex-flow: row column }", "t.css:1:7", "is not valid", "row or column"),
        (
            "<div><p pr-if='name'>x</p></div>",
            "div { display: flex; flex-direction: column; gap: 2pt }",
            "t.html:2:6",
            "pr-if cannot stand on an item",
            "inside",
        ),
        ("<p>x</p>", "p { position: relative; top: 2pt }", "t.html:2:1", "does not move a box (top)", "margins"),
        ("<ul><li>x</li></ul>", "li { position: relative }", "t.html:2:5", "not supported on <li>", "<div>"),
        (
            "<div><p>x</p></div>",
            "div { position: relative } p { position: absolute; bottom: 0 }",
            "t.html:2:6",
            "needs a top",
            "top: 5mm",
        ),
        ("<p>x</p>", "p { line-height: 1e999 }", "t.css:1:5", "line-height: '1e999' is not valid", ""),
        ("<p>x</p>", "p { font-size: 1e999em }", "t.css:1:5", "font-size: '1e999em' is not valid", "over"),
        ("<p>x</p>", "@media tty { }", "t.css:1:1", "@media tty is not supported", "@media print"),
        ("<p>x</p>", "@page { margin: 300mm }", "t.html:1:1", "leave no room", "smaller"),
        (
            "<table><tfoot><tr><td>a</td></tr></tfoot>\n<tfoot><tr><td>b</td></tr></tfoot></table>",
            "",
            "t.html:3:1",
            "one tfoot",
            "first",
        ),
        ("<video></video>", "", "t.html:2:1", "the element <video> is not supported", ""),
        ("<p>{{ nmae }}</p>", "", "t.html:2:4", "unknown name 'nmae'", "'name'"),
        ("<p>a {{ name }}\n b {{ name. }}</p>", "", "t.html:3:4", "not an expression", ""),
        ("<p>{{ name | mony }}</p>", "", "t.html:2:4", "unknown filter 'mony'", "money"),
        ("<p>{{ name | uppr }}</p>", "", "t.html:2:4", "unknown filter 'uppr'", "did you mean 'upper'"),
        ("<p>{{ rows }}</p>", "", "t.html:2:4", "a list cannot be shown", "pr-for"),
        ('<p pr-for="row in rows">a {{ row }}</p>', "", "t.html:2:27", "an object cannot be shown", ".amount"),
        ("<p>{{ name() }}</p>", "", "t.html:2:4", "calls are not allowed", "filter"),
        ("<p>{{ name.__class__ }}</p>", "", "t.html:2:4", "'__class__' is not allowed", "underscore"),
        ("<p>{{ name['__class__'] }}</p>", "", "t.html:2:4", "'__class__' is not allowed", ""),
        ("<p>{% for x in rows %}{% endfor %}</p>", "", "t.html:2:4", "statements", "pr-for"),
        ('<p pr-for="row of rows">x</p>', "", "t.html:2:4", "not a loop", "in items"),
        ('<p pr-for="row in rows">{{ row.amont }}</p>', "", "t.html:2:25", "unknown field 'amont'", "'amount'"),
        ('<p pr-for="x in name">x</p>', "", "t.html:2:4", "pr-for needs a list", ""),
        ("<p pr-else>x</p>", "", "t.html:2:1", "pr-else has no pr-if", ""),
        ('<p pr-fro="x">x</p>', "", "t.html:2:1", "unknown directive pr-fro", "'pr-for'"),
        ('<img src="asset:logo" alt="">', "", "t.html:2:1", "no slot 'logo'", "template.yaml"),
        ('<img src="http://x/y.png" alt="">', "", "t.html:2:1", "an image comes from a slot", ""),
        ("<p onclick='x'>x</p>", "", "t.html:2:1", "scripts", ""),
        ("<p class='{{ name }}'>x</p>", "", "t.html:2:4", "class is the same in all documents", "pr-if and pr-else"),
        ("<p lang='{{ name }}'>x</p>", "", "t.html:2:4", "lang is the same in all documents", "e.g. fr"),
        ("<script>x</script>", "", "t.html:2:1", "script", ""),
        ("<p>{{ page.number }}</p>", "", "t.html:2:4", "page is known in running elements only", "running"),
        ("<footer style='position: running(f)'>x</footer>", "", "t.html:2:1", "is in no margin box", "@bottom-center"),
        ("<p>{{ t.hello }}</p>", "", "t.html:2:4", "no string 'hello'", "template.yaml"),
        (
            '<table><tr pr-for="r in rows"><td>x</td></tr></table>',
            "tr:first-child { color: red }",
            "t.css:1:1",
            "does not know this position",
            "loop.first",
        ),
    ],
)
def test_says_what_is_wrong_where_and_what_to_do(
    compiled: Compile, html: str, css: str, place: str, message: str, hint: str
) -> None:
    """Each mistake of an author is an error with its place, a message and a hint."""
    found = compiled(html, css, schema=SCHEMA)
    assert found.info is None
    matching = [item for item in found.diagnostics if message in item.message]
    assert matching, [f"{item} | {item.hint}" for item in found.diagnostics]
    assert str(matching[0]).startswith(place), str(matching[0])
    assert hint in matching[0].hint


def test_values_of_several_types(compiled: Compile) -> None:
    """Where the schema allows one of several types, null among them, the others say what an expression may do."""
    kinds = {"rows": ["array", "null"], "name": ["string", "null"], "who": ["object", "null"]}
    schema = {"type": "object", "properties": {name: {"type": types} for name, types in kinds.items()}}
    assert compiled('<p pr-for="row in rows">{{ who.name }}</p>', schema=schema).info is not None
    found = compiled('<p pr-for="letter in name">{{ name.first }}</p>', schema=schema)
    assert [item.message for item in found.diagnostics] == [
        "pr-for needs a list, not string or null",
        "the value before .first is string or null; it has no fields",
    ]


def test_says_everything_at_once(compiled: Compile) -> None:
    """All mistakes of a bundle are reported together, each once, whatever the number of locales."""
    found = compiled(
        "<p>{{ nmae }}</p><blink>x</blink>", "p { colour: red; float: left }", schema=SCHEMA, locales=["en-GB", "de-DE"]
    )
    assert len(found.diagnostics) == 4
    assert len(set(found.diagnostics)) == 4


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"name": "Bad Name"}, "name is not valid"),
        ({"version": 3}, "version is not valid"),
        ({"locales": ["xx-YY"]}, "CLDR does not know"),
        ({"locales": ["ar-EG"]}, "digits"),
        ({"default_locale": "de-DE"}, "not one of locales"),
        ({"channels": ["fax"]}, "unknown output channel"),
        ({"html": "other.html"}, "no file 'other.html'"),
        ({"schema": {"type": "objekt"}}, "not a JSON Schema"),
        ({"schema": {"$ref": "https://example.com/x.json"}}, "another document"),
        ({"strings": {"en-GB": {"a": "b"}, "de-DE": {}}, "locales": ["en-GB", "de-DE"]}, "missing in de-DE"),
        ({"slots": {"logo": {"rules": [{"use": "no ref"}]}}}, "not an asset ref"),
        ({"slots": {"logo": {"rules": []}}}, "needs 1 to"),
        ({"slots": {"logo": {"rules": [{"use": "library:a", "when": "1 +"}]}}}, "when: not an expression"),
        ({"nmae": "x"}, "unknown key 'nmae'"),
        ({"samples": ["none.json"]}, "no file 'none.json'"),
    ],
)
def test_checks_template_yaml(compiled: Compile, description: dict[str, object], message: str) -> None:
    """Each wrong key of template.yaml is an error that names it and its line."""
    found = compiled("<p>x</p>", **description)
    assert found.info is None
    matching = [item for item in found.diagnostics if message in item.message]
    assert matching, [str(item) for item in found.diagnostics]
    assert matching[0].file == "template.yaml"
    assert matching[0].line >= 1


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"template.yaml": b""},
        {"template.yaml": b"\xff\xfe"},
        {"template.yaml": b"a: [1"},
        {"template.yaml": b"a: &x [*x]"},
        {"template.yaml": b"- 1"},
        {"template.yaml": b"name: a\nversion: '1'\nschema: {}\nhtml: t.html", "t.html": b"\xff"},
        {"template.yaml": b"name: a\nversion: '1'\nschema: {}\nhtml: t.html", "t.html": b"<div>" * 5000},
        {"template.yaml": b"name: a\nversion: '1'\nschema: {}\nhtml: t.html", "t.html": b"<p>{{" + b"(" * 900 + b"}}"},
    ],
)
def test_any_files_give_diagnostics(files: dict[str, bytes]) -> None:
    """Files that are no bundle give errors, never an exception."""
    found = compile_bundle(files)
    assert found.info is None
    assert found.diagnostics


def test_a_slot_that_is_never_used_is_a_warning(compiled: Compile) -> None:
    """A declared slot without an image does not keep the template from being published."""
    found = compiled("<p>x</p>", slots={"logo": {"rules": [{"use": "library:a.png"}]}})
    assert found.info is not None
    assert [item.code for item in found.diagnostics] == ["slot"]


def test_every_locale_has_the_same_boxes(compiled: Compile) -> None:
    """What is computed for one locale changes nothing for the next."""
    body = "<div class=c><p>a</p><p>b</p></div><div class=r><p>a</p><p class=i>b</p></div>"
    body += "<section><p class=a>c</p></section>"
    css = (
        "div { display: flex; gap: 3pt } .c { flex-direction: column } .r p { flex: 1 } p { margin: 5pt 0 }"
        " section { position: relative } .a { position: absolute; top: 1pt; width: 50% }"
    )
    found = compiled(body, css, locales=["en-GB", "en-US", "en-IE"]).programs
    bodies = [msgspec.msgpack.decode(program)["body"] for program in found.values()]
    assert len(bodies) == 3
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<h1>a</h1><h2>b</h2><h3>c</h3><h1>d</h1><h2>e</h2>", []),
        ("<h1>a</h1><div><h3>b</h3></div>", ["t.html:2:16: warning: <h3> follows <h1>, so a level is skipped"]),
        ("<h2>a</h2><h2>b</h2>", ["t.html:2:1: warning: <h2> is the first heading, so a level is skipped"]),
        ("<h1>a</h1><h4 style='display: none'>b</h4>", []),
    ],
)
def test_levels_of_headings(compiled: Callable[..., Any], body: str, says: list[str]) -> None:
    """A level that is skipped is a warning, since readers who listen go by the levels."""
    found = compiled(body, "")
    assert found.info is not None
    assert [str(item) for item in found.diagnostics] == says
