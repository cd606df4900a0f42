from __future__ import annotations

import asyncio
import logging

import pytest

from pressrun_server.cas.breaker import Breaker


class _Server:
    """Answers probes or not."""

    def __init__(self) -> None:
        self.up = False
        self.hangs = False
        self.probes = 0

    async def ping(self) -> None:
        self.probes += 1
        if self.hangs:
            await asyncio.Event().wait()
        if not self.up:
            raise ConnectionError("refused")


def _breaker(server: _Server) -> Breaker:
    return Breaker("test", server.ping, timeout=0.02, retry=0.01)


async def test_opens_at_once_and_closes_when_the_server_is_back(caplog: pytest.LogCaptureFixture) -> None:
    """A failed call opens it, said once; probes that fail or hang leave it open; one that is answered closes it."""
    caplog.set_level(logging.INFO)
    server = _Server()
    breaker = _breaker(server)
    for _ in range(5):
        breaker.failed(ConnectionError("refused"))
    assert (breaker.closed, breaker.errors, breaker.opened) == (False, 5, 1)
    while server.probes < 3:
        await asyncio.sleep(0.005)
    server.hangs = True
    while server.probes < 5:
        await asyncio.sleep(0.005)
    assert not breaker.closed
    server.up, server.hangs = True, False
    while not breaker.closed:
        await asyncio.sleep(0.005)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    await breaker.close()


async def test_one_slow_call_is_no_failure_yet() -> None:
    """Two overdue calls in a row open it; with a good one between them they do not."""
    server = _Server()
    breaker = _breaker(server)
    breaker.overdue()
    breaker.worked()
    breaker.overdue()
    assert breaker.closed
    breaker.overdue()
    assert not breaker.closed
    assert breaker.errors == 3
    await breaker.close()


async def test_closing_ends_the_probe() -> None:
    """After `close` nothing asks the server any more, and no failure starts to."""
    server = _Server()
    breaker = _breaker(server)
    breaker.failed("down")
    await breaker.close()
    await breaker.close()
    probes = server.probes
    breaker.failed("down")
    await asyncio.sleep(0.05)
    assert server.probes == probes
