from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.spec import OutputChannel, Priority, TemplateName
from pressrun_server.render.config import PipelineConfig
from pressrun_server.rpc.conversion import render_spec
from pressrun_server.rpc.resume import Resume, resume_point
from pressrun_server.rpc.structs import StructError, struct_json

CONFIG = PipelineConfig(max_record_bytes=1000)
PINS = document_pb2.Pins(template_digest="a" * 64, engine_digest="b" * 64)


def _request(**changes: Any) -> document_pb2.DocumentRequest:
    fields: dict[str, Any] = {
        "request_id": "r-1",
        "template": document_pb2.TemplateRef(name="statement"),
        "record_json": b"{}",
    }
    return document_pb2.DocumentRequest(**{**fields, **changes})


def _violations(message: document_pb2.DocumentRequest) -> dict[str, str]:
    with pytest.raises(PressrunError) as error:
        render_spec(message, CONFIG)
    assert error.value.reason is Reason.INVALID_REQUEST
    return {violation.field: violation.description for violation in error.value.violations}


def test_least_request() -> None:
    """What is not given gets its documented default."""
    spec = render_spec(_request(), CONFIG)
    assert (spec.channel, spec.priority, spec.format) == (OutputChannel.PRINT, Priority.BATCH, "pdf")
    assert (spec.locale, spec.attributes, spec.as_of, spec.time_limit, spec.pins) == ("", {}, None, None, None)


def test_full_request() -> None:
    """Every field arrives."""
    message = _request(
        template=document_pb2.TemplateRef(name="statement", version="3", digest="c" * 64),
        locale="de-AT",
        output_channel=document_pb2.OUTPUT_CHANNEL_EMAIL,
        attributes=document_pb2.Attributes(segment="premier", customer_reference="C1", extra={"branch": "7"}),
        as_of=Timestamp(seconds=1_772_000_000, nanos=123_456_789),
        tenant="retail",
        priority=document_pb2.PRIORITY_INTERACTIVE,
        communication_id="com-1",
        time_limit=Duration(seconds=2, nanos=500_000_000),
        pins=document_pb2.Pins(
            template_digest="c" * 64,
            engine_digest="d" * 64,
            locale="de-DE",
            assets=[
                document_pb2.AssetPin(
                    slot="logo", ref="library:l", digest=document_pb2.Digest(sha256="e" * 64, size=3), version="2"
                )
            ],
        ),
    )
    spec = render_spec(message, CONFIG)
    assert spec.template == TemplateName("statement", "3", "c" * 64)
    assert spec.attributes == {"segment": "premier", "customer_reference": "C1", "branch": "7"}
    assert spec.as_of == datetime(2026, 2, 25, 6, 13, 20, 123456, tzinfo=UTC)
    assert (spec.channel, spec.priority, spec.time_limit) == (OutputChannel.EMAIL, Priority.INTERACTIVE, 2.5)
    assert (spec.tenant, spec.communication_id, spec.locale) == ("retail", "com-1", "de-AT")
    assert spec.pins is not None
    (pin,) = spec.pins.assets
    assert (pin.slot, pin.ref, pin.version, pin.sha256, pin.size) == ("logo", "library:l", "2", "e" * 64, 3)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"request_id": ""}, "request_id"),
        ({"request_id": "x" * 129}, "request_id"),
        ({"request_id": "né"}, "request_id"),
        ({"template": document_pb2.TemplateRef()}, "template"),
        ({"template": document_pb2.TemplateRef(name="../x")}, "template.name"),
        ({"template": document_pb2.TemplateRef(version="1", digest="a" * 64)}, "template.version"),
        ({"template": document_pb2.TemplateRef(digest="ABC")}, "template.digest"),
        ({"record_json": b""}, "record_json"),
        ({"locale": "de_AT"}, "locale"),
        ({"locale": "de-" + "x" * 40}, "locale"),
        ({"output_channel": 9}, "output_channel"),
        ({"output_format": 9}, "output_format"),
        ({"priority": 7}, "priority"),
        ({"attributes": document_pb2.Attributes(segment="x" * 1025)}, "attributes.segment"),
        ({"attributes": document_pb2.Attributes(extra={"Bad Name": "x"})}, "attributes.extra['Bad Name']"),
        ({"attributes": document_pb2.Attributes(extra={"segment": "x"})}, "attributes.extra['segment']"),
        ({"as_of": Timestamp(seconds=-3_000_000_000)}, "as_of"),
        ({"as_of": Timestamp(seconds=1, nanos=-1)}, "as_of"),
        ({"tenant": "a b"}, "tenant"),
        ({"communication_id": "x" * 257}, "communication_id"),
        ({"time_limit": Duration()}, "time_limit"),
        ({"time_limit": Duration(seconds=-1)}, "time_limit"),
        ({"time_limit": Duration(seconds=4000)}, "time_limit"),
        ({"pins": document_pb2.Pins(engine_digest="b" * 64)}, "pins.template_digest"),
        ({"pins": document_pb2.Pins(template_digest="b" * 64)}, "pins.engine_digest"),
    ],
)
def test_each_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    """A wrong field is named with what would be valid, and nothing else is."""
    found = _violations(_request(**changes))
    assert list(found) == [field]
    assert len(found[field]) > 10


def test_all_violations_at_once() -> None:
    """Everything that is wrong is told in one answer."""
    unknown: Any = 77
    message = document_pb2.DocumentRequest(locale="?", output_channel=unknown, time_limit=Duration(seconds=-1))
    assert set(_violations(message)) == {"request_id", "template", "record", "locale", "output_channel", "time_limit"}


def test_pins_of_an_asset_are_checked() -> None:
    """A pinned asset needs slot, ref and digest, and no slot comes twice."""
    good = document_pb2.AssetPin(slot="a", ref="library:l", digest=document_pb2.Digest(sha256="e" * 64, size=3))
    pins = document_pb2.Pins(template_digest="a" * 64, engine_digest="b" * 64)
    pins.assets.extend([good, good, document_pb2.AssetPin()])
    found = _violations(_request(pins=pins))
    assert list(found) == ["pins.assets[1].slot", "pins.assets[2].slot", "pins.assets[2].ref", "pins.assets[2].digest"]


def test_two_moments_must_agree() -> None:
    """An as_of beside the pins' own must be the same."""
    pins = document_pb2.Pins()
    pins.CopyFrom(PINS)
    pins.as_of.seconds = 5
    assert list(_violations(_request(pins=pins, as_of=Timestamp(seconds=6)))) == ["as_of"]
    assert render_spec(_request(pins=pins, as_of=Timestamp(seconds=5)), CONFIG).as_of is not None


@pytest.mark.parametrize("form", ["json", "struct"])
def test_large_record_is_a_limit(form: str) -> None:
    """A record over the limit is LIMIT_EXCEEDED and names limit and size."""
    message = _request(record_json=b"x" * 1001)
    if form == "struct":
        message.record_struct.update({"a": "x" * 2000})
    with pytest.raises(PressrunError, match="1000") as error:
        render_spec(message, CONFIG)
    assert error.value.reason is Reason.LIMIT_EXCEEDED


def test_struct_is_canonical_json() -> None:
    """A Struct becomes JSON with sorted keys; whole numbers have no point."""
    struct = Struct()
    struct.update({"b": 1, "a": [1.5, None, True, {"é": "ü"}], "big": 1e300})
    message = _request()
    message.record_struct.CopyFrom(struct)
    assert render_spec(message, CONFIG).record == '{"a":[1.5,null,true,{"é":"ü"}],"b":1,"big":1e+300}'.encode()


def test_struct_without_json_form() -> None:
    """A number that JSON does not have, and a value without a kind, are violations with their place."""
    message = _request()
    message.record_struct.fields["a"].list_value.values.append(Value(number_value=float("nan")))
    assert list(_violations(message)) == ["record_struct.a[0]"]
    message = _request()
    message.record_struct.fields["b"].CopyFrom(Value())
    assert list(_violations(message)) == ["record_struct.b"]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=4))
def test_struct_keeps_its_values(value: dict[str, Any]) -> None:
    """Whatever JSON a Struct holds, its canonical JSON holds the same."""
    struct = Struct()
    json_format.ParseDict(value, struct)
    assert json.loads(struct_json(struct)) == value


def test_deep_struct_is_refused() -> None:
    """Nesting is bounded."""
    struct = Struct()
    inner = struct.fields["a"]
    for _ in range(70):
        inner = inner.list_value.values.add()
    inner.null_value = 0  # type: ignore[assignment]
    with pytest.raises(StructError, match="64 levels"):
        struct_json(struct)


def test_resume_skips_what_is_there() -> None:
    """Bytes that the client has are compared and not sent, however they are cut."""
    whole = bytes(range(256)) * 4
    for offset in (0, 1, 255, 700, len(whole)):
        for cut in (1, 7, 100, 5000):
            resume = Resume(offset, hashlib.sha256(whole[:offset]).hexdigest())
            parts = [resume.skip(whole[start : start + cut]) for start in range(0, len(whole), cut)]
            resume.finish()
            assert b"".join(parts) == whole[offset:]


def test_resume_tells_differences() -> None:
    """Other bytes, and a document shorter than what the client has, are RESUME_MISMATCH before any byte is given."""
    resume = Resume(3, "0" * 64)
    assert resume.skip(b"ab") == b""
    with pytest.raises(PressrunError) as error:
        resume.skip(b"cd")
    assert error.value.reason is Reason.RESUME_MISMATCH
    short = Resume(10, "0" * 64)
    short.skip(b"abc")
    with pytest.raises(PressrunError, match="only 3 bytes"):
        short.finish()


@pytest.mark.parametrize(
    ("offset", "sha256", "fields"),
    [
        (-1, "", ["resume_offset"]),
        (5, "xyz", ["resume_sha256", "document.pins"]),
        (0, "0" * 64, ["resume_sha256"]),
    ],
)
def test_resume_needs_hash_and_pins(offset: int, sha256: str, fields: list[str]) -> None:
    """A resume without hash or pins can't promise the same bytes and is refused."""
    message = render_service_pb2.RenderDocumentRequest(document=_request(), resume_offset=offset, resume_sha256=sha256)
    with pytest.raises(PressrunError) as error:
        resume_point(message, render_spec(message.document, CONFIG))
    assert [violation.field for violation in error.value.violations] == fields
