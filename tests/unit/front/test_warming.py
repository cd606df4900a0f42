"""What a template can choose is fetched beside the documents, and not again and again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.spec import OutputChannel
from pressrun_server.render.prefetch import AssetOutcome
from pressrun_server.render.warming import Warming


class _Desk:
    """Notes what is prefetched; waits until it is let on."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.now = self.most = 0
        self.open = asyncio.Event()
        self.outcomes: list[AssetOutcome] = []

    async def prefetch(self, published: Any, channel: OutputChannel) -> list[AssetOutcome]:
        self.asked.append((published.info.name, str(channel)))
        self.now += 1
        self.most = max(self.most, self.now)
        await self.open.wait()
        self.now -= 1
        return self.outcomes


def _template(name: str) -> Any:
    return SimpleNamespace(
        info=SimpleNamespace(name=name, version="1", digest=f"digest of {name}", default_locale="en"),
        channels=frozenset({"print", "mobile"}),
        programs={"en": "a program for print"},
    )


async def test_each_template_and_channel_once_in_a_while(make: SimpleNamespace) -> None:
    """Publishing warms all channels that are offered, cold documents theirs, once in ten seconds, and two at a time."""
    desk, seconds = _Desk(), [0.0]
    clock = SimpleNamespace(monotonic=lambda: seconds[0], now=make.clock().now)
    warming = Warming(desk, clock)  # type: ignore[arg-type]
    warming.published(_template("a"))
    for name in ("a", "b", "c", "c"):
        warming.begin(_template(name), OutputChannel.PRINT)
    await asyncio.sleep(0.01)
    assert desk.asked == [("a", "print"), ("b", "print")]
    desk.open.set()
    await warming.idle()
    assert desk.asked[2:] == [("c", "print")]
    assert desk.most == 2
    seconds[0] = 11.0
    desk.outcomes = [AssetOutcome("library:a", failure=PressrunError(Reason.ASSET_NOT_FOUND, "it is gone"))]
    warming.begin(_template("b"), OutputChannel.PRINT)
    await warming.idle()
    assert desk.asked[3:] == [("b", "print")]


async def test_closing_ends_it(make: SimpleNamespace) -> None:
    """Nothing of it is left when the node stops."""
    desk = _Desk()
    warming = Warming(desk, make.clock())  # type: ignore[arg-type]
    warming.published(_template("a"))
    await asyncio.sleep(0)
    await warming.close()
    await asyncio.wait_for(warming.idle(), 5)
