"""From a protobuf Struct to canonical JSON, so that equal records are equal bytes."""

from __future__ import annotations

import json
import math
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

__all__ = ["StructError", "struct_json"]

_DEEPEST = 64
_EXACT = 2**53


class StructError(ValueError):
    """A value that JSON does not have."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"record{path}: {problem}")
        self.path = path
        self.problem = problem


def struct_json(struct: Struct) -> bytes:
    """JSON with sorted keys and without spaces; whole numbers up to 2**53 are written without a point.

    Raises:
        StructError: a number is infinite or not a number, a value has no kind, or it is nested too deeply.
    """
    value = {name: _plain(part, f".{name}", 1) for name, part in struct.fields.items()}
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: Value, path: str, depth: int) -> Any:
    if depth > _DEEPEST:
        raise StructError("", f"is nested more than {_DEEPEST} levels deep")
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            number = value.number_value
            if not math.isfinite(number):
                raise StructError(path, "must be a finite number")
            return int(number) if number.is_integer() and abs(number) <= _EXACT else number
        case "bool_value":
            return value.bool_value
        case "struct_value":
            fields = value.struct_value.fields
            return {name: _plain(part, f"{path}.{name}", depth + 1) for name, part in fields.items()}
        case "list_value":
            parts = value.list_value.values
            return [_plain(part, f"{path}[{index}]", depth + 1) for index, part in enumerate(parts)]
        case "null_value":
            return None
        case _:
            raise StructError(path, "has no kind; a null is null_value")
