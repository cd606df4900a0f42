from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pressrun_sources.cloudinary.description import describe_record
from pressrun_sources.cloudinary.mapping import CloudinaryMapping, parse_mapping
from pressrun_sources.cloudinary.rights import says_rights
from pressrun_sources.cloudinary.search import search_body, wanted_metadata
from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.model import Approval, AssetDescription, AssetQuery, AssetRef

NOW = datetime(2026, 7, 1, tzinfo=UTC)
REF = AssetRef("cloudinary", "cards/offer_en")


def described(mapping: CloudinaryMapping | None = None, **changes: Any) -> AssetDescription:
    """An approved asset with some fields of its record changed."""
    record: dict[str, Any] = {
        "asset_id": "9f2c4b6d8e0f1a2b3c4d5e6f708192a3",
        "public_id": "cards/offer_en",
        "version": 1767225600,
        "format": "jpg",
        "bytes": 184532,
        "width": 2400,
        "height": 1600,
        "etag": "0e1f2a3b4c5d6e7f8091a2b3c4d5e6f7",
        "status": "active",
        "metadata": {"approval": "approved", "segment": ["retail", "premier"], "region": ["EU"], "language": "de"},
        "moderation_status": "approved",
    }
    return describe_record(record | changes, REF, mapping or CloudinaryMapping(), NOW)


def test_record() -> None:
    """The fields of a record become those of a description."""
    found = described()
    assert (found.asset_id, found.version) == ("9f2c4b6d8e0f1a2b3c4d5e6f708192a3", "1767225600")
    assert (found.media_type, found.size, found.width, found.height) == ("image/jpeg", 184532, 2400, 1600)
    assert (found.approval, found.rights_from, found.rights_until) == (Approval.APPROVED, None, None)
    assert (found.locale, found.territories, found.deleted) == ("de", ("EU",), False)
    assert found.name == "offer_en"
    assert found.attributes == (("format", "jpg"), ("segment", "premier"), ("segment", "retail"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, True),
        ({"access_control": []}, True),
        ({"moderation": []}, True),
        ({"status": None}, False),
        ({"moderation": "approved"}, False),
        ({"access_control": {}}, False),
        *(({name: KeyError}, False) for name in ("moderation", "status", "access_control")),
    ],
)
def test_what_a_list_has_to_tell(changes: dict[str, Any], told: bool) -> None:  # noqa: FBT001 - parametrized
    """A record of a list that lacks what may forbid a use, or has it in another form, says too little."""
    record = {"moderation": [{"kind": "manual", "status": "approved"}], "access_control": None, "status": "active"}
    record = {name: value for name, value in (record | changes).items() if value is not KeyError}
    assert says_rights(record) == told


@pytest.mark.parametrize(
    ("approval", "moderation", "expected"),
    [
        ("approved", "approved", Approval.APPROVED),
        ("approved", "pending", Approval.PENDING),
        ("approved", "queued", Approval.PENDING),
        ("approved", "rejected", Approval.REJECTED),
        ("approved", "aborted", Approval.REJECTED),
        ("approved", None, Approval.UNKNOWN),
        (None, "approved", Approval.UNKNOWN),
        ("nonsense", "approved", Approval.UNKNOWN),
        ("rejected", "approved", Approval.REJECTED),
        ("retired", "approved", Approval.RETIRED),
        ("superseded", "rejected", Approval.RETIRED),
        ("Approved", "approved", Approval.UNKNOWN),
    ],
)
def test_approval_needs_both(approval: str | None, moderation: str | None, expected: Approval) -> None:
    """Only metadata and moderation together approve; of two statements the stricter one counts."""
    assert described(metadata={"approval": approval}, moderation_status=moderation).approval is expected


def test_approval_without_moderation() -> None:
    """Where moderation is not asked for, only its rejection counts."""
    mapping, faults = parse_mapping("{require_moderation: false, approval: {field: state, approved: [live]}}")
    assert faults == []
    assert described(mapping, metadata={"state": "live"}, moderation_status=None).approval is Approval.APPROVED
    assert described(mapping, metadata={"state": "live"}, moderation_status="rejected").approval is Approval.REJECTED
    assert described(mapping, metadata={"state": "approved"}).approval is Approval.UNKNOWN


def test_not_active() -> None:
    """An inactive asset is retired, a placeholder is a deleted one."""
    assert described(status="inactive").approval is Approval.RETIRED
    assert described(placeholder=True).deleted


def window(*entries: tuple[str, str | None, str | None]) -> AssetDescription:
    """An asset with access control."""
    rules = [{"access_type": kind, "start": start, "end": end} for kind, start, end in entries]
    return described(
        access_control=rules,
        metadata={"approval": "approved", "rights_start": "2026-01-01", "rights_end": "2026-12-31"},
    )


def test_rights() -> None:
    """Rights are the metadata's dates, narrowed by the window of access; days count whole."""
    assert window().rights_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert window().rights_until == datetime(2027, 1, 1, tzinfo=UTC)
    narrowed = window(("anonymous", "2026-02-01T00:00:00Z", "2026-08-01T12:00:00Z"))
    assert narrowed.rights_from == datetime(2026, 2, 1, tzinfo=UTC)
    assert narrowed.rights_until == datetime(2026, 8, 1, 12, tzinfo=UTC)
    wider = window(("anonymous", "2020-01-01T00:00:00Z", None))
    assert wider.rights_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert wider.rights_until == datetime(2027, 1, 1, tzinfo=UTC)


def test_windows() -> None:
    """Of several windows the one that is open counts, then the next, then the last."""
    past = ("anonymous", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    present = ("anonymous", "2026-06-01T00:00:00Z", "2026-08-01T00:00:00Z")
    coming = ("anonymous", "2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z")
    token = ("token", None, None)
    assert window(past, coming, present).rights_until == datetime(2026, 8, 1, tzinfo=UTC)
    assert window(past, token, coming).rights_from == datetime(2026, 9, 1, tzinfo=UTC)
    assert window(token, past).rights_until == datetime(2026, 2, 1, tzinfo=UTC)
    assert window(token).approval is Approval.PENDING
    assert window(token, present).approval is Approval.APPROVED


@pytest.mark.parametrize("date", ["tomorrow", "31.12.2026", "2026-13-01"])
def test_unreadable_dates(date: str) -> None:
    """A date that cannot be read is an error, never no date."""
    with pytest.raises(InvalidResponseError) as caught:
        described(metadata={"approval": "approved", "rights_end": date})
    assert f"rights_end is {date!r}" in caught.value.detail


@pytest.mark.parametrize("field", ["asset_id", "version"])
def test_incomplete_record(field: str) -> None:
    """A record without an id or version is an invalid response."""
    with pytest.raises(InvalidResponseError):
        described(**{field: None})


def test_expression() -> None:
    """A search asks for approved images with all criteria, quoted."""
    mapping, faults = parse_mapping(
        "{approval: {approved: [approved, final]}, criteria: {offer: offer_code}, search: {page_size: 7}}"
    )
    assert faults == []
    query = AssetQuery("cloudinary", (("offer", 'a "b" *'), ("segment", "retail")), "de")
    body = search_body(wanted_metadata(query, mapping), mapping, "next")
    assert body == {
        "expression": "resource_type:image AND moderation_status:approved"
        ' AND (metadata.approval="approved" OR metadata.approval="final")'
        ' AND metadata.language="de" AND metadata.offer_code="a \\"b\\" \\*" AND metadata.segment="retail"',
        "sort_by": [{"uploaded_at": "desc"}],
        "max_results": 7,
        "with_field": ["metadata"],
        "next_cursor": "next",
    }


def test_mapping_faults() -> None:
    """A mapping's faults are named with their places."""
    _, faults = parse_mapping(
        "{approval: {rejected: ['no']}, require_moderation: maybe, rights: x, search: {page_size: 0}}"
    )
    assert sorted(fault.split(":")[0] for fault in faults) == [
        "approval.approved",
        "require_moderation",
        "rights",
        "search.page_size",
    ]
