"""Builds searches of iconik.

Documented: the body, terms with `value`, `value_in` and the names `metadata.<field>`, `approval_status`, sort and
pages. Inferred: that `status`, `is_blocked` and `in_collections` are terms as well; the index lags, so what is found is
read again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from pressrun_sources.iconik.description import COLLECTIONS
from pressrun_sources.iconik.mapping import IconikMapping
from pressrun_sources.model import AssetQuery

__all__ = ["changes_body", "search_body", "wanted_metadata"]

_FIELD = re.compile(r"[A-Za-z0-9_-]{1,255}")


def wanted_metadata(query: AssetQuery, mapping: IconikMapping) -> Mapping[str, str]:
    """The metadata that a query asks for, by field name, and the collection, where it names one by `collection`.

    Raises:
        ValueError: a criterion cannot be a metadata field.
    """
    known = {"collection": COLLECTIONS, **mapping.criteria}
    wanted = {known.get(name, name): value for name, value in query.criteria}
    if query.locale:
        wanted[mapping.language] = query.locale
    for name in wanted:
        if not _FIELD.fullmatch(name):
            raise ValueError(f"{name!r} is not a metadata field's name (letters, digits, _ and -)")
    return wanted


def changes_body(since: datetime) -> Mapping[str, object]:
    """The JSON of a search for what was modified at or after a moment, whatever its state, the newest first."""
    limits = {"min": since.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}
    return {
        "doc_types": ["assets"],
        "query": "",
        "filter": {"operator": "AND", "terms": [{"name": "date_modified", "range": limits}]},
        "sort": [{"name": "date_modified", "order": "desc"}],
        "include_fields": ["id", "date_modified"],
    }


def search_body(wanted: Mapping[str, str]) -> Mapping[str, object]:
    """The JSON of a search for active assets with this metadata, newest first.

    Approval is no term: a newer version that waits for its own hides an older approved one from such a search.
    """
    terms = [{"name": "status", "value": "ACTIVE"}]
    terms += [
        {"name": name if name == COLLECTIONS else f"metadata.{name}", "value": value}
        for name, value in sorted(wanted.items())
    ]
    return {
        "doc_types": ["assets"],
        "query": "",
        "filter": {"operator": "AND", "terms": terms},
        "sort": [{"name": "date_modified", "order": "desc"}],
        "include_fields": ["id", "metadata", "date_modified"],
    }
