"""What an HTTP endpoint says of its answers, from the stand-in through the connector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.sources.conformance import LIMITS
from tests.integration.sources.harnesses import HttpHarness

from pressrun_loadtest.sandbox import HttpOptions, Sandbox
from pressrun_loadtest.sandbox.clock import http_date
from pressrun_loadtest.sandbox.faults import FailWith
from pressrun_loadtest.sandbox.http.store import Item
from pressrun_loadtest.sandbox.seed import Seed
from pressrun_sources.errors import NotFoundError, RateLimitedError, UnavailableError
from pressrun_sources.http.mapping import HttpMapping
from pressrun_sources.model import AssetDescription

PRESENT = HttpHarness.present


@pytest.fixture
async def endpoint(sandbox: Sandbox) -> AsyncIterator[HttpHarness]:
    """An endpoint without metadata, so that one answer alone decides."""
    harness = HttpHarness(sandbox)
    harness.config = replace(harness.config, mapping=HttpMapping(assume_approved=True))
    yield harness
    await harness.close()


def serve(endpoint: HttpHarness, **changes: object) -> Item:
    """Let the item be sent otherwise."""
    store = endpoint.sandbox.http.store
    return store.put(replace(store.items[PRESENT.id], **changes))  # type: ignore[arg-type]


def seconds(found: AssetDescription) -> tuple[int | None, int | None]:
    """For how long it is fresh, and for how long it may be stale after that, to ten seconds: a test takes its time."""
    now = datetime.now(UTC)
    fresh = None if found.fresh_until is None else round((found.fresh_until - now).total_seconds() / 10) * 10
    stale = None if found.stale_until is None else round((found.stale_until - now).total_seconds() / 10) * 10
    return fresh, stale if stale is None or fresh is None else stale - fresh


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ("public, max-age=600", (600, None)),
        ("no-store", (0, 0)),
        ("no-cache, public, max-age=600", (0, 0)),
        ("private, max-age=600", (0, 0)),
        ("public, max-age=600, must-revalidate, stale-if-error=900", (600, 0)),
        ("public, max-age=600, stale-if-error=900", (600, 900)),
    ],
)
@pytest.mark.fact("http.directives", "http.stale")
async def test_directives(endpoint: HttpHarness, control: str, expected: tuple[int, int | None]) -> None:
    """What forbids reuse makes an answer stale at once; what demands revalidation forbids stale use."""
    serve(endpoint, cache_control=control)
    assert seconds(await endpoint.make().describe(PRESENT)) == expected


@pytest.mark.parametrize(
    ("control", "fresh"), [("max-age=600", 0), ("max-age=600, public", 600), ("s-maxage=600", 600)]
)
@pytest.mark.fact("http.authorised-answers")
async def test_answers_to_credentials(endpoint: HttpHarness, control: str, fresh: int) -> None:
    """An answer that came for our credentials is kept for others only where it says that it may be."""
    serve(endpoint, cache_control=control)
    assert seconds(await endpoint.make().describe(PRESENT))[0] == fresh


@pytest.mark.fact("http.expires", "http.age", "http.vary")
async def test_other_headers(endpoint: HttpHarness) -> None:
    """Expires counts where no directive does, Age is taken off, and nothing matches where anything may vary it."""
    expires = http_date(datetime.now(UTC) + timedelta(seconds=120))
    for more, control, fresh in (
        ({"Expires": expires}, "public", 120),
        ({"Expires": "0"}, "public", 0),
        ({"Age": "550"}, "public, max-age=600", 50),
        ({"Age": "650"}, "public, max-age=600", 0),
        ({"Vary": "Accept"}, "public, max-age=600", 600),
        ({"Vary": "*"}, "public, max-age=600", 0),
    ):
        serve(endpoint, more=more, cache_control=control)
        assert seconds(await endpoint.make().describe(PRESENT))[0] == fresh, more


@pytest.mark.fact("http.refreshed-by-304")
async def test_a_304_brings_the_headers_up_to_date(endpoint: HttpHarness) -> None:
    """Unchanged bytes are fresh for as long as the 304 says, and not as the first answer said."""
    serve(endpoint, cache_control="public, max-age=10")
    source = endpoint.make()
    first = await source.describe(PRESENT)
    serve(endpoint, cache_control="public, max-age=600")
    second = await source.describe(PRESENT)
    assert endpoint.sandbox.http.journal.entries()[-1].status == 304
    assert (seconds(first)[0], seconds(second)[0]) == (10, 600)
    assert second.version == first.version


@pytest.mark.fact("http.gone", "http.problem")
async def test_problems(endpoint: HttpHarness) -> None:
    """What is gone is not found and not asked for again; what the problem says is told to operators alone."""
    serve(endpoint, gone=True)
    with pytest.raises(NotFoundError) as caught:
        await endpoint.make(replace(LIMITS, retries=3)).describe(PRESENT)
    assert not caught.value.transient
    assert len(endpoint.sandbox.http.journal.entries()) == 1
    serve(endpoint, gone=False)
    endpoint.fault(FailWith(503))
    with pytest.raises(UnavailableError) as failed:
        await endpoint.make().describe(PRESENT)
    assert failed.value.transient
    assert "told to answer" not in str(failed.value)


@pytest.mark.fact("http.retry-after-date")
async def test_retry_at_a_date(seed: Seed) -> None:
    """A pause until a date is as long as it is until then."""
    async with Sandbox(seed=seed, http=HttpOptions(rate_limit=1, retry_date=True)) as sandbox:
        harness = HttpHarness(sandbox)
        source = harness.make()
        await source.check()
        with pytest.raises(RateLimitedError) as caught:
            await source.describe(PRESENT)
        assert caught.value.retry_after is not None
        assert 50 < caught.value.retry_after <= 60
        await harness.close()
