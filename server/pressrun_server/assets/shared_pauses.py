"""Rate limits of sources, known to all nodes: what one is told of, all keep, and what is left they share."""

from __future__ import annotations

import contextlib
from typing import Final

from pressrun_server.cas.redis_link import AsideError, RedisLink
from pressrun_sources.transport.pauses import LONGEST_PAUSE, Turn

__all__ = ["SharedPauses"]

_PAUSE: Final = "pressrun:pause:1:"
_QUOTA: Final = "pressrun:quota:1:"
_TURNS: Final = "pressrun:turns:1:"
_BEGIN: Final = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return 1
"""


_TAKE: Final = """
local pause = redis.call('PTTL', KEYS[1])
if pause > 0 then return {pause, 0} end
local left = redis.call('GET', KEYS[2])
if left then
  if tonumber(left) <= 0 then return {math.max(redis.call('PTTL', KEYS[2]), 1), 0} end
  redis.call('DECR', KEYS[2])
end
local turn = redis.call('INCR', KEYS[3])
redis.call('PEXPIRE', KEYS[3], ARGV[1])
return {0, turn}
"""
_ALLOW: Final = """
local since = tonumber(redis.call('GET', KEYS[2]) or ARGV[1]) - tonumber(ARGV[1])
local left = tonumber(ARGV[2]) - math.max(since, 0)
local before = redis.call('GET', KEYS[1])
if not before then redis.call('SET', KEYS[1], left, 'PX', ARGV[3])
elseif tonumber(before) > left then redis.call('SET', KEYS[1], left, 'KEEPTTL') end
return left
"""


class SharedPauses:
    """The `Pauses` of the sources' transport over a Redis that never evicts.

    Guarantee: no failure is raised; while Redis is away each node keeps the limits that it was told of itself. Of the
    requests that are left, nodes that ask at the same moment never take more together: a script looks and counts at
    once. Cost: a round trip for each request to a source, and one more for each answer that tells of a scarce number.
    """

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def take(self, name: str) -> Turn:
        """See `Pauses.take`."""
        keys = (_key(prefix, name) for prefix in (_PAUSE, _QUOTA, _TURNS))
        try:
            wait, number = await self._link.ask("eval", _TAKE, 3, *keys, int(LONGEST_PAUSE * 1000))
        except AsideError:
            return Turn(0.0, 0)
        return Turn(int(wait) / 1000, int(number))

    async def allow(self, name: str, turn: int, requests: int, seconds: float) -> None:
        """See `Pauses.allow`."""
        milliseconds = max(1, int(min(seconds, LONGEST_PAUSE) * 1000))
        keys = _key(_QUOTA, name), _key(_TURNS, name)
        with contextlib.suppress(AsideError):
            await self._link.ask("eval", _ALLOW, 2, *keys, turn, requests, milliseconds)

    async def begin(self, name: str, seconds: float) -> None:
        """See `Pauses.begin`."""
        milliseconds = max(1, int(min(seconds, LONGEST_PAUSE) * 1000))
        with contextlib.suppress(AsideError):
            await self._link.ask("eval", _BEGIN, 1, _key(_PAUSE, name), milliseconds)


def _key(prefix: str, name: str) -> str:
    """Both keys of a system lie on one server of a Redis cluster."""
    return f"{prefix}{{{name}}}"
