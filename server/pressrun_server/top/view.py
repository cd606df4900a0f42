"""A window on nodes as tables for a terminal."""

from __future__ import annotations

import itertools
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pressrun_server.metrics.labels import PHASES
from pressrun_server.metrics.objectives import AVAILABILITY, FIRST_BYTE_SECONDS, OUR_FAULTS
from pressrun_server.top.window import Window

__all__ = ["troubles", "view"]

_WIDE = 124
"""Columns that the widest table takes."""
_NAME = 21
"""Of a node or a template, where columns are few: an IPv4 address with its port."""
_TABLE = 3
"""Lines of a table beside its rows, with the empty one before it."""
_REST = 16
"""Lines for all but nodes, at their least."""
_FEWEST = 4
"""Nodes that are shown, however few the lines are."""
_SEEN = 0.005
"""Share of a phase that is worth a word where there is little room."""
_TEMPLATES = 6
_BAR = 24
_BUSY = 0.9
_NEAR = 0.1
_KIBI = 1024.0
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def view(window: Window, now: datetime, *, columns: int = 140, rows: int | None = None) -> RenderableType:
    """All that there is to see, or as much of it as has room.

    Args:
        window: what happened.
        now: the moment, with a time zone.
        columns: of the terminal; below 124 tables have the columns that matter most.
        rows: of the terminal; where tables don't fit, phases, cache and sources are lines. None: there is room.
    """
    narrow = columns < _WIDE
    parts: list[RenderableType] = [_head(window, now, narrow=narrow)]
    if runs := _runs(window):
        parts.append(runs)
    parts += [Text(f"! {trouble}", style="bold red") for trouble in troubles(window)]
    room = None if rows is None else max(_FEWEST, rows - len(parts) - _REST)
    main = [_nodes(window, now, narrow=narrow, most=room), _templates(window, narrow=narrow)]
    lines = sum(table.row_count + _TABLE for table in main)
    tables = [] if narrow else [_phases(window), _tiers(window), _sources(window)]
    lines += len(parts) + sum(table.row_count + _TABLE for table in tables)
    rest: list[RenderableType] = [*tables] if tables and (rows is None or lines <= rows) else [_brief(window)]
    for table in (*main, *rest):
        parts += [Text(), table]
    return Group(*parts)


def troubles(window: Window) -> list[str]:
    """What somebody should look at, in sentences; the runbook of the Helm chart has a chapter for each."""
    found = [f"{reading.node} {reading.fault}" for reading in window.silent]
    for reason, rate in sorted(window.rates("pressrun_documents_total", "reason").items()):
        if rate and reason in OUR_FAULTS:
            found.append(f"{reason}: {rate:.2g} documents a second are not made")
    late = window.quantile(0.99, "pressrun_time_to_first_byte_seconds")
    if late is not None and late > FIRST_BYTE_SECONDS:
        found.append(f"first bytes come late: p99 is {_seconds(late)}, promised is {FIRST_BYTE_SECONDS:g} s")
    for name in window.values("pressrun_source_breaker_open", "source"):
        if window.most("pressrun_source_breaker_open", source=name):
            found.append(f"{name} is down: it failed so often on end that it is left alone")
        if paused := window.most("pressrun_source_paused_seconds", source=name):
            found.append(f"{name} asked to be left alone for {_seconds(paused)}")
    tiers = window.values("pressrun_cache_available", "tier")
    found += [f"the {tier} tier is away" for tier in tiers if not window.least("pressrun_cache_available", tier=tier)]
    for name, what in (
        ("pressrun_composer_deaths_total", "composers die"),
        ("pressrun_preparer_crashes_total", "preparers die over a file or a template"),
        ("pressrun_cache_corrupt_blobs_total", "blobs are damaged"),
        ("pressrun_asset_lenient_uses_total", "stale assets are used, since their source is away"),
    ):
        if window.rate(name):
            found.append(what)
    if window.least("pressrun_feed_connected") == 0:
        found.append("a node does not hear of changed assets")
    return found


def _head(window: Window, now: datetime, *, narrow: bool) -> Text:
    made = window.rate("pressrun_documents_total", result="ok")
    ended = window.rates("pressrun_documents_total", "reason")
    ours = sum(rate for reason, rate in ended.items() if reason in OUR_FAULTS)
    valid = made + ours
    gap = "  " if narrow else "   "
    head = Text(f"{now:%H:%M:%S}{gap}{len(window.nodes)} of {len(window.nodes) + len(window.silent)} nodes{gap}")
    head.append(f"{made:,.1f} {'docs' if narrow else 'documents'}/s", style="bold cyan")
    head.append(f"{gap}{window.rate('pressrun_pages_total'):,.{0 if narrow else 1}f} pages/s{gap}")
    head.append(f"{_bytes(window.rate('pressrun_document_bytes_total'))}/s{gap}")
    if valid:
        share = made / valid
        head.append(f"{share:.{1 if narrow else 2}%} made", style="" if share >= AVAILABILITY else "bold red")
    return head


def _runs(window: Window) -> Text | None:
    """What print runs make, where there are any."""
    under_way = window.gauge("pressrun_runs_in_flight")
    if not under_way:
        return None
    made = window.rate("pressrun_run_documents_total", result="ok")
    failed = window.rate("pressrun_run_documents_total", result="failed")
    told = f"{under_way:.0f} print run{'s' if under_way > 1 else ''}: {made:,.1f} documents/s"
    told += f", {window.rate('pressrun_run_sheets_total'):,.1f} sheets/s"
    return Text(told + (f", {failed:,.1f} failed/s" if failed else ""))


def _nodes(window: Window, now: datetime, *, narrow: bool, most: int | None) -> Table:
    sheet = _Sheet(
        ("node", "node"), ("documents/s", "docs/s"), ("p50", None), ("p99", "p99"), ("in flight", None),
        ("queue", "queue"), ("composers", "composers"), ("front", "front"), ("memory", "memory"), ("up", None),
        ("", None), narrow=narrow,
    )  # fmt: skip
    several = len(window.nodes) > 1
    lines = [(reading.node, window.one(reading.node)) for reading in window.nodes]
    left = 0
    if most is not None and len(lines) > most:
        # Those that need a look first, then the busiest.
        lines.sort(key=lambda line: (_state(line[1]) == "", -line[1].rate("pressrun_documents_total", result="ok")))
        left = len(lines) - most
        lines = lines[:most]
    for name, one in [*lines, *([("all", window)] if several else [])]:
        if name == "all" and left:
            sheet.table.add_row(Text(f"and {left} more", style="dim"))
        composers, fronts = one.gauge("pressrun_composers"), len(one.nodes)
        busy = one.rate("pressrun_composer_cpu_seconds_total") / composers if composers else 0.0
        front = one.rate("process_cpu_seconds_total") / fronts if fronts else 0.0
        queued = one.gauge("pressrun_queue_length") + one.gauge("pressrun_composer_waiting_documents")
        memory = sum(
            one.gauge(kind)
            for kind in (
                "process_resident_memory_bytes",
                "pressrun_composer_resident_bytes",
                "pressrun_preparer_resident_bytes",
            )
        )
        started = one.least("process_start_time_seconds")
        state = "" if name == "all" else _state(one)
        sheet.add(
            Text(_short(name) if narrow else name, style="bold" if name == "all" else ""),
            f"{one.rate('pressrun_documents_total', result='ok'):,.1f}",
            _seconds(one.quantile(0.5, "pressrun_document_seconds")),
            _seconds(one.quantile(0.99, "pressrun_document_seconds")),
            f"{one.gauge('pressrun_documents_in_flight'):,.0f}",
            f"{queued:,.0f}",
            Text(f"{composers:.0f} at {busy:.0%}", style="yellow" if busy > _BUSY else ""),
            Text(f"{front:.0%}", style="yellow" if front > _BUSY else ""),
            Text(state, style="yellow") if narrow and state else _bytes(memory),
            "" if name == "all" or started is None else _age(now.timestamp() - started),
            Text(state, style="yellow"),
        )
    return sheet.table


def _state(one: Window) -> str:
    """Why a node takes no documents; empty where it does."""
    return "draining" if one.gauge("pressrun_draining") else "" if one.least("pressrun_ready") else "not ready"


def _short(node: str) -> str:
    """As much of a node's name as a narrow terminal has room for: its end, which is what differs."""
    return node if len(node) <= _NAME else f"…{node[1 - _NAME :]}"


def _templates(window: Window, *, narrow: bool) -> Table:
    sheet = _Sheet(
        ("template", "template"), ("documents/s", "docs/s"), ("p99", "p99"), ("first byte p99", "first byte p99"),
        ("pages each", "pages"), ("size each", None), ("not made/s", "not made/s"), narrow=narrow,
    )  # fmt: skip
    rates = window.rates("pressrun_documents_total", "template", result="ok")
    every = window.rates("pressrun_documents_total", "template")
    pages, sizes = (window.rates(f"pressrun_{what}_total", "template") for what in ("pages", "document_bytes"))
    shown = sorted((name for name, rate in every.items() if rate), key=lambda name: -every[name])
    for name in shown[:_TEMPLATES]:
        made = rates.get(name, 0.0)
        sheet.add(
            _short(name) if narrow else name,
            f"{made:,.1f}",
            _seconds(window.quantile(0.99, "pressrun_document_seconds", template=name)),
            _seconds(window.quantile(0.99, "pressrun_time_to_first_byte_seconds", template=name)),
            f"{pages.get(name, 0.0) / made:,.1f}" if made else "",
            _bytes(sizes.get(name, 0.0) / made) if made else "",
            f"{every[name] - made:,.1f}" if every[name] - made > 0 else "",
        )
    if not shown:
        sheet.table.add_row(Text("no documents", style="dim"))
    elif len(shown) > _TEMPLATES:
        sheet.table.add_row(Text(f"and {len(shown) - _TEMPLATES} more", style="dim"))
    return sheet.table


def _brief(window: Window) -> RenderableType:
    """Phases, cache and sources in a line or two each."""
    means = {name: window.mean("pressrun_phase_seconds", phase=name) or 0.0 for name in PHASES}
    total = sum(means.values())
    phases = [f"{name} {_seconds(mean)} {mean / total:.0%}" for name, mean in means.items() if mean > total * _SEEN]
    tiers = []
    for tier in window.values("pressrun_cache_available", "tier"):
        hits = window.rate("pressrun_cache_requests_total", tier=tier, result="hit")
        reads = window.rate("pressrun_cache_requests_total", tier=tier)
        away = window.least("pressrun_cache_available", tier=tier) == 0
        tiers.append(f"{tier} {'away' if away else f'{hits / reads:.1%} of {reads:,.1f}/s' if reads else 'at rest'}")
    sources = []
    for name in window.values("pressrun_source_breaker_open", "source"):
        outcomes = window.rates("pressrun_source_requests_total", "outcome", source=name)
        requests = sum(outcomes.values())
        down = window.most("pressrun_source_breaker_open", source=name)
        told = f"{requests:,.1f}/s, {outcomes.get('ok', 0.0) / requests:.0%} ok" if requests else "at rest"
        allowed, near = _allowed(window, name)
        told += f", {allowed} left" if near else ""
        sources.append(f"{name} {'down' if down else told}")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for name, words in (("phases", phases), ("cache", tiers), ("sources", sources)):
        if words:
            # Each stays whole where the line is broken.
            grid.add_row(name, "   ".join(each.replace(" ", "\N{NO-BREAK SPACE}") for each in words))
    return grid


def _phases(window: Window) -> Table:
    table = _table("phase", "mean", "p99", "share", "")
    means = {name: window.mean("pressrun_phase_seconds", phase=name) or 0.0 for name in PHASES}
    total = sum(means.values())
    for name, mean in means.items():
        share = mean / total if total else 0.0
        p99 = window.quantile(0.99, "pressrun_phase_seconds", phase=name)
        bar = Text("█" * round(share * _BAR), style="cyan")
        table.add_row(name, _seconds(mean if total else None), _seconds(p99), f"{share:.0%}" if total else "", bar)
    return table


def _tiers(window: Window) -> Table:
    table = _table("cache", "hits", "reads/s", "read/s", "written/s", "held", "of", "evicted/s", "")
    for tier in window.values("pressrun_cache_available", "tier"):
        hits = window.rate("pressrun_cache_requests_total", tier=tier, result="hit")
        reads = window.rate("pressrun_cache_requests_total", tier=tier)
        limit = window.gauge("pressrun_cache_limit_bytes", tier=tier)
        moved = window.rates("pressrun_cache_transferred_bytes_total", "direction", tier=tier)
        away = window.least("pressrun_cache_available", tier=tier) == 0
        table.add_row(
            tier,
            f"{hits / reads:.1%}" if reads else "",
            f"{reads:,.1f}",
            _bytes(moved.get("read", 0.0)),
            _bytes(moved.get("written", 0.0)),
            _bytes(window.gauge("pressrun_cache_bytes", tier=tier)),
            _bytes(limit) if limit else "",
            f"{window.rate('pressrun_cache_evictions_total', tier=tier):,.1f}",
            Text("away" if away else "", style="bold red"),
        )
    return table


def _sources(window: Window) -> Table:
    table = _table("source", "requests/s", "p95", "answers", "received/s", "requests left", "")
    for name in window.values("pressrun_source_breaker_open", "source"):
        outcomes = window.rates("pressrun_source_requests_total", "outcome", source=name)
        requests = sum(outcomes.values())
        common = sorted(outcomes.items(), key=lambda item: -item[1])
        told = ", ".join(f"{outcome} {rate / requests:.0%}" for outcome, rate in common if rate)
        allowed, near = _allowed(window, name)
        down = window.most("pressrun_source_breaker_open", source=name)
        table.add_row(
            name,
            f"{requests:,.1f}",
            _seconds(window.quantile(0.95, "pressrun_source_request_seconds", source=name)),
            told,
            _bytes(window.rate("pressrun_source_received_bytes_total", source=name)),
            Text(allowed, style="yellow" if near else ""),
            Text("down" if down else "", style="bold red"),
        )
    return table


def _allowed(window: Window, source: str) -> tuple[str, bool]:
    """The requests that a source still allows, where it says so, and whether they are nearly used up."""
    left, limit = (window.least(f"pressrun_source_rate_{what}", source=source) for what in ("remaining", "limit"))
    if left is None or limit is None:
        return "", False
    return f"{left:,.0f} of {limit:,.0f}", left < _NEAR * limit


class _Sheet:
    """A table that leaves columns out where there is no room for them.

    Args:
        columns: what stands above each where there is room, and where there is none; None: it is left out then.
        narrow: whether there is none.
    """

    def __init__(self, *columns: tuple[str, str | None], narrow: bool) -> None:
        self._kept = [not narrow or short is not None for _, short in columns]
        names = ((short or "") if narrow else wide for wide, short in columns)
        self.table = _table(*itertools.compress(names, self._kept))
        if narrow:
            self.table.padding = (0, 1, 0, 0)

    def add(self, *cells: str | Text) -> None:
        """A line, with a cell for each column."""
        self.table.add_row(*itertools.compress(cells, self._kept))


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False, expand=False)
    for number, column in enumerate(columns):
        left = number == 0 or column in ("", "answers")
        table.add_column(column, justify="left" if left else "right", no_wrap=True, header_style="bold")
    return table


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    for unit, length in (("s", 1.0), ("ms", 1e-3)):
        if value >= length:
            return f"{value / length:,.3g} {unit}"
    return f"{value * 1e6:,.3g} us"


def _age(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _bytes(value: float) -> str:
    for unit in _SIZES[:-1]:
        if value < _KIBI:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= _KIBI
    return f"{value:,.1f} {_SIZES[-1]}"
