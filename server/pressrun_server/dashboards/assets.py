"""Asset cache and sources: what the tiers find and hold, what the outside systems are asked, and what is stale."""

from __future__ import annotations

from pressrun_server.dashboards.panel import Dashboard, Panel, Query, Row
from pressrun_server.dashboards.promql import quantile, rate, ratio, total

__all__ = ["ASSETS"]

ASSETS = Dashboard(
    "assets",
    "Pressrun / Asset cache and sources",
    "Tiers of the content-addressed store, what is known of assets, and the systems that they come from.",
    (
        Row(
            "Cache",
            (
                Panel(
                    "Hits by tier",
                    "Share of reads that a tier answered. A tier is only asked for what the one before it did not "
                    "have, so a low share of disk beside a high one of memory is as it should be.",
                    "percentunit",
                    (
                        Query(
                            ratio(
                                rate("pressrun_cache_requests_total", "tier", 'result="hit"'),
                                rate("pressrun_cache_requests_total", "tier"),
                            ),
                            "{{tier}}",
                        ),
                    ),
                    "cold-cache",
                    most=1,
                ),
                Panel(
                    "Reads by tier",
                    "Reads of blobs a second by tier and result.",
                    "reqps",
                    (Query(rate("pressrun_cache_requests_total", "tier, result"), "{{tier}}: {{result}}"),),
                    "cold-cache",
                ),
                Panel(
                    "Time of a read or a write, p99",
                    "Of reads and writes that could not be answered at once. Redis far above a millisecond: the "
                    "network, or a server that is busy.",
                    "s",
                    (Query(quantile(0.99, "pressrun_cache_seconds", "tier, operation"), "{{tier}}: {{operation}}"),),
                    "cache-tier-away",
                ),
                Panel(
                    "Bytes read and written",
                    "Bytes of blobs a second by tier and direction.",
                    "Bps",
                    (
                        Query(
                            rate("pressrun_cache_transferred_bytes_total", "tier, direction"), "{{tier}}: {{direction}}"
                        ),
                    ),
                    "cold-cache",
                ),
                Panel(
                    "Room used",
                    "What a tier holds of what it may hold. A full tier is as it should be while its evictions are few "
                    "and its oldest blob is old.",
                    "percentunit",
                    (
                        Query(
                            f"{total('pressrun_cache_bytes', 'tier')} / "
                            f"({total('pressrun_cache_limit_bytes', 'tier')} > 0)",
                            "{{tier}}",
                        ),
                    ),
                    "cold-cache",
                    most=1,
                ),
                Panel(
                    "Oldest blob",
                    "Time since the last use of the blob that was used longest ago. Minutes instead of hours in a full "
                    "tier: it is too small for what is rendered.",
                    "s",
                    (Query(total("pressrun_cache_idle_seconds", "tier", function="min"), "{{tier}}"),),
                    "cold-cache",
                ),
                Panel(
                    "Evicted, refused, not written",
                    "Blobs a second that were dropped to make room, were too large to be kept, or were not written "
                    "since too much waited.",
                    "suffix: blobs/s",
                    (
                        Query(rate("pressrun_cache_evictions_total", "tier"), "{{tier}}: evicted"),
                        Query(rate("pressrun_cache_refusals_total", "tier"), "{{tier}}: refused"),
                        Query(rate("pressrun_cache_dropped_writes_total", "tier"), "{{tier}}: not written"),
                    ),
                    "cold-cache",
                ),
                Panel(
                    "Damaged blobs and errors",
                    "Blobs whose digest did not hold, and calls in which a tier failed and stepped aside. Damaged "
                    "blobs are never used, but something wrote or read them wrongly.",
                    "suffix: /s",
                    (
                        Query(rate("pressrun_cache_corrupt_blobs_total", "tier"), "{{tier}}: damaged"),
                        Query(rate("pressrun_cache_errors_total", "tier"), "{{tier}}: errors"),
                    ),
                    "corrupt-blobs",
                ),
                Panel(
                    "Tiers in use",
                    "1 while a tier is used on all nodes; 0 while one steps aside. Nodes go on without it, more "
                    "slowly.",
                    "none",
                    (Query(total("pressrun_cache_available", "tier", function="min"), "{{tier}}"),),
                    "cache-tier-away",
                    most=1,
                ),
            ),
        ),
        Row(
            "Sources",
            (
                Panel(
                    "Requests by source",
                    "Requests a second, each attempt of a retried one. With warm caches there should be few.",
                    "reqps",
                    (Query(rate("pressrun_source_requests_total", "source"), "{{source}}"),),
                    "source-down",
                ),
                Panel(
                    "Answers by outcome",
                    "Share of requests by source and outcome: `ok`, or the kind of the error. `not_found` is an "
                    "answer, too.",
                    "percentunit",
                    (
                        Query(
                            f"{rate('pressrun_source_requests_total', 'source, outcome')} / on (source) group_left () "
                            f"({rate('pressrun_source_requests_total', 'source')} > 0)",
                            "{{source}}: {{outcome}}",
                        ),
                    ),
                    "source-down",
                    most=1,
                ),
                Panel(
                    "Time of a request, p95",
                    "From the request to the last byte of its answer.",
                    "s",
                    (Query(quantile(0.95, "pressrun_source_request_seconds", "source"), "{{source}}"),),
                    "source-down",
                ),
                Panel(
                    "Bytes received",
                    "Bytes of answers a second by source.",
                    "Bps",
                    (Query(rate("pressrun_source_received_bytes_total", "source"), "{{source}}"),),
                    "cold-cache",
                ),
                Panel(
                    "Sources left alone",
                    "1 while a source failed so often on end that a node leaves it alone.",
                    "none",
                    (Query(total("pressrun_source_breaker_open", "source", function="max"), "{{source}}"),),
                    "source-down",
                    most=1,
                ),
                Panel(
                    "Requests left",
                    "What is left of the requests that a source allows, for those that say so, and the longest time "
                    "for which one asked to be left alone.",
                    "short",
                    (
                        Query(
                            f"{total('pressrun_source_rate_remaining', 'source', function='min')} / "
                            f"{total('pressrun_source_rate_limit', 'source', function='min')}",
                            "{{source}}: share left",
                        ),
                        Query(
                            total("pressrun_source_paused_seconds", "source", function="max"),
                            "{{source}}: seconds left alone",
                        ),
                    ),
                    "rate-limit",
                ),
                Panel(
                    "Requests saved",
                    "Requests a second that no source got, because a process was asking already or had the answer.",
                    "reqps",
                    (
                        Query(rate("pressrun_source_requests_saved_total", "scope"), "saved within a {{scope}}"),
                        Query(rate("pressrun_single_flight_waits_total", "scope"), "waits within a {{scope}}"),
                    ),
                    "cold-cache",
                ),
                Panel(
                    "News of changes",
                    "Webhooks and looks at what has changed, a second. Refused webhooks: a wrong secret, or somebody "
                    "tries.",
                    "suffix: /s",
                    (
                        Query(rate("pressrun_hooks_total", "source, result"), "webhook {{source}}: {{result}}"),
                        Query(rate("pressrun_source_polls_total", "source, result"), "look {{source}}: {{result}}"),
                    ),
                    "stale-assets",
                ),
            ),
        ),
        Row(
            "Assets",
            (
                Panel(
                    "Stale assets used",
                    "Uses a second of assets that could not be asked again since their source was away. Never of "
                    "those that were changed, withdrawn or are past their rights.",
                    "suffix: uses/s",
                    (Query(rate("pressrun_asset_lenient_uses_total"), "stale uses"),),
                    "stale-assets",
                ),
                Panel(
                    "Asked again ahead of time",
                    "Revalidations a second beside documents, and times that news may have been missed, so that "
                    "everything is asked again.",
                    "suffix: /s",
                    (
                        Query(rate("pressrun_asset_refreshes_total"), "asked again"),
                        Query(rate("pressrun_asset_doubts_total"), "news may be missed"),
                    ),
                    "stale-assets",
                ),
                Panel(
                    "Renditions known",
                    "Renditions of which something is known, those being brought, and those forgotten to make room a "
                    "second.",
                    "short",
                    (
                        Query(total("pressrun_asset_entries"), "known"),
                        Query(total("pressrun_assets_in_flight"), "being brought"),
                        Query(rate("pressrun_asset_entry_evictions_total"), "forgotten a second"),
                    ),
                    "cold-cache",
                ),
                Panel(
                    "Feed of changes",
                    "1 while all nodes hear the feed; changes that wait to be told. Only where PRESSRUN_EVENTS_REDIS "
                    "is set.",
                    "short",
                    (
                        Query(total("pressrun_feed_connected", function="min"), "heard"),
                        Query(total("pressrun_feed_waiting_changes"), "waiting"),
                    ),
                    "feed-away",
                    width=12,
                ),
                Panel(
                    "Changes told and heard",
                    "Changes a second that nodes told each other; each is heard by every other node.",
                    "suffix: changes/s",
                    (
                        Query(rate("pressrun_feed_changes_told_total"), "told"),
                        Query(rate("pressrun_feed_changes_heard_total"), "heard"),
                    ),
                    "feed-away",
                    width=12,
                ),
            ),
        ),
    ),
)
