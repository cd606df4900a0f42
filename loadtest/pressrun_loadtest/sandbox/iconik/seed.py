"""What the iconik stand-in starts with: assets with their versions and metadata values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pressrun_loadtest.sandbox.fields import BadInputError, Fields

__all__ = ["APPROVALS", "AssetSeed", "IconikSeed", "VersionSeed", "read_seed"]

LoadFile = Callable[[Fields], bytes]
"""Gives the bytes of the file that an entry names."""

APPROVALS = ("N/A", "REQUESTED", "APPROVED", "NOT_APPROVED", "MIXED")

_EPOCH = datetime(2026, 1, 5, 9, 12, 44, 120311, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class VersionSeed:
    """One version: its picture, which is the poster where the asset is a video."""

    name: str
    data: bytes
    approval: str
    created: datetime


@dataclass(frozen=True, slots=True)
class AssetSeed:
    """One asset with its versions, oldest first."""

    id: str
    title: str
    media_type: str
    versions: tuple[VersionSeed, ...]
    metadata: dict[str, tuple[str, ...]] = field(default_factory=dict)
    collections: tuple[str, ...] = ()
    """Ids of the collections that hold it."""
    public: bool = False
    """Whether everybody can open its keyframes and proxies."""


@dataclass(frozen=True, slots=True)
class IconikSeed:
    """The whole start state."""

    assets: tuple[AssetSeed, ...] = ()


def read_seed(fields: Fields, load_file: LoadFile) -> IconikSeed:
    """Read the `iconik` part of a seed file.

    Raises:
        BadInputError: a field is missing, misspelt or wrong; the text names the place.
    """
    assets = tuple(_read_asset(item, load_file) for item in fields.items("assets"))
    fields.finish()
    return IconikSeed(assets)


def _read_asset(fields: Fields, load_file: LoadFile) -> AssetSeed:
    values = Fields(fields.values("metadata"), f"{fields.place}.metadata")
    asset = AssetSeed(
        fields.text("id"),
        fields.text("title"),
        fields.optional_choice("media_type", ("image", "video")) or "image",
        tuple(_read_version(item, load_file) for item in fields.items("versions")),
        {name: values.texts(name) for name in values.names()},
        fields.texts("collections"),
        fields.optional_boolean("public") is True,
    )
    fields.finish()
    if not asset.versions:
        raise BadInputError(f"{fields.place}.versions: an asset has at least one version")
    return asset


def _read_version(fields: Fields, load_file: LoadFile) -> VersionSeed:
    version = VersionSeed(
        fields.text("name"),
        load_file(fields),
        fields.optional_choice("approval", APPROVALS) or "N/A",
        fields.optional_time("created") or _EPOCH,
    )
    fields.finish()
    return version
