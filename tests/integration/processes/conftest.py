"""What the tests of helper processes share: fake commands, jobs, and counting what is left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pressrun_server.prepare.config import CrewConfig, PreparerConfig
from pressrun_server.prepare.pool import PreparerPool
from pressrun_server.render.composer_config import ComposerConfig
from pressrun_server.render.composers import ComposeJob, ComposerPool

FAKES = Path(__file__).parent / "fakes"
COMPOSER = (sys.executable, str(FAKES / "fake_composer.py"))
PREPARER = (sys.executable, str(FAKES / "fake_preparer.py"))
CREW = CrewConfig(start_seconds=20.0, backoff_seconds=0.02, stop_seconds=2.0)
BLOBS = {"program": b"PROGRAM:", "logo": b"LOGO:", "banner": b"BANNER:", "broken": b"broken"}


def job(
    *,
    program: str = "program",
    assets: dict[str, str] | None = None,
    interactive: bool = False,
    engine: str = "fake-engine",
    **order: Any,
) -> ComposeJob:
    """A document of the fake composer."""
    return ComposeJob(
        program=program,
        record=json.dumps(order).encode(),
        attributes={},
        as_of=datetime(2026, 1, 2, tzinfo=UTC),
        assets=assets or {},
        engine=engine,
        interactive=interactive,
    )


@asynccontextmanager
async def composers(
    count: int = 1, *, blob: Callable[[str], Any] | None = None, command: tuple[str, ...] = COMPOSER, **settings: Any
) -> AsyncIterator[ComposerPool]:
    """A running pool of fake composers."""

    async def stored(digest: str) -> bytes:
        return BLOBS[digest]

    config = replace(ComposerConfig(command=command, crew=CREW), **settings)
    pool = ComposerPool(count, blob=blob or stored, config=config)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def preparers(count: int = 1, **settings: Any) -> AsyncIterator[PreparerPool]:
    """A running pool of fake preparers."""
    pool = PreparerPool(count, config=replace(PreparerConfig(command=PREPARER, crew=CREW), **settings))
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


def children() -> set[int]:
    """Processes whose parent is this one, zombies included."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(entry.name))
    return found


def descriptors() -> int:
    """Open descriptors of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that is about to happen."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The functions above, for test modules, which can't import this one."""
    return SimpleNamespace(
        job=job,
        composers=composers,
        preparers=preparers,
        children=children,
        descriptors=descriptors,
        until=until,
        composer_command=COMPOSER,
        preparer_command=PREPARER,
        crew=CREW,
    )


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Every test ends with the processes and descriptors that it began with."""
    # What earlier tests of this worker left to the collector may be closed meanwhile and would be counted as ours.
    gc.collect()
    before, open_before = children(), descriptors()
    yield
    gc.collect()
    assert children() == before
    assert descriptors() <= open_before
