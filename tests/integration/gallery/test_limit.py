"""Documents of a node that may not ask as often as it would: it keeps to what was told it, and goes on afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.integration.gallery.conftest import shared
from tests.integration.gallery.explaining import UNDER_WAY
from tests.integration.gallery.storming import FLOWS, SETTINGS, check

from pressrun_client import Client, ClientConfig
from pressrun_loadtest.gallery.press import publish
from pressrun_loadtest.sandbox import CloudinaryOptions, Sandbox
from pressrun_server.app.node import Node

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

LIMIT = 10
"""So few that any machine makes use of them all."""
WINDOW_S = 30


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """A node that asks again every two seconds, and whose documents do not wait for another window."""
    return SETTINGS | {"PRESSRUN_SOURCES_TIMEOUT": "3"}


@pytest.fixture(scope="module")
def cloudinary_options() -> CloudinaryOptions:
    """An account whose limit is used up soon in each window."""
    return CloudinaryOptions(rate_limit=LIMIT, rate_window_s=WINDOW_S)


@shared
async def client(node: Node) -> AsyncIterator[Client]:
    """A client that does not wait for another window either: what cannot be had now fails, and others are made."""
    async with Client(node.address, config=ClientConfig(attempts=1)) as made:
        await publish(made)
        yield made


@pytest.mark.timeout(600)
async def test_limit_in_a_storm(client: Client, node: Node, sandbox: Sandbox) -> None:
    """A limit that is used up again and again fails documents for this reason alone, and each window makes some again.

    The node does not run against it: what is refused is what was under way when the last answer came.
    """
    flows = [flow for flow in FLOWS if flow.system in ("Cloudinary", "HTTP")]
    seconds, budget = 3.0 * WINDOW_S, sandbox.cloudinary.budget
    refused: list[int] = []

    def relief() -> None:
        refused.append(budget.refused)
        budget.limit = 2000

    tally = await check(client, node, sandbox, seconds, flows=flows, rest=WINDOW_S + 2.0, relief=relief)
    assert tally.limited
    assert refused[0] <= (seconds / WINDOW_S + 1) * UNDER_WAY
