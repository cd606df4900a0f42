"""A rate limit that one process is told of is kept by all of its cluster."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from aiohttp import web
from tests.integration.sources.conformance import LIMITS
from tests.integration.sources.scripted import scripted
from tests.servers.redis_server import RedisServer
from yarl import URL

from pressrun_server.assets.shared_pauses import SharedPauses
from pressrun_server.cas.redis_link import RedisLink
from pressrun_sources.errors import RateLimitedError
from pressrun_sources.transport.call import Call
from pressrun_sources.transport.client import Transport

MakeLink = Callable[..., RedisLink]


@asynccontextmanager
async def _nodes(
    make_link: MakeLink, origin: URL, number: int = 2, seconds: float = 2.0
) -> AsyncIterator[list[Transport]]:
    """The transports of nodes to one system."""
    limits = replace(LIMITS, timeout=seconds, max_concurrency=4)
    made = [Transport("http", limits, frozenset({origin}), pauses=SharedPauses(make_link())) for _ in range(number)]
    try:
        yield made
    finally:
        for transport in made:
            await transport.close()


async def _limited(_: web.Request) -> web.Response:
    return web.json_response({}, status=429, headers={"Retry-After": "30"})


async def _fine(_: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def test_kept_by_all(make_link: MakeLink) -> None:
    """The second node does not send what the system told the first one not to; another origin is free."""
    async with scripted(_limited) as system, scripted(_fine) as other:
        async with _nodes(make_link, system.url) as (first, second):
            with pytest.raises(RateLimitedError):
                await first.fetch(Call("GET", system.url / "a", "a"))
            assert len(system.requests) == 1
            with pytest.raises(RateLimitedError) as caught:
                await second.fetch(Call("GET", system.url / "b", "b"))
            assert len(system.requests) == 1
            assert caught.value.retry_after is not None
            assert 25 < caught.value.retry_after <= 30
        async with _nodes(make_link, other.url) as (first, _):
            assert (await first.fetch(Call("GET", other.url / "a", "a"))).json == {"ok": True}


async def test_each_its_own_without_the_server(redis_server: RedisServer, make_link: MakeLink) -> None:
    """Without Redis a node keeps what it was told itself, and asks where it was told nothing."""
    redis_server.stop()
    async with scripted(_limited) as system, _nodes(make_link, system.url) as (first, second):
        for _ in range(2):
            with pytest.raises(RateLimitedError):
                await first.fetch(Call("GET", system.url / "a", "a"))
        assert len(system.requests) == 1
        with pytest.raises(RateLimitedError):
            await second.fetch(Call("GET", system.url / "b", "b"))
        assert len(system.requests) == 2


async def test_the_longest_counts_and_ends(link: RedisLink) -> None:
    """A shorter pause does not shorten a longer one; when it is over, the system is asked again."""
    pauses = SharedPauses(link)
    await pauses.begin("http:a", 20)
    await pauses.begin("http:a", 1)
    assert 15 < (await pauses.take("http:a")).wait <= 20
    await pauses.begin("http:b", 0.05)
    async with asyncio.timeout(10):
        while (await pauses.take("http:b")).wait:
            await asyncio.sleep(0.01)
    assert (await pauses.take("http:c")).wait == 0


class Counted:
    """A system that allows so many requests in each window, and tells what is left as Cloudinary does."""

    def __init__(self, limit: int, window: float) -> None:
        self.limit, self.window = limit, window
        self.served: list[int] = []
        """Requests by window."""
        self.refused = 0
        self._ends = 0.0

    async def answer(self, _: web.Request) -> web.Response:
        """Count, and take a moment in which others ask too."""
        now = time.time()
        if now >= self._ends:
            # The reset is told in whole seconds.
            self._ends = float(math.floor(now + self.window))
            self.served.append(0)
        left = self.limit - self.served[-1]
        self.served[-1] += left > 0
        self.refused += left <= 0
        headers = {
            "X-FeatureRateLimit-Limit": str(self.limit),
            "X-FeatureRateLimit-Remaining": str(max(0, left - 1)),
            "X-FeatureRateLimit-Reset": format_datetime(datetime.fromtimestamp(self._ends, UTC), usegmt=True),
        }
        await asyncio.sleep(0.02)
        return web.json_response({"ok": left > 0}, status=200 if left > 0 else 420, headers=headers)


async def test_what_is_left_is_shared(make_link: MakeLink) -> None:
    """Four nodes with sixteen requests under way pass the limit of no window, lose nothing, and waste little of it."""
    counted = Counted(60, 3.0)
    async with scripted(counted.answer) as system, _nodes(make_link, system.url, 4, 30.0) as nodes:
        calls = [
            node.fetch(Call("GET", system.url / str(number), str(number))) for number in range(40) for node in nodes
        ]
        answers = await asyncio.gather(*calls)
    assert [answer.json for answer in answers] == [{"ok": True}] * 160
    assert counted.refused == 0
    assert sum(counted.served) == 160
    assert counted.served[0] >= 40


async def test_each_for_itself_without_redis(redis_server: RedisServer, make_link: MakeLink) -> None:
    """While Redis is away a node keeps to what it was told of itself."""
    counted = Counted(20, 3.0)
    async with scripted(counted.answer) as system, _nodes(make_link, system.url, 1, 30.0) as (node,):
        redis_server.stop()
        answers = await asyncio.gather(
            *(node.fetch(Call("GET", system.url / str(number), str(number))) for number in range(30))
        )
    assert len(answers) == 30
    assert counted.refused == 0
