"""Reads `warnings` of template.yaml: what becomes of documents with something wrong."""

from __future__ import annotations

from typing import Any

from pressrun_server.model.policy import KINDS, Policy
from pressrun_server.template.keys import Complaining, check_keys

__all__ = ["read_policy"]

_VERDICTS = ("pass", "warn", "fail")
_LEAST = {"minimum-ppi": (1, 2400), "minimum-text": (1, 72)}
_EXAMPLE = "write e.g. `warnings: {missing-glyph: fail, overflow: fail, minimum-ppi: 200, minimum-text: 6}`"


def read_policy(value: Any, error: Complaining) -> Policy:
    """The policy that `warnings` gives: a verdict for each of `KINDS`, minimum-ppi, minimum-text (in points)."""
    if not isinstance(value, dict):
        error(("warnings",), "warnings must be a mapping", _EXAMPLE)
        return Policy()
    check_keys(value, (*KINDS, *_LEAST), ("warnings",), error)
    found: dict[str, Any] = {}
    for key, item in value.items():
        path, name = ("warnings", str(key)), str(key).replace("-", "_")
        if key in KINDS:
            if item in _VERDICTS:
                found[name] = item
            else:
                error(path, f"{key} is not valid", f"valid: {', '.join(_VERDICTS)}")
        elif key in _LEAST:
            low, high = _LEAST[key]
            if isinstance(item, int | float) and not isinstance(item, bool) and low <= item <= high:
                found[name] = round(item * 1000) if key == "minimum-text" else int(item)
            else:
                unit = "points" if key == "minimum-text" else "pixels an inch"
                error(path, f"{key} is not valid", f"valid: {low} to {high} ({unit})")
    return Policy(**found)
