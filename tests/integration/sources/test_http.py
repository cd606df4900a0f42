from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from tests.integration.sources.conformance import LIMITS, load
from tests.integration.sources.harnesses import HttpHarness

from pressrun_loadtest.sandbox import HttpOptions, Sandbox
from pressrun_loadtest.sandbox.faults import FaultRule, Truncate
from pressrun_loadtest.sandbox.seed import Seed
from pressrun_sources.errors import (
    InvalidReferenceError,
    InvalidResponseError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from pressrun_sources.http.description import marks
from pressrun_sources.http.mapping import HttpMapping, parse_mapping
from pressrun_sources.model import Approval, AssetQuery, AssetRef, Rendition
from pressrun_sources.protocol import Ranking

PRESENT = HttpHarness.present
TERMS = AssetRef("http", "terms/größe 2026.txt")


@pytest.fixture
async def endpoint(sandbox: Sandbox) -> AsyncIterator[HttpHarness]:
    """The stand-in, and what makes sources of it."""
    harness = HttpHarness(sandbox)
    yield harness
    await harness.close()


def statuses(endpoint: HttpHarness) -> list[tuple[str, int | None]]:
    """Method and status of all requests."""
    return [(entry.method, entry.status) for entry in endpoint.sandbox.http.journal.entries()]


async def test_description(endpoint: HttpHarness) -> None:
    """Metadata are read by pointers; a text block with a name beyond ASCII is an asset like a picture."""
    found = await endpoint.make().describe(TERMS)
    assert (found.media_type, found.locale, found.territories) == ("text/plain", "de", ("DE", "AT"))
    assert found.attributes == (("kind", "terms"),)
    assert (await load(endpoint.make(), found)).startswith(b"Terms of 2026")


@pytest.mark.fact("http.freshness", "http.stale")
async def test_freshness(endpoint: HttpHarness) -> None:
    """The shorter of both lifetimes counts (RFC 9111), and bytes may be stale as long as the origin says (RFC 5861)."""
    found = await endpoint.make().describe(PRESENT)
    now = datetime.now(UTC)
    assert found.fresh_until is not None
    assert now + timedelta(seconds=50) < found.fresh_until <= now + timedelta(seconds=60)
    assert found.stale_until is not None
    assert now + timedelta(seconds=880) < found.stale_until <= now + timedelta(seconds=900)


@pytest.mark.fact("http.conditional")
async def test_unchanged(endpoint: HttpHarness) -> None:
    """A second description asks with validators, is answered 304 twice, and is equal but for its freshness."""
    source = endpoint.make()
    first = await source.describe(PRESENT)
    second = await source.describe(PRESENT)
    assert replace(second, fresh_until=first.fresh_until, stale_until=first.stale_until) == first
    assert statuses(endpoint) == [("HEAD", 200), ("GET", 200), ("HEAD", 304), ("GET", 304)]


async def test_changed_metadata(endpoint: HttpHarness) -> None:
    """A withdrawn approval is seen although the bytes are answered 304."""
    source = endpoint.make()
    first = await source.describe(PRESENT)
    store = endpoint.sandbox.http.store
    store.edit(store.items[PRESENT.id], {"status": "retired"})
    second = await source.describe(PRESENT)
    assert (second.approval, second.version) == (Approval.RETIRED, first.version)
    assert statuses(endpoint)[2:] == [("HEAD", 304), ("GET", 200)]


@pytest.mark.parametrize("etag", ["strong", "weak", "none"])
@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("digest", ["right", "none"])
@pytest.mark.fact("http.validators")
async def test_replaced(endpoint: HttpHarness, etag: str, digest: str, *, dated: bool) -> None:
    """Whatever marks an endpoint gives, other bytes have another version, and never come for the old one."""
    store, source = endpoint.sandbox.http.store, endpoint.make()
    item = replace(store.items[PRESENT.id], etag=etag, dated=dated, digest=digest)
    item = replace(store.put(item), modified=item.modified - timedelta(hours=1))
    store.put(item)
    first = await source.describe(PRESENT)
    assert (await source.describe(PRESENT)).version == first.version
    assert await load(source, first) == endpoint.content
    store.replace_data(item, endpoint.content + b"x")
    with pytest.raises(InvalidResponseError) as caught:
        await load(source, first)
    assert caught.value.transient
    second = await source.describe(PRESENT)
    assert second.version != first.version
    assert await load(source, second) == endpoint.content + b"x"


def test_a_tag_of_other_characters() -> None:
    """An entity tag may hold bytes that are no UTF-8 (obs-text); they are in the version as Latin-1, which can be kept."""
    found = marks({"ETag": b'"a\xffb"'.decode("utf-8", "surrogateescape"), "Last-Modified": "x"})
    assert found["etag"] == '"a\xffb"'


@pytest.mark.fact("http.digest")
async def test_wrong_digest(endpoint: HttpHarness) -> None:
    """Bytes that do not agree with Content-Digest (RFC 9530) are refused."""
    store = endpoint.sandbox.http.store
    store.put(replace(store.items[PRESENT.id], digest="wrong"))
    source = endpoint.make()
    with pytest.raises(InvalidResponseError, match="checksum"):
        await load(source, await source.describe(PRESENT))


@pytest.mark.fact("http.range", "http.if-range")
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_download_that_breaks_off(endpoint: HttpHarness, replaced: bool) -> None:  # noqa: FBT001 - parametrized
    """Of a large picture whose connection broke the rest is fetched; where it was replaced meanwhile it fails."""
    store, faults = endpoint.sandbox.http.store, endpoint.sandbox.http.faults
    large = store.items[PRESENT.id].data + bytes(3_000_000)
    store.put(replace(store.items[PRESENT.id], data=large))
    source = endpoint.make(replace(LIMITS, retries=1))
    description = await source.describe(PRESENT)
    endpoint.sandbox.http.journal.clear()
    faults.add(FaultRule(Truncate(2_000_000), "/assets/*", method="GET"))
    async with source.open(description, Rendition()) as body:
        chunks = body.chunks()
        received = await anext(chunks)
        if replaced:
            store.put(replace(store.items[PRESENT.id], data=bytes(3_000_000)))
            with pytest.raises(UnavailableError):
                received += b"".join([chunk async for chunk in chunks])
        else:
            received += b"".join([chunk async for chunk in chunks])
            assert received == large
    assert statuses(endpoint) == [("GET", 200), ("GET", 200 if replaced else 206)]


async def test_parts(endpoint: HttpHarness) -> None:
    """The stand-in gives parts from either end, none behind the last byte, and the whole where it is another one."""
    url = f"{endpoint.sandbox.settings.http.base_url}/assets/{PRESENT.id}"
    data, mine = endpoint.content, {"Authorization": f"Bearer {endpoint.sandbox.http.options.token}"}
    size = len(data)
    async with aiohttp.ClientSession(headers=mine) as session:

        async def asked(**headers: str) -> tuple[int, str | None, bytes]:
            async with session.get(
                url, headers={name.replace("_", "-"): text for name, text in headers.items()}
            ) as got:
                return got.status, got.headers.get("Content-Range"), await got.read()

        async with session.head(url) as head:
            assert head.headers["Accept-Ranges"] == "bytes"
            tag = head.headers["ETag"]
        assert await asked(Range="bytes=2-5") == (206, f"bytes 2-5/{size}", data[2:6])
        assert await asked(Range="bytes=2-", If_Range=tag) == (206, f"bytes 2-{size - 1}/{size}", data[2:])
        assert await asked(Range="bytes=-3") == (206, f"bytes {size - 3}-{size - 1}/{size}", data[-3:])
        assert (await asked(Range=f"bytes={size}-"))[:2] == (416, f"bytes */{size}")
        for whole in (
            {"Range": "bytes=2-5", "If_Range": '"another"'},
            {"Range": "bytes=0-1,4-5"},
            {"Range": "lines=1-"},
        ):
            assert await asked(**whole) == (200, None, data)


@pytest.mark.fact("http.head")
async def test_without_head(seed: Seed) -> None:
    """An endpoint that does not serve HEAD is asked by GET, whose body is left."""
    async with Sandbox(seed=seed, http=HttpOptions(head=False)) as sandbox:
        harness = HttpHarness(sandbox)
        source = harness.make()
        assert await load(source, await source.describe(PRESENT)) == harness.content
        await source.check()
        await harness.close()


async def test_nothing_is_assumed(endpoint: HttpHarness) -> None:
    """Without metadata there is no statement of approval, unless the operator vouches for the endpoint."""
    endpoint.config = replace(endpoint.config, mapping=HttpMapping())
    assert (await endpoint.make().describe(PRESENT)).approval is Approval.UNKNOWN
    endpoint.config = replace(endpoint.config, mapping=HttpMapping(assume_approved=True))
    assert (await endpoint.make().describe(PRESENT)).approval is Approval.APPROVED
    with pytest.raises(InvalidReferenceError, match="cannot search"):
        await endpoint.make().select(endpoint.hit)


@pytest.mark.fact("http.retry-after")
async def test_rate_limit(seed: Seed) -> None:
    """A used-up window is a rate limit, with the pause that the endpoint asks for."""
    async with Sandbox(seed=seed, http=HttpOptions(rate_limit=2)) as sandbox:
        harness = HttpHarness(sandbox)
        source = harness.make()
        await source.describe(PRESENT)
        with pytest.raises(RateLimitedError) as caught:
            await source.describe(PRESENT)
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 60
        await harness.close()


async def test_pages_to_the_end(endpoint: HttpHarness) -> None:
    """A search among 10,000 items reads its pages to the last one; more pages than allowed are refused."""
    store = endpoint.sandbox.http.store
    model = store.items[PRESENT.id]
    for number in range(10_000):
        attributes = {"set": ["größe ß"] if number % 90 == 0 else ["other"]}
        store.put(
            replace(model, id=f"many/größe {number:05}.png", metadata={"status": "approved", "attributes": attributes})
        )
    query = AssetQuery("http", (("set", "größe ß"),))
    source = endpoint.make()
    assert (await source.select(query)).id == "many/größe 00000.png"
    assert isinstance(source, Ranking)
    assert [ref.id for ref in await source.rank(query)] == [f"many/größe {n * 90:05}.png" for n in range(20)]
    endpoint.config = replace(endpoint.config, mapping=replace(endpoint.config.mapping, max_pages=2))
    with pytest.raises(InvalidReferenceError, match="add a criterion"):
        await endpoint.make().select(query)


async def test_unknown_criterion(endpoint: HttpHarness) -> None:
    """A criterion that the endpoint refuses is no reference of this source."""
    with pytest.raises(InvalidReferenceError):
        await endpoint.make().select(AssetQuery("http", (("colour", "red"),)))
    with pytest.raises(NotFoundError):
        await endpoint.make(LIMITS).select(AssetQuery("http", (("kind", "logo"),), "fr"))


def test_mapping_faults() -> None:
    """Each fault of a mapping has its place."""
    _, faults = parse_mapping("asset: /x\nfields: {approval: status}\nsearch: {path: search, max_pages: 0}\nx: 1\n")
    assert [fault.partition(":")[0] for fault in faults] == [
        "asset", "fields.approval", "search.max_pages", "search.path", "x",
    ]  # fmt: skip
