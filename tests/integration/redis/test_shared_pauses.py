"""A rate limit that one process is told of is kept by all of its cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from tests.integration.sources.conformance import LIMITS
from tests.integration.sources.scripted import scripted
from tests.servers.redis_server import RedisServer
from yarl import URL

from pressrun_server.assets.shared_pauses import SharedPauses
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink
from pressrun_sources.errors import RateLimitedError
from pressrun_sources.transport.call import Call
from pressrun_sources.transport.client import Transport


@asynccontextmanager
async def _nodes(url: str, origin: URL) -> AsyncIterator[list[Transport]]:
    """The transports of two nodes to one system."""
    pauses = [SharedPauses(RedisLink(RedisConfig(RedisAddress(url)))) for _ in range(2)]
    made = [Transport("http", replace(LIMITS, timeout=2.0), frozenset({origin}), pauses=one) for one in pauses]
    try:
        yield made
    finally:
        for transport, one in zip(made, pauses, strict=True):
            await transport.close()
            await one.close()


async def _limited(_: web.Request) -> web.Response:
    return web.json_response({}, status=429, headers={"Retry-After": "30"})


async def _fine(_: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def test_kept_by_all(redis_server: RedisServer) -> None:
    """The second node does not send what the system told the first one not to; another origin is free."""
    async with scripted(_limited) as system, scripted(_fine) as other:
        async with _nodes(redis_server.url, system.url) as (first, second):
            with pytest.raises(RateLimitedError):
                await first.fetch(Call("GET", system.url / "a", "a"))
            assert len(system.requests) == 1
            with pytest.raises(RateLimitedError) as caught:
                await second.fetch(Call("GET", system.url / "b", "b"))
            assert len(system.requests) == 1
            assert caught.value.retry_after is not None
            assert 25 < caught.value.retry_after <= 30
        async with _nodes(redis_server.url, other.url) as (first, _):
            assert (await first.fetch(Call("GET", other.url / "a", "a"))).json == {"ok": True}


async def test_each_its_own_without_the_server(redis_server: RedisServer) -> None:
    """Without Redis a node keeps what it was told itself, and asks where it was told nothing."""
    redis_server.stop()
    async with scripted(_limited) as system, _nodes(redis_server.url, system.url) as (first, second):
        for _ in range(2):
            with pytest.raises(RateLimitedError):
                await first.fetch(Call("GET", system.url / "a", "a"))
        assert len(system.requests) == 1
        with pytest.raises(RateLimitedError):
            await second.fetch(Call("GET", system.url / "b", "b"))
        assert len(system.requests) == 2


async def test_the_longest_counts_and_ends(redis_server: RedisServer) -> None:
    """A shorter pause does not shorten a longer one; when it is over, the system is asked again."""
    pauses = SharedPauses(RedisLink(RedisConfig(RedisAddress(redis_server.url))))
    try:
        await pauses.begin("http:a", 20)
        await pauses.begin("http:a", 1)
        assert 15 < await pauses.left("http:a") <= 20
        await pauses.begin("http:b", 0.05)
        async with asyncio.timeout(10):
            while await pauses.left("http:b"):
                await asyncio.sleep(0.01)
        assert await pauses.left("http:c") == 0
    finally:
        await pauses.close()
