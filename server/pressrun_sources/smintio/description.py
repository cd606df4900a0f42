"""Turns a portal's data object, and the licence behind it, into an `AssetDescription`.

Documented: names, version marks, the window of publication, the file's metadata. Inferred: that approval, region and
licence stand in `rawData` (mapping); that `ETag` or the time of change tells versions apart, as `Version` may be empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pressrun_sources.describing import APPROVAL_WORDS, moment, strictest
from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.media import media_type_of
from pressrun_sources.model import Approval, AssetDescription, AssetRef
from pressrun_sources.smintio.licence import Licence, licence_of
from pressrun_sources.smintio.mapping import SmintioMapping
from pressrun_sources.smintio.record import field_of, localised, texts_of

__all__ = ["describe_found", "licence_id"]

Record = Mapping[str, object]


def licence_id(record: Record, mapping: SmintioMapping) -> str | None:
    """The uuid of the transaction that an asset was bought by."""
    return next(iter(texts_of(record, mapping.licence)), None)


def describe_found(
    record: Record, transaction: Record | None, ref: AssetRef, mapping: SmintioMapping, *, licensed: bool
) -> AssetDescription:
    """What was found, in our words.

    Args:
        record: the data object.
        transaction: the licence, where there is one.
        ref: the asset.
        mapping: the meaning of fields.
        licensed: the asset names a licence; without a transaction it may then not be used.

    Raises:
        InvalidResponseError: a date that limits the use cannot be read.
    """
    try:
        licence = licence_of(transaction, mapping) if transaction is not None else None
        begins, ends = _moment(record, "publishFrom", end=False), _moment(record, "publishUntil", end=True)
    except ValueError as error:
        message = f"{ref.source} gives a date for asset {ref.id!r} that cannot be read; it has to be corrected there"
        raise InvalidResponseError(ref.source, ref, message, str(error)[:200]) from error
    states = [_approval(record, mapping)]
    if licensed:
        states.append(licence.approval if licence is not None else Approval.PENDING)
    languages, said = texts_of(record, mapping.language), next(iter(texts_of(record, "version")), "")
    changed = next((t for n in ("eTag", "modifiedAt") for t in texts_of(record, n)), "")
    extension = next(iter(texts_of(record, "fileMetadata.fileExtension")), "")
    return AssetDescription(
        ref=ref,
        asset_id=ref.id,
        version="/".join(filter(None, (said, changed))) or "1",
        etag=next(iter(texts_of(record, "fileMetadata.sha1Hash")), None),
        media_type=next(iter(texts_of(record, "fileMetadata.mediaType")), None) or media_type_of(extension),
        size=_integer(field_of(record, "fileMetadata.fileSizeInBytes")),
        width=_integer(field_of(record, "imageMetadata.width")),
        height=_integer(field_of(record, "imageMetadata.height")),
        approval=strictest(*states),
        rights_from=max((m for m in (begins, licence and licence.rights_from) if m), default=None),
        rights_until=min((m for m in (ends, licence and licence.rights_until) if m), default=None),
        territories=_territories(texts_of(record, mapping.region), licence),
        locale=languages[0] if languages else None,
        deleted=False,
        name=localised(field_of(record, "name"), languages[0] if languages else None) or ref.id,
        attributes=_attributes(record, licence, mapping),
    )


def _approval(record: Record, mapping: SmintioMapping) -> Approval:
    said = next(iter(texts_of(record, mapping.approval)), "")
    return Approval.APPROVED if said in mapping.approved else _other(said)


def _other(said: str) -> Approval:
    found = APPROVAL_WORDS.get(said.lower(), Approval.UNKNOWN)
    return Approval.UNKNOWN if found is Approval.APPROVED else found


def _territories(own: tuple[str, ...], licence: Licence | None) -> tuple[str, ...]:
    if licence is None or licence.territories is None:
        return own
    both = tuple(t for t in own if t in licence.territories) if own else licence.territories
    return both or ("none",)


def _attributes(record: Record, licence: Licence | None, mapping: SmintioMapping) -> tuple[tuple[str, str], ...]:
    found = [(name, text) for name, path in sorted(mapping.attributes.items()) for text in texts_of(record, path)]
    if licence is not None:
        found += [("channels", channel) for channel in licence.channels or ()]
        found += licence.attributes
    return tuple(found)


def _moment(record: Record, name: str, *, end: bool) -> datetime | None:
    text = next(iter(texts_of(record, name)), None)
    return moment(text, end=end) if text else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
