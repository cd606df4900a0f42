"""A process that takes a lock, says so, and holds it until it is killed: `python -m tests.unit.cas.holder KIND PLACE NAME`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pressrun_server.cas.address import RedisAddress
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.locks import FileLocks, Locks, RedisLocks
from pressrun_server.cas.redis_link import RedisLink


async def _hold(kind: str, place: str, name: str) -> None:
    locks: Locks = FileLocks(Path(place))
    if kind == "redis":
        link = RedisLink(RedisConfig(RedisAddress(place), timeout_seconds=20.0))
        locks = RedisLocks(link, b"key", lease_seconds=1.0)
    print("held" if await locks.acquire(name) else "taken", flush=True)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(_hold(*sys.argv[1:]))
