"""The licence purchase transactions of a tenant, kept up to date by CLAPI-C's feed.

Documented: the continuation, that only `count` 0 ends a round, that a changed transaction comes again and the newest
wins. Inferred: the path (see the mapping), that a continuation that does not move ends a round too, how often to ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from yarl import URL

from pressrun_sources.model import AssetRef
from pressrun_sources.shape import integer_in, sequence_in, text_in
from pressrun_sources.smintio.client import SmintioClient
from pressrun_sources.transport.call import Call, Credentials

__all__ = ["Licences"]

Record = Mapping[str, object]


class Licences:
    """All transactions by uuid; empty without the address of CLAPI-C."""

    def __init__(self, client: SmintioClient) -> None:
        self._client = client
        self._url = client.config.clapi_url
        self._found: dict[str, Record] = {}
        self._continuation = ""
        self._synced: float | None = None
        self._lock = asyncio.Lock()

    @property
    def configured(self) -> bool:
        """Whether there are any to ask for."""
        return self._url is not None

    async def transaction(self, uuid: str, ref: AssetRef) -> Record | None:
        """A transaction, at most `sync_seconds` old; None where there is no such one.

        Raises:
            SourceError: the feed cannot be read, and what is known is too old.
        """
        async with self._lock:
            timing, mapping = self._client.transport.timing, self._client.config.mapping
            if self._synced is None or timing.monotonic() - self._synced >= mapping.sync_seconds:
                begun = timing.monotonic()
                await self._sync(ref)
                self._synced = begun
        return self._found.get(uuid)

    async def changed(self, since: datetime, subject: AssetRef | None = None) -> list[tuple[str, str]]:
        """Uuid and mark of each transaction that changed at or after a moment, after asking the feed.

        Raises:
            SourceError: the feed cannot be read.
        """
        async with self._lock:
            begun = self._client.transport.timing.monotonic()
            await self._sync(subject)
            self._synced = begun
        text = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        ages = ((uuid, _age(transaction)) for uuid, transaction in self._found.items())
        return [(uuid, f"{version}/{updated}") for uuid, (version, updated) in ages if updated >= text]

    async def _sync(self, ref: AssetRef | None) -> None:
        while True:
            page = await self._client.keeper.authorised("licences", lambda credentials: self._page(credentials, ref))
            for transaction in sequence_in(page, "license_purchase_transactions"):
                self._take(transaction)
            following = text_in(page, "continuation_uuid") or ""
            stands = following in ("", self._continuation)
            self._continuation = following or self._continuation
            if stands or not integer_in(page, "count"):
                return

    async def _page(self, credentials: Credentials, ref: AssetRef | None) -> Record:
        mapping = self._client.config.mapping
        query = {"limit": str(mapping.sync_limit)}
        if self._continuation:
            query["continuationUuid"] = self._continuation
        url = URL(f"{self._url}{mapping.licence_path}", encoded=True).with_query(query)
        call = Call("GET", url, "the licences", ref, credentials=credentials)
        return (await self._client.transport.fetch(call)).json

    def _take(self, transaction: Record) -> None:
        uuid = text_in(transaction, "uuid")
        if uuid is None:
            return
        known = self._found.get(uuid)
        if known is None or _age(transaction) >= _age(known):
            self._found[uuid] = transaction


def _age(transaction: Record) -> tuple[int, str]:
    return integer_in(transaction, "version") or 0, text_in(transaction, "last_updated_at") or ""
