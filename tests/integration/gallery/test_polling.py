"""Changes that no system tells of are seen when it is asked."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from pressrun_client import Client
from pressrun_loadtest.gallery.flows import SEED, flows
from pressrun_loadtest.gallery.press import render
from pressrun_loadtest.sandbox import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOWS = {flow.name: flow for flow in flows()}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """A node that believes for a long time what a source said, and asks each second what has changed."""
    return {"PRESSRUN_SOURCES_POLL_SECONDS": "1", "PRESSRUN_ASSET_FRESH_SECONDS": "3000"}


async def _digest(client: Client, flow: str, slot: str) -> str:
    pins = (await render(client, FLOWS[flow])).manifest.pins.assets
    return next(pin.digest.sha256 for pin in pins if pin.slot == slot)


@pytest.mark.parametrize(
    ("flow", "slot"), [("http-approved", "seal"), ("dam-alert", "hero"), ("iconik-campaign", "hero")]
)
async def test_replaced(client: Client, sandbox: Sandbox, flow: str, slot: str) -> None:
    """Without any webhook a replaced picture is in documents soon, though the old one would be fresh for an hour."""
    data = (SEED.parent / "notice.png").read_bytes()
    before, new = await _digest(client, flow, slot), hashlib.sha256(data).hexdigest()
    assert before != new
    if slot == "seal":
        sandbox.http.store.replace_data(sandbox.http.store.items["disclosures/deposits.png"], data)
    elif flow == "dam-alert":
        row = sandbox.core_dam.store.latest("01b0000000000000000000000000000000000002")
        assert row is not None
        sandbox.core_dam.store.add_version(row.original_asset_id, data, row.metadata, name="new.png")
    else:
        asset = sandbox.iconik.store.assets["0b0f2d3e-9d11-41f0-8a01-000000000101"]
        sandbox.iconik.store.add_version(asset, "new.png", data, "APPROVED")
    async with asyncio.timeout(20):
        while await _digest(client, flow, slot) != new:
            await asyncio.sleep(0.2)
