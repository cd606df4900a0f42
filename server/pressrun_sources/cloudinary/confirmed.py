"""A body whose asset is looked at again at its end: delivery gives the newest file, whatever version a URL names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from pressrun_sources.transport.body import StreamedBody

__all__ = ["ConfirmedBody"]


@dataclass(frozen=True, slots=True)
class ConfirmedBody:
    """An `AssetBody` that is whole only when `confirm` returns."""

    body: StreamedBody
    confirm: Callable[[], Awaitable[None]]
    """Raises where other bytes may have come than were described."""

    @property
    def media_type(self) -> str:
        """See `AssetBody`."""
        return self.body.media_type

    @property
    def size(self) -> int | None:
        """See `AssetBody`."""
        return self.body.size

    @property
    def etag(self) -> str | None:
        """See `AssetBody`."""
        return self.body.etag

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes, once; see `AssetBody.chunks`."""
        async with aclosing(self.body.chunks()) as chunks:
            async for chunk in chunks:
                yield chunk
        await self.confirm()
