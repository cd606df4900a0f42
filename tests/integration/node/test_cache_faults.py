from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.servers.redis_server import RedisServer
from tests.servers.tmpfs import fill, tmpfs

from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

StartNode = Callable[..., AbstractAsyncContextManager[Node]]
Speak = Callable[[Node], AbstractAsyncContextManager[Any]]


async def test_renders_on_a_full_disk(
    start_node: StartNode,
    speak: Speak,
    statement: dict[str, bytes],
    document: Callable[..., Any],
    value: Callable[..., Awaitable[float]],
    tmp_path: Path,
) -> None:
    """A node whose disk is full fetches, prepares and renders as one with an empty disk does, and counts it."""
    async with start_node("roomy", known=True) as node, speak(node) as caller:
        await caller.publish(statement)
        wanted = (await caller.documents(document("r1")))["r1"].data
    with tmpfs(tmp_path / "disk", 16 * 1024 * 1024) as disk:
        async with start_node("full", data_dir=str(disk / "data")) as node, speak(node) as caller:
            await caller.publish(statement)
            fill(disk)
            found = (await caller.documents(document("r1")))["r1"]
            assert found.data == wanted, found.failure
            assert await value(node, "pressrun_cache_errors_total", tier="disk") > 0
            assert await value(node, "pressrun_cache_available", tier="disk") == 0


async def test_renders_from_a_damaged_disk_and_a_damaged_redis(
    start_node: StartNode,
    speak: Speak,
    statement: dict[str, bytes],
    document: Callable[..., Any],
    value: Callable[..., Awaitable[float]],
    redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    """Every blob on disk has a flipped bit: a restarted node finds out, asks again, and its document is right."""
    settings = {"data_dir": str(tmp_path / "data"), "cache_redis": redis_server.url}
    async with start_node("damaged", **settings) as node, speak(node) as caller:
        await caller.publish(statement)
        wanted = (await caller.documents(document("r1")))["r1"].data
    redis_server.stop()
    files = list((tmp_path / "data" / "blobs" / "blobs").rglob("*-*"))
    for file in files:
        data = file.read_bytes()
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    async with start_node("damaged", **settings) as node, speak(node) as caller:
        found = (await caller.documents(document("r1")))["r1"]
        assert found.data == wanted, found.failure
        corrupt = await value(node, "pressrun_cache_corrupt_blobs_total", tier="disk")
        assert 3 <= corrupt <= len(files)
        assert await value(node, "pressrun_cache_available", tier="redis") == 0
