"""The templates of a cluster in the Redis that never evicts, so that each node has what was published to any other.

A record is signed with the cluster's key together with its template's name, version and tenant; the files of a bundle
prove themselves by their digest, which whoever reads them checks. Programs are not kept here: they are blobs of the
cache, and whoever lacks one compiles the files again.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from redis.exceptions import RedisError

from pressrun_server.cas.redis_link import AsideError, RedisLink
from pressrun_server.cas.signed_space import SignedSpace
from pressrun_server.model.digest import Digest

__all__ = ["DamagedRecordError", "ListState", "SharedTemplate", "SharedTemplates", "TemplatesAwayError"]

log = logging.getLogger(__name__)

_PREFIX: Final = "pressrun:templates:1:"
_STATE: Final = """
local name = redis.call('GET', KEYS[2])
if not name then
  redis.call('SET', KEYS[2], ARGV[1])
  name = ARGV[1]
end
return {name, redis.call('HLEN', KEYS[1])}
"""


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


_RECORD = msgspec.json.Decoder(SharedTemplate)


class SharedTemplates:
    """The cluster's list of templates.

    Guarantee: of two bundles that are published under one name and version at the same moment one is kept, the same for
    all nodes; a record is never replaced. Cost: a round trip a call; the files of a bundle are held by the server once.

    Args:
        link: the way to a server that never evicts.
        key: the cluster's secret; empty: records are only protected against damage.
        tenant: whose templates they are.
    """

    def __init__(self, link: RedisLink, key: bytes, *, tenant: str = "") -> None:
        self._link = link
        self._space = SignedSpace(_PREFIX, key, tenant=tenant)
        self._records, self._name = self._space.key("records"), self._space.key("name")
        self._bytes = self._space.key("bytes:")
        self._told: set[str] = set()
        """Fields of unsound records that were logged."""

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()

    async def state(self) -> ListState:
        """Which list it is, and how long.

        Raises:
            TemplatesAwayError: it can't be asked.
        """
        found = await self._call("eval", _STATE, 2, self._records, self._name, secrets.token_hex(8))
        assert isinstance(found, list)
        name, count = found
        return ListState(name.decode(), int(count))

    async def records(self) -> list[SharedTemplate]:
        """All that are sound, the oldest first.

        Raises:
            TemplatesAwayError: they can't be read.
        """
        found = await self._call("hgetall", self._records)
        assert isinstance(found, dict)
        read = (self._read(field.decode(errors="replace"), value) for field, value in found.items())
        return sorted(filter(None, read), key=lambda record: (record.published_at, record.name, record.version))

    async def claim(self, template: SharedTemplate, bundle: bytes) -> SharedTemplate:
        """The template that has this name and version in the cluster: this one, where none had it before.

        Raises:
            TemplatesAwayError: it can't be written; nothing is known of it then.
            DamagedRecordError: what stands there under this name and version is no sound record.
        """
        field = f"{template.name}@{template.version}"
        if await self.files(template) is None:
            # Before the record that names them.
            await self._call("set", f"{self._bytes}{template.bundle.sha256}", bundle)
        record = self._space.signed(field, msgspec.json.encode(template))
        if await self._call("hsetnx", self._records, field, record):
            await self._call("set", self._name, secrets.token_hex(8))
            return template
        found = await self._call("hget", self._records, field)
        held = self._read(field, found) if isinstance(found, bytes) else None
        if held is None:
            raise DamagedRecordError(self._records, field)
        if held.bundle != template.bundle:
            # A bundle has its name and version in it, so no other record can mean these files; nothing here is evicted.
            await self._call("delete", f"{self._bytes}{template.bundle.sha256}")
        return held

    async def files(self, template: SharedTemplate) -> bytes | None:
        """The files of a template's bundle; None where they are not there, or are damaged.

        Raises:
            TemplatesAwayError: they can't be read.
        """
        found = await self._call("get", f"{self._bytes}{template.bundle.sha256}")
        return found if isinstance(found, bytes) and template.bundle.matches(found) else None

    async def _call(self, command: str, *arguments: object) -> object:
        try:
            async with self._link.call() as client:
                answer: object = await getattr(client, command)(*arguments)
                return answer
        except (AsideError, RedisError) as error:
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
