"""Builds search expressions.

Documented: `AND`, `field=value` as an exact match, quoting, where only `"` and `*` are escaped inside quotes, and
`metadata.<external_id>`. Two pages disagree on whether `=` works for metadata; what comes back is therefore compared
again, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pressrun_sources.cloudinary.mapping import CloudinaryMapping
from pressrun_sources.model import Approval, AssetQuery

__all__ = ["search_body", "wanted_metadata"]

_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def wanted_metadata(query: AssetQuery, mapping: CloudinaryMapping) -> Mapping[str, str]:
    """The metadata that a query asks for, by external id.

    Raises:
        ValueError: a criterion cannot be a metadata field; the text names it and what would be valid.
    """
    wanted = {mapping.criteria.get(name, name): value for name, value in query.criteria}
    if query.locale:
        wanted[mapping.language] = query.locale
    for name, value in wanted.items():
        if not _EXTERNAL_ID.fullmatch(name):
            raise ValueError(f"{name!r} is not a metadata field's external id (letters, digits, _ and -)")
        if "\\" in value:
            # How the service reads one inside quotes is not documented, and it could end the quotes.
            raise ValueError(f"the value of {name!r} holds a backslash, which a search cannot; leave it out")
    return wanted


def search_body(wanted: Mapping[str, str], mapping: CloudinaryMapping, cursor: str | None) -> Mapping[str, object]:
    """The JSON of a search for approved images with this metadata, newest first."""
    approved = [key for key, state in mapping.approval_keys.items() if state is Approval.APPROVED]
    terms = ["resource_type:image"]
    if mapping.require_moderation:
        terms.append("moderation_status:approved")
    alternatives = " OR ".join(f"metadata.{mapping.approval}={_quoted(key)}" for key in approved)
    terms.append(f"({alternatives})" if len(approved) > 1 else alternatives)
    terms += [f"metadata.{name}={_quoted(value)}" for name, value in sorted(wanted.items())]
    body: dict[str, object] = {
        "expression": " AND ".join(terms),
        "sort_by": [{"uploaded_at": "desc"}],
        "max_results": mapping.page_size,
        "with_field": ["metadata"],
    }
    return body | ({"next_cursor": cursor} if cursor else {})


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["*])', r"\\\1", value) + '"'
