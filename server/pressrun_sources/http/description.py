"""Turns the headers and the metadata of an asset into an `AssetDescription`.

Documented: validators and digests. Our choice: the version is the strongest mark that the headers give: a digest, the
entity tag, or the time of change with the length; metadata may add a version of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pressrun_sources.describing import APPROVAL_WORDS, moment
from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.http.mapping import HttpMapping, pointed
from pressrun_sources.media import media_type_of
from pressrun_sources.model import Approval, AssetDescription, AssetRef
from pressrun_sources.transport.digest import announced_digests

__all__ = ["describe_found", "marks"]


def marks(headers: Mapping[str, str]) -> Mapping[str, str]:
    """By kind, strongest first, what tells these bytes from others."""
    digests = {expected.algorithm: expected.digest for expected in announced_digests(headers)}
    modified = headers.get("Last-Modified", "")
    found = {
        "sha256": digests.get("sha256", ""),
        "sha512": digests.get("sha512", ""),
        "etag": _text_of(headers.get("ETag", "")),
        "modified": f"{_text_of(modified)} {headers.get('Content-Length', '')}" if modified else "",
    }
    return {kind: mark for kind, mark in found.items() if mark}


def _text_of(header: str) -> str:
    """A header as text: what is no UTF-8 (obs-text, RFC 9110, 5.5) stands in it as half characters; it is Latin-1."""
    return header if header.isascii() else header.encode("utf-8", "surrogateescape").decode("latin-1")


def describe_found(
    ref: AssetRef, headers: Mapping[str, str], metadata: Mapping[str, object] | None, mark: str, mapping: HttpMapping
) -> AssetDescription:
    """What was found, in our words.

    Args:
        ref: the asset.
        headers: of its bytes.
        metadata: None where the endpoint has none.
        mark: the kind and the value of what tells these bytes from others.
        mapping: the layout.

    Raises:
        InvalidResponseError: a date that limits the use cannot be read.
    """
    given = metadata or {}
    own, languages = _texts(given, mapping.version), _texts(given, mapping.language)
    names, length = _texts(given, mapping.name), headers.get("Content-Length", "")
    said = _text_of(headers.get("Content-Type", "")).partition(";")[0].strip().lower()
    return AssetDescription(
        ref=ref,
        asset_id=mark,
        version="/".join([*own[:1], mark]),
        etag=_text_of(headers.get("ETag", "")).removeprefix("W/").strip('"') or None,
        media_type=said or media_type_of(ref.id.rpartition(".")[2]),
        size=int(length) if length.isascii() and length.isdigit() else None,
        width=None,
        height=None,
        approval=_approval(metadata, mapping),
        rights_from=_date(given, mapping.rights_from, ref, end=False),
        rights_until=_date(given, mapping.rights_until, ref, end=True),
        territories=_texts(given, mapping.territories),
        locale=languages[0] if languages else None,
        deleted=False,
        name=names[0] if names else ref.id.rpartition("/")[2],
        attributes=_attributes(pointed(given, mapping.attributes)),
    )


def _approval(metadata: Mapping[str, object] | None, mapping: HttpMapping) -> Approval:
    if metadata is None:
        return Approval.APPROVED if mapping.assume_approved else Approval.UNKNOWN
    said = pointed(metadata, mapping.approval)
    if not isinstance(said, str):
        return Approval.UNKNOWN
    return Approval.APPROVED if said in mapping.approved else APPROVAL_WORDS.get(said.lower(), Approval.UNKNOWN)


def _texts(holder: object, pointer: str) -> tuple[str, ...]:
    value = pointed(holder, pointer)
    return _listed(value)


def _listed(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(
        str(item) for item in items if isinstance(item, str | int) and not isinstance(item, bool) and item != ""
    )


def _attributes(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        return ()
    return tuple((str(name), text) for name in sorted(value) for text in _listed(value[name]))


def _date(holder: Mapping[str, object], pointer: str, ref: AssetRef, *, end: bool) -> datetime | None:
    value = pointed(holder, pointer)
    if value is None:
        return None
    try:
        return moment(str(value), end=end)
    except ValueError as error:
        message = f"{ref.source} gives a date for asset {ref.id!r} that cannot be read; it has to be corrected there"
        detail = f"{pointer} is {str(value)[:40]!r}, expected e.g. 2026-12-31 or 2026-12-31T23:59:59Z"
        raise InvalidResponseError(ref.source, ref, message, detail) from error
