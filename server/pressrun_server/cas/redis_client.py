"""Makes clients of a Redis, and tells whether two addresses lead to one server."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from pressrun_server.cas.address import RedisAddress

__all__ = ["connect", "same_server"]


def connect(address: RedisAddress, *, timeout: float, connections: int) -> Redis:
    """A client, which connects when it is first used.

    It tries nothing twice: who calls it decides what a failure means. RESP2 is a quarter faster here than RESP3.

    Args:
        address: the server.
        timeout: seconds that connecting, or one read, may take.
        connections: the most at once; a further call raises.
    """
    return Redis.from_url(
        address.url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        max_connections=connections,
        client_name="pressrun",
    )


async def same_server(one: RedisAddress, other: RedisAddress, *, seconds: float = 1.0) -> bool:
    """Whether both lead to one running server, by its own word; False where either can't be asked now."""
    runs = await asyncio.gather(*(_run_of(address, seconds) for address in (one, other)))
    return runs[0] is not None and runs[0] == runs[1]


async def _run_of(address: RedisAddress, seconds: float) -> str | None:
    client = connect(address, timeout=seconds, connections=1)
    try:
        async with asyncio.timeout(seconds):
            info = await client.info("server")
        return str(info["run_id"])
    except (RedisError, OSError, KeyError):
        return None
    finally:
        await client.aclose()
