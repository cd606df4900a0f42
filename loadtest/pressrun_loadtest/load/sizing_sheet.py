"""The capacity guide in Markdown, as it stands in ARCHITECTURE.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pressrun_loadtest.load.sizing import Cost, Night, Sizing, plan

__all__ = ["NIGHTS", "sheet"]

NIGHTS = (1_000_000, 10_000_000, 100_000_000)


def sheet(
    sizing: Sizing,
    *,
    date: str,
    hardware: Mapping[str, Any],
    python: str,
    hours: float,
    share: float,
    composers: int,
) -> str:
    """The Markdown.

    Args:
        sizing: what was measured.
        date: of the run, ISO 8601.
        hardware: see `bench.machine`.
        python: its version.
        hours: of a night.
        share: of their processors that nodes use at most.
        composers: of each node that is planned with.
    """
    gibibytes = hardware["memory_bytes"] / 2**30
    place = f"{hardware['cpu_model']}, {hardware['cores']} cores, {gibibytes:.1f} GiB"
    state = f"load {hardware['load_before']} before; Linux {hardware['kernel']}; Python {python}"
    cores = composers + math.ceil(composers / 3)
    parts = [
        f"Output of `make sizing`, {date}: {place}, {state}. All is warm.",
        _costs(sizing),
        _memory(sizing, composers),
        f"Nodes of {composers} composers ({cores} cores), {hours:g} hours a night, at {share:.0%} of what they can do:",
        "\n".join(
            [
                "| documents | a night | nodes | cores | Mbit/s out and in |",
                "|---|---:|---:|---:|---:|",
                *(
                    _night(cost, plan(cost, documents, hours=hours, share=share, composers=composers))
                    for cost in sizing.costs
                    for documents in NIGHTS
                ),
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _costs(sizing: Sizing) -> str:
    lines = [
        "| documents | documents/s a core | CPU ms | of that front | composer | pages | kB out | kB in | Redis bytes |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for cost in sizing.costs:
        cells = [
            cost.title,
            *map(_number, (cost.core_rate, cost.cpu_ms, cost.front_ms, cost.composer_ms)),
            f"{cost.pages:.0f}",
            f"{cost.bytes / 1000:,.0f}",
            f"{cost.record_bytes / 1000:,.1f}",
            f"{cost.redis_bytes:,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _memory(sizing: Sizing, composers: int) -> str:
    foot = sizing.footprint
    node = foot.front + composers * foot.composer + 3 * foot.preparer
    return (
        f"Memory by process: front {foot.front:,.0f} MiB, a composer {foot.composer:,.0f}, a preparer or the reader "
        f"{foot.preparer:,.0f}; a node of {composers} composers, two preparers and a reader {node:,.0f} MiB. The "
        f"template, its assets and what is made of them take {_number(foot.redis_once)} MiB of the cache Redis once; a "
        "node that starts on an empty disk reads them."
    )


def _night(cost: Cost, night: Night) -> str:
    millions = f"{night.documents / 1e6:,.0f} million"
    return f"| {cost.title} | {millions} | {night.nodes:,} | {night.cores:,.0f} | {night.network_mbit:,.0f} |"


def _number(value: float) -> str:
    """Three digits that mean something."""
    for limit, places in ((0.1, 4), (1, 3), (10, 2), (100, 1)):
        if value < limit:
            return f"{value:.{places}f}"
    return f"{value:,.0f}"
