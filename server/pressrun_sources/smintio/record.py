"""Reads a portal's data object, whose inner shape is only in a tenant's own documentation.

Documented: `{uuid, properties: […]}`, localised maps, names. Inferred: that an entry of `properties` has its name under
`key`, `id` or `name` and its value under `value` or a member that ends in `Value`; that a flat object may come instead;
that the case of names does not count.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["field_of", "localised", "texts_of"]

_NAMES = ("key", "id", "name")


def field_of(record: Mapping[str, object], path: str) -> object:
    """What a dotted path names, or None."""
    value: object = _flat(record)
    for name in path.lower().split("."):
        if not isinstance(value, dict):
            return None
        value = {str(key).lower(): item for key, item in value.items()}.get(name)
    return value


def texts_of(record: Mapping[str, object], path: str) -> tuple[str, ...]:
    """The texts of a field: one, or those of a list."""
    value = field_of(record, path)
    items = value if isinstance(value, list) else [value]
    return tuple(
        str(item) for item in items if isinstance(item, str | int) and not isinstance(item, bool) and item != ""
    )


def localised(value: object, culture: str | None) -> str | None:
    """One text of a localised map: of the culture, of `x-default`, or the first."""
    if isinstance(value, dict):
        texts = {str(key): text for key, text in value.items() if isinstance(text, str) and text}
        value = texts.get(culture or "") or texts.get("x-default") or next(iter(texts.values()), None)
    return value if isinstance(value, str) and value else None


def _flat(record: Mapping[str, object]) -> Mapping[str, object]:
    entries = record.get("properties")
    if not isinstance(entries, list):
        return record
    flat = dict(record)
    for entry in entries:
        if isinstance(entry, dict):
            name = next((entry[key] for key in _NAMES if isinstance(entry.get(key), str)), None)
            values = [entry["value"]] if "value" in entry else [v for k, v in entry.items() if str(k).endswith("Value")]
            if name is not None and values:
                flat[name] = values[0]
    return flat
