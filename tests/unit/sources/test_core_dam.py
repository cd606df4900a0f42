from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pressrun_sources.core_dam.description import describe_asset
from pressrun_sources.core_dam.mapping import CoreDamMapping, FieldPath, RenditionSize, parse_mapping
from pressrun_sources.core_dam.metadata import Metadata
from pressrun_sources.core_dam.rendition import choose_rendition
from pressrun_sources.core_dam.search import LATEST, ORIGINAL_ID, condition, either, search_form
from pressrun_sources.errors import InvalidResponseError
from pressrun_sources.model import Approval, AssetDescription, AssetRef, Rendition

NOW = datetime(2026, 7, 1, tzinfo=UTC)
REF = AssetRef("core-dam", "7f20")
EXPIRES = "ARTESIA.FIELD.EXPIRATION DATE"


def scalar(identifier: str, value: object) -> dict[str, Any]:
    """A plain field."""
    inner = {"value": {"value": {"type": "string", "value": value}}}
    return {"id": identifier, "type": "com.artesia.metadata.MetadataField", **inner}


def lookup(identifier: str, key: str, display: str) -> dict[str, Any]:
    """A field from a lookup list."""
    value = {"display_value": display, "field_value": {"type": "string", "value": key}}
    inner = {"value": {"domain_value": True, "value": value}}
    return {"id": identifier, "type": "com.artesia.metadata.MetadataField", **inner}


def table(identifier: str, **columns: list[str | None]) -> dict[str, Any]:
    """A table; None is an empty cell."""
    return {
        "id": identifier,
        "type": "com.artesia.metadata.MetadataTable",
        "metadata_element_list": [
            {
                "id": name,
                "type": "com.artesia.metadata.MetadataTableField",
                "values": [{} if value is None else {"value": {"type": "string", "value": value}} for value in values],
            }
            for name, values in columns.items()
        ],
    }


def asset(*fields: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An asset whose fields lie in two groups, with empty fields between them."""
    empty = [
        {"id": "EMPTY.1", "type": "com.artesia.metadata.MetadataField"},
        {"id": "EMPTY.2", "type": "com.artesia.metadata.MetadataField", "value": {}},
        {"id": "EMPTY.3", "type": "com.artesia.metadata.MetadataField", "value": {"value": {}}},
    ]
    groups = [
        {"id": "GROUP.1", "metadata_element_list": [*empty, *fields[:1]]},
        {"id": "GROUP.2", "metadata_element_list": [*fields[1:]]},
    ]
    made = {
        "asset_id": "0a11",
        "original_asset_id": "7f20",
        "version": 4,
        "name": "logo.svg",
        "mime_type": "image/svg+xml",
        "date_last_updated": "2025-06-02T10:11:12Z",
        "deleted": False,
        "expired": False,
        "metadata": {"id": "MODEL", "metadata_element_list": groups},
        "master_content_info": {
            "mime_type": "image/svg+xml",
            "content_size": 18211,
            "unit_of_size": "BYTES",
            "content_checksum": "9e107d9d372bb6826bd81d3542a419d6",
            "width": -1,
            "height": -1,
        },
    }
    return made | changes


def test_metadata_of_every_kind() -> None:
    """Scalars, lookup keys and table columns are found in any group; empties of every form are nothing."""
    made = asset(
        scalar("A", "text"),
        lookup("B C", "KEY", "Shown"),
        table("T", X=["1", None, "3"], Y=[None, None, None]),
        scalar("N", 12),
        scalar("F", value=False),
    )
    metadata = Metadata(made)
    assert metadata.values(FieldPath("A")) == ("text",)
    assert metadata.values(FieldPath("B C")) == ("KEY",)
    assert metadata.values(FieldPath("T", "X")) == ("1", "3")
    assert metadata.values(FieldPath("T", "Y")) == ()
    assert (metadata.first(FieldPath("N")), metadata.first(FieldPath("F"))) == ("12", "false")
    assert [metadata.first(FieldPath(f"EMPTY.{number}")) for number in (1, 2, 3)] == [None, None, None]
    assert metadata.values(None) == ()


@pytest.mark.parametrize("odd", [None, [], "text", {"metadata_element_list": "x"}, {"metadata_element_list": [1, {}]}])
def test_odd_metadata(odd: object) -> None:
    """Metadata of an unexpected shape holds nothing, and breaks nothing."""
    assert Metadata({"metadata": odd}).values(FieldPath("A")) == ()


def described(*fields: dict[str, Any], mapping: CoreDamMapping | None = None, **changes: Any) -> AssetDescription:
    """A description with the usual mapping."""
    usual, faults = parse_mapping("fields: {approval: {field: OK, approved: [Y, LIVE], rejected: [N], retired: [OLD]}}")
    assert faults == []
    return describe_asset(asset(*fields, **changes), REF, mapping or usual, NOW)


def test_description() -> None:
    """The fields of an asset become those of a description; unknown sizes are none."""
    found = described(scalar("OK", "Y"))
    assert (found.asset_id, found.version, found.etag) == ("0a11", "4", "9e107d9d372bb6826bd81d3542a419d6")
    assert (found.media_type, found.size, found.width, found.height) == ("image/svg+xml", 18211, None, None)
    assert (found.approval, found.rights_until, found.deleted) == (Approval.APPROVED, None, False)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([scalar("OK", "LIVE")], Approval.APPROVED),
        ([lookup("OK", "Y", "Freigegeben")], Approval.APPROVED),
        ([lookup("OK", "?", "Y")], Approval.UNKNOWN),
        ([scalar("OK", "N")], Approval.REJECTED),
        ([scalar("OK", "OLD")], Approval.RETIRED),
        ([scalar("OK", "y")], Approval.UNKNOWN),
        ([], Approval.UNKNOWN),
    ],
)
def test_approval(fields: list[dict[str, Any]], expected: Approval) -> None:
    """Approval is what the mapped field's key means; `asset_state` means nothing."""
    assert described(*fields, asset_state="NORMAL").approval is expected


def test_approval_by_table_and_policy() -> None:
    """Approval may be a column, where all rows must approve, or a security policy."""
    by_table, _ = parse_mapping("fields: {approval: {table: T, column: X, approved: [Y]}}")
    assert described(table("T", X=["Y", "Y"]), mapping=by_table).approval is Approval.APPROVED
    assert described(table("T", X=["Y", "?"]), mapping=by_table).approval is Approval.UNKNOWN
    by_policy, faults = parse_mapping("fields: {approval: {security_policy_id: 42}}")
    assert faults == []
    assert described(mapping=by_policy, security_policy_list=[{"id": 7}, {"id": 42}]).approval is Approval.APPROVED
    assert described(mapping=by_policy, security_policy_list=[{"id": 7}]).approval is Approval.PENDING


def test_expiry() -> None:
    """The date ends the rights; the flag ends them too, and retires the asset, whatever the date says."""
    assert described(scalar(EXPIRES, "2026-12-31T10:00:00Z")).rights_until == datetime(2026, 12, 31, 10, tzinfo=UTC)
    assert described(scalar(EXPIRES, "2026-12-31")).rights_until == datetime(2027, 1, 1, tzinfo=UTC)
    assert described(scalar(EXPIRES, "9999-12-31")).rights_until == datetime.max.replace(tzinfo=UTC)
    flagged = described(scalar("OK", "Y"), scalar(EXPIRES, "2099-12-31"), expired=True)
    assert flagged.approval is Approval.RETIRED
    assert flagged.rights_until == datetime(2025, 6, 2, 10, 11, 12, tzinfo=UTC)
    undated = described(expired=True, date_last_updated=None)
    assert undated.rights_until == datetime(1970, 1, 1, tzinfo=UTC)


def test_unreadable_expiry() -> None:
    """An expiry that cannot be read is an error, never no expiry."""
    with pytest.raises(InvalidResponseError) as caught:
        described(scalar(EXPIRES, "next year"))
    assert EXPIRES in caught.value.detail


@pytest.mark.parametrize("field", ["asset_id", "version"])
def test_incomplete(field: str) -> None:
    """An asset without id or version is an invalid response."""
    with pytest.raises(InvalidResponseError):
        described(**{field: None})


def test_conditions() -> None:
    """Conditions have the documented shapes and are joined to the one before them."""
    groups = [
        [condition(LATEST, "OP", "Y")],
        either([condition(FieldPath("T", "X"), "OP", "a"), condition(FieldPath("F"), "OP", "b")]),
        either([condition(ORIGINAL_ID, "OP", "c")]),
    ]
    form = search_form(CoreDamMapping(), groups, after=200, limit=50)
    listed = json.loads(form["search_condition_list"])["search_condition_list"]["search_condition"]
    assert [item.get("relational_operator") for item in listed] == [None, "and", "or", "and"]
    assert [(item.get("left_paren"), item.get("right_paren")) for item in listed] == [
        (None, None),
        ("(", None),
        (None, ")"),
        (None, None),
    ]
    assert listed[0] == {
        "type": "com.artesia.search.SearchScalarCondition",
        "metadata_field_id": "ARTESIA.FIELD.IS LATEST VERSION",
        "relational_operator_id": "OP",
        "value": "Y",
    }
    assert listed[1]["type"] == "com.artesia.search.SearchTabularCondition"
    assert listed[1]["metadata_table_id"] == "T"
    cell = listed[1]["tabular_field_list"][0]
    assert (cell["type"], cell["metadata_field_id"], cell["value"]) == (
        "com.artesia.search.SearchTabularFieldCondition",
        "X",
        "a",
    )
    assert (form["after"], form["limit"], form["keyword_query"]) == ("200", "50", "*")
    assert "search_condition_list" not in search_form(CoreDamMapping(), (), after=0, limit=1)


PICTURE = replace(described(), width=2000, height=500)
SIZES = (RenditionSize("thumbnail", 200, 200), RenditionSize("preview", 800, 800))


@pytest.mark.parametrize(
    ("rendition", "expected"),
    [
        (Rendition(), None),
        (Rendition(width=200), "thumbnail"),
        (Rendition(width=201), "preview"),
        (Rendition(height=50), "thumbnail"),
        (Rendition(height=51), "preview"),
        (Rendition(height=300), None),
        (Rendition(width=801), None),
        (Rendition(width=200, height=200), "thumbnail"),
        (Rendition(width=200, height=200, fit="fill"), "preview"),
        (Rendition(width=200, dpi=300), None),
        (Rendition(width=200, color_space="cmyk"), None),
        (Rendition(width=200, format="svg"), None),
        (Rendition(format="jpg"), None),
    ],
)
def test_renditions(rendition: Rendition, expected: str | None) -> None:
    """The system's own rendition is used only where it is certainly large enough, and never for print."""
    assert choose_rendition(PICTURE, rendition, SIZES) == expected
    assert choose_rendition(replace(PICTURE, width=None), rendition, SIZES) is None
    assert choose_rendition(PICTURE, rendition, ()) is None


def test_small_pictures() -> None:
    """A picture that is smaller than what is wanted is taken as the master."""
    assert choose_rendition(replace(PICTURE, width=100, height=100), Rendition(width=150), SIZES) is None


def test_mapping() -> None:
    """A mapping file is read whole."""
    mapping, faults = parse_mapping(
        """
        auth: {client_auth: form, scope: dam, session_life_s: 60}
        paths: {search: /s, asset: "/a/{id}", contents: "/a/{id}/c", sessions: /l, oauth_token: /t}
        operators: {text: OP}
        search: {config_id: 9, load_type: full, page_size: 10, max_pages: 2}
        fields:
          expires: {table: E, column: C}
          starts: S
          approval: {field: A, approved: [1, "2"]}
          language: L
          region: R
          owner: O
        renditions: {preview: {width: 800, height: 600}, thumbnail: {width: 100, height: 100}}
        """
    )
    assert faults == []
    assert (mapping.client_auth, mapping.scope, mapping.session_life_s) == ("form", "dam", 60)
    assert (mapping.search_path, mapping.contents_path) == ("/s", "/a/{id}/c")
    assert (mapping.expires, mapping.starts) == (FieldPath("E", "C"), FieldPath("S"))
    assert mapping.approval is not None
    assert mapping.approval.keys == {"1": Approval.APPROVED, "2": Approval.APPROVED}
    assert [size.kind for size in mapping.renditions] == ["thumbnail", "preview"]
    assert mapping.criteria() == {"language": FieldPath("L"), "region": FieldPath("R"), "owner": FieldPath("O")}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1]", "expected fields, got list"),
        ("a: [", "line 1, column"),
        ("fields: {expires: 5}", "fields.expires"),
        ("fields: {segment: {table: T}}", "fields.segment"),
        ("fields: {segment: ''}", "fields.segment"),
        ("fields: {approval: {}}", "fields.approval: expected one of"),
        ("fields: {approval: {field: A, security_policy_id: 1, approved: [x]}}", "fields.approval: expected one of"),
        ("paths: {asset: /assets}", "paths.asset: expected a path such as /assets/{id}"),
        ("paths: {search: search}", "paths.search"),
        ("auth: {client_auth: digest}", "auth.client_auth: 'digest' is not one of basic, form"),
        ("renditions: {poster: {width: 1, height: 1}}", "renditions.poster: unknown field"),
        ("renditions: {preview: {width: 0, height: 1}}", "renditions.preview.width"),
    ],
)
def test_mapping_faults(text: str, fault: str) -> None:
    """A fault of a mapping file is named with its place."""
    _, faults = parse_mapping(text)
    assert any(found.strip(": ").startswith(fault) for found in faults), faults
