"""The way to a Redis: a few connections, a time limit on each round trip, and a breaker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from pressrun_server.cas.breaker import Breaker
from pressrun_server.cas.config import RedisConfig
from pressrun_server.cas.redis_client import connect

__all__ = ["AsideError", "RedisLink"]

log = logging.getLogger(__name__)

_LOG_EVERY: Final = 60.0
_ROOM: Final = "; let it evict: maxmemory-policy allkeys-lru"
_ROOM_LASTING: Final = (
    "; give it more room (maxmemory), and leave its maxmemory-policy at noeviction: what it holds is needed"
)
_AWAY: Final = "it is away"


class AsideError(Exception):
    """A call did not come to its end: the server is away, or refused it. It says why, and was counted and logged."""


class RedisLink:
    """Carries the calls of all who use one Redis in this process.

    Guarantee: a call ends within two time limits, and while the server is away (`Breaker`) at once; whatever goes wrong
    with the server is an AsideError. Used from one event loop.
    """

    def __init__(self, config: RedisConfig, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.config = config
        # One more than there are slots: the breaker's probe waits for nobody.
        self.client: Redis = connect(config.address, timeout=config.timeout_seconds, connections=config.connections + 1)
        self._slots = asyncio.Semaphore(config.connections)
        self._breaker = Breaker(
            f"Redis {config.address}",
            self.client.ping,
            timeout=config.timeout_seconds,
            retry=config.retry_seconds,
            monotonic=monotonic,
        )
        self._monotonic = monotonic
        self._last_log = float("-inf")
        self._errors = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<RedisLink {self.config.address} {self._breaker!r}>"

    @property
    def available(self) -> bool:
        """Whether calls are made, or the server is away."""
        return self._breaker.closed

    @property
    def errors(self) -> int:
        """Calls that failed so far."""
        return self._errors + self._breaker.errors

    @contextlib.asynccontextmanager
    async def call(self) -> AsyncIterator[Redis]:
        """One round trip with the client: within the time limit, on one of the connections, counted where it fails.

        Raises:
            AsideError: the server is away, or the call failed.
        """
        if not self._breaker.closed or self._closed:
            raise AsideError(_AWAY)
        limit = self.config.timeout_seconds
        if self._slots.locked():
            try:
                async with asyncio.timeout(limit):
                    await self._slots.acquire()
            except TimeoutError:
                self._errors += 1  # more is asked than the connections carry; the server need not be at fault
                raise AsideError(f"all connections were busy for {limit:g} s") from None
        else:
            await self._slots.acquire()
        try:
            if not self._breaker.closed:
                raise AsideError(_AWAY)  # it failed while this call waited for its turn
            async with asyncio.timeout(limit):
                yield self.client
        except (TimeoutError, RedisTimeoutError):
            self._breaker.overdue()
            raise AsideError(f"it did not answer within {limit:g} s") from None
        except (RedisConnectionError, OSError) as error:
            self._breaker.failed(error)
            raise AsideError(str(error)) from error
        except RedisError as error:
            self._refused(error)
            raise AsideError(str(error)) from error
        else:
            self._breaker.worked()
        finally:
            self._slots.release()

    async def ask(self, command: str, *arguments: object, **options: object) -> Any:
        """The answer to one command, by the name of the client's method for it; as `call`.

        Raises:
            AsideError: the server is away, or the call failed.
        """
        async with self.call() as client:
            return await getattr(client, command)(*arguments, **options)

    async def close(self) -> None:
        """Hang up; may be called again."""
        self._closed = True
        await self._breaker.close()
        await self.client.aclose()

    def _refused(self, error: RedisError) -> None:
        """The server answered, but not with what was asked: out of memory, a command that it may not or cannot do."""
        self._errors += 1
        now = self._monotonic()
        if now - self._last_log >= _LOG_EVERY:
            self._last_log = now
            hint = ""
            if isinstance(error, OutOfMemoryError):
                hint = _ROOM_LASTING if self.config.lasting else _ROOM
            log.warning("Redis %s refuses a call (%d so far): %s%s", self.config.address, self._errors, error, hint)
