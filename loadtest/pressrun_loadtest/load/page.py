"""A test as one HTML page with plots, which needs nothing but itself."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import Any

from pressrun_loadtest.load.measure import NOT_SENT
from pressrun_loadtest.load.plot import Line, bars, lines
from pressrun_loadtest.load.report import Report

__all__ = ["page", "write_page"]

_GREEN, _TEAL, _BLUE, _AMBER, _RED, _GREY = "#1f7a5c", "#2b9aa0", "#3867b7", "#d18b1f", "#c4463a", "#8a979a"
_NINES = ((50.0, "50 %"), (90.0, "90"), (99.0, "99"), (99.9, "99.9"), (99.99, "99.99"))

_STYLE = """
:root{--ink:#14262b;--quiet:#65777b;--line:#dfe5e4;--ground:#f3f5f4;--card:#fff;--good:#1f7a5c;--bad:#b93a2e}
@media(prefers-color-scheme:dark){:root{--ink:#e8efed;--quiet:#96a7a6;--line:#2b3a3c;--ground:#111a1c;--card:#182326;
--good:#5cc39c;--bad:#ef8276}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 "Inter","Segoe UI",system-ui,-apple-system,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1320px;margin:0 auto;padding:44px 28px 64px}header p{margin:.2em 0;color:var(--quiet)}
h1{font-size:30px;line-height:1.15;letter-spacing:-.02em;margin:0 0 6px}h2{font-size:15px;margin:0 0 10px}
.state{display:inline-block;font-weight:600;font-size:13px;padding:2px 10px;border-radius:99px;color:#fff;
background:var(--good);vertical-align:middle;margin-left:12px;letter-spacing:0}.state.bad{background:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:14px;margin:26px 0 14px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px}
.tile b{display:block;font-size:26px;letter-spacing:-.02em;line-height:1.2;font-weight:650;white-space:nowrap}
.tile b small{font-size:14px;font-weight:500;color:var(--quiet);letter-spacing:0}
.tile span{color:var(--quiet);font-size:13px}
.grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:14px}
svg{width:100%;height:auto;display:block}.grid{stroke:var(--line)}.tick,.unit{font-size:11.5px;fill:var(--quiet)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--quiet);margin-top:6px}
.legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
.legend b{margin-left:auto;font-weight:500}.none{color:var(--quiet)}
table{border-collapse:collapse;width:100%;font-size:14px}td,th{padding:6px 10px;text-align:right;border-top:1px solid
var(--line)}th{color:var(--quiet);font-weight:500;border:0}td:first-child,th:first-child{text-align:left;padding-left:0}
.wide{overflow-x:auto}
.notes{border-left:4px solid #d18b1f;margin:14px 0;padding:8px 18px}.notes.bad{border-color:var(--bad)}
.notes ul{margin:4px 0;padding-left:18px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:5px 18px;margin:0;font-size:14px}dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
"""


def write_page(report: Report, path: Path) -> None:
    """Write the page.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(page(report), encoding="utf-8")


def page(report: Report) -> str:
    """The page's HTML."""
    state = _state(report)
    title = escape(report.name)
    hard = report.hardware
    where = f"{hard.get('cpu_model', '')}, {hard.get('cores', '?')} cores; Python {report.versions.get('python', '')}"
    scale = f" · scale {report.scale:g}" if report.scale != 1 else ""
    cards = "".join(f'<section class="card"><h2>{name}</h2>{body}</section>' for name, body in _plots(report))
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Pressrun load test: {title}</title>
<style>{_STYLE}</style></head><body><main><header><h1>{title}{state}</h1><p>{escape(report.description)}</p>
<p>{escape(report.date)}{scale} · {escape(where)}</p></header>{_notes(report)}
<div class="tiles">{_tiles(report)}</div><div class="grid2">{cards}</div>
<section class="card wide" style="margin-top:14px"><h2>Latency, milliseconds</h2>{_table(report)}</section>
<section class="card" style="margin-top:14px"><h2>How it was measured</h2>{_method(report)}</section>
</main></body></html>
"""


def _state(report: Report) -> str:
    if report.faults:
        return '<span class="state bad">wrong documents</span>'
    if report.failures:
        return f'<span class="state bad">{report.failures:,} failed</span>'
    return '<span class="state">all documents delivered</span>'


def _tiles(report: Report) -> str:
    ranks = report.latency.percentiles
    offered = f"of {report.offered:,.0f} offered" if report.open_loop else "closed loop"
    tiles = [
        (f"{report.rate:,.0f}", "/s", f"documents, {offered}"),
        (f"{ranks.get('p50', 0):,.1f}", " ms", "median latency"),
        (f"{ranks.get('p99', 0):,.1f}", " ms", "p99 latency"),
        (f"{report.done:,}", "", f"documents, {report.pages:,} pages"),
        (f"{report.error_share:.2%}", "", "failed"),
    ]
    if report.node_cpu_ms >= 0:
        tiles.append((f"{report.node_cpu_ms:.2f}", " ms", "node CPU a document"))
    return "".join(f'<div class="tile"><b>{v}<small>{u}</small></b><span>{t}</span></div>' for v, u, t in tiles)


def _notes(report: Report) -> str:
    notes = [f"WRONG DOCUMENT: {fault}" for fault in report.faults[:20]]
    notes += [f"Left out of the mix, since the node refuses it: {part}" for part in report.left_out]
    notes += [
        report.not_sent_why if reason == NOT_SENT else f"{count:,} documents failed: {reason}"
        for reason, count in report.failed.items()
    ]
    if report.unanswered:
        notes.append(f"{report.unanswered:,} documents were not answered before the end")
    if report.interrupted:
        notes.append("The test was interrupted; these are its figures until then.")
    if report.generator_limits:
        notes.append(report.generator_limits)
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    bad = " bad" if report.faults or report.failures else ""
    return f'<section class="card notes{bad}"><ul>{items}</ul></section>' if notes else ""


def _plots(report: Report) -> list[tuple[str, str]]:
    series = report.series
    alive = [each for each in series if each.done]
    offered = [(float(each.second), float(each.asked)) for each in series]
    done = [(float(each.second), float(each.done)) for each in series]
    failed = [(float(each.second), float(each.failed)) for each in series]

    def over(name: str) -> list[tuple[float, float]]:
        return [(float(each.second), float(getattr(each, name))) for each in alive]

    throughput = [Line("finished", done, _GREEN, filled=True), Line("asked for", offered, _GREY, dashed=True)]
    if report.failures:
        throughput.append(Line("failed", failed, _RED))
    plots = [
        ("Throughput", lines(throughput, unit="documents a second")),
        (
            "Latency over time, intended start to last byte",
            lines(
                [
                    Line("worst", over("worst"), _GREY),
                    Line("p99", over("p99"), _AMBER),
                    Line("p90", over("p90"), _TEAL),
                    Line("p50", over("p50"), _GREEN),
                ],
                unit="ms, logarithmic",
                logarithmic=True,
            ),
        ),
        ("Latency by percentile", _curve(report)),
        (
            "Phases of a document on the node",
            bars([*report.phases.items()], (_GREY, _AMBER, _BLUE, _TEAL, _GREEN), unit="ms a document, mean"),
        ),
    ]
    cpu = [(float(each.second), each.node_cpu / each.done * 1000) for each in alive if each.node_cpu >= 0]
    generators = [(float(each.second), each.generator_cpu / each.done * 1000) for each in alive]
    plots.append(
        ("CPU for each document", lines([Line("node", cpu, _GREEN), Line("generators", generators, _GREY)], unit="ms"))
    )
    resident = [(float(each.second), each.node_resident / 2**20) for each in series if each.node_resident]
    plots.append(
        ("Memory of the node, all processes", lines([Line("resident", resident, _BLUE, filled=True)], unit="MiB"))
    )
    return plots


def _curve(report: Report) -> str:
    """Percentiles on an axis that gives each further nine the same width."""

    def place(rank: float) -> float:
        return -math.log10(1 - rank / 100)

    curves: list[Line] = []
    for name, latency, colour in (("last byte", report.latency, _GREEN), ("first byte", report.first_byte, _BLUE)):
        points = [(place(rank), value) for rank, value in latency.curve if rank <= _NINES[-1][0]]
        curves.append(Line(name, points, colour))
    labels = [(place(rank), text) for rank, text in _NINES]
    return lines(curves, unit="ms, logarithmic", across="", labels=labels, logarithmic=True)


def _table(report: Report) -> str:
    names = ["mean", *report.latency.percentiles, "max"]
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = ""
    kinds = [("first byte", report.first_byte), ("last byte", report.latency)]
    if report.failure.count:
        kinds.append(("until it failed", report.failure))
    for what, of in kinds:
        values: list[Any] = [of.mean, *of.percentiles.values(), of.most]
        rows += f"<tr><td>{what}</td>" + "".join(f"<td>{value:,.2f}</td>" for value in values) + "</tr>"
    return f"<table><tr><th></th>{head}</tr>{rows}</table>"


def _method(report: Report) -> str:
    done = max(1, report.done)
    kind = (
        "open loop: latency counts from the moment at which a document was meant to start, so a stall is charged for "
        "all that should have started meanwhile (no coordinated omission)"
        if report.open_loop
        else "closed loop: a document starts when there is room for it; who would have come meanwhile is left out"
    )
    checked = f"size and SHA-256 of every document; {report.checked} read in full (pages, own customer number, no one "
    checked += f"else's): {len(report.faults)} faults"
    generators = f"{report.generator_cpu_ms:.2f} ms CPU a document; the busiest used {report.busiest_generator:.0%} of "
    generators += f"a core; p99 of their own lateness {report.late_ms:.2f} ms"
    rows = [
        ("arrival", kind),
        ("documents", f"{report.size / done / 1000:,.1f} kB, {report.pages / done:.1f} pages each; all different"),
        ("checked", checked),
        ("generators", generators),
        ("stalls", f"{report.stalls:,} documents; {report.repeated:,} were sent more than once"),
    ]
    if report.node_cpu_ms >= 0:
        first, last = report.resident
        rows.append(
            ("node", f"{report.node_cpu_ms:.2f} ms CPU a document, {report.compose_cpu_ms:.2f} of it composing")
        )
        rows.append(
            (
                "memory",
                f"{first:,.0f} MiB at first, {last:,.0f} at last; {report.memory_slope:+.2f} MiB per 1,000 documents",
            )
        )
    if report.cache_ratio >= 0:
        rows.append(
            ("caches", f"{report.cache_ratio:.2%} of blob reads; {report.source_requests:,.0f} requests to systems")
        )
    rows.append(("versions", ", ".join(f"{name} {version}" for name, version in report.versions.items())))
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in rows) + "</dl>"
