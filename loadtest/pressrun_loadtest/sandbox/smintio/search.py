"""Searches of the Smint.io stand-in: filters with opaque values, pages from zero."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pressrun_loadtest.sandbox.smintio.errors import SmintioError
from pressrun_loadtest.sandbox.smintio.shapes import asset_json
from pressrun_loadtest.sandbox.smintio.store import Asset, SmintioStore

__all__ = ["FILTERS", "allowed_values", "run_search"]

FILTERS = ("segment", "campaign", "compliance")
ADAPTER = "da:12"
"""The one source behind the portal."""
_SOURCE_FILTER = "smintIoHub:dataAdapterInstanceKey"
_DYNAMIC = "compliance"
"""The filter whose values have to be asked for."""


def run_search(store: SmintioStore, parameters: Mapping[str, object]) -> dict[str, object]:
    """Find and page; the pages of a set that was given back are those of its time.

    Raises:
        SmintioError: 400, a filter or a page is not understood.
    """
    page, size = parameters.get("page", 0), parameters.get("pageSize", 20)
    if not isinstance(page, int) or not isinstance(size, int) or page < 0 or size < 1:
        raise SmintioError(400, "page and pageSize: expected whole numbers")
    filters = parameters.get("currentFilters")
    values = filters.get("values") if isinstance(filters, Mapping) else None
    assets, flat = list(store.assets.values()), store.options.flat
    given = parameters.get("searchResultSetUuid")
    if isinstance(given, str):
        kept = store.result_sets.get(given)
        if kept is None:
            raise SmintioError(400, "searchResultSetUuid: no such set")
        name, found = given, [store.assets[identifier] for identifier in kept if identifier in store.assets]
    else:
        found = sorted((a for a in assets if all(_meets(a, v) for v in values or [])), key=lambda asset: asset.id)
        name = store.keep_results([asset.id for asset in found])
    start, end = page * size, (page + 1) * size
    return {
        "details": {
            "searchResultSetId": name,
            "currentPage": page,
            "currentItemsPerPage": size,
            "maxPages": -(-len(found) // size),
            "totalResults": len(found),
            "hasMoreResults": end < len(found),
            "dataAdapterInstanceKey": ADAPTER,
        },
        "filterModel": {
            "formGroupDefinitions": [
                {"id": "g1", "name": {"en": "Filters"}, "formItemDefinitions": [_item(assets, n) for n in FILTERS]}
            ]
        },
        "assetDataObjects": [asset_json(asset, flat=flat) for asset in found[start:end]],
    }


def allowed_values(assets: list[Asset], name: object) -> list[dict[str, object]]:
    """What a filter offers: opaque values with display names."""
    if name not in FILTERS:
        raise SmintioError(400, f"{name}: no such filter")
    texts = sorted({text for asset in assets for text in _texts(asset, str(name))})
    return [
        {"value": {"stringValue": _opaque(str(name), text), "dataType": "string"}, "name": {"en": text}, "count": 1}
        for text in texts
    ]


def _item(assets: list[Asset], name: str) -> dict[str, object]:
    dynamic = name == _DYNAMIC
    return {
        "id": name,
        "name": {"en": name.title()},
        "dataType": "string",
        "isArrayType": False,
        "isDynamicAllowedValues": dynamic,
        "allowedValues": None if dynamic else allowed_values(assets, name),
        "currentValue": None,
    }


def _meets(asset: Asset, value: object) -> bool:
    if isinstance(value, Mapping) and value.get("id") == _SOURCE_FILTER:
        return value.get("stringValue") == ADAPTER
    if not isinstance(value, Mapping) or value.get("id") not in FILTERS or value.get("dataType") != "string":
        raise SmintioError(400, "currentFilters.values: expected {id, dataType, stringValue}")
    name = str(value["id"])
    return value.get("stringValue") in [_opaque(name, text) for text in _texts(asset, name)]


def _texts(asset: Asset, name: str) -> list[str]:
    value = asset.raw.get(name)
    return [str(item) for item in value] if isinstance(value, list) else [value] if isinstance(value, str) else []


def _opaque(name: str, text: str) -> str:
    return json.dumps({"t": "term", "f": name, "v": text.encode().hex()})
