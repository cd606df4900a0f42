"""What came from which tier, as the node counted it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from rich import box
from rich.table import Table

from pressrun_loadtest.demo.words import megabytes

__all__ = ["TierCount", "count_tiers", "tier_table"]

_SOURCE = "source"
_OWN = frozenset({"memory", "disk"})
"""Tiers of which a node knows what they hold; others are shared."""


@dataclass(slots=True)
class TierCount:
    """One tier of the node, or its sources together."""

    name: str
    found: int = 0
    """Reads that it answered; of sources, requests."""
    missed: int = 0
    """Reads that went on to the next tier; of sources, requests that failed."""
    read: int = 0
    """Bytes."""
    written: int = 0
    """Bytes."""
    held: int = 0
    """Blobs."""


def count_tiers(metrics: str) -> list[TierCount]:
    """The tiers in the order in which they are asked, and the sources last.

    Args:
        metrics: what a node's metrics address answers.
    """
    found: dict[str, TierCount] = {}
    source = TierCount(_SOURCE)
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            value, labels = int(sample.value), sample.labels
            if sample.name == "pressrun_source_requests_total":
                source.found += value
                source.missed += 0 if labels["outcome"] == "ok" else value
            elif sample.name == "pressrun_source_received_bytes_total":
                source.read += value
            elif "tier" in labels:
                tier = found.setdefault(labels["tier"], TierCount(labels["tier"]))
                if sample.name == "pressrun_cache_requests_total":
                    hit = labels["result"] == "hit"
                    tier.found += value if hit else 0
                    tier.missed += 0 if hit else value
                elif sample.name == "pressrun_cache_transferred_bytes_total":
                    reading = labels["direction"] == "read"
                    tier.read += value if reading else 0
                    tier.written += 0 if reading else value
                elif sample.name == "pressrun_cache_blobs":
                    tier.held = value
    order = ("memory", "disk", "redis", "s3")
    return [*sorted(found.values(), key=lambda tier: order.index(tier.name)), source]


def tier_table(counts: list[TierCount], assets: Counter[str]) -> Table:
    """The table.

    Args:
        counts: of a node.
        assets: of all documents, by where they were found.
    """
    table = Table(title="What came from which tier", title_style="bold", box=box.ROUNDED)
    table.add_column("tier", style="dim", no_wrap=True)
    for name in ("assets of documents", "blobs found", "not found", "read", "written", "blobs held"):
        table.add_column(name, justify="right")
    for tier in counts:
        of_source = tier.name == _SOURCE
        requests = f"{tier.found:,} requests" if of_source else f"{tier.found:,}"
        missed = f"{tier.missed:,} failed" if of_source else f"{tier.missed:,}"
        table.add_row(
            tier.name,
            f"{assets[tier.name]:,}",
            requests,
            missed,
            megabytes(tier.read),
            "-" if of_source else megabytes(tier.written),
            f"{tier.held:,}" if tier.name in _OWN else "-",
        )
    return table
