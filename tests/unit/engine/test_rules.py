from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.engine.conftest import bundle

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.choice import Choice, Query
from pressrun_server.model.template import Requirement
from pressrun_server.template.compile import compile_bundle
from pressrun_server.template.selection import Selection, Selector

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LOGO = [{"use": "library:logo.png"}]


def _bundle(slot: dict[str, Any], **description: Any) -> dict[str, bytes]:
    manifest = {"name": "s", "version": "1", "html": "s.html", "schema": {"type": "object"}, "slots": {"logo": slot}}
    return {
        "template.yaml": json.dumps({**manifest, **description}).encode(),
        "s.html": b"<img src='asset:logo' alt=''>",
    }


def selector(slot: dict[str, Any], **description: Any) -> Selector:
    """A template with one slot at work."""
    compiled = compile_bundle(_bundle(slot, **description))
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    return Selector(compiled.info)


def problems(slot: Any) -> list[str]:
    """What is wrong with a slot."""
    return [f"{item.message} / {item.hint}" for item in compile_bundle(_bundle(slot)).diagnostics]


def choose(
    found: Selector, record: dict[str, Any] | None = None, requested: str = "", channel: str = "print", **given: str
) -> Selection:
    """What is chosen for a record and attributes."""
    (chosen,) = found.select(
        record or {}, attributes=given, locale=found.locale(requested), as_of=NOW, channel=channel, requested=requested
    )
    return chosen


def test_the_first_rule_that_holds() -> None:
    """Rules look at record, attributes, locale and date; the first that holds wins and is told by its number."""
    found = selector(
        {
            "rules": [
                {"when": "attributes.segment == 'gold' and as_of < '2026-07-01'", "use": "library:gold.png"},
                {"when": "balance is defined and balance > 100", "use": "library:rich.png"},
                {"when": "locale == 'de-DE'", "use": "library:german.png"},
                {"use": "library:plain.png"},
            ]
        },
        locales=["en-GB", "de-DE"],
    )
    assert choose(found, {"balance": 500}, segment="silver").rule == 2
    assert choose(found, requested="de-AT").rule == 3
    assert choose(found, segment="gold").rule == 1
    assert choose(found).ref == "library:plain.png"
    assert found.info.slots[0].rules[1].text == "balance is defined and balance > 100"


def test_plain_rules_make_nothing() -> None:
    """Where nothing of the record goes into a choice, documents share one object."""
    found = selector({"rules": [{"when": "vip", "use": "library:vip.png"}, *LOGO]})
    assert choose(found, {"vip": True}) is choose(found, {"vip": True, "more": 1})
    assert choose(found, jurisdiction="DE") is not choose(found, jurisdiction="FR")


@pytest.mark.parametrize(
    ("requested", "attributes", "territory"),
    [
        ("", {}, "GB"),
        ("de-AT", {}, "AT"),
        ("de", {}, ""),
        ("es-419", {}, "419"),
        ("zh-Hant-TW", {}, "TW"),
        ("de-AT", {"jurisdiction": "ch"}, "CH"),
        ("en-GB", {"jurisdiction": "US-NY"}, "US"),
        ("de-AT", {"jurisdiction": "European Union"}, "AT"),
    ],
)
def test_the_territory_of_a_document(requested: str, attributes: dict[str, str], territory: str) -> None:
    """It is the country of the jurisdiction, else that of the locale that was asked for, not of its stand-in."""
    assert choose(selector({"rules": LOGO}), requested=requested, **attributes).territory == territory


def test_a_slot_may_say_the_territory() -> None:
    """An expression, a code, or that it does not matter."""
    by_region = selector({"rules": LOGO, "require": {"territory": "attributes.region"}})
    assert choose(by_region, region="EMEA").territory == "EMEA"
    with pytest.raises(PressrunError) as caught:
        choose(by_region)
    assert caught.value.reason is Reason.INVALID_RECORD
    assert caught.value.violations[0].field == "slots.logo.require.territory"
    assert choose(selector({"rules": LOGO, "require": {"territory": "DE"}}), requested="fr-FR").territory == "DE"
    assert choose(selector({"rules": LOGO, "require": {"territory": "any"}})).require == Requirement(territory=False)


def test_everything_that_may_be_required() -> None:
    """Approval, rights, channel, licences and compliance tags are read as they are written."""
    required = {"approval": "any", "rights": True, "channel": "any", "licence": "royalty-free", "tags": ["a", "b"]}
    found = choose(selector({"rules": LOGO, "require": required})).require
    assert found == Requirement("any", channel=False, licences=("royalty-free",), tags=("a", "b"))


CHAIN = {
    "fr-CA": ["fr-CA", "fr", "default"],
    "fr-BE": ["fr", "default"],
    "de-AT": ["default"],
    "": ["default"],
}


@pytest.mark.parametrize("requested", CHAIN)
def test_variants_by_locale(requested: str) -> None:
    """Variants are tried along the locale's chain, the one for all others last."""
    use = {"fr": "library:fr.png", "fr-CA": "library:ca.png", "default": "library:en.png"}
    chosen = choose(selector({"rules": [{"use": use}]}), requested=requested)
    assert [choice.locale for choice in chosen.choices] == CHAIN[requested]
    assert [choice.ref for choice in chosen.choices] == [use[tag] for tag in CHAIN[requested]]
    assert chosen.wanted == (requested or "en-GB")


def test_the_chain_of_a_locale() -> None:
    """A locale, its language, the template's locale of that language, the template's default and its language."""
    found = selector({"rules": LOGO}, locales=["en-GB", "fr-FR"])
    assert found.chain("fr-CA") == ("fr-CA", "fr", "fr-FR", "en-GB", "en")
    assert found.chain("en-GB") == ("en-GB", "en")


def test_queries() -> None:
    """A query's values come from record and attributes; its text for messages is the template's."""
    query = {"source": "cloudinary", "where": {"campaign": "spring", "tier": "tier-{{ customer.tier }}"}}
    found = selector({"rules": [{"query": query}]})
    chosen = choose(found, {"customer": {"tier": 3}})
    text = "cloudinary where campaign=spring and tier=tier-{{ customer.tier }}"
    assert chosen.ref == ""
    assert chosen.choices == (Choice(query=Query("cloudinary", (("campaign", "spring"), ("tier", "tier-3")), text)),)
    for record in ({}, {"customer": {}}, {"customer": {"tier": None}}, {"customer": {"tier": [1]}}):
        with pytest.raises(PressrunError) as caught:
            choose(found, record)
        assert caught.value.reason is Reason.INVALID_RECORD


def test_localised_queries() -> None:
    """A query for localised assets is asked for each locale of the chain, never without one."""
    query = {"source": "cloudinary", "where": {"campaign": "spring"}, "localised": True}
    chosen = choose(selector({"rules": [{"query": query}]}, locales=["en-GB", "fr-FR"]), requested="fr-CA")
    asked = [choice.query.locale for choice in chosen.choices if choice.query]
    assert asked == ["fr-CA", "fr", "fr-FR", "en-GB", "en"]
    assert [choice.locale for choice in chosen.choices] == asked


def test_what_can_be_prefetched() -> None:
    """Everything that can be chosen without a record: refs, variants, queries without expressions, the fallback."""
    found = selector(
        {
            "rules": [
                {"when": "a", "use": {"fr": "library:fr.png", "default": "library:en.png"}},
                {"when": "b", "query": {"source": "library", "where": {"kind": "logo"}}},
                {"when": "c", "query": {"source": "library", "where": {"kind": "{{ kind }}"}}},
                *LOGO,
            ],
            "otherwise": "library:last.png",
        }
    )
    chosen = found.choices("print")
    assert [choice.ref for choice in chosen] == [
        "library:fr.png",
        "library:en.png",
        "",
        "library:logo.png",
        "library:last.png",
    ]


@pytest.mark.parametrize(
    ("slot", "message"),
    [
        ({"rules": [{"use": "library:a", "query": {}}]}, "a rule has `use` or `query`"),
        ({"rules": [{"when": "x"}]}, "a rule has `use` or `query`"),
        ({"rules": [{"use": ["library:a"]}]}, "use must be an asset ref"),
        ({"rules": [{"use": {"french": "library:a"}}]}, "'french' is not a locale"),
        ({"rules": [{"use": {"fr": "a"}}]}, "not an asset ref"),
        ({"rules": [{"query": {"source": "No Name", "where": {"a": "b"}}}]}, "source is not the name of a source"),
        ({"rules": [{"query": {"source": "library", "where": {}}}]}, "where must name 1 to 16 criteria"),
        ({"rules": [{"query": {"source": "library", "where": {"a": "{{ b"}}}]}, ""),
        ({"rules": [{"query": {"source": "library", "were": {"a": "b"}}}]}, "unknown key 'were'"),
        ({"rules": LOGO, "require": {"approval": "yes"}}, "approval is not valid"),
        ({"rules": LOGO, "require": {"terr": "DE"}}, "unknown key 'terr' / did you mean 'territory'"),
        ({"rules": LOGO, "require": {"territory": False}}, "territory must be a text, not False / put it in quotes"),
        ({"rules": LOGO, "require": {"territory": "a b"}}, "territory: "),
        ({"rules": LOGO, "require": {"channel": "print"}}, "channel is not valid / valid: stated"),
        ({"rules": LOGO, "require": {"approval": ["approved"]}}, "approval is not valid / valid: approved, any"),
        ({"rules": LOGO, "require": {"channel": {"stated": True}}}, "channel is not valid / valid: stated"),
        ({"rules": LOGO, "require": {"licence": [1]}}, "licence must be a text or a list of texts"),
        ({"rules": LOGO, "require": "approved"}, "require must be a mapping"),
    ],
)
def test_what_is_wrong_is_told(slot: dict[str, Any], message: str) -> None:
    """Each mistake is told with what would be valid, at publish."""
    assert any(message in problem for problem in problems(slot)), problems(slot)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b'{"a": NaN}', "NaN is no number of it"),
        (b'{"a": [1, Infinity]}', "Infinity is no number of it"),
        (b'{"a": -Infinity}', "Infinity is no number of it"),
        (b'{"a": 1e400}', "a number beyond what computers calculate with"),
        (b'{"a": Never}', "is not JSON: "),
        (b"[]", "must be a JSON object"),
    ],
)
def test_a_record_that_is_none_is_told_why(record: bytes, said: str) -> None:
    """What programs write amiss is told in words that lead to it, and never with the record's values."""
    compiled = compile_bundle(bundle("<p>x</p>"))
    assert compiled.info is not None
    with pytest.raises(PressrunError) as caught:
        Selector(compiled.info).decode(record)
    (violation,) = caught.value.violations
    assert said in violation.description
    assert "Never" not in violation.description
