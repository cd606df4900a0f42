"""The ways to a real redis-server that several tests here go."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from tests.servers.redis_server import RedisServer

from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink


@pytest.fixture
async def link(redis_server: RedisServer) -> AsyncIterator[RedisLink]:
    """The way to the server."""
    link = RedisLink(RedisConfig(RedisAddress(redis_server.url), timeout_seconds=20.0, retry_seconds=0.02))
    yield link
    await link.close()


@pytest.fixture
async def raw(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """The server as another program sees it."""
    client = Redis.from_url(redis_server.url)
    yield client
    await client.aclose()
