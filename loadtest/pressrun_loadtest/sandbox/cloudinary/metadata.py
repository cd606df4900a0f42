"""Structured metadata: the account's field definitions, and the check of values against them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

__all__ = ["FieldType", "MetadataField", "MetadataValue", "check_metadata", "split_pairs"]

FieldType = ("string", "integer", "date", "enum", "set")
"""The documented types."""

MetadataValue = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetadataField:
    """One field of the account."""

    external_id: str
    label: str
    type: str
    datasource: Mapping[str, str] = field(default_factory=dict)
    """Of enum and set: display value by external id."""


def check_metadata(fields: Mapping[str, MetadataField], values: Mapping[str, object]) -> dict[str, MetadataValue]:
    """The values in their types.

    Raises:
        ValueError: a field is unknown or a value does not fit; the text names both.
    """
    return {name: _check(fields.get(name), name, value) for name, value in values.items()}


def _check(spec: MetadataField | None, name: str, value: object) -> MetadataValue:
    if spec is None:
        raise ValueError(f"Metadata field {name} does not exist")
    try:
        match spec.type:
            case "integer":
                return int(str(value))
            case "date":
                return date.fromisoformat(str(value)).isoformat()
            case "set":
                return tuple(_listed(spec, str(item)) for item in _items(value))
            case "enum":
                return _listed(spec, str(value))
    except (ValueError, TypeError) as error:
        raise ValueError(f"Value {value!r} is invalid for the {spec.type} field {name}: {error}") from error
    return str(value)


def _items(value: object) -> list[object]:
    items = json.loads(value) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise TypeError("expected a list")
    return list(items)


def _listed(spec: MetadataField, value: str) -> str:
    if value not in spec.datasource:
        raise ValueError(f"expected one of {', '.join(spec.datasource)}")
    return value


def split_pairs(text: str) -> dict[str, str]:
    r"""`k=v|k=v` with `=` and `|` inside values escaped by a backslash.

    Raises:
        ValueError: a part has no `=`.
    """
    pairs: dict[str, str] = {}
    for part in _split(text, "|"):
        name, *rest = _split(part, "=")
        if not rest:
            raise ValueError(f"expected name=value, got {part!r}")
        pairs[_unescape(name)] = _unescape("=".join(rest))
    return pairs


def _split(text: str, separator: str) -> list[str]:
    parts = [""]
    escaped = False
    for char in text:
        if char == separator and not escaped:
            parts.append("")
            continue
        parts[-1] += char
        escaped = char == "\\" and not escaped
    return parts


def _unescape(text: str) -> str:
    result: list[str] = []
    escaped = False
    for char in text:
        if char == "\\" and not escaped:
            escaped = True
            continue
        result.append(char)
        escaped = False
    return "".join(result)
