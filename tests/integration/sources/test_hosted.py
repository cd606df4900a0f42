"""Where the systems themselves show their assets: addresses that anybody can open."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.integration.sources.conformance import LIMITS
from tests.integration.sources.harnesses import CloudinaryHarness, CoreDamHarness, HttpHarness, SmintioHarness
from yarl import URL

from pressrun_loadtest.gallery.flows import SEED
from pressrun_loadtest.sandbox import Sandbox, load_seed
from pressrun_sources.cloudinary.config import CloudinaryConfig
from pressrun_sources.cloudinary.source import CloudinarySource
from pressrun_sources.describing import DAY
from pressrun_sources.hosted import Hosted, Hosting, ends_of, public_url, shown_size
from pressrun_sources.iconik.config import IconikConfig
from pressrun_sources.iconik.mapping import IconikMapping
from pressrun_sources.iconik.source import IconikSource
from pressrun_sources.model import Approval, AssetDescription, AssetRef, Rendition
from pressrun_sources.protocol import Source

S = TypeVar("S", bound=Source)

SMALL = Rendition(width=100, format="jpg")
FILM = AssetRef("iconik", "0b0f2d3e-9d11-41f0-8a01-000000000102")
CLIP = AssetRef("cloudinary", "clips/cover", (("resource_type", "video"),))


@pytest.fixture
async def media() -> AsyncIterator[Sandbox]:
    """The stand-ins with the gallery's library, which has films."""
    async with Sandbox(seed=load_seed(SEED)) as running:
        yield running


async def opened(url: str) -> tuple[str, bytes]:
    """What anybody gets there: media type and bytes."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200, await answer.text()
        return answer.headers["Content-Type"], await answer.read()


@asynccontextmanager
async def aclosing_source(source: S) -> AsyncGenerator[S, None]:
    """A source, closed at the end."""
    try:
        yield source
    finally:
        await source.close()


async def hosted(source: Source, ref: AssetRef, rendition: Rendition) -> Hosted | None:
    """Where a rendition is shown."""
    assert isinstance(source, Hosting)
    return await source.hosted(await source.describe(ref), rendition)


async def test_cloudinary(sandbox: Sandbox) -> None:
    """The delivery URL gives the rendition in its size and type; a replaced file has another URL."""
    harness = CloudinaryHarness(sandbox)
    found = await hosted(harness.make(), harness.present, SMALL)
    assert found is not None
    kind, data = await opened(found.url)
    with Image.open(io.BytesIO(data)) as picture:
        assert (found.width, found.height) == picture.size == (100, 25)
    assert kind == found.media_type == "image/jpeg"
    asset = sandbox.cloudinary.store.find("upload", harness.present.id)
    assert asset is not None
    assert f"/v{asset.version}/" in found.url
    assert found.video == ""
    await harness.close()


@pytest.mark.fact("cloudinary.video-file", "cloudinary.video-still")
async def test_cloudinary_video(media: Sandbox) -> None:
    """A video is shown by a still, and by its own file behind a link."""
    settings = media.settings.cloudinary
    config = CloudinaryConfig(
        cloud_name=settings.cloud_name,
        api_key=settings.api_key,
        api_secret=settings.api_secret,
        api_base_url=URL(settings.api_base_url),
        delivery_base_url=URL(settings.delivery_base_url),
    )
    async with aclosing_source(CloudinarySource(config, LIMITS)) as source:
        found = await hosted(source, CLIP, SMALL)
    assert found is not None
    assert (await opened(found.url))[0] == found.media_type == "image/jpeg"
    assert (await opened(found.video))[0] == found.video_type == "video/mp4"


@pytest.mark.fact("core-dam.delivery-url")
async def test_core_dam(sandbox: Sandbox) -> None:
    """The delivery network shows the newest version, in the size where its parameters are known, and no older one."""
    harness = CoreDamHarness(sandbox)
    plain = await hosted(harness.make(), harness.present, SMALL)
    assert plain is not None
    assert await opened(plain.url) == ("image/png", harness.content)
    assert (plain.media_type, plain.width) == ("image/png", 360)
    names = {"width": "wd", "format": "format"}
    harness.config = replace(harness.config, mapping=replace(harness.config.mapping, delivery=names))
    sized = await hosted(harness.make(), harness.present, SMALL)
    assert sized is not None
    kind, data = await opened(sized.url)
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.width, kind) == (sized.width, "image/jpeg")
    source = harness.make()
    approved = await source.describe(harness.present)
    row = sandbox.core_dam.store.latest(harness.present.id)
    assert row is not None
    pending = {**row.metadata, "ACME.FIELD.APPROVAL": "PENDING"}
    sandbox.core_dam.store.add_version(harness.present.id, harness.content, pending, name=row.name)
    assert await source.hosted(await source.describe(harness.present), SMALL) is None
    assert await source.hosted(approved, SMALL) is None
    await harness.close()


@pytest.mark.fact("iconik.public-links")
async def test_iconik(media: Sandbox) -> None:
    """A public poster, and the film behind it; private ones are linked to only where they may be made public."""
    settings = media.settings.iconik
    media.iconik.store.public.clear()
    plain = IconikConfig(settings.app_id, settings.auth_token, settings.view_id, URL(settings.base_url))
    found: list[Hosted | None] = []
    for links in ("existing", "make", "existing", "never"):
        config = replace(plain, mapping=IconikMapping(public_links=links))
        async with aclosing_source(IconikSource(config, LIMITS)) as source:
            found.append(await hosted(source, FILM, SMALL))
    made = found[1]
    assert made is not None
    assert found == [None, made, made, None]
    assert (await opened(made.url))[0].startswith("image/")
    assert (await opened(made.video))[0] == made.video_type == "video/mp4"
    assert "signature" not in made.url + made.video


async def test_http(sandbox: Sandbox) -> None:
    """An endpoint whose addresses everybody can open says so in its mapping."""
    harness = HttpHarness(sandbox)
    assert await hosted(harness.make(), harness.present, SMALL) is None
    harness.config = replace(harness.config, mapping=replace(harness.config.mapping, public=True))
    found = await hosted(harness.make(), harness.present, SMALL)
    assert found is not None
    assert found.url.startswith(sandbox.settings.http.base_url)
    await harness.close()


async def test_smintio(sandbox: Sandbox) -> None:
    """A portal's fields are linked to where the mapping names them, and only if they hold addresses of the web."""
    harness = SmintioHarness(sandbox)
    assert await hosted(harness.make(), harness.present, SMALL) is None
    mapping = replace(harness.config.mapping, hosted_picture="rawData.cdnUrl", hosted_video="rawData.filmUrl")
    harness.config = replace(harness.config, mapping=mapping)
    asset = sandbox.smintio.store.assets[harness.present.id]
    asset.raw["cdnUrl"] = "https://cdn.example/large.jpg"
    asset.raw["filmUrl"] = "javascript:alert(1)"
    found = await hosted(harness.make(), harness.present, SMALL)
    assert found is not None
    assert (found.url, found.video) == ("https://cdn.example/large.jpg", "")
    asset.raw["cdnUrl"] = "data:image/png;base64,AAAA"
    assert await hosted(harness.make(), harness.present, SMALL) is None
    await harness.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/relative",
        "javascript:alert(1)",
        "https://",
        "https://user:word@host/",
        "https://host/a b\n",
        "ftp://host/x",
        "https://*/x",
        "https://one,two/x",
        "https://evil.example;script-src/x",
    ],
)
def test_no_address(text: str) -> None:
    """What is not an address of the web, or names a user, is none that a reader may be sent to."""
    assert public_url(text) == ""


def test_ends_in_the_first_zone() -> None:
    """A day's end is over where the day ends first; a moment is the same everywhere."""
    moment = datetime(2031, 1, 1, tzinfo=UTC)
    description = _description(moment)
    assert ends_of(description) == moment
    assert ends_of(replace(description, rights_until=moment.replace(tzinfo=DAY))) == moment - timedelta(hours=14)
    assert ends_of(replace(description, rights_until=None)) is None


@given(
    st.integers(1, 4000),
    st.integers(1, 4000),
    st.one_of(st.none(), st.integers(1, 4000)),
    st.one_of(st.none(), st.integers(1, 4000)),
)
def test_shown_size(width: int, height: int, wide: int | None, high: int | None) -> None:
    """A picture that is no larger than its box keeps its size; another one gets into the box, in its proportion."""
    description = replace(_description(None), width=width, height=height)
    size = shown_size(description, Rendition(width=wide, height=high))
    assert size[0] is not None
    assert size[1] is not None
    assert 1 <= size[0] <= min(width, wide or width)
    assert 1 <= size[1] <= min(height, high or height)
    if (wide is None or width <= wide) and (high is None or height <= high):
        assert size == (width, height)
    assert abs(size[0] * height - size[1] * width) <= max(width, height)


def _description(until: datetime | None) -> AssetDescription:
    return AssetDescription(
        AssetRef("library", "a.png"), "1", "1", None, None, None, 10, 10, Approval.APPROVED, None, until, (), None,
        deleted=False, name="a",
    )  # fmt: skip
