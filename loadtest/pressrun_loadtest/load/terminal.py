"""A test on the terminal: live while it runs, a table when it has ended."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pressrun_loadtest.load.measure import Tally
from pressrun_loadtest.load.report import Latency, Report
from pressrun_loadtest.load.run import Progress
from pressrun_loadtest.load.scenario import Scenario

__all__ = ["LiveProgress", "print_report", "sparkline"]

_BARS = "▁▂▃▄▅▆▇█"
_SHOWN_FAULTS = 10
_FIRST_LINE_S, _LINE_EVERY_S = 2.0, 10.0
"""Of the lines that tell how a test gets on where there is no terminal."""


def sparkline(values: list[float], width: int = 48) -> str:
    """The last values as bars of characters.

    Example:
        >>> sparkline([0, 1, 2, 4])
        '▁▂▄█'
    """
    shown = values[-width:]
    top = max(shown, default=0.0)
    return "".join(_BARS[min(7, int(value / top * 7.999))] if top else _BARS[0] for value in shown)


class LiveProgress(Progress):
    """Rate, latency, errors, a sparkline and the time left, kept up to date in place."""

    def __init__(self, console: Console, scenario: Scenario, scale: float) -> None:
        self._console = console
        self._seconds = scenario.scaled(scale).arrival.seconds
        self._documents = scenario.scaled(scale).arrival.documents
        self._title = Text(f"{scenario.name}: {scenario.description}", style="bold")
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._next_line = _FIRST_LINE_S

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def said(self, what: str) -> None:
        """Something begins."""
        self._live.update(Group(self._title, Text(f"{what} …", style="dim")))
        if not self._console.is_terminal:
            self._console.print(f"{what} …", style="dim")

    def went(self, tally: Tally, second: float) -> None:
        """The clock runs: so much is done."""
        series = tally.seconds
        now = next((each for each in reversed(series) if each.done or each.failed), None)
        left = max(0.0, self._seconds - second)
        if self._documents and tally.done and second > 0:
            left = min(left, max(0.0, (self._documents - tally.done) * second / tally.done))
        failed = sum(tally.failed.values())
        lines = [self._title]
        if now is not None:
            lines += [
                Text(
                    f"{now.done:>8,} docs/s   p50 {now.p50:8.1f} ms   p99 {now.p99:8.1f} ms   "
                    f"in flight {now.in_flight:,}"
                ),
                Text(sparkline([float(each.done) for each in series]), style="cyan"),
            ]
        lines.append(
            Text(
                f"{tally.done:>8,} done   {failed:,} failed   {second:.0f} s, {left:.0f} s left",
                style="red" if failed else "",
            )
        )
        self._live.update(Group(*lines))
        if not self._console.is_terminal and second >= self._next_line:
            # A log of CI shows nothing in place; a line now and then says that it goes on.
            self._next_line = second + _LINE_EVERY_S
            self._console.print(
                f"{second:.0f} s: {tally.done:,} done, {failed:,} failed, {tally.done / second:,.0f} a second; "
                f"{left:.0f} s left",
                style="dim",
            )


def print_report(console: Console, report: Report) -> None:
    """The closing table."""
    console.print(_latencies(report))
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    for name, value in _facts(report):
        facts.add_row(name, value)
    console.print(facts)
    if report.interrupted:
        console.print(
            f"Interrupted: {report.unanswered:,} documents were under way and count as neither done nor failed.",
            style="yellow",
            soft_wrap=True,
        )
    if report.not_sent:
        console.print(f"{report.not_sent_why}.", style="yellow", soft_wrap=True)
    for part in report.left_out:
        console.print(f"Left out, since the node refuses it: {part}", style="yellow", soft_wrap=True, markup=False)
    if report.generator_limits:
        console.print(report.generator_limits, style="yellow", soft_wrap=True, markup=False)
    for fault in report.faults[:_SHOWN_FAULTS]:
        console.print(f"WRONG DOCUMENT: {fault}", style="bold red", soft_wrap=True, markup=False)


def _latencies(report: Report) -> Table:
    title = f"{report.name}: {report.done:,} documents in {report.seconds:.1f} s"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 0))
    table.add_column("ms", no_wrap=True)
    names = ["mean", *report.latency.percentiles, "max"]
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)

    def row(what: str, latency: Latency) -> None:
        if latency.count:
            values = [latency.mean, *latency.percentiles.values(), latency.most]
            table.add_row(what, *(_short(value) for value in values))

    row("first byte", report.first_byte)
    row("last byte", report.latency)
    if report.failure.count:
        row("until failed", report.failure)
    return table


def _facts(report: Report) -> list[tuple[str, str]]:
    done = max(1, report.done)
    offered = f", {report.offered:,.0f} offered" if report.open_loop else ", closed loop"
    reasons = dict(report.failed)
    if report.unanswered and not report.interrupted:
        reasons["not answered"] = report.unanswered
    failed = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
    sample = f"{report.checked} read in full, " + (f"{len(report.faults)} faults" if report.faults else "all right")
    facts = [
        ("throughput", f"{report.rate:,.1f} documents/s{offered}; {report.pages / report.seconds:,.0f} pages/s"),
        ("documents", f"{report.size / done / 1000:,.1f} kB and {report.pages / done:.1f} pages each"),
        ("failed", f"{report.failures:,} of {report.asked:,}" + (f": {failed}" if failed else "")),
        ("checked", f"every digest and size; {sample}"),
        ("stalls", f"{report.stalls:,}; sent more than once {report.repeated:,}"),
        ("phases", ", ".join(f"{name} {value:.2f}" for name, value in report.phases.items()) + " ms a document"),
    ]
    if report.node_cpu_ms >= 0:
        facts.append(
            ("node CPU", f"{report.node_cpu_ms:.2f} ms a document, of which composing {report.compose_cpu_ms:.2f}")
        )
        first, last = report.resident
        facts.append(
            ("node memory", f"{first:,.0f} to {last:,.0f} MiB; {report.memory_slope:+.2f} MiB per 1,000 documents")
        )
    if report.cache_ratio >= 0:
        facts.append(
            ("caches", f"{report.cache_ratio:.2%} of blob reads; {report.source_requests:,.0f} requests to systems")
        )
    facts.append(
        (
            "generators",
            f"{report.generator_cpu_ms:.2f} ms CPU a document; busiest {report.busiest_generator:.0%} of a core",
        )
    )
    return facts


def _short(value: float) -> str:
    """Three digits or so, so that nine columns fit a terminal."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004 - three digits
