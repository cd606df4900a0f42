"""Pages for telephones: those of browsers, narrow on any screen, with nothing that must be scrolled sideways."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from tests.unit.engine.conftest import bundle

from pressrun_server.model.template import CompiledTemplate, program_key
from pressrun_server.render.programs import begin, load
from pressrun_server.template.compile import compile_bundle

TABLE = (
    "<table><colgroup><col style='width:20mm'><col><col style='width:20mm'><col style='width:20mm'></colgroup><tbody>"
    "<tr pr-for='r in rows'><td>{{ r.d }}</td><td>{{ r.t }}</td><td>{{ r.a }}</td><td>{{ r.b }}</td></tr></tbody></table>"
)
SLOT = {"slots": {"pic": {"rules": [{"use": "library:a.png"}], "otherwise": "omit"}}}


def compiled(body: str, css: str = "", **more: Any) -> CompiledTemplate:
    """A template for paper, browsers and telephones."""
    template = compile_bundle(bundle(body, css, **{"channels": ["print", "web", "mobile"], **more}))
    assert template.info is not None, [str(item) for item in template.diagnostics]
    return template


def page(template: CompiledTemplate, channel: str, record: Any = None) -> str:
    """A page of a record."""
    program = load(template.programs[program_key("en-GB", channel)])
    data = json.dumps(record or {}).encode()
    made = begin(program, data, assets={}, attributes={}, as_of=datetime(2026, 11, 1, tzinfo=UTC), engine="e" * 64)
    return b"".join(made).decode()


def test_narrow_on_any_screen() -> None:
    """What gives way on narrow screens always does, and the page is no wider than a telephone."""
    template = compiled("<p>x</p>")
    web, mobile = page(template, "web"), page(template, "mobile")
    assert "body{max-width:30rem" in mobile
    assert "max-width:40rem" not in mobile
    assert "@media screen and (max-width:40rem)" in web
    assert mobile.partition("<body>")[2] == web.partition("<body>")[2]


def test_tables_of_many_columns_are_reflowed() -> None:
    """Such a table is no longer scrolled: its widest column takes a line, and nothing of it is left out."""
    template = compiled(TABLE)
    record = {"rows": [{"d": "1", "t": "two", "a": "3", "b": "4"}]}
    web, mobile = page(template, "web", record), page(template, "mobile", record)
    assert 'tabindex="0"' in web
    assert 'tabindex="0"' not in mobile
    assert re.search('<table class="[^"]*w2"', mobile)
    assert ".w2>tbody>tr>:nth-child(2)" in mobile
    assert "<td>1</td>" in re.sub(' class="[^"]*"', "", mobile)
    assert ".w2>" not in web


def test_for_telephones_only() -> None:
    """`pr-channel` and `@media mobile` are for telephones alone; rules for screens hold there too."""
    css = "@media mobile { p { color: #ff0000 } } @media screen { b { color: #00ff00 } } @media email { p { color: #0000ff } }"
    template = compiled('<p>a <b>b</b></p><p pr-channel="mobile">only here</p>', css)
    web, mobile = page(template, "web"), page(template, "mobile")
    assert "only here" in mobile
    assert "only here" not in web
    assert "#ff0000" in mobile
    assert "#ff0000" not in web
    assert "#00ff00" in mobile
    assert "#0000ff" not in mobile


def test_pictures_are_asked_for_as_the_output_channel_needs_them() -> None:
    """A template that says nothing gets files for screens of 192 dots an inch, 780 pixels at most."""
    template = compiled('<img src="asset:pic" alt="x">', "img { width: 170mm }", **SLOT)
    assert template.info is not None
    (slot,) = template.info.slots
    assert slot.renditions["mobile"].screen
    assert slot.renditions["mobile"].width == 780
    assert (slot.renditions["web"].width or 0) > 780
    assert not slot.renditions["print"].screen


def test_a_box_with_padding_is_no_wider_than_the_screen() -> None:
    """A width that would not fit leaves room for what stands beside the content."""
    css = ".b { width: 90mm; padding: 0 4mm; background-color: #eeeeee }"
    assert re.search(
        r"width:min\(100% - [\d.]+rem,[\d.]+rem\)", page(compiled('<div class="b">x</div>', css), "mobile")
    )
    assert re.search(
        r"width:min\(100%,[\d.]+rem\)", page(compiled('<div class="b">x</div>', ".b{width:90mm}"), "mobile")
    )
