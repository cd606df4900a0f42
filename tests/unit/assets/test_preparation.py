"""What is prepared of bytes: once, and not again and again where it costs preparers their lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.assets.fakes import LOGO_BYTES, FakePreparers

from pressrun_server.assets import preparation
from pressrun_server.assets.preparation import Preparation
from pressrun_server.cas.memory import MemoryTier
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.digest import Digest
from pressrun_server.prepare.errors import PreparerCrashedError, PreparerTimeoutError


class _Ledger:
    """Remembers nothing."""

    async def get(self, key: str) -> Any:
        """Nothing."""

    async def put(self, key: str, value: Any) -> None:
        """Forgotten."""


class _Slow(FakePreparers):
    """Preparers that end a task by its limit after its caller has left."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[Callable[[PressrunError], None] | None] = []

    async def run(
        self,
        task: str,
        payload: bytes,
        *,
        timeout: float,  # noqa: ASYNC109 - as the pool has it
        lost: Callable[[PressrunError], None] | None = None,
    ) -> bytes:
        assert (task, payload) == ("image", LOGO_BYTES)
        assert timeout > 0
        self.calls += 1
        self.running.append(lost)
        never: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        return await never


def made_by(preparers: FakePreparers) -> Preparation:
    """Preparation that asks these."""
    return Preparation(store=MemoryTier(1024 * 1024), preparers=preparers, ledger=_Ledger(), seconds=1.0)


def asked(preparing: Preparation) -> Any:
    """The logo prepared."""
    return preparing.of_bytes(Digest.of(LOGO_BYTES), LOGO_BYTES)


async def test_a_preparer_that_dies_costs_no_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ends a preparer over an asset has it prepared by another one; of what ends two nothing is made."""
    preparers = FakePreparers()
    preparers.failure = PreparerCrashedError("image", "signal 9")
    preparing, run = made_by(preparers), preparers.run

    async def once(*task: Any, **options: Any) -> bytes:
        if preparers.calls == 1:
            preparers.failure = None
        return await run(*task, **options)

    monkeypatch.setattr(preparers, "run", once)
    assert (await asked(preparing)).width
    assert preparers.calls == 2
    monkeypatch.undo()
    preparers.failure, preparers.calls = PreparerCrashedError("image", "signal 9"), 0
    preparing = made_by(preparers)
    for _ in range(3):
        with pytest.raises(PreparerCrashedError, match="died over it"):
            await asked(preparing)
    assert preparers.calls == 2


async def test_a_bomb_is_given_to_one_preparer_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """What needed more than its limit is known for a minute, also where all who wanted it had left by then."""
    preparers = _Slow()
    preparing = made_by(preparers)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asked(preparing)
    (lost,) = preparers.running
    assert lost is not None
    lost(PreparerTimeoutError("image", "the 30 s that it may take"))
    for _ in range(2):
        with pytest.raises(PressrunError, match="needed more than the 30 s") as caught:
            await asked(preparing)
        assert caught.value.reason is Reason.LIMIT_EXCEEDED
    assert preparers.calls == 1
    monkeypatch.setattr(preparation, "_LOST_SECONDS", 0.0)
    lost(PreparerTimeoutError("image", "the 30 s that it may take"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asked(preparing)
    assert preparers.calls == 2


async def test_what_cost_preparers_is_bounded() -> None:
    """A source of bombs fills no memory."""
    preparing = made_by(FakePreparers())
    for number in range(2000):
        wanted = Digest.of(b"%d" % number), None
        preparing._lose(wanted, PreparerTimeoutError("image", "time"))
    assert len(preparing._lost) == 1000
