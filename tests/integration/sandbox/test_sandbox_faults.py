from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from pressrun_loadtest.sandbox.faults import FaultRule, Hang

if TYPE_CHECKING:
    from pressrun_loadtest.sandbox import Sandbox

PATH = "/upload/statement/banner-premier.jpg"
LOGO = "7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"


async def test_latency_stays_until_taken_away(delivery: Any, delivery_admin: Any) -> None:
    """Latency slows every request until its rule is removed."""
    rule = (await delivery_admin("POST", "/faults", json={"kind": "latency", "ms": 60, "jitter_ms": 10})).json
    for _ in range(2):
        started = time.perf_counter()
        assert (await delivery("GET", PATH)).status == 200
        assert time.perf_counter() - started >= 0.05
    assert (await delivery_admin("DELETE", f"/faults/{rule['id']}")).json == {"removed": True}
    assert (await delivery_admin("GET", "/faults")).json == {"faults": []}


async def test_next_requests_fail_with_a_status(dam: Any, dam_admin: Any) -> None:
    """The next N requests answer the status, with Retry-After, in the system's error form; then all is well."""
    fault = {"kind": "status", "status": 429, "retry_after": 7, "times": 2}
    await dam_admin("POST", "/faults", json=fault)
    answers = [await dam("GET", "/collections") for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].json["exception_body"]["http_response_code"] == 429


async def test_each_plane_fails_in_its_own_form(api: Any, api_admin: Any, delivery: Any, delivery_admin: Any) -> None:
    """The API answers JSON, delivery the header; a fault of one does not meet the other."""
    await api_admin("POST", "/faults", json={"kind": "status", "status": 503})
    assert (await delivery("GET", PATH)).status == 200
    assert "message" in (await api("GET", "/ping")).json["error"]
    await delivery_admin("POST", "/faults", json={"kind": "status", "status": 500})
    assert (await api("GET", "/ping")).status == 200
    assert "X-Cld-Error" in (await delivery("GET", PATH)).headers


async def test_faults_can_be_aimed(dam: Any, dam_admin: Any) -> None:
    """A rule with a path pattern and a method leaves other requests alone."""
    fault = {"kind": "status", "status": 500, "path": "/otmmapi/v6/search/*", "method": "post", "always": True}
    await dam_admin("POST", "/faults", json=fault)
    assert (await dam("GET", "/collections")).status == 200
    assert (await dam("GET", "/search/text")).status == 200
    assert [(await dam("POST", "/search/text")).status for _ in range(2)] == [500, 500]
    await dam_admin("DELETE", "/faults")
    assert (await dam("POST", "/search/text")).status == 200


async def test_hanging_request_never_answers(delivery: Any, delivery_admin: Any) -> None:
    """A hanging request gets no answer, and the next one is served."""
    await delivery_admin("POST", "/faults", json={"kind": "hang"})
    with pytest.raises(TimeoutError):
        await delivery("GET", PATH, timeout=aiohttp.ClientTimeout(total=0.1))
    assert (await delivery("GET", PATH)).status == 200


async def test_hanging_ends_when_the_caller_leaves(sandbox: Sandbox) -> None:
    """A hanging request does not outlive its caller: nothing piles up in the sandbox."""
    sandbox.cloudinary.delivery_faults.add(FaultRule(Hang()))
    tasks = asyncio.all_tasks()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.1)) as leaving:
        with pytest.raises(TimeoutError):
            await leaving.get(f"{sandbox.settings.cloudinary.delivery_base_url}/sandbox/image{PATH}")
    await asyncio.sleep(0.1)
    assert asyncio.all_tasks() == tasks


async def test_truncated_body(delivery: Any, delivery_admin: Any) -> None:
    """A truncated answer announces the whole length, sends part of it and closes."""
    await delivery_admin("POST", "/faults", json={"kind": "truncate", "keep_bytes": 100})
    with pytest.raises(aiohttp.ClientPayloadError):
        await delivery("GET", PATH)


async def test_wrong_content_type(delivery: Any, delivery_admin: Any) -> None:
    """The right bytes can come under a wrong content type."""
    right = await delivery("GET", PATH)
    await delivery_admin("POST", "/faults", json={"kind": "content-type", "value": "text/html"})
    wrong = await delivery("GET", PATH)
    assert (wrong.body, wrong.headers["Content-Type"]) == (right.body, "text/html")


async def test_redirect_elsewhere(dam: Any, dam_admin: Any) -> None:
    """A request can be redirected to another host; what was noted there shows whether credentials followed."""
    await dam_admin("POST", "/faults", json={"kind": "redirect", "location": "http://127.0.0.1:9/x", "status": 307})
    answer = await dam("GET", "/collections")
    assert (answer.status, answer.headers["Location"]) == (307, "http://127.0.0.1:9/x")


async def test_slow_drip(delivery: Any, delivery_admin: Any) -> None:
    """The body can come a few bytes at a time, complete in the end."""
    right = await delivery("GET", PATH)
    chunk = len(right.body) // 4 + 1
    await delivery_admin("POST", "/faults", json={"kind": "drip", "chunk_bytes": chunk, "pause_ms": 20})
    started = time.perf_counter()
    slow = await delivery("GET", PATH)
    assert slow.body == right.body
    assert time.perf_counter() - started >= 0.06


async def test_journal_counts_requests(dam: Any, dam_admin: Any, sandbox: Any) -> None:
    """The journal lists method, path, query and status of what was asked, without credentials or admin calls."""
    await dam("GET", "/collections", params={"a": "b"})
    await dam("GET", "/assets/none")
    await dam_admin("POST", "/faults", json={"kind": "status", "status": 503})
    await dam("POST", "/search/text")
    report = (await dam_admin("GET", "/requests")).json
    assert report["count"] == report["total"] == 3
    seen = [(r["method"], r["path"], r["query"], r["status"], r["fault"]) for r in report["requests"]]
    assert seen == [
        ("GET", "/otmmapi/v6/collections", "a=b", 200, None),
        ("GET", "/otmmapi/v6/assets/none", "", 404, None),
        ("POST", "/otmmapi/v6/search/text", "", 503, "status"),
    ]
    assert {r["authorization"] for r in report["requests"]} == {"bearer"}
    token = dam.headers["Authorization"].removeprefix("Bearer ")
    assert token not in str(report)
    narrowed = await dam_admin("GET", "/requests", params={"path": "/otmmapi/v6/search", "method": "POST"})
    assert narrowed.json["count"] == 1
    assert sandbox.core_dam.journal.count(path="/otmmapi/v6/assets") == 1
    await dam_admin("DELETE", "/requests")
    assert (await dam_admin("GET", "/requests")).json["total"] == 0


async def test_unanswered_requests_have_no_status(delivery: Any, delivery_admin: Any) -> None:
    """A request that hangs stands in the journal without a status."""
    await delivery_admin("POST", "/faults", json={"kind": "hang"})
    waiting = asyncio.create_task(delivery("GET", PATH))
    await asyncio.sleep(0.05)
    entries = (await delivery_admin("GET", "/requests")).json["requests"]
    assert [(e["status"], e["fault"]) for e in entries] == [(None, "hang")]
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_reset_goes_back_to_the_seed(dam: Any, dam_admin: Any, api: Any, delivery_admin: Any) -> None:
    """Reset undoes state changes, faults and journals of a system, and keeps the tokens that were handed out."""
    await dam_admin("POST", "/do/delete", json={"asset": LOGO})
    await dam_admin("POST", "/faults", json={"kind": "status", "status": 500, "always": True})
    assert (await dam_admin("POST", "/reset")).json == {"reset": True}
    assert len((await dam("GET", "/collections/90210/assets")).json["assets_resource"]["asset_list"]) == 1
    assert (await dam_admin("GET", "/requests")).json["total"] == 1
    # Cloudinary's two apps share one state: a reset at delivery also resets what the API shows.
    path = "/resources/image/upload/statement/banner-premier"
    await api("POST", path, json={"moderation_status": "rejected"})
    await delivery_admin("POST", "/reset")
    assert (await api("GET", path)).json["moderation_status"] == "approved"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"kind": "earthquake"}, "latency, status, hang"),
        ({"kind": "status"}, "status is missing"),
        ({"kind": "status", "status": 200}, "from 400 to 599"),
        ({"kind": "redirect", "location": "http://x/", "status": 500}, "from 300 to 399"),
        ({"kind": "latency", "ms": "fast"}, "body.ms"),
        ({"kind": "latency", "ms": -1}, "at least 0"),
        ({"kind": "hang", "tmies": 3}, "unknown field tmies"),
        ({"kind": "hang", "times": 0}, "at least 1"),
        (["hang"], "mapping"),
    ],
)
async def test_misunderstood_faults_are_refused(dam_admin: Any, body: object, names: str) -> None:
    """A rule that cannot be understood answers 400, names the field and what would be valid, and adds nothing."""
    answer = await dam_admin("POST", "/faults", json=body)
    assert answer.status == 400
    assert names in answer.json["sandbox_error"]
    assert (await dam_admin("GET", "/faults")).json == {"faults": []}


@pytest.mark.parametrize(
    ("path", "body", "status", "names"),
    [
        ("/do/explode", {}, 404, "new-version"),
        ("/do/expire", {"asset": "none"}, 404, "none"),
        ("/do/expire", {}, 400, "asset"),
        ("/do/expire", {"asset": LOGO, "at": "soon"}, 400, "2026-12-31"),
        ("/do/approval", {"asset": LOGO, "value": "MAYBE"}, 400, "APPROVED"),
        ("/do/content", {"asset": LOGO, "data": "***"}, 400, "base64"),
        ("/do/content", {"asset": LOGO}, 400, "data"),
        ("/do/edit", {"asset": LOGO, "metadata": {"NO.FIELD": "x"}}, 400, "NO.FIELD"),
    ],
)
async def test_misunderstood_operations_are_refused(
    dam_admin: Any, path: str, body: dict[str, str], status: int, names: str
) -> None:
    """An operation that cannot be done says why and what would be valid."""
    answer = await dam_admin("POST", path, json=body)
    assert answer.status == status
    assert names in answer.json["sandbox_error"]


async def test_index_lists_what_there_is(api_admin: Any, delivery_admin: Any, dam_admin: Any) -> None:
    """Each app tells its name and its operations."""
    names = [(await admin("GET", "/")).json["app"] for admin in (dam_admin, api_admin, delivery_admin)]
    assert names == ["core-dam", "cloudinary-api", "cloudinary-delivery"]
