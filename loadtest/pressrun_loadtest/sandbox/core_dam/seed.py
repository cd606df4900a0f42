"""What the Core DAM stand-in starts with: the metadata model, folders, collections and assets with their versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pressrun_loadtest.sandbox.core_dam.metadata import FieldKind, FieldSpec, GroupSpec, Model, Value, ValueType
from pressrun_loadtest.sandbox.fields import BadInputError, Fields

__all__ = ["AssetSeed", "CoreDamSeed", "NamedSet", "VersionSeed", "read_metadata", "read_seed"]

LoadFile = Callable[[Fields], bytes]
"""Gives the bytes of the master file that an entry names."""

_EPOCH = datetime(2025, 1, 9, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class VersionSeed:
    """One version of an asset."""

    name: str
    data: bytes
    metadata: dict[str, Value]
    imported: datetime


@dataclass(frozen=True, slots=True)
class AssetSeed:
    """One asset with all its versions, oldest first."""

    original_asset_id: str
    versions: tuple[VersionSeed, ...]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A folder or a collection."""

    id: str
    name: str
    assets: tuple[str, ...]
    """Original asset ids, in order."""


@dataclass(frozen=True, slots=True)
class CoreDamSeed:
    """The whole start state."""

    model: Model
    assets: tuple[AssetSeed, ...] = ()
    folders: tuple[NamedSet, ...] = ()
    collections: tuple[NamedSet, ...] = ()


def read_seed(fields: Fields, load_file: LoadFile) -> CoreDamSeed:
    """Read the `core_dam` part of a seed file.

    Raises:
        BadInputError: a field is missing, misspelt or wrong; the text names the place.
    """
    model_fields = _section(fields, "model")
    model = Model(
        model_fields.text("id"),
        model_fields.text("name"),
        tuple(_read_group(group) for group in model_fields.items("groups")),
    )
    model_fields.finish()
    seed = CoreDamSeed(
        model,
        tuple(_read_asset(item, model, load_file) for item in fields.items("assets")),
        tuple(_read_set(item) for item in fields.items("folders")),
        tuple(_read_set(item) for item in fields.items("collections")),
    )
    fields.finish()
    known = {asset.original_asset_id for asset in seed.assets}
    for named in (*seed.folders, *seed.collections):
        missing = [asset for asset in named.assets if asset not in known]
        if missing:
            raise BadInputError(f"{fields.place}: {named.id} holds {missing[0]}, which is not among the assets")
    return seed


def read_metadata(fields: Fields, model: Model) -> dict[str, Value]:
    """Metadata values by field id, checked against the model.

    Raises:
        BadInputError: a field or a lookup key is not in the model.
    """
    values: dict[str, Value] = {}
    for field_id in fields.names():
        spec = model.find(field_id)
        if spec is None:
            raise BadInputError(f"{fields.place}: the model {model.id} has no field {field_id!r}")
        if spec.kind is FieldKind.TABLE:
            rows = fields.items(field_id)
            values[field_id] = tuple({name: row.text(name) for name in row.names()} for row in rows)
            columns = {column.id for column in spec.columns}
            for row in rows:
                wrong = sorted(set(row.names()) - columns)
                if wrong:
                    raise BadInputError(f"{row.place}: no column {wrong[0]!r}; columns: {', '.join(sorted(columns))}")
        elif spec.domain:
            values[field_id] = fields.choice(field_id, spec.domain)
        else:
            values[field_id] = fields.text(field_id)
    return values


def _section(fields: Fields, name: str) -> Fields:
    return Fields(fields.values(name), f"{fields.place}.{name}")


def _read_group(fields: Fields) -> GroupSpec:
    group = GroupSpec(
        fields.text("id"), fields.text("name"), tuple(_read_spec(item) for item in fields.items("fields"))
    )
    fields.finish()
    return group


def _read_spec(fields: Fields) -> FieldSpec:
    domain = {key: str(text) for key, text in fields.values("domain").items()}
    columns = tuple(_read_spec(item) for item in fields.items("columns"))
    kind = FieldKind.TABLE if columns else FieldKind.DOMAIN if domain else FieldKind.SCALAR
    spec = FieldSpec(
        fields.text("id"),
        fields.text("name"),
        kind,
        ValueType(fields.optional_choice("type", ValueType) or ValueType.CHAR),
        domain,
        columns,
    )
    fields.finish()
    return spec


def _read_asset(fields: Fields, model: Model, load_file: LoadFile) -> AssetSeed:
    asset = AssetSeed(
        fields.text("original_asset_id"),
        tuple(_read_version(item, model, load_file) for item in fields.items("versions")),
        deleted=fields.optional_boolean("deleted") or False,
    )
    fields.finish()
    if not asset.versions:
        raise BadInputError(f"{fields.place}.versions: an asset has at least one version")
    return asset


def _read_version(fields: Fields, model: Model, load_file: LoadFile) -> VersionSeed:
    version = VersionSeed(
        fields.text("name"),
        load_file(fields),
        read_metadata(_section(fields, "metadata"), model),
        fields.optional_time("imported") or _EPOCH,
    )
    fields.finish()
    return version


def _read_set(fields: Fields) -> NamedSet:
    named = NamedSet(fields.text("id"), fields.text("name"), fields.texts("assets"))
    fields.finish()
    return named
