"""Answers in which something is not as documented: whatever a system says, what comes of it is a SourceError."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.sources.conformance import LIMITS, read
from tests.integration.sources.harnesses import (
    CloudinaryHarness,
    CoreDamHarness,
    HttpHarness,
    IconikHarness,
    SmintioHarness,
)

from pressrun_loadtest.sandbox import Sandbox
from pressrun_sources.errors import SourceError
from pressrun_sources.model import Rendition
from pressrun_sources.transport.call import Call
from pressrun_sources.transport.client import Answer, Transport

ROUNDS = 40
NONSENSE: list[Any] = [
    None, True, False, 0, -1, 10**30, -(10**400), 1.5, float("nan"), float("inf"), "", "\ud800", "\x00", "a" * 5000, [], {},
    [[]], [None], {"": {}}, "9999-99-99", "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59",
    "http://169.254.169.254/x", "http://[::1", "//evil", "file:///etc/passwd", "../../etc", "%00", "1e400",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a JSON value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


def spoilt(value: Any, dice: random.Random) -> Any:
    """A JSON value in which a few things are left out, repeated or others."""
    value = json.loads(json.dumps(value))
    for _ in range(dice.choice((1, 1, 2, 4))):
        found = list(places(value))
        if not found:
            break
        *path, last = dice.choice(found)
        holder = value
        for step in path:
            holder = holder[step]
        fate = dice.random()
        if fate < 0.15 and isinstance(holder, dict):
            del holder[last]
        elif fate < 0.25 and isinstance(holder, list):
            holder += [copy.deepcopy(holder[last])] * dice.choice((1, 50))
        else:
            holder[last] = copy.deepcopy(dice.choice(NONSENSE))
    return value


@pytest.mark.parametrize("system", [CoreDamHarness, CloudinaryHarness, IconikHarness, HttpHarness, SmintioHarness])
async def test_nonsense_is_an_error_of_the_source(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, system: Callable[[Sandbox], Any]
) -> None:
    """Fields that are missing, repeated, of another type or absurd, in whatever a system answers: log-ins, records, lists."""
    harness, dice, fetch = system(sandbox), random.Random(7), Transport.fetch

    async def nonsense(transport: Transport, call: Call) -> Answer:
        answer = await fetch(transport, call)
        return replace(answer, json=spoilt(dict(answer.json), dice)) if dice.random() < 0.8 else answer

    async def used(source: Any) -> None:
        async with source.open(await source.describe(harness.present), Rendition(width=200)) as body:
            await read(body)

    async def changes(source: Any) -> None:
        if getattr(source, "polled", False):
            await source.changes(datetime.now(UTC) - timedelta(days=400))

    uses: list[Callable[[Any], Awaitable[object]]] = [
        used, lambda source: source.select(harness.hit), lambda source: source.rank(harness.hit), changes,
    ]  # fmt: skip
    monkeypatch.setattr(Transport, "fetch", nonsense)
    failed = 0
    for _ in range(ROUNDS):
        source = harness.make(replace(LIMITS, breaker_failures=0, login_seconds=0.001))
        for each in uses:
            failed += 1
            with suppress(SourceError):
                async with asyncio.timeout(20):
                    await each(source)
                failed -= 1
    assert failed > ROUNDS / 2
    await harness.close()
