"""Jobs: bulk work of the nodes: print runs, rows that arrive in streams, resumed documents and verifications."""

from __future__ import annotations

from pressrun_server.dashboards.panel import Dashboard, Panel, Query, Row
from pressrun_server.dashboards.promql import increase, quantile, rate, ratio, total

__all__ = ["JOBS"]

_HOUR = "1h"
"""Runs are few, so that what ended within a minute says nothing."""
_BULK = 'method=~"RenderService/(Render|RenderRows|RenderRun|RenderDocument|Verify)|AssetService/Prefetch"'
_MADE = rate("pressrun_run_documents_total", labels='result="ok"')

JOBS = Dashboard(
    "jobs",
    "Pressrun / Jobs",
    "Bulk work of the nodes: print runs, documents whose rows arrive in streams, documents that go on where their "
    "client lost them, and verifications. Jobs of the gateway join when it is built.",
    (
        Row(
            "Print runs now",
            (
                Panel(
                    "Runs under way",
                    "Print runs that are being made or wait for a slot. Each keeps a composer, so that more runs than "
                    "composers take turns.",
                    "none",
                    (Query(total("pressrun_runs_in_flight"), "runs"),),
                    "print-runs",
                    kind="stat",
                    width=4,
                ),
                Panel(
                    "Documents in runs",
                    "Documents put into files of runs a second, separators not counted.",
                    "suffix: documents/s",
                    (Query(_MADE, "documents"),),
                    "print-runs",
                    kind="stat",
                    width=5,
                    decimals=1,
                ),
                Panel(
                    "Pages in runs",
                    "Pages of files of runs a second, separators included; where several are on a side, sides.",
                    "suffix: pages/s",
                    (Query(rate("pressrun_run_pages_total"), "pages"),),
                    "print-runs",
                    kind="stat",
                    width=5,
                    decimals=1,
                ),
                Panel(
                    "Sheets in runs",
                    "Sheets of paper that these pages take a second: one a side, or one for two with duplex. What a "
                    "printer has to keep up with.",
                    "suffix: sheets/s",
                    (Query(rate("pressrun_run_sheets_total"), "sheets"),),
                    "print-runs",
                    kind="stat",
                    width=5,
                    decimals=1,
                ),
                Panel(
                    "Bytes in runs",
                    "Bytes of files of runs a second, as they leave the composers.",
                    "Bps",
                    (Query(rate("pressrun_run_bytes_total"), "bytes"),),
                    "print-runs",
                    kind="stat",
                    width=5,
                ),
            ),
        ),
        Row(
            "Print runs",
            (
                Panel(
                    "Documents of runs",
                    "Documents of runs a second by result. A run that is under way and makes none waits for its "
                    "client, for assets, or for a composer.",
                    "suffix: documents/s",
                    (Query(rate("pressrun_run_documents_total", "result"), "{{result}}"),),
                    "print-runs",
                    stacked=True,
                ),
                Panel(
                    "Documents failed in runs, by reason",
                    "Documents a second that a run left out, or ended over, with the reason in the run's index.",
                    "suffix: documents/s",
                    (
                        Query(
                            rate("pressrun_run_documents_total", "reason", 'result="failed"'),
                            "{{reason}}",
                        ),
                    ),
                    "print-runs",
                    stacked=True,
                ),
                Panel(
                    "Share of documents failed",
                    "Of all documents of runs. Far above what single documents show: the records of one run are "
                    "wrong, see the reasons.",
                    "percentunit",
                    (
                        Query(
                            ratio(
                                rate("pressrun_run_documents_total", labels='result="failed"'),
                                rate("pressrun_run_documents_total"),
                            ),
                            "failed",
                        ),
                    ),
                    "print-runs",
                    most=1,
                ),
                Panel(
                    "Pages and sheets",
                    "Pages and sheets of runs a second. Half as many sheets as pages: all is printed on both sides.",
                    "suffix: /s",
                    (
                        Query(rate("pressrun_run_pages_total"), "pages"),
                        Query(rate("pressrun_run_sheets_total"), "sheets"),
                    ),
                    "print-runs",
                ),
                Panel(
                    "Files whole",
                    "Files of runs that were finished within an hour. A run is split where its client asked for at "
                    "most so many documents or bytes a file, and where a file would get too large for readers.",
                    "none",
                    (Query(increase("pressrun_run_files_total", _HOUR), "files"),),
                    "print-runs",
                    decimals=0,
                ),
                Panel(
                    "Bytes of runs",
                    "Bytes of files a second. A document takes a few kilobytes beside the fonts and pictures that a "
                    "file has once.",
                    "Bps",
                    (Query(rate("pressrun_run_bytes_total", "instance"), "{{instance}}"),),
                    "print-runs",
                ),
                Panel(
                    "Runs ended, by outcome",
                    "Runs that ended within an hour by result and reason. ok: to the last document. stopped: over a "
                    "document that failed, as the client wanted it. cancelled: the client left. failed and refused: "
                    "the client has the files that were whole, and sends the rest again.",
                    "none",
                    (Query(increase("pressrun_runs_total", _HOUR, "result, reason"), "{{result}} {{reason}}"),),
                    "print-runs",
                    decimals=0,
                ),
                Panel(
                    "Duration of runs",
                    "Of runs that ended by themselves within an hour. It goes with their documents, and with how fast "
                    "their clients send and read.",
                    "s",
                    (
                        Query(quantile(0.5, "pressrun_run_seconds", window=_HOUR), "p50"),
                        Query(quantile(0.95, "pressrun_run_seconds", window=_HOUR), "p95"),
                    ),
                    "print-runs",
                ),
                Panel(
                    "Documents and files of a run",
                    "Means over an hour, of the runs that ended in it.",
                    "short",
                    (
                        Query(
                            ratio(
                                increase("pressrun_run_documents_total", _HOUR), increase("pressrun_runs_total", _HOUR)
                            ),
                            "documents",
                        ),
                        Query(
                            ratio(increase("pressrun_run_files_total", _HOUR), increase("pressrun_runs_total", _HOUR)),
                            "files",
                        ),
                    ),
                    "print-runs",
                ),
            ),
        ),
        Row(
            "Streams",
            (
                Panel(
                    "Bulk calls under way",
                    "Calls that carry many documents, or rows, or large documents, and verifications. Render: streams "
                    "of documents that clients hold.",
                    "none",
                    (Query(total("pressrun_rpcs_in_flight", "method", _BULK), "{{method}}"),),
                    "how-to-read-the-dashboards",
                ),
                Panel(
                    "Bulk calls ended",
                    "The same calls as they end, a second, by status code. A document that fails does not fail its "
                    "stream or run.",
                    "suffix: RPCs/s",
                    (Query(rate("pressrun_rpc_requests_total", "method, code", _BULK), "{{method}}: {{code}}"),),
                    "availability",
                ),
                Panel(
                    "Rows that arrive",
                    "Rows a second of documents whose rows come in parts. Composers ask for them as they make pages, "
                    "so that this is what they take, or what clients have.",
                    "suffix: rows/s",
                    (Query(rate("pressrun_arriving_rows_total", "instance"), "{{instance}}"),),
                    "how-to-read-the-dashboards",
                ),
                Panel(
                    "Bytes of rows",
                    "Bytes a second of rows that come in parts.",
                    "Bps",
                    (Query(rate("pressrun_arriving_row_bytes_total", "instance"), "{{instance}}"),),
                    "how-to-read-the-dashboards",
                ),
                Panel(
                    "Documents resumed",
                    "Documents a second that were made again and went on where their client had lost them. Some after "
                    "a node was taken out; on end: connections break, by a proxy's time limit for instance. failed: "
                    "RESUME_MISMATCH, or any other reason.",
                    "suffix: documents/s",
                    (Query(rate("pressrun_resumed_documents_total", "result"), "{{result}}"),),
                    "print-runs",
                ),
                Panel(
                    "Bytes not sent again",
                    "Bytes a second of resumed documents that were made again, and that their clients had.",
                    "Bps",
                    (Query(rate("pressrun_resumed_bytes_total"), "not sent again"),),
                    "print-runs",
                ),
                Panel(
                    "Verifications",
                    "Documents a second that were made again from their manifests and compared. different_bytes by "
                    "the same engine should never be; engine_differs is as it should be after an upgrade.",
                    "suffix: documents/s",
                    (Query(rate("pressrun_verifications_total", "result"), "{{result}}"),),
                    "verification",
                    width=24,
                ),
            ),
        ),
    ),
)
