"""Small signed records by name in the cluster's cache Redis: what was made of which input, by all of its nodes."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
from typing import Final

from pressrun_server.cas.redis_link import AsideError, RedisLink

__all__ = ["SharedMap"]

log = logging.getLogger(__name__)

PREFIX: Final = "pressrun:name:2:"
"""What all keys begin with; the number counts up when what is kept under them changes its form."""

_SIGNATURE: Final = 32


class SharedMap:
    """Gives what any node of the cluster put under a name.

    A blob proves itself by its digest; a name does not, and whoever can write to Redis could let it mean another blob.
    So each record is signed with the cluster's key together with its tenant, its space and its name: a record that was
    changed, moved to another name or written with another key is not there. An older record of the same name may come
    back; what changes under one name must be judged by its content.

    Guarantee: no failure is raised; while Redis is away nothing is found and nothing kept. Cost: one round trip.

    Args:
        link: the way to Redis.
        key: the cluster's secret; empty: records are only protected against damage.
        space: what kind of names these are; those of one space never meet those of another.
        tenant: whose names they are; the signature holds it too.
        previous: the secret before this one, while it is changed; empty: it is not. What has a name under that one
            alone is copied when it is asked for; what has none costs a round trip more.
    """

    def __init__(self, link: RedisLink, key: bytes, space: str, *, tenant: str = "", previous: bytes = b"") -> None:
        self._link = link
        self._key = hashlib.sha256(key).digest()
        self._previous = hashlib.sha256(previous).digest() if previous else None
        self._space = space
        self._tenant = tenant
        self.refused = 0
        """Records whose signature did not hold."""

    def __repr__(self) -> str:
        return f"<SharedMap {self._space!r} on {self._link!r}>"

    async def get(self, name: str) -> bytes | None:
        """The record, if there is a sound one."""
        with contextlib.suppress(AsideError):
            value = await self._found(name, self._key)
            if value is None and self._previous is not None:
                value = await self._found(name, self._previous)
                if value is not None:
                    left: int = await self._link.ask("pttl", self._place(name, self._previous))
                    await self.put(name, value, seconds=left / 1000)
            return value
        return None

    async def put(self, name: str, value: bytes, *, seconds: float) -> None:
        """Keep the record for that long at most."""
        with contextlib.suppress(AsideError):
            record = self._sign(name, value, self._key) + value
            await self._link.ask("set", self._place(name, self._key), record, px=max(1, int(seconds * 1000)))

    async def delete(self, name: str) -> None:
        """Forget the record."""
        keys = (self._key,) if self._previous is None else (self._key, self._previous)
        with contextlib.suppress(AsideError):
            await self._link.ask("unlink", *(self._place(name, key) for key in keys))

    async def _found(self, name: str, key: bytes) -> bytes | None:
        found: bytes | None = await self._link.ask("get", self._place(name, key))
        if found is None:
            return None
        signature, value = found[:_SIGNATURE], found[_SIGNATURE:]
        if hmac.compare_digest(signature, self._sign(name, value, key)):
            return value
        self.refused += 1
        if self.refused == 1:
            log.warning(
                "a record of %s in Redis is damaged or signed with another key and is not used; "
                "all nodes of a cluster need the same PRESSRUN_CLUSTER_KEY",
                self._space,
            )
        return None

    def _place(self, name: str, key: bytes) -> str:
        """A key of fixed length: names are long, and are nobody else's business."""
        text = hmac.digest(key, f"{self._tenant}\n{self._space}\n{name}".encode(), "sha256").hex()
        return f"{PREFIX}{self._space}:{text}"

    def _sign(self, name: str, value: bytes, key: bytes) -> bytes:
        parts = (self._tenant, self._space, name)
        lengths = " ".join(str(len(part)) for part in parts)
        head = "\n".join((lengths, *parts, "")).encode()
        return hmac.digest(key, head + value, "sha256")
