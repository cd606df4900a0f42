from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.servers.redis_server import RedisServer

from pressrun_client import Client
from pressrun_server.app.config import ConfigError
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

StartNode = Callable[..., AbstractAsyncContextManager[Node]]


async def warm(node: Node) -> None:
    """Wait until what the templates can choose is here."""
    assert node._pipeline is not None
    warming: Any = node._pipeline._warming
    await warming.idle()


async def test_renders_whatever_redis_does(
    start_node: StartNode,
    speak: Callable[[Node], AbstractAsyncContextManager[Any]],
    statement: dict[str, bytes],
    document: Callable[..., Any],
    value: Callable[..., Awaitable[float]],
    redis_server: RedisServer,
) -> None:
    """With Redis, without it, and with it again, documents are the same and none fails; what was made is written there."""
    async with start_node("redis", cache_redis=redis_server.url) as node, speak(node) as caller:
        await caller.publish(statement)
        first = (await caller.documents(document("r1")))["r1"]
        assert first.completion is not None, first.failure
        assert await value(node, "pressrun_cache_transferred_bytes_total", tier="redis", direction="written") > 100_000
        for act in (redis_server.pause, redis_server.stop, redis_server.start):
            act()
            document_again = (await caller.documents(document("r2")))["r2"]
            assert document_again.data == first.data


async def test_one_server_under_two_names_is_refused(start_node: StartNode, redis_server: RedisServer) -> None:
    """A node asks both servers who they are: what looks like two, and is one, is refused at start."""
    alias = redis_server.url.replace("127.0.0.1", "127.1")
    urls = {"cache_redis": redis_server.url, "events_redis": alias}
    with pytest.raises(ConfigError, match="PRESSRUN_EVENTS_REDIS"):
        async with start_node("twice", **urls):
            pass


@pytest.mark.timeout(180)  # four nodes, one after the other
async def test_what_one_node_made_no_other_makes_again(
    start_node: StartNode,
    speak: Callable[[Node], AbstractAsyncContextManager[Any]],
    statement: dict[str, bytes],
    document: Callable[..., Any],
    value: Callable[..., Awaitable[float]],
    redis_server: RedisServer,
) -> None:
    """A second node with an empty disk compiles, prepares and fetches nothing: its first document needs no source."""
    shared = {"cache_redis": redis_server.url, "cluster_key": "a secret of this cluster"}
    async with start_node("one", patient=True, **shared) as one, speak(one) as caller:
        await caller.publish(statement)
        first = (await caller.documents(document("r1")))["r1"]
        assert first.completion is not None, first.failure
        await warm(one)
        assert one.store is not None
        await one.store.settle()
        tasks = await value(one, "pressrun_preparer_tasks_total")
        assert tasks > 1
        async with start_node("two", patient=True, **shared) as two, speak(two) as other:
            answer = await other.publish(statement)
            assert answer.created
            await warm(two)
            second = (await other.documents(document("r1")))["r1"]
            assert second.data == first.data
            assert await value(two, "pressrun_preparer_tasks_total") == 0
            assert await value(two, "pressrun_compilations_total") == 0
            assert await value(two, "pressrun_source_requests_total") == 0
            use = second.completion.cache_use
            assert (use.memory_hits, use.disk_hits, use.source_fetches, use.shared_hits) == (2, 0, 0, 0)
            assert await value(two, "pressrun_cache_requests_total", tier="redis", result="hit") > tasks
        # Without the cluster's key nothing is believed, for another tenant nothing is there, and all is made again.
        for name, changed in (("three", {"cluster_key": "a secret of another one"}), ("four", {"cluster_tenant": "b"})):
            async with start_node(name, patient=True, **(shared | changed)) as stranger, speak(stranger) as other:
                await other.publish(statement)
                again = (await other.documents(document("r1")))["r1"]
                assert again.data == first.data
                await warm(stranger)
                assert await value(stranger, "pressrun_preparer_tasks_total") == tasks


async def test_two_cold_nodes_ask_a_source_once(
    start_node: StartNode, value: Callable[..., Awaitable[float]], redis_server: RedisServer
) -> None:
    """200 requests for one asset on two nodes ask its source no more than one request on one node does."""
    ref = "cloudinary:statement/banner-premier"

    async def asked(*nodes: Node) -> float:
        return sum([await value(node, "pressrun_source_requests_total", source="cloudinary") for node in nodes])

    async with start_node("alone") as alone, Client(alone.address) as client:
        await client.resolve_assets([ref])
        once = await asked(alone)
    shared = {"cache_redis": redis_server.url, "cluster_key": "a secret of this cluster"}
    async with (
        start_node("cold-one", patient=True, **shared) as one,
        start_node("cold-two", patient=True, **shared) as two,
        Client(one.address) as first,
        Client(two.address) as second,
    ):
        answers = await asyncio.gather(
            *(client.resolve_assets([ref]) for _ in range(100) for client in (first, second))
        )
        digests = {outcome.descriptor.digest for (outcome,) in answers if outcome.descriptor is not None}
        assert (len(answers), len(digests)) == (200, 1)
        assert await asked(one, two) == once
        assert (
            await value(one, "pressrun_preparer_tasks_total") + await value(two, "pressrun_preparer_tasks_total") == 1
        )
        saved = [await value(node, "pressrun_source_requests_saved_total", scope="cluster") for node in (one, two)]
        assert sorted(saved) == [0, 1]


async def test_two_nodes_compile_a_bundle_once(
    start_node: StartNode,
    statement: dict[str, bytes],
    value: Callable[..., Awaitable[float]],
    redis_server: RedisServer,
) -> None:
    """A bundle that is published to two nodes at the same moment is compiled by one of them."""
    shared = {"cache_redis": redis_server.url, "cluster_key": "a secret of this cluster"}
    async with (
        start_node("compiles-one", patient=True, **shared) as one,
        start_node("compiles-two", patient=True, **shared) as two,
        Client(one.address) as first,
        Client(two.address) as second,
    ):
        published = await asyncio.gather(first.publish(statement), second.publish(statement))
        assert [each.created for each in published] == [True, True]
        assert await value(one, "pressrun_compilations_total") + await value(two, "pressrun_compilations_total") == 1


async def test_two_nodes_compile_an_approved_text_once(
    start_node: StartNode, library: Path, value: Callable[..., Awaitable[float]], redis_server: RedisServer
) -> None:
    """Documents that need the same text at two nodes at the same moment have one of them compile it in."""
    (library / "terms.html").write_text("<p>Terms of 2026</p>")
    (library / "terms.html.yaml").write_text("approval: approved\n")
    template = b'name: termed\nversion: "1"\nhtml: page.html\nschema: {type: object}\nslots:\n  terms: {rules: [{use: "library:terms.html"}]}\n'
    files = {"template.yaml": template, "page.html": b"<p>Hello</p><pr-content slot='terms'></pr-content>"}
    shared = {"cache_redis": redis_server.url, "cluster_key": "a secret of this cluster"}
    async with (
        start_node("texts-one", patient=True, **shared) as one,
        start_node("texts-two", patient=True, **shared) as two,
        Client(one.address) as first,
        Client(two.address) as second,
    ):
        await asyncio.gather(first.publish(files), second.publish(files))
        moment = datetime(2026, 11, 1, tzinfo=UTC)
        documents = await asyncio.gather(
            *(client.render("termed", {}, as_of=moment) for _ in range(20) for client in (first, second))
        )
        assert len({document.content for document in documents}) == 1
        # One for the bundle, one for the bundle with the text in it.
        assert await value(one, "pressrun_compilations_total") + await value(two, "pressrun_compilations_total") == 2
