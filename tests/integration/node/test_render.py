"""Rendering through the gRPC surface of a real node: front, composer, preparer, sandbox."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pymupdf
import pytest
from google.protobuf.duration_pb2 import Duration

from pressrun.v1 import document_pb2, render_service_pb2, template_service_pb2
from pressrun_loadtest.samples import records_path, statement_path
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _items() -> list[dict[str, Any]]:
    return [json.loads(line) for line in records_path().read_text().splitlines()]


async def test_twenty_statements(node: Node, caller: Any, value: Callable[..., Any]) -> None:
    """Twenty customers over one stream: each document is a sound PDF of its own customer, with its manifest."""
    before = await value(node, "pressrun_documents_total", result="ok", template="statement")
    wanted = {f"s{number}": item for number, item in enumerate(_items())}
    answers = await caller.documents(
        *(
            document_pb2.DocumentRequest(
                request_id=name,
                template=document_pb2.TemplateRef(name="statement"),
                record_json=json.dumps(item.get("record", item)).encode(),
                locale=item.get("locale", ""),
            )
            for name, item in wanted.items()
        )
    )
    assert answers.keys() == wanted.keys()
    names = {name: item.get("record", item)["customer"]["number"] for name, item in wanted.items()}
    for name, answer in answers.items():
        assert answer.failure is None, answer.failure
        manifest = answer.completion.manifest
        assert manifest.document.sha256 == hashlib.sha256(answer.data).hexdigest()
        assert manifest.document.size == len(answer.data)
        assert [asset.slot for asset in manifest.pins.assets] == ["logo", "banner"]
        with pymupdf.open(stream=answer.data) as pdf:  # type: ignore[no-untyped-call]
            assert pdf.page_count == manifest.pages
            assert not pdf.is_repaired
            text = "".join(page.get_text() for page in pdf)
        assert names[name] in text
        for other, number in names.items():
            assert number == names[name] or number not in text, f"{other} in {name}"
    assert await value(node, "pressrun_documents_total", result="ok", template="statement") == before + len(wanted)
    assert await value(node, "pressrun_documents_in_flight") == 0


async def test_heads_come_once_to_clients_that_keep_them(caller: Any, document: Callable[..., Any]) -> None:
    """Documents with the same fonts and pictures are the same bytes with shared heads, of which each comes once."""
    wanted = [
        document(f"h{number}", json.dumps(item.get("record", item)).encode(), locale=item.get("locale", ""))
        for number, item in enumerate(_items())
    ]
    whole = await caller.documents(*wanted)
    items = [render_service_pb2.RenderRequestItem(document=request) for request in wanted]
    call = caller.render.Render(iter([render_service_pb2.RenderRequest(items=items, shared_heads=16)]))
    heads: dict[int, bytes] = {}
    found: dict[str, bytes] = {}
    told = sent = 0
    async for response in call:
        sent += response.ByteSize()
        told += len(response.heads)
        heads.update({head.number: head.data for head in response.heads})
        for item in response.items:
            begun = found.setdefault(item.request_id, b"")
            assert item.offset == len(begun)
            assert not item.head or not begun
            found[item.request_id] = begun + (heads[item.head] if item.head else b"") + item.data
    assert found == {name: answer.data for name, answer in whole.items()}
    assert 1 <= told == len(set(heads.values())) <= 16
    assert sent < sum(map(len, found.values())) / 2


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"record": b"{"}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"),
        ({"record": b"[1]"}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"),
        ({"record": b'{"customer": 7}'}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"),
        ({"record": b"[" * 100_000}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"),
        ({"record": b'{"a": 1e999}'}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"),
        ({"record": b'{"a": "\xff"}'}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"),
        ({"record": b'{"\\ud800": 1}'}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_RECORD"),
        ({"record": bytes(9 << 20)}, grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED"),
        ({"template": document_pb2.TemplateRef(name="none")}, grpc.StatusCode.NOT_FOUND, "TEMPLATE_NOT_FOUND"),
        ({"output_format": document_pb2.OUTPUT_FORMAT_AFP}, grpc.StatusCode.UNIMPLEMENTED, "UNSUPPORTED"),
        ({"time_limit": Duration(nanos=1000)}, grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
        ({"request_id": "é"}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
    ],
)
async def test_bad_documents_between_good_ones(
    node: Node,
    caller: Any,
    document: Callable[..., Any],
    details: Callable[..., Any],
    changes: dict[str, Any],
    code: grpc.StatusCode,
    reason: str,
) -> None:
    """A bad document is a failure item with its reason; the documents around it are rendered, the node stays healthy."""
    bad = document(**{"request_id": "bad", **changes})
    answers = await caller.documents(document("before"), bad, document("after"))
    failure = answers[bad.request_id].failure
    assert failure is not None
    assert failure.code == code.value[0]
    told = details(failure)
    assert told.reason == reason
    if reason in {"INVALID_RECORD", "INVALID_REQUEST"}:
        assert told.violations
    assert answers["before"].data == answers["after"].data
    assert answers["before"].completion.manifest.pages == 2
    assert node.problem() == ""


async def test_huge_message_ends_its_stream_only(caller: Any, document: Callable[..., Any]) -> None:
    """A record of 100 MB is over the message limit: its stream ends with RESOURCE_EXHAUSTED, the node goes on."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await caller.documents(document("huge", record=bytes(100 << 20)))
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await caller.documents(document()))["r1"].completion is not None


async def test_broken_template_says_where(
    caller: Any, details: Callable[..., Any], statement: dict[str, bytes]
) -> None:
    """A bundle with errors is refused with file, line, column and hint of each, and Check answers the same."""
    files = dict(statement)
    path = next(name for name in files if name.endswith(".css"))
    files[path] += b"\nbody { colour: red; float: left }\n"
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await caller.publish(files)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    told = details(error.value)
    assert told.reason == "TEMPLATE_INVALID"
    assert {(each.file, each.severity) for each in told.diagnostics} == {(path, template_service_pb2.SEVERITY_ERROR)}
    assert all(each.line and each.column and each.message for each in told.diagnostics)
    bundle = [template_service_pb2.BundleFile(path=name, content=content) for name, content in files.items()]
    checked = await caller.templates.Check(template_service_pb2.CheckRequest(files=bundle))
    assert list(checked.diagnostics) == told.diagnostics
    assert not checked.HasField("template")


async def test_published_version_never_changes(caller: Any, statement: dict[str, bytes]) -> None:
    """Publishing again is harmless; other files under the same version are ALREADY_EXISTS."""
    again = await caller.publish(statement)
    assert not again.created
    assert again.template.published_at.seconds > 0
    other = dict(statement)
    other["statement.css"] += b"\n"
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await caller.publish(other)
    assert error.value.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_cancelled_stream_stops_work(
    node: Node, caller: Any, document: Callable[..., Any], value: Callable[..., Any]
) -> None:
    """A client that leaves in the middle leaves no document behind."""
    record = json.loads((statement_path() / "samples" / "everyday-en.json").read_bytes())
    record["transactions"] *= 300
    large = json.dumps(record).encode()
    items = [render_service_pb2.RenderRequestItem(document=document(f"d{n}", record=large)) for n in range(8)]
    call = caller.render.Render(iter([render_service_pb2.RenderRequest(items=items)]))
    async with asyncio.timeout(10):
        assert (await call.read()).items
        call.cancel()
        while node._admission.active or node._admission.waiting:
            await asyncio.sleep(0.01)
    assert (await caller.documents(document()))["r1"].completion is not None
    assert await value(node, "pressrun_documents_total", result="cancelled") >= 1


async def test_large_document_arrives_in_parts(caller: Any, document: Callable[..., Any]) -> None:
    """A document of many pages comes in parts of at most 256 KiB, the first long before the last is composed."""
    record = json.loads((statement_path() / "samples" / "everyday-en.json").read_bytes())
    record["transactions"] *= 200
    large = document("large", record=json.dumps(record).encode())
    answers = await caller.documents(large, document("small"))
    answer = answers["large"]
    assert answer.parts > 1
    assert answer.completion.manifest.pages > 50
    with pymupdf.open(stream=answer.data) as pdf:  # type: ignore[no-untyped-call]
        assert pdf.page_count == answer.completion.manifest.pages
    assert answers["small"].completion.manifest.pages == 2


async def test_assets_that_cannot_be_had(
    caller: Any, statement: dict[str, bytes], document: Callable[..., Any], details: Callable[..., Any], library: Path
) -> None:
    """An image that is none, a missing one and one nobody approved fail their documents, each in its own words."""
    (library / "fake.png").write_bytes(b"<html>not an image</html>")
    (library / "fake.png.yaml").write_text("approval: approved\n")
    (library / "pending.png").write_bytes(b"x")
    expected = {
        "missing.png": (grpc.StatusCode.NOT_FOUND, "ASSET_NOT_FOUND"),
        "fake.png": (grpc.StatusCode.FAILED_PRECONDITION, "ASSET_INVALID"),
        "pending.png": (grpc.StatusCode.FAILED_PRECONDITION, "ASSET_NOT_APPROVED"),
    }
    original = statement["template.yaml"].decode()
    for number, (name, (code, reason)) in enumerate(expected.items()):
        logo = 'use: "core-dam:7f20c1d4a9b84e5f93d2a6b1c8e0f4d7a1b2c3d4"'
        assert logo in original
        changed = original.replace(logo, f'use: "library:{name}"').replace('version: "1"', f'version: "bad{number}"')
        await caller.publish({**statement, "template.yaml": changed.encode()})
        failure = (await caller.documents(document()))["r1"].failure
        assert failure is not None
        assert (failure.code, details(failure).reason) == (code.value[0], reason)
        assert name in failure.message
