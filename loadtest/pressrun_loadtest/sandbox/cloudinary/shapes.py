"""The JSON in which the Cloudinary stand-in describes assets."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

from pressrun_loadtest.sandbox.clock import iso_seconds
from pressrun_loadtest.sandbox.cloudinary.store import Asset

__all__ = ["LISTED_FIELDS", "listed_json", "resource_json", "search_json"]

LISTED_FIELDS = frozenset(
    {
        *("asset_folder", "folder", "filename", "format", "version", "version_id", "signature", "resource_type"),
        *("created_at", "uploaded_at", "bytes", "backup_bytes", "width", "height", "aspect_ratio", "access_control"),
        *("metadata", "context", "tags", "pixels", "custom", "moderation", "url", "secure_url", "status", "etag"),
    }
)
"""What a list can be asked to tell of each asset, as the vendor's model has it."""
_OPTIONAL = ("tags", "context", "metadata")


def resource_json(asset: Asset, base_url: str) -> dict[str, object]:
    """The full record, as a read by id and an update answer it; `base_url` is delivery's, with the cloud name."""
    picture = asset.picture
    url = f"{base_url}/{asset.resource_type}/{asset.type}/v{asset.version}/{quote(asset.public_id)}.{asset.format}"
    body: dict[str, object] = {
        "asset_id": asset.asset_id,
        "public_id": asset.public_id,
        "version": asset.version,
        "version_id": asset.version_id,
        "format": asset.format,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "created_at": iso_seconds(asset.created),
        "uploaded_at": iso_seconds(asset.uploaded),
        "bytes": len(asset.original),
        "width": picture.width,
        "height": picture.height,
        "aspect_ratio": round(picture.width / picture.height, 5),
        "pixels": picture.width * picture.height,
        "etag": asset.etag,
        "status": "active",
        "access_mode": "public",
        "url": url,
        "secure_url": url,
        "asset_folder": asset.asset_folder,
        "display_name": asset.display_name,
        "filename": asset.public_id.rpartition("/")[2],
        "tags": list(asset.tags),
        "context": {"custom": asset.context},
        "metadata": asset.metadata,
        "derived": [],
    }
    if asset.resource_type == "video":
        body |= {"duration": 24.0, "frame_rate": 25.0}
    if asset.access_control:
        body["access_control"] = [rule.to_json() for rule in asset.access_control]
    if asset.moderation_status is not None:
        entry = {"kind": "manual", "status": asset.moderation_status}
        if asset.moderated is not None:
            entry["updated_at"] = iso_seconds(asset.moderated)
        body |= {"moderation_status": asset.moderation_status, "moderation_kind": "manual", "moderation": [entry]}
    return body


def search_json(asset: Asset, base_url: str, with_field: Collection[str], fields: Collection[str]) -> dict[str, object]:
    """A hit: tags, context and metadata only when asked for, the context without its `custom` level."""
    body = resource_json(asset, base_url) | {"context": asset.context}
    del body["derived"]
    wanted = {*with_field, *fields}
    for name in _OPTIONAL:
        if name not in wanted:
            del body[name]
    if fields:
        keep = {"asset_id", "public_id", *wanted}
        return {name: value for name, value in body.items() if name in keep}
    return body


def listed_json(asset: Asset, base_url: str, fields: Collection[str]) -> dict[str, object]:
    """An asset of a list: its ids, and of the fields that were asked for those that it has."""
    body = {"access_control": None, **resource_json(asset, base_url)}
    return {name: value for name, value in body.items() if name in {"asset_id", "public_id", *fields}}
