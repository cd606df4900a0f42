from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.browser.chromium import Chromium
from tests.browser.pages import SamplePage, sample_pages


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser for the tests of a file."""
    started = Chromium(tmp_path_factory.mktemp("browser"))
    try:
        yield started
    finally:
        started.close()


@pytest.fixture(scope="session")
def pages() -> list[SamplePage]:
    """The pages of all samples."""
    return asyncio.run(sample_pages())
