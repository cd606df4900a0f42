"""The closing table: what was made, how fast, where it is, and what to try next."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pressrun_loadtest.demo.config import DemoConfig
from pressrun_loadtest.demo.neighbour import Neighbour
from pressrun_loadtest.demo.tally import EARLY, Tally
from pressrun_loadtest.demo.tiers import count_tiers, tier_table
from pressrun_loadtest.demo.words import count, megabytes, milliseconds, percent
from pressrun_loadtest.samples import statement_path

__all__ = ["Outcome", "print_summary"]


LEAST_HITS = 0.999
"""The part of assets that must be here once the cache is warm."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave."""

    tally: Tally
    ready_after: float
    """Seconds from the start of the program to the first request."""
    metrics_url: str
    metrics: Path | None
    """What that address answered at the end; None where it could not be read."""
    data_dir: Path
    """Of the node."""
    neighbour: Neighbour | None = None
    """The second node; None where there was none."""

    @property
    def sound(self) -> bool:
        """Whether all went as it should."""
        ratio = self.tally.late_hit_ratio
        warm = ratio is None or ratio >= LEAST_HITS
        return not self.tally.failed and warm and (self.neighbour is None or self.neighbour.sound)


def print_summary(console: Console, config: DemoConfig, outcome: Outcome) -> None:
    """Print the table, the failed documents, and the commands to try."""
    console.print(_table(config, outcome))
    tally = outcome.tally
    if outcome.metrics is not None:
        console.print(tier_table(count_tiers(outcome.metrics.read_text(encoding="utf-8")), tally.cache))
    if tally.failed:
        _print_failures(console, config, tally)
    else:
        console.print("Try next:", style="bold")
        for command, meaning in _suggestions(config, outcome):
            console.print(Text(f"  {command}", style="cyan"), soft_wrap=True)
            console.print(Text(f"      {meaning}", style="dim"), soft_wrap=True)


def _table(config: DemoConfig, outcome: Outcome) -> Table:
    tally = outcome.tally
    title = "Pressrun demo" if not tally.failed else f"Pressrun demo: {tally.failed:,} failed"
    table = Table(title=title, title_style="bold" if outcome.sound else "bold red", box=box.ROUNDED, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [
        ("documents", f"{tally.documents:,} of {tally.total:,}"),
        ("pages", f"{tally.pages:,}"),
        ("bytes", megabytes(tally.size)),
        ("seconds", f"{tally.seconds:.2f}"),
        ("documents a second", f"{tally.rate:,.1f}"),
        (f"latency, {config.in_flight} in flight", _pair(tally.latency(0.5), tally.latency(0.99))),
        ("time to first byte", _pair(tally.first_byte(0.5), tally.first_byte(0.99))),
        ("assets found in", _tiers(tally)),
        *_late(tally),
        ("second node", _neighbour(outcome)),
        ("first request after", f"{outcome.ready_after:.1f} s, from the start of the command"),
        ("metrics", outcome.metrics_url + (f", kept in {outcome.metrics}" if outcome.metrics else "")),
        ("documents, manifests", f"{config.documents_folder}/"),
    ]
    if config.contact_sheet.exists():
        rows.append(("contact sheet", str(config.contact_sheet)))
    for name, value in rows:
        table.add_row(name, Text(value))
    return table


def _pair(median: float, late: float) -> str:
    return f"p50 {milliseconds(median)}, p99 {milliseconds(late)}"


def _tiers(tally: Tally) -> str:
    found = ", ".join(f"{tier} {number:,}" for tier, number in tally.cache.items())
    return f"{found} ({percent(tally.hit_ratio)} hits)"


def _late(tally: Tally) -> list[tuple[str, str]]:
    """How warm it was after the beginning, where there was more than that."""
    ratio = tally.late_hit_ratio
    if ratio is None:
        return []
    verdict = "" if ratio >= LEAST_HITS else f": too few, {percent(LEAST_HITS)} are expected"
    return [(f"hits after the first {EARLY}", f"{percent(ratio)} of {tally.late_assets:,} assets{verdict}")]


def _neighbour(outcome: Outcome) -> str:
    """What became of the second node."""
    met = outcome.neighbour
    if met is None:
        if outcome.tally.failed:
            return "not started, since documents failed"
        return "not started: there is no redis-server here to share through; `make tools` brings one"
    asked = "no request" if not met.requests else f"{count(met.requests, 'request')} (none are expected)"
    bytes_ = "the same bytes" if met.same else "OTHER BYTES than the first node's"
    return (
        f"its first document, from an empty disk, took {milliseconds(met.seconds)} and {asked} to a source: "
        f"{count(met.shared, 'blob')} from redis, {bytes_}"
    )


def _print_failures(console: Console, config: DemoConfig, tally: Tally) -> None:
    console.print(f"{tally.failed:,} failed:", style="bold red")
    for failure in tally.failures:
        console.print(Text(f"  {failure.request_id}  {failure.reason}  {failure.message}"), soft_wrap=True)
    if tally.failed > len(tally.failures):
        console.print(f"  and {tally.failed - len(tally.failures):,} more")
    if tally.done < tally.total:
        console.print(
            f"Stopped after {tally.failed} failures with {tally.total - tally.done:,} documents not answered; "
            "--keep-going renders the rest.",
            soft_wrap=True,
        )
    console.print(f"The node's log is {config.out / 'node.log'}.", soft_wrap=True)


def _suggestions(config: DemoConfig, outcome: Outcome) -> list[tuple[str, str]]:
    """Commands that work as they stand, from the folder that the demo was run in."""
    pressrun = _program()
    environment = config.out / "sandbox.env"
    sample = _short(statement_path() / "samples" / "premier-de.json")
    return [
        (
            f"{pressrun} sandbox --env-file {environment}",
            "the stand-ins of the asset systems, in a terminal of their own",
        ),
        (
            f"env $(cat {environment}) {pressrun} serve --data-dir {outcome.data_dir}",
            "a node with what the demo published and cached, in a second one",
        ),
        (
            f"{pressrun} render statement@1 {sample} --locale de-DE -o statement.pdf",
            "one document from that node; change the record, break it, and see what it says",
        ),
        (
            f"{pressrun} demo --documents 5000 --seed 2",
            "more of the same, of other customers",
        ),
        (
            f"{pressrun}-bench --quick",
            "how much CPU a document takes here",
        ),
    ]


def _program() -> str:
    """How this command was called, so that the next ones can be."""
    called = Path(sys.argv[0])
    found = shutil.which("pressrun")
    if called.name != "pressrun" or (found is not None and Path(found).resolve() == called.resolve()):
        return "pressrun"
    return _short(called)


def _short(path: Path) -> str:
    """Relative to where we are, where it lies below."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute)
