"""Small documents of tables, one for each thing that tables can do: the statements have plain ones only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.template.compile import compile_bundle

__all__ = ["TABLES", "documents"]

_CSS = (
    "@page { size: 100mm 80mm; margin: 8mm } body { font-family: FiraGO; font-size: 8pt } table { width: 100% }"
    " td, th { padding: 1mm; border-bottom: 0.2mm solid #888888 } .n { text-align: '.00' } .k { break-after: avoid }"
    " .a { table-layout: auto; width: auto }"
)
_HEAD = "<thead><tr><th>No</th><th>What</th><th>Amount</th></tr></thead>"
_ROW = "<td>{{ row.no }}</td><td>{{ row.text }}</td><td class=n>{{ row.amount | amount }}</td>"

TABLES = {
    "rows over pages": f"<table>{_HEAD}<tbody><tr pr-for='row in rows'>{_ROW}</tr></tbody></table>",
    "sums carried forward": (
        "<table><thead><tr pr-on='first'><th>No</th><th>What</th><th>Amount</th></tr>"
        "<tr pr-on='continued'><th colspan=2>brought forward</th><th>{{ paid.before | amount }}</th></tr></thead>"
        f"<tbody><tr pr-for='row in rows' pr-sum='paid = row.amount'>{_ROW}</tr></tbody>"
        "<tfoot><tr pr-on='continued'><td colspan=2>carried forward</td><td class=n>{{ paid.running | amount }}</td></tr>"
        "<tr pr-on='last'><th scope=row colspan=2>Total</th><td class=n>{{ paid.running | amount }}</td></tr></tfoot></table>"
    ),
    "rows kept with the next": (
        f"<table>{_HEAD}<tbody pr-for='row in rows'><tr class=k>{_ROW}</tr>"
        "<tr><td></td><td colspan=2>a note on {{ row.no }}</td></tr></tbody></table>"
    ),
    "a row taller than a page": (
        f"<table>{_HEAD}<tbody><tr><td>1</td><td>{'many words ' * 300}</td><td class=n>1.00</td></tr></tbody></table>"
    ),
    "a table in a cell": (
        "<table><thead><tr><th>Policy</th><th>Covers</th></tr></thead><tbody><tr><th scope=row>Home</th><td>"
        "<table><thead><tr><th>Risk</th><th>Limit</th></tr></thead><tbody>"
        "<tr pr-for='row in few'><td>{{ row.text }}</td><td class=n>{{ row.amount | amount }}</td></tr></tbody></table>"
        "</td></tr></tbody></table>"
    ),
    "columns as wide as their contents": (
        "<table class=a><thead><tr><th>No</th><th>What</th><th>{{ all.total | amount }}</th></tr></thead>"
        "<tbody pr-for=\"group in rows | groupby('kind')\"><tr class=k><th scope=rowgroup colspan=3>{{ group.key }}</th></tr>"
        f"<tr pr-for='row in group.rows' pr-sum='all = row.amount'>{_ROW}</tr></tbody>"
        "<tfoot><tr><th scope=row>Sum</th><td><table class=a><tr><th scope=row>of</th><td>{{ rows | length }}</td></tr></table></td>"
        "<td class=n>{{ all.running | amount }}</td></tr></tfoot></table>"
    ),
    "cells that are chosen": (
        f"<table>{_HEAD}<tbody><tr pr-for='row in few'><td>{{{{ row.no }}}}</td><th scope=row pr-if=\"row.no == '1'\">first</th>"
        "<td pr-else>another</td><td class=n>{{ row.amount | amount }}</td></tr></tbody></table>"
    ),
    "a caption over pages, and one below": (
        f"<table><caption>Rows of {{{{ few[0].kind }}}}</caption>{_HEAD}<tbody><tr pr-for='row in rows'>{_ROW}</tr></tbody></table>"
        f"<table class=a><caption style='caption-side: bottom'><p>below</p></caption>{_HEAD}<tr pr-for='row in few'>{_ROW}</tr></table>"
    ),
    "a table for looks": (
        "<table role=presentation><tr><td><p>left</p></td><td><p>right</p></td></tr></table>"
        f"<table>{_HEAD}<tbody><tr pr-for='row in few'>{_ROW}</tr></tbody></table>"
    ),
}


def documents(bodies: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of a document for each body."""
    rows = [
        {"no": f"{n}", "text": f"Row number {n}", "kind": f"kind {n % 7}", "amount": f"{n * 37 - 400}.{n % 100:02}"}
        for n in range(1, 61)
    ]
    record = json.dumps({"rows": rows, "few": rows[:3]}).encode()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for name, body in bodies.items():
        manifest = {"name": "tables", "version": "1", "html": "t.html", "title": name, "schema": {"type": "object"}}
        compiled = compile_bundle(
            {
                "template.yaml": json.dumps(manifest).encode(),
                "t.html": f"<!doctype html><style>{_CSS}</style><body><h1>{name}</h1>{body}</body>".encode(),
            }
        )
        if compiled.info is None:
            raise AssertionError([str(item) for item in compiled.diagnostics])
        program = LoadedProgram.load(compiled.programs["en-GB"])
        composition = Composition(program, record, assets={}, attributes={}, as_of=moment, engine="0" * 64)
        yield name, b"".join(composition)
