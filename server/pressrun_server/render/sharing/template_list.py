"""The templates of a cluster in the Redis that never evicts, so that each node has what was published to any other.

A record is signed with the cluster's key together with its template's name, version and tenant; the files of a bundle
prove themselves by their digest, which whoever reads them checks. Programs are not kept here: they are blobs of the
cache, and whoever lacks one compiles the files again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from pressrun_server.cas.redis_link import AsideError, RedisLink
from pressrun_server.cas.signed_space import SignedSpace
from pressrun_server.model.digest import Digest

__all__ = [
    "DamagedRecordError", "ListState", "SharedTemplate", "SharedTemplates", "TemplateList", "TemplatesAwayError",
]  # fmt: skip

log = logging.getLogger(__name__)

_PREFIX: Final = "pressrun:templates:1:"
_LISTS: Final = f"{_PREFIX}lists"
"""Of all lists that this server has: what their keys begin with, and a hash of their tenant."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STATE: Final = """
local name = redis.call('GET', KEYS[2])
if not name then
  redis.call('SET', KEYS[2], ARGV[1])
  name = ARGV[1]
end
return {name, redis.call('HLEN', KEYS[1])}
"""
_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
if now <= last then now = last + 1 end
redis.call('SET', KEYS[1], string.format('%.0f', now))
return now
"""
"""Microseconds since 1970, never the same twice: a replica that takes over may have a clock that is behind."""


class TemplatesAwayError(Exception):
    """The list cannot be read or written at present."""


class DamagedRecordError(Exception):
    """A record can't be read, or is signed with another key; whoever runs the server has to take it off."""

    def __init__(self, key: str, field: str) -> None:
        super().__init__(
            f"the record of {field} in the events Redis is damaged or signed with another key: take it off "
            f"(HDEL {key} {field}), or raise the template's version"
        )


class SharedTemplate(msgspec.Struct, frozen=True):
    """What the cluster knows of a published template."""

    name: str
    version: str
    digest: str
    """Of the template; the same on every node."""
    bundle: Digest
    """Of its files (MessagePack: path to bytes)."""
    published_at: datetime


class ListState(NamedTuple):
    """What changes with each template that is published, and where the server has lost some of the list."""

    name: str
    """Drawn by chance at each change."""
    length: int
    """Of how many templates; none is ever taken off."""


class TemplateList(Protocol):
    """The cluster's list of templates, as those see it who publish and learn.

    Every method may raise `TemplatesAwayError`: the list can't be reached at present.
    """

    async def state(self) -> ListState:
        """Which list it is, and how long."""

    async def records(self) -> list[SharedTemplate]:
        """All that are sound, the oldest first."""

    async def now(self) -> datetime:
        """A moment for a template that is published now, the same clock for all nodes; never the same twice."""

    async def claim(self, template: SharedTemplate, bundle: bytes) -> SharedTemplate:
        """The template that has this name and version in the cluster: this one, where none had it before.

        Raises:
            DamagedRecordError: what stands there under this name and version is no sound record.
        """

    async def files(self, template: SharedTemplate) -> bytes | None:
        """The files of a template's bundle; None where they are not there, or are damaged."""

    async def join(self) -> int:
        """Be known to the server; says how many templates of this tenant it has under other keys, unreadable here."""


_RECORD = msgspec.json.Decoder(SharedTemplate)


class SharedTemplates:
    """The cluster's list of templates.

    Guarantee: of two bundles that are published under one name and version at the same moment one is kept, the same for
    all nodes; a record is never replaced. Dates come from the server's clock, so that the newest of a name is the one
    that was published last, whatever the clocks of nodes say. Cost: a round trip a call; the files of a bundle are held
    by the server once.

    Args:
        link: the way to a server that never evicts.
        key: the cluster's secret; empty: records are only protected against damage.
        tenant: whose templates they are.
    """

    def __init__(self, link: RedisLink, key: bytes, *, tenant: str = "") -> None:
        self._link = link
        self._space = SignedSpace(_PREFIX, key, tenant=tenant)
        self._records, self._name = self._space.key("records"), self._space.key("name")
        self._last, self._bytes = self._space.key("last"), self._space.key("bytes:")
        self._owner = hashlib.sha256(tenant.encode()).hexdigest()[:16]
        self._told: set[str] = set()
        """Fields of unsound records that were logged."""

    async def state(self) -> ListState:
        """Which list it is, and how long; see `TemplateList.state`."""
        name, count = await self._ask("eval", _STATE, 2, self._records, self._name, secrets.token_hex(8))
        return ListState(name.decode(errors="replace"), int(count))

    async def records(self) -> list[SharedTemplate]:
        """All that are sound; see `TemplateList.records`."""
        found: dict[bytes, bytes] = await self._ask("hgetall", self._records)
        read = (self._read(field.decode(errors="replace"), value) for field, value in found.items())
        return sorted(filter(None, read), key=lambda record: (record.published_at, record.name, record.version))

    async def now(self) -> datetime:
        """A moment by the server's clock; see `TemplateList.now`."""
        return _EPOCH + timedelta(microseconds=int(await self._ask("eval", _NOW, 1, self._last)))

    async def claim(self, template: SharedTemplate, bundle: bytes) -> SharedTemplate:
        """The template that has this name and version; see `TemplateList.claim`."""
        field = f"{template.name}@{template.version}"
        if await self.files(template) is None:
            # Before the record that names them.
            await self._ask("set", self._bytes + template.bundle.sha256, bundle)
        record = self._space.signed(field, msgspec.json.encode(template))
        if await self._ask("hsetnx", self._records, field, record):
            await self._ask("set", self._name, secrets.token_hex(8))
            return template
        found: bytes | None = await self._ask("hget", self._records, field)
        held = None if found is None else self._read(field, found)
        if held is None:
            raise DamagedRecordError(self._records, field)
        if held.bundle != template.bundle:
            # A bundle has its name and version in it, so no other record can mean these files; nothing here is evicted.
            await self._ask("delete", self._bytes + template.bundle.sha256)
        return held

    async def files(self, template: SharedTemplate) -> bytes | None:
        """The files of a template's bundle; see `TemplateList.files`."""
        found: bytes | None = await self._ask("get", self._bytes + template.bundle.sha256)
        return found if found is not None and template.bundle.matches(found) else None

    async def join(self) -> int:
        """Be known to this server; see `TemplateList.join`."""
        mine, owner = self._space.key(""), self._owner
        await self._ask("hset", _LISTS, mine, owner)
        lists: dict[bytes, bytes] = await self._ask("hgetall", _LISTS)
        # Whatever others wrote there: it must not keep a node from starting.
        others = [prefix.decode(errors="replace") for prefix, whose in lists.items() if whose == owner.encode()]
        return sum([int(await self._ask("hlen", f"{prefix}records")) for prefix in others if prefix != mine])

    async def _ask(self, command: str, *arguments: object) -> Any:
        try:
            return await self._link.ask(command, *arguments)
        except AsideError as error:
            raise TemplatesAwayError(str(error)) from error

    def _read(self, field: str, found: bytes) -> SharedTemplate | None:
        """A sound record; None of one that is damaged or signed with another key."""
        value, record = self._space.opened(field, found), None
        if value is not None:
            # Else of another version of this format.
            with contextlib.suppress(msgspec.MsgspecError, ValueError):
                record = _RECORD.decode(value)
        if record is not None and record.published_at.tzinfo is not None:
            return record
        if field not in self._told:
            self._told.add(field)
            log.warning("not used: %s", DamagedRecordError(self._records, field))
        return None
