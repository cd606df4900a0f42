"""The request handlers of the Core DAM stand-in: each turns parameters into a question to the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.core_dam.auth import Authority, Session
from pressrun_loadtest.sandbox.core_dam.errors import DamError
from pressrun_loadtest.sandbox.core_dam.options import CoreDamOptions
from pressrun_loadtest.sandbox.core_dam.search import Searcher
from pressrun_loadtest.sandbox.core_dam.shapes import Detail, asset_json, collection_asset_json
from pressrun_loadtest.sandbox.core_dam.store import AssetVersion, Content, CoreDamStore
from pressrun_loadtest.sandbox.pictures import MEDIA_TYPES, contained

__all__ = ["API", "NETWORK", "OTDS_TOKEN", "Routes"]

API = "/otmmapi/v6"
NETWORK = "/adaptivemedia/rendition"
"""The public delivery network, which asks for no log-in."""
OTDS_TOKEN = "/otdsws/oauth2/token"  # noqa: S105 - a path, no secret

_LOAD_TYPES = ("system", "metadata", "inherited_metadata", "full", "custom")
_LARGEST = 8192
_IDS_CONTEXT = "com.artesia.asset.selection.AssetIdsSelectionContext"


@dataclass(frozen=True, slots=True)
class Routes:
    """The handlers and what they share."""

    options: CoreDamOptions
    store: CoreDamStore
    authority: Authority
    clock: Clock
    origin: str
    """Where the delivery network is."""

    def table(self) -> list[web.RouteDef]:
        """Every documented path that is offered."""
        return [
            web.post(OTDS_TOKEN, self.directory_token),
            web.post(f"{API}/sessions", self.open_session),
            web.get(f"{API}/sessions", self.show_session),
            web.post(f"{API}/sessions/oauth2/token", self.password_token),
            web.get(f"{API}/assets", self.many_assets),
            web.get(API + "/assets/{id}", self.one_asset),
            web.get(API + "/assets/{id}/contents", self.contents),
            web.get(API + "/renditions/{id}", self.rendition),
            web.get(f"{API}/search/text", self.search),
            web.post(f"{API}/search/text", self.search),
            web.get(f"{API}/collections", self.collections),
            web.get(API + "/collections/{id}/assets", self.collection_assets),
            web.get(API + "/folders/{id}/assets", self.folder_assets),
            web.get(NETWORK, self.network),
        ]

    async def directory_token(self, request: web.Request) -> web.Response:
        """The directory service's OAuth2 token call."""
        token = self.authority.open_directory_token(await _form(request), request.headers.get("Authorization"))
        return web.json_response(
            {"access_token": token, "token_type": "Bearer", "expires_in": self.options.token_life_s},
            headers={"Cache-Control": "no-store"},
        )

    async def password_token(self, request: web.Request) -> web.Response:
        """The DAM's own OAuth2 password call."""
        token = self.authority.open_password_token(await _form(request))
        life = self.options.token_life_s
        return web.json_response({"token_info": {"oauth_token": {"accessToken": token, "expiresIn": life}}})

    async def open_session(self, request: web.Request) -> web.Response:
        """Log in by form."""
        session = self.authority.open_session(await _form(request))
        response = self._session(session)
        response.headers.add("Set-Cookie", f"JSESSIONID={session.cookie}; Path=/otmmapi; HttpOnly")
        return response

    async def show_session(self, request: web.Request) -> web.Response:
        """The existing session; the health and refresh probe."""
        session = self.authority.authenticate(request)
        if session is None:
            return web.json_response({"session_resource": {"session": {"login_name": self.options.username}}})
        return self._session(session)

    async def one_asset(self, request: web.Request) -> web.Response:
        """One version of an asset."""
        row = self._row(request.match_info["id"])
        return web.json_response({"asset_resource": {"asset": self._asset(row, _detail(request.query))}})

    async def many_assets(self, request: web.Request) -> web.Response:
        """Several versions by their ids; unknown ids are left out."""
        context = _selection(request.query.get("selection_context"))
        rows = [row for asset_id in context if (row := self.store.get(asset_id)) is not None]
        return self._list([self._asset(row, _detail(request.query)) for row in rows if not row.deleted])

    async def contents(self, request: web.Request) -> web.Response:
        """The master file, or one of its renditions."""
        row = self._row(request.match_info["id"])
        kind = request.query.get("rendition_type", "master")
        if kind not in ("master", "thumbnail", "preview"):
            raise DamError(400, f"rendition_type: expected thumbnail or preview, got {kind}")
        content = row.content(kind)
        if content is None:
            raise DamError(404, f"Asset {row.asset_id} has no {kind}")
        return _download(request, row, content)

    async def rendition(self, request: web.Request) -> web.Response:
        """A master or rendition by its own id."""
        found = self.store.find_content(request.match_info["id"])
        if found is None:
            raise DamError(404, f"No rendition {request.match_info['id']}")
        return _download(request, *found)

    async def search(self, request: web.Request) -> web.Response:
        """Search by conditions; the same parameters come as form or as query."""
        parameters = await _form(request) if request.method == "POST" else dict(request.query)
        page = Searcher(self.store, self.options.operators).search(parameters)
        detail = _detail(parameters)
        assets = [] if page.ids_only else [self._asset(row, detail) for row in page.rows]
        return web.json_response(
            {"search_result_resource": {"search_result": page.search_result(), "asset_list": assets}}
        )

    async def collections(self, _: web.Request) -> web.Response:
        """The collections there are."""
        listed = [
            {"id": named.id, "name": named.name, "owner_name": self.options.username}
            for named in self.store.collections.values()
        ]
        return web.json_response({"collection_resource": {"collection": listed}})

    async def collection_assets(self, request: web.Request) -> web.Response:
        """The newest versions of what a collection holds, in its order."""
        named = self.store.collections.get(request.match_info["id"])
        if named is None:
            raise DamError(404, f"No collection {request.match_info['id']}")
        detail, now, network = _detail(request.query), self.clock(), f"{self.origin}{NETWORK}"
        rows = self.store.members(named)
        return self._list([collection_asset_json(row, self.store.model, now, detail, network) for row in rows])

    async def folder_assets(self, request: web.Request) -> web.Response:
        """The newest versions of what a folder holds, in its order."""
        folder = self.store.folders.get(request.match_info["id"])
        if folder is None:
            raise DamError(404, f"No folder {request.match_info['id']}")
        return self._list([self._asset(row, _detail(request.query)) for row in self.store.members(folder)])

    async def network(self, request: web.Request) -> web.Response:
        """The newest version of an original asset as a picture, within `wd` and `ht`, as `format` png or jpg."""
        row = self.store.latest(request.query.get("id", ""))
        if row is None or row.deleted:
            raise DamError(404, "No such asset")
        sides = [request.query.get(name, "") for name in ("wd", "ht")]
        if any(side and not (side.isascii() and side.isdigit() and 0 < int(side) <= _LARGEST) for side in sides):
            raise DamError(400, f"wd, ht: expected pixels from 1 to {_LARGEST}")
        wanted = request.query.get("format", "")
        if wanted not in ("", "png", "jpg"):
            raise DamError(400, f"format: expected png or jpg, got {wanted}")
        data, kind = row.master.data, row.master.media_type
        if any(sides) or wanted:
            box = (int(sides[0] or _LARGEST), int(sides[1] or _LARGEST))
            data = contained(data, box, wanted or "png")
            kind = MEDIA_TYPES[wanted or "png"]
        return web.Response(body=data, headers={"Content-Type": kind, "Cache-Control": "public, max-age=300"})

    def _row(self, asset_id: str) -> AssetVersion:
        row = self.store.get(asset_id)
        if row is None:
            raise DamError(404, f"No asset {asset_id}")
        return row

    def _asset(self, row: AssetVersion, detail: Detail) -> dict[str, object]:
        return asset_json(row, self.store.model, self.clock(), detail, f"{self.origin}{NETWORK}")

    def _session(self, session: Session) -> web.Response:
        body = {
            "id": session.id,
            "message_digest": session.digest,
            "validation_key": 77,
            "login_name": self.options.username,
            "user_id": "1203",
            "user_full_name": "Render Service",
            "role_name": "Integration",
            "user_role_id": 4,
            "domain_name": "ARTESIA",
            "local_session": False,
        }
        return web.json_response({"session_resource": {"session": body}})

    @staticmethod
    def _list(assets: list[dict[str, object]]) -> web.Response:
        return web.json_response({"assets_resource": {"asset_list": assets}})


async def _form(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _detail(parameters: Mapping[str, str]) -> Detail:
    load_type = parameters.get("load_type", "system")
    level = parameters.get("level_of_detail", "slim")
    if load_type not in _LOAD_TYPES:
        raise DamError(400, f"load_type: expected one of {', '.join(_LOAD_TYPES)}, got {load_type}")
    if level not in ("slim", "full"):
        raise DamError(400, f"level_of_detail: expected slim or full, got {level}")
    if load_type == "custom":
        wanted = _json_object(parameters, "data_load_request")
        previews = wanted.get("load_thumbnail_info") or wanted.get("load_preview_info")
        return Detail(metadata=bool(wanted.get("load_metadata")), full=bool(previews))
    return Detail(
        metadata=load_type in ("metadata", "inherited_metadata", "full"), full=level == "full" or load_type == "full"
    )


def _selection(text: str | None) -> list[str]:
    outer = _json_object({"selection_context_param": text or ""}, "selection_context_param")
    context = outer.get("selection_context")
    if not isinstance(context, dict) or context.get("type") != _IDS_CONTEXT:
        raise DamError(400, f"selection_context: expected one of the type {_IDS_CONTEXT}")
    ids = context.get("asset_ids")
    if not isinstance(ids, list):
        raise DamError(400, "selection_context.asset_ids: expected a list of asset ids")
    return [str(asset_id) for asset_id in ids]


def _json_object(parameters: Mapping[str, str], name: str) -> dict[str, object]:
    """The object that a parameter holds under its own name once more, as this API nests its JSON parameters."""
    try:
        inner = json.loads(parameters.get(name, ""))[name]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DamError(400, f'{name}: expected JSON {{"{name}": {{...}}}}') from error
    if not isinstance(inner, dict):
        raise DamError(400, f"{name}: expected an object")
    return inner


def _download(request: web.Request, row: AssetVersion, content: Content) -> web.Response:
    if row.deleted:
        raise DamError(404, f"Asset {row.asset_id} is deleted")
    # No ETag and no Range: neither is promised for this call.
    disposition = "attachment" if request.query.get("disposition") == "attachment" else "inline"
    return web.Response(
        body=content.data,
        headers={
            "Content-Type": content.media_type,
            "Content-Disposition": f'{disposition}; filename="{content.name}"',
        },
    )
