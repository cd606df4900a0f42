"""Rules, rights and locales through the surface of a real node: what goes into a document, and what is told of it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.unit.prepare.pictures import png, rgb

from pressrun_client import Client, InvalidRecordError, RenderError, SlotOutcome
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 11, 3, 12, tzinfo=UTC)
TEMPLATE = """
name: offer
version: "1"
html: offer.html
locales: [en-GB, fr-FR]
schema: {type: object, properties: {vip: {type: boolean}}}
slots:
  hero:
    rules:
      - {when: "attributes.segment == 'platinum'", use: "library:hero/platinum.png"}
      - {when: "attributes.segment == 'gold'", query: {source: library, where: {campaign: "{{ attributes.campaign }}"}}}
      - {use: "library:hero/plain.png"}
    otherwise: omit
  terms:
    rules: [{use: {fr: "library:terms/fr.png", default: "library:terms/en.png"}}]
    require: {tags: [legal]}
"""
HTML = b'<p>Offer</p><img src="asset:hero" alt="hero"><img src="asset:terms" alt="terms">'
SIDECARS = {
    "hero/plain.png": "{approval: approved}",
    "hero/a.png": '{approval: pending, version: "9", attributes: {campaign: spring}}',
    "hero/b.png": '{approval: rejected, version: "8", attributes: {campaign: spring}}',
    "hero/c.png": '{approval: approved, version: "7", rights_until: 2026-10-31, attributes: {campaign: spring}}',
    "hero/d.png": '{approval: approved, version: "5", territories: [EU, CA, GB], attributes: {campaign: spring}}',
    "hero/web.png": "{approval: approved, attributes: {channel: web}}",
    "terms/fr.png": '{approval: approved, version: "3", attributes: {compliance: legal}}',
    "terms/en.png": "{approval: approved, attributes: {compliance: legal}}",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(node: Node, library: Path) -> AsyncIterator[Client]:
    """A client of a node whose library has the assets, with the template published."""
    for number, (path, sidecar) in enumerate(SIDECARS.items()):
        file = library / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(png(rgb(40 + number, 20)))
        file.with_name(f"{file.name}.yaml").write_text(sidecar)
    async with Client(node.address) as found:
        await found.publish({"template.yaml": TEMPLATE.encode(), "offer.html": HTML})
        yield found


def _gold(**more: Any) -> dict[str, Any]:
    return {"attributes": {"segment": "gold", "campaign": "spring"}, "as_of": AS_OF, **more}


async def test_the_manifest_says_why(client: Client) -> None:
    """The next best candidate is taken, and the manifest tells which ones were refused and what is not localised."""
    manifest = (await client.render("offer@1", {}, locale="fr-CA", **_gold())).manifest
    hero, terms = manifest.decisions
    assert hero.text == (
        "slot hero: rule 2 matched attributes.segment == 'gold'; library:hero/d.png version 5 chosen; "
        "3 candidates refused: 2 not approved, 1 rights ended 2026-10-31"
    )
    assert (hero.rule, hero.outcome, hero.ref, hero.version) == (2, SlotOutcome.CHOSEN, "library:hero/d.png", "5")
    assert [(one.ref, one.reason) for one in hero.refused] == [
        ("library:hero/a.png", "ASSET_NOT_APPROVED"),
        ("library:hero/b.png", "ASSET_NOT_APPROVED"),
        ("library:hero/c.png", "ASSET_RIGHTS"),
    ]
    assert terms.text == "slot terms: rule 1 holds always; library:terms/fr.png version 3 (fr) chosen"
    assert [(gap.slot, gap.wanted, gap.used) for gap in manifest.localisation_gaps] == [
        ("", "fr-CA", "fr-FR"),
        ("terms", "fr-CA", "fr"),
    ]
    assert manifest.requested_locale == "fr-CA"


async def test_place_and_moment_decide(client: Client) -> None:
    """In October the newer picture is used, up to midnight where the customer is; where no rights hold, none is."""
    before = datetime(2026, 11, 1, 3, 59, tzinfo=UTC)  # still October 31 in Toronto, and in Paris no longer
    canada = await client.render("offer@1", {}, locale="fr-CA", **_gold(as_of=before))
    assert canada.manifest.decisions[0].ref == "library:hero/d.png"
    halifax = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
    assert (await client.render("offer@1", {}, locale="fr-CA", **_gold(as_of=halifax))).manifest.decisions[
        0
    ].ref == "library:hero/c.png"
    paris = await client.render("offer@1", {}, locale="fr-FR", **_gold(as_of=halifax))
    assert paris.manifest.decisions[0].ref == "library:hero/d.png"
    japan = await client.render("offer@1", {}, locale="ja-JP", **_gold())
    hero = japan.manifest.decisions[0]
    assert (hero.outcome, hero.ref) == (SlotOutcome.OMITTED, "")
    assert hero.refused[-1].brief == "not for JP"
    assert [pin.slot for pin in japan.manifest.pins.assets] == ["terms"]


async def test_the_same_again_from_the_manifest(client: Client) -> None:
    """Pins of a query, of a variant and of a territory give the same bytes again, as does verifying."""
    options = _gold(locale="fr-CA", request_id="again")
    first = await client.render("offer@1", b"{}", **options)
    again = await client.render("offer@1", b"{}", pins=first.manifest.pins, **options)
    assert again.content == first.content
    assert [decision.outcome for decision in again.manifest.decisions] == [SlotOutcome.PINNED] * 2
    assert (await client.verify(first, b"{}")).ok


async def test_beside_documents(client: Client) -> None:
    """Resolving and prefetching ask for approval and window; place and channel are judged where a document has them."""
    outcomes = await client.resolve_assets(["library:hero/d.png", "library:hero/web.png", "library:hero/c.png"])
    assert [outcome.error is None for outcome in outcomes] == [True, True, False]
    prefetched = {outcome.ref: outcome.error is None for outcome in await client.prefetch("offer@1")}
    assert prefetched["library:terms/fr.png"]
    assert not prefetched["library:hero/platinum.png"]  # there is no such file
    web = TEMPLATE.replace('version: "1"', 'version: "web"').replace("hero/plain.png", "hero/web.png")
    await client.publish({"template.yaml": web.encode(), "offer.html": HTML})
    hero = (await client.render("offer@web", {}, as_of=AS_OF)).manifest.decisions[0]
    assert (hero.outcome, hero.refused[0].brief) == (SlotOutcome.OMITTED, "not for print")


async def test_explained(client: Client) -> None:
    """An explanation tells each rule, as a render would decide it, and fails nothing."""
    found = await client.explain("offer@1", {}, locale="fr-CA", **_gold())
    made = (await client.render("offer@1", {}, locale="fr-CA", **_gold())).manifest
    assert tuple(slot.decision for slot in found.slots) == made.decisions
    assert found.gaps == made.localisation_gaps
    assert (found.ok, found.territory, found.locale, found.as_of) == (True, "CA", "fr-FR", AS_OF)
    assert [rule.result.value for rule in found.slots[0].rules] == ["not-matched", "matched", "not-reached"]
    assert found.slots[0].rules[1].offer == "what library where campaign={{ attributes.campaign }} finds"
    with pytest.raises(InvalidRecordError):
        await client.explain("offer@1", {"vip": 3})


async def test_a_failure_is_explained(client: Client) -> None:
    """A slot that would fail the document is told with its reason, and the others are told all the same."""
    await client.publish(
        {
            "template.yaml": TEMPLATE.replace('version: "1"', 'version: "2"')
            .replace("[legal]", "[legal, gdpr]")
            .encode(),
            "offer.html": HTML,
        }
    )
    found = await client.explain("offer@2", {}, as_of=AS_OF)
    hero, terms = found.slots
    assert (hero.decision.outcome, hero.failure) == (SlotOutcome.CHOSEN, "")
    assert terms.decision.outcome is SlotOutcome.FAILED
    assert "it lacks the compliance tag 'gdpr'" in terms.failure
    assert not found.ok
    with pytest.raises(RenderError, match="compliance tag"):
        await client.render("offer@2", {}, as_of=AS_OF)


async def test_the_command(client: Client, tmp_path: Path) -> None:
    """`pressrun explain` prints the tree, or JSON; it exits with 1 where the document would fail."""
    record = tmp_path / "record.json"
    record.write_text("{}")
    common = ["--locale", "fr-CA", "--as-of", AS_OF.isoformat(), "--target", client.config.target]
    gold = ["--attribute", "segment=gold", "--attribute", "campaign=spring"]
    code, text = await _command("explain", "offer@1", str(record), *gold, *common)
    assert code == 0
    lines = [line.strip("│├└─ ") for line in text.splitlines()]
    assert lines[0] == "offer@1  locale fr-FR, as of 2026-11-03 12:00:00+00:00, territory CA"
    assert lines[1] == "hero: chosen library:hero/d.png version 5"
    assert lines[2].startswith("rule 1, when attributes.segment == 'platinum': does not hold")
    assert any(
        line.startswith("refused library:hero/c.png: its rights ended 2026-11-01T02:30:00+00:00") for line in lines
    )
    assert "the document: fr-CA is not there, fr-FR is used" in lines
    code, text = await _command("explain", "offer@1", str(record), "--json", *gold, *common)
    assert json.loads(text)["slots"][0]["decision"]["version"] == "5"
    code, text = await _command("explain", "offer@1", str(record), "--locale", "x_y", "--target", client.config.target)
    assert code == 1


async def _command(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from pressrun_client.cli import main; main()", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()
