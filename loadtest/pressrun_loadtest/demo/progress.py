"""Shows how a run gets on: live in a terminal, as plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pressrun_loadtest.demo.tally import Tally
from pressrun_loadtest.demo.words import clock, count, megabytes, percent

__all__ = ["LiveView", "PlainView", "View", "describe", "view_for"]

_BAR_WIDTH = 40
_LINE_EVERY_S = 2.0


class View(Protocol):
    """Shows a tally while it grows; to be used in `with`."""

    def update(self, tally: Tally) -> None:
        """The tally has changed; cheap enough for every document."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def describe(tally: Tally) -> str:
    """What has come so far, in one line.

    Example:
        >>> describe(Tally(1000))
        '0 pages · 0 docs/s · 0.0 MB · cache hits - · time left -'
    """
    parts = [
        count(tally.pages, "page"),
        f"{tally.rate:,.0f} docs/s",
        megabytes(tally.size),
        f"cache hits {percent(tally.hit_ratio)}",
        f"time left {clock(tally.seconds_left)}",
    ]
    if tally.failed:
        parts.insert(0, f"{tally.failed:,} failed")
    return " · ".join(parts)


class LiveView:
    """A bar and a line of figures, redrawn a few times a second by a thread of rich's."""

    def __init__(self, console: Console, total: int) -> None:
        self._tally = Tally(total)
        self._live = Live(
            console=console, get_renderable=self._draw, refresh_per_second=8, transient=False, redirect_stderr=False
        )

    def update(self, tally: Tally) -> None:
        """Show this tally from now on."""
        self._tally = tally

    def _draw(self) -> Group:
        tally = self._tally
        row = Table.grid(padding=(0, 2, 0, 0))
        bar = ProgressBar(
            total=tally.total, completed=tally.done, width=_BAR_WIDTH, complete_style="cyan", finished_style="green"
        )
        row.add_row(bar, Text(f"{tally.done:,} of {count(tally.total, 'document')}", style="bold"))
        return Group(
            row, Text(describe(tally), style="red" if tally.failed else "dim", no_wrap=True, overflow="ellipsis")
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class PlainView:
    """A line at each tenth of the way, and every two seconds in between."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._step = max(1, total // 10)
        self._next = self._step
        self._told_at = time.monotonic()

    def update(self, tally: Tally) -> None:
        """Print a line where one is due."""
        now = time.monotonic()
        if tally.done < self._next and now - self._told_at < _LINE_EVERY_S:
            return
        self._told_at = now
        self._next = tally.done - tally.done % self._step + self._step
        self._console.print(f"  {tally.done:,} of {count(tally.total, 'document')} · {describe(tally)}", soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def view_for(console: Console, total: int) -> View:
    """The view that fits where the console writes to."""
    return LiveView(console, total) if console.is_terminal else PlainView(console, total)
