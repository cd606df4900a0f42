"""Reads `query` of a slot's rule: which source to ask for assets with which metadata.

```yaml
query:
  source: cloudinary
  where: {campaign: spring, segment: "{{ attributes.segment }}"}   # all must hold
  localised: true    # assets are in a language: asked for along the locale's chain
```
"""

from __future__ import annotations

from typing import Any

from pressrun_server.model.template import SlotQuery
from pressrun_server.template.grammar import GrammarError, parse_text
from pressrun_server.template.keys import Complaining, check_keys
from pressrun_sources.model import AssetRef

__all__ = ["read_query"]

_KEYS = ("source", "where", "localised")
_EXAMPLE = 'write {source: cloudinary, where: {segment: "{{ attributes.segment }}"}}'
_MOST_CRITERIA = 16


def read_query(path: tuple[str | int, ...], value: Any, error: Complaining) -> SlotQuery | None:
    """The query; None where it cannot be one."""
    if not isinstance(value, dict):
        error(path, "query must be a mapping", _EXAMPLE)
        return None
    check_keys(value, _KEYS, path, error)
    source, where, localised = value.get("source"), value.get("where"), value.get("localised", False)
    try:
        AssetRef(str(source), "x")
    except ValueError:
        error((*path, "source"), "source is not the name of a source", "e.g. cloudinary, core-dam, library")
        return None
    if not isinstance(where, dict) or not 0 < len(where) <= _MOST_CRITERIA:
        error((*path, "where"), f"where must name 1 to {_MOST_CRITERIA} criteria", _EXAMPLE)
        return None
    if not isinstance(localised, bool):
        error((*path, "localised"), "localised is not valid", "valid: true, false")
        return None
    criteria = []
    for name, item in where.items():
        if not isinstance(item, str | int) or isinstance(item, bool) or item == "":
            error((*path, "where", str(name)), f"{name} must be a text", _EXAMPLE)
            return None
        try:
            criteria.append((str(name), tuple(parse_text(str(item)))))
        except GrammarError as problem:
            error((*path, "where", str(name)), f"{name}: {problem}", problem.hint, "expression")
            return None
    text = " and ".join(f"{name}={item}" for name, item in where.items())
    return SlotQuery(str(source), tuple(criteria), localised, f"{source} where {text}")
