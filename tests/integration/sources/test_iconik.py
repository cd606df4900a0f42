from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.integration.sources.conformance import LIMITS, load
from tests.integration.sources.harnesses import IconikHarness

from pressrun_loadtest.sandbox import IconikOptions, Sandbox
from pressrun_loadtest.sandbox.faults import FailWith
from pressrun_loadtest.sandbox.seed import Seed
from pressrun_sources.errors import (
    InvalidReferenceError,
    MisconfiguredError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
)
from pressrun_sources.iconik.mapping import IconikMapping, parse_mapping
from pressrun_sources.model import Approval, AssetQuery, AssetRef
from pressrun_sources.transport.client import Transport

PRESENT = IconikHarness.present
VIDEO = AssetRef("iconik", "0b0f2d3e-9d11-41f0-8a01-000000000002")


@pytest.fixture
async def tenant(sandbox: Sandbox) -> AsyncIterator[IconikHarness]:
    """The stand-in, and what makes sources of it."""
    harness = IconikHarness(sandbox)
    yield harness
    await harness.close()


@pytest.mark.fact("iconik.metadata-apart")
async def test_description(tenant: IconikHarness) -> None:
    """Rights, language and attributes are read from the view; a day as the end of the rights counts whole."""
    found = await tenant.make().describe(PRESENT)
    assert found.rights_until is not None
    assert found.rights_until.isoformat() == "2100-01-01T00:00:00+00:00"
    assert found.locale == "en"
    assert found.attributes == (("campaign", "statement-2026"), ("segment", "premier"))


@pytest.mark.fact("iconik.approval-per-version")
async def test_an_older_approved_version_is_used(tenant: IconikHarness) -> None:
    """A newer version waits for its own approval; until then the approved one is used, also by search."""
    before = await tenant.make().describe(PRESENT)
    store = tenant.sandbox.iconik.store
    store.add_version(store.assets[PRESENT.id], "new.jpg", tenant.content, "REQUESTED")
    source = tenant.make()
    assert await source.describe(PRESENT) == before
    assert await source.select(tenant.hit) == PRESENT
    newest = store.assets[PRESENT.id].current.id
    pinned = await source.describe(replace(PRESENT, qualifiers=(("version", newest),)))
    assert (pinned.asset_id, pinned.approval) == (newest, Approval.PENDING)
    store.approve(store.assets[PRESENT.id], "APPROVED")
    assert (await source.describe(PRESENT)).asset_id == newest


@pytest.mark.parametrize(
    ("status", "approval"),
    [("N/A", Approval.UNKNOWN), ("MIXED", Approval.PENDING), ("NOT_APPROVED", Approval.REJECTED)],
)
@pytest.mark.fact("iconik.approval-per-version")
async def test_statuses(tenant: IconikHarness, status: str, approval: Approval) -> None:
    """No status but APPROVED lets an asset be used."""
    tenant.config = replace(tenant.config, mapping=IconikMapping(versions=1))
    store = tenant.sandbox.iconik.store
    store.approve(store.assets[PRESENT.id], status)
    source = tenant.make()
    assert (await source.describe(PRESENT)).approval is approval
    with pytest.raises(NotFoundError):
        await source.select(tenant.hit)


@pytest.mark.fact("iconik.blocked")
async def test_withdrawn(tenant: IconikHarness) -> None:
    """A blocked asset, and one whose life cycle ended, is retired; one in the delete queue is deleted."""
    store, source = tenant.sandbox.iconik.store, tenant.make()
    asset = store.assets[PRESENT.id]
    store.put(replace(asset, is_blocked=True))
    assert (await source.describe(PRESENT)).approval is Approval.RETIRED
    store.put(replace(asset, metadata=asset.metadata | {"LifecycleState": ("superseded",)}))
    assert (await source.describe(PRESENT)).approval is Approval.RETIRED
    store.put(replace(asset, status="DELETED"))
    assert (await source.describe(PRESENT)).deleted


@pytest.mark.fact("iconik.keyframe-kinds")
async def test_poster(tenant: IconikHarness) -> None:
    """A video is shown by its poster, never by a sprite sheet."""
    source = tenant.make()
    found = await source.describe(VIDEO)
    files = {file.kind: file for file in tenant.sandbox.iconik.store.assets[VIDEO.id].current.files}
    assert (found.media_type, found.width, found.height) == ("image/jpeg", 400, 100)
    assert await load(source, found) == files["POSTER"].data


async def test_replaced_during_a_job(tenant: IconikHarness) -> None:
    """What was described is what is opened, also after a newer version was approved."""
    source = tenant.make()
    described = await source.describe(PRESENT)
    store = tenant.sandbox.iconik.store
    changed = store.add_version(store.assets[PRESENT.id], "x.png", store.assets[VIDEO.id].current.files[1].data, "N/A")
    store.approve(changed, "APPROVED")
    assert await load(source, described) == tenant.content
    assert (await source.describe(PRESENT)).version != described.version


@pytest.mark.fact("iconik.token-headers")
async def test_wrong_token(tenant: IconikHarness) -> None:
    """A wrong token is refused credentials, and nothing of it is told."""
    tenant.config = replace(tenant.config, auth_token="wrong-secret")
    with pytest.raises(UnauthenticatedError) as caught:
        await tenant.make().check()
    assert "wrong-secret" not in caught.value.detail


async def test_rate_limit(seed: Seed) -> None:
    """A used-up window is a rate limit; the service says no time, so the pause is our own."""
    async with Sandbox(seed=seed, iconik=IconikOptions(rate_limit=4)) as sandbox:
        tenant = IconikHarness(sandbox)
        source = tenant.make()
        await source.describe(PRESENT)
        with pytest.raises(RateLimitedError) as caught:
            await source.check()
        assert caught.value.retry_after is None
        await tenant.close()


async def test_recovers(tenant: IconikHarness) -> None:
    """A rate limit that passes is waited out."""
    tenant.fault(FailWith(429))
    assert (await tenant.make(replace(LIMITS, retries=1, backoff=0.01)).describe(PRESENT)).ref == PRESENT


def test_store_must_be_allowed(tenant: IconikHarness) -> None:
    """A signed URL is followed only to a host that an operator allowed; it is named to operators, unsigned."""
    transport = Transport("iconik", LIMITS, tenant.config.origins())
    with pytest.raises(MisconfiguredError, match="in a store that this service may not use") as caught:
        transport.stored("https://elsewhere.example/file?signature=abc", PRESENT, "asset 'x'", media_type=None)
    assert caught.value.detail == "https://elsewhere.example is not in PRESSRUN_SOURCES_ALLOWED_HOSTS"


@pytest.mark.fact("iconik.paging")
async def test_pages_to_the_end(tenant: IconikHarness) -> None:
    """A search reads its pages to the last one; a set that exceeds the pages is refused."""
    store, values = tenant.sandbox.iconik.store, {"Set": ("größe ß",)}
    model = store.assets[PRESENT.id]
    draft = replace(model.current, approval="REQUESTED")
    for number in range(10_000):
        asset = replace(model, id=f"0b0f2d3e-9d11-41f0-8a03-{number:012x}", title=f"Größe {number}", metadata=values)
        store.assets[asset.id] = asset if number % 500 == 0 else replace(asset, versions=(draft,), metadata={})
    query = AssetQuery("iconik", (("Set", "größe ß"),))
    tenant.config = replace(tenant.config, mapping=IconikMapping(page_size=7, max_pages=3))
    assert (await tenant.make().select(query)).id == "0b0f2d3e-9d11-41f0-8a03-000000000000"
    calls = [entry for entry in tenant.sandbox.iconik.journal.entries() if "search" in entry.path]
    assert [entry.query.partition("&")[0] for entry in calls] == ["page=1", "page=2", "page=3"]
    tenant.config = replace(tenant.config, mapping=IconikMapping(page_size=7, max_pages=2))
    with pytest.raises(InvalidReferenceError, match="add a criterion"):
        await tenant.make().select(query)


@pytest.mark.parametrize("name", ["two words", 'a"b', "a.b"])
async def test_search_names_are_checked(tenant: IconikHarness, name: str) -> None:
    """A criterion that cannot be a field is refused."""
    with pytest.raises(InvalidReferenceError, match="field"):
        await tenant.make().select(AssetQuery("iconik", ((name, "x"),)))


def test_mapping_faults() -> None:
    """A misspelt field of the mapping is a fault with its place."""
    _, faults = parse_mapping("fields: {right_until: X}\nversions: 0\n")
    assert [re.match(r"[a-z_.]+", fault)[0] for fault in faults] == ["versions", "fields.right_until"]  # type: ignore[index]


@pytest.mark.fact("iconik.last-id", "iconik.keyframe-kinds")
async def test_many_keyframes(tenant: IconikHarness) -> None:
    """The poster is found also where it stands behind a hundred keyframes and more."""
    store = tenant.sandbox.iconik.store
    film = store.assets[VIDEO.id]
    version = film.versions[-1]
    frame = next(file for file in version.files if file.kind == "KEYFRAME_MAP")
    poster = next(file for file in version.files if file.kind == "POSTER")
    frames = tuple(replace(frame, id=str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))) for number in range(230))
    others = tuple(file for file in version.files if file.kind not in ("KEYFRAME", "KEYFRAME_MAP", "POSTER"))
    store.assets[VIDEO.id] = replace(film, versions=(replace(version, files=(*others, *frames, poster)),))
    source = tenant.make()
    assert await load(source, await source.describe(VIDEO)) == poster.data
    queries = [entry.query for entry in tenant.sandbox.iconik.journal.entries() if "/keyframes/" in entry.path]
    assert [f"last_id={frames[number].id}" in query for number, query in zip((0, 99, 199), queries, strict=False)] == [
        False, True, True,
    ]  # fmt: skip
