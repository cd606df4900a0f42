"""`POST /resources/{resource_type}/{type}/{public_id}`: reads the changes and applies them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pressrun_loadtest.sandbox.cloudinary.access import rules_from_json
from pressrun_loadtest.sandbox.cloudinary.errors import ApiError
from pressrun_loadtest.sandbox.cloudinary.metadata import MetadataField, check_metadata, split_pairs
from pressrun_loadtest.sandbox.cloudinary.store import Asset
from pressrun_loadtest.sandbox.fields import BadInputError

__all__ = ["apply_update"]

_IGNORED = frozenset({"batch_id", "clear_invalid", "notification_url", "unique_display_name"})
_KNOWN = ("moderation_status", "tags", "context", "metadata", "access_control", "display_name", "asset_folder")


def apply_update(
    asset: Asset, changes: Mapping[str, object], fields: Mapping[str, MetadataField], now: datetime
) -> Asset:
    """The asset with the changes.

    Raises:
        ApiError: 400, a parameter is unknown or its value is not valid.
    """
    unknown = sorted(set(changes) - set(_KNOWN) - _IGNORED)
    if unknown:
        raise ApiError(400, f"Unknown parameter {unknown[0]}; known: {', '.join(_KNOWN)}")
    try:
        for name in _KNOWN:
            if name in changes:
                asset = _change(asset, name, changes[name], fields, now)
    except (ValueError, BadInputError) as error:
        raise ApiError(400, str(error)) from error
    return asset


def _change(asset: Asset, name: str, value: object, fields: Mapping[str, MetadataField], now: datetime) -> Asset:
    match name:
        case "moderation_status":
            if value not in ("approved", "rejected"):
                raise ValueError(f"Invalid moderation_status {value}; expected approved or rejected")
            return replace(asset, moderation_status=str(value), moderated=now)
        case "tags":
            return replace(asset, tags=tuple(tag.strip() for tag in str(value).split(",") if tag.strip()))
        case "context":
            return replace(asset, context=split_pairs(str(value)))
        case "metadata":
            given = value if isinstance(value, dict) else split_pairs(str(value))
            return replace(asset, metadata=asset.metadata | check_metadata(fields, given))
        case "access_control":
            return replace(asset, access_control=rules_from_json(value))
        case "display_name":
            return replace(asset, display_name=str(value))
    return replace(asset, asset_folder=str(value))
