"""The bytes of a file as an `AssetBody`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from typing import BinaryIO, TypeVar

from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.library.errors import too_large
from pressrun_sources.library.files import stamp_of
from pressrun_sources.library.handle import Handle
from pressrun_sources.library.request import Request
from pressrun_sources.model import AssetDescription
from pressrun_sources.transport.config import TransportConfig

__all__ = ["LibraryBody"]

T = TypeVar("T")

_CHUNK = 256 * 1024


class LibraryBody:
    """An `AssetBody` over a file. The bytes must be those that were described: a file may change in between."""

    def __init__(
        self, request: Request, description: AssetDescription, handle: Handle, limits: TransportConfig
    ) -> None:
        self._request = request
        self._description = description
        self._handle = handle
        self._limits = limits
        self._begun = False
        self._left = limits.timeout
        self.media_type = description.media_type or "application/octet-stream"
        self.size = description.size
        self.etag = description.etag

    async def open(self) -> None:
        """Open the file.

        Raises:
            SourceError: it cannot be opened, or is too large.
        """
        with self._request.translated():
            stamp = await self._with_file(stamp_of)
            if stamp.size > self._limits.max_bytes:
                raise too_large(self._request.source, self._description.ref, self._limits.max_bytes)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes, once; see `AssetBody.chunks`."""
        if self._begun:
            raise RuntimeError("the chunks of a body can be read once; open the asset again")
        self._begun = True
        digest = hashlib.sha256()
        while True:
            with self._request.translated():
                chunk = await self._with_file(lambda stream: stream.read(_CHUNK))
                self._request.received += len(chunk)
                if self._request.received > self._limits.max_bytes:
                    raise too_large(self._request.source, self._description.ref, self._limits.max_bytes)
                digest.update(chunk)
                if not chunk and digest.hexdigest() != self._description.etag:
                    source, ref = self._request.source, self._description.ref
                    message = f"asset {ref.id!r} of {source} has changed since it was described; describe it again"
                    raise InvalidResponseError(source, ref, message, "SHA-256 differs", transient=True)
            if not chunk:
                break
            yield chunk
        self._request.finish("ok")

    def release(self) -> None:
        """Give the file up, whether or not everything was read."""
        self._handle.close()
        self._request.finish("cancelled")

    async def _with_file(self, work: Callable[[BinaryIO], T]) -> T:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        # Only the time of the file itself counts, not the reader's.
        async with asyncio.timeout(self._left):
            result = await asyncio.to_thread(self._handle.run, work)
        self._left -= loop.time() - begun
        return result
