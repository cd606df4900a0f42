"""What the node knows about one rendition of an asset."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pressrun_server.model.digest import Digest

__all__ = ["AssetDescriptor", "AssetUse", "HostedLink"]


class HostedLink(msgspec.Struct, frozen=True):
    """Where its system shows a rendition to everybody; `pressrun_sources.hosted.Hosted` says what the fields mean."""

    url: str
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    expires: datetime | None = None
    video: str = ""
    video_type: str = ""
    narrower: tuple[tuple[str, int], ...] = ()
    """The same picture in smaller widths, by address and pixels, where its system makes them."""


class AssetDescriptor(msgspec.Struct, frozen=True):
    """One rendition of one version of an asset; what `ref -> descriptor` maps to. Times are aware and in UTC."""

    ref: str
    """`str(AssetRef)`."""
    rendition: str
    """`Rendition.key()`."""
    asset_id: str
    version: str
    etag: str | None
    digest: Digest
    """The bytes that the source gave."""
    media_type: str
    """Found from the bytes, never from a name."""
    width: int
    height: int
    """Pixels; 0 where the asset has none."""
    color_space: str
    approval: str
    """A value of `pressrun_sources.model.Approval`."""
    rights_from: datetime | None
    rights_until: datetime | None
    territories: tuple[str, ...]
    locale: str | None
    fetched_at: datetime
    fresh_until: datetime
    day_from: bool = False
    """`rights_from` is midnight of a day, wherever the asset is used."""
    day_until: bool = False
    """`rights_until` is midnight of a day, wherever the asset is used."""
    channels: tuple[str, ...] = ()
    """The output channels that it may be used in; empty: no limit is stated."""
    licences: tuple[str, ...] = ()
    """The licences under which it may be used; empty: none is stated."""
    tags: tuple[str, ...] = ()
    """What it was checked for."""
    volume: int | None = None
    """Documents that its licence allows in all; None: any number."""
    regulated: bool = False
    """Its source says so; then it is used only while a lease is held, since a withdrawal must reach every node."""
    hosted: HostedLink | None = None
    """Where its system shows it to everybody, if the rendition asks for that and it does."""


class AssetUse(msgspec.Struct, frozen=True):
    """An asset as it goes into a document."""

    slot: str
    descriptor: AssetDescriptor
    prepared: Digest
    """The prepared blob (an encoded PreparedImage)."""
    found_in: str
    """Where it was found: a tier (memory, disk, redis, s3) or `source`."""
