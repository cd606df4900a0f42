from __future__ import annotations

from tests.servers.redis_server import RedisServer

from pressrun_server.assets.rota import Rota
from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_link import RedisLink


async def test_one_node_at_a_time(redis_server: RedisServer) -> None:
    """Of two nodes one has the turn at a name in an interval; without the server each takes its own."""
    first, second = (Rota(RedisLink(RedisConfig(RedisAddress(redis_server.url))), 60.0) for _ in range(2))
    try:
        assert [await first("iconik"), await second("iconik"), await first("iconik")] == [True, False, False]
        assert await second("http")
        redis_server.stop()
        assert await second("iconik")
        assert await first("iconik")
    finally:
        await first.close()
        await second.close()


async def test_the_next_interval(redis_server: RedisServer) -> None:
    """A turn ends before the next look."""
    rota = Rota(RedisLink(RedisConfig(RedisAddress(redis_server.url))), 0.002)
    try:
        assert await rota("iconik")
        while not await rota("iconik"):
            pass
    finally:
        await rota.close()
