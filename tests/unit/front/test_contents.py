"""Pushed content: whoever is answered can use it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from pressrun_server.render.contents import Content, ContentDesk
from pressrun_sources.model import Approval


class _Source:
    """Keeps the newest text of each id."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.foreign: set[str] = set()

    async def put(self, identifier: str, version: Any, data: bytes | None) -> tuple[Any, bool]:
        del data
        await asyncio.sleep(0)
        created = self.held.get(identifier) != version.sha256
        self.held[identifier] = version.sha256
        return version, created

    def learned(self, identifier: str) -> bool:
        known = identifier in self.foreign
        self.foreign.discard(identifier)
        return known


class _Assets:
    """Is told of changes, and takes its time to tell the others."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.heard: list[str] = []
        self.done = asyncio.Event()

    async def check_text(self, *_: object) -> None:
        """All texts are good."""

    async def changed(self, *names: str) -> bool:
        await self.done.wait()
        self.told += names
        return True

    async def hear(self, names: Any) -> None:
        self.heard += names


@pytest.fixture
async def made(make: SimpleNamespace) -> SimpleNamespace:
    """A desk and what it stands on."""
    source, assets = _Source(), _Assets()
    desk: Any = ContentDesk(source, assets, make.clock())  # type: ignore[arg-type]
    return SimpleNamespace(source=source, assets=assets, desk=desk)


def _content(text: str = "a") -> Content:
    return Content("notices/a", text.encode(), "text/plain", Approval.APPROVED)


async def test_the_same_again_waits_for_what_is_being_told(made: SimpleNamespace) -> None:
    """Two push the same: neither is answered while documents here may still believe that it is not there."""
    first = asyncio.ensure_future(made.desk.put(_content()))
    second = asyncio.ensure_future(made.desk.put(_content()))
    await asyncio.wait((first, second), timeout=0.2)
    assert not first.done()
    assert not second.done()
    made.assets.done.set()
    assert (await first).created
    assert not (await second).created
    assert made.assets.told == ["pushed:notices/a"]
    assert not (await made.desk.put(_content())).created
    assert made.assets.told == ["pushed:notices/a"]
    assert not made.assets.heard


async def test_a_caller_who_leaves_stops_no_telling(made: SimpleNamespace) -> None:
    """The version is there: who waits for it, and the other nodes, hear of it."""
    first = asyncio.ensure_future(made.desk.put(_content()))
    await asyncio.wait((first,), timeout=0.1)
    first.cancel()
    second = asyncio.ensure_future(made.desk.put(_content()))
    await asyncio.wait((second,), timeout=0.1)
    made.assets.done.set()
    await second
    assert first.cancelled()
    assert made.assets.told == ["pushed:notices/a"]


async def test_what_came_from_another_node_is_heard_here(made: SimpleNamespace) -> None:
    """The same was pushed to another node, whose news may not be here yet; it tells the others."""
    made.assets.done.set()
    await made.desk.put(_content())
    made.source.foreign.add("notices/a")
    await made.desk.put(_content())
    await made.desk.put(_content())
    assert made.assets.heard == ["pushed:notices/a"]
