"""The Redis tier: blobs shared by the nodes of a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pressrun_server.cas.pieces import Pieces
from pressrun_server.cas.redis_link import AsideError, RedisLink
from pressrun_server.cas.tier import TierStats
from pressrun_server.model.digest import Digest

__all__ = ["PREFIX", "RedisTier"]

log = logging.getLogger(__name__)

PREFIX: Final = "pressrun:blob:1:"
"""What all keys begin with; the number counts up when what is kept under them changes its form."""

_GROUP_BYTES: Final = 2 * 1024 * 1024
_GROUP_KEYS: Final = 500
_ASK_FIRST: Final = 4096
_SURVEY_SECONDS: Final = 5.0


class RedisTier:
    """Holds blobs in a Redis that drops what it needs no more by itself.

    Guarantee: no failure of the server is raised, and none makes callers wait longer than two time limits; while the
    server is away (`RedisLink`) everything is answered at once as if nothing were held. Several nodes, and other
    programs, may use one server. What `get` gives is not verified here: whoever may write to the server may have put
    it there. Cost: one round trip for a blob up to `chunk_bytes`, about 0.14 ms on loopback, one more for each 2 MiB of
    a larger.

    What it holds is known from the server alone, which is asked for it now and then: `stats` tell of the whole server,
    with whatever else it keeps.

    Use `await tier.start()` before anything else.
    """

    name = "redis"

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._config = link.config
        self._survey: asyncio.Task[None] | None = None
        self._refused = self._dropped = 0
        self._entries = self._size = self._limit = self._evictions = 0

    def __repr__(self) -> str:
        return f"<RedisTier redis on {self._link!r}>"

    async def start(self) -> None:
        """Look at the server, and go on looking; one that is away now may come later."""
        if await self._look() and not self._limit:
            log.warning("Redis %s has no maxmemory: it takes all that its machine has; set one", self._config.address)
        self._survey = asyncio.create_task(self._go_on_looking(), name="redis-survey")

    def peek(self, digest: Digest) -> bytes | None:  # noqa: ARG002 - the interface's name
        """None: a server makes one wait."""
        return None

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where the server does not hold all of it, or is away."""
        key, keep = self._key(digest), self._config.keep_seconds
        with contextlib.suppress(AsideError):
            async with self._link.call() as client:
                found = await client.getex(key, ex=keep)
            assert found is None or isinstance(found, bytes)
            if found is None or len(found) == digest.size:
                return found
            pieces = Pieces.read(found, digest.size)
            # What is neither the blob nor an entry is given as it is: the one who verifies drops it.
            return found if pieces is None else await self._collect(key, pieces)
        return None

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob, unless it is too large or the server fails."""
        if len(data) > self._config.largest_bytes:
            self._refused += 1
            return
        pieces = self._pieces(digest)
        try:
            if len(data) >= _ASK_FIRST and await self._prolong(self._keys(digest)):
                return
            if pieces is None:
                await self._write([(self._key(digest), data)])
            else:
                await self._write(zip(pieces.keys(self._key(digest)), pieces.cut(data), strict=True))
                await self._write([(self._key(digest), pieces.entry)])
        except AsideError:
            self._dropped += 1

    async def locate(self, digest: Digest) -> str | None:
        """`redis`, or None."""
        return self.name if await self.contains(digest) else None

    async def contains(self, digest: Digest) -> bool:
        """Whether the server holds all of the blob."""
        return not await self.find_missing((digest,))

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """Those that the server does not hold wholly; all while it is away."""
        wanted = list(dict.fromkeys(digests))
        missing: set[Digest] = set()
        for start in range(0, len(wanted), _GROUP_KEYS):
            group = wanted[start : start + _GROUP_KEYS]
            keys = [self._keys(digest) for digest in group]
            try:
                async with self._link.call() as client:
                    pipe = client.pipeline(transaction=False)
                    for names in keys:
                        pipe.exists(*names)
                    counts = await pipe.execute()
            except AsideError:
                return frozenset(missing.union(wanted[start:]))
            missing.update(
                digest for digest, names, count in zip(group, keys, counts, strict=True) if count < len(names)
            )
        return frozenset(missing)

    async def delete(self, digest: Digest) -> None:
        """Drop the blob."""
        with contextlib.suppress(AsideError):
            async with self._link.call() as client:
                await client.unlink(*self._keys(digest))

    async def quarantine(self, digest: Digest) -> None:
        """Drop the damaged blob."""
        await self.delete(digest)

    async def settle(self) -> None:
        """Nothing waits: what was put is at the server."""

    def stats(self) -> tuple[TierStats, ...]:
        """What the server last said about all that it holds."""
        return (
            TierStats(
                name=self.name,
                entries=self._entries,
                size=self._size,
                limit=self._limit,
                evictions=self._evictions,
                refused=self._refused,
                errors=self._link.errors,
                corrupt=0,
                dropped=self._dropped,
                available=self._link.available,
            ),
        )

    async def close(self) -> None:
        """Ask no more; the link is its owner's to close."""
        survey, self._survey = self._survey, None
        if survey is not None:
            survey.cancel()
            await asyncio.gather(survey, return_exceptions=True)

    def _key(self, digest: Digest) -> str:
        return f"{PREFIX}{digest}"

    def _pieces(self, digest: Digest) -> Pieces | None:
        length = self._config.chunk_bytes
        return Pieces(digest.size, length) if digest.size > length else None

    def _keys(self, digest: Digest) -> list[str]:
        """All keys of a blob as this process would write it."""
        key, pieces = self._key(digest), self._pieces(digest)
        return [key] if pieces is None else [key, *pieces.keys(key)]

    async def _collect(self, key: str, pieces: Pieces) -> bytes | None:
        keys = pieces.keys(key)
        together = max(1, _GROUP_BYTES // pieces.length)
        parts: list[bytes] = []
        for start in range(0, len(keys), together):
            async with self._link.call() as client:
                pipe = client.pipeline(transaction=False)
                for name in keys[start : start + together]:
                    pipe.getex(name, ex=self._config.keep_seconds)
                found: list[bytes | None] = await pipe.execute()
            whole = [part for part in found if part is not None]
            if len(whole) < len(found):
                # Without its entry the next one who puts the blob writes all of it anew, also where the entry is wrong.
                async with self._link.call() as client:
                    await client.unlink(key)
                return None
            parts.extend(whole)
        return b"".join(parts)

    async def _prolong(self, keys: Sequence[str]) -> bool:
        """Whether the server holds all of these; then they count as used just now."""
        async with self._link.call() as client:
            pipe = client.pipeline(transaction=False)
            for key in keys:
                pipe.expire(key, self._config.keep_seconds)
            return all(await pipe.execute())

    async def _write(self, values: Iterable[tuple[str, bytes | memoryview]]) -> None:
        waiting: list[tuple[str, bytes | memoryview]] = []
        size = 0
        for key, value in values:
            waiting.append((key, value))
            size += len(value)
            if size >= _GROUP_BYTES:
                await self._send(waiting)
                waiting, size = [], 0
        if waiting:
            await self._send(waiting)

    async def _send(self, values: Sequence[tuple[str, bytes | memoryview]]) -> None:
        async with self._link.call() as client:
            pipe = client.pipeline(transaction=False)
            for key, value in values:
                pipe.set(key, value, ex=self._config.keep_seconds)
            await pipe.execute()

    async def _look(self) -> bool:
        """Ask the server about itself; says whether it answered."""
        try:
            async with self._link.call() as client:
                pipe = client.pipeline(transaction=False)
                pipe.info("memory")
                pipe.info("stats")
                pipe.dbsize()
                memory, counts, entries = await pipe.execute()
        except AsideError:
            return False
        self._entries, self._size = int(entries), _number(memory, "used_memory")
        self._limit, self._evictions = _number(memory, "maxmemory"), _number(counts, "evicted_keys")
        return True

    async def _go_on_looking(self) -> None:
        while True:
            await asyncio.sleep(_SURVEY_SECONDS)
            await self._look()


def _number(info: dict[str, Any], name: str) -> int:
    try:
        return int(info[name])
    except (KeyError, ValueError, TypeError):
        return 0
