"""The JSON in which the Core DAM stand-in describes assets.

Documented: the field names and their nesting. Inferred: which of them appear at which `load_type` and
`level_of_detail`, and that the URL of the delivery network names the original asset alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pressrun_loadtest.sandbox.clock import iso_seconds
from pressrun_loadtest.sandbox.core_dam.metadata import Model, Value, render_model
from pressrun_loadtest.sandbox.core_dam.store import AssetVersion, Content

__all__ = ["Detail", "asset_json", "collection_asset_json"]

_CONTENT_TYPES = {"image/": "BITMAP", "video/": "VIDEO", "application/pdf": "ACROBAT"}


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of an asset the caller asked for."""

    metadata: bool
    full: bool


def asset_json(row: AssetVersion, model: Model, now: datetime, detail: Detail, network: str) -> dict[str, object]:
    """One asset as `GET /assets/{id}` and the search list it; `network` is the address of the delivery network."""
    master = row.master
    body: dict[str, object] = {
        "asset_id": row.asset_id,
        "original_asset_id": row.original_asset_id,
        "version": row.version,
        "latest_version": row.latest,
        "name": row.name,
        "mime_type": master.media_type,
        "content_type": _content_type(master.media_type),
        "content_size": len(master.data),
        "date_imported": iso_seconds(row.imported),
        "date_last_updated": iso_seconds(row.updated),
        "deleted": row.deleted,
        "expired": row.expired(now),
        "locked": False,
        "checked_out": False,
        "asset_state": "NORMAL",
        "content_state": "NORMAL",
        "metadata_model_id": model.id,
        "master_content_info": _content_json(master),
        "delivery_service_url": f"{network}?id={row.original_asset_id}",
    }
    if detail.metadata:
        values: dict[str, Value] = {"ARTESIA.FIELD.ASSET NAME": row.name, **row.metadata}
        body["metadata"] = render_model(model, values)
    if detail.full:
        body["rendition_content"] = {f"{content.kind}_content": _content_json(content) for content in row.contents[1:]}
        body["subscribed_to"] = False
    return body


def collection_asset_json(
    row: AssetVersion, model: Model, now: datetime, detail: Detail, network: str
) -> dict[str, object]:
    """One asset as a collection lists it: the content sits under `asset_content_info.master_content`."""
    body = asset_json(row, model, now, detail, network)
    body["asset_content_info"] = {"master_content": body.pop("master_content_info")}
    return body


def _content_json(content: Content) -> dict[str, object]:
    return {
        "id": content.id,
        # Relative to the host, not to the API's base path.
        "url": f"/otmmapi/v6/renditions/{content.id}",
        "name": content.name,
        "mime_type": content.media_type,
        "content_size": len(content.data),
        "unit_of_size": "BYTES",
        "content_checksum": content.checksum,
        "width": content.width,
        "height": content.height,
        "content_kind": content.kind.upper(),
        "content_manager_id": "ARTESIA.CONTENT.MANAGER",
    }


def _content_type(media_type: str) -> str:
    return next((name for prefix, name in _CONTENT_TYPES.items() if media_type.startswith(prefix)), "OTHER")
