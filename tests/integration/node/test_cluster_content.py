"""Content that is pushed to one node of a cluster is used by the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from tests.integration.node.conftest import StartNode
from tests.servers.redis_server import RedisServer
from tests.unit.prepare.pictures import png, rgb

from pressrun_client import AssetUnavailableError, Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEMPLATE = b"""
name: shared
version: "1"
html: page.html
schema: {type: object}
slots:
  hero: {rules: [{use: "pushed:hero/spring"}]}
  found: {rules: [{query: {source: pushed, where: {campaign: spring}}}], otherwise: omit}
"""
HTML = b'<p>Spring</p><img src="asset:hero" alt="hero"><img src="asset:found" alt="found">'
SPRING = [("campaign", "spring")]


@pytest_asyncio.fixture(loop_scope="module")
async def clients(start_node: StartNode, redis_server: RedisServer) -> AsyncIterator[list[Client]]:
    """Clients of two nodes of a cluster, which share a Redis of events and nothing else."""
    async with AsyncExitStack() as stack:
        made = []
        for name in ("content-one", "content-two"):
            settings = {"events_redis": redis_server.url, "cluster_key": "a secret of this cluster"}
            folder = f"{name}-{time.monotonic_ns()}"
            node = await stack.enter_async_context(start_node(folder, **settings))
            client = await stack.enter_async_context(Client(node.address))
            await client.publish({"template.yaml": TEMPLATE, "page.html": HTML})
            made.append(client)
        yield made


async def _slots(client: Client) -> dict[str, tuple[str, str]]:
    pins = (await client.render("shared", {})).manifest.pins.assets
    return {pin.slot: (pin.version, pin.digest.sha256) for pin in pins}


async def test_other_nodes_use_it_within_a_second(clients: list[Client]) -> None:
    """Each push to one node is in the other's documents within a second, by its id and by a query; so is a withdrawal."""
    one, two = clients
    with pytest.raises(AssetUnavailableError, match="has no content"):
        await two.render("shared", {})
    for number, (pusher, other) in enumerate([(one, two), (two, one), (one, two)], 1):
        data = png(rgb(40 + number, 20))
        kept = await pusher.put_content("hero/spring", data, approval="approved", attributes=SPRING)
        pushed = time.monotonic()
        wanted = (str(number), kept.digest.sha256)
        while True:
            try:
                slots = await _slots(other)
            except AssetUnavailableError:
                slots = {}
            if slots.get("hero") == wanted == slots.get("found"):
                break
            assert time.monotonic() - pushed < 1, slots  # the promise itself, not a measurement
            await asyncio.sleep(0.02)
    await two.put_content("hero/spring", None, approval="retired")
    async with asyncio.timeout(5):
        while True:
            try:
                await one.render("shared", {})
            except AssetUnavailableError as error:
                assert error.reason == "ASSET_NOT_APPROVED"
                break
            await asyncio.sleep(0.02)


async def test_one_order_for_all(clients: list[Client]) -> None:
    """Pushes to both nodes at the same moment get numbers of their own, none is lost, and both nodes agree on the last."""
    pushes = [
        clients[number % 2].put_content("hero/spring", png(rgb(30 + number, 21)), approval="approved")
        for number in range(10)
    ]
    kept = await asyncio.gather(*pushes)
    assert sorted(int(one.version) for one in kept) == list(range(1, 11))
    last = max(kept, key=lambda one: int(one.version))
    async with asyncio.timeout(5):
        while {(await _slots(client))["hero"] for client in clients} != {("10", last.digest.sha256)}:
            await asyncio.sleep(0.02)


async def test_a_new_node_has_it(clients: list[Client], start_node: StartNode, redis_server: RedisServer) -> None:
    """A node that joins later has what was pushed before; content of a lone node is given to the cluster that it joins."""
    kept = await clients[0].put_content("hero/spring", png(rgb(61, 22)), approval="approved")
    name = f"content-lone-{time.monotonic_ns()}"
    async with start_node(name) as node, Client(node.address) as client:
        await client.put_content("hero/lone", png(rgb(33, 33)), approval="approved", attributes=SPRING)
    settings = {"events_redis": redis_server.url, "cluster_key": "a secret of this cluster"}
    async with start_node(name, **settings) as node, Client(node.address) as client:
        await client.publish({"template.yaml": TEMPLATE, "page.html": HTML})
        assert (await _slots(client))["hero"] == ("1", kept.digest.sha256)
        async with asyncio.timeout(20):
            while "found" not in await _slots(clients[1]):
                await asyncio.sleep(0.1)


async def test_without_the_server(clients: list[Client], redis_server: RedisServer) -> None:
    """Without Redis each node uses what it has; a push is refused, may be tried again, and is not half kept."""
    one, two = clients
    kept = await one.put_content("hero/spring", png(rgb(62, 23)), approval="approved")
    async with asyncio.timeout(5):
        while True:
            try:
                if (await _slots(two))["hero"] == ("1", kept.digest.sha256):
                    break
            except AssetUnavailableError:
                pass
            await asyncio.sleep(0.02)
    redis_server.stop()
    with pytest.raises(AssetUnavailableError, match="it was not kept; push it again") as caught:
        await two.put_content("hero/spring", png(rgb(63, 23)), approval="approved")
    assert caught.value.retryable
    for client in clients:
        assert (await _slots(client))["hero"] == ("1", kept.digest.sha256)
    redis_server.start()
    async with asyncio.timeout(20):
        while True:
            try:
                again = await two.put_content("hero/spring", png(rgb(63, 23)), approval="approved")
            except AssetUnavailableError:
                await asyncio.sleep(0.2)
                continue
            break
    assert again.created
