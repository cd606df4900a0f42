"""Bad input through the gRPC surface: a clear error in time, and a node that serves everybody else as before."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from google.protobuf import struct_pb2
from google.protobuf.duration_pb2 import Duration

from pressrun.v1 import asset_service_pb2, document_pb2, render_service_pb2, template_service_pb2
from pressrun_loadtest.samples import statement_path
from pressrun_server.app.node import Node
from pressrun_server.model.digest import Digest
from pressrun_server.render import template_files
from pressrun_server.template.steps import MOST_STEPS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPINNING = {
    "template.yaml": b"""
name: spinning
version: "1"
html: page.html
channels: [print]
default_locale: en
locales: [en]
schema: {type: object}
""",
    "page.html": b"""<!doctype html><html><head><title>t</title></head><body>
<div pr-for="a in xs"><div pr-for="b in xs"><div pr-for="c in xs"><div pr-for="d in xs"><p pr-if="d < 0">x</p></div>
</div></div></div></body></html>""",
}

STRICT = {
    "template.yaml": b"""
name: strict
version: "1"
html: page.html
channels: [print]
default_locale: en
locales: [en]
schema: {type: object}
warnings: {missing-glyph: fail, overflow: warn}
""",
    "page.html": b"""<!doctype html><html><head><title>t</title><style>p { white-space: nowrap; width: 20mm }</style></head>
<body><p>{{ name }}</p></body></html>""",
}


def _record(transactions: int) -> bytes:
    record = json.loads((statement_path() / "samples" / "everyday-en.json").read_bytes())
    record["transactions"] = (record["transactions"] * (transactions // 30 + 1))[:transactions]
    return json.dumps(record).encode()


def _spinning(document: Callable[..., Any], request_id: str, size: int, **changes: Any) -> Any:
    template = document_pb2.TemplateRef(name="spinning")
    return document(request_id, record=json.dumps({"xs": list(range(size))}).encode(), template=template, **changes)


async def test_a_document_that_its_template_refuses_fails_alone(
    caller: Any, document: Callable[..., Any], details: Callable[..., Any]
) -> None:
    """A character that no font has fails the document, with code and place; what only warns is in the manifest."""
    await caller.publish(STRICT)
    template = document_pb2.TemplateRef(name="strict")

    def named(request_id: str, name: str) -> Any:
        return document(request_id, record=json.dumps({"name": name}).encode(), template=template)

    answers = await caller.documents(
        named("good", "Zoë"), named("odd", "漢"), named("long", "Wolfeschlegelsteinhausenbergerdorff")
    )
    failure = answers["odd"].failure
    told = details(failure)
    assert (failure.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION.value[0], "DOCUMENT_REFUSED")
    assert "U+6F22" in failure.message
    assert told.metadata == {"warning": "MISSING_GLYPH", "place": "page 1"}
    assert not answers["good"].completion.manifest.warnings
    (warning,) = answers["long"].completion.manifest.warnings
    assert (warning.code, warning.place) == ("OVERFLOW", "page 1, page.html:2:10")


async def test_a_document_that_spins_ends_soon_and_delays_nobody_for_long(
    node: Node, caller: Any, document: Callable[..., Any], details: Callable[..., Any], value: Callable[..., Any]
) -> None:
    """Loops in loops over a long list end with LIMIT_EXCEEDED and what to do; documents around them are rendered."""
    await caller.publish(SPINNING)
    spinning = [_spinning(document, f"spin{number}", 3000) for number in range(3)]
    answers = await caller.documents(document("before"), *spinning, document("after"))
    for request in spinning:
        failure = answers[request.request_id].failure
        told = details(failure)
        assert (failure.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], "LIMIT_EXCEEDED")
        assert f"{MOST_STEPS:,}" in failure.message
        assert "loop over fewer items" in failure.message
        assert told.metadata["place"].startswith("page.html:")
    assert answers["before"].data == answers["after"].data != b""
    assert await value(node, "pressrun_composer_deaths_total") == 0


async def test_the_deadline_of_a_document_that_spins_holds(
    node: Node, caller: Any, document: Callable[..., Any], details: Callable[..., Any]
) -> None:
    """Its own time limit ends it before any other bound does, and the composer is free again for others."""
    await caller.publish(SPINNING)
    answers = await caller.documents(
        _spinning(document, "late", 3000, time_limit=Duration(nanos=20_000_000)), document("next")
    )
    assert details(answers["late"].failure).reason == "DEADLINE_EXCEEDED"
    assert answers["next"].completion is not None
    assert node.problem() == ""


async def test_long_tables_are_no_spinning(caller: Any, document: Callable[..., Any]) -> None:
    """Repetitions are counted between pages, so a table of many more rows than a page has is none of it."""
    answer = (await caller.documents(document("long", record=_record(20_000))))["long"]
    assert answer.failure is None
    assert answer.completion.manifest.pages > 300


async def test_a_large_record_is_read_beside_the_front(
    node: Node, caller: Any, document: Callable[..., Any], details: Callable[..., Any], value: Callable[..., Any]
) -> None:
    """A record of megabytes is read in the process for it: same document, same violations, same digest.

    It is in a composer already while it is read; a fault in its last row lets no byte leave, and nothing stays there.
    """
    before = await value(node, "pressrun_preparer_tasks_total")
    record = _record(8_000)
    wrong = json.loads(record)
    wrong["transactions"][-1]["amount"] = ["x"]
    answers = await caller.documents(
        document("large", record=record),
        document("wrong", record=json.dumps(wrong).encode()),
        document("broken", record=record[:-1]),
        document("small"),
    )
    assert answers["large"].failure is None, answers["large"].failure
    manifest = answers["large"].completion.manifest
    assert manifest.record == document_pb2.Digest(sha256=Digest.of(record).sha256, size=len(record))
    assert [asset.slot for asset in manifest.pins.assets] == ["logo", "banner"]
    assert list(details(answers["wrong"].failure).violations) == ["record.transactions[7999].amount"]
    assert (answers["wrong"].header, answers["wrong"].parts) == (None, 1)
    assert list(details(answers["broken"].failure).violations) == ["record"]
    assert answers["small"].completion is not None
    assert await value(node, "pressrun_preparer_tasks_total") == before + 3
    async with asyncio.timeout(5):
        while await value(node, "pressrun_composer_documents"):
            await asyncio.sleep(0.01)


async def test_a_large_struct_is_a_record_too(caller: Any, document: Callable[..., Any]) -> None:
    """A Struct, small or large, gives the document that the same JSON gives."""
    for transactions in (3, 600):
        record = json.loads(_record(transactions))
        struct = struct_pb2.Struct()
        struct.update(record)
        request = document("struct")
        request.record_struct.CopyFrom(struct)
        answer = (await caller.documents(request))["struct"]
        assert answer.failure is None, answer.failure
        assert answer.completion.manifest.pages >= 1


async def test_a_known_bundle_is_not_compiled_again(
    node: Node, caller: Any, statement: dict[str, bytes], value: Callable[..., Any]
) -> None:
    """Publish and Check of a published bundle answer from what is known of it, warnings included."""
    files = {**SPINNING, "page.html": SPINNING["page.html"].replace(b"<p pr-if", b"<p  pr-if")}
    files["template.yaml"] = files["template.yaml"].replace(b"spinning", b"known")
    first = await caller.publish(files)
    before = await value(node, "pressrun_compilations_total")
    again = await caller.publish(files)
    await caller.publish(statement)
    bundle = [template_service_pb2.BundleFile(path=path, content=content) for path, content in files.items()]
    checked = await caller.templates.Check(template_service_pb2.CheckRequest(files=bundle))
    assert (first.created, again.created) == (True, False)
    assert first.template == again.template
    assert list(first.diagnostics) == list(again.diagnostics) == list(checked.diagnostics)
    assert checked.template.template == first.template.template
    assert await value(node, "pressrun_compilations_total") == before


async def test_bytes_that_are_no_message(
    node: Node, caller: Any, document: Callable[..., Any], details: Callable[..., Any]
) -> None:
    """What is no protobuf is INVALID_ARGUMENT with what to do, on calls and on streams; the node goes on."""
    garbage = b"\x0a\xff\xff\xff\xff\xffgarbage"
    unary = caller.channel.unary_unary("/pressrun.v1.RenderService/RenderUnary")
    streaming = caller.channel.stream_stream("/pressrun.v1.RenderService/Render")

    async def read(call: Any) -> None:
        async for _ in call:
            pass

    for call in (unary(garbage), read(streaming(iter([garbage])))):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "pressrun.v1" in str(error.value.details())
        assert details(error.value).reason == "INVALID_REQUEST"
    assert (await caller.documents(document()))["r1"].completion is not None
    assert node.problem() == ""


async def test_a_full_disk_at_publish(
    caller: Any, details: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, document: Callable[..., Any]
) -> None:
    """A template that can't be kept is not published; the error says what is full and what to do."""

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/secret/place")

    files = {**SPINNING, "template.yaml": SPINNING["template.yaml"].replace(b"spinning", b"unkept")}
    with monkeypatch.context() as patched:
        patched.setattr(template_files, "write_durably", full)
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await caller.publish(files)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details(error.value).reason == "STORAGE_FULL"
    assert "PRESSRUN_DATA_DIR" in str(error.value.details())
    assert "free space" in str(error.value.details())
    assert "secret" not in str(error.value.details())
    assert (await caller.publish(files)).created
    assert (await caller.documents(document()))["r1"].completion is not None


async def test_an_unknown_source_is_told_as_the_contract_says(caller: Any, details: Callable[..., Any]) -> None:
    """Resolve answers an unknown source with FAILED_PRECONDITION, naming the sources that there are."""
    response = await caller.assets.Resolve(asset_service_pb2.ResolveRequest(refs=["nowhere:logo.png"]))
    failure = response.outcomes[0].failure
    assert failure.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert details(failure).reason == "ASSET_INVALID"
    assert "library" in failure.message


async def test_readiness_says_that_the_code_changed(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node whose composers all came back with another engine is not ready and says what to do."""
    assert node._composers is not None
    monkeypatch.setattr(node._composers, "foreign", "f" * 64)
    monkeypatch.setattr(type(node._composers), "alive", 0)
    async with aiohttp.ClientSession() as session, session.get(f"http://{node.http_address}/readyz") as answer:
        assert answer.status == 503
        text = await answer.text()
    assert "restart" in text
    assert "f" * 12 in text
    monkeypatch.undo()
    assert node.problem() == ""


async def test_a_client_that_leaves_a_spinning_document_frees_the_composer(
    node: Node, caller: Any, document: Callable[..., Any]
) -> None:
    """A stream that is cancelled in the middle of a spinning document leaves no work behind."""
    await caller.publish(SPINNING)
    items = [render_service_pb2.RenderRequestItem(document=_spinning(document, "left", 3000))]
    call = caller.render.Render(iter([render_service_pb2.RenderRequest(items=items)]))
    await asyncio.sleep(0.1)
    call.cancel()
    assert (await caller.documents(document()))["r1"].completion is not None
    assert node._admission.active == 0
