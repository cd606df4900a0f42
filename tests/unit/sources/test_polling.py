from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from pressrun_sources.changes.polling import PollConfig, Poller
from pressrun_sources.errors import UnavailableError
from pressrun_sources.model import AssetRef
from pressrun_sources.transport.timing import Timing

START = datetime(2026, 11, 3, tzinfo=UTC)


class System:
    """Tells of changes as a test says, and can be away."""

    polled = True

    def __init__(self) -> None:
        self.now = START
        self.edits: list[tuple[datetime, str, str]] = []
        self.away = False
        self.asked: list[datetime] = []

    def edit(self, identifier: str, mark: str) -> None:
        """Something changes now."""
        self.edits.append((self.now, identifier, mark))

    async def changes(self, since: datetime) -> Sequence[tuple[AssetRef, str]]:
        """See `Changing`."""
        self.asked.append(since)
        if self.away:
            raise UnavailableError("http", None, "away")
        return [(AssetRef("http", name), mark) for moment, name, mark in self.edits if moment >= since]


class Watch:
    """A poller over a system, and what it passed on."""

    def __init__(self, config: PollConfig | None = None) -> None:
        self.system = System()
        self.told: list[str] = []
        self.counted: list[tuple[str, str]] = []
        self.mine = True
        self.deaf = False
        self.poller = Poller(
            {"http": self.system}, config or PollConfig(60, 300), self._changed,
            lambda name, result: self.counted.append((name, result)), turn=self._turn,
            timing=Timing(wall=self._wall, sleep=self._sleep),
        )  # fmt: skip

    async def _changed(self, *refs: str) -> None:
        if self.deaf:
            raise RuntimeError("not heard")
        self.told += refs

    async def _turn(self, name: str) -> bool:
        assert name == "http"
        return self.mine

    def _wall(self) -> float:
        return self.system.now.timestamp()

    async def _sleep(self, seconds: float) -> None:
        self.system.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


async def test_each_change_once() -> None:
    """A change is passed on once, a further one of the same asset again, however far looks overlap."""
    watch = Watch()
    watch.system.edit("a", "1")
    assert await watch.poller.look("http") == 1
    assert await watch.poller.look("http") == 0
    watch.system.now += timedelta(seconds=60)
    watch.system.edit("a", "2")
    watch.system.edit("b", "1")
    assert await watch.poller.look("http") == 2
    assert watch.told == ["http:a", "http:a", "http:b"]
    watch.system.now += timedelta(days=1)
    assert await watch.poller.look("http") == 0


async def test_nothing_is_lost() -> None:
    """What changed while a system was away, or while nobody could be told, is passed on by a later look."""
    watch = Watch()
    await watch.poller.look("http")
    watch.system.now += timedelta(seconds=60)
    watch.system.edit("a", "1")
    watch.system.away = True
    for _ in range(20):
        watch.system.now += timedelta(seconds=60)
        with pytest.raises(UnavailableError):
            await watch.poller.look("http")
    watch.system.away, watch.deaf = False, True
    with pytest.raises(RuntimeError):
        await watch.poller.look("http")
    watch.deaf = False
    assert await watch.poller.look("http") == 1
    assert watch.told == ["http:a"]


async def test_it_runs_in_turn() -> None:
    """It looks at each interval where it is its turn, counts what came of it, and ends when it is closed."""
    watch = Watch()
    watch.poller.start()
    watch.mine = False
    for _ in range(20):
        await asyncio.sleep(0)
    assert watch.counted == []
    watch.mine = True
    watch.system.edit("a", "1")
    while len(watch.counted) < 2:
        await asyncio.sleep(0)
    watch.system.away = True
    while watch.counted[-1][1] == "ok":
        await asyncio.sleep(0)
    await watch.poller.close()
    asked = len(watch.system.asked)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(watch.system.asked) == asked
    assert watch.told == ["http:a"]
    assert {result for _, result in watch.counted} == {"ok", "unavailable"}
    await watch.poller.close()


async def test_it_runs_on() -> None:
    """What fails beyond what a source may raise is counted, and the next look is made; nothing is lost by it."""
    watch = Watch()
    watch.deaf = True
    watch.system.edit("a", "1")
    watch.poller.start()
    while len(watch.counted) < 2:
        await asyncio.sleep(0)
    assert {result for _, result in watch.counted} == {"internal"}
    watch.deaf = False
    while watch.counted[-1][1] != "ok":
        await asyncio.sleep(0)
    await watch.poller.close()
    assert watch.told == ["http:a"]


async def test_never() -> None:
    """With no interval nobody is asked."""
    watch = Watch(PollConfig(0, 300))
    watch.poller.start()
    await asyncio.sleep(0.01)
    assert watch.system.asked == []
    await watch.poller.close()
