"""Print runs from a real node: many documents in files that they share, and an index that leads to each."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pymupdf
import pytest

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_client import (
    Client,
    InvalidRequestError,
    OnFailure,
    OutputChannel,
    OutputFormat,
    RenderError,
    RenderRequest,
    RunData,
    RunEntry,
    RunFile,
    RunOptions,
    Separators,
    TemplateNotFoundError,
)
from pressrun_loadtest.demo.procfs import tree_resident_bytes
from pressrun_loadtest.records import generate, generate_small
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
SEPARATOR = {
    "template.yaml": b"""name: separator
version: "1"
schema: {type: object}
channels: [print]
locales: [en-GB]
default_locale: en-GB
html: separator.html
""",
    "separator.html": b"""<html><head><title>Separator</title><style>@page { size: A4; margin: 30mm }</style></head>
<body><p>Run {{ run }}</p><p>Next: {{ request_id }} (number {{ number }}, up to {{ documents }})</p></body></html>""",
}


def statements(count: int, seed: int = 3) -> list[RenderRequest]:
    """Statements of different customers in three locales, some of many pages among them."""
    small, long = list(generate_small(seed, count)), list(generate(seed + 1, 2, 420))
    items = [*small[: count // 2], long[0], *small[count // 2 :], long[1]] if count > 4 else small
    return [
        RenderRequest(
            "statement@1",
            item["record"],
            request_id=f"{number:03d}-{item['request_id']}"[:100],
            locale=item["locale"],
            attributes=item["attributes"],
            as_of=AS_OF,
        )
        for number, item in enumerate(items)
    ]


async def collected(client: Client, run_id: str, requests: Any, **options: Any) -> tuple[Any, ...]:
    """Bytes of each file by number, the entries, the files, and the summary."""
    files: dict[int, bytearray] = {}
    entries: list[RunEntry] = []
    whole: list[RunFile] = []
    async with client.render_run(run_id, requests, options=RunOptions(**options)) as run:
        async for part in run:
            if isinstance(part, RunData):
                files.setdefault(part.file, bytearray()).extend(part.data)
            elif isinstance(part, RunEntry):
                entries.append(part)
            else:
                whole.append(part)
    return {number: bytes(data) for number, data in files.items()}, entries, whole, run.summary


def drawn(page: Any) -> bytes:
    """A page as pixels."""
    return bytes(page.get_pixmap(dpi=60, alpha=False).samples)


@contextlib.contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """A PDF that MuPDF has nothing to say about."""
    tools: Any = pymupdf.TOOLS
    tools.reset_mupdf_warnings()
    with pymupdf.open(stream=data, filetype="pdf") as document:  # type: ignore[no-untyped-call]
        assert not document.is_repaired
        yield document
    assert tools.mupdf_warnings() == ""


async def test_each_document_has_its_pages(node: Node, caller: Any) -> None:
    """Each document has in the run exactly the pages that it has alone: same text, same pixels, at its place of the index."""
    del caller
    requests = statements(14)
    random.Random(7).shuffle(requests)
    async with Client(node.address) as client:
        files, entries, whole, summary = await collected(client, "run 7", requests, max_documents=6, as_of=AS_OF)
        alone = [await client.render_request(request) for request in requests]
        again, _, _, _ = await collected(client, "run 7", requests, max_documents=6, as_of=AS_OF)
    assert [entry.request_id for entry in entries] == [request.request_id for request in requests]
    assert (summary.documents, summary.failed, summary.files) == (16, 0, 3)
    assert [file.documents for file in whole] == [6, 6, 4]
    assert files == again
    for file in whole:
        data = files[file.file]
        assert (file.digest.size, file.digest.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        with opened(data) as run:
            assert run.page_count == file.pages
            next_page = 1
            for entry, single in zip(entries, alone, strict=True):
                if entry.file != file.file:
                    continue
                assert entry.first_page == next_page
                next_page += entry.pages
                with opened(single.content) as document:
                    assert document.page_count == entry.pages
                    for number, page in enumerate(document):
                        other = run[entry.first_page - 1 + number]
                        assert other.get_text("words") == page.get_text("words")
                        if number < 3 or number == entry.pages - 1:
                            assert drawn(other) == drawn(page)
            assert next_page == file.pages + 1
    assert max(entry.pages for entry in entries) > 6  # a long one was among them, whose page count is written late


async def test_parts_are_shared(node: Node, caller: Any) -> None:
    """Fonts and images are once in a file, and a small document takes at most 6 KB beyond them; offsets lead to it."""
    del caller
    async with Client(node.address) as client:
        # The second half needs no font and no picture that the first has not brought.
        half = [request for request in statements(60, seed=11) if not request.request_id.startswith(("030", "061"))]
        requests = [*half, *(replace(request, request_id=f"again {request.request_id}") for request in half)]
        files, entries, whole, _ = await collected(client, "shared", requests)
    data = files[1]
    names = [entry.request_id for entry in entries]
    assert names == [request.request_id for request in requests]
    small = entries[len(half) :]
    assert sum(entry.size for entry in small) / len(small) <= 6144
    assert (len(data) - small[0].offset) / len(small) <= 6144
    assert [entry.offset for entry in entries] == sorted(entry.offset for entry in entries)
    for entry in entries:
        assert data[entry.offset : entry.offset + 40].split(b"\n")[0].endswith(b" 0 obj")
    with pikepdf.open(io.BytesIO(data)) as pdf:
        fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/FontFile2")]
        programs = [bytes(font.FontFile2.read_raw_bytes()) for font in fonts]
        assert len(programs) == len(set(programs))
        images = [
            bytes(item.read_raw_bytes())
            for item in pdf.objects
            if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Image"
        ]
        assert len(images) == len(set(images)) == 6  # logo and its mask, four banners
        assert "/StructTreeRoot" not in pdf.Root
        assert "/MarkInfo" not in pdf.Root
    assert whole[0].pages == 2 * len(requests)


async def test_document_parts(node: Node, caller: Any) -> None:
    """The tree of document parts has a leaf for each document, in order, with its pages and its request id."""
    del caller
    requests = statements(9)
    async with Client(node.address) as client:
        files, entries, _, _ = await collected(client, "parts", requests)
    with pikepdf.open(io.BytesIO(files[1])) as pdf:
        root = pdf.Root.DPartRoot
        top = root.DPartRootNode
        assert root.RecordLevel == 1
        assert len(root.NodeNameList) == 2
        assert top.Parent.objgen == root.objgen
        leaves = [leaf for row in top.DParts for leaf in row]
        assert len(leaves) == len(entries)
        pages = list(pdf.pages)
        seen = 0
        for leaf, entry in zip(leaves, entries, strict=True):
            assert leaf.Type == "/DPart"
            assert leaf.Parent.objgen == top.objgen
            assert str(leaf.DPM.Pressrun.RequestID) == entry.request_id
            mine = pages[entry.first_page - 1 : entry.first_page - 1 + entry.pages]
            assert all(page.obj.DPart.objgen == leaf.objgen for page in mine)
            assert leaf.Start.objgen == mine[0].objgen
            assert leaf.get("/End", leaf.Start).objgen == mine[-1].objgen
            seen += len(mine)
        assert seen == len(pages)
        assert b"pdfvt" not in files[1].lower()  # nothing is claimed that was not checked


async def test_one_that_fails_is_left_out(node: Node, caller: Any) -> None:
    """A document that fails, at the door or in its last page, has no page in the file; its neighbours have theirs."""
    del caller
    good = statements(6)
    bad = [
        RenderRequest("statement@1", {"customer": 1}, request_id="schema", as_of=AS_OF),
        RenderRequest("nothing@1", {}, request_id="template", as_of=AS_OF),
        RenderRequest("statement@1", good[0].record, request_id="web", output_channel=OutputChannel.WEB, as_of=AS_OF),
        RenderRequest("statement@1", good[0].record, request_id="x" * 100, locale="??", as_of=AS_OF),
    ]
    requests = [bad[0], good[0], bad[1], good[1], bad[2], good[2], bad[3], *good[3:]]
    async with Client(node.address) as client:
        files, entries, whole, summary = await collected(client, "some fail", requests, as_of=AS_OF)
        only, _, _, _ = await collected(client, "some fail", good, as_of=AS_OF)
    failed = {entry.request_id: entry.error for entry in entries if entry.error is not None}
    assert list(failed) == ["schema", "template", "web", "x" * 100]
    assert [error.reason for error in failed.values()] == [
        "INVALID_RECORD", "TEMPLATE_NOT_FOUND", "INVALID_REQUEST", "INVALID_REQUEST",
    ]  # fmt: skip
    assert (summary.documents, summary.failed, summary.stopped) == (len(good), 4, False)
    assert files == only
    assert whole[0].documents == len(good)


async def test_a_document_is_printed_once(node: Node, caller: Any) -> None:
    """A request id that was in the run before is that document's failure; the first one is printed."""
    del caller
    requests = statements(3)
    again = replace(requests[2], request_id=requests[0].request_id)
    async with Client(node.address) as client:
        _, entries, _, summary = await collected(client, "twice", [*requests, again])
    assert (summary.documents, summary.failed) == (3, 1)
    assert [entry.request_id for entry in entries] == [one.request_id for one in (*requests, again)]
    assert entries[3].error is not None
    assert "was in this run before" in str(entries[3].error)
    assert all(entry.error is None for entry in entries[:3])


async def test_a_run_that_stops(node: Node, caller: Any) -> None:
    """With the policy to stop the file ends before the document that failed, whole; what follows is not made."""
    del caller
    requests = statements(4)
    requests.insert(2, RenderRequest("statement@1", {}, request_id="wrong", as_of=AS_OF))
    async with Client(node.address) as client:
        files, entries, whole, summary = await collected(client, "stops", requests, on_failure=OnFailure.STOP)
        nothing = await collected(client, "nothing", requests[2:3])
    assert [entry.request_id for entry in entries] == [request.request_id for request in requests[:3]]
    assert (summary.documents, summary.failed, summary.stopped) == (2, 1, True)
    with opened(files[1]) as run:
        assert run.page_count == whole[0].pages == 4
    assert nothing[2:] == ([], nothing[3])
    assert (nothing[3].files, nothing[3].failed) == (0, 1)


async def test_separators(node: Node, caller: Any, tmp_path: Path) -> None:
    """Separators stand before every third document, say what follows, and are in the index and in no count."""
    await caller.publish(SEPARATOR)
    requests = statements(4)
    async with Client(node.address) as client:
        summary = await client.print_run(
            "separated", requests, tmp_path, options=RunOptions(separators=Separators("separator@1", every=3))
        )
        with pytest.raises(TemplateNotFoundError):
            await collected(client, "no such", requests, separators=Separators("nothing@1"))
    assert _names(tmp_path) == ["separated-0001.pdf", "separated.index.ndjson"]
    lines = [json.loads(line) for line in (tmp_path / "separated.index.ndjson").read_text().splitlines()]
    ids = [request.request_id for request in requests]
    assert [line["request_id"] for line in lines] == ["separator-1", *ids[:3], "separator-4", ids[3]]
    assert [line.get("separator", False) for line in lines] == [True, False, False, False, True, False]
    assert summary.documents == 4
    with opened((tmp_path / "separated-0001.pdf").read_bytes()) as run:
        text = run[lines[4]["first_page"] - 1].get_text()
        assert f"Next: {ids[3]} (number 4, up to 3)" in text
        assert summary.pages == run.page_count == 10


async def test_manifests_and_sizes(node: Node, caller: Any) -> None:
    """Entries have manifests where they are wanted; a file that has reached its size takes no further document."""
    del caller
    requests = statements(40, seed=5)
    async with Client(node.address) as client:
        files, entries, whole, _ = await collected(client, "sized", requests, manifests=True, max_bytes=600_000)
    assert len(files) == len(whole) > 1
    for data in list(files.values())[:-1]:
        assert len(data) > 600_000
    manifest = entries[0].manifest
    assert manifest is not None
    assert manifest.request_id == requests[0].request_id
    assert sorted(pin.slot for pin in manifest.pins.assets) == ["banner", "logo"]
    assert len(manifest.decisions) == 2
    assert manifest.document.sha256 == ""
    assert json.loads(entries[0].manifest_json)["record"]["sha256"] == manifest.record.sha256


async def test_what_is_wrong_is_said(node: Node, caller: Any, document: Callable[..., Any]) -> None:
    """A run that is wrong is refused with its fields; one that starts with documents too."""
    async with Client(node.address) as client:
        with pytest.raises(InvalidRequestError) as error:
            await collected(
                client, "", [], max_bytes=5, max_documents=-1, separators=Separators("separator@1", every=-1)
            )
        assert [violation.field for violation in error.value.violations] == [
            "start.run_id", "start.max_documents", "start.max_bytes", "start.separators.every",
        ]  # fmt: skip
        empty = await collected(client, "empty", [])
        assert (empty[0], empty[3].files) == ({}, 0)
        picture = RenderRequest("statement@1", document().record_json, output_format=OutputFormat.PNG, as_of=AS_OF)
        _, entries, _, _ = await collected(client, "pictures", [picture])
        assert entries[0].error is not None
        assert entries[0].error.reason == "INVALID_REQUEST"
    request = render_service_pb2.RenderRunRequest(documents={"documents": [document()]})
    call = caller.render.RenderRun(iter([request]))
    with pytest.raises(Exception, match="must be said first"):
        await anext(aiter(call))
    assert document_pb2.OUTPUT_FORMAT_PNG


async def test_the_nodes_own_word_arrives(node: Node, caller: Any) -> None:
    """A node that ends a run while documents are still being written is quoted, whatever the writer meets."""
    del caller
    record = statements(1)[0].record

    def many() -> Iterator[RenderRequest]:
        return (RenderRequest("statement@1", record, locale="en-GB") for _ in range(3000))

    async with Client(node.address) as client:
        for _ in range(4):
            with pytest.raises(InvalidRequestError, match="max_bytes"):
                await collected(client, "small", many(), max_bytes=5)
        with pytest.raises(TemplateNotFoundError):
            await collected(client, "no such", many(), separators=Separators("nothing@1"))


async def test_nothing_is_left_out(node: Node, caller: Any) -> None:
    """Documents without a record, and large ones without, are entries of their own; parts stay small enough to send."""
    del caller
    hollow = [RenderRequest("statement@1", b"", request_id=f"hollow-{number}") for number in range(2)]
    wordy = [
        RenderRequest("statement@1", "{}", request_id=f"wordy-{number}", attributes={"more": "y" * 20_000})
        for number in range(1000)
    ]
    async with Client(node.address) as client:
        _, entries, _, summary = await collected(client, "hollow", hollow)
        assert [(entry.request_id, entry.error is not None) for entry in entries] == [
            ("hollow-0", True), ("hollow-1", True),
        ]  # fmt: skip
        assert summary.failed == 2
        _, entries, _, _ = await collected(client, "wordy", wordy)
        assert len(entries) == len(wordy)


async def test_what_an_earlier_run_left(node: Node, caller: Any, tmp_path: Path) -> None:
    """A run takes the place of one of its name when it has begun; one that can't begin, or is no run, touches nothing."""
    del caller
    requests = statements(4)
    options = RunOptions(max_documents=1)
    for name in ("mine-extra-0001.pdf", "mine-1.pdf", "yours-0001.pdf"):
        (tmp_path / name).write_text("not ours")
    async with Client(node.address) as client:
        await client.print_run("mine", requests, tmp_path, options=options)
        before = _contents(tmp_path)
        assert "mine-0004.pdf" in before
        with pytest.raises(InvalidRequestError):
            await client.print_run("mine", requests, tmp_path, options=RunOptions(max_bytes=5))
        async with Client("127.0.0.1:1") as nobody:
            with pytest.raises(RenderError):
                await nobody.print_run("mine", requests, tmp_path, options=RunOptions(time_limit=2))
        assert _contents(tmp_path) == before
        await client.print_run("mine", requests[:1], tmp_path, options=options)
    assert _names(tmp_path) == sorted(
        ["mine-0001.pdf", "mine.index.ndjson", "mine-extra-0001.pdf", "mine-1.pdf", "yours-0001.pdf"]
    )


async def test_two_runs_of_one_name(node: Node, caller: Any, tmp_path: Path) -> None:
    """The second is told so, and the first one is whole."""
    del caller
    begun, release = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[RenderRequest]:
        for number, request in enumerate(statements(4)):
            if number == 2:
                begun.set()
                await release.wait()
            yield request

    async with Client(node.address) as client:
        first = asyncio.create_task(client.print_run("same", slowly(), tmp_path))
        await begun.wait()
        with pytest.raises(FileExistsError, match="another process"):
            await client.print_run("same", statements(2), tmp_path)
        release.set()
        summary = await first
    assert _names(tmp_path) == ["same-0001.pdf", "same.index.ndjson"]
    with opened((tmp_path / "same-0001.pdf").read_bytes()) as run:
        assert run.page_count == summary.pages


async def test_the_index_of_a_broken_run(node: Node, caller: Any, tmp_path: Path) -> None:
    """It names the documents of files that are whole, and those that failed with all that is wrong, and no others."""
    del caller

    async def breaking() -> AsyncIterator[RenderRequest]:
        good = statements(4)
        yield good[0]
        yield RenderRequest("statement@1", b"[1]", request_id="wrong")
        yield good[1]
        yield good[2]
        await asyncio.sleep(0.5)  # what came is made meanwhile
        raise LookupError("the caller's own")

    async with Client(node.address) as client:
        with pytest.raises(LookupError):
            await client.print_run("broken", breaking(), tmp_path, options=RunOptions(max_documents=2))
    lines = [json.loads(line) for line in (tmp_path / "broken.index.ndjson").read_text().splitlines()]
    files = {name for name in _names(tmp_path) if name.endswith(".pdf")}
    assert {f"broken-{line['file']:04d}.pdf" for line in lines if "file" in line} <= files
    assert files == {"broken-0001.pdf"}
    assert [line["request_id"] for line in lines] == [statements(4)[0].request_id, "wrong", statements(4)[1].request_id]
    assert lines[1]["failure"]["violations"][0]["field"] == "record"


async def test_a_composer_that_dies(start_node: Any, statement: Any, speak: Any) -> None:
    """A run whose composer dies ends with an error that says what to send again; files that were finished are whole."""
    requests = statements(30, seed=8)

    async def slowly() -> AsyncIterator[RenderRequest]:
        for number, request in enumerate(requests):
            if number == 20:
                await killed.wait()
            yield request

    killed = asyncio.Event()
    files: dict[int, bytearray] = {}
    whole: list[RunFile] = []
    async with start_node("dies") as node, speak(node) as caller:
        await caller.publish(statement)
        async with Client(node.address) as client:

            async def read() -> None:
                async with client.render_run("dies", slowly(), options=RunOptions(max_documents=7)) as run:
                    async for part in run:
                        if isinstance(part, RunData):
                            files.setdefault(part.file, bytearray()).extend(part.data)
                        elif isinstance(part, RunFile):
                            whole.append(part)
                            if part.file == 2:
                                (composer,) = node._composers.stats().composers  # type: ignore[union-attr]
                                os.kill(composer.pid, signal.SIGKILL)
                                killed.set()

            with pytest.raises(RenderError) as error:
                await read()
            assert error.value.reason == "COMPOSER_LOST"
            assert "in no finished file" in error.value.message
            made = await client.render_request(requests[0])
    assert made.content.startswith(b"%PDF-")
    assert [file.file for file in whole] == [1, 2]
    for file in whole:
        data = bytes(files[file.file])
        assert hashlib.sha256(data).hexdigest() == file.digest.sha256
        with opened(data) as pdf:
            assert pdf.page_count == file.pages


@pytest.mark.long
async def test_a_long_run_needs_no_memory(node: Node, caller: Any) -> None:
    """Over 6,000 documents the node's processes grow by a few MiB, and the run is one file with all of them."""
    del caller
    items = statements(60, seed=12)

    def many() -> Iterator[RenderRequest]:
        for number in range(6000):
            yield replace(items[number % 60], request_id=f"{number:06d}")

    size = entries = 0
    resident: list[int] = []
    async with Client(node.address) as client, client.render_run("long", many()) as run:
        async for part in run:
            if isinstance(part, RunData):
                size += len(part.data)
            elif isinstance(part, RunEntry):
                assert part.error is None
                entries += 1
                if entries in {1500, 6000}:
                    children = [each.pid for each in node._composers.stats().composers]  # type: ignore[union-attr]
                    resident.append(sum(tree_resident_bytes(pid) for pid in children))
    assert entries == 6000
    assert run.summary.pages > 12_000
    assert size / entries < 9000
    assert resident[1] - resident[0] < 20 << 20


async def test_one_that_is_given_up(node: Node, caller: Any) -> None:
    """A run whose client leaves frees its slot and its composer; documents beside it are made meanwhile."""
    del caller
    request = statements(3)[0]

    def endless() -> Iterator[RenderRequest]:
        while True:
            yield request

    async with Client(node.address) as client:
        async with client.render_run("endless", endless()) as run:
            taken = 0
            async for part in run:
                taken += isinstance(part, RunEntry)
                if taken > 20:
                    break
            beside = await client.render_request(request)
            assert beside.content.startswith(b"%PDF-")
        pipeline: Any = node._pipeline
        async with asyncio.timeout(5):
            while pipeline._admission.active:
                await asyncio.sleep(0.01)
        made = await client.render_request(request)
    assert made.content == beside.content


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
