"""Pages for browsers from a real node: the same template and record as in print."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import tinyhtml5

from pressrun.v1 import document_pb2
from pressrun_client import Client, InvalidRequestError, OutputChannel, OutputFormat, RenderRequest, VerifyResult
from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)


def request(document: Callable[..., Any], **changes: Any) -> RenderRequest:
    """The sample's record, for a browser."""
    plain = RenderRequest("statement@1", document().record_json, output_channel=OutputChannel.WEB, as_of=AS_OF)
    return replace(plain, **changes)


async def test_a_page_and_its_manifest(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A page is one sound file in the asked locale; its manifest names channel, format, assets and digest."""
    del caller
    async with Client(node.address) as client:
        made = await client.render_request(request(document, locale="de-DE"))
    assert made.content.startswith(b"<!DOCTYPE html>")
    page = tinyhtml5.parse(made.content.decode(), namespace_html_elements=False)
    assert page.get("lang") == "de-DE"
    pictures = [image.get("src", "") for image in page.iter("img")]
    assert [source.partition(",")[0] for source in pictures] == [
        "data:image/png;base64", "data:image/jpeg;base64", "data:image/png;base64",
    ]  # fmt: skip
    manifest = made.manifest
    assert (manifest.output_channel, manifest.output_format) == (OutputChannel.WEB, OutputFormat.HTML)
    assert manifest.media_type == "text/html; charset=utf-8"
    assert manifest.document.sha256 == hashlib.sha256(made.content).hexdigest()
    assert sorted(asset.slot for asset in manifest.pins.assets) == ["banner", "logo"]
    assert {asset.rendition for asset in manifest.pins.assets} != {""}


async def test_print_and_web_are_neighbours(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """Both kinds in one stream, many times: each document is of its kind and its customer."""
    del caller
    async with Client(node.address) as client:
        requests = [
            request(
                document,
                output_channel=OutputChannel.WEB if number % 2 else OutputChannel.PRINT,
                locale=("en-GB", "de-DE", "fr-FR")[number % 3],
            )
            for number in range(60)
        ]
        found = [answer async for answer in client.render_stream(requests)]
    assert len(found) == 60
    digests: dict[tuple[str, str], set[str]] = {}
    for answer in found:
        kind = "html" if answer.content.startswith(b"<!DOCTYPE") else answer.content[:5].decode()
        assert answer.manifest.output_format == {"html": "html", "%PDF-": "pdf"}[kind]
        digests.setdefault((kind, answer.manifest.pins.locale), set()).add(answer.sha256)
    assert len(digests) == 6
    assert {len(same) for same in digests.values()} == {1}


async def test_a_page_is_made_again(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """With its pins a page has the same bytes, and Verify says so, or where a changed one differs."""
    del caller
    record = document().record_json
    async with Client(node.address) as client:
        made = await client.render_request(request(document))
        again = await client.verify(made, record, document=made.content)
        assert (again.result, again.ok) == (VerifyResult.SAME_BYTES, True)
        wrong = made.content.replace(b"Closing balance", b"Closing  balance", 1)
        changed = await client.verify(made, record, document=wrong)
        assert (changed.ok, changed.altered) == (False, True)
        assert changed.difference is not None
        assert changed.difference.offset == wrong.index(b"Closing  balance") + 8
        assert "Closing  balance" in changed.difference.description


async def test_a_format_of_another_channel(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A page is no PDF and paper no HTML: the answer says what there is."""
    answers = await caller.documents(
        document("a", output_channel=document_pb2.OUTPUT_CHANNEL_WEB, output_format=document_pb2.OUTPUT_FORMAT_PDF),
        document("b", output_format=document_pb2.OUTPUT_FORMAT_HTML),
        document("c", output_channel=document_pb2.OUTPUT_CHANNEL_MOBILE, output_format=document_pb2.OUTPUT_FORMAT_PDF),
    )
    for name in "abc":
        assert "it offers print (pdf, png, " in answers[name].failure.message
        assert "web (html)" in answers[name].failure.message
    async with Client(node.address) as client:
        with pytest.raises(InvalidRequestError):
            await client.render_request(request(document, record={"customer": 1}))


async def test_rows_that_arrive(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A page whose rows arrive in a stream has them all, in order; what it is told of the rest is as ever."""
    record = json.loads(document().record_json)
    rows = record.pop("transactions")
    many = [{**rows[number % len(rows)], "text": f"row {number}"} for number in range(3000)]
    files = load_bundle(statement_path())
    html = files["statement.html"].decode().replace("{{ transactions | length }}", "")
    await caller.publish({**files, "statement.html": html.encode(), **_renamed(files, "streamed")})
    async with (
        Client(node.address) as client,
        client.render_rows(
            "streamed@1", record, iter(many), rows_field="transactions", output_channel=OutputChannel.WEB, as_of=AS_OF
        ) as made,
    ):
        content = b"".join([chunk async for chunk in made])
    assert [int(found) for found in re.findall(rb">row (\d+)<", content)] == list(range(3000))


def _renamed(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {"template.yaml": files["template.yaml"].replace(b"name: statement", f"name: {name}".encode())}
