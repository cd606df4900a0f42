from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pressrun_loadtest.sandbox import CloudinaryOptions, Sandbox, Seed
from pressrun_loadtest.sandbox.cloudinary.errors import ApiError
from pressrun_loadtest.sandbox.cloudinary.query import And, Not, Or, Term, parse_query

if TYPE_CHECKING:
    from collections.abc import Callable

BANNERS = {"everyday", "premier", "student", "business"}


async def names(api: Any, expression: str) -> set[str]:
    """What follows `banner-` in the public ids of the hits."""
    answer = await api("POST", "/resources/search", json={"expression": expression, "max_results": 100})
    assert answer.status == 200, answer.body
    return {hit["public_id"].partition("banner-")[2] for hit in answer.json["resources"]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("tags=banner", BANNERS),
        ("metadata.segment=premier AND type:upload", {"premier"}),
        ('metadata.segment:"premier" AND type:upload', {"premier"}),
        ("tags=banner AND NOT metadata.segment=premier", BANNERS - {"premier"}),
        ("tags=banner AND -metadata.segment=premier", BANNERS - {"premier"}),
        ("metadata.segment=student OR metadata.segment=business", {"student", "business"}),
        ("tags=banner AND (metadata.segment=student OR metadata.segment=business)", {"student", "business"}),
        ("metadata.segment=student OR metadata.segment=business AND tags=nothing", {"student"}),
        ("moderation_status:pending", {"pending"}),
        ("metadata.rights_end<2026-07-01", {"expired"}),
        ('metadata.rights_end>="2026-07-01" AND tags=banner', BANNERS),
        ("public_id:statement/banner-pr*", {"premier", "private"}),
        ('public_id="statement/banner-premier"', {"premier"}),
        ("public_id=statement/banner", set()),
        ('context.alt:"student account"', {"student"}),
        ('context.alt="student account"', set()),
        ("width:[400 TO 500] AND tags=banner", BANNERS),
        ("width:{400 TO 500} AND tags=banner", set()),
        ("width:[* TO 399]", set()),
        ("bytes<1m AND tags=banner", BANNERS),
        ("bytes>1m", set()),
        ("uploaded_at>1d", set()),
        ("uploaded_at<1d AND tags=banner", BANNERS),
        ('uploaded_at>="2026-01-01T00:02:00Z" AND tags=banner', {"student", "business"}),
        ("type:authenticated", {"authenticated"}),
        ("nosuchfield:value", set()),
        ("metadata.nosuchfield=value", set()),
        ("NOT nosuchfield:value AND tags=banner", BANNERS),
        ("student", {"student"}),
    ],
)
@pytest.mark.fact("cloudinary.search-grammar")
async def test_expressions(api: Any, expression: str, expected: set[str]) -> None:
    """Operators, comparisons, ranges, wildcards and parentheses find what the grammar says."""
    assert await names(api, expression) == expected


@pytest.mark.parametrize(
    ("expression", "position"),
    [
        ("public_id:*premier", 10),
        ("(tags=banner", 12),
        ("tags=banner)", 11),
        ("tags=", 5),
        ("tags=a AND", 10),
        ("tags=a tags=b", 7),
        ("context.alt:a:b", 13),
        ('context.alt:"open', 17),
        ("width:[1 2]", 9),
        ("AND", 3),
    ],
)
@pytest.mark.fact("cloudinary.query-error")
async def test_syntax_errors_name_the_position(api: Any, expression: str, position: int) -> None:
    """What cannot be read answers 400 `Query Error (at position N)`."""
    answer = await api("POST", "/resources/search", json={"expression": expression})
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith(f"Query Error (at position {position})")


@pytest.mark.fact("cloudinary.search-grammar")
def test_escapes_and_precedence() -> None:
    """Backslashes take reserved characters literally, and AND binds tighter than OR."""
    assert parse_query(r"context.alt:a\:b\ c") == Term("context.alt", ":", "a:b c")
    assert parse_query(r'context.alt:"say \"hi\" 5\* a:b"') == Term("context.alt", ":", 'say "hi" 5* a:b')
    assert parse_query("a:1 OR b:2 AND NOT c:3*") == Or(
        (Term("a", ":", "1"), And((Term("b", ":", "2"), Not(Term("c", ":", "3", prefix=True)))))
    )
    assert parse_query("  ") is None
    with pytest.raises(ApiError, match="position 4"):
        parse_query('a:"b*c"')


@pytest.mark.fact("cloudinary.search-cursor")
async def test_paging_by_cursor(api: Any) -> None:
    """Cursors walk over every hit once, and the last page has none."""
    seen: list[str] = []
    body: dict[str, Any] = {"expression": "tags=banner", "max_results": 3}
    while True:
        page = (await api("POST", "/resources/search", json=body)).json
        assert page["total_count"] == 4
        seen += [hit["public_id"] for hit in page["resources"]]
        if not page["next_cursor"]:
            break
        body["next_cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 4


@pytest.mark.fact("cloudinary.search-cursor")
async def test_cursor_belongs_to_its_query(api: Any) -> None:
    """A cursor of another query, or no cursor at all, answers 400."""
    page = (await api("POST", "/resources/search", json={"expression": "tags=banner", "max_results": 1})).json
    for body in (
        {"expression": "tags=statement", "next_cursor": page["next_cursor"]},
        {"expression": "tags=banner", "next_cursor": "garbage"},
    ):
        assert (await api("POST", "/resources/search", json=body)).status == 400


@pytest.mark.fact("cloudinary.search-order")
async def test_sorting(api: Any) -> None:
    """The newest come first by default; sort_by takes several fields and directions."""

    async def order(sort_by: Any) -> list[str]:
        body = {"expression": "tags=banner"} | ({"sort_by": sort_by} if sort_by else {})
        hits = (await api("POST", "/resources/search", json=body)).json["resources"]
        return [hit["public_id"].partition("-")[2] for hit in hits]

    newest = ["business", "student", "premier", "everyday"]
    assert await order(None) == newest
    assert await order([{"uploaded_at": "asc"}]) == newest[::-1]
    assert await order([{"width": "asc"}, {"public_id": "asc"}]) == sorted(newest)


@pytest.mark.fact("cloudinary.search-fields")
async def test_optional_fields_come_when_asked_for(api: Any) -> None:
    """Tags, context and metadata come with with_field only, and the context is flat."""
    plain = (await api("POST", "/resources/search", json={"expression": "tags=banner"})).json["resources"][0]
    assert not {"tags", "context", "metadata"} & set(plain)
    body = {"expression": "metadata.segment=premier AND type:upload", "with_field": ["tags", "context", "metadata"]}
    full = (await api("POST", "/resources/search", json=body)).json["resources"][0]
    assert full["tags"] == ["statement", "banner"]
    assert full["context"] == {"alt": "Banner of the premier account"}
    assert full["metadata"]["segment"] == ["premier"]
    few = (await api("POST", "/resources/search", json=body | {"with_field": [], "fields": ["version"]})).json
    assert set(few["resources"][0]) == {"asset_id", "public_id", "version"}


@pytest.mark.parametrize(
    "body",
    [
        {"max_results": 0},
        {"max_results": 501},
        {"sort_by": "created_at"},
        {"sort_by": [{"created_at": "up"}]},
        {"with_field": 3},
        {"aggregate": ["format"]},
        {"query": "tags=banner"},
    ],
)
@pytest.mark.fact("cloudinary.search-body")
async def test_bad_parameters_answer_400(api: Any, body: dict[str, Any]) -> None:
    """A parameter that is unknown or out of range answers 400."""
    assert (await api("POST", "/resources/search", json=body)).status == 400


async def test_get_with_a_body(api: Any) -> None:
    """Search also takes GET with a JSON body; a body that is no JSON answers 400."""
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"expression": "moderation_status:pending"})
    assert (await api("GET", "/resources/search", data=body, headers=headers)).json["total_count"] == 1
    assert (await api("POST", "/resources/search", data="{", headers=headers)).status == 400


async def test_index_lags_behind_writes(seed: Seed, clock: Any, call: Callable[..., Any], api: Any) -> None:
    """With an index delay a write shows at once by id, and in search only after the delay."""
    async with Sandbox(seed=seed, clock=clock, cloudinary=CloudinaryOptions(index_delay_s=5)) as slow:
        lagging = call(f"{slow.settings.cloudinary.api_base_url}/v1_1/sandbox", **api.headers)
        path = "/resources/image/upload/statement/banner-premier"
        await lagging("POST", path, json={"moderation_status": "rejected"})
        assert (await lagging("GET", path)).json["moderation_status"] == "rejected"
        assert await names(lagging, "moderation_status:rejected") == set()
        clock.advance(5)
        assert await names(lagging, "moderation_status:rejected") == {"premier"}
