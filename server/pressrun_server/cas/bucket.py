"""A bucket as its operator sees it: what is in it, and which objects are damaged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
import obstore
from obstore.exceptions import BaseError

from pressrun_server.cas.config import S3Config
from pressrun_server.cas.s3_tier import S3Tier
from pressrun_server.model.digest import Digest

__all__ = ["Bucket", "BucketError", "Stored"]

_LISTED = 1000


class BucketError(Exception):
    """The bucket does not answer, or refuses; the text says what it said, and no secret."""


class Stored(msgspec.Struct, frozen=True):
    """An object that is a blob."""

    digest: Digest
    written: datetime
    size: int
    """Bytes of the object; another number than the digest's is damage."""


class Bucket:
    """Looks into a bucket, also while nodes use it.

    Every method raises BucketError where the store can't be asked.

    Args:
        config: where it is.
    """

    def __init__(self, config: S3Config) -> None:
        self.name = config.bucket
        self._tier = S3Tier(config)

    async def close(self) -> None:
        """Ask no more."""
        await self._tier.close()

    async def blobs(self) -> AsyncIterator[Stored]:
        """All blobs, in the order of their digests; other objects below the prefix are passed over."""
        try:
            async for group in obstore.list(self._tier.store, chunk_size=_LISTED):
                for found in group:
                    try:
                        digest = Digest.parse(found["path"].rpartition("/")[2])
                    except ValueError:
                        continue
                    yield Stored(digest, found["last_modified"], found["size"])
        except (BaseError, OSError) as error:
            raise self._error(error) from error

    async def is_sound(self, stored: Stored) -> bool:
        """Read an object and compare it with its name; one that has gone meanwhile is no damage."""
        if stored.size != stored.digest.size:
            return False
        data = await self._tier.get(stored.digest)
        if data is None and not self._tier.stats()[0].available:
            raise self._error("it stopped answering")
        return data is None or stored.digest.matches(data)

    async def held(self, digest: Digest) -> bool:
        """Whether there is an object of that name and size."""
        found = await self._tier.contains(digest)
        if not self._tier.stats()[0].available:
            raise self._error("it does not answer")
        return found

    async def delete(self, digest: Digest) -> None:
        """Remove an object, if it is there."""
        await self._tier.delete(digest)
        if not self._tier.stats()[0].available:
            raise self._error("it does not answer")

    def _error(self, error: Exception | str) -> BucketError:
        return BucketError(f"bucket {self.name}: {str(error).splitlines()[0]}; see PRESSRUN_CACHE_S3_*")
