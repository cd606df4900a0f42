"""The request handlers of the Smint.io stand-in: authority, portal, licence feed."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from pressrun_loadtest.sandbox.pictures import probe
from pressrun_loadtest.sandbox.smintio.errors import SmintioError
from pressrun_loadtest.sandbox.smintio.search import allowed_values, run_search
from pressrun_loadtest.sandbox.smintio.shapes import asset_json, download_groups
from pressrun_loadtest.sandbox.smintio.store import Asset, SmintioStore, task_json

__all__ = ["FRONTEND", "LICENCES", "Routes", "store_handler"]

FRONTEND = "/frontend/v1"
LICENCES = "/consumer/v1"
_FEED = f"{LICENCES}/sync/licensePurchaseTransactions"
"""Our proposal: the real path is not public."""

Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Routes:
    """The handlers and what they share."""

    store: SmintioStore
    store_url: str

    def table(self) -> list[web.RouteDef]:
        """Every path that is offered."""
        options = self.store.options
        portal = f"{FRONTEND}/portals/{options.portal_id}"
        page = f"{portal}/pageConfigurations/{options.search_page_id}/assetsSearch/0/execute"
        return [
            web.post("/connect/token", self.token),
            web.post(portal + "/portalsContext/IAssetsRead/execute/{method}", self.read),
            web.post(portal + "/portalsContext/IAssetsDownload/execute/{method}", self.download),
            web.post(page + "/{method}", self.search),
            web.get(FRONTEND + "/backgroundTasks/{uuid}", self.task),
            web.get(_FEED, self.feed),
        ]

    async def token(self, request: web.Request) -> web.Response:
        """Log-in: client credentials (a switch of ours), or a refresh token that is good once."""
        form, options = await request.post(), self.store.options
        given = ":".join(str(form.get(name, "")) for name in ("client_id", "client_secret"))
        if not hmac.compare_digest(given.encode(), f"{options.client_id}:{options.client_secret}".encode()):
            return web.json_response({"error": "invalid_client"}, status=400)
        answer: dict[str, object] = {"token_type": "Bearer", "expires_in": options.token_life_s}
        match form.get("grant_type"):
            case "refresh_token":
                if form.get("refresh_token") != self.store.tokens.refresh:
                    return web.json_response({"error": "invalid_grant"}, status=400)
                answer["refresh_token"] = self.store.rotate()
            case "client_credentials":
                pass
            case _:
                return web.json_response({"error": "unsupported_grant_type"}, status=400)
        return web.json_response(answer | {"access_token": self.store.issue()})

    async def read(self, request: web.Request) -> web.Response:
        """Assets by id."""
        parameters = await _parameters(request)
        match request.match_info["method"]:
            case "getAssetAsync":
                return self._started(
                    {"assetDataObject": self._json(self._asset(parameters.get("assetId")))}, long=False
                )
            case "getAssetsAsync":
                ids = parameters.get("assetIds")
                assets = [self._json(self._asset(item)) for item in (ids if isinstance(ids, list) else [])]
                return self._started({"assetDataObjects": assets}, long=True)
        raise SmintioError(404, "no such method")

    async def search(self, request: web.Request) -> web.Response:
        """The search page."""
        parameters, assets = await _parameters(request), list(self.store.assets.values())
        match request.match_info["method"]:
            case "searchAssetsAsync":
                return self._started(run_search(self.store, parameters), long=False)
            case "getFeatureSupportAsync":
                features: dict[str, object] = {"isRandomAccessSupported": True, "isFolderNavigationSupported": False}
                return self._started(features | {"isFullTextSearchProposalsSupported": False}, long=False)
            case "getFormItemDefinitionAllowedValuesAsync":
                values = allowed_values(assets, parameters.get("formItemDefinitionId"))
                return self._started({"allowedValues": values, "allowedValuesTotalCount": len(values)}, long=False)
        raise SmintioError(404, "no such method")

    async def download(self, request: web.Request) -> web.Response:
        """What may be downloaded, and the URL of it."""
        parameters = await _parameters(request)
        ids = parameters.get("assetIds")
        asset = self._asset(ids[0] if isinstance(ids, list) and ids else None)
        match request.match_info["method"]:
            case "getAssetsDownloadsForAssetsAsync":
                return self._started({"assetDownloadGroups": download_groups(asset)}, long=True)
            case "initiateAssetsDownloadForAssetsAsync":
                items = parameters.get("assetDownloadItems")
                if not isinstance(items, list) or not any(i.get("itemId") == "Original" for i in items):
                    raise SmintioError(400, "assetDownloadItems: nothing that is offered")
                url = f"{self.store_url}/{self.store.prepare_download(asset)}"
                return self._started({"assetDownloadUrl": {"url": url}}, long=True)
        raise SmintioError(404, "no such method")

    async def task(self, request: web.Request) -> web.Response:
        """A background task."""
        task = self.store.tasks.get(request.match_info["uuid"])
        if task is None:
            raise SmintioError(404, "no such task")
        return web.json_response(task_json(task))

    async def feed(self, request: web.Request) -> web.Response:
        """Transactions after a continuation; it moves also where nothing on a page can be synced."""
        text, limit = request.query.get("continuationUuid", "c-0"), int(request.query.get("limit", "10"))
        number = text.removeprefix("c-")
        if not number.isdigit():
            raise SmintioError(400, "continuationUuid: take it from the page before")
        start = int(number)
        found = self.store.feed[start : start + limit]
        answer = {"count": len(found), "license_purchase_transactions": found}
        return web.json_response(answer | {"continuation_uuid": f"c-{start + len(found)}"})

    def _started(self, result: dict[str, object], *, long: bool) -> web.Response:
        return web.json_response(task_json(self.store.start(result, long=long)))

    def _json(self, asset: Asset) -> dict[str, object]:
        return asset_json(asset, flat=self.store.options.flat)

    def _asset(self, given: object) -> Asset:
        asset = self.store.assets.get(str(given.get("id"))) if isinstance(given, Mapping) else None
        if asset is None:
            raise SmintioError(404, "The asset was not found", "asset_not_found")
        return asset


async def _parameters(request: web.Request) -> Parameters:
    """The one JSON text in the list, itself read; the whole may be wrapped once more as a text."""
    try:
        body = json.loads(await request.read())
        listed = json.loads(body) if isinstance(body, str) else body
        if listed == []:
            return {}
        inner = json.loads(listed[0])
    except (ValueError, TypeError, LookupError) as error:
        raise SmintioError(400, "The body is no list with one JSON text") from error
    if not isinstance(inner, dict):
        raise SmintioError(400, "The parameters are no object")
    return inner


def store_handler(store: SmintioStore) -> Callable[[web.Request], web.StreamResponse]:
    """Gives the bytes behind a download URL; a bearer token is refused here, since it belongs to another host."""

    def handle(request: web.Request) -> web.StreamResponse:
        if "Authorization" in request.headers:
            raise SmintioError(400, "The store was sent credentials that are not its own")
        asset = store.assets.get(store.downloads.get(request.match_info["key"], ""))
        if asset is None:
            raise SmintioError(404, "No such key")
        picture = probe(asset.data)
        return web.Response(body=asset.data, content_type=picture.media_type if picture else "text/plain")

    return handle
