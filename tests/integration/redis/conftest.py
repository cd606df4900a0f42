"""The ways to a real redis-server that several tests here go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from redis.asyncio import Redis
from tests.servers.redis_server import RedisServer

from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink


@pytest.fixture
async def make_link(redis_server: RedisServer) -> AsyncIterator[Callable[..., RedisLink]]:
    """Makes ways to the server, patient ones unless told otherwise."""
    async with AsyncExitStack() as stack:

        def make(**settings: Any) -> RedisLink:
            patient = {"timeout_seconds": 20.0, "retry_seconds": 0.02}
            link = RedisLink(RedisConfig(RedisAddress(redis_server.url), **{**patient, **settings}))
            stack.push_async_callback(link.close)
            return link

        yield make


@pytest.fixture
def link(make_link: Callable[..., RedisLink]) -> RedisLink:
    """The way to the server."""
    return make_link()


@pytest.fixture
async def raw(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """The server as another program sees it."""
    client = Redis.from_url(redis_server.url)
    yield client
    await client.aclose()
