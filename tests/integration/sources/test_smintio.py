from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from tests.integration.sources.conformance import LIMITS, load
from tests.integration.sources.harnesses import SmintioHarness

from pressrun_loadtest.sandbox import Sandbox, SmintioOptions
from pressrun_loadtest.sandbox.faults import FailWith, FaultRule, Latency
from pressrun_loadtest.sandbox.seed import Seed
from pressrun_sources.errors import (
    InvalidReferenceError,
    InvalidResponseError,
    MisconfiguredError,
    NotFoundError,
    SourceError,
    UnauthenticatedError,
)
from pressrun_sources.model import Approval, AssetQuery, AssetRef
from pressrun_sources.smintio.licence import licence_of
from pressrun_sources.smintio.mapping import SmintioMapping, parse_mapping

PRESENT = SmintioHarness.present
GERMAN = AssetRef("smintio", "12:image:8813")
AT_ONCE = SmintioMapping(sync_seconds=0)


@pytest.fixture
async def tenant(sandbox: Sandbox) -> AsyncIterator[SmintioHarness]:
    """The stand-in, and what makes sources of it."""
    harness = SmintioHarness(sandbox)
    harness.config = replace(harness.config, mapping=AT_ONCE)
    yield harness
    await harness.close()


@pytest.mark.fact("smintio.licence-terms")
async def test_licence(tenant: SmintioHarness) -> None:
    """Window, territory, channels, type and volume of a licence are those of its terms."""
    found = await tenant.make().describe(PRESENT)
    assert found.approval is Approval.APPROVED
    assert found.rights_from is not None
    assert found.rights_from.isoformat() == "2026-01-01T00:00:00+00:00"
    assert found.rights_until is not None
    assert found.rights_until.isoformat() == "2099-05-01T00:00:00+00:00"
    assert {"DE", "FR", "GB"} < set(found.territories)
    assert "US" not in found.territories
    assert {
        ("channels", "email"),
        ("channels", "web"),
        ("licence", "royalty_free"),
        ("licence_id", "lpt-77"),
        ("licence_volume", "500000"),
        ("licence_downloads_left", "7"),
        ("compliance", "brand-2026"),
    } <= set(found.attributes)
    assert ("channels", "print") not in found.attributes


@pytest.mark.fact("smintio.feed", "smintio.states")
async def test_cancelled_licence(tenant: SmintioHarness) -> None:
    """A transaction that comes again as cancelled retires the asset, which is then no hit either."""
    source, store = tenant.make(), tenant.sandbox.smintio.store
    assert (await source.describe(PRESENT)).approval is Approval.APPROVED
    store.update_transaction("lpt-77", {"state": "cancelled"})
    assert (await source.describe(PRESENT)).approval is Approval.RETIRED
    with pytest.raises(SourceError, match="no approved asset"):
        await source.select(tenant.hit)
    feed = tenant.sandbox.smintio.journal.entries(path="/consumer")
    assert "limit=10&continuationUuid=c-2" in [entry.query for entry in feed]


@pytest.mark.parametrize(
    ("changes", "approval"),
    [
        ({"state": "error"}, Approval.REJECTED),
        ({"can_be_synced": False}, Approval.PENDING),
        ({"current_downloads": 10}, Approval.REJECTED),
        ({"content_element": {"is_editorial_use": True}}, Approval.REJECTED),
        ({"license_download_constraints": {"effective_max_downloads": 0}}, Approval.APPROVED),
    ],
)
@pytest.mark.fact("smintio.editorial", "smintio.states")
async def test_what_bars_the_use(tenant: SmintioHarness, changes: dict[str, object], approval: Approval) -> None:
    """Unfinished purchases, used-up volumes and editorial pictures may not be used."""
    tenant.sandbox.smintio.store.update_transaction("lpt-77", changes)
    assert (await tenant.make().describe(PRESENT)).approval is approval


async def test_missing_licence(tenant: SmintioHarness) -> None:
    """An asset whose licence is not in the feed may not be used."""
    tenant.sandbox.smintio.store.feed.clear()
    assert (await tenant.make().describe(PRESENT)).approval is Approval.PENDING


def licence(
    *terms: dict[str, object], **mapping: str
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None, Approval]:
    """Territories, channels and approval of a completed purchase with these terms."""
    transaction = {"uuid": "x", "state": "completed", "can_be_synced": True, "license_terms": list(terms)}
    found = licence_of(transaction, SmintioMapping(**mapping))  # type: ignore[arg-type]
    return found.territories, found.channels, found.approval


@pytest.mark.fact("smintio.licence-terms", "smintio.no-limit")
def test_terms() -> None:
    """Several terms hold together; unknown keys allow nothing; `any` and nothing at all state no limit."""
    assert licence({"allowed_geographies": ["any"], "allowed_distributions": []})[:2] == (None, None)
    assert licence({"allowed_geographies": ["europe_germany", "moon"]})[0] == ("DE", "moon")
    assert licence({"allowed_geographies": ["europe_any"]}, {"allowed_geographies": ["europe_germany"]})[0] == ("DE",)
    nowhere = licence(
        {"allowed_geographies": ["europe_germany"]}, {"allowed_geographies": ["north_america_united_states"]}
    )
    assert nowhere[0] == ("none",)
    assert "DE" not in (licence({"restricted_geographies": ["europe_germany"]})[0] or ())
    assert licence({"restricted_distributions": ["channel_print"]})[1] == ("email", "mobile", "web")
    assert licence({"restricted_industries": ["industry_banking"]}, industry="industry_banking")[2] is Approval.REJECTED
    assert licence({"allowed_industries": ["industry_insurance"]}, industry="industry_banking")[2] is Approval.REJECTED
    assert (
        licence({"restricted_industries": ["industry_healthcare"]}, industry="industry_banking")[2] is Approval.APPROVED
    )


async def test_variants(tenant: SmintioHarness) -> None:
    """A language variant is found by its locale; its regions are territories."""
    query = AssetQuery("smintio", (("segment", "student"),), "de")
    assert await tenant.make().select(query) == GERMAN
    assert (await tenant.make().describe(GERMAN)).territories == ("DE", "AT")
    with pytest.raises(SourceError):
        await tenant.make().select(replace(query, locale="fr"))


@pytest.mark.fact("smintio.filters")
async def test_compliance(tenant: SmintioHarness) -> None:
    """A filter with dynamic values is searched by what the portal offers; an unknown filter fails the query."""
    assert await tenant.make().select(AssetQuery("smintio", (("compliance", "brand-2026"),))) == PRESENT
    with pytest.raises(InvalidReferenceError, match="its filters are campaign, compliance, segment"):
        await tenant.make().select(AssetQuery("smintio", (("colour", "red"),)))


@pytest.mark.fact("smintio.two-shapes")
async def test_flat_objects(seed: Seed) -> None:
    """The other shape of data objects is read as well."""
    async with Sandbox(seed=seed, smintio=SmintioOptions(flat=True)) as sandbox:
        harness = SmintioHarness(sandbox)
        source = harness.make()
        found = await source.describe(PRESENT)
        assert (found.size, found.name, found.locale) == (len(harness.content), "Family at the lake", "en")
        assert await source.select(harness.hit) == PRESENT
        await harness.close()


@pytest.mark.fact("smintio.execute", "smintio.bearer-hosts", "smintio.download")
async def test_polls_at_a_fixed_interval(seed: Seed) -> None:
    """A long-running task is looked at again after the same pause each time, and bytes come without our token."""
    async with Sandbox(seed=seed, smintio=SmintioOptions(task_polls=3)) as sandbox:
        harness = SmintioHarness(sandbox)
        source = harness.make()
        assert await load(source, await source.describe(PRESENT)) == harness.content
        assert harness.pauses == [5, 5, 5, 5, 5, 5]
        assert [entry.authorization for entry in sandbox.smintio.store_journal.entries()] == [None]
        await harness.close()


@pytest.mark.fact("smintio.integrity", "smintio.change-marks")
async def test_replaced_during_a_job(tenant: SmintioHarness) -> None:
    """Other bytes are another version, and never come for the one that was described."""
    source, store = tenant.make(), tenant.sandbox.smintio.store
    described = await source.describe(PRESENT)
    changed = store.put(replace(store.assets[PRESENT.id], data=tenant.content[:-1] + b"x"))
    with pytest.raises(InvalidResponseError) as caught:
        await load(source, described)
    assert caught.value.transient
    again = await source.describe(PRESENT)
    assert again.version != described.version
    assert await load(source, again) == changed.data


@pytest.mark.fact("smintio.refresh-rotation")
async def test_tokens_rotate(tenant: SmintioHarness, tmp_path: Path) -> None:
    """The new refresh token is in its file before the access token is used; a dead grant is refused credentials."""
    store = tmp_path / "token"
    store.write_text("sandbox-refresh-0\n")
    tenant.config = replace(tenant.config, token_store=store)
    await tenant.make().describe(PRESENT)
    first = store.read_text()
    assert first == tenant.sandbox.smintio.store.tokens.refresh != "sandbox-refresh-0"
    await tenant.make().describe(PRESENT)
    assert store.read_text() == tenant.sandbox.smintio.store.tokens.refresh != first
    store.write_text("sandbox-refresh-0")
    with pytest.raises(UnauthenticatedError) as caught:
        await tenant.make().describe(PRESENT)
    assert "invalid_grant" in caught.value.detail
    store.unlink()
    with pytest.raises(MisconfiguredError):
        await tenant.make().describe(PRESENT)


async def test_a_dead_grant_is_not_sent_again(tenant: SmintioHarness, tmp_path: Path) -> None:
    """A refresh token that was refused is left alone, until somebody has logged in again."""
    store = tmp_path / "token"
    store.write_text("sandbox-refresh-dead")
    tenant.config = replace(tenant.config, token_store=store)
    source = tenant.make()
    for _ in range(3):
        with pytest.raises(UnauthenticatedError) as caught:
            await source.describe(PRESENT)
    assert "it is not tried again for" in caught.value.detail
    assert tenant.sandbox.smintio.journal.count(path="/connect/token") == 1
    store.write_text("sandbox-refresh-0")
    assert (await source.describe(PRESENT)).ref == PRESENT


async def test_closing_waits_for_a_refresh_token(tenant: SmintioHarness, tmp_path: Path) -> None:
    """A node that stops during a log-in keeps the refresh token that it gave: the one before is used up."""
    store = tmp_path / "token"
    store.write_text("sandbox-refresh-0")
    tenant.config = replace(tenant.config, token_store=store)
    tenant.sandbox.smintio.faults.add(FaultRule(Latency(300), "/connect/token"))
    source = tenant.make()
    asking = asyncio.create_task(source.describe(PRESENT))
    await asyncio.sleep(0.1)
    asking.cancel()
    await source.close()
    assert store.read_text() == tenant.sandbox.smintio.store.tokens.refresh != "sandbox-refresh-0"


@pytest.mark.fact("smintio.renewed-once")
async def test_ended_token(tenant: SmintioHarness) -> None:
    """A token that is refused is renewed once."""
    source = tenant.make()
    await source.describe(PRESENT)
    tenant.sandbox.smintio.store.tokens.issued.clear()
    assert (await source.describe(PRESENT)).ref == PRESENT


async def test_recovers(tenant: SmintioHarness) -> None:
    """A rate limit that passes is waited out."""
    tenant.fault(FailWith(429), "/frontend/*")
    assert (await tenant.make(replace(LIMITS, retries=1, backoff=0.01)).describe(PRESENT)).ref == PRESENT


@pytest.mark.fact("smintio.paging")
async def test_pages_stay_as_they_are(tenant: SmintioHarness) -> None:
    """What comes into the portal while its pages are read shifts none of them: no hit comes twice, none is missed."""
    store = tenant.sandbox.smintio.store
    model = store.assets[GERMAN.id]
    for number in range(9):
        identifier = f"12:image:5{number}"
        store.assets[identifier] = replace(model, id=identifier, raw={"approvalStatus": "approved", "segment": "set"})
    tenant.config = replace(tenant.config, mapping=replace(AT_ONCE, page_size=2))
    found: list[str] = []

    def grow() -> None:
        # Before all others in the portal's order.
        store.assets["12:image:50-"] = replace(store.assets["12:image:50"], id="12:image:4")

    source = tenant.make()
    query = AssetQuery("smintio", (("segment", "set"),), "de")
    searching = asyncio.create_task(source.rank(query))
    async with asyncio.timeout(10):
        while len(tenant.sandbox.smintio.journal.entries(path="/frontend")) < 2:
            await asyncio.sleep(0)
    grow()
    found = [ref.id for ref in await searching]
    assert found == [f"12:image:5{number}" for number in range(9)]


@pytest.mark.fact("smintio.source-filter")
async def test_one_source_of_the_portal(tenant: SmintioHarness) -> None:
    """A search may be limited to one of the systems behind the portal."""
    for key, hits in (("da:12", True), ("da:13", False)):
        query = AssetQuery("smintio", (*tenant.hit.criteria, ("smintIoHub:dataAdapterInstanceKey", key)))
        if hits:
            assert await tenant.make().select(query) == PRESENT
        else:
            with pytest.raises(NotFoundError):
                await tenant.make().select(query)


@pytest.mark.parametrize(
    ("names", "language", "expected"),
    [
        ({"de": "See", "en": "Lake", "x-default": "Any"}, "de", "See"),
        ({"en": "Lake", "x-default": "Any"}, "de", "Any"),
        ({"fr": "Lac", "en": "Lake"}, "de", "Lac"),
        ({"en": "Lake", "x-default": "Any"}, None, "Any"),
    ],
)
@pytest.mark.fact("smintio.localised")
async def test_names(tenant: SmintioHarness, names: dict[str, str], language: str | None, expected: str) -> None:
    """A name is that of the asset's own language, else the default one, else the first."""
    store = tenant.sandbox.smintio.store
    store.put(replace(store.assets[PRESENT.id], names=names, language=language))
    assert (await tenant.make().describe(PRESENT)).name == expected


@pytest.mark.fact("smintio.publish-window", "smintio.first-use")
async def test_windows(tenant: SmintioHarness) -> None:
    """The time of use is what publication, licence and the day of the first use leave together."""
    store = tenant.sandbox.smintio.store
    store.put(
        replace(store.assets[PRESENT.id], publish_from="2027-01-01T00:00:00Z", publish_until="2027-06-30T12:00:00Z")
    )
    found = await tenant.make().describe(PRESENT)
    assert (found.rights_from, found.rights_until) == (
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2027, 6, 30, 12, tzinfo=UTC),
    )
    terms = [{"valid_from": "2026-01-01T00:00:00Z", "to_be_used_until": "2027-03-01T00:00:00Z"}]
    store.update_transaction("lpt-77", {"license_terms": terms})
    assert (await tenant.make().describe(PRESENT)).rights_until == datetime(2027, 3, 1, tzinfo=UTC)


@pytest.mark.fact("smintio.change-marks")
async def test_without_a_version(tenant: SmintioHarness) -> None:
    """Where the version's text is empty, other marks tell versions apart."""
    store, source = tenant.sandbox.smintio.store, tenant.make()
    asset = store.put(replace(store.assets[PRESENT.id], numbered=False))
    first = await source.describe(PRESENT)
    assert (await source.describe(PRESENT)).version == first.version
    store.put(asset)
    assert (await source.describe(PRESENT)).version != first.version


@pytest.mark.fact("smintio.error-body")
async def test_what_the_portal_says(tenant: SmintioHarness) -> None:
    """Its message is for operators: it stands in the detail, and not in the text."""
    with pytest.raises(NotFoundError) as caught:
        await tenant.make().describe(tenant.absent)
    assert "The asset was not found" in caught.value.detail
    assert "The asset was not found" not in str(caught.value)


@pytest.mark.fact("smintio.execute")
async def test_both_forms_of_a_body(tenant: SmintioHarness) -> None:
    """Parameters may travel as a list with one text, or as that list in a text of its own."""
    tenant.config = replace(tenant.config, mapping=replace(AT_ONCE, body_encoding="string"))
    source = tenant.make()
    assert await source.select(tenant.hit) == PRESENT
    assert await load(source, await source.describe(PRESENT)) == tenant.content
    _, faults = parse_mapping("body_encoding: xml")
    assert faults == ["body_encoding: 'xml' is not one of array, string"]


@pytest.mark.fact("smintio.multi-read", "smintio.execute")
async def test_several_at_once(tenant: SmintioHarness) -> None:
    """Several assets are read by a task that takes a while."""
    settings = tenant.sandbox.settings.smintio
    token = {"Authorization": f"Bearer {tenant.sandbox.smintio.store.issue()}"}
    portal = f"{settings.api_url}/portals/{settings.portal_id}/portalsContext/IAssetsRead/execute/getAssetsAsync"
    body = [json.dumps({"assetIds": [{"id": PRESENT.id}, {"id": GERMAN.id}]})]
    async with aiohttp.ClientSession(headers=token) as session:
        async with session.post(portal, json=body) as answer:
            task = await answer.json()
        assert (task["state"], task["result_string"]) == ("in_progress", None)
        async with session.get(f"{settings.api_url}/backgroundTasks/{task['uuid']}") as answer:
            done = await answer.json()
    found = json.loads(done["result_string"])["assetDataObjects"]
    assert (done["state"], [one["uuid"] for one in found]) == ("completed", [PRESENT.id, GERMAN.id])


async def test_pages_to_the_end(tenant: SmintioHarness) -> None:
    """A search among 10,000 assets reads its pages to the last one; more than allowed are refused."""
    store = tenant.sandbox.smintio.store
    model = store.assets[GERMAN.id]
    for number in range(10_000):
        # 100 of each size; only the last one of them is approved.
        raw = {"approvalStatus": "approved" if number >= 9900 else "pending", "segment": f"größe {number % 100}"}
        identifier = f"12:image:größe {number:05}"
        store.assets[identifier] = replace(model, id=identifier, raw=raw)
    query = AssetQuery("smintio", (("segment", "größe 7"),), "de")
    tenant.config = replace(tenant.config, mapping=replace(AT_ONCE, page_size=30))
    assert (await tenant.make().select(query)).id == "12:image:größe 09907"
    tenant.config = replace(tenant.config, mapping=replace(AT_ONCE, page_size=30, max_pages=2))
    with pytest.raises(InvalidReferenceError, match="add a criterion"):
        await tenant.make().select(query)


def test_mapping_faults() -> None:
    """Each fault of a mapping has its place."""
    _, faults = parse_mapping("poll_seconds: 0\nfields: {approvals: x}\nlicences: {limit: 0}\n")
    assert [fault.partition(":")[0] for fault in faults] == ["poll_seconds", "licences.limit", "fields.approvals"]
