"""The tiers of a running node as a table, from its metrics."""

from __future__ import annotations

import click

__all__ = ["age", "print_tiers", "size"]

_KIB = 1024


def print_tiers(url: str) -> None:
    """Print a line for each tier.

    Raises:
        click.ClickException: the address can't be read, or is not a node's.
    """
    import http.client  # noqa: PLC0415 - as above
    import urllib.request  # noqa: PLC0415 - as above

    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - as above

    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url} is no address of metrics, e.g. http://127.0.0.1:9470/metrics")
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the scheme is checked
            families = list(text_string_to_metric_families(answer.read().decode()))
    except (ValueError, http.client.HTTPException) as error:  # of the address, the bytes, the parser; or no HTTP
        raise click.ClickException(f"{url} gives no metrics ({error}); is it a node's?") from error
    except OSError as error:
        raise click.ClickException(f"{url} can't be read: {getattr(error, 'reason', error)}") from error
    values: dict[tuple[str, str, str], float] = {}
    tiers: dict[str, None] = {}
    others: dict[str, float] = {}
    for family in families:
        for sample in family.samples:
            others[sample.name + sample.labels.get("scope", "")] = sample.value
            tier = sample.labels.get("tier")
            if tier is not None and "le" not in sample.labels:
                tiers[tier] = None
                kind = sample.labels.get("result") or sample.labels.get("operation") or ""
                values[sample.name, tier, kind] = sample.value
    if not tiers:
        raise click.ClickException(f"{url} says nothing of a cache; is it a node's?")

    def value(name: str, tier: str, kind: str = "") -> float:
        return values.get((f"pressrun_cache_{name}", tier, kind), 0.0)

    columns = (
        "tier",
        "hits",
        "misses",
        "blobs",
        "held",
        "limit",
        "evicted",
        "damaged",
        "errors",
        "dropped",
        "idle",
        "read",
    )
    rows: list[tuple[str, ...]] = [columns]
    for tier in tiers:
        reads = value("seconds_count", tier, "read")
        mean = f"{value('seconds_sum', tier, 'read') / reads * 1e3:.2f} ms" if reads else "-"
        idle = values.get(("pressrun_cache_idle_seconds", tier, ""))
        away = "" if value("available", tier) else " (away)"
        counts = ("evictions_total", "corrupt_blobs_total", "errors_total", "dropped_writes_total")
        rows.append(
            (
                f"{tier}{away}",
                *(f"{value('requests_total', tier, result):,.0f}" for result in ("hit", "miss")),
                f"{value('blobs', tier):,.0f}",
                size(int(value("bytes", tier))),
                size(int(value("limit_bytes", tier))) if value("limit_bytes", tier) else "-",
                *(f"{value(name, tier):,.0f}" for name in counts),
                "-" if idle is None else age(idle),
                mean,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(columns))]
    for row in rows:
        cells = (
            text.ljust(width) if not column else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())
    _print_assets(others)


def _print_assets(values: dict[str, float]) -> None:
    """Print what is known of assets, and what it saved; by names of metrics with their scopes."""
    if "pressrun_asset_entries" not in values:
        return  # an older node

    def value(name: str) -> str:
        return f"{values.get(f'pressrun_{name}', 0.0):,.0f}"

    click.echo(f"assets: {value('asset_entries')} renditions known, {value('assets_in_flight')} being brought")
    for what, name in (("waits for one who asks", "single_flight_waits"), ("requests saved", "source_requests_saved")):
        here, elsewhere = value(f"{name}_totalprocess"), value(f"{name}_totalcluster")
        click.echo(f"{what}: {here} in this process, {elsewhere} by others")
    if "pressrun_feed_connected" in values:
        state = "heard" if values["pressrun_feed_connected"] else "away"
        told, heard = value("feed_changes_told_total"), value("feed_changes_heard_total")
        click.echo(f"feed of changes: {state}; {told} told, {heard} heard, {value('feed_waiting_changes')} waiting")


def size(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if count < _KIB:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KIB
    return f"{count:.1f} GiB"


def age(seconds: float) -> str:
    """A duration for people."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
