"""Whose turn it is to look: of several nodes that would do the same now and then, one does it."""

from __future__ import annotations

from typing import Final

from pressrun_server.cas.redis_link import AsideError, RedisLink

__all__ = ["Rota"]

_PREFIX: Final = "pressrun:turn:1:"
_SHARE: Final = 0.9
"""Of the interval, for which a turn is held: nodes' pauses are never quite equal."""


class Rota:
    """Turns at things by name, taken in a Redis that never evicts.

    Guarantee: of nodes that can reach the server one has the turn in each interval; a node that cannot reach it takes
    its own. Two at once do no harm, they only do it twice.

    Args:
        link: the way to the server.
        seconds: the interval.
    """

    def __init__(self, link: RedisLink, seconds: float) -> None:
        self._link = link
        self._milliseconds = max(1, int(seconds * 1000 * _SHARE))

    async def __call__(self, name: str) -> bool:
        """Take the turn at something, if nobody has it."""
        try:
            return bool(await self._link.ask("set", _PREFIX + name, b"1", nx=True, px=self._milliseconds))
        except AsideError:
            return True
