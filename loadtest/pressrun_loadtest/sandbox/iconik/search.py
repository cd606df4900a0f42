"""`POST /search/v1/search/`: terms, nested filters, sort and pages.

A term has a name and one of value, value_in, range, exists, missing; all values are texts. Of the text query only the
empty one is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pressrun_loadtest.sandbox.iconik.errors import IconikError
from pressrun_loadtest.sandbox.iconik.store import Asset

__all__ = ["SearchPage", "run_search"]

_BODY = (
    "doc_types", "query", "search_fields", "filter", "facets", "facets_filters", "sort", "include_fields",
    "exclude_fields", "metadata_view_id", "search_after",
)  # fmt: skip
_FORMS = ("value", "value_in", "range", "exists", "missing")


_FIELDS: Mapping[str, Callable[[Asset], str]] = {
    "approval_status": lambda asset: asset.current.approval,
    "date_created": lambda asset: asset.versions[0].created.isoformat(),
    "date_modified": lambda asset: asset.modified.isoformat(),
    "id": lambda asset: asset.id,
    "is_blocked": lambda asset: str(asset.is_blocked).lower(),
    "is_online": lambda _: "true",
    "media_type": lambda asset: asset.media_type,
    "status": lambda asset: asset.status,
    "title": lambda asset: asset.title,
}


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of hits and how many there are."""

    assets: list[Asset]
    total: int


def run_search(assets: list[Asset], body: Mapping[str, object], page: int, per_page: int) -> SearchPage:
    """Find, sort and page.

    Raises:
        IconikError: 400, a field is unknown or malformed.
    """
    unknown = sorted(set(body) - set(_BODY))
    if unknown:
        raise IconikError(400, f"Unknown field {unknown[0]}.")
    if body.get("query"):
        raise IconikError(400, "query: the sandbox answers filters only; leave the text query empty.")
    found = [asset for asset in assets if _holds(asset, body.get("filter"))]
    for entry in reversed(_list(body.get("sort"))):
        if not isinstance(entry, Mapping) or entry.get("order") not in ("asc", "desc"):
            raise IconikError(400, "sort: expected a list of {name, order: asc or desc}.")
        name = str(entry.get("name"))
        found.sort(key=lambda asset: _values(asset, name), reverse=entry["order"] == "desc")
    start = (page - 1) * per_page
    return SearchPage(found[start : start + per_page], len(found))


def _holds(asset: Asset, node: object) -> bool:
    if node is None:
        return True
    if not isinstance(node, Mapping) or node.get("operator") not in ("AND", "OR"):
        raise IconikError(400, "filter.operator: expected AND or OR.")
    outcomes = [_term(asset, term) for term in _list(node.get("terms"))]
    outcomes += [_holds(asset, inner) for inner in _list(node.get("filters"))]
    return all(outcomes) if node["operator"] == "AND" else any(outcomes)


def _term(asset: Asset, term: object) -> bool:
    if not isinstance(term, Mapping) or "name" not in term or sum(form in term for form in _FORMS) != 1:
        raise IconikError(400, f"A term is {{name}} with one of {', '.join(_FORMS)}.")
    values = _values(asset, str(term["name"]))
    if "value" in term:
        return term["value"] in values
    if "value_in" in term:
        return any(value in values for value in _list(term["value_in"]))
    if "range" in term:
        limits = term["range"] if isinstance(term["range"], Mapping) else {}
        low, high = str(limits.get("min", "")), str(limits.get("max", "\U0010ffff"))
        return any(low <= value <= high for value in values)
    return bool(values) if "exists" in term else not values


def _values(asset: Asset, name: str) -> tuple[str, ...]:
    if name.startswith("metadata."):
        return asset.metadata.get(name.removeprefix("metadata."), ())
    if name == "in_collections":
        return asset.collections
    read = _FIELDS.get(name)
    return (read(asset),) if read is not None else ()


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
