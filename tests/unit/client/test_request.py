from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.v1 import document_pb2
from pressrun_client import (
    AssetPin,
    Digest,
    FontPin,
    InvalidRequestError,
    OutputChannel,
    OutputFormat,
    Pins,
    Priority,
    RenderRequest,
    TemplateRef,
)
from pressrun_client.conversion.manifest import to_pins
from pressrun_client.conversion.moment import from_timestamp
from pressrun_client.conversion.request import fill_request, seconds, template_message

_NOW = 1_790_000_000_123_456_000


def _fill(request: RenderRequest, request_id: str = "a") -> document_pb2.DocumentRequest:
    message = document_pb2.DocumentRequest()
    fill_request(message, request, request_id=request_id, record=b"{}", as_of=_NOW, time_limit=2.5)
    return message


def test_every_field_is_sent() -> None:
    """What the caller gives stands in the message, in the contract's words."""
    message = _fill(
        RenderRequest(
            TemplateRef("statement", "3", "ab"),
            b"{}",
            locale="de-AT",
            output_channel=OutputChannel.EMAIL,
            output_format=OutputFormat.PDF,
            attributes={"segment": "premier", "customer_reference": "C-1", "shoe_size": "43"},
            as_of=datetime(2026, 9, 30, 12, tzinfo=timezone(timedelta(hours=2))),
            tenant="meridian",
            priority=Priority.INTERACTIVE,
            communication_id="K-7",
        )
    )
    assert message.template == document_pb2.TemplateRef(name="statement", version="3", digest="ab")
    assert message.record_json == b"{}"
    assert message.locale == "de-AT"
    assert message.output_channel == document_pb2.OUTPUT_CHANNEL_EMAIL
    assert message.output_format == document_pb2.OUTPUT_FORMAT_PDF
    assert message.attributes.segment == "premier"
    assert message.attributes.customer_reference == "C-1"
    assert dict(message.attributes.extra) == {"shoe_size": "43"}
    assert message.as_of.ToDatetime() == datetime(2026, 9, 30, 10)  # noqa: DTZ001 - ToDatetime gives naive UTC
    assert message.tenant == "meridian"
    assert message.priority == document_pb2.PRIORITY_INTERACTIVE
    assert message.communication_id == "K-7"
    assert message.time_limit.ToMilliseconds() == 2500


def test_the_moment_is_fixed_by_the_client() -> None:
    """A request without `as_of` is sent with the client's own, so that a repeat has the same one."""
    assert _fill(RenderRequest("a", b"{}")).as_of.ToNanoseconds() == _NOW


def test_plain_strings_serve_as_vocabulary() -> None:
    """The words of the vocabularies need not be enum members."""
    plain: Any = {"output_channel": "web", "priority": "interactive"}
    message = _fill(RenderRequest("a", b"{}", **plain))
    assert message.output_channel == document_pb2.OUTPUT_CHANNEL_WEB
    assert message.priority == document_pb2.PRIORITY_INTERACTIVE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"output_channel": "fax"}, "output_channel"),
        ({"output_channel": None}, "output_channel"),
        ({"output_channel": ["web"]}, "output_channel"),
        ({"output_format": "docx"}, "output_format"),
        ({"priority": "now"}, "priority"),
        ({"as_of": datetime(2026, 9, 30)}, "as_of"),  # noqa: DTZ001 - naive on purpose
        ({"attributes": {"segment": 3}}, "attributes.segment"),
        ({"attributes": {3: "x"}}, "attributes.3"),
        ({"template": ""}, "template"),
        ({"template": "a@"}, "template"),
        ({"template": "@1"}, "template"),
        ({"template": "a@1@2"}, "template"),
        ({"template": TemplateRef()}, "template"),
        ({"locale": 7}, "request"),
        ({"tenant": 7}, "request"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    """A field that is wrong is refused before it is sent, with its name and what would be valid."""
    with pytest.raises(InvalidRequestError) as caught:
        _fill(replace(RenderRequest("statement@1", b"{}"), **changes))
    assert [violation.field for violation in caught.value.violations] == [field]
    assert caught.value.violations[0].description


@pytest.mark.parametrize("request_id", ["", "ü", "a\nb", "x" * 129])
def test_a_request_id_is_short_printable_ascii(request_id: str) -> None:
    """Ids that the contract forbids are refused."""
    with pytest.raises(InvalidRequestError, match="request_id"):
        _fill(RenderRequest("a", b"{}"), request_id)


@pytest.mark.parametrize(("limit", "expected"), [(None, 60.0), (5, 5), (0.25, 0.25), (timedelta(minutes=2), 120.0)])
def test_a_time_limit_is_seconds_or_a_timedelta(limit: float | timedelta | None, expected: float) -> None:
    """The time limit of the request wins over the default."""
    assert seconds(RenderRequest("a", b"{}", time_limit=limit), 60.0) == expected


@pytest.mark.parametrize("limit", [0, -1, float("inf"), float("nan"), timedelta(0)])
def test_a_time_limit_is_above_zero_and_finite(limit: float | timedelta) -> None:
    """A time limit that could not be met or never ends is refused."""
    with pytest.raises(InvalidRequestError, match="time_limit"):
        seconds(RenderRequest("a", b"{}", time_limit=limit), 60.0)


def test_a_template_is_parsed_once() -> None:
    """Documents of a run share the message of their template."""
    assert template_message("statement@1") is template_message("statement@1")


_MOMENTS = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_WORDS = st.text(alphabet="abcdef0123456789-:", max_size=12)


@given(
    st.builds(
        Pins,
        template_digest=_WORDS,
        engine_digest=_WORDS,
        assets=st.lists(
            st.builds(
                AssetPin,
                slot=_WORDS,
                ref=_WORDS,
                digest=st.builds(Digest, _WORDS, st.integers(0, 2**40)),
                asset_id=_WORDS,
                version=_WORDS,
                rendition=_WORDS,
                media_type=_WORDS,
                approval=_WORDS,
                rights_until=st.none() | _MOMENTS,
            ),
            max_size=3,
        ).map(tuple),
        fonts=st.lists(st.builds(FontPin, _WORDS, _WORDS), max_size=3).map(tuple),
        as_of=st.none() | _MOMENTS,
        locale=_WORDS,
    )
)
def test_pins_survive_the_way_there_and_back(pins: Pins) -> None:
    """Pins presented again are the pins that were received."""
    assert to_pins(_fill(RenderRequest("a", b"{}", pins=pins)).pins) == pins


@given(_MOMENTS)
def test_moments_keep_their_microseconds(moment: datetime) -> None:
    """A moment comes back as it went."""
    assert from_timestamp(_fill(RenderRequest("a", b"{}", as_of=moment)).as_of) == moment
