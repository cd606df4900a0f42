"""JSON Schemas of bundles come from outside: they may neither fetch anything nor cost without bound."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

__all__ = ["UnsafeSchemaError", "check_schema", "validator"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MOST_NODES = 20_000
_CLOSED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$vocabulary")


class UnsafeSchemaError(ValueError):
    """The schema refers to something outside itself, or unfolds to more than is ever needed."""


def _refuse(uri: str) -> Any:
    raise UnsafeSchemaError(f"the schema refers to another document ({uri[:80]}); put definitions under $defs")


def validator(schema: dict[str, Any], *, mask: str | None = None) -> Any:
    """A validator that fetches nothing.

    Raises:
        UnsafeSchemaError, ValueError, jsonschema_rs.ValidationError: the schema is none, or not a safe one.
    """
    check_schema(schema)
    return jsonschema_rs.Draft202012Validator(schema, mask=mask, retriever=_refuse)


def check_schema(schema: dict[str, Any]) -> None:
    """Refuse what points outside the schema, and what unfolds without bound.

    Raises:
        UnsafeSchemaError: which keyword, and what would be valid.
    """
    # No set: a list of YAML has no hash.
    if schema.get("$schema", _DIALECT) not in (_DIALECT, _DIALECT + "#"):
        raise UnsafeSchemaError(f"$schema must be {_DIALECT}, or left out")
    _closed(schema)
    if _weight(schema, schema, {}) > _MOST_NODES:
        raise UnsafeSchemaError(f"the schema unfolds to over {_MOST_NODES} rules; refer to fewer definitions")


def _closed(node: Any) -> None:
    if isinstance(node, dict):
        for keyword in _CLOSED:
            if isinstance(node.get(keyword), str | dict):
                raise UnsafeSchemaError(f"{keyword} is not supported; refer with #/$defs/NAME")
        reference = node.get("$ref")
        if isinstance(reference, str) and reference != "#" and not reference.startswith("#/"):
            raise UnsafeSchemaError(f"$ref {reference[:80]!r} leads to another document; refer with #/$defs/NAME")
        for value in node.values():
            _closed(value)
    elif isinstance(node, list):
        for value in node:
            _closed(value)


def _weight(node: Any, root: dict[str, Any], known: dict[str, int]) -> int:
    """How many rules a schema unfolds to with its references followed; a reference within itself counts once."""
    if isinstance(node, list):
        return min(sum(_weight(item, root, known) for item in node), _MOST_NODES + 1)
    if not isinstance(node, dict):
        return 0
    total = 1 + sum(_weight(value, root, known) for key, value in node.items() if key not in {"$defs", "definitions"})
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        if reference not in known:
            known[reference] = 1
            target: Any = root
            for part in reference[2:].split("/"):
                target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
            known[reference] = _weight(target, root, known)
        total += known[reference]
    return min(total, _MOST_NODES + 1)
