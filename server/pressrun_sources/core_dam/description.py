"""Turns the JSON of an asset into an `AssetDescription`.

Documented: the field names, that `expired` and `deleted` forbid use, that -1 is an unknown size, and that
`content_checksum` is the master's. Inferred: that the checksum is an MD5; what a date without a time means (see
`describing.moment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pressrun_sources.core_dam.mapping import CoreDamMapping, FieldPath
from pressrun_sources.core_dam.metadata import Metadata
from pressrun_sources.describing import moment, strictest
from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.model import Approval, AssetDescription, AssetRef
from pressrun_sources.shape import flag_in, integer_in, mapping_in, sequence_in, text_in

__all__ = ["approval_of", "describe_asset"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def describe_asset(
    asset: Mapping[str, object], ref: AssetRef, mapping: CoreDamMapping, now: datetime
) -> AssetDescription:
    """What an asset's JSON says.

    Raises:
        InvalidResponseError: the id or the version is missing, or a date that limits its use cannot be read.
    """
    asset_id, version = text_in(asset, "asset_id"), integer_in(asset, "version")
    if asset_id is None or version is None:
        message = f"{ref.source} described asset {ref.id!r} without its id and version"
        raise InvalidResponseError(ref.source, ref, message, "asset_id or version is missing")
    metadata = Metadata(asset)
    master = mapping_in(asset, "master_content_info")
    until = _date(metadata, mapping.expires, ref, end=True)
    approval = approval_of(asset, mapping)
    if flag_in(asset, "expired") and (until is None or until > now):
        # The flag says more than the date: the use ended at some time that we are not told.
        until = _updated(asset)
    languages = metadata.values(mapping.language)
    return AssetDescription(
        ref=ref,
        asset_id=asset_id,
        version=str(version),
        etag=text_in(master, "content_checksum"),
        media_type=text_in(master, "mime_type") or text_in(asset, "mime_type"),
        size=_size(master, asset),
        width=_pixels(master, "width"),
        height=_pixels(master, "height"),
        approval=approval,
        rights_from=_date(metadata, mapping.starts, ref, end=False),
        rights_until=until,
        territories=metadata.values(mapping.region),
        locale=languages[0] if languages else None,
        deleted=flag_in(asset, "deleted"),
        name=text_in(asset, "name") or asset_id,
        attributes=tuple(
            (name, value) for name in sorted(mapping.attributes) for value in metadata.values(mapping.attributes[name])
        ),
    )


def approval_of(asset: Mapping[str, object], mapping: CoreDamMapping) -> Approval:
    """Whether a version may be used, as its JSON says; one that has expired is retired."""
    stated = _stated(asset, Metadata(asset), mapping)
    return strictest(stated, Approval.RETIRED) if flag_in(asset, "expired") else stated


def _stated(asset: Mapping[str, object], metadata: Metadata, mapping: CoreDamMapping) -> Approval:
    rule = mapping.approval
    if rule is None:
        return Approval.UNKNOWN
    if rule.security_policy_id is not None:
        policies = (str(policy.get("id")) for policy in sequence_in(asset, "security_policy_list"))
        return Approval.APPROVED if rule.security_policy_id in policies else Approval.PENDING
    # `asset_state` is about locks and says nothing about approval.
    states = [rule.keys.get(key, Approval.UNKNOWN) for key in metadata.values(rule.path)]
    return strictest(*states) if states else Approval.UNKNOWN


def _date(metadata: Metadata, path: FieldPath | None, ref: AssetRef, *, end: bool) -> datetime | None:
    text = metadata.first(path)
    if text is None:
        return None
    try:
        return moment(text, end=end)
    except ValueError as error:
        message = f"{ref.source} gives a date for asset {ref.id!r} that cannot be read; it has to be corrected there"
        detail = f"{path.field if path else ''} is {text[:40]!r}, expected e.g. 2026-12-31 or 2026-12-31T23:59:59Z"
        raise InvalidResponseError(ref.source, ref, message, detail) from error


def _updated(asset: Mapping[str, object]) -> datetime:
    try:
        return moment(text_in(asset, "date_last_updated") or "", end=False)
    except ValueError:
        return _EPOCH


def _size(master: Mapping[str, object], asset: Mapping[str, object]) -> int | None:
    if master.get("unit_of_size", "BYTES") == "BYTES" and (size := integer_in(master, "content_size")) is not None:
        return size
    return integer_in(asset, "content_size")


def _pixels(master: Mapping[str, object], name: str) -> int | None:
    value = integer_in(master, name)
    return value if value is not None and value > 0 else None
