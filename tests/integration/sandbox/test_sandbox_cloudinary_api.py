from __future__ import annotations

import asyncio
import base64
import hashlib
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import cloudinary.api
import cloudinary.exceptions
import cloudinary.search
import pytest

from pressrun_loadtest.sandbox import CloudinaryOptions, Sandbox, Seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREMIER = "statement/banner-premier"


def basic(key: str, secret: str) -> dict[str, str]:
    """A Basic authorization header."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


@pytest.mark.fact("cloudinary.rate-headers")
async def test_ping_tells_limits_and_request_id(api: Any) -> None:
    """Every answer carries the hourly limit, what is left, when it refills, and a request id."""
    first, second = await api("GET", "/ping"), await api("GET", "/ping")
    assert first.json == {"status": "ok"}
    assert first.headers["X-FeatureRateLimit-Limit"] == "2000"
    left = [int(answer.headers["X-FeatureRateLimit-Remaining"]) for answer in (first, second)]
    assert left == [1999, 1998]
    reset = parsedate_to_datetime(first.headers["X-FeatureRateLimit-Reset"])
    assert (reset.hour, reset.minute) == (13, 0)
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("headers", [{}, basic("123456789012345", "wrong"), basic("wrong", "sandbox-api-secret")])
@pytest.mark.fact("cloudinary.basic-auth")
async def test_wrong_credentials_answer_401(
    sandbox: Sandbox, call: Callable[..., Any], headers: dict[str, str]
) -> None:
    """Missing or wrong credentials answer 401 in the error form, without repeating them."""
    answer = await call(sandbox.settings.cloudinary.api_base_url)("GET", "/v1_1/sandbox/ping", headers=headers)
    assert answer.status == 401
    assert "message" in answer.json["error"]
    assert b"wrong" not in answer.body


async def test_another_cloud_is_refused(sandbox: Sandbox, call: Callable[..., Any], api: Any) -> None:
    """The credentials open their own cloud only."""
    other = call(sandbox.settings.cloudinary.api_base_url)
    assert (await other("GET", "/v1_1/acme/ping", headers=api.headers)).status == 401


@pytest.mark.parametrize("status", [420, 429])
@pytest.mark.fact("cloudinary.rate-statuses")
async def test_budget_of_an_hour(seed: Seed, clock: Any, call: Callable[..., Any], status: int) -> None:
    """Past the limit calls answer 420 or 429 with the limit and the time to retry, until the next hour."""
    options = CloudinaryOptions(rate_limit=2, rate_limit_status=status)
    async with Sandbox(seed=seed, clock=clock, cloudinary=options) as small:
        settings = small.settings.cloudinary
        api = call(f"{settings.api_base_url}/v1_1/sandbox", **basic(settings.api_key, settings.api_secret))
        statuses = [(await api("GET", "/ping")).status for _ in range(3)]
        assert statuses == [200, 200, status]
        refused = await api("GET", "/ping")
        assert "Limit of 2" in refused.json["error"]["message"]
        assert "2026-07-01 13:00:00 UTC" in refused.json["error"]["message"]
        assert refused.headers["X-FeatureRateLimit-Remaining"] == "0"
        clock.advance(1800)
        assert (await api("GET", "/ping")).status == 200


@pytest.mark.fact("cloudinary.record")
async def test_asset_by_public_id_and_by_asset_id(api: Any, seed_file: Path) -> None:
    """Both reads give the same full record, with the file's MD5 as etag."""
    by_name = await api("GET", f"/resources/image/upload/{PREMIER}")
    by_id = await api("GET", f"/resources/{by_name.json['asset_id']}")
    assert by_name.json == by_id.json
    record = by_name.json
    data = (seed_file.parent / "banner-premier.jpg").read_bytes()
    assert record["etag"] == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert record["bytes"] == len(data)
    assert (record["public_id"], record["format"], record["width"], record["height"]) == (PREMIER, "jpg", 400, 100)
    assert record["version"] == 1767225660
    assert len(record["asset_id"]) == 32
    assert record["context"] == {"custom": {"alt": "Banner of the premier account"}}
    assert record["metadata"]["segment"] == ["premier"]
    assert record["moderation_status"] == "approved"
    assert record["moderation"][0]["kind"] == "manual"


async def test_links_in_records_work(api: Any, call: Callable[..., Any]) -> None:
    """The record's url delivers the file that its etag names."""
    record = (await api("GET", f"/resources/image/upload/{PREMIER}")).json
    delivered = await call("")("GET", record["secure_url"])
    assert delivered.status == 200
    assert delivered.headers["ETag"] == f'"{record["etag"]}"'


@pytest.mark.fact("cloudinary.public-id-in-path")
async def test_escaped_public_id_is_the_same(api: Any) -> None:
    """A public id whose slash is percent-encoded names the same asset."""
    answer = await api("GET", "/resources/image/upload/statement%2Fbanner-premier")
    assert answer.json["public_id"] == PREMIER


@pytest.mark.parametrize(
    "path",
    [
        "/resources/image/upload/statement/none",
        "/resources/image/private/statement/banner-premier",
        "/resources/video/upload/statement/banner-premier",
        "/resources/00000000000000000000000000000000",
    ],
)
@pytest.mark.fact("cloudinary.error-body")
async def test_unknown_asset_answers_404(api: Any, path: str) -> None:
    """An unknown id, also one of another type, answers 404 and names it."""
    answer = await api("GET", path)
    assert answer.status == 404
    assert answer.json["error"]["message"].startswith("Resource not found - ")


@pytest.mark.fact("cloudinary.by-asset-ids")
async def test_batch_read(api: Any) -> None:
    """Up to 100 assets are read by id at once; unknown ids are left out."""
    record = (await api("GET", f"/resources/image/upload/{PREMIER}")).json
    params = [("asset_ids[]", record["asset_id"]), ("asset_ids[]", "unknown")]
    assert (await api("GET", "/resources/by_asset_ids", params=params)).json == {"resources": [record]}
    fields = [*params, ("fields", "version,moderation,access_control")]
    listed = (await api("GET", "/resources/by_asset_ids", params=fields)).json["resources"]
    named = {name: record.get(name) for name in ("asset_id", "public_id", "version", "moderation", "access_control")}
    assert listed == [named]
    refused = await api("GET", "/resources/by_asset_ids", params=[*params, ("fields", "moderation_status")])
    assert refused.status == 400
    too_many = [("asset_ids[]", str(number)) for number in range(101)]
    assert (await api("GET", "/resources/by_asset_ids", params=too_many)).status == 400


@pytest.mark.fact("cloudinary.update")
async def test_update_changes_what_is_given(api: Any) -> None:
    """An update writes tags, context, metadata with escapes, windows and moderation, and leaves the rest."""
    body = {
        "moderation_status": "rejected",
        "tags": "one, two",
        "context": r"alt=a \| b \= c",
        "metadata": 'approval=retired|segment=["premier","student"]|rights_end=2027-01-31',
        "access_control": '[{"access_type":"anonymous","start":"2026-01-05T00:00:00Z"}]',
        "display_name": "Premier",
    }
    updated = await api("POST", f"/resources/image/upload/{PREMIER}", json=body)
    assert updated.status == 200
    record = (await api("GET", f"/resources/image/upload/{PREMIER}")).json
    assert record == updated.json
    assert record["moderation_status"] == "rejected"
    assert record["tags"] == ["one", "two"]
    assert record["context"]["custom"] == {"alt": "a | b = c"}
    assert record["metadata"]["segment"] == ["premier", "student"]
    assert record["metadata"]["campaign"] == "statement-2026"
    assert record["access_control"] == [{"access_type": "anonymous", "start": "2026-01-05T00:00:00Z"}]
    assert record["version"] == 1767225660


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"moderation_status": "pending"}, "approved or rejected"),
        ({"metadata": "mood=happy"}, "mood"),
        ({"metadata": "approval=maybe"}, "superseded"),
        ({"metadata": "rights_end=soon"}, "rights_end"),
        ({"metadata": "segment=premier"}, "segment"),
        ({"access_control": '[{"access_type":"nobody"}]'}, "anonymous, token"),
        ({"colour": "red"}, "colour"),
    ],
)
@pytest.mark.fact("cloudinary.update")
async def test_update_refuses_bad_values(api: Any, body: dict[str, str], names: str) -> None:
    """A bad value answers 400, says what would be valid, and changes nothing."""
    before = (await api("GET", f"/resources/image/upload/{PREMIER}")).json
    answer = await api("POST", f"/resources/image/upload/{PREMIER}", json=body)
    assert answer.status == 400
    assert names in answer.json["error"]["message"]
    assert (await api("GET", f"/resources/image/upload/{PREMIER}")).json == before


@pytest.mark.fact("cloudinary.version")
async def test_replacing_the_file_keeps_the_asset_id(api: Any, api_admin: Any) -> None:
    """A new file gets a new version and etag under the same asset id."""
    before = (await api("GET", f"/resources/image/upload/{PREMIER}")).json
    await api_admin("POST", "/do/new-version", json={"asset": PREMIER})
    after = (await api("GET", f"/resources/image/upload/{PREMIER}")).json
    assert after["asset_id"] == before["asset_id"]
    assert after["version"] == 1782909000 > before["version"]
    assert (after["etag"], after["version_id"]) != (before["etag"], before["version_id"])
    assert after["created_at"] == before["created_at"]


async def test_approval_expiry_and_deletion_by_tests(api: Any, api_admin: Any) -> None:
    """Tests can set any moderation status, end the rights and delete."""
    path = f"/resources/image/upload/{PREMIER}"
    await api_admin(
        "POST", "/do/approval", json={"asset": PREMIER, "moderation_status": "pending", "approval": "pending"}
    )
    await api_admin("POST", "/do/expire", json={"asset": PREMIER, "rights_end": "2026-06-30"})
    record = (await api("GET", path)).json
    assert (record["moderation_status"], record["metadata"]["approval"]) == ("pending", "pending")
    assert record["metadata"]["rights_end"] == "2026-06-30"
    await api_admin("POST", "/do/delete", json={"asset": PREMIER})
    assert (await api("GET", path)).status == 404


@pytest.mark.fact("cloudinary.sdk-admin")
async def test_vendor_sdk_works_unchanged(sandbox: Sandbox) -> None:
    """The official package reads, searches and updates against the stand-in, told only another host."""
    settings = sandbox.settings.cloudinary
    account = {
        "cloud_name": settings.cloud_name,
        "api_key": settings.api_key,
        "api_secret": settings.api_secret,
        "upload_prefix": settings.api_base_url,
    }

    def use() -> tuple[Any, Any, Any, Any]:
        ping = cloudinary.api.ping(**account)
        record = cloudinary.api.resource(PREMIER, **account)
        search = (
            cloudinary.search.Search()
            .expression('tags=banner AND metadata.segment="premier" AND moderation_status:approved')
            .sort_by("uploaded_at", "desc")
            .with_field("metadata")
            .max_results(5)
        )
        hits = search.execute(**account)
        metadata = {"approval": "retired", "segment": ["premier", "student"]}
        changed = cloudinary.api.update(
            PREMIER,
            moderation_status="rejected",
            metadata=metadata,
            tags=["a", "b"],
            context={"alt": "x=y|z"},
            **account,
        )
        with pytest.raises(cloudinary.exceptions.NotFound, match="Resource not found - nothing"):
            cloudinary.api.resource("nothing", **account)
        return ping, record, hits, changed

    ping, record, hits, changed = await asyncio.to_thread(use)
    assert ping["status"] == "ok"
    assert ping.rate_limit_allowed == 2000
    assert record["public_id"] == PREMIER
    assert [hit["public_id"] for hit in hits["resources"]] == [PREMIER]
    assert changed["metadata"]["segment"] == ["premier", "student"]
    assert changed["tags"] == ["a", "b"]
    assert changed["context"]["custom"] == {"alt": "x=y|z"}
