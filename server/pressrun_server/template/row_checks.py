"""Checks a record and its rows where the rows arrive in parts."""

from __future__ import annotations

import copy
from typing import Any, Final

import jsonschema_rs
import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.template.schema import validator

__all__ = ["RowChecker"]

_DECODER = msgspec.json.Decoder(dict[str, Any])
_ROWS = msgspec.json.Decoder(list[Any])
_OF_THE_WHOLE: Final = ("minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains", "prefixItems")
"""What a schema may say of a list that nobody can know while its rows arrive."""


class RowChecker:
    """Validates the parts of a record whose rows arrive.

    Each row is held to the schema of the list's items; what the schema says of the list as a whole (`minItems` and
    the like) is not checked, since it is never there as a whole.

    Args:
        schema: of the record.
        field: the list: names with dots between.

    Raises:
        PressrunError: INVALID_REQUEST, the schema has no such list.
    """

    def __init__(self, schema: dict[str, Any], field: str) -> None:
        self._field = field
        self._path = field.split(".")
        relaxed = copy.deepcopy(schema)
        node = relaxed
        for name in self._path:
            node = _resolved(relaxed, node).get("properties", {}).get(name)
            if not isinstance(node, dict):
                problem = f"{field!r} is no list of the template's schema; name one, e.g. transactions"
                raise PressrunError(
                    Reason.INVALID_REQUEST, f"rows_field: {problem}", violations=(Violation("rows_field", problem),)
                )
        node = _resolved(relaxed, node)
        items = copy.deepcopy(node.get("items", {}))
        for keyword in _OF_THE_WHOLE:
            node.pop(keyword, None)
        definitions: dict[str, Any] = {
            name: schema[name] for name in ("$schema", "$defs", "definitions") if name in schema
        }
        self._record = validator(relaxed, mask="the value")
        self._rows = validator({**definitions, "type": "array", "items": items}, mask="the value")

    def start(self, record: bytes) -> dict[str, Any]:
        """The record that rows are to come for, with an empty list in their place.

        Raises:
            PressrunError: INVALID_RECORD; INVALID_REQUEST, it has rows of its own.
        """
        try:
            decoded = _DECODER.decode(record)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise _invalid("record", "must be a JSON object") from None
        inner: Any = decoded
        *before, name = self._path
        for step in before:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if not isinstance(inner, dict):
            raise _invalid(f"record.{'.'.join(before)}", "must be there and be an object, for the rows to go into")
        if inner.get(name):
            problem = f"record.{self._field} has rows of its own; send all rows in parts, or use RenderDocument"
            raise PressrunError(Reason.INVALID_REQUEST, problem, violations=(Violation("rows_field", problem),))
        inner[name] = []
        self._check(self._record, decoded, "record", 0)
        return decoded

    def rows(self, data: bytes, first: int) -> int:
        """How many rows a part has.

        Args:
            data: a JSON array.
            first: number of its first row, from 0.

        Raises:
            PressrunError: INVALID_RECORD.
        """
        try:
            decoded = _ROWS.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise _invalid("rows_json", f"must be a JSON array of rows; the part after row {first - 1}") from None
        self._check(self._rows, decoded, f"record.{self._field}", first)
        return len(decoded)

    @staticmethod
    def _check(checker: Any, decoded: Any, place: str, first: int) -> None:
        try:
            checker.validate(decoded)
        except jsonschema_rs.ValidationError as problem:
            path = place
            for number, step in enumerate(problem.instance_path):
                if isinstance(step, int):
                    path += f"[{step + first if not number else step}]"
                else:
                    path += f".{step}"
            raise _invalid(path, str(problem.message)) from None
        except ValueError:
            raise _invalid(place, "holds a number or a text that cannot be validated") from None


def _resolved(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node that a local $ref leads to."""
    for _ in range(100):
        reference = node.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return node
        found: Any = root
        for step in reference[2:].split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            return node
        node = found
    return node


def _invalid(field: str, problem: str) -> PressrunError:
    return PressrunError(
        Reason.INVALID_RECORD,
        f"the record does not fit the template's schema: {field}; see the violations",
        violations=(Violation(field, problem),),
    )
