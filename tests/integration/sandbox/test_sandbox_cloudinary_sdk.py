"""The vendor's own package, unchanged, against the sandbox: upload, listing, search, signed URL, webhook."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import cloudinary
import cloudinary.api
import cloudinary.exceptions
import cloudinary.search
import cloudinary.uploader
import cloudinary.utils
import pytest
from aiohttp import web
from PIL import Image

from pressrun_loadtest.sandbox import Sandbox, Seed


@pytest.fixture
async def sandbox(seed: Seed) -> AsyncIterator[Sandbox]:
    """The stand-ins at the machine's time, which the package signs with; the package is configured for them."""
    async with Sandbox(seed=seed) as running:
        settings = running.settings.cloudinary
        cloudinary.reset_config()
        cloudinary.config(
            cloud_name=settings.cloud_name,
            api_key=settings.api_key,
            api_secret=settings.api_secret,
            upload_prefix=settings.api_base_url,
        )
        yield running
        cloudinary.reset_config()


def _png(colour: tuple[int, int, int] = (200, 30, 60)) -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(data, "PNG")
    data.name = "spring.png"
    data.seek(0)
    return data


async def _call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return await asyncio.to_thread(function, *arguments, **options)


@pytest.mark.fact("cloudinary.sdk-upload")
async def test_upload(sandbox: Sandbox) -> None:
    """An upload makes an asset, another one to the same public id a version; overwrite=False leaves it alone."""
    upload = cloudinary.uploader.upload
    first = await _call(
        upload, _png(), public_id="kampagne/frühling & mehr", tags=["spring", "brand"], context={"alt": "Früh|ling=1"},
        metadata={"approval": "approved", "segment": ["premier"]}, moderation="manual", asset_folder="kampagne",
    )  # fmt: skip
    assert (first["public_id"], first["format"], first["width"]) == ("kampagne/frühling & mehr", "png", 40)
    assert first["moderation_status"] == "pending"
    assert first["metadata"]["segment"] == ["premier"]
    assert first["original_filename"] == "spring"
    second = await _call(upload, _png((0, 90, 90)), public_id="kampagne/frühling & mehr")
    assert second["asset_id"] == first["asset_id"]
    assert second["version"] > first["version"]
    third = await _call(upload, _png((9, 9, 9)), public_id="kampagne/frühling & mehr", overwrite=False)
    assert third["etag"] == second["etag"]
    assert sandbox.cloudinary.store.find("upload", "kampagne/frühling & mehr") is not None
    assert (await _call(cloudinary.uploader.destroy, "kampagne/frühling & mehr"))["result"] == "ok"
    assert (await _call(cloudinary.uploader.destroy, "kampagne/frühling & mehr"))["result"] == "not found"


@pytest.mark.usefixtures("sandbox")
@pytest.mark.fact("cloudinary.upload-signature")
async def test_upload_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong secret, an unknown parameter, a stale time and a file that is no picture are refused with a reason."""
    upload = cloudinary.uploader.upload
    with pytest.raises(cloudinary.exceptions.AuthorizationRequired, match="String to sign - 'public_id=a&timestamp="):
        await _call(upload, _png(), public_id="a", api_secret="wrong")
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Unknown parameter phash"):
        await _call(upload, _png(), public_id="a", phash=True)
    with pytest.raises(cloudinary.exceptions.BadRequest, match="no picture"):
        await _call(upload, io.BytesIO(b"text"), public_id="a")
    monkeypatch.setattr(cloudinary.utils, "now", lambda: "1700000000")
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Stale request"):
        await _call(upload, _png(), public_id="a")


@pytest.mark.usefixtures("sandbox")
@pytest.mark.fact("cloudinary.listing")
async def test_listing() -> None:
    """Listing goes page by page to the end, by kind, type, prefix and tag."""
    found, cursor = list[str](), None
    while True:
        page = await _call(
            cloudinary.api.resources, type="upload", max_results=2, next_cursor=cursor, prefix="statement/"
        )
        found += [resource["public_id"] for resource in page["resources"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 6
    tagged = await _call(cloudinary.api.resources_by_tag, "banner", tags=True, context=True)
    assert {tuple(resource["tags"]) for resource in tagged["resources"]} == {("statement", "banner")}
    assert len(tagged["resources"]) == 4
    kinds = await _call(cloudinary.api.resources, type="authenticated")
    assert [resource["public_id"] for resource in kinds["resources"]] == ["statement/banner-authenticated"]
    with pytest.raises(cloudinary.exceptions.BadRequest, match="max_results must be 1 to 500"):
        await _call(cloudinary.api.resources, max_results=501)


@pytest.mark.usefixtures("sandbox")
@pytest.mark.fact("cloudinary.search-body")
async def test_search() -> None:
    """The package's search builder finds by tag, metadata and moderation."""
    search = (
        cloudinary.search.Search()
        .expression('resource_type:image AND tags=banner AND metadata.segment="premier" AND moderation_status:approved')
        .sort_by("uploaded_at", "desc")
        .with_field("tags")
        .with_field("metadata")
        .max_results(5)
    )
    found = await _call(search.execute)
    assert [resource["public_id"] for resource in found["resources"]] == ["statement/banner-premier"]
    assert found["total_count"] == 1


@pytest.mark.fact("cloudinary.types")
async def test_signed_url(sandbox: Sandbox) -> None:
    """A URL that the package signs opens an authenticated asset, a changed one does not."""
    url, _ = cloudinary.utils.cloudinary_url(
        "statement/banner-authenticated", type="authenticated", sign_url=True, format="jpg", width=120, crop="limit"
    )
    base = sandbox.settings.cloudinary.delivery_base_url
    here = url.replace("http://res.cloudinary.com", base)
    async with aiohttp.ClientSession() as session:
        async with session.get(here) as answer:
            assert answer.status == 200
            with Image.open(io.BytesIO(await answer.read())) as picture:
                assert picture.width == 120
        async with session.get(here.replace("w_120", "w_121")) as answer:
            assert answer.status == 401


@pytest.mark.fact("cloudinary.webhook-signature")
async def test_webhook(sandbox: Sandbox) -> None:
    """The webhook that an upload sends is verified by the package, and one that was changed is not."""
    taken: list[tuple[str, str, str]] = []

    async def take(request: web.Request) -> web.Response:
        headers = request.headers
        taken.append((await request.text(), headers["X-Cld-Timestamp"], headers["X-Cld-Signature"]))
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", take)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        sandbox.cloudinary.hooks.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        await _call(cloudinary.uploader.upload, _png(), public_id="hooked")
    finally:
        await runner.cleanup()
    ((body, timestamp, signature),) = taken
    assert '"notification_type": "upload"' in body
    assert cloudinary.utils.verify_notification_signature(body, timestamp, signature)
    assert not cloudinary.utils.verify_notification_signature(body + " ", timestamp, signature)
