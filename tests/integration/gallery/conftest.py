from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from pressrun_client import Client
from pressrun_loadtest.gallery.flows import SEED
from pressrun_loadtest.gallery.press import publish
from pressrun_loadtest.sandbox import CloudinaryOptions, Sandbox, load_seed
from pressrun_loadtest.sandbox.hooks import STANDARD_SECRET
from pressrun_server.app.config import NodeConfig
from pressrun_server.app.node import Node

shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
"""A node takes seconds to start, so the tests of a module share one."""


@pytest.fixture(scope="module")
def cloudinary_options() -> CloudinaryOptions:
    """How Cloudinary's stand-in behaves; a module may have it otherwise."""
    return CloudinaryOptions()


@shared
async def sandbox(cloudinary_options: CloudinaryOptions) -> AsyncIterator[Sandbox]:
    """The five systems with the gallery's brand library."""
    async with Sandbox(seed=load_seed(SEED), cloudinary=cloudinary_options) as running:
        yield running


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Settings of the node beyond the usual ones; a module may have its own."""
    return {}


@shared
async def node(
    sandbox: Sandbox, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Node]:
    """A node with the systems as its sources."""
    environ = {
        "PRESSRUN_LISTEN": "127.0.0.1:0",
        "PRESSRUN_HTTP_LISTEN": "127.0.0.1:0",
        "PRESSRUN_DATA_DIR": str(tmp_path_factory.mktemp("gallery-node")),
        "PRESSRUN_COMPOSERS": "1",
        "PRESSRUN_PREPARERS": "2",
        "PRESSRUN_SOURCES_HOOK_SECRETS": STANDARD_SECRET,
        "PRESSRUN_SOURCES_HOOK_ICONIK_SECRET": sandbox.iconik.options.hook_secret,
        **sandbox.settings.node_environment(),
        **settings,
    }
    running = Node(NodeConfig.from_env(environ))
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


@shared
async def client(node: Node) -> AsyncIterator[Client]:
    """A client of the node, which has the gallery's templates."""
    async with Client(node.address) as made:
        await publish(made)
        yield made


async def listen(origin: str, node: Node, source: str) -> None:
    """Let a stand-in tell a node of its changes."""
    async with aiohttp.ClientSession() as session:
        hook = f"http://{node.http_address}/hooks/{source}"
        async with session.post(f"{origin}/__sandbox__/hooks", json={"url": hook}) as answer:
            assert answer.status == 200
