from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pressrun_loadtest.sandbox import CoreDamOptions, Sandbox, Seed
from pressrun_loadtest.sandbox.core_dam.options import Operator

if TYPE_CHECKING:
    from collections.abc import Callable

LOGO = "7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"
EXPIRED = "3c9e5b7a1d2f4086b8c0e4d6f2a19357b5d3e1f0"
DRAFT = "b46d2f8091c7e35a4b6f1d8e2c0a97531f5e3d7c"
CONTAINS = "ARTESIA.OPERATOR.CHAR.CONTAINS"
NUMBER_IS = "ARTESIA.OPERATOR.NUMBER.IS"


def scalar(field: str, value: str, operator: str = CONTAINS, **joining: str) -> dict[str, object]:
    """A scalar condition."""
    return {
        "type": "com.artesia.search.SearchScalarCondition",
        "metadata_field_id": field,
        "relational_operator_id": operator,
        "value": value,
        **joining,
    }


def tabular(table: str, column: str, value: str, **joining: str) -> dict[str, object]:
    """A tabular condition on one column."""
    cell = {
        "type": "com.artesia.search.SearchTabularFieldCondition",
        "metadata_field_id": column,
        "relational_operator_id": CONTAINS,
        "value": value,
        "left_paren": "(",
        "right_paren": ")",
    }
    return {
        "type": "com.artesia.search.SearchTabularCondition",
        "metadata_table_id": table,
        "tabular_field_list": [cell],
        **joining,
    }


def form(*conditions: dict[str, object], **parameters: str) -> dict[str, str]:
    """The form of a search."""
    listed = json.dumps({"search_condition_list": {"search_condition": list(conditions)}})
    return {"keyword_query": "*", "search_condition_list": listed, "load_type": "metadata", **parameters}


async def found(dam: Any, *conditions: dict[str, object], **parameters: str) -> tuple[list[tuple[str, int]], bool]:
    """Original id and version of every hit, and whether conditions were invalid."""
    answer = await dam("POST", "/search/text", data=form(*conditions, **parameters))
    assert answer.status == 200, answer.body
    resource = answer.json["search_result_resource"]
    hits = [(a["original_asset_id"], a["version"]) for a in resource["asset_list"]]
    return hits, resource["search_result"]["contains_invalid_conditions"]


@pytest.mark.fact("core-dam.newest-version")
async def test_newest_version_by_stable_id(dam: Any) -> None:
    """Original id and latest-version conditions together give exactly the newest version."""
    hits, invalid = await found(
        dam,
        scalar("ARTESIA.FIELD.ORIGINAL ASSET ID", LOGO),
        scalar("ARTESIA.FIELD.IS LATEST VERSION", "Y", relational_operator="and"),
    )
    assert (hits, invalid) == ([(LOGO, 2)], False)


async def test_versions_without_the_latest_condition(dam: Any) -> None:
    """Without the latest condition every version is a hit, sortable by version."""
    condition = scalar("ARTESIA.FIELD.ORIGINAL ASSET ID", LOGO)
    hits, _ = await found(dam, condition, sort="desc_ARTESIA.FIELD.ASSET VERSION")
    assert hits == [(LOGO, 2), (LOGO, 1)]
    hits, _ = await found(dam, condition, sort="asc_ARTESIA.FIELD.ASSET VERSION")
    assert hits == [(LOGO, 1), (LOGO, 2)]


@pytest.mark.fact("core-dam.tabular-condition")
async def test_tabular_condition_reads_rows(dam: Any) -> None:
    """A tabular condition finds assets that have the value in a row of the table."""
    table, column = "OTMM.FIELD.MARKET_SEGMENT.TAB", "OTMM.COLUMN.MARKET_SEGMENT.TAB"
    hits, invalid = await found(dam, tabular(table, column, "premier"))
    assert (sorted(hits), invalid) == ([(LOGO, 1), (LOGO, 2)], False)
    assert await found(dam, tabular(table, column, "royal")) == ([], False)


async def test_fulltext_condition_and_keyword(dam: Any) -> None:
    """Full-text conditions and the keyword query look into names and metadata; file text has none."""
    condition: dict[str, object] = {
        "type": "com.artesia.search.SearchFulltextCondition",
        "keyword": "draft",
        "scope_id": "1",
    }
    assert (await found(dam, condition))[0] == [(DRAFT, 1)]
    assert (await found(dam, keyword_query="logo-2024"))[0] == [(EXPIRED, 1)]
    assert (await found(dam, keyword_query="logo-2024", keyword_scope_id="2"))[0] == []


async def test_number_operator(dam: Any) -> None:
    """NUMBER.IS compares numbers and does not fit text fields."""
    assert await found(dam, scalar("ARTESIA.FIELD.ASSET VERSION", "2", NUMBER_IS)) == ([(LOGO, 2)], False)
    _, invalid = await found(dam, scalar("ARTESIA.FIELD.ASSET NAME", "2", NUMBER_IS))
    assert invalid is True


async def test_contains_also_finds_longer_values(dam: Any, dam_admin: Any) -> None:
    """CONTAINS is no equality: looking for APPROVED also finds NOT_APPROVED, so callers must check the value."""
    await dam_admin("POST", "/do/approval", json={"asset": DRAFT, "value": "NOT_APPROVED"})
    hits, _ = await found(dam, scalar("ACME.FIELD.APPROVAL", "APPROVED"))
    assert DRAFT in {original for original, _ in hits}


@pytest.mark.parametrize(
    ("parens", "expected"),
    [
        # The second and third belong together.
        (("", "", "(", "", "", ")"), {LOGO, EXPIRED}),
        # The first two belong together.
        (("(", "", "", ")", "", ""), {LOGO}),
        # Without parentheses `and` binds tighter than `or`.
        (("", "", "", "", "", ""), {LOGO, EXPIRED}),
    ],
)
@pytest.mark.fact("core-dam.joining")
async def test_parentheses_and_joining(dam: Any, parens: tuple[str, ...], expected: set[str]) -> None:
    """Parentheses group conditions that and/or join to the one before."""
    a_left, a_right, b_left, b_right, c_left, c_right = parens
    hits, invalid = await found(
        dam,
        scalar("ARTESIA.FIELD.ASSET NAME", "logo-2024", left_paren=a_left, right_paren=a_right),
        scalar(
            "ARTESIA.FIELD.ASSET NAME",
            "logo.png",
            relational_operator="or",
            left_paren=b_left,
            right_paren=b_right,
        ),
        scalar("ACME.FIELD.REGULATED", "Y", relational_operator="and", left_paren=c_left, right_paren=c_right),
    )
    assert ({original for original, _ in hits}, invalid) == (expected, False)


@pytest.mark.parametrize(
    "broken",
    [
        scalar("ACME.FIELD.UNKNOWN", "x", relational_operator="and"),
        scalar("ACME.FIELD.APPROVAL", "APPROVED", "ARTESIA.OPERATOR.CHAR.IS", relational_operator="and"),
        tabular("ACME.TABLE.UNKNOWN", "x", "y", relational_operator="and"),
        tabular("OTMM.FIELD.REGION.TAB", "ACME.COLUMN.UNKNOWN", "y", relational_operator="and"),
        {"type": "com.artesia.search.SearchMysteryCondition", "relational_operator": "and"},
    ],
)
@pytest.mark.fact("core-dam.invalid-conditions")
async def test_unknown_condition_is_ignored_and_flagged(dam: Any, broken: dict[str, object]) -> None:
    """A condition with an unknown field, operator, table or type is left out, and only a flag tells it."""
    hits, invalid = await found(dam, scalar("ARTESIA.FIELD.ASSET NAME", "logo-draft"), broken)
    assert (hits, invalid) == ([(DRAFT, 1)], True)


async def test_only_invalid_conditions_find_everything(dam: Any) -> None:
    """With every condition ignored, all rows are hits: the trap that the flag warns of."""
    hits, invalid = await found(dam, scalar("ACME.FIELD.UNKNOWN", "x"))
    assert (len(hits), invalid) == (4, True)


async def test_more_operators_are_a_setting(seed: Seed, call: Callable[..., Any]) -> None:
    """An operator id that a tenant has can be configured; then it is valid."""
    options = CoreDamOptions(operators={"ACME.OPERATOR.IS": Operator.EQUALS})
    async with Sandbox(seed=seed, core_dam=options) as custom:
        settings = custom.settings.core_dam
        token = custom.core_dam.authority.open_directory_token(
            {
                "grant_type": "client_credentials",
                "client_id": settings.client_id,
                "client_secret": settings.client_secret,
            },
            None,
        )
        dam = call(settings.base_url, Authorization=f"Bearer {token}")
        assert await found(dam, scalar("ACME.FIELD.APPROVAL", "PENDING", "ACME.OPERATOR.IS")) == ([(DRAFT, 1)], False)


@pytest.mark.fact("core-dam.paging")
async def test_paging_by_after_and_limit(dam: Any) -> None:
    """hit_count counts the page, total_hit_count all; walking by after visits every hit once."""
    seen: list[str] = []
    after = 0
    while True:
        answer = await dam("POST", "/search/text", data=form(limit="3", after=str(after), sort="asc_NAME"))
        result = answer.json["search_result_resource"]["search_result"]
        assert result["total_hit_count"] == 4
        assert result["offset"] == after
        assert result["hit_count"] == len(result["asset_id_list"]) <= 3
        seen += result["asset_id_list"]
        after += result["hit_count"]
        if after >= result["total_hit_count"]:
            break
    assert len(seen) == len(set(seen)) == 4


@pytest.mark.fact("core-dam.paging")
async def test_before_gives_the_page_in_front(dam: Any) -> None:
    """before=N gives the page that ends in front of position N."""
    whole = await dam("POST", "/search/text", data=form(sort="asc_NAME"))
    page = await dam("POST", "/search/text", data=form(sort="asc_NAME", before="3", limit="2"))
    ids = whole.json["search_result_resource"]["search_result"]["asset_id_list"]
    assert page.json["search_result_resource"]["search_result"]["asset_id_list"] == ids[1:3]


@pytest.mark.fact("core-dam.sort")
async def test_sorting_both_ways(dam: Any) -> None:
    """asc_ and desc_ sort by name or by a field id with blanks in it."""
    names = [a for a, _ in (await found(dam, sort="asc_NAME"))[0]]
    assert names == [EXPIRED, DRAFT, LOGO, LOGO]
    dates = [a for a, _ in (await found(dam, sort="desc_ARTESIA.FIELD.DATE LAST UPDATED"))[0]]
    assert dates == [DRAFT, LOGO, LOGO, EXPIRED]


@pytest.mark.fact("core-dam.search-parameters")
async def test_get_takes_the_same_parameters(dam: Any) -> None:
    """GET with the percent-encoded parameters answers as POST does."""
    parameters = form(scalar("ARTESIA.FIELD.ASSET NAME", "draft"))
    by_get = await dam("GET", "/search/text", params=parameters)
    by_post = await dam("POST", "/search/text", data=parameters)
    assert by_get.json == by_post.json
    assert by_get.json["search_result_resource"]["search_result"]["hit_count"] == 1


@pytest.mark.fact("core-dam.return-ids")
async def test_return_type_ids(dam: Any) -> None:
    """return_type=ids gives ids without assets."""
    resource = (await dam("POST", "/search/text", data=form(return_type="ids"))).json["search_result_resource"]
    assert len(resource["search_result"]["asset_id_list"]) == 4
    assert resource["asset_list"] == []


@pytest.mark.fact("core-dam.folder-filter")
async def test_folder_filter(dam: Any) -> None:
    """folder_filter keeps what the folder holds; an unknown folder holds nothing."""
    folder = "a1b2c3d4e5f60718293a4b5c6d7e8f9011121314"
    assert len((await found(dam, folder_filter=folder, folder_filter_type="all"))[0]) == 4
    assert (await found(dam, folder_filter="unknown"))[0] == []


async def test_deleted_assets_vanish_expired_stay(dam: Any, dam_admin: Any) -> None:
    """Search no longer finds deleted assets, but finds expired ones and marks them."""
    await dam_admin("POST", "/do/delete", json={"asset": LOGO})
    answer = await dam("POST", "/search/text", data=form())
    assets = answer.json["search_result_resource"]["asset_list"]
    assert {(a["original_asset_id"], a["expired"]) for a in assets} == {(EXPIRED, True), (DRAFT, False)}


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"after": "-1"}, "after"),
        ({"limit": "many"}, "limit"),
        ({"sort": "asc_ACME.FIELD.UNKNOWN"}, "sort"),
        ({"sort": "NAME"}, "sort"),
        ({"search_condition_list": "{"}, "search_condition_list"),
        ({"search_condition_list": "[]"}, "search_condition_list"),
    ],
)
async def test_malformed_parameters_are_refused(dam: Any, parameters: dict[str, str], names: str) -> None:
    """A malformed parameter answers 400 and is named."""
    answer = await dam("POST", "/search/text", data=form() | parameters)
    assert answer.status == 400
    assert names in answer.json["exception_body"]["message"]


@pytest.mark.parametrize(
    "conditions",
    [
        [scalar("ARTESIA.FIELD.ASSET NAME", "x", left_paren="(")],
        [scalar("ARTESIA.FIELD.ASSET NAME", "x", right_paren=")")],
        [scalar("ARTESIA.FIELD.ASSET NAME", "x"), scalar("ARTESIA.FIELD.ASSET NAME", "y", relational_operator="xor")],
    ],
)
async def test_unreadable_joining_is_refused(dam: Any, conditions: list[dict[str, object]]) -> None:
    """Parentheses that do not match and unknown joining words answer 400."""
    assert (await dam("POST", "/search/text", data=form(*conditions))).status == 400


async def test_facets_are_not_silently_ignored(dam: Any) -> None:
    """A facet restriction, which the stand-in does not evaluate, answers 501 instead of too many hits."""
    assert (await dam("POST", "/search/text", data=form(facet_restriction_list="{}"))).status == 501
