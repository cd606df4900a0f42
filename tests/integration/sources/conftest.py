from __future__ import annotations

import io
import itertools
import shutil
from collections.abc import AsyncIterator, Callable

import pytest
from PIL import Image, ImageDraw

from pressrun_loadtest.sandbox import Sandbox, Seed, load_seed
from pressrun_loadtest.sandbox.seed import DEFAULT_SEED


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Seed:
    """The shipped seed beside small pictures of our own."""
    folder = tmp_path_factory.mktemp("sources-seed")
    logo = Image.new("RGBA", (360, 96), (0, 0, 0, 0))
    ImageDraw.Draw(logo).rectangle((0, 0, 179, 95), fill=(180, 20, 90, 255))
    logo.save(folder / "logo.png")
    for index, segment in enumerate(("everyday", "premier", "student", "business")):
        banner = Image.new("RGB", (400, 100), (20 * index, 90, 180))
        banner.save(folder / f"banner-{segment}.jpg", quality=95)
    shutil.copy(DEFAULT_SEED, folder / "seed.yaml")
    return load_seed(folder / "seed.yaml")


@pytest.fixture
async def sandbox(seed: Seed) -> AsyncIterator[Sandbox]:
    """The stand-ins of Core DAM and Cloudinary."""
    async with Sandbox(seed=seed) as running:
        yield running


@pytest.fixture
def picture() -> Callable[[], bytes]:
    """Makes pictures, no two alike, that nobody has seen before."""
    numbers = itertools.count(1)

    def make() -> bytes:
        data = io.BytesIO()
        Image.new("RGB", (64, 48), (200, 40 * next(numbers) % 256, 90)).save(data, "PNG")
        return data.getvalue()

    return make
