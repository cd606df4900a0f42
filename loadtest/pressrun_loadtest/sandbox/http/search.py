"""The search of the HTTP stand-in; its form is our own proposal."""

from __future__ import annotations

from collections.abc import Mapping

from pressrun_loadtest.sandbox.http.errors import HttpError
from pressrun_loadtest.sandbox.http.store import Item

__all__ = ["run_search"]


def run_search(items: list[Item], query: Mapping[str, str], page_size: int) -> dict[str, object]:
    """Find and page.

    Raises:
        HttpError: 400, the cursor is none of ours or a name is no metadata that any item has.
    """
    wanted = {name: value for name, value in query.items() if name != "cursor"}
    known = {"language"} | {name for item in items for name in _attributes(item)}
    unknown = sorted(set(wanted) - known)
    if unknown:
        raise HttpError(400, f"{unknown[0]}: no such criterion")
    cursor = query.get("cursor", "0")
    if not cursor.isdigit():
        raise HttpError(400, "cursor: take it from the page before")
    found = sorted((i for i in items if all(v in _values(i, n) for n, v in wanted.items())), key=lambda item: item.id)
    start, end = int(cursor), int(cursor) + page_size
    following = str(end) if end < len(found) else None
    return {"items": [{"id": item.id} for item in found[start:end]], "next": following}


def _attributes(item: Item) -> Mapping[str, object]:
    attributes = item.metadata.get("attributes")
    return attributes if isinstance(attributes, dict) else {}


def _values(item: Item, name: str) -> list[object]:
    value = item.metadata.get("language") if name == "language" else _attributes(item).get(name)
    return value if isinstance(value, list) else [value]
