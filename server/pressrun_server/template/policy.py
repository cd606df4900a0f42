"""Reads `warnings` of template.yaml: what becomes of documents with something wrong."""

from __future__ import annotations

from typing import Any, Protocol

from pressrun_server.model.policy import KINDS, Policy
from pressrun_server.template.diagnostics import closest

__all__ = ["read_policy"]

_VERDICTS = ("pass", "warn", "fail")
_LEAST = {"minimum-ppi": (1, 2400), "minimum-text": (1, 72)}
_EXAMPLE = "write e.g. `warnings: {missing-glyph: fail, overflow: fail, minimum-ppi: 200, minimum-text: 6}`"


class _Error(Protocol):
    def __call__(self, path: tuple[str | int, ...], message: str, hint: str = "", /) -> None:
        """Tell of an error at a path of template.yaml."""


def read_policy(value: Any, error: _Error) -> Policy:
    """The policy that `warnings` gives: a verdict for each of `KINDS`, minimum-ppi, minimum-text (in points)."""
    if not isinstance(value, dict):
        error(("warnings",), "warnings must be a mapping", _EXAMPLE)
        return Policy()
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
        else:
            error(path, f"unknown key {str(key)!r}", closest(str(key), (*KINDS, *_LEAST)))
    return Policy(**found)
