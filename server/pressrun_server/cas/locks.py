"""Locks by name for processes of a machine or of a cluster; one whose holder dies is free again."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import hmac
import logging
import os
from pathlib import Path
from typing import Final, Protocol

from pressrun_server.cas.redis_link import AsideError, RedisLink

__all__ = ["FileLocks", "Lock", "Locks", "RedisLocks"]

log = logging.getLogger(__name__)

PREFIX: Final = "pressrun:lock:1:"
"""What all keys begin with."""

_RENEW: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
_OFFSETS: Final = 1 << 62


class Lock(Protocol):
    """A lock that this process holds, as far as anybody knows."""

    async def release(self) -> None:
        """Let others have it; once."""


class Locks(Protocol):
    """Gives locks. They save work that would be done twice; nothing goes wrong where two hold one."""

    async def acquire(self, name: str) -> Lock | None:
        """The lock, or None where another process holds it. Where nobody can say, the caller has it too."""

    async def close(self) -> None:
        """Release what is held."""


class RedisLocks:
    """Locks of a cluster: a key with a token that only its holder removes, and a lease that the holder renews.

    Guarantee: the lock of a holder that died, or lost its way to Redis, is free after one lease. While Redis is away
    everyone has every lock, so that nodes work for themselves. Cost: one round trip to take or to release it, one each
    third of a lease while it is held.

    Args:
        link: the way to Redis, which its owner closes.
        key: the cluster's secret; it keeps names private.
        lease_seconds: how long a lock outlives its holder.
    """

    def __init__(self, link: RedisLink, key: bytes, *, lease_seconds: float) -> None:
        self._link = link
        self._key = hashlib.sha256(key).digest()
        self.lease = lease_seconds
        self._held: set[_RedisLock] = set()

    async def acquire(self, name: str) -> Lock | None:
        """The lock, or None where another node holds it."""
        place = f"{PREFIX}{hmac.digest(self._key, name.encode(), 'sha256').hex()}"
        lock = _RedisLock(self._link, place, self.lease, self._held)
        try:
            if not await self._link.ask("set", place, lock.token, nx=True, px=max(1, int(self.lease * 1000))):
                return None
        except AsideError:
            return lock  # it may be there with our token; what it costs then is one lease
        lock.keep()
        return lock

    async def close(self) -> None:
        """Release what is held."""
        for lock in list(self._held):
            await lock.release()


class _RedisLock:
    """A lock with its token, and the task that renews its lease."""

    def __init__(self, link: RedisLink, place: str, lease: float, held: set[_RedisLock]) -> None:
        self._link = link
        self._place = place
        self._lease = lease
        self._held = held
        self.token = os.urandom(16)
        self._renewing: asyncio.Task[None] | None = None

    def keep(self) -> None:
        """Renew it from now on."""
        self._held.add(self)
        self._renewing = asyncio.create_task(self._renew(), name="lock-lease")

    async def release(self) -> None:
        """Let others have it."""
        self._held.discard(self)
        task, self._renewing = self._renewing, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with contextlib.suppress(AsideError):
            await self._link.ask("eval", _RELEASE, 1, self._place, self.token)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            with contextlib.suppress(AsideError):
                if not await self._link.ask("eval", _RENEW, 1, self._place, self.token, int(self._lease * 1000)):
                    return  # it ended while this process stood still: another has it, or nobody


class FileLocks:
    """Locks between the processes of a machine: one byte of a file each, which the kernel frees when its holder dies.

    The lock belongs to the process, not to who took it: within one process others must see to taking turns. Cost: a
    system call.

    Args:
        path: the file, on a disk of this machine; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._failed = False

    async def acquire(self, name: str) -> Lock | None:
        """The lock, or None where another process holds it."""
        lock = _FileLock(self, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % _OFFSETS)
        return lock if lock.take() else None

    async def close(self) -> None:
        """Release what is held."""
        file, self._file, self._failed = self._file, None, True
        if file is not None:
            os.close(file)

    def lock(self, operation: int, offset: int) -> bool:
        """Lock or unlock a byte; False where another process holds it."""
        if self._failed:
            return True
        try:
            if self._file is None:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.lockf(self._file, operation, 1, offset)
        except (BlockingIOError, PermissionError):
            return self._file is None  # EACCES of a lock is another's; of the file it is nobody's
        except OSError as error:
            self._failed = True
            log.warning("%s can't be locked, so processes of this machine may do the same work: %s", self._path, error)
        return True


class _FileLock:
    def __init__(self, locks: FileLocks, offset: int) -> None:
        self._locks = locks
        self._offset = offset

    def take(self) -> bool:
        return self._locks.lock(fcntl.LOCK_EX | fcntl.LOCK_NB, self._offset)

    async def release(self) -> None:
        self._locks.lock(fcntl.LOCK_UN, self._offset)
