"""The JSON of the iconik stand-in: assets, versions, approvals, files and pages."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from pressrun_loadtest.sandbox.iconik.store import Asset, StoredFile, Version

__all__ = ["approval_json", "asset_json", "file_json", "page_json", "search_json", "values_json"]


def asset_json(asset: Asset) -> dict[str, object]:
    """The record; approval and metadata are no part of it."""
    return {
        "id": asset.id,
        "title": asset.title,
        "type": "ASSET",
        "status": asset.status,
        "is_online": True,
        "is_blocked": asset.is_blocked,
        "archive_status": "NOT_ARCHIVED",
        "in_collections": list(asset.collections),
        "date_created": asset.versions[0].created.isoformat(),
        "date_modified": asset.modified.isoformat(),
        "versions": [
            {"id": v.id, "status": v.status, "is_online": True, "date_created": v.created.isoformat()}
            for v in asset.versions
        ],
    }


def search_json(asset: Asset) -> dict[str, object]:
    """A hit: metadata flat, the status of approval as a field, dates without an offset."""
    return asset_json(asset) | {
        "object_type": "assets",
        "media_type": asset.media_type,
        "metadata": {name: list(values) for name, values in asset.metadata.items()},
        "date_modified": asset.modified.replace(tzinfo=None).isoformat(),
    }


def approval_json(asset: Asset, version: Version) -> dict[str, object]:
    """The approval request of one version."""
    return {
        "status": version.approval,
        "user_status": version.approval,
        "object_id": asset.id,
        "object_type": "assets",
        "version_id": version.id,
        "approvals_by": [],
    }


def values_json(asset: Asset) -> dict[str, object]:
    """Metadata values of a view, each in its list of field values."""
    values = {name: {"field_values": [{"value": v} for v in given]} for name, given in asset.metadata.items()}
    return {
        "object_type": "assets",
        "object_id": asset.id,
        "version_id": asset.current.id,
        "metadata_values": values,
    }


def file_json(file: StoredFile, version: Version, url: str, *, public: bool = False) -> dict[str, object]:
    """A file or a keyframe."""
    body: dict[str, object] = {"id": file.id, "version_id": version.id, "size": len(file.data), "url": url}
    if file.kind == "FILE":
        checksum = hashlib.md5(file.data, usedforsecurity=False).hexdigest()
        return body | {"name": file.name, "type": "FILE", "status": "CLOSED", "checksum": checksum}
    if file.kind == "PROXY":
        sized = {"resolution": {"width": file.width, "height": file.height}} if file.width else {}
        return body | {"name": file.name, "filename": file.name, "status": "CLOSED", "is_public": public} | sized
    resolution = {"width": file.width, "height": file.height}
    return body | {
        "filename": file.name,
        "type": file.kind,
        "status": "CLOSED",
        "resolution": resolution,
        "is_public": public,
    }


def page_json(objects: Sequence[object], total: int, page: int, per_page: int, path: str) -> dict[str, object]:
    """A page; its links are relative to the host."""
    pages = math.ceil(total / per_page)

    def link(number: int) -> str | None:
        return f"{path}?page={number}&per_page={per_page}" if 1 <= number <= pages else None

    return {
        "objects": list(objects),
        "page": page,
        "pages": pages,
        "per_page": per_page,
        "total": total,
        "first_url": f"{path}?page=1&per_page={per_page}",
        "last_url": link(pages),
        "next_url": link(page + 1),
        "prev_url": link(page - 1),
        "scroll_id": None,
    }
