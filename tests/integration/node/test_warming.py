"""The assets of a template are here before its documents are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.integration.node.conftest import StartNode

from pressrun_client import Client, Document, RenderRequest
from pressrun_loadtest.samples import load_bundle, statement_path
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_published_template_is_warm(start_node: StartNode, value: Callable[..., Awaitable[float]]) -> None:
    """Whatever its rules choose for the first documents of a job is in memory: no document waits for a source."""
    record = json.loads((statement_path() / "samples" / "everyday-en.json").read_bytes())
    async with start_node("warming") as node, Client(node.address) as client:
        await client.publish(load_bundle(statement_path()))
        await _settled(node, value)
        asked = await value(node, "pressrun_source_requests_total")
        assert asked > 0
        requests = [
            RenderRequest("statement", {**record, "customer": {**record["customer"], "segment": segment}})
            for segment in ("premier", "everyday", "student", "business")
        ]
        uses, banners = [], set()
        async for result in client.render_stream(requests):
            assert isinstance(result, Document)
            uses.append(result.cache_use)
            banners |= {pin.ref for pin in result.manifest.pins.assets if "banner" in pin.ref}
        assert len(uses) == len(banners) == 4
        assert all(use.memory_hits >= 1 and (use.disk_hits, use.source_fetches) == (0, 0) for use in uses)
        assert await value(node, "pressrun_source_requests_total") == asked


async def test_one_cold_document_warms_the_rest(start_node: StartNode, value: Callable[..., Awaitable[float]]) -> None:
    """A node that starts again over an old folder, without a source's word yet, has all of a job fetched by its first."""
    template = b"""
name: choosing
version: "1"
html: page.html
schema: {type: object}
slots:
  hero:
    rules:
      - {when: "attributes.segment == 'premier'", use: "cloudinary:statement/banner-premier"}
      - {use: "cloudinary:statement/banner-everyday"}
"""
    files = {"template.yaml": template, "page.html": b'<p>Spring</p><img src="asset:hero" alt="hero">'}
    settings: dict[str, Any] = {"asset_fresh_seconds": "0.5"}
    async with start_node("cold", **settings) as node, Client(node.address) as client:
        await client.publish(files)
    async with start_node("cold", **settings) as node, Client(node.address) as client:
        await asyncio.sleep(0.6)
        await client.render("choosing", {})
        await _settled(node, value)
        assert await value(node, "pressrun_asset_entries") == 2


async def _settled(node: Node, value: Callable[..., Awaitable[float]]) -> None:
    """Wait until something is known and nothing is being fetched any more."""
    async with asyncio.timeout(30):
        assert node._pipeline is not None
        while not await value(node, "pressrun_asset_entries"):
            await asyncio.sleep(0.02)
        warming: Any = node._pipeline._warming
        await warming.idle()


async def test_a_known_template_is_rehearsed(
    start_node: StartNode, value: Callable[..., Awaitable[float]], statement: dict[str, bytes]
) -> None:
    """When it is published, and when a node starts that knows it; no document is counted, and no source asked for it."""
    async with start_node("rehearsing") as node, Client(node.address) as client:
        await client.publish(statement)
        await _settled(node, value)
        locales = {path.rpartition("-")[2] for path in statement if path.startswith("samples/")}
        assert await value(node, "pressrun_composer_rehearsals_total") == 3 * len(locales)
        assert await value(node, "pressrun_composer_documents_composed_total") == 0
    async with start_node("rehearsing") as node:
        await _settled(node, value)
        assert await value(node, "pressrun_composer_rehearsals_total") == 3 * len(locales)
        assert await value(node, "pressrun_source_requests_total") == 0
    async with start_node("rehearsing", rehearse="no") as node:
        await _settled(node, value)
        assert await value(node, "pressrun_composer_rehearsals_total") == 0
