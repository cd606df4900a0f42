"""Stream items as NDJSON: one compact JSON object a line, UTF-8, keys in the order of the generator."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["encode", "write_ndjson"]


def encode(item: Mapping[str, Any]) -> bytes:
    """One line, with its line feed."""
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write_ndjson(path: Path, items: Iterable[Mapping[str, Any]]) -> int:
    """Write items to a file, one at a time, so that memory does not grow with their number.

    Returns:
        how many there were.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("wb") as file:
        for item in items:
            file.write(encode(item))
            count += 1
    return count
