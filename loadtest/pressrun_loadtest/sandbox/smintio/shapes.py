"""The JSON of the Smint.io stand-in: data objects, download items."""

from __future__ import annotations

import hashlib

from pressrun_loadtest.sandbox.clock import iso_seconds
from pressrun_loadtest.sandbox.pictures import probe
from pressrun_loadtest.sandbox.smintio.store import Asset

__all__ = ["asset_json", "download_groups"]


def asset_json(asset: Asset, *, flat: bool) -> dict[str, object]:
    """A data object: `{uuid, properties}`, or a flat one."""
    picture = probe(asset.data)
    values: dict[str, object] = {
        "name": dict(asset.names) or {"en": asset.name, "x-default": asset.name},
        "contentType": "image" if picture else "document",
        "fileMetadata": {
            "fileName": asset.name,
            "fileExtension": picture.format if picture else "txt",
            "fileSizeInBytes": len(asset.data),
            "mediaType": picture.media_type if picture else "text/plain",
            "sha1Hash": hashlib.sha1(asset.data, usedforsecurity=False).hexdigest(),
            "language": asset.language,
        },
        "imageMetadata": {"width": picture.width, "height": picture.height} if picture else None,
        "version": str(asset.version) if asset.numbered else "",
        "eTag": f"e{asset.version}-{len(asset.data)}",
        "modifiedAt": iso_seconds(asset.modified),
        "publishFrom": asset.publish_from,
        "publishUntil": asset.publish_until,
        "rawData": asset.raw,
    }
    if flat:
        return {"uuid": asset.id} | values
    return {"uuid": asset.id, "properties": [{"key": name, "value": value} for name, value in values.items()]}


def download_groups(asset: Asset) -> list[dict[str, object]]:
    """What may be downloaded of an asset."""
    item = {
        "groupId": "default",
        "itemId": "Original",
        "description": {"en": "Original"},
        "count": 1,
        "fileSizeInBytes": len(asset.data),
        "selectedByDefault": True,
        "maxAssetCountExceeded": False,
        "assetIds": [{"id": asset.id}],
    }
    preview = item | {"itemId": "Preview", "selectedByDefault": False}
    group = {"groupId": "default", "groupName": {"en": "Files"}, "assetDownloadItems": [preview, item]}
    return [group | {"immediatelyDownload": True}]
