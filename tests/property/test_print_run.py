"""A print run has of each document the pages that it has alone, whichever documents fail on the way."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pikepdf
import pymupdf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.property.programs import compiled

from pressrun_server.errors import PressrunError
from pressrun_server.model.asset import HostedLink
from pressrun_server.model.digest import Digest
from pressrun_server.model.run import FileEnd, RunEnd, RunEntry, RunOrder, RunTitle
from pressrun_server.render.composition import Composition, LoadedProgram
from pressrun_server.render.run_composition import RunComposition, RunInbox
from pressrun_server.render.run_link import Blob, Forget, Frames, Item
from pressrun_server.template.compile import compile_bundle

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_ENGINE = "0" * 64
_BODY = """
<footer class="f">Page {{ page.number }} of {{ page.count }}</footer>
<h1>{{ title }}</h1><p><a href="https://bank.example">Bank</a> {{ extra }}</p>
<table><thead><tr><th>No</th><th>Text</th><th>Amount</th></tr></thead>
<tr pr-for="row in rows"><td>{{ row.no }}</td><td>{{ row.text }}</td><td>{{ row.amount | amount }}</td></tr></table>
"""
_CSS = """
@page { size: 105mm 148mm; margin: 12mm 10mm 15mm; @bottom-center { content: element(f) } }
.f { position: running(f); text-align: center; color: #0000ff80 } body { font-size: 8pt }
h1 { background: rgba(255, 0, 0, .2) } td { border-bottom: .5pt solid #00000044 }
"""
_MIXED = """
<footer class="f">Page {{ page.number }} of {{ page.count }}</footer>
<table><tr><td><h1>{{ title }}</h1><p pr-for="row in rows">{{ row.no }} <b>{{ row.text }}</b></p></td><td>{{ extra }}</td></tr></table>
<div class="wide"><table><tr pr-for="row in rows"><td>{{ row.text }}</td><td>{{ row.amount | amount }}</td></tr></table></div>
<p>{{ extra }} end</p>
"""
_SHEETS = """
@page { background: #eef } @page :first { background: #efe }
@page wide { size: 148mm 105mm; margin: 10mm; background: #fee } .wide { page: wide }
"""


def _programs() -> list[bytes]:
    """Templates with the same fonts: one shows its page count, one has a row over pages and pages of two sizes."""
    bodies = {"counted": _BODY, "plain": _BODY.replace(" of {{ page.count }}", ""), "mixed": _MIXED}
    return [compiled(body, _CSS + _SHEETS * (name == "mixed"), name=name)["en-GB"] for name, body in bodies.items()]


_PROGRAMS = _programs()
_LOADED = [LoadedProgram.load(data) for data in _PROGRAMS]
_DIGESTS = [str(Digest.of(data)) for data in _PROGRAMS]
_DOCUMENTS = st.tuples(
    st.integers(0, 2),
    st.integers(0, 230),  # rows: up to nine pages, of which more than four are written before the count is known
    st.none() | st.integers(0, 229),
    st.sampled_from(["", "Ωμέγα", "Привет", "naïve; “quoted”"]),
)


def _record(number: int, rows: int, wrong: int | None, extra: str) -> bytes:
    lines: list[dict[str, Any]] = [
        {"no": row, "text": f"document {number} row {row}", "amount": f"{number}.{row:02d}"} for row in range(rows)
    ]
    if wrong is not None and wrong < rows:
        lines[wrong]["amount"] = {"no": "number"}
    return json.dumps({"title": f"Document {number}", "extra": extra, "rows": lines}).encode()


def _alone(program: int, record: bytes) -> list[tuple[Any, bytes]] | None:
    """Words and pixels of each page; None where there is no document."""
    composition = Composition(_LOADED[program], record, assets={}, attributes={}, as_of=_MOMENT, engine=_ENGINE)
    try:
        data = b"".join(composition)
    except PressrunError:
        return None
    return _pages(data)


def _pages(data: bytes) -> list[tuple[Any, bytes]]:
    with pymupdf.open(stream=data, filetype="pdf") as document:  # type: ignore[no-untyped-call]
        assert not document.is_repaired
        return [(page.get_text("words"), page.get_pixmap(dpi=30, alpha=False).samples) for page in document]


def _run(items: list[Any], chunk: int, **order: Any) -> tuple[dict[int, bytes], list[RunEntry], list[FileEnd], RunEnd]:
    inbox = RunInbox()
    run = RunComposition(msgspec.msgpack.encode(RunOrder(RunTitle("a run", _MOMENT, _ENGINE), **order)), inbox)
    steps = iter(run)
    raw = bytearray()
    for item in items:
        inbox.feed(msgspec.msgpack.encode([item]), last=False)
        raw += next(steps)  # documents arrive while others are made
    inbox.feed(b"", last=True)
    for data in steps:
        raw += data
    assert run.summary.size == len(raw)
    frames, number = Frames(), 1
    files: dict[int, bytearray] = {}
    entries: list[RunEntry] = []
    ends: list[FileEnd] = []
    last: RunEnd | None = None
    for start in range(0, len(raw), chunk):
        for found in frames.feed(bytes(raw[start : start + chunk])):
            if isinstance(found, bytes):
                files.setdefault(number, bytearray()).extend(found)
            elif isinstance(found, RunEntry):
                entries.append(found)
            elif isinstance(found, FileEnd):
                ends.append(found)
                number += 1
            else:
                last = found
    assert last is not None
    return {end.file: bytes(files[end.file]) for end in ends}, entries, ends, last


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([(0, 230, 229, ""), (1, 3, None, ""), (0, 230, 100, "Ωμέγα"), (1, 200, None, "")], 1, 7)
@example([(1, 1, None, ""), (1, 230, 229, ""), (0, 1, None, ""), (0, 230, None, "")], 0, 100)
@example([(2, 60, None, ""), (2, 230, 229, ""), (0, 60, None, ""), (2, 60, None, "Привет"), (2, 0, None, "")], 4, 100)
@given(st.lists(_DOCUMENTS, min_size=1, max_size=12), st.integers(0, 5), st.integers(7, 5000))
def test_each_document_has_its_pages(documents: list[tuple[int, int, int | None, str]], most: int, chunk: int) -> None:
    """Each document is in the run as it is alone, words and pixels; those that fail are in the index and in no file."""
    items: list[Any] = [Blob(digest, data, program=True) for digest, data in zip(_DIGESTS, _PROGRAMS, strict=True)]
    alone = []
    for number, (program, rows, wrong, extra) in enumerate(documents):
        record = _record(number, rows, wrong, extra)
        alone.append(_alone(program, record))
        items.append(Item(f"r{number}", _DIGESTS[program], "t@1", "en-GB", record, {}, _MOMENT, {}))
    files, entries, ends, last = _run(items, chunk, max_documents=most)
    assert [entry.request_id for entry in entries] == [f"r{number}" for number in range(len(documents))]
    assert [entry.failure is None for entry in entries] == [pages is not None for pages in alone]
    assert last.failed == alone.count(None)
    shown = {number: _pages(data) for number, data in files.items()}
    for end in ends:
        wanted = [
            page
            for entry, pages in zip(entries, alone, strict=True)
            if entry.file == end.file and pages is not None
            for page in pages
        ]
        assert shown[end.file] == wanted
        assert end.documents <= most or not most
        _check_structure(files[end.file], [entry for entry in entries if entry.file == end.file])
    for entry, pages in zip(entries, alone, strict=True):
        if pages is not None:
            assert entry.pages == len(pages)
            assert shown[entry.file][entry.first_page - 1][0] == pages[0][0]


def _check_structure(data: bytes, entries: list[RunEntry]) -> None:
    """Page tree and tree of parts say the same, count right and lead to nothing that is not there."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert not pdf.check_pdf_syntax() if hasattr(pdf, "check_pdf_syntax") else not pdf.get_warnings()

        def counted(node: Any, parent: Any) -> int:
            if parent is not None:
                assert node.Parent.objgen == parent.objgen
            if node.Type == "/Page":
                return 1
            total = sum(counted(kid, node) for kid in node.Kids)
            assert total == node.Count
            return total

        assert counted(pdf.Root.Pages, None) == sum(entry.pages for entry in entries)
        leaves = list(pdf.Root.DPartRoot.DPartRootNode.DParts[0])
        assert [str(leaf.DPM.Pressrun.RequestID) for leaf in leaves] == [entry.request_id for entry in entries]
        for page in pdf.pages:
            assert page.obj.DPart.objgen in {leaf.objgen for leaf in leaves}


def test_what_a_system_shows_is_led_to_as_alone() -> None:
    """A document whose text follows from its asset's public address says in a run what it says alone."""
    manifest = {
        "name": "film",
        "version": "1",
        "html": "p.html",
        "schema": {"type": "object"},
        "slots": {
            "film": {
                "rules": [{"use": "library:f.jpg"}],
                "otherwise": "omit",
                "renditions": {"print": {"hosted": True}},
            }
        },
    }
    body = b'<body><img src="asset:film" alt="Film"><p>Watch: {{ assets.film.video or "nowhere" }}</p></body>'
    compiled = compile_bundle({"template.yaml": json.dumps(manifest).encode(), "p.html": body})
    assert compiled.info is not None, [str(item) for item in compiled.diagnostics]
    program = compiled.programs["en-GB"]
    links = {"film": HostedLink("https://cdn.example/f.jpg", video="https://cdn.example/f.mp4")}
    composition = Composition(
        LoadedProgram.load(program), b"{}", assets={}, attributes={}, as_of=_MOMENT, engine=_ENGINE, links=links
    )
    alone = _pages(b"".join(composition))
    digest = str(Digest.of(program))
    item = Item("r", digest, "film@1", "en-GB", b"{}", {}, _MOMENT, {}, links=links)
    files, _, _, _ = _run([Blob(digest, program, program=True), item], 100)
    assert _pages(files[1]) == alone
    assert "https://cdn.example/f.mp4" in {word[4] for word in alone[0][0]}


def test_what_is_sent_wrongly_fails_its_documents() -> None:
    """A blob that can't be read, was never sent or was forgotten fails the documents that need it, and no others."""
    good, other, _ = _DIGESTS
    record = _record(1, 3, None, "")

    def item(name: str, program: str) -> Item:
        return Item(name, program, "t@1", "en-GB", record, {}, _MOMENT, {})

    items = [
        Blob(good, _PROGRAMS[0], program=True),
        Blob(other, b"no program", program=True),
        item("a", good),
        item("b", other),
        item("c", "0" * 64 + "-1"),
        Forget(other),
        item("d", other),
        item("e", good),
    ]
    files, entries, _, last = _run(items, 100)
    assert [entry.request_id for entry in entries if entry.failure is None] == ["a", "e"]
    assert (last.documents, last.failed) == (2, 3)
    assert len(_pages(files[1])) == 2


def test_memory_does_not_grow_with_the_run() -> None:
    """After thousands of pages a file holds a few bytes a document: what it has written is forgotten."""
    inbox = RunInbox()
    run = RunComposition(msgspec.msgpack.encode(RunOrder(RunTitle("long", _MOMENT, _ENGINE))), inbox)
    inbox.feed(msgspec.msgpack.encode([Blob(_DIGESTS[0], _PROGRAMS[0], program=True)]), last=False)
    steps = iter(run)
    held = []
    item = msgspec.msgpack.encode([Item("r", _DIGESTS[0], "t@1", "en-GB", _record(1, 1, None, ""), {}, _MOMENT, {})])
    for number in range(6000):
        inbox.feed(item, last=False)
        while not inbox.hungry:
            next(steps)
        if number in {1999, 5999}:
            file = run._file
            assert file is not None
            held.append(
                sum(map(len, (file._rows, file._packed, file._full, file._settled_leaves, file._branches)))
                + len(file._amended) * 100
                + len(file._images)
            )
            assert len(file._rows) < 9000 * 7
    assert held[1] < held[0] + 60_000
    inbox.feed(b"", last=True)
    for _ in steps:
        pass
    assert run.summary.pages == 6000
