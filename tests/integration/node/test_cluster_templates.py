"""Nodes of a cluster have each other's templates: published once, known to all, also to those that start later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs
from tests.servers.redis_server import RedisServer
from tests.unit.prepare.pictures import png, rgb

from pressrun_client import Client
from pressrun_client.errors import (
    NodeUnavailableError,
    RenderError,
    TemplateConflictError,
    TemplateNotFoundError,
)
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

StartNode = Callable[..., AbstractAsyncContextManager[Node]]
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


def letter(version: str, text: str) -> dict[str, bytes]:
    """The bundle of a small template."""
    head = f'name: letter\nversion: "{version}"\nhtml: page.html\nschema: {{type: object}}\n'
    return {"template.yaml": head.encode(), "page.html": f"<p>{text}</p>".encode()}


def shared(server: RedisServer) -> dict[str, Any]:
    """Settings of the nodes of one cluster."""
    return {"events_redis": server.url, "cluster_key": "a secret of this cluster"}


async def eventually(act: Callable[[], Awaitable[object]]) -> None:
    """Do something again until it is not refused any more."""
    async with asyncio.timeout(20):
        while True:
            try:
                await act()
            except RenderError:
                await asyncio.sleep(0.1)
            else:
                return


@asynccontextmanager
async def serving(start_node: StartNode, name: str, **settings: Any) -> AsyncIterator[Client]:
    """A client of a node that runs as long."""
    async with start_node(name, **settings) as node, Client(node.address) as client:
        yield client


async def test_published_once_is_known_to_all(start_node: StartNode, redis_server: RedisServer) -> None:
    """The next call to another node has the template, and one that starts on an empty disk has all of them."""
    settings = shared(redis_server)
    async with (
        serving(start_node, "first", **settings) as one,
        serving(start_node, "second", **settings) as two,
    ):
        published = await one.publish(letter("1", "Hello"))
        # Not a moment later: whoever is balanced to another node must not be refused.
        document, same = [await client.render("letter@1", {}, as_of=MOMENT) for client in (two, one)]
        assert document.content == same.content
        newer = await two.publish(letter("2", "Hello again"))
        assert (await one.template("letter@2")).ref.digest == newer.ref.digest != published.ref.digest
        async with serving(start_node, "late", **settings) as three:
            assert [(each.ref.name, each.ref.version) async for each in three.templates()] == [
                ("letter", "1"),
                ("letter", "2"),
            ]
            # Without a version: what the cluster published last.
            assert (await three.template("letter")).ref.digest == newer.ref.digest
            assert (await three.template("letter@1")).published_at == published.published_at
            assert (await three.render("letter@1", {}, as_of=MOMENT)).content == document.content
            with pytest.raises(TemplateNotFoundError, match="letter@3"):
                await three.template("letter@3")


async def test_a_version_means_the_same_everywhere(start_node: StartNode, redis_server: RedisServer) -> None:
    """Other files under a version that another node has are refused, and both nodes go on with the first."""
    settings = shared(redis_server)
    async with (
        serving(start_node, "holds", **settings) as one,
        serving(start_node, "wants", **settings) as two,
    ):
        published = await one.publish(letter("1", "Hello"))
        with pytest.raises(TemplateConflictError, match="raise `version`"):
            await two.publish(letter("1", "Good day"))
        answers = await asyncio.gather(
            *(client.publish(letter("7", text)) for client, text in ((one, "a"), (two, "b"))), return_exceptions=True
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["PublishedTemplate", "TemplateConflictError"]
        for name in ("letter@1", "letter@7"):
            assert (await one.template(name)).ref.digest == (await two.template(name)).ref.digest
        assert (await two.template("letter@1")).ref.digest == published.ref.digest


async def test_without_the_list(start_node: StartNode, redis_server: RedisServer) -> None:
    """While Redis is away documents are made and publishing says what to do; what a node had before joins the list."""
    settings = shared(redis_server)
    async with serving(start_node, "before") as client:
        await client.publish(letter("1", "Hello"))
    async with (
        serving(start_node, "before", **settings) as one,
        serving(start_node, "other", **settings) as two,
    ):
        await two.render("letter@1", {}, as_of=MOMENT)
        redis_server.stop()
        await one.render("letter@1", {}, as_of=MOMENT)
        with pytest.raises(RenderError, match="PRESSRUN_EVENTS_REDIS"):
            await one.publish(letter("2", "Hello again"))
        # Whether another node has it, nobody can say.
        with pytest.raises(NodeUnavailableError, match="can't read the list") as error:
            await one.template("letter@2")
        assert error.value.retryable
        redis_server.start()
        # Their links have to find the server again.
        await eventually(lambda: one.publish(letter("2", "Hello again")))
        await eventually(lambda: two.render("letter@2", {}, as_of=MOMENT))
        # The server came back empty; what the nodes knew before is in its list again for those that start later.
        async with serving(start_node, "later", **settings) as three:
            await eventually(lambda: three.render("letter@1", {}, as_of=MOMENT))


async def test_part_of_the_list_is_lost_or_damaged(start_node: StartNode, redis_server: RedisServer) -> None:
    """A node gives back what is missing in the list, and a record that can't be read holds up no other template."""
    settings = shared(redis_server)
    async with serving(start_node, "keeps", **settings) as one:
        for version in ("1", "2", "3"):
            await one.publish(letter(version, f"Hello {version}"))
        raw = Redis.from_url(redis_server.url)
        (records,) = [name async for name in raw.scan_iter("pressrun:templates:*:records")]
        await raw.hset(records, "letter@1", b"damaged")
        await raw.hdel(records, "letter@3")
        async with asyncio.timeout(20):
            while not await raw.hexists(records, "letter@3"):
                await asyncio.sleep(0.1)
        await raw.aclose()
        async with serving(start_node, "new", **settings) as two:
            # By the list alone: nothing here asks for a template that is not known.
            assert [each.ref.version async for each in two.templates()] == ["2", "3"]
            with pytest.raises(RenderError, match="HDEL"):
                await two.publish(letter("1", "Hello 1"))


async def test_nodes_of_several_fronts(start_node: StartNode, redis_server: RedisServer) -> None:
    """Whichever front a template is published to, and whichever another node's is asked of, it is there."""
    settings = shared(redis_server)
    async with (
        start_node("wide", fronts="2", composers="2", **settings) as wide,
        start_node("narrow", **settings) as narrow,
        Client(wide.addresses[0]) as leading,
        Client(wide.addresses[1]) as further,
        Client(narrow.address) as other,
    ):
        await further.publish(letter("1", "Hello"))
        assert [(await client.template("letter@1")).ref.version for client in (leading, other)] == ["1", "1"]
        newest = await other.publish(letter("2", "Hello again"))
        documents = [await client.render("letter@2", {}, as_of=MOMENT) for client in (leading, further, other)]
        assert len({document.content for document in documents}) == 1
        with pytest.raises(TemplateConflictError):
            await further.publish(letter("2", "Good day"))
        dates = [(await client.template("letter")).published_at for client in (leading, further, other)]
        assert dates == [newest.published_at] * 3


async def test_another_cluster_key(
    start_node: StartNode, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A node without a key, or with another one, says what that means; with the old one beside it, it has everything."""
    old = shared(redis_server)
    new = {**old, "cluster_key": "the secret of next year"}
    with capture_logs() as logs:
        async with start_node("keyless", events_redis=redis_server.url):
            pass
    assert [entry["hint"] for entry in logs if entry["event"] == "no_cluster_key"] == [
        "set PRESSRUN_CLUSTER_KEY: whoever can write to Redis can change assets and templates"
    ]
    async with serving(start_node, "old", **old) as client:
        await client.publish(letter("1", "Hello"))
        await client.put_content("seal", png(rgb(40, 20)), approval="approved")
    async with serving(start_node, "new", **new) as one:
        assert "holds 1 templates of another PRESSRUN_CLUSTER_KEY" in caplog.text
        with pytest.raises(TemplateNotFoundError):
            await one.template("letter@1")
        async with (
            start_node("both", **new, cluster_key_previous=old["cluster_key"]) as both,
            Client(both.address) as two,
        ):
            for client in (two, one):
                assert (await client.template("letter@1")).ref.version == "1"
                (found,) = await client.resolve_assets(["pushed:seal"])
                assert found.descriptor is not None, found


async def test_nodes_hear_without_being_asked(start_node: StartNode, redis_server: RedisServer) -> None:
    """The list of an idle node has what was published elsewhere within a few seconds."""
    settings = shared(redis_server)
    async with (
        serving(start_node, "speaks", **settings) as one,
        serving(start_node, "hears", **settings) as two,
    ):
        await one.publish(letter("1", "Hello"))
        async with asyncio.timeout(20):
            while [each.ref.version async for each in two.templates()] != ["1"]:
                await asyncio.sleep(0.1)
