"""What a bench says: a table for people, JSON for whoever compares."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

__all__ = ["TARGETS", "Entry", "Report", "Target"]


_BUSY = 0.5
"""Load of a machine that does something else as well."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure."""

    name: str
    """Stable: later reports are compared by it."""
    value: float
    unit: str
    n: int
    """How many documents, or runs, it was measured on."""
    note: str = ""
    """What exactly was measured."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be on the machine of the project, two cores."""

    value: float
    at_least: bool = False
    """Whether more is better."""

    def reached(self, value: float) -> bool:
        """Whether a figure is good enough."""
        return value >= self.value if self.at_least else value <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.value:g}"


TARGETS = {
    "template-compile": Target(1.0),
    "compose-small-cpu": Target(0.8),
    "compose-small-size": Target(150.0),
    "web-small-cpu": Target(0.3),
    "printrun-small-cpu": Target(0.6),
    "email-small-cpu": Target(0.3),
    "png-page-ratio": Target(1.3),
    "compose-large-cpu": Target(18.0),
    "compose-large-ttfb": Target(4.0),
    "compose-large-size": Target(450.0),
    "compose-100k-rows-rss": Target(16.0),
    "first-document-ratio": Target(5.0),
    "first-page-large": Target(100.0),
    "cache-resolve-warm-cpu": Target(30.0),
    "cache-disk-hit": Target(150.0),
    "cache-redis-hit": Target(500.0),
    "e2e-small-rate": Target(300.0, at_least=True),
    "client-small-cpu": Target(0.12),
    "e2e-small-overhead-cpu": Target(0.3),
    "node-rss-growth": Target(20.0),
    "e2e-small-rate-2": Target(1200.0, at_least=True),
    "composers-2-efficiency": Target(0.9, at_least=True),
}


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a run, and what they were measured on."""

    seed: int
    hardware: dict[str, Any]
    versions: dict[str, str]
    entries: tuple[Entry, ...]

    def save(self, path: Path) -> None:
        """Write it as JSON.

        Raises:
            OSError: the file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def print(self, console: Console) -> None:
        """Show it, with the targets beside the figures."""
        machine = self.hardware
        gibibytes = machine["memory_bytes"] / 2**30
        place = (
            f"{machine['cpu_model']}, {machine['cores']} cores, {gibibytes:.1f} GiB; Python {self.versions['python']}"
        )
        table = Table(title=f"Pressrun bench, seed {self.seed}", caption=place, caption_justify="left", box=box.ROUNDED)
        table.add_column("name", no_wrap=True)
        table.add_column("value", justify="right", no_wrap=True)
        table.add_column("unit", no_wrap=True)
        table.add_column("n", justify="right", no_wrap=True)
        table.add_column("target", justify="right", no_wrap=True)
        for entry in self.entries:
            target = TARGETS.get(entry.name)
            mark, style = "", ""
            if target is not None:
                reached = target.reached(entry.value)
                mark, style = f"{target} {'✓' if reached else '✗'}", "green" if reached else "red"
            value = f"[{style}]{entry.value:,.2f}[/]" if style else f"{entry.value:,.2f}"
            table.add_row(entry.name, value, entry.unit, f"{entry.n:,}", mark)
        console.print(table)
        for entry in self.entries:
            console.print(f"{entry.name}: {entry.note}", style="dim", soft_wrap=True)
        if machine["load_before"] > _BUSY:
            console.print(
                f"The machine was busy before (load {machine['load_before']}): these are not its best figures.",
                style="yellow",
                soft_wrap=True,
            )
