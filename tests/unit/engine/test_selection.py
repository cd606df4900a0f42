from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.template.compile import compile_bundle
from pressrun_server.template.schema import UnsafeSchemaError, validator
from pressrun_server.template.selection import Selector

_ITEMS = {"type": "array", "items": {"type": "object", "required": ["a", "b", "c", "d"]}}


def _selector(schema: dict[str, Any], **description: Any) -> Selector:
    manifest = {"name": "s", "version": "1", "html": "s.html", "schema": schema, **description}
    compiled = compile_bundle(
        {"template.yaml": json.dumps(manifest).encode(), "s.html": b"<img src='asset:logo' alt=''>"}
    )
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    return Selector(compiled.info)


SLOT = {"logo": {"rules": [{"when": "amount > 1.25", "use": "library:big.png"}, {"use": "library:small.png"}]}}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "file:///etc/hostname"}}},
        {"properties": {"a": {"$ref": "HTTP://127.0.0.1:1/x.json"}}},
        {"$id": "http://127.0.0.1:1/", "properties": {"a": {"$ref": "x.json"}}},
        {"$schema": "http://127.0.0.1:1/meta.json"},
        {"$schema": ["https://json-schema.org/draft/2020-12/schema"]},
        {"$dynamicRef": "#meta"},
        {
            "$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(28)} | {"d28": {}},
            "$ref": "#/$defs/d0",
        },
    ],
)
def test_a_schema_stays_within_itself(schema: dict[str, Any]) -> None:
    """A schema that would read files, call out, or unfold without bound is refused at publish and at load."""
    with pytest.raises(UnsafeSchemaError):
        validator(schema)
    manifest = {"name": "s", "version": "1", "html": "s.html", "schema": schema}
    compiled = compile_bundle({"template.yaml": json.dumps(manifest).encode(), "s.html": b"<p>x</p>"})
    assert compiled.info is None


def test_a_schema_may_refer_to_itself() -> None:
    """Definitions and recursion within the schema work."""
    schema = {
        "$defs": {
            "node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "n": {"type": "integer"}}}
        },
        "$ref": "#/$defs/node",
    }
    assert validator(schema).is_valid({"next": {"next": {"n": 1}}})
    assert not validator(schema).is_valid({"next": {"n": "x"}})


def test_a_large_wrong_record_is_told_at_once() -> None:
    """A record with millions of faults gives the first, without making all the others."""
    selector = _selector({"type": "object", "properties": {"rows": _ITEMS}}, slots=SLOT)
    record = json.dumps({"rows": [{}] * 300_000}).encode()
    before = time.process_time()
    with pytest.raises(PressrunError) as error:
        selector.decode(record)
    assert error.value.reason is Reason.INVALID_RECORD
    assert error.value.violations[0].field.startswith("record.rows[")
    # Making all of them takes about 20 s; this is a bound of another order, not a timing.
    assert time.process_time() - before < 5


def test_violations_hold_no_values() -> None:
    """A wrong value is named by its place; it is the customer's and is not repeated."""
    selector = _selector({"type": "object", "properties": {"iban": {"type": "string", "pattern": "^DE"}}}, slots=SLOT)
    with pytest.raises(PressrunError) as error:
        selector.decode(b'{"iban": "secret-value"}')
    assert error.value.violations[0].field == "record.iban"
    assert "secret" not in str(error.value.violations)


def test_rules_compare_numbers() -> None:
    """A rule over a fraction chooses as the template's own expressions would."""
    selector = _selector({"type": "object"}, slots=SLOT)
    for amount, ref in ((1.5, "library:big.png"), (1.2, "library:small.png"), (2, "library:big.png")):
        record = selector.decode(json.dumps({"amount": amount}).encode())
        from datetime import UTC, datetime  # noqa: PLC0415

        chosen = selector.select(
            record, attributes={}, locale="en-GB", as_of=datetime(2026, 1, 1, tzinfo=UTC), channel="print"
        )
        assert [choice.ref for choice in chosen] == [ref]


@pytest.mark.parametrize(
    ("requested", "given"), [("", "de-DE"), ("fr-CA", "fr-FR"), ("de-AT", "de-DE"), ("xx", "de-DE"), ("fr-FR", "fr-FR")]
)
def test_locale_falls_back_along_its_chain(requested: str, given: str) -> None:
    """A locale falls back to its language, then to the template's default."""
    selector = _selector({"type": "object"}, slots=SLOT, locales=["de-DE", "fr-FR"], default_locale="de-DE")
    assert selector.locale(requested) == given


def test_nothing_is_read_from_the_machine(tmp_path: Path) -> None:
    """A file of the node never shows in an answer, whatever a schema says."""
    secret = tmp_path / "secret.json"
    secret.write_text('{"const": "top-secret"}')
    with pytest.raises(UnsafeSchemaError):
        validator({"properties": {"a": {"$ref": secret.as_uri()}}})
