"""From what a source says about an asset to the descriptor of one rendition; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from pressrun_server.assets.entry import NO_BYTES
from pressrun_server.model.asset import AssetDescriptor
from pressrun_sources.model import AssetDescription, AssetRef, Rendition

__all__ = ["described", "refresh_at", "unchanged", "updated"]


def described(
    ref: AssetRef, description: AssetDescription, rendition: Rendition, *, now: datetime, seconds: float
) -> AssetDescriptor:
    """The descriptor before any byte was fetched, believed for so many seconds."""
    return AssetDescriptor(
        ref=str(ref),
        rendition=rendition.key(),
        asset_id=description.asset_id,
        version=description.version,
        etag=description.etag,
        digest=NO_BYTES,
        media_type=description.media_type or "",
        width=0,
        height=0,
        color_space="",
        approval=str(description.approval),
        rights_from=description.rights_from,
        rights_until=description.rights_until,
        territories=description.territories,
        locale=description.locale,
        fetched_at=now,
        fresh_until=now + timedelta(seconds=seconds),
    )


def refresh_at(descriptor: AssetDescriptor) -> datetime:
    """The beginning of the last fifth of the time in which it is fresh."""
    return descriptor.fresh_until - (descriptor.fresh_until - descriptor.fetched_at) / 5


def unchanged(old: AssetDescriptor, new: AssetDescriptor) -> bool:
    """Whether the bytes that are here are still those of the source."""
    return (
        old.digest != NO_BYTES
        and (old.asset_id, old.version) == (new.asset_id, new.version)
        and (old.etag is None or new.etag is None or old.etag == new.etag)
    )


def updated(old: AssetDescriptor, new: AssetDescriptor) -> AssetDescriptor:
    """The new description with what was found out from the bytes."""
    return msgspec.structs.replace(
        new,
        digest=old.digest,
        media_type=old.media_type,
        width=old.width,
        height=old.height,
        color_space=old.color_space,
    )
