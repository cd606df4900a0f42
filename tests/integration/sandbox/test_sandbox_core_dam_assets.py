from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pressrun_loadtest.sandbox import Sandbox

LOGO = "7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"
EXPIRED = "3c9e5b7a1d2f4086b8c0e4d6f2a19357b5d3e1f0"
DRAFT = "b46d2f8091c7e35a4b6f1d8e2c0a97531f5e3d7c"
FOLDER = "a1b2c3d4e5f60718293a4b5c6d7e8f9011121314"


def fields_of(metadata: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All fields of all groups by id."""
    groups = metadata["metadata_element_list"]
    return {field["id"]: field for group in groups for field in group["metadata_element_list"]}


@pytest.fixture
def logo_id(sandbox: Sandbox) -> str:
    """The id of the logo's newest version."""
    row = sandbox.core_dam.store.latest(LOGO)
    assert row is not None
    return row.asset_id


@pytest.mark.fact("core-dam.asset-fields")
async def test_asset_tells_version_and_content(dam: Any, logo_id: str) -> None:
    """One asset names its stable id, its version, its dates in UTC seconds and its master file."""
    answer = await dam("GET", f"/assets/{logo_id}", params={"load_type": "metadata", "level_of_detail": "full"})
    asset = answer.json["asset_resource"]["asset"]
    assert asset["original_asset_id"] == LOGO
    assert (asset["version"], asset["latest_version"], asset["expired"], asset["deleted"]) == (2, True, False, False)
    assert (asset["mime_type"], asset["content_type"]) == ("image/png", "BITMAP")
    assert (asset["date_imported"], asset["asset_state"]) == ("2025-06-02T10:11:12Z", "NORMAL")
    master = asset["master_content_info"]
    assert (master["content_kind"], master["unit_of_size"]) == ("MASTER", "BYTES")
    assert (master["width"], master["height"]) == (360, 96)
    assert master["url"] == f"/otmmapi/v6/renditions/{master['id']}"
    assert set(asset["rendition_content"]) == {"thumbnail_content", "preview_content"}


@pytest.mark.fact("core-dam.load-type")
async def test_load_type_and_detail_decide_what_comes(dam: Any, logo_id: str) -> None:
    """Metadata comes with the load types that ask for it, renditions with full detail only."""
    seen = {}
    for load_type, level in (("system", "slim"), ("metadata", "slim"), ("metadata", "full"), ("full", "slim")):
        params = {"load_type": load_type, "level_of_detail": level}
        asset = (await dam("GET", f"/assets/{logo_id}", params=params)).json["asset_resource"]["asset"]
        seen[load_type, level] = ("metadata" in asset, "rendition_content" in asset)
    assert seen == {
        ("system", "slim"): (False, False),
        ("metadata", "slim"): (True, False),
        ("metadata", "full"): (True, True),
        ("full", "slim"): (True, True),
    }


@pytest.mark.fact("core-dam.custom-load")
async def test_custom_load_type_takes_a_request(dam: Any, logo_id: str) -> None:
    """With load_type=custom the booleans of data_load_request decide, and without it the call is refused."""
    wanted = json.dumps({"data_load_request": {"load_metadata": True}})
    params = {"load_type": "custom", "data_load_request": wanted}
    asset = (await dam("GET", f"/assets/{logo_id}", params=params)).json["asset_resource"]["asset"]
    assert "metadata" in asset
    assert "rendition_content" not in asset
    assert (await dam("GET", f"/assets/{logo_id}", params={"load_type": "custom"})).status == 400


@pytest.mark.parametrize("params", [{"load_type": "everything"}, {"level_of_detail": "huge"}])
async def test_unknown_detail_is_refused(dam: Any, logo_id: str, params: dict[str, str]) -> None:
    """A load type or level that does not exist answers 400 and lists the valid ones."""
    answer = await dam("GET", f"/assets/{logo_id}", params=params)
    assert answer.status == 400
    assert "expected" in answer.json["exception_body"]["message"]


@pytest.mark.fact("core-dam.metadata-nesting")
async def test_metadata_has_the_documented_nesting(dam: Any, logo_id: str) -> None:
    """Scalars, lookup values and tables sit where the system puts them, over several groups."""
    params = {"load_type": "metadata"}
    asset = (await dam("GET", f"/assets/{logo_id}", params=params)).json["asset_resource"]["asset"]
    assert asset["metadata"]["type"] == "com.artesia.metadata.MetadataModel"
    fields = fields_of(asset["metadata"])
    assert fields["LANGUAGE_COMBO_CHAR_ID"]["value"]["value"] == {"type": "string", "value": "en"}
    approval = fields["ACME.FIELD.APPROVAL"]["value"]
    assert approval["domain_value"] is True
    assert approval["value"]["display_value"] == "Approved"
    assert approval["value"]["field_value"]["value"] == "APPROVED"
    table = fields["OTMM.FIELD.MARKET_SEGMENT.TAB"]
    assert table["type"] == "com.artesia.metadata.MetadataTable"
    column = table["metadata_element_list"][0]
    assert column["type"] == "com.artesia.metadata.MetadataTableField"
    segments = [value["value"]["value"] for value in column["values"]]
    assert segments == ["everyday", "premier", "student", "business"]


@pytest.mark.fact("core-dam.empty-fields")
async def test_empty_fields_come_in_three_forms(dam: Any, sandbox: Sandbox) -> None:
    """An unset field lacks its value, or has an empty one, or has one with nothing inside."""
    row = sandbox.core_dam.store.latest(DRAFT)
    assert row is not None
    params = {"load_type": "metadata"}
    asset = (await dam("GET", f"/assets/{row.asset_id}", params=params)).json["asset_resource"]["asset"]
    empties = [
        field.get("value") for field in fields_of(asset["metadata"]).values() if "metadata_element_list" not in field
    ]
    assert {json.dumps(value) for value in empties} >= {"null", "{}", '{"value": {}}'}


@pytest.mark.fact("core-dam.versions")
async def test_versions_are_rows_that_share_the_original(dam: Any, sandbox: Sandbox) -> None:
    """Both versions of the logo have ids, bytes and checksums of their own; only one is the latest."""
    rows = sandbox.core_dam.store.versions(LOGO)
    assets = [(await dam("GET", f"/assets/{row.asset_id}")).json["asset_resource"]["asset"] for row in rows]
    assert [(a["version"], a["latest_version"]) for a in assets] == [(1, False), (2, True)]
    assert {a["original_asset_id"] for a in assets} == {LOGO}
    assert len({a["asset_id"] for a in assets} | {LOGO}) == 3
    assert len({a["master_content_info"]["content_checksum"] for a in assets}) == 2


async def test_contents_are_the_file(dam: Any, logo_id: str, seed_file: Path) -> None:
    """The download is the master file to the byte, and the checksum its MD5."""
    asset = (await dam("GET", f"/assets/{logo_id}")).json["asset_resource"]["asset"]
    answer = await dam("GET", f"/assets/{logo_id}/contents")
    assert answer.body == (seed_file.parent / "logo.png").read_bytes()
    assert answer.headers["Content-Type"] == "image/png"
    checksum = hashlib.md5(answer.body, usedforsecurity=False).hexdigest()
    assert asset["master_content_info"]["content_checksum"] == checksum
    assert "ETag" not in answer.headers


@pytest.mark.fact("core-dam.disposition")
async def test_attachment_names_the_file(dam: Any, logo_id: str) -> None:
    """disposition=attachment is carried into Content-Disposition."""
    answer = await dam("GET", f"/assets/{logo_id}/contents", params={"disposition": "attachment"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="logo.png"'


@pytest.mark.parametrize(("kind", "width"), [("thumbnail", 160), ("preview", 360)])
@pytest.mark.fact("core-dam.renditions", "core-dam.host-relative-links")
async def test_renditions_by_type_and_by_id(dam: Any, logo_id: str, kind: str, width: int) -> None:
    """A rendition comes by type and by its own link, with its own checksum, never enlarged."""
    params = {"load_type": "full"}
    asset = (await dam("GET", f"/assets/{logo_id}", params=params)).json["asset_resource"]["asset"]
    content = asset["rendition_content"][f"{kind}_content"]
    by_type = await dam("GET", f"/assets/{logo_id}/contents", params={"rendition_type": kind})
    by_id = await dam("GET", "/renditions/" + content["url"].rpartition("/")[2])
    assert by_type.body == by_id.body
    assert by_type.image.width == width == content["width"]
    assert content["content_checksum"] == hashlib.md5(by_id.body, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/assets/" + LOGO, 404),
        ("/assets/unknown/contents", 404),
        ("/renditions/unknown", 404),
        ("/collections/unknown/assets", 404),
        ("/folders/unknown/assets", 404),
        ("/nowhere", 404),
    ],
)
async def test_unknown_ids_answer_404(dam: Any, path: str, status: int) -> None:
    """What is not there answers 404; the stable id is no asset id, so it is not there either."""
    answer = await dam("GET", path)
    assert answer.status == status
    assert answer.json["exception_body"]["http_response_code"] == status


async def test_unknown_rendition_type_is_refused(dam: Any, logo_id: str) -> None:
    """A rendition type that does not exist answers 400."""
    assert (await dam("GET", f"/assets/{logo_id}/contents", params={"rendition_type": "poster"})).status == 400


@pytest.mark.fact("core-dam.expired-deleted")
async def test_expired_asset_says_so(dam: Any, sandbox: Sandbox) -> None:
    """An asset past its expiration date reads with expired=true, and its bytes still come: the caller must look."""
    row = sandbox.core_dam.store.latest(EXPIRED)
    assert row is not None
    assert (await dam("GET", f"/assets/{row.asset_id}")).json["asset_resource"]["asset"]["expired"] is True
    assert (await dam("GET", f"/assets/{row.asset_id}/contents")).status == 200


@pytest.mark.fact("core-dam.collections")
async def test_collections_and_folders_list_newest_versions(dam: Any, logo_id: str) -> None:
    """Collections nest the content otherwise than folders do; both list the newest versions in their order."""
    listed = (await dam("GET", "/collections")).json["collection_resource"]["collection"]
    assert [(c["id"], c["owner_name"]) for c in listed] == [("90210", "svc-render")]
    pack = (await dam("GET", "/collections/90210/assets")).json["assets_resource"]["asset_list"]
    assert [a["asset_id"] for a in pack] == [logo_id]
    assert pack[0]["asset_content_info"]["master_content"]["mime_type"] == "image/png"
    folder = (await dam("GET", f"/folders/{FOLDER}/assets")).json["assets_resource"]["asset_list"]
    assert [a["original_asset_id"] for a in folder] == [LOGO, EXPIRED, DRAFT]
    assert all("master_content_info" in a for a in folder)


@pytest.mark.fact("core-dam.multi-get")
async def test_several_assets_by_selection(dam: Any, logo_id: str) -> None:
    """A selection context gives several assets and leaves unknown ids out; another context is refused."""
    context = {
        "type": "com.artesia.asset.selection.AssetIdsSelectionContext",
        "asset_ids": [logo_id, "unknown"],
        "include_descendants": "NONE",
        "child_type": "ASSETS",
    }
    value = json.dumps({"selection_context_param": {"selection_context": context}})
    answer = await dam("GET", "/assets", params={"load_type": "metadata", "selection_context": value})
    assert [a["asset_id"] for a in answer.json["assets_resource"]["asset_list"]] == [logo_id]
    assert (await dam("GET", "/assets", params={"selection_context": "{}"})).status == 400


@pytest.mark.parametrize("raw", ["{", "[", "}", "]", "|", '"'])
async def test_raw_brackets_in_the_query_are_refused(sandbox: Sandbox, raw: str) -> None:
    """Characters that Tomcat wants percent-encoded answer 400 when they come raw."""
    origin = urlsplit(sandbox.settings.core_dam.origin)
    reader, writer = await asyncio.open_connection(origin.hostname, origin.port)
    writer.write(
        f"GET /otmmapi/v6/assets?selection_context={raw} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    status = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert b" 400 " in status


async def test_new_version_moves_latest(dam: Any, dam_admin: Any, logo_id: str) -> None:
    """A new version gets its own id, the one before is no longer the latest, and the stable id stays."""
    report = (await dam_admin("POST", "/do/new-version", json={"asset": LOGO})).json
    assert (report["version"], report["original_asset_id"]) == (3, LOGO)
    old = (await dam("GET", f"/assets/{logo_id}")).json["asset_resource"]["asset"]
    new = (await dam("GET", f"/assets/{report['asset_id']}")).json["asset_resource"]["asset"]
    assert (old["latest_version"], new["latest_version"]) == (False, True)
    assert new["date_imported"] == "2026-07-01T12:30:00Z"
    assert new["master_content_info"]["content_checksum"] != old["master_content_info"]["content_checksum"]


async def test_expire_and_approval_by_tests(dam: Any, dam_admin: Any, logo_id: str) -> None:
    """Tests can expire an asset and change its approval; the update date tells it."""
    await dam_admin("POST", "/do/expire", json={"asset": LOGO})
    await dam_admin("POST", "/do/approval", json={"asset": LOGO, "value": "RETIRED"})
    params = {"load_type": "metadata"}
    asset = (await dam("GET", f"/assets/{logo_id}", params=params)).json["asset_resource"]["asset"]
    assert asset["expired"] is True
    assert asset["date_last_updated"] == "2026-07-01T12:30:00Z"
    fields = fields_of(asset["metadata"])
    assert fields["ACME.FIELD.APPROVAL"]["value"]["value"]["field_value"]["value"] == "RETIRED"
    assert fields["ARTESIA.FIELD.EXPIRATION DATE"]["value"]["value"]["value"] == "2026-07-01T12:30:00Z"


@pytest.mark.fact("core-dam.expired-deleted")
async def test_delete_by_tests(dam: Any, dam_admin: Any, logo_id: str) -> None:
    """A deleted asset still reads as deleted, its bytes are gone, and lists no longer hold it."""
    await dam_admin("POST", "/do/delete", json={"asset": LOGO})
    assert (await dam("GET", f"/assets/{logo_id}")).json["asset_resource"]["asset"]["deleted"] is True
    assert (await dam("GET", f"/assets/{logo_id}/contents")).status == 404
    assert (await dam("GET", "/collections/90210/assets")).json["assets_resource"]["asset_list"] == []


@pytest.mark.parametrize("stale", [True, False])
async def test_given_bytes_are_served(dam: Any, dam_admin: Any, logo_id: str, *, stale: bool) -> None:
    """Tests can have any bytes served as the master, with the right checksum or with the old, wrong one."""
    body = {"asset": LOGO, "data": "bm8gcGljdHVyZQ==", "content_type": "image/gif", "stale_checksum": stale}
    await dam_admin("POST", "/do/content", json=body)
    answer = await dam("GET", f"/assets/{logo_id}/contents")
    assert (answer.body, answer.headers["Content-Type"]) == (b"no picture", "image/gif")
    asset = (await dam("GET", f"/assets/{logo_id}")).json["asset_resource"]["asset"]
    right = hashlib.md5(b"no picture", usedforsecurity=False).hexdigest()
    assert (asset["master_content_info"]["content_checksum"] == right) is not stale
