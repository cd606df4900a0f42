"""`POST /resources/search`: reads the body, finds assets, sorts and pages them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pressrun_loadtest.sandbox.cloudinary.errors import ApiError
from pressrun_loadtest.sandbox.cloudinary.matching import field_values, matches
from pressrun_loadtest.sandbox.cloudinary.query import parse_query
from pressrun_loadtest.sandbox.cloudinary.shapes import search_json
from pressrun_loadtest.sandbox.cloudinary.store import Asset

__all__ = ["SearchRequest", "read_request", "run_search"]

_MAX_RESULTS = 500
_KNOWN = ("expression", "sort_by", "max_results", "next_cursor", "with_field", "fields", "aggregate")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """The parameters of one search."""

    expression: str
    sort_by: tuple[tuple[str, str], ...]
    max_results: int
    next_cursor: str | None
    with_field: tuple[str, ...]
    fields: tuple[str, ...]

    def fingerprint(self) -> str:
        """Names the query, so that a cursor of another one is refused."""
        text = repr((self.expression, self.sort_by))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_request(body: Mapping[str, object]) -> SearchRequest:
    """Check the parameters.

    Raises:
        ApiError: 400, one is unknown or malformed.
    """
    unknown = sorted(set(body) - set(_KNOWN))
    if unknown:
        raise ApiError(400, f"Unknown parameter {unknown[0]}; known: {', '.join(_KNOWN)}")
    if body.get("aggregate"):
        raise ApiError(400, "aggregate is not offered by this product environment's plan")
    max_results = body.get("max_results", 50)
    if not isinstance(max_results, int) or not 1 <= max_results <= _MAX_RESULTS:
        raise ApiError(400, f"max_results must be a number from 1 to {_MAX_RESULTS}, got {max_results}")
    cursor = body.get("next_cursor")
    return SearchRequest(
        str(body.get("expression") or ""),
        _sorting(body.get("sort_by")),
        max_results,
        str(cursor) if cursor else None,
        _names(body, "with_field"),
        _names(body, "fields"),
    )


def run_search(assets: list[Asset], request: SearchRequest, now: datetime, base_url: str) -> dict[str, object]:
    """Find, sort and page.

    Raises:
        ApiError: 400, the expression or the cursor is not understood.
    """
    started = time.perf_counter()
    tree = parse_query(request.expression)
    found = sorted((a for a in assets if tree is None or matches(a, tree, now)), key=lambda a: a.asset_id)
    for field, direction in reversed(request.sort_by):
        found.sort(key=lambda a: _sort_key(a, field), reverse=direction == "desc")
    start = _offset(request)
    end = start + request.max_results
    cursor = _cursor(request, end) if end < len(found) else None
    return {
        "total_count": len(found),
        "time": round((time.perf_counter() - started) * 1000),
        "resources": [search_json(a, base_url, request.with_field, request.fields) for a in found[start:end]],
        "next_cursor": cursor,
    }


def _sort_key(asset: Asset, field: str) -> tuple[bool, float, str]:
    value = next(iter(field_values(asset, field)), None)
    if isinstance(value, datetime):
        return True, value.timestamp(), ""
    if isinstance(value, int | float):
        return True, float(value), ""
    return value is not None, 0.0, value or ""


def _sorting(value: object) -> tuple[tuple[str, str], ...]:
    if value is None:
        return (("created_at", "desc"),)
    entries = value if isinstance(value, list) else [value]
    pairs = [pair for entry in entries if isinstance(entry, dict) for pair in entry.items()]
    if not pairs or not all(direction in ("asc", "desc") for _, direction in pairs):
        raise ApiError(400, 'sort_by must be a list like [{"created_at": "desc"}]')
    return tuple((str(field), str(direction)) for field, direction in pairs)


def _names(body: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = body.get(name) or []
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ApiError(400, f"{name} must be a list of field names")
    return tuple(value)


def _cursor(request: SearchRequest, offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([request.fingerprint(), offset]).encode()).decode()


def _offset(request: SearchRequest) -> int:
    if request.next_cursor is None:
        return 0
    try:
        fingerprint, offset = json.loads(base64.urlsafe_b64decode(request.next_cursor))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ApiError(400, "Invalid value for parameter next_cursor") from error
    if fingerprint != request.fingerprint():
        raise ApiError(400, "Invalid value for parameter next_cursor: it belongs to another query")
    return int(offset)
