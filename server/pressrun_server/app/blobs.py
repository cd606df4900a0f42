"""Where composers get the blobs that they lack: the store, and behind it the registry's own folder."""

from __future__ import annotations

from pressrun_server.cas.tier import Tier
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.render.registry import Registry

__all__ = ["BlobLoader"]


class BlobLoader:
    """Loads a blob by its digest's text.

    Args:
        store: holds prepared assets and, while there is room, programs.
        registry: holds the programs of all published templates.
    """

    def __init__(self, store: Tier, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    async def __call__(self, text: str) -> bytes:
        """The blob.

        Raises:
            PressrunError: ASSET_UNAVAILABLE, it left the cache between two steps; trying again fetches it anew.
        """
        digest = Digest.parse(text)
        data = await self._store.get(digest)
        if data is None:
            data = await self._registry.blob(digest)
            if data is None:
                raise PressrunError(
                    Reason.ASSET_UNAVAILABLE,
                    "a prepared asset left the cache before the document was composed; send the request again",
                    retry_after=0.0,
                    detail=f"no blob {text} in the store or the registry",
                    metadata={"blob": text},
                )
            await self._store.put(digest, data)
        return data
