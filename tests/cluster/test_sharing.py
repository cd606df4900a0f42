"""Nodes that share a cache, while one of them dies in the middle of its work for the others."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.cluster.conftest import Served
from tests.servers.redis_server import RedisServer

from pressrun_client import Client
from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.faults import FaultRule, Hang

REF = "cloudinary:statement/banner-premier"
PATHS = "*banner-premier*"


@pytest_asyncio.fixture
async def sharing(tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[tuple[Sandbox, list[Served]]]:
    """The sources, and two cold nodes on empty disks that share a Redis."""
    async with Sandbox() as sandbox:
        env = {
            **sandbox.settings.environment(),
            "PRESSRUN_SOURCES_ALLOW_LOOPBACK": "true",
            "PRESSRUN_PREPARERS": "1",
            "PRESSRUN_CACHE_REDIS": redis_server.url,
            "PRESSRUN_CLUSTER_KEY": "a secret of this cluster",
        }
        nodes = [Served(tmp_path / name, env) for name in ("dies", "lives")]
        try:
            await asyncio.gather(*(node.start() for node in nodes))
            yield sandbox, nodes
        finally:
            for node in nodes:
                await node.kill()


@pytest.mark.parametrize("moment", ["asking", "reading"])
async def test_a_node_that_is_killed_in_mid_fetch_is_replaced(
    sharing: tuple[Sandbox, list[Served]], moment: str
) -> None:
    """Whoever waits at another node for an asset that a killed one was bringing gets it, and the right bytes."""
    sandbox, (first, second) = sharing
    box = sandbox.cloudinary.delivery_faults if moment == "reading" else sandbox.cloudinary.api_faults
    box.add(FaultRule(Hang(), path=PATHS))
    async with Client(first.target) as dying, Client(second.target) as living:
        lost = asyncio.create_task(dying.resolve_assets([REF]))
        async with asyncio.timeout(20):
            while box.report():  # until its request hangs
                await asyncio.sleep(0.01)
        waiting = [asyncio.create_task(living.resolve_assets([REF])) for _ in range(100)]
        await asyncio.sleep(1)
        assert not any(task.done() for task in waiting), "the other node has its turn"
        await first.kill()
        outcomes = list(itertools.chain(*await asyncio.wait_for(asyncio.gather(*waiting), 30)))
        lost.cancel()
        await asyncio.gather(lost, return_exceptions=True)
        digests = {outcome.descriptor.digest for outcome in outcomes if outcome.descriptor is not None}
        assert (len(outcomes), len(digests)) == (100, 1)
    await first.start()
    async with Client(first.target) as back:
        (again,) = await back.resolve_assets([REF])
        assert again.descriptor is not None
        assert {again.descriptor.digest} == digests
