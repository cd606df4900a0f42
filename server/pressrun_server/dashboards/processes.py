"""Processes and memory: what front, composers and preparers use, how busy they are, and how often they are replaced."""

from __future__ import annotations

from pressrun_server.dashboards.panel import Dashboard, Panel, Query, Row
from pressrun_server.dashboards.promql import quantile, rate, ratio, series, total

__all__ = ["PROCESSES"]

PROCESSES = Dashboard(
    "processes",
    "Pressrun / Processes and memory",
    "The processes of the nodes: time, memory, work and replacements.",
    (
        Row(
            "Use",
            (
                Panel(
                    "Composers at work",
                    "CPU time of composers for each of them: 1 is a processor fully used. Above 0.8 for long, "
                    "documents begin to wait.",
                    "percentunit",
                    (
                        Query(
                            ratio(
                                rate("pressrun_composer_cpu_seconds_total", "instance"),
                                total("pressrun_composers", "instance"),
                            ),
                            "{{instance}}",
                        ),
                    ),
                    "queue-saturation",
                    limit=0.9,
                ),
                Panel(
                    "Front at work",
                    "CPU time of the front, which has one thread for everything: above 0.8 it is what limits the "
                    "node, and more composers do not help.",
                    "percentunit",
                    (Query(rate("process_cpu_seconds_total", "instance"), "{{instance}}"),),
                    "queue-saturation",
                    limit=0.9,
                ),
                Panel(
                    "Front late",
                    "How long what is due waits for the front's thread: everything that it does waits as long, probes "
                    "and scrapes included. Beyond 0.1 s for long: it has too much to do, or no processor.",
                    "s",
                    (
                        Query(quantile(0.5, "pressrun_front_late_seconds", "instance"), "{{instance}}: p50"),
                        Query(quantile(0.99, "pressrun_front_late_seconds", "instance"), "{{instance}}: p99"),
                    ),
                    "queue-saturation",
                    limit=0.1,
                ),
                Panel(
                    "Preparers at work",
                    "Share of preparers that work on a task. They compile templates and prepare assets; with warm "
                    "caches they rest.",
                    "percentunit",
                    (
                        Query(
                            f"{total('pressrun_preparers_busy', 'instance')} / "
                            f"({total('pressrun_preparers', 'instance')} > 0)",
                            "{{instance}}",
                        ),
                    ),
                    "queue-saturation",
                    most=1,
                ),
                Panel(
                    "Documents in composers",
                    "Documents that composers hold, and those that wait for one.",
                    "short",
                    (
                        Query(total("pressrun_composer_documents", "instance"), "{{instance}}: held"),
                        Query(total("pressrun_composer_waiting_documents", "instance"), "{{instance}}: wait"),
                    ),
                    "queue-saturation",
                ),
                Panel(
                    "Documents composed",
                    "Documents a second by node. Unequal rates: clients do not balance, or a node is slower.",
                    "suffix: documents/s",
                    (
                        Query(rate("pressrun_composer_documents_composed_total", "instance"), "{{instance}}"),
                        Query(rate("pressrun_composer_rehearsals_total", "instance"), "{{instance}}: rehearsed"),
                    ),
                    "queue-saturation",
                ),
                Panel(
                    "Tasks of preparers",
                    "Tasks finished a second, and tasks that wait.",
                    "short",
                    (
                        Query(rate("pressrun_preparer_tasks_total", "instance"), "{{instance}}: a second"),
                        Query(total("pressrun_preparer_waiting_tasks", "instance"), "{{instance}}: wait"),
                    ),
                    "queue-saturation",
                ),
            ),
        ),
        Row(
            "Memory",
            (
                Panel(
                    "Memory by kind of process",
                    "Resident memory of all processes of the chosen nodes. Pages that processes share count in each.",
                    "bytes",
                    (
                        Query(total("process_resident_memory_bytes"), "fronts"),
                        Query(total("pressrun_composer_resident_bytes"), "composers"),
                        Query(total("pressrun_preparer_resident_bytes"), "preparers"),
                    ),
                    "memory",
                    stacked=True,
                ),
                Panel(
                    "Largest composer",
                    "Resident memory of the largest composer of each node. One that grows too much is replaced.",
                    "bytes",
                    (Query(total("pressrun_composer_resident_bytes", "instance", function="max"), "{{instance}}"),),
                    "memory",
                ),
                Panel(
                    "Front",
                    "Resident memory of each front. It holds the memory tier and the records of admitted documents.",
                    "bytes",
                    (Query(total("process_resident_memory_bytes", "instance"), "{{instance}}"),),
                    "memory",
                ),
            ),
        ),
        Row(
            "Trouble",
            (
                Panel(
                    "Composers replaced",
                    "Composers a second that were started in place of another, and those that died. A few "
                    "replacements an hour, for their memory, are as they should be; deaths are not.",
                    "suffix: /s",
                    (
                        Query(rate("pressrun_composer_replacements_total"), "replaced"),
                        Query(rate("pressrun_composer_deaths_total"), "died"),
                        Query(rate("pressrun_quarantined_documents_total"), "documents given up"),
                    ),
                    "composers-replaced",
                ),
                Panel(
                    "Preparers replaced",
                    "Preparers a second that were started in place of another, died over a task, or were too slow. "
                    "Each death is a file or template that was too much for its limits.",
                    "suffix: /s",
                    (
                        Query(rate("pressrun_preparer_replacements_total"), "replaced"),
                        Query(rate("pressrun_preparer_crashes_total"), "died"),
                        Query(rate("pressrun_preparer_timeouts_total"), "too slow"),
                    ),
                    "composers-replaced",
                ),
                Panel(
                    "Open files of the front",
                    "Of those that the system allows it: connections of clients and sources, and the disk tier.",
                    "percentunit",
                    (
                        Query(
                            f"{total('process_open_fds', 'instance')} / {total('process_max_fds', 'instance')}",
                            "{{instance}}",
                        ),
                    ),
                    "memory",
                    most=1,
                ),
                Panel(
                    "Age of nodes",
                    "Time since the front started. A saw blade: the node is killed again and again.",
                    "s",
                    (Query(f"time() - {total('process_start_time_seconds', 'instance')}", "{{instance}}"),),
                    "memory",
                ),
                Panel(
                    "Nodes ready and draining",
                    "Nodes that take documents, nodes that only finish what they have, and the share of the time for "
                    "that which is over.",
                    "short",
                    (
                        Query(total("pressrun_ready"), "ready"),
                        Query(total("pressrun_draining"), "draining"),
                        Query(
                            f"max ({series('pressrun_drain_seconds')} / {series('pressrun_drain_limit_seconds')})",
                            "share of the time",
                        ),
                    ),
                    "drain-stuck",
                ),
                Panel(
                    "Spans of traces",
                    "Spans of traced documents a second: sent, lost (the collector did not take them), dropped (there "
                    "was no room where they wait). Empty where nodes are told of no collector.",
                    "suffix: /s",
                    (Query(rate("pressrun_trace_spans_total", "result"), "{{result}}"),),
                    "traces-lost",
                ),
                Panel(
                    "Versions",
                    "What the nodes run. Two engines at once: a roll-out is under way; a resumed document needs its "
                    "own.",
                    "none",
                    (
                        Query(
                            total("pressrun_build_info", "version, engine, python, pymupdf", function="count"),
                            "{{version}}",
                        ),
                    ),
                    "how-to-read-the-dashboards",
                    kind="table",
                ),
            ),
        ),
    ),
)
