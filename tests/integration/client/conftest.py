"""A fake node and clients for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from pressrun_client import Client, ClientConfig
from pressrun_client.testing import FakeNode


@pytest.fixture
def config() -> ClientConfig:
    """Short waits: what is tested is how often and when, not how long."""
    return ClientConfig(backoff_initial=0.01, backoff_max=0.05, time_limit=10.0, call_timeout=10.0)


@pytest.fixture
async def node() -> AsyncIterator[FakeNode]:
    """A node on a free port."""
    async with FakeNode() as node:
        yield node


@pytest.fixture
async def client(node: FakeNode, config: ClientConfig) -> AsyncIterator[Client]:
    """A client of the node."""
    async with Client(config=replace(config, target=node.target)) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the developer does not change what is tested."""
    monkeypatch.delenv("PRESSRUN_TARGET", raising=False)
