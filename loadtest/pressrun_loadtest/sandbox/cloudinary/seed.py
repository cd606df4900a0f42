"""What the Cloudinary stand-in starts with: metadata field definitions and assets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pressrun_loadtest.sandbox.cloudinary.access import AccessRule, read_rules
from pressrun_loadtest.sandbox.cloudinary.metadata import FieldType, MetadataField, MetadataValue, check_metadata
from pressrun_loadtest.sandbox.fields import BadInputError, Fields

__all__ = ["DELIVERY_TYPES", "MODERATION_STATUSES", "RESOURCE_TYPES", "AssetSeed", "CloudinarySeed", "read_seed"]

LoadFile = Callable[[Fields], bytes]
"""Gives the bytes of the file that an entry names."""

DELIVERY_TYPES = ("upload", "private", "authenticated")
RESOURCE_TYPES = ("image", "video")
MODERATION_STATUSES = ("queued", "pending", "approved", "rejected", "aborted")

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AssetSeed:
    """One image, or one video."""

    public_id: str
    data: bytes
    type: str = "upload"
    resource_type: str = "image"
    """`image`, or `video`: then the data are its still."""
    display_name: str = ""
    asset_folder: str = ""
    tags: tuple[str, ...] = ()
    context: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
    moderation_status: str | None = None
    access_control: tuple[AccessRule, ...] = ()
    uploaded: datetime = _EPOCH


@dataclass(frozen=True, slots=True)
class CloudinarySeed:
    """The whole start state."""

    metadata_fields: tuple[MetadataField, ...] = ()
    assets: tuple[AssetSeed, ...] = ()


def read_seed(fields: Fields, load_file: LoadFile) -> CloudinarySeed:
    """Read the `cloudinary` part of a seed file.

    Raises:
        BadInputError: a field is missing, misspelt or wrong; the text names the place.
    """
    metadata_fields = tuple(_read_field(item) for item in fields.items("metadata_fields"))
    by_id = {spec.external_id: spec for spec in metadata_fields}
    assets = tuple(_read_asset(item, by_id, load_file) for item in fields.items("assets"))
    fields.finish()
    return CloudinarySeed(metadata_fields, assets)


def _read_field(fields: Fields) -> MetadataField:
    spec = MetadataField(
        fields.text("external_id"),
        fields.text("label"),
        fields.choice("type", FieldType),
        {key: str(text) for key, text in fields.values("datasource").items()},
    )
    fields.finish()
    return spec


def _read_asset(fields: Fields, metadata_fields: dict[str, MetadataField], load_file: LoadFile) -> AssetSeed:
    public_id = fields.text("public_id")
    try:
        metadata = check_metadata(metadata_fields, fields.values("metadata"))
    except ValueError as error:
        raise BadInputError(f"{fields.place}.metadata: {error}") from error
    asset = AssetSeed(
        public_id,
        load_file(fields),
        fields.optional_choice("type", DELIVERY_TYPES) or "upload",
        fields.optional_choice("resource_type", RESOURCE_TYPES) or "image",
        fields.optional_text("display_name") or public_id.rpartition("/")[2],
        fields.optional_text("asset_folder") or public_id.rpartition("/")[0],
        fields.texts("tags"),
        {key: str(text) for key, text in fields.values("context").items()},
        metadata,
        fields.optional_choice("moderation_status", MODERATION_STATUSES),
        read_rules(fields.items("access_control")),
        fields.optional_time("uploaded") or _EPOCH,
    )
    fields.finish()
    return asset
