from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.unit.engine.conftest import bundle

from pressrun_server.model.program import Program
from pressrun_server.prepare.text import prepare_text
from pressrun_server.prepare.tokens import prepare_tokens
from pressrun_server.template.compile import compile_bundle, compile_edition

Compose = Callable[..., Any]

TOKENS = {"color": {"primary": "#0b6b66", "soft": "#eef5f4"}, "font": {"body": "Fira Mono"}, "size": "14pt"}
SLOTS = {"brand": {"rules": [{"use": "library:brand.json"}], "otherwise": "omit", "tokens": "brand.json"}}
CSS = (
    "p { color: var(--brand-color-primary); background: var(--brand-color-soft); font: none }".replace(
        " font: none", ""
    )
    + "p { font-family: var(--brand-font-body, FiraGO); font-size: var(--brand-size) }"
)


def files(body: str = "<p>Hello</p>", css: str = CSS, tokens: Any = TOKENS, **more: Any) -> dict[str, bytes]:
    """A bundle with a brand's tokens."""
    return {**bundle(body, css, slots=SLOTS, **more), "brand.json": json.dumps(tokens).encode()}


def given(tokens: Any) -> dict[str, Any]:
    """What a source gave for the slot."""
    data = json.dumps(tokens).encode()
    return {"brand": (hashlib.sha256(data).hexdigest(), prepare_tokens(data))}


def look(data: bytes) -> tuple[str, int, int]:
    """Font, size in millipoints and colour of a program's last text style."""
    program = msgspec.msgpack.decode(data, type=Program)
    style = program.styles[-1]
    return program.faces[style.face].name, style.size, style.color


def test_a_brand_decides_colours_fonts_and_sizes() -> None:
    """Those of the bundle stand in; an edition has those of the slot's asset, and the digest of what was put in."""
    compiled = compile_bundle(files())
    assert not compiled.diagnostics
    assert compiled.info is not None
    assert [(slot.name, slot.text) for slot in compiled.info.slots] == [("brand", True)]
    assert look(compiled.programs["en-GB"]) == ("Fira Mono Regular", 14_000, 0x0B6B66)
    other = given(
        {"color": {"primary": "rgb(200, 0, 10)", "soft": "white"}, "font": {"body": "FiraGO"}, "size": {"$value": 9.5}}
    )
    refused = compile_edition(files(), "en-GB", other)
    assert ["font-size" in item.message for item in refused.diagnostics] == [True]  # a length needs a unit
    other = given(
        {"color": {"primary": "rgb(200, 0, 10)", "soft": "white"}, "font": {"body": "FiraGO"}, "size": "9.5pt"}
    )
    edition = compile_edition(files(), "en-GB", other)
    assert look(edition.programs["en-GB"]) == ("FiraGO Regular", 9_500, 0xC8000A)


def test_browsers_get_the_same() -> None:
    """Colours of a brand are in the style sheet of the page for browsers."""
    made = compile_edition(files(channels=["print", "web"]), "en-GB", given({**TOKENS, "size": "9pt"}), "web")
    assert b"#0b6b66" in made.programs["en-GB;web"]
    assert b"Fira Mono" in made.programs["en-GB;web"]


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        ({"color": {"primary": "#000"}}, "color-soft"),
        ({**TOKENS, "color": {"primary": "12pt", "soft": "red"}}, "color: 'var(--brand-color-primary)' is not valid"),
        ({**TOKENS, "font": {"body": "Comic Sans MS"}}, "font-family"),
    ],
)
def test_tokens_that_do_not_fit_are_refused(tokens: Any, says: str) -> None:
    """A brand that lacks a token which is used without another value, or has one of another kind, is no edition."""
    made = compile_edition(files(), "en-GB", given(tokens))
    assert made.info is None
    assert any(says in item.message or says in item.hint for item in made.diagnostics)


def test_what_is_given_is_what_the_slot_takes() -> None:
    """A text for tokens, or tokens for approved text, is refused; and so is a slot that is used for both."""
    text = {"brand": ("0", prepare_text(b"just a text"))}
    assert any("was given a text" in item.message for item in compile_edition(files(), "en-GB", text).diagnostics)
    slots = {"terms": {"rules": [{"use": "library:terms"}], "otherwise": "omit"}}
    plain = bundle("<pr-content slot='terms'></pr-content>", slots=slots)
    tokens = {"terms": given(TOKENS)["brand"]}
    assert any("was given tokens" in item.message for item in compile_edition(plain, "en-GB", tokens).diagnostics)
    both = compile_bundle(files("<p>x</p><pr-content slot='brand'></pr-content>"))
    assert any("takes tokens" in item.message for item in both.diagnostics)


@pytest.mark.parametrize(
    ("css", "tokens", "says"),
    [
        ("p { color: var(--brand-colour-primary) }", TOKENS, "did you mean '--brand-color-primary'?"),
        (CSS, {"a": "x;y"}, "brand.json"),
        ("p { color: var(brand) }", TOKENS, "valid: var(--name), var(--name, value)"),
        ("p { --own: 1pt }", TOKENS, "write it into :root"),
        (":root { --a: var(--b); --b: var(--a) } p { width: var(--a) }", TOKENS, "stands for itself"),
        ("p { color: red }", TOKENS, "use them: var(--brand-...)"),
    ],
)
def test_wrong_variables_are_told_at_publish(css: str, tokens: Any, says: str) -> None:
    """With place and hint."""
    found = compile_bundle(files(css=css, tokens=tokens)).diagnostics
    assert any(says in f"{item.message} {item.hint}" and item.line for item in found)


def test_custom_properties_of_the_root(composed: Compose) -> None:
    """One value for the document, of the medium where it has one; inside other values, in style attributes, on pages."""
    css = (
        ":root { --edge: 20pt; --half: calc-free; --ink: rgb(var(--red), 0, 0); --red: 255 } @page { margin: var(--edge) }"
        "@media print { :root { --shown: block } } @media screen { :root { --shown: none } } .b { display: var(--shown) }"
        "p { margin: 0; color: var(--ink); padding: 0 var(--gap, var(--edge)) }"
    )
    made = composed("<p class='b'>one <span style='font-size: var(--edge)'>two</span></p>", css)
    spans = [span for line in made.pdf[0].get_text("dict")["blocks"][0]["lines"] for span in line["spans"]]
    assert [(span["text"].strip(), round(span["size"]), span["color"]) for span in spans] == [
        ("one", 12, 0xFF0000), ("two", 20, 0xFF0000)
    ]  # fmt: skip
    assert spans[0]["origin"][0] == pytest.approx(40, abs=0.01)
