"""Servers that tests of several folders use."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.architecture.facts import summary
from tests.servers.redis_server import RedisServer

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell: programs under test would ignore the Ctrl-C that tests send them, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real, empty redis-server of this test's own."""
    folder: Path = tmp_path_factory.mktemp("redis")
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many documented facts of the outside systems are held by tests."""
    terminalreporter.write_line(summary())
