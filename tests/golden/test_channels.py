"""What a template may say, in all output channels: the same words in the same order in each."""

from __future__ import annotations

import email
import email.policy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.engine.conftest import bundle

from pressrun_server.authoring.parity import parity, text_parity
from pressrun_server.model.template import program_key
from pressrun_server.prepare.tagged import read_tagged
from pressrun_server.render.programs import begin, load
from pressrun_server.template.compile import compile_bundle

AS_OF = datetime(2026, 11, 1, 12, tzinfo=UTC)
CHANNELS = ("print", "email", "web", "mobile")
RECORD = {"bank": "Hérédité & Söhne", "date": "1 November 2026", "lines": ["12 High Street", "Leeds"], "vip": True}
SCHEMA = {"type": "object", "additionalProperties": True, "properties": {"lines": {"type": "array", "maxItems": 3}}}
CASES = {
    "a flexible row": (
        "<header><span>{{ bank }}</span><span>{{ date }}</span></header><p>text</p>",
        "header { display: flex; justify-content: space-between }",
    ),
    "items that are repeated and chosen": (
        "<div class=r><p>to</p><p pr-for='line in lines'>{{ line }}</p><b pr-if='not vip'>guest</b><b pr-elif='vip'>friend</b>"
        "<i pr-else>none</i><i pr-with='d = date'>{{ d }}</i></div>",
        ".r { display: flex; gap: 8pt; justify-content: center }",
    ),
    "terms and what they mean": (
        "<dl><dt>Account holder</dt><dd>{{ bank }}</dd><div pr-for='line in lines'><dt>Line {{ loop.index }} of it</dt><dd>{{ line }}</dd>"
        "<dd><p>twice</p><p>said</p></dd></div><dt pr-if='vip'><p>A term of a block</p></dt><dd pr-if='vip'>friend</dd></dl>",
        "dd { color: #333; text-indent: 5mm }",
    ),
    "captions of tables": (
        "<table><caption pr-if='vip'>What {{ bank }} took</caption><thead><tr><th>no</th><th>line</th></tr></thead>"
        "<tr pr-for='line in lines' pr-sum='n = 1'><td>{{ n.running }}</td><td>{{ line }}</td></tr></table>"
        "<table class=a><caption>Of its own width</caption><tr><td>x</td></tr></table>"
        "<table role=presentation><caption>arranged</caption><tr><td>y</td></tr></table>",
        ".a { table-layout: auto }",
    ),
    "colours that let through what is behind them": (
        "<div class=r><p>{{ bank }}</p><p><u>{{ date }}</u></p></div>",
        ".r { background: rgba(0, 0, 255, .1); border: 1pt solid #0008 } u { color: #f00c }",
    ),
    "rows that wrap, and text in them": (
        "<div class=r>to {{ bank }} <b>of {{ date }}</b> with <span pr-for='line in lines' class=t>{{ line }}</span> and no more</div>"
        "<div class=f><p>a</p><p>b {{ bank }}</p><p>c</p></div>",
        ".r { display: flex; flex-wrap: wrap; gap: 3pt 8pt; justify-content: center } .t { padding: 2pt; background: #eee }"
        " .f { display: flex; flex-flow: wrap } .f p { width: 50%; margin: 0 }",
    ),
    "columns from data": (
        "<table><caption>Lines</caption><thead><tr><th>to</th><th pr-for='line in lines'>{{ loop.index }}</th><th pr-if='vip'>vip</th>"
        "<th pr-if='not vip'>plain</th></tr></thead><tr><td>{{ bank }}</td><td pr-for='line in lines'>{{ line }}{{ '.' if loop.last else ',' }}"
        "</td><td pr-if='vip'>yes</td><td pr-if='not vip'>no</td></tr></table><p>end</p>",
        "td:nth-child(even) { background: #eee }",
    ),
    "heights in percent": (
        "<div class=a><p>{{ bank }}</p><p>{{ date }}</p></div>", ".a { height: 40mm } .a p { min-height: 40%; margin: 0 }"
    ),
    "calculated lengths": (
        "<div class=a><p>{{ bank }}</p></div><div class=r><p class=i>{{ date }}</p><p>x</p></div>",
        ".a { width: calc(100% - 2 * 1em); padding: calc(1em / 2); background: #eee } .r { display: flex; gap: calc(1mm + 1pt) }"
        " .i { width: calc(50% - 5mm) }",
    ),
    "what style sheets generate": (
        "<h1>Letter</h1><p class=a data-for='{{ bank }}'>text</p><ul><li pr-for='line in lines'>{{ line }}</li></ul>"
        "<table><tr><th>to</th><td class=u>12</td></tr></table><p>see <a href='https://example.org/terms'>terms</a>.</p>",
        "h1::before { content: 'Part'; display: block; font-size: 8pt } h1::after { content: ''; display: block; height: 2pt;"
        " background: #06c } .a::before { content: '{{ For }} ' attr(data-for) ': '; font-weight: bold } li::after { content: ';' }"
        " .u::after { content: ' EUR' } a::after { content: ' (' attr(href) ')' } p::before { content: none }",
    ),
    "rows in rows": (
        "<div class=r><div class=r><p>a {{ bank }}</p><p>b</p></div><div><p>c</p><p>{{ date }}</p></div></div>",
        ".r { display: flex; gap: 8pt } .r .r { flex: 1 }",
    ),
}  # fmt: skip


def documents(body: str, css: str, record: Any = RECORD) -> dict[str, bytes]:
    """A document in each output channel; composed four times, as the engine has code of its own from the third on."""
    template = compile_bundle(bundle(body, css, channels=list(CHANNELS), schema=SCHEMA))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    found: dict[str, bytes] = {}
    for channel in CHANNELS:
        program = load(template.programs[program_key("en-GB", channel)])
        said = json.dumps(record).encode()
        made = [
            b"".join(begin(program, said, assets={}, attributes={}, as_of=AS_OF, engine="e" * 64)) for _ in range(4)
        ]
        assert made[1:] == made[:1] * 3
        found[channel] = made[0]
    return found


@pytest.mark.parametrize("name", CASES)
def test_all_output_channels_say_the_same(name: str) -> None:
    """Paper by its tags, the page of a browser and of a telephone, an e-mail and its plain text."""
    made = documents(*CASES[name])
    paper = read_tagged(made["print"])
    message = email.message_from_bytes(made["email"], policy=email.policy.default)
    bodies = [message.get_body((kind,)) for kind in ("html", "plain")]
    html, text = ("" if body is None else str(body.get_content()) for body in bodies)
    assert parity(paper, made["web"].decode(), "web") == []
    assert parity(paper, made["mobile"].decode(), "mobile") == []
    assert parity(paper, html, "email") == []
    assert text_parity(html, text, "email, plain text", "email") == []


def test_items_of_a_row_are_lines_of_plain_text() -> None:
    """What stands apart on paper does not run together in a message's text."""
    message = email.message_from_bytes(documents(*CASES["a flexible row"])["email"], policy=email.policy.default)
    plain = message.get_body(("plain",))
    assert plain is not None
    assert str(plain.get_content()).splitlines()[:2] == ["Hérédité & Söhne", "1 November 2026"]
