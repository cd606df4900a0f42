"""Servers that tests of several folders use."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator, Sequence
from itertools import chain
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


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Tests of a module that share what was made for the module go to one worker, which then makes it once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares(item):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name}/{item.path.stem}"))
    yield
    grouped = [item for item in items if item.get_closest_marker("xdist_group") is not None]
    if getattr(config.option, "loadgroup", False) and not all("@" in item.nodeid for item in grouped):
        raise pytest.UsageError(
            "this pytest loses the groups of pytest-xdist; pyproject.toml names one that keeps them"
        )


def _shares(item: pytest.Item) -> bool:
    """Whether it uses a fixture of ours that the tests of its module share."""
    found: dict[str, Sequence[pytest.FixtureDef[object]]] = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    return any(each.scope == "module" and each.baseid for each in chain.from_iterable(found.values()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many documented facts of the outside systems are held by tests."""
    terminalreporter.write_line(summary())
