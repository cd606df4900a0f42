"""Rate limits of sources, known to all nodes: what one is told of, the others keep without being told themselves."""

from __future__ import annotations

from typing import Final

from redis.exceptions import RedisError

from pressrun_server.cas.redis_link import AsideError, RedisLink

__all__ = ["SharedPauses"]

_PREFIX: Final = "pressrun:pause:1:"
_LONGEST: Final = 3600.0
"""A system that asks for more is asked again after this."""
_BEGIN: Final = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return 1
"""


class SharedPauses:
    """The `Pauses` of the sources' transport over a Redis that never evicts.

    Guarantee: no failure is raised; while Redis is away each node keeps the limits that it was told of itself. Cost: a
    round trip for each request to a source.
    """

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def left(self, name: str) -> float:
        """See `Pauses.left`."""
        try:
            async with self._link.call() as client:
                left = int(await client.pttl(_PREFIX + name))
        except (AsideError, RedisError):
            return 0.0
        return max(0, left) / 1000

    async def begin(self, name: str, seconds: float) -> None:
        """See `Pauses.begin`."""
        milliseconds = max(1, int(min(seconds, _LONGEST) * 1000))
        try:
            async with self._link.call() as client:
                await client.eval(_BEGIN, 1, _PREFIX + name, milliseconds)
        except (AsideError, RedisError):
            return

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()
