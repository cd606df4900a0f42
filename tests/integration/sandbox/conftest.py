from __future__ import annotations

import base64
import io
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image, ImageDraw

from pressrun_loadtest.sandbox import Sandbox, Seed, load_seed
from pressrun_loadtest.sandbox.seed import DEFAULT_SEED

QUADRANTS = {"north_west": "#ff0000", "north_east": "#00ff00", "south_west": "#0000ff", "south_east": "#ffff00"}


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The moment it stands at."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, read."""

    status: int
    headers: Any
    body: bytes
    json: Any

    @property
    def image(self) -> Image.Image:
        """The body as a picture."""
        return Image.open(io.BytesIO(self.body))


@dataclass(frozen=True, slots=True)
class Caller:
    """Requests to one base URL with the same headers, never following redirects."""

    session: aiohttp.ClientSession
    base: str
    headers: dict[str, str]

    async def __call__(self, method: str, path: str, **options: Any) -> Answer:
        """Send one request and read the whole answer."""
        headers = self.headers | options.pop("headers", {})
        options.setdefault("allow_redirects", False)
        async with self.session.request(method, self.base + path, headers=headers, **options) as response:
            body = await response.read()
            parsed = await response.json() if response.content_type == "application/json" else None
            return Answer(response.status, response.headers, body, parsed)


@pytest.fixture(scope="session")
def seed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped seed beside placeholder pictures: a banner with four coloured quarters, a half-clear logo."""
    folder = tmp_path_factory.mktemp("seed")
    logo = Image.new("RGBA", (360, 96), (0, 0, 0, 0))
    ImageDraw.Draw(logo).rectangle((0, 0, 179, 95), fill=(180, 20, 90, 255))
    logo.save(folder / "logo.png")
    for index, segment in enumerate(("everyday", "premier", "student", "business")):
        banner = Image.new("RGB", (400, 100))
        draw = ImageDraw.Draw(banner)
        for place, (left, top) in zip(QUADRANTS, ((0, 0), (200, 0), (0, 50), (200, 50)), strict=True):
            draw.rectangle((left, top, left + 199, top + 49), fill=QUADRANTS[place])
        # Four files, four digests.
        draw.point((index, 0), fill="black")
        banner.save(folder / f"banner-{segment}.jpg", quality=95, subsampling=0)
    shutil.copy(DEFAULT_SEED, folder / "seed.yaml")
    return folder / "seed.yaml"


@pytest.fixture(scope="session")
def seed(seed_file: Path) -> Seed:
    """The seed with placeholder pictures."""
    return load_seed(seed_file)


@pytest.fixture
def clock() -> FakeClock:
    """The time of the sandbox."""
    return FakeClock()


@pytest.fixture
async def sandbox(seed: Seed, clock: FakeClock) -> AsyncIterator[Sandbox]:
    """A running sandbox."""
    async with Sandbox(seed=seed, clock=clock) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
def call(session: aiohttp.ClientSession) -> Callable[..., Caller]:
    """Makes callers of any base URL."""
    return lambda base, **headers: Caller(session, base, headers)


@pytest.fixture
async def dam(session: aiohttp.ClientSession, sandbox: Sandbox) -> Caller:
    """Core DAM's API with a bearer token."""
    token = sandbox.core_dam.authority.open_directory_token(
        {
            "grant_type": "client_credentials",
            "client_id": sandbox.settings.core_dam.client_id,
            "client_secret": sandbox.settings.core_dam.client_secret,
        },
        None,
    )
    return Caller(session, sandbox.settings.core_dam.base_url, {"Authorization": f"Bearer {token}"})


@pytest.fixture
async def dam_admin(session: aiohttp.ClientSession, sandbox: Sandbox) -> Caller:
    """Core DAM's admin interface."""
    return Caller(session, f"{sandbox.settings.core_dam.origin}/__sandbox__", {})


@pytest.fixture
async def api(session: aiohttp.ClientSession, sandbox: Sandbox) -> Caller:
    """Cloudinary's Admin API with the account's credentials."""
    settings = sandbox.settings.cloudinary
    basic = base64.b64encode(f"{settings.api_key}:{settings.api_secret}".encode()).decode()
    base = f"{settings.api_base_url}/v1_1/{settings.cloud_name}"
    return Caller(session, base, {"Authorization": f"Basic {basic}"})


@pytest.fixture
async def api_admin(session: aiohttp.ClientSession, sandbox: Sandbox) -> Caller:
    """The admin interface of Cloudinary's API app."""
    return Caller(session, f"{sandbox.settings.cloudinary.api_base_url}/__sandbox__", {})


@pytest.fixture
async def delivery(session: aiohttp.ClientSession, sandbox: Sandbox) -> Caller:
    """Cloudinary's delivery, below `/{cloud}/image`."""
    settings = sandbox.settings.cloudinary
    return Caller(session, f"{settings.delivery_base_url}/{settings.cloud_name}/image", {})


@pytest.fixture
async def delivery_admin(session: aiohttp.ClientSession, sandbox: Sandbox) -> Caller:
    """The admin interface of Cloudinary's delivery app."""
    return Caller(session, f"{sandbox.settings.cloudinary.delivery_base_url}/__sandbox__", {})
