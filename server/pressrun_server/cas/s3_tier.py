"""The bucket tier: blobs in an S3-compatible store, which outlive every node and every Redis."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from pressrun_server.cas.breaker import Breaker
from pressrun_server.cas.config import S3Config
from pressrun_server.cas.tier import TierStats
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest

__all__ = ["S3Tier"]

log = logging.getLogger(__name__)

_CALLS: Final = 16
_FRESH: Final = b"pressrun"
_GONE: Final = (FileNotFoundError, NotFoundError)
"""What the library raises for an object that is not there, by its version."""


class _AsideError(Exception):
    """A call did not come to its end; it was counted."""


class S3Tier:
    """Holds blobs as objects of a bucket; its own lifecycle rules say when they go.

    Guarantee: no failure of the store is raised, and none makes callers wait longer than two time limits; while it is
    away (`Breaker`) everything is answered at once as if nothing were held. What `get` gives is not verified here.
    Cost: a request each, some ten milliseconds on the usual clouds; therefore it is the last of the tiers, asked only
    for what no other one holds.

    How much the bucket holds nobody knows without listing it, so `stats` tell nothing of it.

    Raises:
        PressrunError: INTERNAL, the settings make no client.
    """

    name = "s3"

    def __init__(self, config: S3Config) -> None:
        self._config = config
        keys: dict[str, Any] = {}
        if config.access_key_id:
            keys = {"access_key_id": config.access_key_id, "secret_access_key": str(config.secret_access_key)}
        if config.endpoint:
            keys |= {"endpoint": config.endpoint, "virtual_hosted_style_request": False}
        limit = timedelta(seconds=config.timeout_seconds)
        plain = config.endpoint.startswith("http://")
        try:
            self.store: Final = S3Store(
                config.bucket,
                prefix=config.prefix or None,
                region=config.region,
                client_options={"timeout": limit, "connect_timeout": limit, "allow_http": plain},
                retry_config={"max_retries": 0},
                **keys,
            )
        except BaseError as error:
            raise PressrunError(
                Reason.INTERNAL, f"the bucket {config.bucket!r} can't be used; see PRESSRUN_CACHE_S3_*: {error}"
            ) from error
        self._slots = asyncio.Semaphore(_CALLS)
        self._breaker = Breaker(
            f"bucket {config.bucket}", self._ask, timeout=config.timeout_seconds, retry=config.retry_seconds
        )
        self._refused = self._dropped = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<S3Tier s3 {self._config.bucket} {self._breaker!r}>"

    def peek(self, digest: Digest) -> bytes | None:  # noqa: ARG002 - the interface's name
        """None: a bucket makes one wait."""
        return None

    async def get(self, digest: Digest) -> bytes | None:
        """The blob, or None where the bucket does not hold it, or is away."""
        with contextlib.suppress(*_GONE, _AsideError):
            async with self._call():
                answer = await obstore.get_async(self.store, _path(digest))
                if answer.meta["size"] <= self._config.largest_bytes:  # more would be no blob of ours
                    return bytes(await answer.bytes_async())
        return None

    async def put(self, digest: Digest, data: bytes) -> None:
        """Keep the blob, unless it is too large or the bucket fails."""
        if len(data) > self._config.largest_bytes:
            self._refused += 1
            return
        try:
            if not await self._held(digest):
                async with self._call():
                    await obstore.put_async(self.store, _path(digest), data, use_multipart=False)
        except _AsideError:
            self._dropped += 1
        except _GONE:
            self._dropped += 1
            if self._dropped == 1:
                log.warning("bucket %s is not there; make it, or see PRESSRUN_CACHE_S3_BUCKET", self._config.bucket)

    async def locate(self, digest: Digest) -> str | None:
        """`s3`, or None."""
        return self.name if await self.contains(digest) else None

    async def contains(self, digest: Digest) -> bool:
        """Whether there is an object of that name and size."""
        with contextlib.suppress(_AsideError):
            return await self._held(digest)
        return False

    async def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        """Those without an object; all while the bucket is away. A request for each."""
        wanted = list(dict.fromkeys(digests))
        held = await asyncio.gather(*(self.contains(digest) for digest in wanted))
        return frozenset(digest for digest, there in zip(wanted, held, strict=True) if not there)

    async def delete(self, digest: Digest) -> None:
        """Remove the object."""
        with contextlib.suppress(*_GONE, _AsideError):
            async with self._call():
                await obstore.delete_async(self.store, _path(digest))

    async def quarantine(self, digest: Digest) -> None:
        """Remove the damaged object; a bucket with versions keeps it for those who look into it."""
        await self.delete(digest)

    async def settle(self) -> None:
        """Nothing waits: what was put is in the bucket."""

    def stats(self) -> tuple[TierStats, ...]:
        """What happened; what the bucket holds is not known."""
        return (
            TierStats(
                name=self.name,
                entries=0,
                size=0,
                limit=0,
                evictions=0,
                refused=self._refused,
                errors=self._breaker.errors,
                corrupt=0,
                dropped=self._dropped,
                available=self._breaker.closed,
            ),
        )

    async def close(self) -> None:
        """Ask no more."""
        self._closed = True
        await self._breaker.close()

    async def _held(self, digest: Digest) -> bool:
        try:
            async with self._call():
                found = await obstore.head_async(self.store, _path(digest))
        except _GONE:
            return False
        return bool(found["size"] == digest.size)

    async def _ask(self) -> None:
        """Something small, for the breaker."""
        with contextlib.suppress(*_GONE):
            await obstore.head_async(self.store, _path(Digest.of(_FRESH)))

    @contextlib.asynccontextmanager
    async def _call(self) -> AsyncIterator[None]:
        """One request, within the time limit and counted where it fails.

        Raises:
            FileNotFoundError, NotFoundError: there is no such object.
            _AsideError: the store is away, or the call failed.
        """
        if not self._breaker.closed or self._closed:
            raise _AsideError
        async with self._slots:
            if not self._breaker.closed:
                raise _AsideError
            try:
                async with asyncio.timeout(self._config.timeout_seconds):
                    yield
            except _GONE:
                self._breaker.worked()
                raise
            except TimeoutError:
                self._breaker.overdue()
                raise _AsideError from None
            except (BaseError, OSError) as error:
                # The library's text names the request and the answer, never the credentials.
                self._breaker.failed(str(error).splitlines()[0])
                raise _AsideError from error
            self._breaker.worked()


def _path(digest: Digest) -> str:
    """Objects in 256 groups, as a store spreads its load by the beginnings of names."""
    return f"{digest.sha256[:2]}/{digest}"
