"""A window on nodes as tables for a terminal."""

from __future__ import annotations

from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pressrun_server.metrics.labels import PHASES
from pressrun_server.metrics.objectives import AVAILABILITY, FIRST_BYTE_SECONDS, OUR_FAULTS
from pressrun_server.top.window import Window

__all__ = ["troubles", "view"]

_TEMPLATES = 6
_BAR = 24
_BUSY = 0.9
_NEAR = 0.1
_KIBI = 1024.0
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def view(window: Window, now: datetime) -> RenderableType:
    """All that there is to see.

    Args:
        window: what happened.
        now: the moment, with a time zone.
    """
    parts: list[RenderableType] = [_head(window, now)]
    parts += [Text(f"! {trouble}", style="bold red") for trouble in troubles(window)]
    for table in (_nodes(window, now), _templates(window), _phases(window), _tiers(window), _sources(window)):
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


def _head(window: Window, now: datetime) -> Text:
    made = window.rate("pressrun_documents_total", result="ok")
    ended = window.rates("pressrun_documents_total", "reason")
    ours = sum(rate for reason, rate in ended.items() if reason in OUR_FAULTS)
    valid = made + ours
    head = Text(f"{now:%H:%M:%S}   {len(window.nodes)} of {len(window.nodes) + len(window.silent)} nodes   ")
    head.append(f"{made:,.1f} documents/s", style="bold cyan")
    head.append(f"   {window.rate('pressrun_pages_total'):,.1f} pages/s   ")
    head.append(f"{_bytes(window.rate('pressrun_document_bytes_total'))}/s   ")
    if valid:
        share = made / valid
        head.append(f"{share:.2%} made", style="" if share >= AVAILABILITY else "bold red")
    return head


def _nodes(window: Window, now: datetime) -> Table:
    table = _table("node", "documents/s", "p50", "p99", "in flight", "queue", "composers", "front", "memory", "up", "")
    several = len(window.nodes) > 1
    rows = [(reading.node, window.one(reading.node)) for reading in window.nodes]
    for name, one in [*rows, *([("all", window)] if several else [])]:
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
        state = "draining" if one.gauge("pressrun_draining") else "" if one.least("pressrun_ready") else "not ready"
        table.add_row(
            Text(name, style="bold" if name == "all" else ""),
            f"{one.rate('pressrun_documents_total', result='ok'):,.1f}",
            _seconds(one.quantile(0.5, "pressrun_document_seconds")),
            _seconds(one.quantile(0.99, "pressrun_document_seconds")),
            f"{one.gauge('pressrun_documents_in_flight'):,.0f}",
            f"{queued:,.0f}",
            Text(f"{composers:.0f} at {busy:.0%}", style="yellow" if busy > _BUSY else ""),
            Text(f"{front:.0%}", style="yellow" if front > _BUSY else ""),
            _bytes(memory),
            "" if name == "all" or started is None else _age(now.timestamp() - started),
            Text(state, style="yellow"),
        )
    return table


def _templates(window: Window) -> Table:
    table = _table("template", "documents/s", "p99", "first byte p99", "pages each", "size each", "not made/s")
    rates = window.rates("pressrun_documents_total", "template", result="ok")
    every = window.rates("pressrun_documents_total", "template")
    pages, sizes = (window.rates(f"pressrun_{what}_total", "template") for what in ("pages", "document_bytes"))
    shown = sorted((name for name, rate in every.items() if rate), key=lambda name: -every[name])
    for name in shown[:_TEMPLATES]:
        made = rates.get(name, 0.0)
        table.add_row(
            name,
            f"{made:,.1f}",
            _seconds(window.quantile(0.99, "pressrun_document_seconds", template=name)),
            _seconds(window.quantile(0.99, "pressrun_time_to_first_byte_seconds", template=name)),
            f"{pages.get(name, 0.0) / made:,.1f}" if made else "",
            _bytes(sizes.get(name, 0.0) / made) if made else "",
            f"{every[name] - made:,.1f}" if every[name] - made > 0 else "",
        )
    if not shown:
        table.add_row(Text("no documents", style="dim"))
    elif len(shown) > _TEMPLATES:
        table.add_row(Text(f"and {len(shown) - _TEMPLATES} more", style="dim"))
    return table


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
        left, limit = (window.least(f"pressrun_source_rate_{what}", source=name) for what in ("remaining", "limit"))
        near = left is not None and limit is not None and left < _NEAR * limit
        down = window.most("pressrun_source_breaker_open", source=name)
        allowed = "" if left is None or limit is None else f"{left:,.0f} of {limit:,.0f}"
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
