"""Throughput: what the nodes make, by template and output channel, and what it costs them."""

from __future__ import annotations

from pressrun_server.dashboards.panel import Dashboard, Panel, Query, Row
from pressrun_server.dashboards.promql import quantile, rate, ratio, total

__all__ = ["THROUGHPUT"]

_DOCUMENTS = rate("pressrun_documents_total", labels='result="ok"')
_COMPOSER_CPU = rate("pressrun_composer_cpu_seconds_total")
_PREPARER_CPU = rate("pressrun_preparer_cpu_seconds_total")
_FRONT_CPU = rate("process_cpu_seconds_total")

THROUGHPUT = Dashboard(
    "throughput",
    "Pressrun / Throughput",
    "Documents, pages and bytes a second, by template and output channel, and the CPU time that they take.",
    (
        Row(
            "Now",
            (
                Panel(
                    "Documents",
                    "Documents finished a second, over all chosen nodes.",
                    "suffix: documents/s",
                    (Query(_DOCUMENTS, "documents"),),
                    "how-to-read-the-dashboards",
                    kind="stat",
                    width=5,
                    decimals=1,
                ),
                Panel(
                    "Pages",
                    "Pages of finished documents a second.",
                    "suffix: pages/s",
                    (Query(rate("pressrun_pages_total"), "pages"),),
                    "how-to-read-the-dashboards",
                    kind="stat",
                    width=5,
                    decimals=1,
                ),
                Panel(
                    "Bytes",
                    "Bytes of finished documents a second.",
                    "Bps",
                    (Query(rate("pressrun_document_bytes_total"), "bytes"),),
                    "how-to-read-the-dashboards",
                    kind="stat",
                    width=5,
                ),
                Panel(
                    "Not made",
                    "Share of documents that failed or were refused, whosever fault it was. The reasons are below.",
                    "percentunit",
                    (
                        Query(
                            ratio(
                                rate("pressrun_documents_total", labels='result=~"failed|refused"'),
                                rate("pressrun_documents_total"),
                            ),
                            "not made",
                        ),
                    ),
                    "availability",
                    kind="stat",
                    width=5,
                    limit=0.01,
                    most=1,
                    decimals=2,
                ),
                Panel(
                    "Nodes",
                    "Nodes that Prometheus reaches.",
                    "none",
                    (Query(total("pressrun_build_info", function="count"), "nodes"),),
                    "how-to-read-the-dashboards",
                    kind="stat",
                    width=4,
                ),
            ),
        ),
        Row(
            "Documents",
            (
                Panel(
                    "Documents by template",
                    "Finished documents a second. `other`: templates beyond the first hundred names.",
                    "suffix: documents/s",
                    (Query(rate("pressrun_documents_total", "template", 'result="ok"'), "{{template}}"),),
                    "how-to-read-the-dashboards",
                    stacked=True,
                ),
                Panel(
                    "Documents by output channel",
                    "Finished documents a second for print, email, web and mobile.",
                    "suffix: documents/s",
                    (Query(rate("pressrun_documents_total", "channel", 'result="ok"'), "{{channel}}"),),
                    "how-to-read-the-dashboards",
                    stacked=True,
                ),
                Panel(
                    "Documents not made, by reason",
                    "Failed, refused and cancelled documents a second, with the reason that the caller was given. "
                    "INVALID_RECORD and its like are the caller's; INTERNAL and COMPOSER_LOST are ours.",
                    "suffix: documents/s",
                    (
                        Query(
                            rate("pressrun_documents_total", "result, reason", 'result!="ok"'),
                            "{{result}} {{reason}}",
                        ),
                    ),
                    "availability",
                    stacked=True,
                ),
                Panel(
                    "Documents not made, by output channel",
                    "Failed, refused and cancelled documents a second. `unknown`: the request could not be read.",
                    "suffix: documents/s",
                    (
                        Query(
                            rate("pressrun_documents_total", "channel, result", 'result!="ok"'),
                            "{{channel}}: {{result}}",
                        ),
                    ),
                    "availability",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Documents not made, by template",
                    "Failed, refused and cancelled documents a second. One template alone: its records or its assets "
                    "are wrong. `unknown`: there is no such template, or the request could not be read.",
                    "suffix: documents/s",
                    (
                        Query(
                            rate("pressrun_documents_total", "template, result", 'result!="ok"'),
                            "{{template}}: {{result}}",
                        ),
                    ),
                    "availability",
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Pages by template",
                    "Pages of finished documents a second.",
                    "suffix: pages/s",
                    (Query(rate("pressrun_pages_total", "template"), "{{template}}"),),
                    "how-to-read-the-dashboards",
                    stacked=True,
                ),
                Panel(
                    "Bytes by template",
                    "Bytes of finished documents a second: what leaves by the network.",
                    "Bps",
                    (Query(rate("pressrun_document_bytes_total", "template"), "{{template}}"),),
                    "how-to-read-the-dashboards",
                    stacked=True,
                ),
                Panel(
                    "Pages and bytes of a document",
                    "Means over the window, by template. A jump says that callers send something else than before, "
                    "which explains a change of rate or latency better than the node does.",
                    "short",
                    (
                        Query(
                            ratio(
                                rate("pressrun_pages_total", "template"),
                                rate("pressrun_documents_total", "template", 'result="ok"'),
                            ),
                            "{{template}}: pages",
                        ),
                        Query(
                            ratio(
                                rate("pressrun_document_bytes_total", "template"),
                                rate("pressrun_documents_total", "template", 'result="ok"'),
                            ),
                            "{{template}}: bytes",
                        ),
                    ),
                    "how-to-read-the-dashboards",
                ),
            ),
        ),
        Row(
            "Cost",
            (
                Panel(
                    "CPU time of a document",
                    "CPU seconds of fronts, composers and preparers, each divided by the documents finished meanwhile. "
                    "It should not depend on the load; where it grows, documents got larger or the node got slower.",
                    "s",
                    (
                        Query(ratio(_FRONT_CPU, _DOCUMENTS), "front"),
                        Query(ratio(_COMPOSER_CPU, _DOCUMENTS), "composers"),
                        Query(ratio(_PREPARER_CPU, _DOCUMENTS), "preparers"),
                    ),
                    "how-to-read-the-dashboards",
                    stacked=True,
                ),
                Panel(
                    "Documents by CPU second",
                    "Documents that one second of CPU time makes, all processes together: what capacity is planned "
                    "from.",
                    "suffix: documents",
                    (Query(ratio(_DOCUMENTS, f"({_FRONT_CPU} + {_COMPOSER_CPU} + {_PREPARER_CPU})"), "documents"),),
                    "how-to-read-the-dashboards",
                ),
                Panel(
                    "Templates compiled",
                    "Bundles compiled a second by result, the published templates, and those of other nodes that a "
                    "node has not got. Many compilations while nobody publishes: nodes start again and again, or do "
                    "not find what others made.",
                    "short",
                    (
                        Query(rate("pressrun_compilations_total", "result"), "compiled a second: {{result}}"),
                        Query(total("pressrun_templates", function="max"), "published"),
                        Query(total("pressrun_templates_pending", function="max"), "not got by a node"),
                    ),
                    "templates-missing",
                ),
            ),
        ),
        Row(
            "Calls",
            (
                Panel(
                    "RPCs by method",
                    "RPCs that ended, a second. A Render stream counts once, at its end.",
                    "suffix: RPCs/s",
                    (Query(rate("pressrun_rpc_requests_total", "method"), "{{method}}"),),
                    "how-to-read-the-dashboards",
                    width=12,
                ),
                Panel(
                    "RPCs by status code",
                    "RPCs that ended, a second. A failed document on a stream does not fail its stream.",
                    "suffix: RPCs/s",
                    (Query(rate("pressrun_rpc_requests_total", "code"), "{{code}}"),),
                    "availability",
                    width=12,
                ),
                Panel(
                    "HTTP requests",
                    "Requests a second by route and status code: scrapes, probes and webhooks. `other`: what is not "
                    "served.",
                    "reqps",
                    (Query(rate("pressrun_http_requests_total", "route, code"), "{{route}}: {{code}}"),),
                    "how-to-read-the-dashboards",
                    width=12,
                ),
                Panel(
                    "HTTP, p99",
                    "Duration of HTTP requests by route. A slow scrape: the node's event loop is late.",
                    "s",
                    (Query(quantile(0.99, "pressrun_http_seconds", "route"), "{{route}}"),),
                    "latency",
                    width=12,
                ),
            ),
        ),
    ),
)
