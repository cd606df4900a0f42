"""The request handlers of the HTTP stand-in: items, their metadata, a search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from pressrun_loadtest.sandbox.clock import Clock, http_date, parse_time
from pressrun_loadtest.sandbox.http.conditions import is_unchanged
from pressrun_loadtest.sandbox.http.errors import HttpError
from pressrun_loadtest.sandbox.http.options import HttpOptions
from pressrun_loadtest.sandbox.http.parts import answer_part
from pressrun_loadtest.sandbox.http.search import run_search
from pressrun_loadtest.sandbox.http.store import HttpStore, Item, digest_field, entity_tag

__all__ = ["Routes"]


@dataclass(frozen=True, slots=True)
class Routes:
    """The handlers and what they share."""

    store: HttpStore
    options: HttpOptions
    clock: Clock

    def table(self) -> list[web.RouteDef]:
        """Every path that is offered."""
        return [
            web.get("/", self.root),
            web.get("/assets/{id:.+}", self.asset),
            web.get("/metadata/{id:.+}", self.metadata),
            web.get("/search", self.search),
            web.get("/changes", self.changes),
        ]

    async def root(self, _: web.Request) -> web.Response:
        """That the endpoint is there."""
        return web.json_response({"name": "sandbox"})

    async def asset(self, request: web.Request) -> web.Response:
        """The bytes of an item."""
        self._served(request)
        item = self._item(request)
        headers = dict(item.more) | ({"Cache-Control": item.cache_control} if item.cache_control else {})
        sent = b"another" if item.digest == "wrong" else item.data
        if item.digest != "none":
            headers["Repr-Digest"] = digest_field(sent)
            if request.method == "GET":
                headers["Content-Digest"] = digest_field(sent)
        return self._answer(
            request, item.data, item.media_type, item.etag, item.modified if item.dated else None, headers
        )

    async def metadata(self, request: web.Request) -> web.Response:
        """The metadata of an item; always to be asked for again, with a validator."""
        item = self._item(request)
        headers = {"Cache-Control": "public, max-age=60"}
        return self._answer(request, item.record, "application/json", "strong", item.described, headers)

    async def search(self, request: web.Request) -> web.Response:
        """Items whose metadata have every value that the query names, by cursor."""
        return web.json_response(run_search(list(self.store.items.values()), request.query, self.options.page_size))

    async def changes(self, request: web.Request) -> web.Response:
        """Items that changed at or after `since`; deleted ones are not listed."""
        try:
            since = parse_time(request.query.get("since", ""))
        except ValueError as error:
            raise HttpError(400, f"since: {error}") from error
        items = [(max(item.modified, item.described), item) for item in self.store.items.values()]
        listed = [
            {"id": item.id, "changed": moment.isoformat()}
            for moment, item in sorted(items, key=lambda pair: (pair[0], pair[1].id), reverse=True)
            if moment >= since
        ]
        return web.json_response({"items": listed, "next": None})

    def _served(self, request: web.Request) -> None:
        if request.method == "HEAD" and not self.options.head:
            raise HttpError(405, "HEAD is not served here", {"Allow": "GET"})

    def _item(self, request: web.Request) -> Item:
        item = self.store.items.get(request.match_info["id"])
        if item is None:
            raise HttpError(404, "There is no such item")
        if item.gone:
            raise HttpError(410, "The item was withdrawn for good")
        return item

    def _answer(
        self,
        request: web.Request,
        data: bytes,
        media_type: str,
        kind: str,
        modified: datetime | None,
        headers: dict[str, str],
    ) -> web.Response:
        etag = entity_tag(data, kind)
        headers["Date"] = http_date(self.clock())
        if etag is not None:
            headers["ETag"] = etag
        if modified is not None:
            headers["Last-Modified"] = http_date(modified)
        if is_unchanged(request.headers, etag, modified):
            kept = ("Age", "Cache-Control", "Date", "ETag", "Expires", "Vary", "Last-Modified")
            return web.Response(status=304, headers={name: headers[name] for name in kept if name in headers})
        headers |= {"Content-Type": media_type, "Accept-Ranges": "bytes"}
        return answer_part(request, data, etag, headers)
