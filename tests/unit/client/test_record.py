from __future__ import annotations

import json
import re
from collections import UserDict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun_client import InvalidRecordError
from pressrun_client.conversion.record import encode_record

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@given(st.dictionaries(st.text(), _JSON, max_size=5))
def test_whatever_json_can_say_arrives(record: dict[str, Any]) -> None:
    """A mapping of JSON values is encoded so that it reads back equal."""
    assert json.loads(encode_record(record)) == record


def test_text_and_bytes_are_sent_as_they_are() -> None:
    """Text keeps all its digits and its layout; the node judges it."""
    assert encode_record('{"a": 1.10}') == b'{"a": 1.10}'
    assert encode_record(b"not json") == b"not json"


def test_any_mapping_is_a_record() -> None:
    """A mapping need not be a dict."""
    assert encode_record(UserDict({"name": "Ωmega"})) == '{"name":"Ωmega"}'.encode()


_LOOP: dict[str, Any] = {}
_LOOP["self"] = _LOOP


@pytest.mark.parametrize(
    ("record", "field", "advice"),
    [
        ({"rows": [{"amount": Decimal("1.20")}]}, "record.rows[0].amount", "strings"),
        ({"day": date(2026, 9, 30)}, "record.day", "isoformat"),
        ({"x": float("nan")}, "record.x", "finite"),
        ({"x": [float("-inf")]}, "record.x[0]", "finite"),
        ({"x": b"raw"}, "record.x", "text"),
        ({"x": {1, 2}}, "record.x", "list"),
        ({"x": {(1, 2): 3}}, "record.x", "key"),
        ({"x": "\ud800"}, "record.x", "surrogate"),
        (_LOOP, "record" + ".self" * 201, "nested"),
        ([1, 2], "record", "mapping"),
        (None, "record", "mapping"),
    ],
)
def test_what_is_no_json_is_named_with_its_place(record: Any, field: str, advice: str) -> None:
    """A value without a form in JSON is refused with its path and what would be valid."""
    with pytest.raises(InvalidRecordError) as caught:
        encode_record(record)
    (violation,) = caught.value.violations
    assert violation.field == field
    assert advice in violation.description
    assert not caught.value.retryable


def test_no_value_of_the_record_is_in_the_error() -> None:
    """An error about a record shows places and never data."""
    with pytest.raises(InvalidRecordError) as caught:
        encode_record({"secret": Decimal("987654321.99")})
    assert "987654321" not in str(caught.value)
    assert caught.value.__cause__ is None
