"""The management plane: the request handlers of the Admin API under `/v1_1/{cloud}/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from pressrun_loadtest.sandbox.clock import Clock, iso_seconds
from pressrun_loadtest.sandbox.cloudinary.errors import ApiError
from pressrun_loadtest.sandbox.cloudinary.options import CloudinaryOptions
from pressrun_loadtest.sandbox.cloudinary.search import read_request, run_search
from pressrun_loadtest.sandbox.cloudinary.shapes import LISTED_FIELDS, listed_json, resource_json, search_json
from pressrun_loadtest.sandbox.cloudinary.store import Asset, CloudinaryStore
from pressrun_loadtest.sandbox.cloudinary.update import apply_update
from pressrun_loadtest.sandbox.cloudinary.upload import Upload, check_signature, file_bytes
from pressrun_loadtest.sandbox.hooks import HookSender

__all__ = ["AdminApi"]

_ROOT = "/v1_1/{cloud}"
_MAX_IDS = 100
_MAX_LISTED = 500
_TOLD = {
    "moderation_status": "approval",
    "tags": "tags",
    "context": "context",
    "metadata": "edit",
    "access_control": "access-control",
}
"""The operation that a webhook reports, of a parameter of an update."""


@dataclass(frozen=True, slots=True)
class AdminApi:
    """The handlers and what they share."""

    store: CloudinaryStore
    clock: Clock
    options: CloudinaryOptions
    hooks: HookSender
    delivery_url: str
    """Delivery's base URL with the cloud name, for links in records."""

    def table(self) -> list[web.RouteDef]:
        """Every documented path that is offered; fixed names before asset ids."""
        return [
            web.get(f"{_ROOT}/ping", self.ping),
            web.get(f"{_ROOT}/resources/search", self.search),
            web.post(f"{_ROOT}/resources/search", self.search),
            web.get(f"{_ROOT}/resources/by_asset_ids", self.by_asset_ids),
            web.get(_ROOT + "/resources/{resource_type:image|video|raw}", self.listing),
            web.get(_ROOT + "/resources/{resource_type:image|video|raw}/tags/{tag}", self.listing),
            web.get(
                _ROOT + "/resources/{resource_type:image|video|raw}/{type:upload|private|authenticated}", self.listing
            ),
            web.post(_ROOT + "/{resource_type:image|video|raw}/upload", self.upload),
            web.post(_ROOT + "/{resource_type:image|video|raw}/destroy", self.destroy),
            web.get(_ROOT + "/resources/{asset_id}", self.by_asset_id),
            web.get(_ROOT + "/resources/{resource_type}/{type}/{public_id:.+}", self.by_public_id),
            web.post(_ROOT + "/resources/{resource_type}/{type}/{public_id:.+}", self.update),
        ]

    async def ping(self, _: web.Request) -> web.Response:
        """Whether the service is there and the credentials are right."""
        return web.json_response({"status": "ok"})

    async def by_asset_id(self, request: web.Request) -> web.Response:
        """One asset by the id that survives renaming."""
        asset = self.store.get(request.match_info["asset_id"])
        if asset is None:
            raise _not_found(request.match_info["asset_id"])
        return self._record(asset)

    async def by_asset_ids(self, request: web.Request) -> web.Response:
        """Up to 100 assets; unknown ids are left out. `fields` names what is told of each, beside its ids."""
        ids = request.query.getall("asset_ids[]", [])
        if not 1 <= len(ids) <= _MAX_IDS:
            raise ApiError(400, f"asset_ids must hold 1 to {_MAX_IDS} ids, got {len(ids)}")
        found = [asset for asset_id in ids if (asset := self.store.get(asset_id)) is not None]
        fields = [name for name in request.query.get("fields", "").split(",") if name]
        unknown = sorted(set(fields) - LISTED_FIELDS)
        if unknown:
            raise ApiError(400, f"fields names {', '.join(unknown)}; valid are {', '.join(sorted(LISTED_FIELDS))}")
        records = [
            listed_json(asset, self.delivery_url, fields) if fields else resource_json(asset, self.delivery_url)
            for asset in found
        ]
        return web.json_response({"resources": records})

    async def listing(self, request: web.Request) -> web.Response:
        """Assets of a kind and type, or with a tag, page by page, the newest first."""
        query, match = request.query, request.match_info
        most = query.get("max_results", "10")
        start = query.get("next_cursor", "0")
        if not (most.isdigit() and 1 <= int(most) <= _MAX_LISTED) or not start.isdigit():
            raise ApiError(400, f"max_results must be 1 to {_MAX_LISTED}, next_cursor one that was given")
        found = [
            asset
            for asset in self.store.assets()
            if asset.resource_type == match["resource_type"]
            and match.get("type", asset.type) == asset.type
            and ("tag" not in match or match["tag"] in asset.tags)
            and asset.public_id.startswith(query.get("prefix", ""))
        ]
        found.sort(key=lambda asset: (asset.created, asset.public_id), reverse=query.get("direction") != "asc")
        page = found[int(start) : int(start) + int(most)]
        wanted = [name for name in ("tags", "context", "metadata") if query.get(name) == "true"]
        body: dict[str, object] = {"resources": [search_json(asset, self.delivery_url, wanted, ()) for asset in page]}
        if int(start) + int(most) < len(found):
            body["next_cursor"] = str(int(start) + int(most))
        return web.json_response(body)

    async def upload(self, request: web.Request) -> web.Response:
        """Take a file; who sent it is told, and so is who listens to webhooks."""
        posted = await request.post()
        form = {name.removesuffix("[]"): value for name, value in posted.items() if isinstance(value, str)}
        check_signature(form, self.options, self.clock())
        part = posted.get("file")
        data = file_bytes(part.file.read() if isinstance(part, web.FileField) else part)
        asset = Upload(self.store).put(request.match_info["resource_type"], form, data, self.clock())
        record = resource_json(asset, self.delivery_url)
        await self.hooks.send(
            "new-version", {**record, "notification_context": {"triggered_at": iso_seconds(self.clock())}}
        )
        name = part.filename if isinstance(part, web.FileField) else "file"
        return web.json_response(
            record | {"original_filename": name.rpartition(".")[0] or name, "api_key": form["api_key"]}
        )

    async def destroy(self, request: web.Request) -> web.Response:
        """Delete an asset by its public id."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        check_signature(form, self.options, self.clock())
        kind, resource_type = form.get("type", "upload"), request.match_info["resource_type"]
        asset = self.store.find(kind, form.get("public_id", ""), resource_type)
        if asset is None:
            return web.json_response({"result": "not found"})
        self.store.delete(asset)
        gone = {"public_id": asset.public_id, "resource_type": resource_type, "type": kind}
        await self.hooks.send("delete", gone)
        return web.json_response({"result": "ok"})

    async def by_public_id(self, request: web.Request) -> web.Response:
        """One asset by type and public id."""
        return self._record(self._find(request))

    async def update(self, request: web.Request) -> web.Response:
        """Change an asset; parameters come as JSON or as a form. Who listens to webhooks is told of each."""
        asset = self._find(request)
        changes = await _body(request)
        changed = self.store.put(apply_update(asset, changes, self.store.metadata_fields, self.clock()))
        record = resource_json(changed, self.delivery_url)
        named = ("asset_id", "public_id", "version", "resource_type", "type", "etag", "moderation_status", "tags")
        report = {name: record[name] for name in named if name in record}
        for operation in (_TOLD[parameter] for parameter in changes if parameter in _TOLD):
            await self.hooks.send(operation, report)
        return web.json_response(record)

    async def search(self, request: web.Request) -> web.Response:
        """Find assets by an expression; parameters come as a JSON body, also with GET."""
        wanted = read_request(await _body(request))
        return web.json_response(run_search(self.store.searchable(), wanted, self.clock(), self.delivery_url))

    def _find(self, request: web.Request) -> Asset:
        public_id = request.match_info["public_id"]
        asset = self.store.find(request.match_info["type"], public_id, request.match_info["resource_type"])
        if asset is None:
            raise _not_found(public_id)
        return asset

    def _record(self, asset: Asset) -> web.Response:
        return web.json_response(resource_json(asset, self.delivery_url))


def _not_found(name: str) -> ApiError:
    return ApiError(404, f"Resource not found - {name}")


async def _body(request: web.Request) -> Mapping[str, object]:
    if request.content_type in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    try:
        body = json.loads(await request.read() or b"{}")
    except json.JSONDecodeError as error:
        raise ApiError(400, f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object")
    return body
