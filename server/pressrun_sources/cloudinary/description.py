"""Turns an asset record into an `AssetDescription`.

Documented: the fields of the record; `version` changes when the file is replaced, `asset_id` does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pressrun_sources.cloudinary.mapping import CloudinaryMapping
from pressrun_sources.cloudinary.rights import is_placeholder, read_rights
from pressrun_sources.describing import APPROVAL_WORDS, strictest
from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.media import format_of, media_type_of
from pressrun_sources.model import Approval, AssetDescription, AssetRef
from pressrun_sources.shape import integer_in, mapping_in, sequence_in, text_in

__all__ = ["as_single", "describe_record", "metadata_values"]


def describe_record(
    record: Mapping[str, object], ref: AssetRef, mapping: CloudinaryMapping, now: datetime
) -> AssetDescription:
    """What a record says.

    Raises:
        InvalidResponseError: the ids or the version are missing, or a date that limits the use cannot be read.
    """
    asset_id, version = text_in(record, "asset_id"), integer_in(record, "version")
    if asset_id is None or version is None:
        message = f"{ref.source} described asset {ref.id!r} without its id and version"
        raise InvalidResponseError(ref.source, ref, message, "asset_id or version is missing")
    try:
        rights = read_rights(record, mapping, now)
    except ValueError as error:
        message = f"{ref.source} gives a date for asset {ref.id!r} that cannot be read; it has to be corrected there"
        raise InvalidResponseError(ref.source, ref, message, str(error)) from error
    own_format = text_in(record, "format")
    metadata = mapping_in(record, "metadata")
    attributes = {(ours, value) for ours, theirs in _names(metadata, mapping) for value in _texts(metadata[theirs])}
    if own_format:
        attributes.add(("format", format_of(own_format)))
    languages, regions = metadata_values(metadata, mapping.language), metadata_values(metadata, mapping.region)
    return AssetDescription(
        ref=ref,
        asset_id=asset_id,
        version=str(version),
        etag=text_in(record, "etag"),
        media_type=media_type_of(own_format) if own_format else None,
        size=integer_in(record, "bytes"),
        width=integer_in(record, "width"),
        height=integer_in(record, "height"),
        approval=rights.approval,
        rights_from=rights.begins,
        rights_until=rights.ends,
        territories=regions,
        locale=languages[0] if languages else None,
        deleted=is_placeholder(record),
        name=text_in(record, "display_name") or text_in(record, "filename") or ref.id.rpartition("/")[2],
        attributes=tuple(sorted(attributes)),
    )


def as_single(record: Mapping[str, object]) -> Mapping[str, object]:
    """The record of a list as one that was read by itself has it.

    A list has the states of all moderations; together they are approved where each of them is, and else what forbids
    most.
    """
    stated = [text_in(entry, "status") or "" for entry in sequence_in(record, "moderation")]
    if text_in(record, "moderation_status") is not None or not stated:
        return record
    worst = strictest(*(APPROVAL_WORDS.get(status, Approval.UNKNOWN) for status in stated))
    status = next(s for s in stated if APPROVAL_WORDS.get(s, Approval.UNKNOWN) is worst)
    return {**record, "moderation_status": status}


def metadata_values(metadata: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The values of a metadata field: none, one, or those of a set."""
    return _texts(metadata.get(name))


def _names(metadata: Mapping[str, object], mapping: CloudinaryMapping) -> list[tuple[str, str]]:
    """Our name and the external id of each further field."""
    known = {mapping.approval, mapping.rights_from, mapping.rights_until, mapping.language, mapping.region}
    ours = {theirs: name for name, theirs in mapping.criteria.items()}
    return [(ours.get(name, name), name) for name in metadata if name not in known]


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in items if isinstance(item, str | int | float) and not isinstance(item, bool))
