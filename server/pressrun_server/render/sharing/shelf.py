"""Pushed content in the Redis that never evicts, so that each node has what was pushed to any other.

A record is signed with the cluster's key together with its content's id and its tenant; bytes prove themselves by their
digest, which whoever reads them checks.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from pressrun_server.cas.redis_link import AsideError, RedisLink
from pressrun_server.cas.signed_space import SignedSpace
from pressrun_sources.pushed.peers import PeersAwayError
from pressrun_sources.pushed.version import Version

__all__ = ["SharedShelf"]

log = logging.getLogger(__name__)

_PREFIX: Final = "pressrun:pushed:1:"
_EXTEND: Final = """
local there = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if there ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
return 1
"""


class SharedShelf:
    """The `Peers` of `pushed.source.PushedSource` over a Redis.

    Guarantee: of pushes to one content at the same moment each gets a number of its own, in one order for all nodes.
    Cost: a round trip a call; bytes are held by the server once for each digest, and never dropped by us.

    Args:
        link: the way to a server that never evicts.
        key: the cluster's secret; empty: records are only protected against damage.
        tenant: whose content it is.
    """

    def __init__(self, link: RedisLink, key: bytes, *, tenant: str = "") -> None:
        self._link = link
        self._space = SignedSpace(_PREFIX, key, tenant=tenant)
        self._counts, self._records = self._space.key("counts"), self._space.key("records")
        self._bytes = self._space.key("bytes:")
        self._told: set[str] = set()
        """Contents whose count is no number; that was logged."""

    async def record(self, identifier: str) -> tuple[Version, ...]:
        """See `Peers.record`."""
        found: bytes | None = await self._ask("hget", self._records, identifier)
        return () if found is None else self._read(identifier, found)

    async def records(self, known: Mapping[str, int]) -> Mapping[str, tuple[Version, ...]]:
        """See `Peers.records`."""
        names = [name for name, count in (await self.counts()).items() if known.get(name) != count]
        if not names:
            return {}
        values: list[bytes | None] = await self._ask("hmget", self._records, names)
        found = {name: self._read(name, value) for name, value in zip(names, values, strict=True) if value}
        return {name: versions for name, versions in found.items() if versions}

    async def counts(self) -> dict[str, int]:
        """How many versions each content has; what is no number is left out, and logged once.

        Raises:
            PeersAwayError: it can't be asked.
        """
        found: dict[bytes, bytes] = await self._ask("hgetall", self._counts)
        counts: dict[str, int] = {}
        for field, count in found.items():
            name = field.decode(errors="replace")
            try:
                counts[name] = int(count)
            except ValueError:
                if name not in self._told:
                    self._told.add(name)
                    log.warning(
                        "the count of pushed content %r in PRESSRUN_EVENTS_REDIS is no number, so its versions are not "
                        "used; set it to their number (HSET %s)",
                        name,
                        self._counts,
                    )
        return counts

    async def extend(self, identifier: str, expected: int, versions: tuple[Version, ...]) -> bool:
        """See `Peers.extend`."""
        value = json.dumps([version.to_json() for version in versions], ensure_ascii=False).encode()
        signed = self._space.signed(identifier, value)
        keys = (self._counts, self._records)
        return bool(await self._ask("eval", _EXTEND, 2, *keys, identifier, expected, len(versions), signed))

    async def keep(self, sha256: str, data: bytes) -> None:
        """See `Peers.keep`."""
        await self._ask("set", self._bytes + sha256, data)

    async def data(self, sha256: str) -> bytes | None:
        """See `Peers.data`."""
        found: bytes | None = await self._ask("get", self._bytes + sha256)
        return found

    async def _ask(self, command: str, *arguments: object) -> Any:
        try:
            return await self._link.ask(command, *arguments)
        except AsideError as error:
            raise PeersAwayError(str(error)) from error

    def _read(self, identifier: str, found: bytes) -> tuple[Version, ...]:
        """The versions of a sound record; none of one that is damaged or signed with another key."""
        value = self._space.opened(identifier, found)
        if value is None:
            log.warning("a record of pushed content in Redis is damaged or signed with another key and is not used")
            return ()
        return tuple(map(Version.from_json, json.loads(value)))
