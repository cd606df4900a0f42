from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from PIL import Image
from tests.integration.sandbox.test_sandbox_cloudinary_api import basic

from pressrun_loadtest.gallery.flows import SEED
from pressrun_loadtest.sandbox import Sandbox, load_seed


@pytest.fixture
async def films() -> AsyncIterator[Sandbox]:
    """The stand-ins with the gallery's library, which has a film."""
    async with Sandbox(seed=load_seed(SEED)) as running:
        yield running


@pytest.mark.fact("cloudinary.video-still")
async def test_still_of_a_video(films: Sandbox, call: Callable[..., Any]) -> None:
    """A still comes by an image's extension, in the size that is asked for; the film itself by its own."""
    delivery = call(f"{films.settings.cloudinary.delivery_base_url}/sandbox/video/upload")
    still = await delivery("GET", "/so_3.5,w_320,c_limit/v1/clips/cover.jpg")
    assert still.status == 200
    assert still.headers["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(still.body)) as picture:
        assert picture.size == (320, 180)
    film = await delivery("GET", "/v1/clips/cover.mp4")
    assert (film.status, film.headers["Content-Type"]) == (200, "video/mp4")
    assert film.body[4:8] == b"ftyp"
    refused = await delivery("GET", "/so_soon,w_320/v1/clips/cover.jpg")
    assert refused.status == 400
    image = call(f"{films.settings.cloudinary.delivery_base_url}/sandbox/image/upload")
    assert (await image("GET", "/v1/clips/cover.jpg")).status == 404


@pytest.mark.fact("cloudinary.video-still")
async def test_video_record(films: Sandbox, call: Callable[..., Any]) -> None:
    """A video is read under its own resource type, found by it, and says how long it is."""
    settings = films.settings.cloudinary
    api = call(f"{settings.api_base_url}/v1_1/sandbox", **basic(settings.api_key, settings.api_secret))
    record = (await api("GET", "/resources/video/upload/clips/cover")).json
    assert (record["resource_type"], record["format"], record["duration"]) == ("video", "mp4", 24.0)
    assert record["secure_url"].endswith("/video/upload/v1772582400/clips/cover.mp4")
    assert (await api("GET", "/resources/image/upload/clips/cover")).status == 404
    found = await api("POST", "/resources/search", json={"expression": "resource_type:video AND tags=explainer"})
    assert [hit["public_id"] for hit in found.json["resources"]] == ["clips/cover"]
