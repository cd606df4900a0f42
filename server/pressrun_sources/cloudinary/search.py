"""Builds search expressions.

Documented: `AND`, `field=value` as an exact match, quoting, where only `"` and `*` are escaped inside quotes, and
`metadata.<external_id>`, `tags`, `resource_type`. Inferred: `context.<key>`. Two pages disagree on whether `=` works
for metadata; what comes back is therefore compared again, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pressrun_sources.cloudinary.description import metadata_values
from pressrun_sources.cloudinary.mapping import CloudinaryMapping
from pressrun_sources.model import Approval, AssetQuery
from pressrun_sources.shape import mapping_in, text_in

__all__ = ["search_body", "told", "wanted_metadata"]

_TAGS, _CONTEXT, _KIND = "tags", "context.", "resource_type"
_KINDS = ("image", "video")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def wanted_metadata(query: AssetQuery, mapping: CloudinaryMapping) -> Mapping[str, str]:
    """What a query asks for: metadata by external id, `tags`, context by `context.key`, and `resource_type`.

    Raises:
        ValueError: a criterion cannot be a metadata field; the text names it and what would be valid.
    """
    wanted = {mapping.criteria.get(name, name): value for name, value in query.criteria}
    if query.locale:
        wanted[mapping.language] = query.locale
    for name, value in wanted.items():
        if not _EXTERNAL_ID.fullmatch(name.removeprefix(_CONTEXT)):
            raise ValueError(
                f"{name!r} is none of: a metadata field's external id (letters, digits, _ and -), tags, "
                "context. and a key, resource_type"
            )
        if name == _KIND and value not in _KINDS:
            raise ValueError(f"resource_type is {value!r}, valid are {', '.join(_KINDS)}")
        if "\\" in value:
            # How the service reads one inside quotes is not documented, and it could end the quotes.
            raise ValueError(f"the value of {name!r} holds a backslash, which a search cannot; leave it out")
    return wanted


def search_body(wanted: Mapping[str, str], mapping: CloudinaryMapping, cursor: str | None) -> Mapping[str, object]:
    """The JSON of a search for approved images with this metadata, newest first."""
    approved = [key for key, state in mapping.approval_keys.items() if state is Approval.APPROVED]
    terms = [f"resource_type:{wanted.get(_KIND, _KINDS[0])}"]
    if mapping.require_moderation:
        terms.append("moderation_status:approved")
    alternatives = " OR ".join(f"metadata.{mapping.approval}={_quoted(key)}" for key in approved)
    terms.append(f"({alternatives})" if len(approved) > 1 else alternatives)
    terms += [f"{_field(name)}={_quoted(value)}" for name, value in sorted(wanted.items()) if name != _KIND]
    body: dict[str, object] = {
        "expression": " AND ".join(terms),
        "sort_by": [{"uploaded_at": "desc"}],
        "max_results": mapping.page_size,
        "with_field": ["metadata", *sorted({_optional(name) for name in wanted} - {"metadata"})],
    }
    return body | ({"next_cursor": cursor} if cursor else {})


def told(record: Mapping[str, object], name: str) -> Sequence[str]:
    """The values that a hit has of what was wanted."""
    if name == _TAGS:
        tags = record.get(_TAGS)
        return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    if name == _KIND:
        return [text_in(record, _KIND) or ""]
    if name.startswith(_CONTEXT):
        return [text_in(mapping_in(record, "context"), name.removeprefix(_CONTEXT)) or ""]
    return metadata_values(mapping_in(record, "metadata"), name)


def _field(name: str) -> str:
    return name if name == _TAGS or name.startswith(_CONTEXT) else f"metadata.{name}"


def _optional(name: str) -> str:
    """The part of a record that comes only when it is asked for."""
    return _TAGS if name == _TAGS else "context" if name.startswith(_CONTEXT) else "metadata"


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["*])', r"\\\1", value) + '"'
