from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.integration.sources.conformance import LIMITS, ORIGINAL, load
from tests.integration.sources.harnesses import LOGO, MAPPING, CoreDamHarness, mapping

from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.core_dam.options import CoreDamOptions, ErrorStyle
from pressrun_loadtest.sandbox.faults import FailWith, Hang, Redirect, WrongContentType
from pressrun_loadtest.sandbox.seed import Seed
from pressrun_sources.core_dam.client import CoreDamClient
from pressrun_sources.core_dam.config import AuthMode
from pressrun_sources.core_dam.source import _number
from pressrun_sources.errors import (
    InvalidReferenceError,
    InvalidResponseError,
    MisconfiguredError,
    NotFoundError,
    RateLimitedError,
    TimedOutError,
    UnauthenticatedError,
    UnavailableError,
)
from pressrun_sources.model import Approval, AssetQuery, AssetRef, Rendition

PRESENT = CoreDamHarness.present


@pytest.fixture
async def dam(sandbox: Sandbox) -> AsyncIterator[CoreDamHarness]:
    """The stand-in, and what makes sources of it."""
    harness = CoreDamHarness(sandbox)
    yield harness
    await harness.close()


def calls(dam: CoreDamHarness, path: str) -> list[int | None]:
    """The statuses of the requests to a path."""
    return [entry.status for entry in dam.sandbox.core_dam.journal.entries(path=path)]


async def test_newest_version(dam: CoreDamHarness) -> None:
    """A ref means the newest version, also when it changes; its asset id and version say which."""
    source = dam.make()
    second = await source.describe(PRESENT)
    assert second.version == "2"
    row = dam.sandbox.core_dam.store.latest(LOGO)
    assert row is not None
    dam.sandbox.core_dam.store.add_version(LOGO, b"new bytes", dict(row.metadata), name="logo.png")
    third = await source.describe(PRESENT)
    assert third.version == "3"
    assert third.asset_id != second.asset_id
    assert await load(source, third) == b"new bytes"
    assert await load(source, second) == dam.content


@pytest.mark.fact("core-dam.versions")
async def test_pinned_version(dam: CoreDamHarness) -> None:
    """The qualifier asset_id pins an older version, but only one of the same asset."""
    source, store = dam.make(), dam.sandbox.core_dam.store
    oldest = store.versions(LOGO)[0]
    found = await source.describe(AssetRef("core-dam", LOGO, (("asset_id", oldest.asset_id),)))
    assert (found.version, found.asset_id) == ("1", oldest.asset_id)
    with pytest.raises(NotFoundError):
        await source.describe(AssetRef("core-dam", "b" * 40, (("asset_id", oldest.asset_id),)))


async def test_description(dam: CoreDamHarness) -> None:
    """Mapped fields of every kind (scalar, lookup, table) are read, and empty ones are left out."""
    found = await dam.make().describe(PRESENT)
    assert found.locale == "en"
    assert found.territories == ("EMEA",)
    assert (found.width, found.height) == (360, 96)
    assert found.name == "logo.png"
    assert ("regulated", "Y") in found.attributes
    assert [value for name, value in found.attributes if name == "segment"] == [
        "everyday",
        "premier",
        "student",
        "business",
    ]
    assert found.rights_until is None


@pytest.mark.fact("core-dam.expired-deleted")
async def test_expired(dam: CoreDamHarness) -> None:
    """An expired asset is retired, and its rights ended when its date says."""
    found = await dam.make().describe(dam.expired)
    assert found.approval is Approval.RETIRED
    assert found.rights_until == datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC)


async def test_approval_by_nothing(dam: CoreDamHarness) -> None:
    """Without a mapped approval every asset's is unknown, and selecting is refused with the setting's name."""
    dam.config = replace(dam.config, mapping=mapping("{}"))
    source = dam.make()
    assert (await source.describe(PRESENT)).approval is Approval.UNKNOWN
    with pytest.raises(MisconfiguredError) as caught:
        await source.select(AssetQuery("core-dam", (("segment", "premier"),)))
    assert "PRESSRUN_CORE_DAM_MAPPING_FILE" in caught.value.detail


async def test_unknown_criterion(dam: CoreDamHarness) -> None:
    """A criterion that is not mapped is refused, and the message lists those that are."""
    with pytest.raises(InvalidReferenceError, match="language, region, regulated, segment"):
        await dam.make().select(AssetQuery("core-dam", (("colour", "red"),)))


@pytest.mark.fact("core-dam.invalid-conditions")
async def test_invalid_conditions(dam: CoreDamHarness) -> None:
    """A search in which the system left out a condition is never used."""
    dam.config = replace(dam.config, mapping=mapping(MAPPING.replace("OTMM.COLUMN.REGION.TAB", "NO.SUCH.COLUMN")))
    with pytest.raises(InvalidResponseError) as caught:
        await dam.make().select(dam.hit)
    assert "contains_invalid_conditions" in caught.value.detail
    dam.config = replace(dam.config, mapping=mapping("operators: {text: ARTESIA.OPERATOR.CHAR.INVENTED}"))
    with pytest.raises(InvalidResponseError):
        await dam.make().describe(PRESENT)


async def test_unapproved_is_not_selected(dam: CoreDamHarness) -> None:
    """Selecting passes over assets that are not approved or expired."""
    with pytest.raises(NotFoundError):
        await dam.make().select(AssetQuery("core-dam", (("segment", "premier"),), "de"))
    query = AssetQuery("core-dam", (("language", "en"),))
    assert await dam.make().select(query) == PRESENT


async def test_pages(dam: CoreDamHarness) -> None:
    """A search reads page after page, and stops with an error at far too many hits."""
    paged = MAPPING + "search: {page_size: 1, max_pages: 3}"
    dam.config = replace(dam.config, mapping=mapping(paged))
    assert await dam.make().select(AssetQuery("core-dam", (("language", "en"),))) == PRESENT
    assert len(calls(dam, "/otmmapi/v6/search/text")) == 3
    dam.config = replace(dam.config, mapping=mapping(MAPPING + "search: {page_size: 1, max_pages: 1}"))
    with pytest.raises(InvalidReferenceError, match="more than 1 assets"):
        await dam.make().select(AssetQuery("core-dam", (("language", "en"),)))


async def test_one_log_in_for_all(dam: CoreDamHarness) -> None:
    """Many calls at once share one log-in, and later ones too."""
    source = dam.make()
    await asyncio.gather(*(source.describe(PRESENT) for _ in range(8)))
    await source.describe(PRESENT)
    assert calls(dam, "/otdsws/") == [200]


@pytest.mark.parametrize("mode", list(AuthMode))
async def test_token_ended_early(sandbox: Sandbox, mode: AuthMode) -> None:
    """A token that ends before its time is renewed once, for descriptions and for bytes."""
    dam = CoreDamHarness(sandbox, mode)
    source = dam.make()
    description = await source.describe(PRESENT)
    sandbox.core_dam.authority.expire_all()
    assert await load(source, description) == dam.content
    sandbox.core_dam.authority.expire_all()
    assert await source.describe(PRESENT) == description
    await dam.close()


async def test_token_renewed_ahead(seed: Seed) -> None:
    """A token is renewed before it ends, so that no call meets a 401."""
    async with Sandbox(seed=seed, core_dam=CoreDamOptions(token_life_s=10)) as sandbox:
        dam = CoreDamHarness(sandbox)
        source = dam.make()
        await source.describe(PRESENT)
        now = source._transport.timing.monotonic()
        keeper = source._keeper
        assert keeper._token is not None
        assert now < keeper._token.renew_at < now + 9
        keeper._token = replace(keeper._token, renew_at=now)
        await source.describe(PRESENT)
        assert calls(dam, "/otdsws/") == [200, 200]
        assert 401 not in calls(dam, "/")
        await dam.close()


@pytest.mark.parametrize("mode", list(AuthMode))
@pytest.mark.parametrize("style", list(ErrorStyle))
async def test_wrong_credentials(seed: Seed, mode: AuthMode, style: ErrorStyle) -> None:
    """Refused credentials are an error that names the settings to look at, whatever the error body."""
    async with Sandbox(seed=seed, core_dam=CoreDamOptions(error_style=style)) as sandbox:
        dam = CoreDamHarness(sandbox, mode)
        dam.config = replace(dam.config, client_secret="wrong-secret", password="wrong-secret")
        for call in (dam.make().describe(PRESENT), dam.make().check()):
            with pytest.raises(UnauthenticatedError) as caught:
                await call
            assert "PRESSRUN_CORE_DAM_AUTH_MODE" in caught.value.detail
            assert "wrong-secret" not in caught.value.detail + str(caught.value)
        await dam.close()


async def test_never_accepted(dam: CoreDamHarness) -> None:
    """A system that refuses a fresh token is asked twice, not for ever."""
    dam.fault(FailWith(401), "*/search/text", None)
    with pytest.raises(UnauthenticatedError):
        await dam.make().describe(PRESENT)
    assert calls(dam, "/otmmapi/v6/search/text") == [401, 401]
    assert calls(dam, "/otdsws/") == [200, 200]


async def test_log_in_hangs(dam: CoreDamHarness) -> None:
    """All who wait for a log-in that never comes fail together, after one time limit."""
    dam.fault(Hang(), "/otdsws/*", None)
    source = dam.make(replace(LIMITS, timeout=0.2))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    outcomes = await asyncio.gather(*(source.describe(PRESENT) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [TimedOutError] * 5
    assert loop.time() - begun < 0.6


@pytest.mark.fact("core-dam.otds-client-credentials")
async def test_client_secret_in_the_form(dam: CoreDamHarness) -> None:
    """Client id and secret go into the form where the token service wants them there."""
    dam.config = replace(dam.config, mapping=mapping(MAPPING + "auth: {client_auth: form}"))
    assert await load(dam.make(), await dam.make().describe(PRESENT)) == dam.content
    assert {e.authorization for e in dam.sandbox.core_dam.journal.entries(path="/otdsws/")} == {None}


async def test_checksum(dam: CoreDamHarness) -> None:
    """A master that does not agree with its checksum is refused."""
    dam.sandbox.core_dam.store.replace_bytes(LOGO, b"other bytes", media_type=None, stale_checksum=True)
    source = dam.make()
    with pytest.raises(InvalidResponseError, match="checksum"):
        await load(source, await source.describe(PRESENT))


async def test_own_rendition(dam: CoreDamHarness) -> None:
    """A rendition of the system is used where it is large enough, the master otherwise and for print."""
    row = dam.sandbox.core_dam.store.latest(LOGO)
    assert row is not None
    thumbnail = row.content("thumbnail")
    assert thumbnail is not None
    box = f"renditions: {{thumbnail: {{width: {thumbnail.width}, height: {thumbnail.width}}}}}"
    dam.config = replace(dam.config, mapping=mapping(MAPPING + box))
    source = dam.make()
    description = await source.describe(PRESENT)
    assert await load(source, description, Rendition(width=40)) == thumbnail.data
    assert await load(source, description, Rendition(width=359)) == dam.content
    assert await load(source, description, Rendition(width=40, dpi=300)) == dam.content


async def test_missing_rendition(dam: CoreDamHarness) -> None:
    """The master stands in for a rendition that an asset does not have."""
    dam.config = replace(dam.config, mapping=mapping(MAPPING + "renditions: {preview: {width: 300, height: 300}}"))
    source = dam.make()
    description = await source.describe(PRESENT)
    dam.fault(FailWith(404), "*/contents")
    assert await load(source, description, Rendition(width=40)) == dam.content


async def test_redirected_away(dam: CoreDamHarness) -> None:
    """A redirect to a host that nobody allowed is not followed."""
    source = dam.make()
    description = await source.describe(PRESENT)
    dam.fault(Redirect("http://127.0.0.1:1/secret"), "*/contents")
    with pytest.raises(InvalidResponseError):
        await load(source, description)


async def test_wrong_content_type(dam: CoreDamHarness) -> None:
    """A web page instead of the master is refused."""
    source = dam.make()
    description = await source.describe(PRESENT)
    dam.fault(WrongContentType("text/html"), "*/contents")
    with pytest.raises(InvalidResponseError):
        await load(source, description)


async def test_retries(dam: CoreDamHarness) -> None:
    """A passing failure of a search is retried; a rate limit says when to come back."""
    source = dam.make(replace(LIMITS, retries=1, backoff=0.01))
    dam.fault(FailWith(503), "*/search/text")
    assert (await source.describe(PRESENT)).version == "2"
    dam.fault(FailWith(429, retry_after=600), "*/search/text")
    with pytest.raises(RateLimitedError) as caught:
        await source.describe(PRESENT)
    assert caught.value.retry_after == 600


async def test_down(dam: CoreDamHarness) -> None:
    """A system in trouble is unavailable, for a check as well."""
    dam.fault(FailWith(500), "*", None)
    for call in (dam.make().check(), dam.make().describe(PRESENT)):
        with pytest.raises(UnavailableError):
            await call


@pytest.mark.parametrize("identifier", ["..", ".", "a/b", "x" * 256])
async def test_impossible_ids(dam: CoreDamHarness, identifier: str) -> None:
    """Ids that could change the path of a call are refused."""
    with pytest.raises(InvalidReferenceError):
        await dam.make().describe(AssetRef("core-dam", identifier))


@pytest.mark.parametrize("identifier", ['"}]}', "a b", "é", "%2e%2e", "?x=1", "#"])
async def test_odd_ids(dam: CoreDamHarness, identifier: str) -> None:
    """Odd ids are carried faithfully and simply not found."""
    with pytest.raises(NotFoundError):
        await dam.make().describe(AssetRef("core-dam", identifier))
    with pytest.raises(NotFoundError):
        await dam.make().describe(AssetRef("core-dam", LOGO, (("asset_id", identifier),)))


async def test_original_for_no_wish(dam: CoreDamHarness) -> None:
    """The original rendition is the master, byte for byte."""
    source = dam.make()
    assert await load(source, await source.describe(PRESENT), ORIGINAL) == dam.content


async def test_an_older_approved_version_is_used(dam: CoreDamHarness) -> None:
    """While a newer version waits for its approval, or was denied it, the approved one is used; a retired one ends it."""
    store, source = dam.sandbox.core_dam.store, dam.make()
    row = store.latest(LOGO)
    assert row is not None
    approved = await source.describe(dam.present)
    for state, version in (("PENDING", "2"), ("NOT_APPROVED", "2"), ("APPROVED", "5"), ("RETIRED", "6")):
        metadata = {**row.metadata, "ACME.FIELD.APPROVAL": state}
        store.add_version(LOGO, row.master.data, metadata, name=row.name)
        found = await source.describe(dam.present)
        assert found.version == version
        if version == "2":
            assert found == approved
            assert await source.select(dam.hit) == dam.present
    assert found.approval is Approval.RETIRED
    with pytest.raises(NotFoundError):
        await source.select(dam.hit)


async def test_the_newest_alone(dam: CoreDamHarness) -> None:
    """A tenant may want the newest version and no other, whatever its state."""
    dam.config = replace(dam.config, mapping=replace(dam.config.mapping, versions=1))
    store, source = dam.sandbox.core_dam.store, dam.make()
    row = store.latest(LOGO)
    assert row is not None
    store.add_version(LOGO, row.master.data, {**row.metadata, "ACME.FIELD.APPROVAL": "PENDING"}, name=row.name)
    assert (await source.describe(dam.present)).approval is Approval.PENDING
    with pytest.raises(NotFoundError):
        await source.select(dam.hit)


async def test_criteria_of_the_version_that_is_used(dam: CoreDamHarness) -> None:
    """An asset that lost a segment in a newer approved version is no hit for it any more."""
    store, source = dam.sandbox.core_dam.store, dam.make()
    row = store.latest(LOGO)
    assert row is not None
    changed = {**row.metadata, "OTMM.FIELD.MARKET_SEGMENT.TAB": ({"OTMM.COLUMN.MARKET_SEGMENT.TAB": "business"},)}
    store.add_version(LOGO, row.master.data, changed, name=row.name)
    with pytest.raises(NotFoundError):
        await source.select(dam.hit)


async def test_versions_that_move_while_they_are_read(dam: CoreDamHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pages of many versions lack the latest one, that one is asked for alone; it is not "no such asset"."""
    source = dam.make()
    search, asked = CoreDamClient.search, []

    async def moving(client: Any, groups: Any, *rest: Any) -> list[Any]:
        asked.append(groups)
        hits = await search(client, groups, *rest)
        newest = max(hits, key=_number) if hits else None
        return [hit for hit in hits if hit is not newest] if len(asked) == 1 else list(hits)

    monkeypatch.setattr(CoreDamClient, "search", moving)
    assert (await source.describe(PRESENT)).version == "2"
    assert [len(groups) for groups in asked] == [1, 2]


@pytest.mark.fact("core-dam.folder-filter")
async def test_a_folder_is_a_library(sandbox: Sandbox) -> None:
    """A query may be limited to what a folder holds; a criterion that is none says so among those that are."""
    harness = CoreDamHarness(sandbox)
    folder = "a1b2c3d4e5f60718293a4b5c6d7e8f9011121314"
    inside = AssetQuery("core-dam", (("folder", folder), ("segment", "premier")))
    assert await harness.make().select(inside) == harness.present
    assert await harness.make().select(AssetQuery("core-dam", (("folder", folder),))) == harness.present
    with pytest.raises(NotFoundError):
        await harness.make().select(AssetQuery("core-dam", (("folder", "0" * 40), ("segment", "premier"))))
    with pytest.raises(InvalidReferenceError, match="valid are folder, language, region"):
        await harness.make().select(AssetQuery("core-dam", (("colour", "red"),)))
    await harness.close()
