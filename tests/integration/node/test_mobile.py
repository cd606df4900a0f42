"""Pages and texts for telephones from a real node, by the client and by its command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tinyhtml5

from pressrun_client import (
    Client,
    InvalidRequestError,
    OutputChannel,
    OutputFormat,
    RenderError,
    RenderRequest,
    TextAlphabet,
    TextLength,
    VerifyResult,
)
from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.app.node import Node
from pressrun_server.render.local import render

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
SAMPLES = statement_path().parent


def request(document: Callable[..., Any], **changes: Any) -> RenderRequest:
    """The sample's record, for a telephone."""
    plain = RenderRequest("statement@1", document().record_json, output_channel=OutputChannel.MOBILE, as_of=AS_OF)
    return replace(plain, **changes)


async def test_a_page(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """Without a word of the format it is HTML, with pictures in the renditions for telephones; Verify makes it again."""
    del caller
    async with Client(node.address) as client:
        made = await client.render_request(request(document, locale="de-DE"))
        found = await client.verify(made, document().record_json, document=made.content)
    page = tinyhtml5.parse(made.content.decode(), namespace_html_elements=False)
    assert page.get("lang") == "de-DE"
    assert made.media_type == "text/html; charset=utf-8"
    manifest = made.manifest
    assert (manifest.output_channel, manifest.output_format) == (OutputChannel.MOBILE, OutputFormat.HTML)
    assert sorted(asset.rendition for asset in manifest.pins.assets) == ["w=480,f=png", "w=780,f=jpg,q=75"]
    assert manifest.text is None
    assert found.result is VerifyResult.SAME_BYTES


async def test_a_text(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A summary comes as text with its length in the manifest, needs no assets, and Verify makes it again."""
    del caller
    async with Client(node.address) as client:
        made = await client.render_request(request(document, output_format=OutputFormat.TEXT, locale="en-GB"))
        found = await client.verify(made, document().record_json, document=made.content)
    text = made.content.decode()
    assert text.startswith("Meridian Bank: your statement ")
    assert made.media_type == "text/plain; charset=utf-8"
    assert made.manifest.text == TextLength(TextAlphabet.GSM7, len(text), len(text), 1)
    assert made.manifest.pins.assets == ()
    assert json.loads(made.manifest_json())["text"]["alphabet"] == "TEXT_ALPHABET_GSM7"
    assert found.result is VerifyResult.SAME_BYTES


async def test_what_can_not_be_had(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A text is of the output channel mobile, of a template with a summary, and of a record that fits its schema."""
    await caller.publish(load_bundle(SAMPLES / "renewal"))
    record = (SAMPLES / "renewal/samples/house-en.json").read_bytes()
    text = request(document, output_format=OutputFormat.TEXT)
    async with Client(node.address) as client:
        with pytest.raises(RenderError, match="does not make text for the output channel print"):
            await client.render_request(replace(text, output_channel=OutputChannel.PRINT))
        with pytest.raises(InvalidRequestError, match="has no summary"):
            await client.render_request(replace(text, template="renewal@1", record=record))
        with pytest.raises(RenderError) as caught:
            await client.render_request(replace(text, record=b"{}"))
        assert caught.value.reason == "INVALID_RECORD"


async def test_a_large_record(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A record that is read beside the front is checked and summarised as a small one."""
    del caller
    record = json.loads(document().record_json)
    rows = record["transactions"]
    record["transactions"] = [rows[index % len(rows)] for index in range(4000)]
    async with Client(node.address) as client:
        small = await client.render_request(request(document, output_format=OutputFormat.TEXT))
        large = await client.render_request(
            request(document, output_format=OutputFormat.TEXT, record=json.dumps(record).encode())
        )
        record["transactions"][3999] = {}
        with pytest.raises(RenderError, match="record"):
            await client.render_request(
                request(document, output_format=OutputFormat.TEXT, record=json.dumps(record).encode())
            )
    assert large.content == small.content


async def test_without_a_node(document: Callable[..., Any], tmp_path: Path) -> None:
    """A bundle's page and text can be had in this process, with the same words and a manifest of the same form."""
    del tmp_path
    files = SAMPLES / "dunning"
    record = (files / "samples/first-en.json").read_bytes()
    del document
    import asyncio  # noqa: PLC0415 - `render` runs a loop of its own

    text, manifest = await asyncio.to_thread(render, files, record, channel="mobile", output_format="text")
    assert text.decode().startswith("Meridian Bank: 1 instalment is open on your loan 41-207733.")
    assert json.loads(manifest)["text"] == {
        "alphabet": "TEXT_ALPHABET_GSM7", "characters": len(text), "units": len(text), "segments": 1,
    }  # fmt: skip
