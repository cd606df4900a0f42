from __future__ import annotations

import doctest
import importlib
import time
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from pressrun_loadtest.demo.progress import LiveView, PlainView, describe, view_for
from pressrun_loadtest.demo.tally import Failure, Tally

Consoles = Callable[..., Console]


def filled(documents: int, total: int = 1000) -> Tally:
    """A tally in mid-run, at 100 documents a second."""
    tally = Tally(total)
    tally.start(0.0)
    for number in range(1, documents + 1):
        cache = {"source": 2} if number == 1 else {"memory": 2}
        tally.document(pages=3, size=100_000, latency=0.05, first_byte=0.05, cache=cache, now=number / 100)
    return tally


def text(console: Console) -> str:
    """What was written."""
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_one_line_says_everything_there_is_to_watch() -> None:
    """Pages, speed, megabytes, hits and time left, in words; failures come first."""
    tally = filled(200)
    assert describe(tally) == "600 pages · 100 docs/s · 20.0 MB · cache hits 99.5 % · time left 0:08"
    tally.failure(Failure("a", "X", "m"), 2.0)
    assert describe(tally).startswith("1 failed · ")


def test_lines_come_at_each_tenth_of_the_way(make_console: Consoles) -> None:
    """Elsewhere than in a terminal a run of 1,000 documents takes ten lines, not a thousand."""
    console = make_console()
    tally = Tally(1000)
    tally.start(0.0)
    with view_for(console, 1000) as view:
        assert isinstance(view, PlainView)
        for number in range(1, 1001):
            tally.document(pages=1, size=1, latency=0.1, first_byte=0.1, cache={}, now=number / 500)
            view.update(tally)
    lines = text(console).splitlines()
    assert [line.split()[0] for line in lines] == [f"{number:,}" for number in range(100, 1001, 100)]
    assert all("of 1,000 documents" in line for line in lines)


def test_a_slow_run_is_not_silent(make_console: Consoles, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line comes after two seconds, whatever has been reached."""
    console = make_console()
    now = 50.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with PlainView(console, 1000) as view:
        view.update(filled(1))
        assert text(console) == ""
        now += 2.1
        view.update(filled(2))
        view.update(filled(3))
    assert len(text(console).splitlines()) == 1


def test_a_terminal_gets_a_bar_that_ends_with_the_last_figures(make_console: Consoles) -> None:
    """What stays on the screen is the state at the end."""
    console = make_console(terminal=True)
    with view_for(console, 1000) as view:
        assert isinstance(view, LiveView)
        view.update(filled(10))
        time.sleep(0.15)
        view.update(filled(1000))
    assert "1,000 of 1,000 documents" in text(console)
    assert "3,000 pages" in text(console).splitlines()[-2]


@pytest.mark.parametrize(
    "module", ["demo.words", "demo.tally", "demo.picks", "demo.sheet", "demo.progress", "bench.customers"]
)
def test_examples_in_docstrings_are_true(module: str) -> None:
    """What the documentation shows is what happens."""
    found = doctest.testmod(importlib.import_module(f"pressrun_loadtest.{module}"))
    assert found.attempted > 0
    assert found.failed == 0
