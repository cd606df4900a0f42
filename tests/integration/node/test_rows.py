"""RenderRows through the gRPC surface of a real node."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pymupdf
import pytest
import pytest_asyncio

from pressrun.v1 import render_service_pb2
from pressrun_client import Client, InvalidRecordError, InvalidRequestError, RowsDocument
from pressrun_loadtest.demo.procfs import tree_resident_bytes
from pressrun_loadtest.demo.stage import Stage
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEDGER = {
    "template.yaml": b"""
name: ledger
version: "1"
html: page.html
channels: [print]
default_locale: en-GB
locales: [en-GB]
schema:
  type: object
  required: [account]
  properties:
    account:
      type: object
      required: [holder, entries]
      properties:
        holder: {type: string}
        entries: {type: array, minItems: 1, items: {"$ref": "#/$defs/entry"}}
  "$defs":
    entry:
      type: object
      required: [date, text, amount]
      properties: {date: {type: string}, text: {type: string}, amount: {type: string}}
""",
    "page.html": b"""<!doctype html><html lang="en"><head><title>Ledger</title>
<link rel="stylesheet" href="page.css"></head><body>
<h1>Ledger of {{ account.holder }}</h1>
<table><thead><tr><th>Date</th><th>Text</th><th>Amount</th></tr></thead>
<tbody><tr pr-for="entry in account.entries"><td>{{ entry.date }}</td><td>{{ entry.text }}</td><td>{{ entry.amount }}</td>
</tr></tbody></table></body></html>""",
    "page.css": b"""@page { size: A4; margin: 15mm }
body { font-size: 9pt; line-height: 11pt }
td, th { padding: 1pt 2pt }
""",
}


def _parts(count: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rows = [{"date": "2026-01-02", "text": f"Row {n:07d} of all", "amount": f"{n}.50"} for n in range(count)]
    return {"account": {"holder": "Zo\u00eb"}}, rows


async def _ends(document: RowsDocument) -> None:
    """Reads to the end."""
    async with document:
        async for _ in document:
            pass


def _text(data: bytes) -> list[str]:
    with pymupdf.open(stream=data) as pdf:  # type: ignore[no-untyped-call]
        return [page.get_text() for page in pdf]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def ledger(caller: Any) -> None:
    """The node has a template for long tables."""
    await caller.publish(LEDGER)


async def test_rows_make_the_document_that_the_whole_record_makes(node: Node) -> None:
    """Page for page the text is that of RenderDocument with all rows in the record; the manifest covers every byte."""
    record, rows = _parts(5000)
    async with Client(node.address) as client:
        async with client.render_rows("ledger", record, rows, rows_field="account.entries") as document:
            parts = [data async for data in document]
        whole = await client.render("ledger", {"account": {**record["account"], "entries": rows}})
    data = b"".join(parts)
    assert len(parts) > 1
    assert _text(data) == _text(whole.content)
    manifest = document.manifest
    assert manifest.document.sha256 == hashlib.sha256(data).hexdigest()
    assert manifest.pages == whole.pages > 50
    assert manifest.record.size > 5000 * 50


async def test_pages_leave_while_rows_come(node: Node) -> None:
    """The first bytes come although two thirds of the rows are kept back until they do."""
    record, rows = _parts(30_000)
    sent, first = 0, 0

    async def slowly() -> AsyncIterator[dict[str, Any]]:
        nonlocal sent
        for row in rows:
            sent += 1
            while sent == 10_000 and not first:
                await asyncio.sleep(0.001)
            yield row

    async with (
        Client(node.address) as client,
        client.render_rows("ledger", record, slowly(), rows_field="account.entries") as document,
    ):
        async for _ in document:
            first = first or sent
    assert 1000 < first <= 10_000
    assert document.manifest.pages > 500


async def test_a_reader_that_stops_stops_the_rows(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """While nobody reads, rows stay with the client, the composer makes other documents, and it all goes on later."""
    record, _ = _parts(0)
    sent = 0

    def counted() -> Any:
        nonlocal sent
        for number in range(1_000_000):
            sent += 1
            # Text that deflates badly, so that the document is as large as its rows.
            yield {"date": "2026-01-02", "text": hashlib.sha256(b"%d" % number).hexdigest(), "amount": "1.00"}

    async with (
        Client(node.address) as client,
        client.render_rows("ledger", record, counted(), rows_field="account.entries") as long,
    ):
        stream = aiter(long)
        await anext(stream)
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(1.0)
        assert sent < 500_000
        assert (await caller.documents(document()))["r1"].completion is not None
        assert sent < 500_000
        for _ in range(20):
            await anext(stream)
    while node._admission.active:
        await asyncio.sleep(0.01)


async def test_rows_that_are_wrong_say_which(node: Node) -> None:
    """A row that breaks the schema fails the document with its number among all rows; the node goes on."""
    record, rows = _parts(4000)
    rows[3210] = {**rows[3210], "amount": ["x"]}
    own = {"account": {"holder": "x", "entries": rows[:2]}}
    async with Client(node.address) as client:
        with pytest.raises(InvalidRecordError) as wrong:
            await _ends(client.render_rows("ledger", record, rows, rows_field="account.entries"))
        assert [violation.field for violation in wrong.value.violations] == ["record.account.entries[3210].amount"]
        with pytest.raises(InvalidRequestError) as unknown:
            await _ends(client.render_rows("ledger", record, [], rows_field="account.nothing"))
        assert [violation.field for violation in unknown.value.violations] == ["rows_field"]
        with pytest.raises(InvalidRequestError, match="rows of its own"):
            await _ends(client.render_rows("ledger", own, [], rows_field="account.entries"))
        with pytest.raises(InvalidRecordError, match="account"):
            await _ends(client.render_rows("ledger", {"a": 1}, [], rows_field="account.entries"))
        with pytest.raises(ZeroDivisionError):
            await _ends(client.render_rows("ledger", record, (1 / 0 for _ in "x"), rows_field="account.entries"))  # type: ignore[misc]
        assert (await client.render("ledger", own)).pages == 1
    assert node._admission.active == 0


async def test_what_is_wrong_arrives_while_rows_are_sent(node: Node) -> None:
    """The node's own word on a bad row is told, though rows are still being written when it comes."""
    record, some = _parts(100)
    some[50] = {**some[50], "amount": ["x"]}
    async with Client(node.address) as client:
        for _ in range(3):
            rows = (some[number % 100] for number in range(60_000))
            with pytest.raises(InvalidRecordError) as wrong:
                await _ends(client.render_rows("ledger", record, rows, rows_field="account.entries"))
            assert [violation.field for violation in wrong.value.violations] == ["record.account.entries[50].amount"]


async def test_a_stream_that_begins_wrongly(caller: Any) -> None:
    """Rows before the start, a second start, and a part that is too large each end with what would be valid."""
    rows = render_service_pb2.RenderRowsRequest(rows=render_service_pb2.Rows(rows_json=b"[]"))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        async for _ in caller.render.RenderRows(iter([rows])):
            pass
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "start" in str(error.value.details())


LOOPS = {
    "template.yaml": b"""
name: loops
version: "1"
html: page.html
channels: [print]
default_locale: en
locales: [en]
schema: {type: object, properties: {rows: {type: array, items: {type: object}}}}
""",
    "page.html": b"""<!doctype html><html><head><title>t</title></head><body>
<p pr-for="row in rows">{{ loop.index }} {{ row.name }}<span pr-if="loop.last"> the end</span></p></body></html>""",
}


@pytest.mark.parametrize(
    ("name", "html", "wanted"),
    [
        ("twice", b'<p pr-for="a in rows">{{ a.name }}</p><p pr-for="b in rows">{{ b.name }}</p>', "looped over once"),
        ("hidden", b'<p pr-for="a in rows"><span pr-if="a.show">x</span></p>', ""),
        ("length", b"<p>{{ rows | length }}</p>", "looks ahead over all of 'rows'"),
    ],
)
async def test_templates_that_need_all_rows_are_told_so(
    node: Node, caller: Any, name: str, html: bytes, wanted: str
) -> None:
    """A second loop over the rows and their length are errors that say so; hidden rows are not."""
    body = LOOPS["page.html"][: LOOPS["page.html"].index(b"<p ")] + html + b"</body></html>"
    files = {**LOOPS, "page.html": body, "template.yaml": LOOPS["template.yaml"].replace(b"loops", name.encode())}
    await caller.publish(files)
    rows = [{"name": str(number)} for number in range(500)]
    async with Client(node.address) as client:
        document = client.render_rows(name, {}, rows, rows_field="rows")
        if not wanted:
            await _ends(document)
            return
        with pytest.raises((InvalidRequestError, InvalidRecordError), match=wanted):
            await _ends(document)


async def test_the_last_row_is_known_and_all_come_in_order(node: Node, caller: Any, tmp_path: Path) -> None:
    """`loop.index` and `loop.last` are what they are with the whole list."""
    await caller.publish(LOOPS)
    async with (
        Client(node.address) as client,
        client.render_rows("loops", {}, ({"name": f"n{n}"} for n in range(3000)), rows_field="rows") as document,
    ):
        path = tmp_path / "out.pdf"
        path.write_bytes(b"".join([data async for data in document]))
    words = " ".join(_text(path.read_bytes())).split()
    assert [word for word in words if word.startswith("n")] == [f"n{n}" for n in range(3000)]
    assert words[-2:] == ["the", "end"]
    assert words.count("end") == 1


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_million_rows_in_constant_memory(tmp_path: Path) -> None:
    """A document of tens of thousands of pages adds less than 80 MiB to the node's resident memory."""
    rows = (
        {"date": "2026-01-02", "text": f"Row {number:07d} of all, with some words", "amount": f"{number}.50"}
        for number in range(1_000_000)
    )
    with Stage(tmp_path, cache=tmp_path / "cache", composers=1) as stage:
        node = stage.node
        async with Client(node.target) as client:
            await client.publish(LEDGER)
            record = {"account": {"holder": "Zoë", "entries": _parts(100)[1]}}
            await client.render("ledger", record)
            base = most = await asyncio.to_thread(tree_resident_bytes, node.pid)
            state, chunks, started, first = hashlib.sha256(), 0, time.monotonic(), 0.0
            async with client.render_rows("ledger", _parts(0)[0], rows, rows_field="account.entries") as document:
                async for data in document:
                    first = first or time.monotonic() - started
                    state.update(data)
                    chunks += 1
                    if chunks % 20 == 0:
                        most = max(most, await asyncio.to_thread(tree_resident_bytes, node.pid))
    manifest = document.manifest
    seconds = time.monotonic() - started
    rise = (most - base) / 2**20
    print(f"{manifest.pages:,} pages, {seconds:.1f} s, first bytes after {first * 1000:.0f} ms, + {rise:.1f} MiB")
    assert state.hexdigest() == manifest.document.sha256
    assert manifest.pages > 15_000
    assert rise < 80
