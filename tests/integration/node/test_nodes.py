"""What takes more than one node, or harms one."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration

from pressrun.v1 import document_pb2, render_service_pb2, template_service_pb2
from pressrun_client import Client, RenderRequest
from pressrun_loadtest.samples import statement_path
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

Speak = Callable[[Node], contextlib.AbstractAsyncContextManager[Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(start_node: Any, speak: Speak, statement: dict[str, bytes]) -> AsyncIterator[Any]:
    """A client of a second node, which has the sample template too."""
    async with start_node("other", known=True) as node, speak(node) as caller:
        await caller.publish(statement)
        yield caller


async def test_same_bytes_everywhere(caller: Any, other: Any, document: Callable[..., Any]) -> None:
    """The same request gives the same bytes twice, over each RPC, and on another node."""
    digests = set()
    for each in (caller, other):
        for _ in range(2):
            digests.add((await each.documents(document()))["r1"].data)
        unary = await each.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=document()))
        digests.add(unary.data)
        call = each.render.RenderDocument(render_service_pb2.RenderDocumentRequest(document=document()))
        digests.add(b"".join([message.data async for message in call]))
    assert len(digests) == 1


async def test_resume_on_another_node(caller: Any, other: Any, document: Callable[..., Any]) -> None:
    """A document whose stream broke on one node goes on at the same byte on another, by its pins."""
    whole = await caller.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=document()))
    offset = len(whole.data) // 2
    message = render_service_pb2.RenderDocumentRequest(
        document=document(pins=whole.header.pins),
        resume_offset=offset,
        resume_sha256=hashlib.sha256(whole.data[:offset]).hexdigest(),
    )
    rest = b"".join([part.data async for part in other.render.RenderDocument(message)])
    assert whole.data[:offset] + rest == whole.data
    pins = document_pb2.Pins()
    pins.CopyFrom(whole.header.pins)
    pins.engine_digest = "0" * 64
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await other.render.RenderUnary(render_service_pb2.RenderUnaryRequest(document=document(pins=pins)))
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_restarted_node_is_warm(
    start_node: Any, speak: Speak, statement: dict[str, bytes], document: Callable[..., Any]
) -> None:
    """A restarted node knows its templates and has its assets, and renders the same bytes."""
    async with start_node("restarted") as node, speak(node) as caller:
        await caller.publish(statement)
        first = (await caller.documents(document()))["r1"]
        use = first.completion.cache_use
        assert use.source_fetches + use.memory_hits == 2, "fetched for it, or when the template was published"
    async with start_node("restarted") as node, speak(node) as caller:
        listed = await caller.templates.List(template_service_pb2.ListRequest())
        assert [template.template.version for template in listed.templates] == ["1"]
        again = (await caller.documents(document()))["r1"]
        assert again.data == first.data
        assert again.completion.cache_use.source_fetches == 0
        warm = (await caller.documents(document()))["r1"]
        assert warm.completion.cache_use.memory_hits == 2


async def test_killed_composer_costs_no_document(
    node: Node, caller: Any, document: Callable[..., Any], value: Callable[..., Any]
) -> None:
    """A composer that is killed under load is replaced; small documents are composed again, none is lost."""
    await caller.documents(document())
    before = await value(node, "pressrun_composer_documents_composed_total")
    assert node._composers is not None
    (victim,) = node._composers.stats().composers
    call = asyncio.create_task(caller.documents(*(document(f"d{number}") for number in range(60))))
    async with asyncio.timeout(5):
        while await value(node, "pressrun_composer_documents_composed_total") < before + 3:
            await asyncio.sleep(0.002)
    os.kill(victim.pid, signal.SIGKILL)
    answers = await asyncio.wait_for(call, 15)
    failed = [answer.failure.message for answer in answers.values() if answer.completion is None]
    assert not failed
    assert len({answer.data for answer in answers.values()}) == 1
    assert await value(node, "pressrun_composer_deaths_total") == 1
    assert node.problem() == ""


async def test_source_that_hangs_is_bounded(
    start_node: Any,
    speak: Speak,
    statement: dict[str, bytes],
    document: Callable[..., Any],
    details: Callable[..., Any],
) -> None:
    """A source that does not answer fails the document within its time limit, as something to retry."""
    release = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    hanging = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = hanging.sockets[0].getsockname()[1]
    dead = {
        "core_dam_base_url": f"http://127.0.0.1:{port}/otmmapi/v6",
        "core_dam_token_url": f"http://127.0.0.1:{port}/token",
        "sources_timeout": "1",
        "asset_resolve_seconds": "2",
    }
    async with hanging, start_node("hanging", known=True, **dead) as node, speak(node) as caller:
        await caller.publish(statement)
        answers = await asyncio.wait_for(caller.documents(document(time_limit=Duration(seconds=5))), 8)
        failure = answers["r1"].failure
        assert failure is not None
        assert details(failure).reason in {"ASSET_UNAVAILABLE", "DEADLINE_EXCEEDED"}
        assert node.problem() == ""
        release.set()
        await asyncio.sleep(0.05)


async def test_old_connections_are_replaced_without_a_loss(start_node: Any, statement: dict[str, bytes]) -> None:
    """A connection that reached its age is told to go; its stream goes on in its grace, and new calls find a new one."""
    record = (statement_path() / "samples" / "everyday-en.json").read_bytes()
    async with start_node("aged", max_connection_age_seconds="1", max_connection_age_grace_seconds="20") as node:

        async def requests() -> AsyncIterator[RenderRequest]:
            ends = time.monotonic() + 2.5
            while time.monotonic() < ends:
                yield RenderRequest("statement", record)
                await asyncio.sleep(0.05)

        async with Client(node.address) as client, grpc.aio.insecure_channel(node.address) as watched:
            await client.publish(statement)
            await watched.channel_ready()
            results = [result async for result in client.render_stream(requests())]
            async with asyncio.timeout(5):
                while watched.get_state() is grpc.ChannelConnectivity.READY:
                    await asyncio.sleep(0.05)
            await client.health()
    assert len(results) > 5
    assert all(result.ok for result in results)
