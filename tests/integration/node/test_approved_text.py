"""Approved text that is pushed to a real node: compiled into the template once, shown only while it may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pymupdf
import pytest
import pytest_asyncio
from click.testing import CliRunner
from tests.integration.node.conftest import StartNode
from tests.unit.prepare.pictures import png, rgb

from pressrun_client import AssetUnavailableError, Client, Document, RenderError, Rendition
from pressrun_client.cli import main as pressrun
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEMPLATE = b"""
name: terms
version: "1"
html: terms.html
locales: [en-GB, de-DE]
schema: {type: object, properties: {vip: {type: boolean}}}
slots:
  terms:
    rules:
      - {when: vip is defined and vip, use: "pushed:terms/vip"}
      - {use: {de: "pushed:terms/de", default: "pushed:terms/en"}}
  note: {rules: [{use: "pushed:note"}], otherwise: omit}
"""
HTML = b"<p>Dear customer</p><pr-content slot='terms'></pr-content><pr-content slot='note'></pr-content>"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(start_node: StartNode) -> AsyncIterator[Node]:
    """A node of its own."""
    async with start_node("approved") as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(node: Node) -> AsyncIterator[Client]:
    """A client of a node with a template that shows approved text."""
    async with Client(node.address) as found:
        await found.publish({"template.yaml": TEMPLATE, "terms.html": HTML})
        await put(found, "terms/en", "<p>Terms of <b>2026</b></p>")
        await put(found, "terms/de", "<p>Bedingungen</p>")
        await put(found, "terms/vip", "VIP terms\n\nin plain text")
        yield found


async def put(client: Client, name: str, text: str, approval: str = "approved", **more: datetime) -> str:
    """Push a text; gives the digest of its bytes."""
    kind = "text/html" if text.startswith("<") else "text/plain"
    kept = await client.put_content(name, text.encode(), media_type=kind, approval=approval, **more)
    return kept.digest.sha256


def said(document: Document) -> str:
    """The text of a document."""
    with pymupdf.open(stream=document.content) as pdf:
        return " ".join(pdf[0].get_text().split())


def compilations(node: Node) -> float:
    """Programs that were made."""
    value = node.metrics.registry.get_sample_value("pressrun_compilations_total", {"result": "ok"})
    return value or 0.0


async def test_each_combination_is_compiled_once(node: Node, client: Client) -> None:
    """By record and locale; 200 documents at once need three programs, and each gets its own text."""
    before = compilations(node)
    wanted = [
        ({}, "en-GB", "Terms of 2026"),
        ({}, "de-DE", "Bedingungen"),
        ({"vip": True}, "en-GB", "VIP terms in plain"),
    ]
    documents = await asyncio.gather(
        *(client.render("terms", record, locale=locale) for record, locale, _ in wanted * 40)
    )
    for document, (_, _, text) in zip(documents, wanted * 40, strict=True):
        assert said(document).startswith(f"Dear customer {text}")
    assert compilations(node) - before == len(wanted)
    pins = {pin.slot: pin for pin in documents[0].manifest.pins.assets}
    assert pins["terms"].media_type == "text/html"
    assert pins["terms"].rendition == "f=text"


async def test_a_new_version_and_a_withdrawal(client: Client) -> None:
    """The next document has the new text, byte for byte the old one with its pins, and none of a withdrawn one."""
    old = await client.render("terms", {}, as_of=NOW)
    await put(client, "terms/en", "<p>Terms of 2027</p>")
    assert said(await client.render("terms", {}, as_of=NOW)) == "Dear customer Terms of 2027"
    pinned = await client.render("terms", {}, pins=old.manifest.pins)
    assert pinned.content == old.content
    await client.put_content("terms/en", None, approval="retired")
    with pytest.raises(RenderError) as caught:
        await client.render("terms", {}, as_of=NOW)
    assert caught.value.reason == "ASSET_NOT_APPROVED"
    await put(client, "terms/en", "<p>Terms of 2028</p>")
    assert said(await client.render("terms", {})) == "Dear customer Terms of 2028"


async def test_it_comes_and_goes_with_its_dates(client: Client) -> None:
    """A text outside its effective dates is left out where the slot says so, with a warning."""
    await put(client, "note", "<p>Spring offer</p>", effective_from=NOW, effective_until=NOW + timedelta(days=30))
    shown = await client.render("terms", {}, as_of=NOW + timedelta(days=1))
    assert said(shown).endswith("Spring offer")
    for as_of in (NOW - timedelta(seconds=1), NOW + timedelta(days=30)):
        document = await client.render("terms", {}, as_of=as_of)
        assert "Spring" not in said(document)
        assert [warning.code for warning in document.manifest.warnings] == ["ASSET_OMITTED"]


async def test_what_may_not_stand_is_refused_when_it_is_pushed(client: Client) -> None:
    """With its line and what is valid; so a template never meets it."""
    with pytest.raises(AssetUnavailableError, match="line 2: <script> cannot stand in approved text") as caught:
        await put(client, "terms/bad", "<p>a</p>\n<script>x()</script>")
    assert caught.value.reason == "ASSET_INVALID"


async def test_a_picture_where_a_text_belongs(client: Client) -> None:
    """What an asset is must fit the slot, whichever way round."""
    await client.put_content("note", png(rgb(20, 20)), approval="approved")
    document = await client.render("terms", {})
    (warning,) = document.manifest.warnings
    assert "the file is a PNG image, not approved text" in warning.message


async def test_texts_can_be_looked_for(node: Node, client: Client) -> None:
    """What a node has of approved texts is told without asking a source, also on the command line."""
    await put(client, "looked-for", "<p>Looked for</p>")
    text = Rendition(format="text")
    refs = ["pushed:looked-for", "pushed:never-pushed"]
    (outcome,) = await client.resolve_assets(refs[:1], rendition=text)
    assert outcome.error is None
    assert (await client.find_missing(refs[:1])).refs == ("pushed:looked-for",), "the text is no image"
    assert (await client.find_missing(refs, rendition=text)).refs == ("pushed:never-pushed",)
    line = ["asset", "missing", "--text", "--target", node.address, *refs]
    done = await asyncio.to_thread(CliRunner().invoke, pressrun, line)
    assert (done.exit_code, done.output) == (1, "pushed:never-pushed\n")


BRANDED = b"""
name: branded
version: "1"
html: branded.html
channels: [print, web]
schema: {type: object, properties: {brand: {enum: [gold, house]}}}
slots:
  brand:
    rules: [{when: "brand == 'gold'", use: "pushed:brand/gold"}, {use: "pushed:brand/house"}]
    tokens: brand.json
"""


async def test_a_brands_tokens_are_pushed_and_shown(client: Client) -> None:
    """Rules choose whose colours a document has; what is no set of tokens is refused when it is pushed, or used."""
    page = b"<style>p { color: var(--brand-color-ink) }</style><p>Dear customer</p>"
    tokens = b'{"color": {"ink": "#000000"}}'
    await client.publish({"template.yaml": BRANDED, "branded.html": page, "brand.json": tokens})
    json = "application/json"
    await client.put_content("brand/gold", b'{"color": {"ink": "#b8860b"}}', media_type=json, approval="approved")
    await client.put_content("brand/house", b'{"color": {"ink": "#004d47"}}', media_type=json, approval="approved")
    for brand, ink in (("gold", 0xB8860B), ("house", 0x004D47), ("gold", 0xB8860B)):
        document = await client.render("branded@1", {"brand": brand})
        with pymupdf.open(stream=document.content) as pdf:
            assert pdf[0].get_text("dict")["blocks"][0]["lines"][0]["spans"][0]["color"] == ink
        web = await client.render("branded@1", {"brand": brand}, output_channel="web", output_format="html")
        assert f"#{ink:06x}".encode() in web.content
    with pytest.raises(RenderError, match="no JSON object"):
        await client.put_content("brand/gold", b"[1]", media_type=json, approval="approved")
    await client.put_content("brand/gold", b'{"color": {"paper": "#ffffff"}}', media_type=json, approval="approved")
    with pytest.raises(RenderError, match="cannot be shown by this template"):
        await client.render("branded@1", {"brand": "gold"})
