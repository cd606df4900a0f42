"""Counts the uses of assets whose licence allows a certain number of documents.

A use is named by the document (tenant and communication, else request), so that a document that is made again, on any
node, counts once. A job can reserve uses before it begins, so that two jobs do not both start on what is left for one;
what it reserved is its own until it is used, given back, or over by time.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from pressrun_server.assets.entry import Trouble
from pressrun_server.cas.redis_link import AsideError, RedisLink
from pressrun_server.errors import Reason

__all__ = ["Counting", "LocalCounts", "Reserved", "SharedCounts", "UncountedError", "used_up"]

_PREFIX: Final = "pressrun:licence:1:"
# KEYS: the set of uses, the hash of what jobs hold, the sorted set of when that ends.
_OVER: Final = """
local now = tonumber(redis.call('TIME')[1])
for _, job in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)) do
  redis.call('HDEL', KEYS[2], job)
  redis.call('ZREM', KEYS[3], job)
end
local held = 0
for _, open in ipairs(redis.call('HVALS', KEYS[2])) do held = held + tonumber(open) end
"""
_TAKE: Final = (
    "if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 1 end\n"
    + _OVER
    + """
local own = tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or 0)
if own > 0 then
  redis.call('HINCRBY', KEYS[2], ARGV[3], -1)
elseif redis.call('SCARD', KEYS[1]) + held >= tonumber(ARGV[2]) then
  return 0
end
redis.call('SADD', KEYS[1], ARGV[1])
return 1
"""
)
_ROOM: Final = (
    _OVER
    + """
local own = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)
return {redis.call('SCARD', KEYS[1]), held, own}
"""
)
_RESERVE: Final = (
    _OVER
    + """
local own = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)
local used, others, wanted = redis.call('SCARD', KEYS[1]), held - own, tonumber(ARGV[2])
if used + others + wanted > tonumber(ARGV[3]) and wanted > own then return {0, used, held} end
if wanted > 0 then
  redis.call('HSET', KEYS[2], ARGV[1], wanted)
  redis.call('ZADD', KEYS[3], now + tonumber(ARGV[4]), ARGV[1])
else
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
end
return {1, used, others + wanted}
"""
)
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS uses (asset TEXT, use BLOB, PRIMARY KEY (asset, use)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (asset TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (asset TEXT, job BLOB, open INTEGER, ends REAL, PRIMARY KEY (asset, job)) WITHOUT ROWID;
"""


class UncountedError(Exception):
    """The counter can't be reached, so nobody knows whether the use is still allowed."""


class Reserved(msgspec.Struct, frozen=True):
    """What came of a reservation."""

    granted: bool
    """Whether the job holds what it asked for; where not, it holds what it held before."""
    used: int
    """Documents that were counted."""
    held: int
    """Uses that jobs hold and have not made yet, this one's among them."""


class Counting(Protocol):
    """Counts uses, for one node or for a cluster."""

    async def take(self, asset: str, use: str, limit: int, job: str = "") -> bool:
        """Count a use; False where the limit is reached. A use that was counted before counts once.

        Args:
            asset: the asset ref.
            use: names the document; empty: only say whether there is room for one more.
            limit: the uses that the licence allows in all.
            job: whose reservation it is taken from first; empty: nobody's.

        Raises:
            UncountedError: the counter can't be reached.
        """

    async def reserve(self, asset: str, job: str, number: int, limit: int, seconds: float) -> Reserved:
        """Hold uses for a job, beside those that it has made; another number replaces what it holds.

        Args:
            asset: the asset ref.
            job: who holds them.
            number: how many; 0 gives back what is held.
            limit: the uses that the licence allows in all.
            seconds: after which what was not used is given back by itself.

        Raises:
            UncountedError: the counter can't be reached.
        """

    async def close(self) -> None:
        """Give back what is held."""


class LocalCounts:
    """Counts in a file of this node; it outlives restarts.

    Args:
        path: the SQLite file; None: in memory.
        wall: the time in seconds since 1970.
    """

    def __init__(self, path: Path | None, wall: Callable[[], float] = time.time) -> None:
        self._path = path
        self._wall = wall
        self._database: sqlite3.Connection | None = None
        self._turn = asyncio.Lock()

    async def take(self, asset: str, use: str, limit: int, job: str = "") -> bool:
        """Count a use; see `Counting.take`."""
        async with self._turn:
            try:
                return await asyncio.to_thread(self._take, asset, _named(use), limit, _named(job))
            except sqlite3.Error as error:
                raise UncountedError(str(error)) from error

    async def reserve(self, asset: str, job: str, number: int, limit: int, seconds: float) -> Reserved:
        """Hold uses; see `Counting.reserve`."""
        async with self._turn:
            try:
                return await asyncio.to_thread(self._reserve, asset, _named(job), number, limit, seconds)
            except sqlite3.Error as error:
                raise UncountedError(str(error)) from error

    async def close(self) -> None:
        """Close the file."""
        async with self._turn:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _take(self, asset: str, use: bytes, limit: int, job: bytes) -> bool:
        database = self._open()
        with database:
            # Another process may look at the same file: nobody reads what somebody else is about to change.
            database.execute("BEGIN IMMEDIATE")
            if use and database.execute("SELECT 1 FROM uses WHERE asset = ? AND use = ?", (asset, use)).fetchone():
                return True
            count, held, own = self._counted(database, asset, job)
            if not own and count + held >= limit:
                return False
            if use:
                database.execute("INSERT INTO uses VALUES (?, ?)", (asset, use))
                database.execute("INSERT OR REPLACE INTO counts VALUES (?, ?)", (asset, count + 1))
                if own:
                    database.execute("UPDATE held SET open = open - 1 WHERE asset = ? AND job = ?", (asset, job))
            return True

    def _reserve(self, asset: str, job: bytes, number: int, limit: int, seconds: float) -> Reserved:
        database = self._open()
        with database:
            database.execute("BEGIN IMMEDIATE")
            count, held, own = self._counted(database, asset, job)
            if count + held - own + number > limit and number > own:
                return Reserved(granted=False, used=count, held=held)
            database.execute("DELETE FROM held WHERE asset = ? AND job = ?", (asset, job))
            if number:
                database.execute("INSERT INTO held VALUES (?, ?, ?, ?)", (asset, job, number, self._wall() + seconds))
            return Reserved(granted=True, used=count, held=held - own + number)

    def _counted(self, database: sqlite3.Connection, asset: str, job: bytes) -> tuple[int, int, int]:
        """What was used, what all jobs hold, and what this one holds."""
        database.execute("DELETE FROM held WHERE asset = ? AND ends <= ?", (asset, self._wall()))
        found = database.execute("SELECT number FROM counts WHERE asset = ?", (asset,)).fetchone()
        held = database.execute("SELECT coalesce(sum(open), 0) FROM held WHERE asset = ?", (asset,)).fetchone()
        own = database.execute("SELECT open FROM held WHERE asset = ? AND job = ?", (asset, job)).fetchone()
        return int(found[0]) if found else 0, int(held[0]), int(own[0]) if own else 0

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            # Transactions are begun by hand.
            self._database = sqlite3.connect(self._path or ":memory:", check_same_thread=False, isolation_level=None)
            if self._path is not None:
                self._database.execute("PRAGMA journal_mode=WAL")
            self._database.executescript(_SCHEMA)
        return self._database


class SharedCounts:
    """Counts in a Redis that never evicts, for all nodes of a cluster.

    Guarantee: nodes that count at the same moment never pass the limit together: a script looks and counts at once.
    """

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def take(self, asset: str, use: str, limit: int, job: str = "") -> bool:
        """Count a use; see `Counting.take`."""
        keys = _keys(asset)
        try:
            if use:
                return bool(await self._link.ask("eval", _TAKE, 3, *keys, _named(use), limit, _named(job)))
            used, held, own = await self._link.ask("eval", _ROOM, 3, *keys, _named(job))
        except AsideError as error:
            raise UncountedError(str(error)) from error
        return int(own) > 0 or int(used) + int(held) < limit

    async def reserve(self, asset: str, job: str, number: int, limit: int, seconds: float) -> Reserved:
        """Hold uses; see `Counting.reserve`."""
        try:
            granted, used, held = await self._link.ask(
                "eval", _RESERVE, 3, *_keys(asset), _named(job), number, limit, max(1, round(seconds))
            )
        except AsideError as error:
            raise UncountedError(str(error)) from error
        return Reserved(bool(granted), int(used), int(held))

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()


def used_up(limit: int) -> Trouble:
    """Why an asset may not be used any more."""
    return Trouble(
        Reason.ASSET_RIGHTS,
        f"its licence allows {limit:,} documents, which are used up or reserved; choose another asset, or extend the "
        "licence",
        brief="licence used up",
    )


def _named(use: str) -> bytes:
    """Sixteen bytes: which document it was is nobody's business here."""
    return hashlib.sha256(use.encode()).digest()[:16] if use else b""


def _keys(asset: str) -> tuple[str, str, str]:
    """The set of uses, and what jobs hold; on one server of a Redis cluster."""
    uses = f"{_PREFIX}{hashlib.sha256(asset.encode()).hexdigest()}"
    return uses, f"{{{uses}}}:held", f"{{{uses}}}:ends"
