"""The request handlers of the iconik stand-in under `/API/{service}/v1/`, and those of the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from pressrun_loadtest.sandbox.iconik.errors import IconikError
from pressrun_loadtest.sandbox.iconik.search import run_search
from pressrun_loadtest.sandbox.iconik.shapes import (
    approval_json,
    asset_json,
    file_json,
    page_json,
    search_json,
    values_json,
)
from pressrun_loadtest.sandbox.iconik.store import Asset, IconikStore, StoredFile, Version

__all__ = ["PUBLIC", "Routes", "store_handler"]

PUBLIC = "/public/"
"""Where the store has what everybody can open."""

_ASSETS = "/API/assets/v1/assets/{id}/"
_FILES = "/API/files/v1/assets/{id}/"
_MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Routes:
    """The handlers and what they share."""

    store: IconikStore
    view_id: str
    store_url: str

    def table(self) -> list[web.RouteDef]:
        """Every documented path that is offered; each ends in a slash."""
        return [
            web.get("/API/auth/v1/auth/token/", self.token),
            web.post("/API/search/v1/search/", self.search),
            web.get(_ASSETS, self.asset),
            web.get(_ASSETS + "versions/{version}/approvals/request/", self.approval),
            web.get("/API/metadata/v1/assets/{id}/views/{view}/", self.values),
            web.get(_FILES + "versions/{version}/files/", self.files),
            web.get(_FILES + "versions/{version}/keyframes/", self.keyframes),
            web.get(_FILES + "versions/{version}/proxies/", self.proxies),
            web.get(_FILES + "proxies/{file}/download_url/", self.download_url),
            web.get("/API/assets/v1/collections/{id}/contents/", self.contents),
            web.get(_FILES + "files/{file}/download_url/", self.download_url),
            web.post(_FILES + "{kind:keyframes|proxies}/{file}/public/", self.publish),
            web.delete(_FILES + "{kind:keyframes|proxies}/{file}/public/", self.withdraw),
        ]

    async def token(self, _: web.Request) -> web.Response:
        """Whether the token is good."""
        return web.json_response({"system_domain_status": "ACTIVE"})

    async def search(self, request: web.Request) -> web.Response:
        """Search by filter."""
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError as error:
            raise IconikError(400, "The body is not JSON.") from error
        page, per_page = _number(request, "page", 1), _number(request, "per_page", 10)
        if not isinstance(body, dict) or per_page > _MAX_PAGE:
            raise IconikError(400, f"per_page: at most {_MAX_PAGE}.")
        found = run_search(list(self.store.assets.values()), body, page, per_page)
        objects = [search_json(asset) for asset in found.assets]
        return web.json_response(page_json(objects, found.total, page, per_page, request.path))

    async def asset(self, request: web.Request) -> web.Response:
        """One asset."""
        return web.json_response(asset_json(self._asset(request)))

    async def approval(self, request: web.Request) -> web.Response:
        """The approval of one version."""
        asset = self._asset(request)
        return web.json_response(approval_json(asset, _version(asset, request)))

    async def values(self, request: web.Request) -> web.Response:
        """Metadata values; 404 also where none was ever written."""
        asset = self._asset(request)
        if request.match_info["view"] != self.view_id or not asset.metadata:
            raise IconikError(404, "No metadata values for this object and view")
        return web.json_response(values_json(asset))

    async def files(self, request: web.Request) -> web.Response:
        """The originals of one version."""
        return self._list(request, lambda file: file.kind == "FILE")

    async def keyframes(self, request: web.Request) -> web.Response:
        """Keyframes, posters and sprite sheets of one version, mixed."""
        return self._list(request, lambda file: file.kind not in ("FILE", "PROXY"))

    async def proxies(self, request: web.Request) -> web.Response:
        """The smaller versions of one version's original, for screens."""
        return self._list(request, lambda file: file.kind == "PROXY")

    async def contents(self, request: web.Request) -> web.Response:
        """The assets of a collection, page by page."""
        identifier, page, per_page = (
            request.match_info["id"],
            _number(request, "page", 1),
            _number(request, "per_page", 10),
        )
        found = [asset for asset in self.store.assets.values() if identifier in asset.collections]
        if not found:
            raise IconikError(404, "Collection does not exist")
        start = (page - 1) * per_page
        objects = [asset_json(asset) | {"object_type": "assets"} for asset in found[start : start + per_page]]
        return web.json_response(page_json(objects, len(found), page, per_page, request.path))

    async def download_url(self, request: web.Request) -> web.Response:
        """A signed URL of one original or proxy."""
        asset, wanted = self._asset(request), request.match_info["file"]
        if not any(file.id == wanted for version in asset.versions for file in version.files):
            raise IconikError(404, "File does not exist")
        return web.json_response({"url": self._signed(wanted)})

    async def publish(self, request: web.Request) -> web.Response:
        """Give a keyframe or proxy a link that needs no signature and does not end."""
        file, version = self._derived(request)
        self.store.public.add(file.id)
        return web.json_response(file_json(file, version, self._address(file.id), public=True), status=201)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Make it private again; 201 for this as well, as documented."""
        file, version = self._derived(request)
        self.store.public.discard(file.id)
        return web.json_response(file_json(file, version, self._address(file.id)), status=201)

    def _derived(self, request: web.Request) -> tuple[StoredFile, Version]:
        """The keyframe or proxy of the path, and its version."""
        wanted, proxies = request.match_info["file"], request.match_info["kind"] == "proxies"
        for version in self._asset(request).versions:
            for file in version.files:
                if file.id == wanted and file.kind != "FILE" and (file.kind == "PROXY") is proxies:
                    return file, version
        raise IconikError(404, "Keyframe or proxy does not exist")

    def _list(self, request: web.Request, chosen: Callable[[StoredFile], bool]) -> web.Response:
        version = _version(self._asset(request), request)
        signed = request.query.get("generate_signed_url", "true") == "true"
        files, size = [file for file in version.files if chosen(file)], _number(request, "per_page", 10)
        last = request.query.get("last_id")
        if last is not None:
            ids = [file.id for file in files]
            if last not in ids:
                raise IconikError(400, "last_id: not the id of one of these")
            files = files[ids.index(last) + 1 :]
        objects = [
            file_json(file, version, self._address(file.id), public=file.id in self.store.public)
            if signed or file.id in self.store.public
            else file_json(file, version, "") | {"url": None}
            for file in files[:size]
        ]
        return web.json_response({"objects": objects})

    def _address(self, file_id: str) -> str:
        """Where a file is: a public one for good."""
        return f"{self.store_url}{PUBLIC}{file_id}" if file_id in self.store.public else self._signed(file_id)

    def _signed(self, file_id: str) -> str:
        return f"{self.store_url}/{file_id}?{self.store.sign(file_id)}"

    def _asset(self, request: web.Request) -> Asset:
        asset = self.store.assets.get(request.match_info["id"])
        if asset is None:
            raise IconikError(404, "Asset does not exist")
        return asset


def store_handler(store: IconikStore) -> Callable[[web.Request], web.StreamResponse]:
    """Gives the bytes behind a signed URL; iconik's own headers are refused here, as cloud stores may."""

    def handle(request: web.Request) -> web.StreamResponse:
        if "Auth-Token" in request.headers or "App-ID" in request.headers:
            raise IconikError(400, "The store was sent credentials that are not its own")
        identifier, query = request.match_info["file"], request.query
        public = request.path.startswith(PUBLIC) and identifier in store.public
        if not public and not store.opens(identifier, query.get("expires", ""), query.get("signature", "")):
            raise IconikError(403, "The signature is wrong or has ended")
        file = store.file(identifier)
        if file is None:
            raise IconikError(404, "No such key")
        return web.Response(body=file.data, content_type=file.media_type)

    return handle


def _version(asset: Asset, request: web.Request) -> Version:
    found = next((v for v in asset.versions if v.id == request.match_info["version"]), None)
    if found is None:
        raise IconikError(404, "Version does not exist")
    return found


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise IconikError(400, f"{name}: expected a whole number from 1")
    return int(text)
