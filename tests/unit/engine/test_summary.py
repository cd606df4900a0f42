"""Summaries: texts for short messages and notifications, and how long they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engine.conftest import bundle

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.diagnostic import Severity
from pressrun_server.model.document import ComposeSummary
from pressrun_server.model.summary import SUMMARY, TextLength
from pressrun_server.model.template import CompiledTemplate, program_key
from pressrun_server.render.programs import begin, load
from pressrun_server.template.compile import compile_bundle
from pressrun_server.template.textlength import foreign, length_of, simplified

AS_OF = datetime(2026, 11, 1, 12, tzinfo=UTC)


def compiled(summary: Any, **more: Any) -> CompiledTemplate:
    """A template with a summary."""
    return compile_bundle(bundle("<p>x</p>", **{"channels": ["print", "mobile"], "summary": summary, **more}))


def said(summary: Any, record: Any = None, locale: str = "en-GB", **more: Any) -> tuple[str, ComposeSummary]:
    """What a summary says of a record."""
    template = compiled(summary, **more)
    assert template.info is not None, [str(item) for item in template.diagnostics]
    program = load(template.programs[program_key(locale, SUMMARY)])
    made = begin(program, json.dumps(record or {}).encode(), assets={}, attributes={}, as_of=AS_OF, engine="e" * 64)
    text = b"".join(made).decode()
    assert made.summary.size == len(text.encode())
    return text, made.summary


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments"),
    [
        ("", "gsm7", 0, 1),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 81, "gsm7", 162, 2),
        # An escape and its septet stay together, so that the first of two messages holds 152.
        ("a" * 152 + "€" * 2 + "b" * 150, "gsm7", 306, 3),
        ("ж" * 70, "ucs2", 70, 1),
        ("ж" * 71, "ucs2", 71, 2),
        ("ж" * 134, "ucs2", 134, 2),
        ("ж" * 135, "ucs2", 135, 3),
        ("a" * 159 + "’", "ucs2", 160, 3),  # noqa: RUF001
        # A pair of surrogates stays together: 66 units in the first message.
        ("ж" * 66 + "😀" + "ж" * 66, "ucs2", 134, 3),
        ("Ça va, ÀÜ @£ [x] {y}", "ucs2", 20, 1),
        ("ÄÖÜäöüßèéùìòåÅøØñÑ ΔΦΓΛΩΠΨΣΘΞ ^{}[]~|\\", "gsm7", 46, 1),
    ],
)
def test_length(text: str, alphabet: str, units: int, segments: int) -> None:
    """Alphabets, units and messages are those of 3GPP TS 23.038 and 23.040."""
    assert length_of(text) == TextLength(alphabet, len(text), units, segments)  # type: ignore[arg-type]


@given(st.text(alphabet=st.sampled_from("aZé€[ж’—…😀 \n"), max_size=400))  # noqa: RUF001
def test_what_a_message_holds(text: str) -> None:
    """Greedy parts are the fewest: no text needs fewer messages than its units, nor one more than a pair lost in each."""
    length = length_of(text)
    whole, part = (160, 153) if length.alphabet == "gsm7" else (70, 67)
    if length.units <= whole:
        assert length.segments == 1
        return
    assert -(-length.units // part) <= length.segments <= -(-length.units // (part - 1))
    assert (length.alphabet == "gsm7") == (not foreign(text))


@given(st.text(max_size=100))
def test_simpler_signs_serve_the_small_alphabet_or_nothing(text: str) -> None:
    """A text is changed only where that makes it fit, and then it does."""
    plain = simplified(text)
    assert plain == text or (foreign(text) and not foreign(plain))


def test_what_it_says() -> None:
    """Strings, filters, plural forms and conditions stand in it; spaces of a language's numbers are plain ones."""
    text, summary = said(
        "{{ t.bank }}: {{ t.bills | plural(n) }},\n {{ total | money('EUR') }}{{ '!' if n > 1 else '' }}",
        {"n": 2, "total": "1234567.89"},
        "fr-FR",
        locales=["fr-FR"],
        default_locale="fr-FR",
        strings={
            "fr-FR": {"bank": "Banque", "bills": {"one": "{n} facture", "many": "{n} de", "other": "{n} factures"}}
        },
    )
    assert text == "Banque: 2 factures,\n1 234 567,89 €!"
    assert summary.text == TextLength("gsm7", 35, 36, 1)
    assert not summary.warnings


def test_by_locale() -> None:
    """Texts may be given by locale."""
    texts = {"en-GB": "Your bill {{ n }}", "de-DE": "Ihre Rechnung {{ n }}"}
    more = {"locales": ["en-GB", "de-DE"]}
    assert said({"text": texts}, {"n": 7}, **more)[0] == "Your bill 7"
    assert said({"text": texts}, {"n": 7}, "de-DE", **more)[0] == "Ihre Rechnung 7"


def test_no_value_brings_lines_or_turns_text_around() -> None:
    """Controls, line ends of any script and bidi controls of a record are gone; markup stays text."""
    text, _ = said("A {{ v }} Z\nend", {"v": "x\r\n\u2028y\u202ez\x00\x1b<b>\u2066 \t q"})
    assert text == "A x y z<b> q Z\nend".replace("y z", "yz")


def test_plain_signs() -> None:
    """With `simplify` typographic signs become plain ones where the text is then sent in GSM 7 bit."""
    given_text, record = "O’Brien – {{ n }}…", {"n": "“x”\u00ad"}  # noqa: RUF001
    assert said({"text": given_text}, record)[1].text == TextLength("ucs2", 15, 15, 1)
    text, summary = said({"text": given_text, "simplify": True}, record)
    assert text == 'O\'Brien - "x"...'
    assert summary.text == TextLength("gsm7", 16, 16, 1)
    assert said({"text": given_text, "simplify": True}, {"n": "ж"})[0] == "O’Brien – ж…"  # noqa: RUF001


def test_what_is_longer_than_it_may_be() -> None:
    """It is a warning, a failure or nothing, as the template says; what makes it UCS-2 is named."""
    long = {"n": "x" * 160}
    _, summary = said("A {{ n }}", long)
    assert [(warning.code, warning.place) for warning in summary.warnings] == [
        ("SUMMARY_LENGTH", "template.yaml: summary")
    ]
    assert "2 messages (162 septets); the template wants 1 at most" in summary.warnings[0].message
    assert "U+2019" in said("A {{ n }}", {"n": "’" + "x" * 100})[1].warnings[0].message  # noqa: RUF001
    assert not said({"text": "A {{ n }}", "segments": 2}, long)[1].warnings
    assert not said("A {{ n }}", long, warnings={"summary-length": "pass"})[1].warnings
    push = {"text": "A {{ n }}", "characters": 100}
    assert "has 162 characters; the template wants 100" in said(push, long)[1].warnings[0].message
    with pytest.raises(PressrunError) as caught:
        said("A {{ n }}", long, warnings={"summary-length": "fail"})
    assert caught.value.reason is Reason.DOCUMENT_REFUSED
    assert caught.value.metadata["warning"] == "SUMMARY_LENGTH"


@pytest.mark.parametrize(
    ("summary", "more", "severity", "words"),
    [
        ("x" * 161, {}, "warning", "the text alone is 2 messages"),
        ("x" * 161, {"warnings": {"summary-length": "fail"}}, "error", "the text alone is 2 messages"),
        ({"text": "x" * 60, "characters": 50}, {}, "warning", "the text alone is 60 characters"),
        ("Your customer’s bill", {}, "warning", "’ (U+2019) make it a message in UCS-2"),  # noqa: RUF001
        (
            "{{ nope.x }}",
            {"schema": {"type": "object", "properties": {"n": {}}}},
            "error",
            "nope",
        ),
        ("{{ t.nope }}", {}, "error", "there is no string 'nope'"),
        ({"text": "x", "segment": 1}, {}, "error", "unknown key 'segment'"),
        ({"text": "x", "segments": 0}, {}, "error", "segments is not valid"),
        ({"text": "x", "simplify": "yes"}, {}, "error", "simplify must be true or false"),
        ({"text": {"en-GB": "x", "nl-NL": "y"}}, {}, "error", "nl-NL is not one of locales"),
        ({"text": {"en-GB": "x"}}, {"locales": ["en-GB", "de-DE"]}, "error", "no text in de-DE"),
        ({"text": 7}, {}, "error", "text must be a text"),
        (7, {}, "error", "summary must be a text or a mapping"),
        ("x", {"channels": ["print"]}, "error", "a summary is for the output channel mobile"),
    ],
)
def test_what_is_told_at_publish(summary: Any, more: dict[str, Any], severity: str, words: str) -> None:
    """Mistakes, and what would make every message long, are told with their place in template.yaml."""
    template = compiled(summary, **more)
    found = next(item for item in template.diagnostics if words in item.message)
    assert found.file == "template.yaml"
    assert found.severity is Severity(severity)
    assert (template.info is None) == (severity == "error")
    assert found.hint


def test_letters_of_another_script_are_no_mistake() -> None:
    """A text in a language that has no letters of GSM 7 bit is told nothing."""
    assert not compiled("Ваша выписка готова, остаток {{ n }}").diagnostics
