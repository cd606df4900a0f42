from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.sources.conformance import Conformance
from tests.integration.sources.endurance import Endurance
from tests.integration.sources.harnesses import (
    CloudinaryHarness,
    CoreDamHarness,
    HttpHarness,
    IconikHarness,
    LibraryHarness,
    SmintioHarness,
)

from pressrun_loadtest.sandbox import Sandbox
from pressrun_sources.core_dam.config import AuthMode


class TestLibrary(Conformance):
    """A folder."""

    @pytest.fixture
    async def harness(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LibraryHarness]:
        """The system under test."""
        harness = LibraryHarness(tmp_path, monkeypatch)
        yield harness
        await harness.close()


class TestCoreDam(Conformance, Endurance):
    """Core DAM, by each way to log in."""

    @pytest.fixture(params=list(AuthMode))
    async def harness(self, sandbox: Sandbox, request: pytest.FixtureRequest) -> AsyncIterator[CoreDamHarness]:
        """The system under test."""
        harness = CoreDamHarness(sandbox, request.param)
        yield harness
        await harness.close()


class TestCloudinary(Conformance, Endurance):
    """Cloudinary."""

    @pytest.fixture
    async def harness(self, sandbox: Sandbox) -> AsyncIterator[CloudinaryHarness]:
        """The system under test."""
        harness = CloudinaryHarness(sandbox)
        yield harness
        await harness.close()


class TestIconik(Conformance, Endurance):
    """iconik."""

    @pytest.fixture
    async def harness(self, sandbox: Sandbox) -> AsyncIterator[IconikHarness]:
        """The system under test."""
        harness = IconikHarness(sandbox)
        yield harness
        await harness.close()


class TestHttp(Conformance, Endurance):
    """An HTTP endpoint."""

    @pytest.fixture
    async def harness(self, sandbox: Sandbox) -> AsyncIterator[HttpHarness]:
        """The system under test."""
        harness = HttpHarness(sandbox)
        yield harness
        await harness.close()


class TestSmintio(Conformance, Endurance):
    """Smint.io."""

    @pytest.fixture
    async def harness(self, sandbox: Sandbox) -> AsyncIterator[SmintioHarness]:
        """The system under test."""
        harness = SmintioHarness(sandbox)
        yield harness
        await harness.close()
