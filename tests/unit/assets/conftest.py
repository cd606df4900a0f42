from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.unit.assets.fakes import Node


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    """A resolver with one approved logo at its source."""
    node = Node()
    await node.resolver.start()
    yield node
    await node.resolver.close()
