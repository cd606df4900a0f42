"""Approved text in templates: where it stands, how it is styled, and what is wrong with a place for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pressrun_server.prepare.text import prepare_text
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_edition

CSS = "@page { size: 120mm 100mm; margin: 10mm } pr-content h2 { font-size: 20pt } .x { text-transform: uppercase }"
SLOTS = {"terms": {"rules": [{"use": "library:terms.html"}]}, "other": {"rules": [{"use": "library:o.png"}]}}


@pytest.fixture
def edition(composed: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a body with texts in it, and compose it."""
    kit = sys.modules[composed.__module__]

    def make(body: str, texts: dict[str, str], record: dict[str, Any] | None = None, **description: Any) -> Any:
        files = kit.bundle(body, CSS, **{"slots": {"terms": SLOTS["terms"]}, **description})
        prepared = {slot: (f"digest of {slot}", prepare_text(text.encode())) for slot, text in texts.items()}
        compiled = compile_edition(files, "en-GB", prepared)
        assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
        composition = Composition(
            LoadedProgram.load(compiled.programs["en-GB"]),
            json.dumps(record or {}).encode(),
            assets={},
            attributes={},
            as_of=kit.AS_OF,
            engine=kit.ENGINE,
        )
        return kit.Composed(b"".join(composition), composition.summary)

    return make


def test_a_text_stands_in_its_place(edition: Callable[..., Any]) -> None:
    """The template's style sheet says how it looks; what looks like an expression or a directive is text."""
    made = edition(
        "<p>before</p><pr-content slot='terms'></pr-content><p>after {{ n }}</p>",
        {"terms": "<h2>One {{ n }} {% raw</h2><p class='x'>two {{ t.y }}</p><ol><li>three</li></ol>"},
        {"n": 7},
    )
    assert made.text() == "before One {{ n }} {% raw TWO {{ T.Y }} 1. three after 7"
    sizes = {round(span[2], 1) for span in [(0, 0, s["size"]) for b in made.pdf[0].get_text("dict")["blocks"]
             for line in b["lines"] for s in line["spans"] if s["text"].startswith("One")]}  # fmt: skip
    assert sizes == {20.0}


def test_a_slot_without_a_text_shows_nothing(edition: Callable[..., Any]) -> None:
    """Neither the place nor its box is there."""
    made = edition("<p>a</p><pr-content slot='terms' style='padding: 9mm; border: 1pt solid'></pr-content><p>b</p>", {})
    assert made.text() == "a b"
    assert not made.pdf[0].get_drawings()


def test_a_text_in_branches_loops_and_running_elements(edition: Callable[..., Any]) -> None:
    """It stands wherever a block may stand, and links in it lead where they say."""
    body = (
        "<footer style='position: running(f)'><pr-content slot='terms'></pr-content></footer>"
        "<div pr-for='row in rows'><p>{{ row }}</p><pr-content pr-if='row == 2' slot='terms'></pr-content></div>"
    )
    css = "<style>@page { @bottom-left { content: element(f) } }</style>"
    made = edition(css + body, {"terms": "<p>see <a href='https://a.example/{{x}}'>it</a></p>"}, {"rows": [1, 2, 3]})
    assert made.text() == "1 2 see it 3 see it"
    assert [link["uri"] for link in made.pdf[0].get_links()] == ["https://a.example/%7B%7Bx%7D%7D"]


def test_other_texts_make_another_document(edition: Callable[..., Any]) -> None:
    """The identifier of a document follows from its texts, too."""
    body = "<p>a</p><pr-content slot='terms'></pr-content>"
    first, same, other = (edition(body, {"terms": text}).data for text in ("<p>b</p>", "<p>b</p>", "<p>c</p>"))
    assert first == same != other


@pytest.mark.parametrize(
    ("body", "says", "hint"),
    [
        ("<pr-content slot='trems'></pr-content>", "t.html:2:1: error: no slot 'trems'", "did you mean 'terms'?"),
        ("<pr-content></pr-content>", "t.html:2:1: error: approved text comes from a slot", ""),
        ("<p>a</p>\n<pr-content slot='terms'>own</pr-content>", "t.html:3:1: error: <pr-content> has content", "empty"),
        (
            "<pr-content slot='terms'></pr-content><img src='asset:terms' alt=''>",
            "the slot 'terms' takes approved text here and a picture elsewhere",
            "use two slots",
        ),
        ("<p pr-content='terms'>a</p>", "unknown directive pr-content", ""),
    ],
)
def test_what_is_wrong_is_said_at_publish(compiled: Callable[..., Any], body: str, says: str, hint: str) -> None:
    """With its place and what to do."""
    found = compiled(body, CSS, slots={"terms": SLOTS["terms"]})
    assert found.info is None
    errors = [item for item in found.diagnostics if item.severity.value == "error"]
    assert any(says in f"{item}" for item in errors), [str(item) for item in errors]
    assert any(hint in item.hint for item in errors)


def test_renditions_of_a_text(compiled: Callable[..., Any]) -> None:
    """A text has none."""
    slots = {"terms": {**SLOTS["terms"], "renditions": {"print": {"dpi": 300}}}}
    found = compiled("<pr-content slot='terms'></pr-content>", CSS, slots=slots)
    assert [item.message for item in found.diagnostics if item.severity.value == "error"] == [
        "approved text has no renditions"
    ]


def test_the_front_knows_which_slots_take_text(compiled: Callable[..., Any]) -> None:
    """By what the template does with them."""
    found = compiled("<pr-content slot='terms'></pr-content><img src='asset:other' alt=''>", CSS, slots=SLOTS)
    assert {slot.name: slot.text for slot in found.info.slots} == {"terms": True, "other": False}
