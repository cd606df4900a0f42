"""Latency and SLO: how long callers wait, where the time goes, and what of the error budget is used."""

from __future__ import annotations

from pressrun_server.dashboards.panel import Dashboard, Panel, Query, Row
from pressrun_server.dashboards.promql import mean, quantile, rate, ratio, series, total
from pressrun_server.metrics.objectives import AVAILABILITY, FIRST_BYTE_SECONDS, LATENCY, OUR_FAULTS

__all__ = ["LATENCY_AND_SLO"]

_FAULTS = "|".join(OUR_FAULTS)
_DAY = "[1d]"


def _day(metric: str, labels: str = "") -> str:
    return f"sum(rate({series(metric, labels)}{_DAY}))"


def _made(rated: str, of: str) -> str:
    """The share of valid documents that were made."""
    return f"{rated} / ({of} > 0)"


_VALID = f'reason=~"NONE|{_FAULTS}"'
_IN_TIME = rate("pressrun_time_to_first_byte_seconds_bucket", labels=f'le="{FIRST_BYTE_SECONDS}"')
_DAY_MISSED = _made(_day("pressrun_documents_total", f'reason=~"{_FAULTS}"'), _day("pressrun_documents_total", _VALID))
_DAY_IN_TIME = _made(
    _day("pressrun_time_to_first_byte_seconds_bucket", f'le="{FIRST_BYTE_SECONDS}"'),
    _day("pressrun_time_to_first_byte_seconds_count"),
)

LATENCY_AND_SLO = Dashboard(
    "latency",
    "Pressrun / Latency and SLO",
    "What callers wait for, phase by phase, and how much of what is promised is kept.",
    (
        Row(
            "Objectives",
            (
                Panel(
                    "Availability",
                    f"Share of valid documents that were made; promised are {AVAILABILITY:.1%}. What is wrong with a "
                    f"request "
                    f"or a record does not count; {', '.join(OUR_FAULTS)} do.",
                    "percentunit",
                    (
                        Query(
                            ratio(
                                rate("pressrun_documents_total", labels='reason="NONE"'),
                                rate("pressrun_documents_total", labels=_VALID),
                            ),
                            "made",
                        ),
                    ),
                    "availability",
                    kind="stat",
                    width=6,
                    decimals=3,
                    most=1,
                ),
                Panel(
                    "In time",
                    f"Share of finished documents whose first byte came within {FIRST_BYTE_SECONDS:g} s; promised are "
                    f"{LATENCY:.0%}.",
                    "percentunit",
                    (Query(ratio(_IN_TIME, rate("pressrun_time_to_first_byte_seconds_count")), "in time"),),
                    "latency",
                    kind="stat",
                    width=6,
                    decimals=3,
                    most=1,
                ),
                Panel(
                    "Availability budget, by the last day",
                    "How fast the error budget was spent over a day: at 1 it lasts exactly for the time for which the "
                    "objective is promised, at 2 for half of it.",
                    "suffix: x",
                    (Query(f"{_DAY_MISSED} / {1 - AVAILABILITY:.3g} or vector(0)", "burn rate"),),
                    "availability",
                    kind="stat",
                    width=6,
                    limit=1,
                    decimals=2,
                ),
                Panel(
                    "Latency budget, by the last day",
                    "The same for documents whose first byte came too late.",
                    "suffix: x",
                    (Query(f"(1 - {_DAY_IN_TIME}) / {1 - LATENCY:.3g}", "burn rate"),),
                    "latency",
                    kind="stat",
                    width=6,
                    limit=1,
                    decimals=2,
                ),
            ),
        ),
        Row(
            "Documents",
            (
                Panel(
                    "Whole document",
                    "From a document's arrival to its last byte handed to the stream. It depends on the pages, and on "
                    "how fast the client reads.",
                    "s",
                    tuple(
                        Query(quantile(share, "pressrun_document_seconds"), f"p{share * 100:g}")
                        for share in (0.5, 0.95, 0.99)
                    ),
                    "latency",
                ),
                Panel(
                    "First byte",
                    "From a document's arrival to its first byte: what the latency objective is about.",
                    "s",
                    tuple(
                        Query(quantile(share, "pressrun_time_to_first_byte_seconds"), f"p{share * 100:g}")
                        for share in (0.5, 0.95, 0.99)
                    ),
                    "latency",
                    limit=FIRST_BYTE_SECONDS,
                ),
                Panel(
                    "First byte by template, p99",
                    "Which template waits: one alone points to its assets or its size, all together to the node.",
                    "s",
                    (Query(quantile(0.99, "pressrun_time_to_first_byte_seconds", "template"), "{{template}}"),),
                    "latency",
                    limit=FIRST_BYTE_SECONDS,
                ),
                Panel(
                    "First byte by output channel, p99",
                    "E-mails, and pictures of pages, come when all of them is made; pages of print and of the web "
                    "come as they are made.",
                    "s",
                    (Query(quantile(0.99, "pressrun_time_to_first_byte_seconds", "channel"), "{{channel}}"),),
                    "latency",
                    width=12,
                    limit=FIRST_BYTE_SECONDS,
                ),
                Panel(
                    "Whole document by output channel, p99",
                    "From a document's arrival to its last byte, for print, email, web and mobile.",
                    "s",
                    (Query(quantile(0.99, "pressrun_document_seconds", "channel"), "{{channel}}"),),
                    "latency",
                    width=12,
                ),
            ),
        ),
        Row(
            "Where the time goes",
            (
                Panel(
                    "Phases of a document",
                    "Mean time of finished documents in each phase; together they are the whole. admit: waits for a "
                    "slot, a composer and a turn in it. resolve: assets, from the cache or their sources. stream: "
                    "bytes on their way, and waits for the client.",
                    "s",
                    (Query(mean("pressrun_phase_seconds", "phase"), "{{phase}}"),),
                    "latency",
                    stacked=True,
                ),
                Panel(
                    "Phases, p99",
                    "The slowest of a hundred documents in each phase.",
                    "s",
                    (Query(quantile(0.99, "pressrun_phase_seconds", "phase"), "{{phase}}"),),
                    "latency",
                ),
                Panel(
                    "Waiting in the queue",
                    "Time for which finished documents waited for a slot and for a composer. Autoscaling looks at "
                    "the mean.",
                    "s",
                    (
                        Query(mean("pressrun_queue_seconds"), "mean"),
                        Query(quantile(0.99, "pressrun_queue_seconds"), "p99"),
                    ),
                    "queue-saturation",
                ),
            ),
        ),
        Row(
            "Load",
            (
                Panel(
                    "Documents under way",
                    "Documents that hold a slot, those that wait for one, and those that wait for a composer.",
                    "short",
                    (
                        Query(total("pressrun_documents_in_flight"), "in flight"),
                        Query(total("pressrun_queue_length"), "wait for a slot"),
                        Query(total("pressrun_composer_waiting_documents"), "wait for a composer"),
                    ),
                    "queue-saturation",
                    width=12,
                ),
                Panel(
                    "Room used",
                    "Slots, places in the queue and bytes of records in use, of those that a node has. At 1 it "
                    "refuses.",
                    "percentunit",
                    (
                        Query(
                            f"{total('pressrun_documents_in_flight')} / {total('pressrun_document_slots')}",
                            "slots",
                        ),
                        Query(f"{total('pressrun_queue_length')} / {total('pressrun_queue_limit')}", "queue"),
                        Query(
                            f"{total('pressrun_admitted_record_bytes')} / "
                            f"{total('pressrun_admitted_record_limit_bytes')}",
                            "records",
                        ),
                    ),
                    "queue-saturation",
                    width=12,
                    most=1,
                ),
                Panel(
                    "Records held",
                    "Bytes of the records of all admitted documents, which the node holds in memory.",
                    "bytes",
                    (Query(total("pressrun_admitted_record_bytes", "instance"), "{{instance}}"),),
                    "queue-saturation",
                    width=12,
                ),
                Panel(
                    "RPCs, p99",
                    "Duration of unary RPCs by method. Streams are left out: they last as long as their client holds "
                    "them.",
                    "s",
                    (
                        Query(
                            quantile(
                                0.99,
                                "pressrun_rpc_seconds",
                                "method",
                                'method!~".*/(Render|RenderRows|RenderRun|Watch|ServerReflectionInfo)"',
                            ),
                            "{{method}}",
                        ),
                    ),
                    "latency",
                    width=12,
                ),
            ),
        ),
    ),
)
