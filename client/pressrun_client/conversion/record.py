"""Records as JSON text, and the place of what cannot be JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from pressrun_client.diagnostic import Violation
from pressrun_client.errors import InvalidRecordError
from pressrun_client.models.request import Record

__all__ = ["encode_record"]

# Made once: `json.dumps` with arguments of its own makes an encoder for each call.
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_SHOWN: Final = 20
_DEPTH: Final = 200


def encode_record(record: Record) -> bytes:
    """The record as JSON text in UTF-8. Text is passed on as it is; the node judges it.

    Raises:
        InvalidRecordError: a value has no form in JSON; the violations say where.

    Example:
        >>> encode_record({"name": "Zoë", "open": True}).decode()
        '{"name":"Zoë","open":true}'
    """
    try:
        if isinstance(record, bytes):
            return record
        if isinstance(record, str):
            return record.encode()
        mapping: object = record  # a caller without a type checker may give anything
        if isinstance(mapping, Mapping):
            return _ENCODE(mapping if isinstance(mapping, dict) else dict(mapping)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        # What json says holds values of the record; the cause is not chained, so that no log shows them.
        del error
        faults = tuple(islice(_faults(record, "record", 0), _SHOWN)) or (Violation("record", "has no form in JSON"),)
        raise InvalidRecordError("The record cannot be written as JSON.", violations=faults) from None
    fault = Violation("record", f"is {_kind(record)}; give a mapping, or the text of a JSON object")
    raise InvalidRecordError("The record is no JSON object.", violations=(fault,))


def _faults(value: Any, path: str, depth: int) -> Iterator[Violation]:
    if depth > _DEPTH:
        yield Violation(path, f"is nested deeper than {_DEPTH} levels, or in itself")
    elif value is None or isinstance(value, bool | int):
        return
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - the test for not-a-number
            yield Violation(path, "is not a finite number; leave it out or give a number")
    elif isinstance(value, str):
        if not _encodable(value):
            yield Violation(path, "holds half of a surrogate pair; give text that UTF-8 can hold")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str | int | float | None):
                yield Violation(path, f"has a key that is {_kind(key)}; give strings")
            else:
                yield from _faults(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _faults(item, f"{path}[{index}]", depth + 1)
    else:
        yield Violation(path, f"is {_kind(value)}; {_FORMS.get(type(value).__name__, 'give a string, number or list')}")


_FORMS: Final = {
    "Decimal": 'give amounts as strings, e.g. "1234.56"',
    "date": "give dates as ISO text: value.isoformat()",
    "datetime": "give moments as ISO text: value.isoformat()",
    "bytes": "give text; binary data is no part of a record",
    "UUID": "give it as text: str(value)",
}


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"
