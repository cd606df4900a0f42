from __future__ import annotations

from collections.abc import Callable

from tests.servers.redis_server import RedisServer

from pressrun_server.assets.rota import Rota
from pressrun_server.cas.redis_link import RedisLink


async def test_one_node_at_a_time(redis_server: RedisServer, make_link: Callable[..., RedisLink]) -> None:
    """Of two nodes one has the turn at a name in an interval; without the server each takes its own."""
    first, second = Rota(make_link(), 60.0), Rota(make_link(), 60.0)
    assert [await first("iconik"), await second("iconik"), await first("iconik")] == [True, False, False]
    assert await second("http")
    redis_server.stop()
    assert await second("iconik")
    assert await first("iconik")


async def test_the_next_interval(link: RedisLink) -> None:
    """A turn ends before the next look."""
    rota = Rota(link, 0.002)
    assert await rota("iconik")
    while not await rota("iconik"):
        pass
