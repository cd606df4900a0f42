"""Documents while every system fails now and then, and its assets change all the time: none holds a wrong asset."""

from __future__ import annotations

import os

import pytest
from tests.integration.gallery.storming import PERIOD_S, SETTINGS, check

from pressrun_client import Client
from pressrun_loadtest.sandbox import CloudinaryOptions, Sandbox
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG_SECONDS = float(os.environ.get("PRESSRUN_TEST_STORM_SECONDS", "600"))


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """A node that asks a hundred and fifty times as often as others."""
    return SETTINGS


@pytest.fixture(scope="module")
def cloudinary_options() -> CloudinaryOptions:
    """The limit of an account counts shorter hours, too."""
    return CloudinaryOptions(rate_window_s=PERIOD_S)


@pytest.mark.timeout(180)  # on a machine that is busy with other things it has other things to wait for
async def test_storm(client: Client, node: Node, sandbox: Sandbox) -> None:
    """In a short storm no document holds a wrong asset, every failure is explained, and afterwards all is right."""
    await check(client, node, sandbox, 5.0)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_long_storm(client: Client, node: Node, sandbox: Sandbox) -> None:
    """The same for ten minutes, or for PRESSRUN_TEST_STORM_SECONDS."""
    await check(client, node, sandbox, LONG_SECONDS)
