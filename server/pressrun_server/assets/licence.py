"""Counts the uses of assets whose licence allows a certain number of documents.

A use is named by the document (tenant and communication, else request), so that a document that is made again, on any
node, counts once.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from pathlib import Path
from typing import Final, Protocol

from redis.exceptions import RedisError

from pressrun_server.assets.entry import Trouble
from pressrun_server.cas.redis_link import AsideError, RedisLink
from pressrun_server.errors import Reason

__all__ = ["Counting", "LocalCounts", "SharedCounts", "UncountedError", "used_up"]

_PREFIX: Final = "pressrun:licence:1:"
_TAKE: Final = """
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 1 end
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('SADD', KEYS[1], ARGV[1])
return 1
"""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS uses (asset TEXT, use BLOB, PRIMARY KEY (asset, use)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (asset TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
"""


class UncountedError(Exception):
    """The counter can't be reached, so nobody knows whether the use is still allowed."""


class Counting(Protocol):
    """Counts uses, for one node or for a cluster."""

    async def take(self, asset: str, use: str, limit: int) -> bool:
        """Count a use; False where the limit is reached. A use that was counted before counts once.

        Args:
            asset: the asset ref.
            use: names the document; empty: only say whether there is room for one more.
            limit: the uses that the licence allows in all.

        Raises:
            UncountedError: the counter can't be reached.
        """

    async def close(self) -> None:
        """Give back what is held."""


class LocalCounts:
    """Counts in a file of this node; it outlives restarts.

    Args:
        path: the SQLite file; None: in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._turn = asyncio.Lock()

    async def take(self, asset: str, use: str, limit: int) -> bool:
        """Count a use; see `Counting.take`."""
        async with self._turn:
            try:
                return await asyncio.to_thread(self._take, asset, _named(use), limit)
            except sqlite3.Error as error:
                raise UncountedError(str(error)) from error

    async def close(self) -> None:
        """Close the file."""
        async with self._turn:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _take(self, asset: str, use: bytes, limit: int) -> bool:
        database = self._open()
        with database:
            if use and database.execute("SELECT 1 FROM uses WHERE asset = ? AND use = ?", (asset, use)).fetchone():
                return True
            found = database.execute("SELECT number FROM counts WHERE asset = ?", (asset,)).fetchone()
            count = int(found[0]) if found else 0
            if count >= limit:
                return False
            if use:
                database.execute("INSERT INTO uses VALUES (?, ?)", (asset, use))
                database.execute("INSERT OR REPLACE INTO counts VALUES (?, ?)", (asset, count + 1))
            return True

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path or ":memory:", check_same_thread=False)
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

    async def take(self, asset: str, use: str, limit: int) -> bool:
        """Count a use; see `Counting.take`."""
        key = f"{_PREFIX}{hashlib.sha256(asset.encode()).hexdigest()}"
        try:
            async with self._link.call() as client:
                if use:
                    return bool(await client.eval(_TAKE, 1, key, _named(use), limit))
                return int(await client.scard(key)) < limit
        except (AsideError, RedisError) as error:
            raise UncountedError(str(error)) from error

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()


def used_up(limit: int) -> Trouble:
    """Why an asset may not be used any more."""
    return Trouble(
        Reason.ASSET_RIGHTS,
        f"its licence allows {limit:,} documents, which are used up; choose another asset, or extend its licence",
        brief="licence used up",
    )


def _named(use: str) -> bytes:
    """Sixteen bytes: which document it was is nobody's business here."""
    return hashlib.sha256(use.encode()).digest()[:16] if use else b""
