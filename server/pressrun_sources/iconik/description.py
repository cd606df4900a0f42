"""Turns an asset's record, version, approval, metadata and file into an `AssetDescription`.

Documented: the fields, and that approval is kept for each version. Inferred: that a blocked or deleted asset, and one
whose life cycle says so, is retired; that several statuses but APPROVED and NOT_APPROVED mean pending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pressrun_sources.describing import moment, strictest
from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.iconik.mapping import IconikMapping
from pressrun_sources.media import media_type_of
from pressrun_sources.model import Approval, AssetDescription, AssetRef
from pressrun_sources.shape import flag_in, integer_in, mapping_in, sequence_in, text_in

__all__ = ["COLLECTIONS", "Found", "approval_of", "describe_found", "meets_all"]

COLLECTIONS = "in_collections"
"""The one criterion that is no metadata: the id of a collection."""

_STATUSES = {
    "APPROVED": Approval.APPROVED,
    "NOT_APPROVED": Approval.REJECTED,
    "REQUESTED": Approval.PENDING,
    "MIXED": Approval.PENDING,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What the calls gave for one version."""

    asset: Mapping[str, object]
    version: str
    approval: Approval
    metadata: Mapping[str, object]
    file: Mapping[str, object]


def approval_of(answer: Mapping[str, object], version: str) -> Approval:
    """The approval of a version; an answer about another version says nothing of this one."""
    if text_in(answer, "version_id") not in (None, version):
        return Approval.UNKNOWN
    return _STATUSES.get(text_in(answer, "status") or "", Approval.UNKNOWN)


def values_in(metadata: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The values of a field, in the shape of the metadata service."""
    listed = sequence_in(mapping_in(metadata, name), "field_values")
    return tuple(str(item["value"]) for item in listed if isinstance(item.get("value"), str | int | float))


def meets_all(found: Found, wanted: Mapping[str, str]) -> bool:
    """Whether metadata and collections still have all that was searched for."""
    holders = found.asset.get(COLLECTIONS)
    within = holders if isinstance(holders, list) else []
    return all(
        value in (within if name == COLLECTIONS else values_in(found.metadata, name)) for name, value in wanted.items()
    )


def describe_found(found: Found, ref: AssetRef, mapping: IconikMapping) -> AssetDescription:
    """What was found, in our words.

    Raises:
        InvalidResponseError: a date that limits the use cannot be read.
    """
    asset, metadata, file = found.asset, found.metadata, found.file
    states = [found.approval]
    if flag_in(asset, "is_blocked") or set(values_in(metadata, mapping.lifecycle)) & set(mapping.retired):
        states.append(Approval.RETIRED)
    named = text_in(file, "name") or text_in(file, "filename") or ""
    resolution = mapping_in(file, "resolution")
    ours = {theirs: name for name, theirs in mapping.criteria.items()}
    known = {mapping.rights_from, mapping.rights_until, mapping.language, mapping.region}
    languages = values_in(metadata, mapping.language)
    return AssetDescription(
        ref=ref,
        asset_id=found.version,
        version=f"{found.version}/{text_in(file, 'id') or ''}",
        etag=text_in(file, "checksum"),
        media_type=media_type_of(named.rpartition(".")[2]),
        size=integer_in(file, "size"),
        width=integer_in(resolution, "width"),
        height=integer_in(resolution, "height"),
        approval=strictest(*states),
        rights_from=_date(metadata, mapping.rights_from, ref, end=False),
        rights_until=_date(metadata, mapping.rights_until, ref, end=True),
        territories=values_in(metadata, mapping.region),
        locale=languages[0] if languages else None,
        deleted=text_in(asset, "status") != "ACTIVE",
        name=text_in(asset, "title") or named,
        attributes=tuple(
            (ours.get(name, name), value)
            for name in sorted(metadata)
            if name not in known
            for value in values_in(metadata, name)
        ),
    )


def _date(metadata: Mapping[str, object], name: str, ref: AssetRef, *, end: bool) -> datetime | None:
    limits = []
    for text in values_in(metadata, name):
        try:
            limits.append(moment(text, end=end))
        except ValueError as error:
            message = (
                f"{ref.source} gives a date for asset {ref.id!r} that cannot be read; it has to be corrected there"
            )
            detail = f"{name} is {text[:40]!r}, expected e.g. 2026-12-31 or 2026-12-31T23:59:59Z"
            raise InvalidResponseError(ref.source, ref, message, detail) from error
    return None if not limits else min(limits) if end else max(limits)
