"""The key of a cluster is changed by roll-outs while templates and content are published."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio
from tests.cluster.conftest import Served
from tests.servers.redis_server import RedisServer
from tests.unit.prepare.pictures import png, rgb

from pressrun_client import Client
from pressrun_client.errors import RenderError

T = TypeVar("T")
OLD, NEW = "the secret of last year", "the secret of this year"


@pytest_asyncio.fixture
async def nodes(tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[list[Served]]:
    """Three nodes that share the Redis of events and nothing else."""
    env = {"PRESSRUN_EVENTS_REDIS": redis_server.url, "PRESSRUN_CLUSTER_KEY": OLD, "PRESSRUN_PREPARERS": "1"}
    made = [Served(tmp_path / str(number), env) for number in range(3)]
    try:
        await asyncio.gather(*(node.start() for node in made))
        yield made
    finally:
        for node in made:
            await node.kill()


async def patiently(ask: Callable[[Client], Awaitable[T]], target: str) -> T:
    """What a node answers, whose pod may just be replaced."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with Client(target) as client:
                    return await ask(client)
            except RenderError as error:
                assert error.retryable, error
                await asyncio.sleep(0.1)


def letter(version: int) -> dict[str, bytes]:
    """A template that is small."""
    head = f'name: letter\nversion: "{version}"\nhtml: page.html\nschema: {{type: object}}\n'
    return {"template.yaml": head.encode(), "page.html": f"<p>Version {version}</p>".encode()}


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_key_is_changed_by_two_roll_outs(nodes: list[Served]) -> None:
    """Whatever is published meanwhile, at whichever node, is known to all, in one order, and outlives the old key."""
    done = asyncio.Event()
    published = 0

    async def publish() -> None:
        nonlocal published
        for number in itertools.count(1):
            target = nodes[number % 3].target
            found = await patiently(lambda client, number=number: client.publish(letter(number)), target)  # type: ignore[misc]
            assert found.ref.version == str(number)
            data = png(rgb(20 + number, 20))
            kept = await patiently(
                lambda client, data=data: client.put_content("seal", data, approval="approved"), target
            )  # type: ignore[misc]
            assert kept.version == str(number)
            for node in nodes:
                newest = await patiently(lambda client: client.template("letter"), node.target)
                exact = await patiently(lambda client, number=number: client.template(f"letter@{number}"), node.target)  # type: ignore[misc]
                assert exact.ref.digest == found.ref.digest
                assert int(newest.ref.version) in {number - 1, number}
            published = number
            if done.is_set():
                return

    publishing = asyncio.create_task(publish())
    for settings in (
        {"PRESSRUN_CLUSTER_KEY": NEW, "PRESSRUN_CLUSTER_KEY_PREVIOUS": OLD},
        {"PRESSRUN_CLUSTER_KEY": NEW, "PRESSRUN_CLUSTER_KEY_PREVIOUS": ""},
    ):
        for node in nodes:
            await asyncio.sleep(1)
            await node.replace(**settings)
    done.set()
    await publishing
    print(f"{published} templates and versions of a content published through two roll-outs of three nodes")
    assert published > 6
    for node in nodes:
        async with Client(node.target) as client:
            versions = sorted([int(template.ref.version) async for template in client.templates()])
            assert versions == list(range(1, published + 1))
            (seal,) = await client.resolve_assets(["pushed:seal"])
            assert seal.descriptor is not None
            assert seal.descriptor.version == str(published)
