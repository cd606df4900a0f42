"""Which assets a webhook is about. Nothing else of its body is used: the source is asked again.

Documented: Cloudinary's payloads, iconik's envelope. Ours: the body for systems that send none themselves (Core DAM,
Smint.io, an HTTP endpoint, …), `{"type": "asset.changed", "data": {"id": …}}`, relayed by a site's own listener.
"""

from __future__ import annotations

from collections.abc import Mapping

from pressrun_sources.model import AssetRef
from pressrun_sources.shape import mapping_in, sequence_in, text_in

__all__ = ["assets_in_cloudinary", "assets_in_iconik", "assets_in_standard"]

Payload = Mapping[str, object]


def assets_in_cloudinary(source: str, payload: Payload) -> tuple[AssetRef, ...]:
    """The assets of an upload, a rename, a deletion, a moderation, or a change of tags, context or metadata."""
    found = [(text_in(payload, name), payload) for name in ("public_id", "from_public_id", "to_public_id")]
    resources = payload.get("resources")
    if isinstance(resources, dict):
        found += [(str(name), value if isinstance(value, dict) else {}) for name, value in resources.items()]
    found += [(text_in(item, "public_id"), item) for item in sequence_in(payload, "resources")]
    refs = {_cloudinary(source, name, holder) for name, holder in found if name}
    return tuple(sorted(ref for ref in refs if ref is not None))


def _cloudinary(source: str, name: str, holder: Payload) -> AssetRef | None:
    kind, resource = text_in(holder, "type") or "upload", text_in(holder, "resource_type") or "image"
    qualifiers = [("type", kind)] if kind != "upload" else []
    qualifiers += [("resource_type", resource)] if resource != "image" else []
    return AssetRef.of(source, name, tuple(qualifiers))


def assets_in_iconik(source: str, payload: Payload) -> tuple[AssetRef, ...]:
    """The asset of a message about assets, whatever its realm; the object itself only where it is one."""
    if text_in(payload, "event_type") != "assets":
        return ()
    data = mapping_in(payload, "data")
    names = {text_in(payload, "object_id"), text_in(data, "id"), text_in(data, "object_id"), text_in(data, "asset_id")}
    return _refs(source, names)


def assets_in_standard(source: str, payload: Payload) -> tuple[AssetRef, ...]:
    """The asset that `data` names, by `id` or `original_asset_id`."""
    data = mapping_in(payload, "data")
    return _refs(source, {text_in(data, "id"), text_in(data, "original_asset_id")})


def _refs(source: str, names: set[str | None]) -> tuple[AssetRef, ...]:
    refs = (AssetRef.of(source, name) for name in names if name)
    return tuple(sorted(ref for ref in refs if ref is not None))
