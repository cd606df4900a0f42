from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image
from tests.integration.sources.conformance import LIMITS, load
from tests.integration.sources.harnesses import CloudinaryHarness

from pressrun_loadtest.sandbox import Sandbox
from pressrun_loadtest.sandbox.cloudinary.access import read_rules
from pressrun_loadtest.sandbox.cloudinary.options import CloudinaryOptions
from pressrun_loadtest.sandbox.cloudinary.options import SignatureAlgorithm as SandboxAlgorithm
from pressrun_loadtest.sandbox.faults import FailWith, FaultRule, Redirect, WrongContentType
from pressrun_loadtest.sandbox.fields import Fields
from pressrun_loadtest.sandbox.seed import Seed
from pressrun_sources.cloudinary.mapping import parse_mapping
from pressrun_sources.cloudinary.signature import SignatureAlgorithm
from pressrun_sources.errors import (
    DeniedError,
    InvalidReferenceError,
    InvalidResponseError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
)
from pressrun_sources.model import Approval, AssetQuery, AssetRef, Rendition

PRESENT = CloudinaryHarness.present
SIGNED = AssetRef("cloudinary", "statement/banner-authenticated", (("type", "authenticated"),))
PRIVATE = AssetRef("cloudinary", "statement/banner-private", (("type", "private"),))


@pytest.fixture
async def cloud(sandbox: Sandbox) -> AsyncIterator[CloudinaryHarness]:
    """The stand-in, and what makes sources of it."""
    harness = CloudinaryHarness(sandbox)
    yield harness
    await harness.close()


def delivered(cloud: CloudinaryHarness) -> list[str]:
    """The paths that were delivered."""
    return [entry.path for entry in cloud.sandbox.cloudinary.delivery_journal.entries()]


async def test_description(cloud: CloudinaryHarness) -> None:
    """Rights, metadata and sizes are read; a day as the end of the rights counts whole."""
    found = await cloud.make().describe(PRESENT)
    assert found.rights_until == datetime(2100, 1, 1, tzinfo=UTC)
    assert (found.width, found.height) == (400, 100)
    assert found.attributes == (("campaign", "statement-2026"), ("format", "jpg"), ("segment", "premier"))
    assert found.version.isdigit()
    assert found.etag


@pytest.mark.fact("cloudinary.by-asset-ids")
async def test_review(cloud: CloudinaryHarness) -> None:
    """One call says of many assets what their records say, moderation and access control among it."""
    source = cloud.make()
    refs = (PRESENT, SIGNED, PRIVATE)
    described = {ref: await source.describe(ref) for ref in refs}
    calls = cloud.sandbox.cloudinary.api_journal.count()
    known = {ref: description.asset_id for ref, description in described.items()}
    assert await source.review(known) == described
    assert cloud.sandbox.cloudinary.api_journal.count() == calls + 1


@pytest.mark.parametrize(
    "change",
    [
        {"moderation_status": "rejected"},
        {"access_control": read_rules([Fields({"access_type": "token"}, "test")])},
        {"metadata": {"approval": "retired"}},
        {"metadata": {"approval": "approved", "rights_end": "2026-01-01"}},
        {"version": 1},
    ],
    ids=str,
)
async def test_review_tells_changes(cloud: CloudinaryHarness, change: dict[str, Any]) -> None:
    """What takes away the use of an asset, and another file, shows in the list as in the record itself."""
    source = cloud.make()
    before = await source.describe(PRESENT)
    asset = cloud.sandbox.cloudinary.store.find("upload", PRESENT.id)
    assert asset is not None
    cloud.sandbox.cloudinary.store.put(replace(asset, **change))
    after = (await source.review({PRESENT: before.asset_id}))[PRESENT]
    assert after != before
    assert after == await source.describe(PRESENT)


async def test_review_of_what_is_not_there(cloud: CloudinaryHarness) -> None:
    """What is not there, or is another asset by now than the ref means, is told as such, and not left out."""
    source = cloud.make()
    asset_id = (await source.describe(PRESENT)).asset_id
    elsewhere, gone = AssetRef("cloudinary", PRESENT.id, (("type", "private"),)), AssetRef("cloudinary", "gone")
    assert await source.review({elsewhere: asset_id, gone: "0" * 32}) == {elsewhere: None, gone: None}
    other = AssetRef("cloudinary", "statement/other")
    assert await source.review({other: asset_id}) == {other: None}


async def test_review_that_is_refused(cloud: CloudinaryHarness) -> None:
    """A service that knows no such list says so in a way that is remembered."""
    cloud.sandbox.cloudinary.api_faults.add(FaultRule(FailWith(400), "*/by_asset_ids"))
    with pytest.raises(InvalidReferenceError):
        await cloud.make().review({PRESENT: "0" * 32})


async def test_review_of_what_was_never_moderated(cloud: CloudinaryHarness) -> None:
    """The record of a list that does not speak of moderation says too little, whatever is needed of it."""
    source = cloud.make()
    before = await source.describe(PRESENT)
    asset = cloud.sandbox.cloudinary.store.find("upload", PRESENT.id)
    assert asset is not None
    cloud.sandbox.cloudinary.store.put(replace(asset, moderation_status=None))
    assert await source.review({PRESENT: before.asset_id}) == {}


@pytest.mark.parametrize(
    ("rendition", "size", "mode", "form"),
    [
        (Rendition(width=200, height=200), (200, 50), "RGB", "JPEG"),
        (Rendition(width=200, height=200, fit="fill", format="png"), (200, 200), "RGB", "PNG"),
        (Rendition(width=200, height=20, fit="scale", format="webp"), (200, 20), "RGB", "WEBP"),
        (Rendition(width=2000, format="jpg", quality=60), (400, 100), "RGB", "JPEG"),
        (Rendition(color_space="cmyk", dpi=300), (400, 100), "CMYK", "JPEG"),
    ],
)
async def test_renditions(
    cloud: CloudinaryHarness, rendition: Rendition, size: tuple[int, int], mode: str, form: str
) -> None:
    """The service makes the rendition that is wanted."""
    source = cloud.make()
    image = Image.open(io.BytesIO(await load(source, await source.describe(PRESENT), rendition)))
    assert (image.size, image.mode, image.format) == (size, mode, form)


async def test_url_says_everything(cloud: CloudinaryHarness) -> None:
    """A delivery URL has format, version and extension; one call reads the record again behind the bytes."""
    source = cloud.make()
    description = await source.describe(PRESENT)
    calls = cloud.sandbox.cloudinary.api_journal.count()
    await load(source, description, Rendition(width=200, format="png", dpi=300))
    expected = f"/sandbox/image/upload/dn_300,c_limit,f_png,w_200/v{description.version}/statement/banner-premier.png"
    parts = delivered(cloud)[0].split("/")
    assert ",".join(sorted(parts[4].split(","))) == "c_limit,dn_300,f_png,w_200"
    assert [*parts[:4], *parts[5:]] == [*expected.split("/")[:4], *expected.split("/")[5:]]
    assert cloud.sandbox.cloudinary.api_journal.count() == calls + 1


@pytest.mark.parametrize("algorithm", list(SandboxAlgorithm))
@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("ref", [SIGNED, PRIVATE])
@pytest.mark.parametrize("rendition", [Rendition(), Rendition(width=50, format="png")])
async def test_signed(
    seed: Seed,
    algorithm: SandboxAlgorithm,
    long: bool,  # noqa: FBT001 - a parameter of the test
    ref: AssetRef,
    rendition: Rendition,
) -> None:
    """Authenticated and private assets are had by signed URLs, short or long."""
    async with Sandbox(seed=seed, cloudinary=CloudinaryOptions(signature_algorithm=algorithm)) as sandbox:
        cloud = CloudinaryHarness(sandbox)
        cloud.config = replace(
            cloud.config, signature_algorithm=SignatureAlgorithm(algorithm.value), long_signatures=long
        )
        source = cloud.make()
        assert await load(source, await source.describe(ref), rendition)
        assert delivered(cloud)[0].split("/")[4].startswith("s--")
        await cloud.close()


async def test_wrong_signature(cloud: CloudinaryHarness) -> None:
    """A signature that is not accepted is a denied asset, and no detail shows the URL that was signed."""
    description = await cloud.make().describe(SIGNED)
    cloud.config = replace(cloud.config, signature_algorithm=SignatureAlgorithm.SHA256)
    with pytest.raises(DeniedError) as caught:
        await load(cloud.make(), description)
    assert "signature s--…--" in caught.value.detail


async def test_every_url_signed(cloud: CloudinaryHarness) -> None:
    """All URLs are signed where the account wants it."""
    cloud.config = replace(cloud.config, sign_urls=True)
    source = cloud.make()
    assert await load(source, await source.describe(PRESENT)) == cloud.content
    assert "/s--" in delivered(cloud)[0]


async def test_wrong_key(cloud: CloudinaryHarness) -> None:
    """A wrong secret is refused credentials, and nothing of it is told."""
    cloud.config = replace(cloud.config, api_secret="wrong-secret")
    for call in (cloud.make().describe(PRESENT), cloud.make().check()):
        with pytest.raises(UnauthenticatedError) as caught:
            await call
        assert "wrong-secret" not in caught.value.detail


@pytest.mark.parametrize("status", [420, 429])
@pytest.mark.fact("cloudinary.rate-statuses")
async def test_rate_limit(seed: Seed, status: int) -> None:
    """Either status of a used-up budget is a rate limit with the time of its reset."""
    options = CloudinaryOptions(rate_limit=1, rate_limit_status=status)
    async with Sandbox(seed=seed, cloudinary=options) as sandbox:
        cloud = CloudinaryHarness(sandbox)
        source = cloud.make(replace(LIMITS, retries=2))
        await source.describe(PRESENT)
        with pytest.raises(RateLimitedError) as caught:
            await source.describe(PRESENT)
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 3600
        await cloud.close()


async def test_refused_transformation(cloud: CloudinaryHarness) -> None:
    """A rendition that the service refuses is an invalid reference with the service's reason for the operator."""
    source = cloud.make()
    description = await source.describe(PRESENT)
    cloud.fault_delivery(FailWith(400))
    with pytest.raises(InvalidReferenceError) as caught:
        await load(source, description, Rendition(width=10))
    assert "answered 400: " in caught.value.detail
    with pytest.raises(InvalidReferenceError, match="1 to 300"):
        await load(source, description, Rendition(dpi=600))


async def test_window_of_access(cloud: CloudinaryHarness) -> None:
    """An asset that is open to token holders only is not released: pending."""
    asset = cloud.sandbox.cloudinary.store.find("upload", PRESENT.id)
    assert asset is not None
    rules = read_rules([Fields({"access_type": "token"}, "test")])
    cloud.sandbox.cloudinary.store.put(replace(asset, access_control=rules))
    source = cloud.make()
    description = await source.describe(PRESENT)
    assert description.approval is Approval.PENDING
    with pytest.raises((DeniedError, NotFoundError)):
        await load(source, description)
    with pytest.raises(NotFoundError):
        await source.select(cloud.hit)


async def test_selects_the_newest(cloud: CloudinaryHarness) -> None:
    """Among several assets the last uploaded wins; pages are read to the end."""
    parsed, faults = parse_mapping("search: {page_size: 1, max_pages: 9}")
    assert faults == []
    cloud.config = replace(cloud.config, mapping=parsed)
    query = AssetQuery("cloudinary", (("campaign", "statement-2026"),))
    assert await cloud.make().select(query) == AssetRef("cloudinary", "statement/banner-business")
    tight, _ = parse_mapping("search: {page_size: 1, max_pages: 2}")
    cloud.config = replace(cloud.config, mapping=tight)
    with pytest.raises(InvalidReferenceError, match="add a criterion"):
        await cloud.make().select(query)


async def test_select_names_the_type(cloud: CloudinaryHarness) -> None:
    """A selected asset of another type carries it as a qualifier."""
    for segment in ("premier",):
        found = await cloud.make().select(AssetQuery("cloudinary", (("segment", segment),)))
        assert found == PRIVATE


@pytest.mark.parametrize("value", ['x" OR approval="approved', "a*", "a:b AND c", "(", "é ß"])
async def test_search_values_are_data(cloud: CloudinaryHarness, value: str) -> None:
    """No value can change the meaning of a search."""
    with pytest.raises(NotFoundError):
        await cloud.make().select(AssetQuery("cloudinary", (("campaign", value),)))


async def test_search_refuses_backslashes(cloud: CloudinaryHarness) -> None:
    """A value that could end the quotes around it is refused before the service sees it."""
    with pytest.raises(InvalidReferenceError, match="backslash"):
        await cloud.make().select(AssetQuery("cloudinary", (("campaign", 'x\\" OR a="b'),)))


@pytest.mark.parametrize("name", ["two words", 'a"b', "a=b", "a.b"])
async def test_search_names_are_checked(cloud: CloudinaryHarness, name: str) -> None:
    """A criterion that cannot be a field is refused."""
    with pytest.raises(InvalidReferenceError, match="external id"):
        await cloud.make().select(AssetQuery("cloudinary", ((name, "x"),)))


@pytest.mark.parametrize("public_id", ["a//b", "/a", "a/../b", ".", "x" * 256])
async def test_impossible_ids(cloud: CloudinaryHarness, public_id: str) -> None:
    """Ids that could change the path of a call are refused."""
    with pytest.raises(InvalidReferenceError):
        await cloud.make().describe(AssetRef("cloudinary", public_id))


@pytest.mark.parametrize("qualifiers", [(("type", "fetch"),), (("version", "1"),), (("resource_type", "auto"),)])
async def test_qualifiers(cloud: CloudinaryHarness, qualifiers: tuple[tuple[str, str], ...]) -> None:
    """Qualifiers that are not known, or have another value, are refused with the valid ones."""
    with pytest.raises(InvalidReferenceError, match="valid are"):
        await cloud.make().describe(AssetRef("cloudinary", "a", qualifiers))


async def test_page_instead_of_picture(cloud: CloudinaryHarness) -> None:
    """A web page, or another host, instead of the picture is refused."""
    source = cloud.make()
    description = await source.describe(PRESENT)
    cloud.fault_delivery(WrongContentType("text/html"))
    with pytest.raises(InvalidResponseError):
        await load(source, description)
    cloud.fault_delivery(Redirect("http://127.0.0.1:1/"))
    with pytest.raises(InvalidResponseError):
        await load(source, description)


async def test_down(cloud: CloudinaryHarness) -> None:
    """A delivery in trouble is retried, and then unavailable."""
    source = cloud.make(replace(LIMITS, retries=1, backoff=0.01))
    description = await source.describe(PRESENT)
    cloud.fault_delivery(FailWith(503))
    assert await load(source, description) == cloud.content
    cloud.fault_delivery(FailWith(503), None)
    with pytest.raises(UnavailableError):
        await load(source, description)
