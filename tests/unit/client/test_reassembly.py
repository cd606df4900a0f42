"""The stream against a call whose answers hypothesis cuts and mixes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import grpc
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.v1 import render_service_pb2
from pressrun_client import ClientConfig, Document, RenderRequest
from pressrun_client.stream import RenderStream


class _Call:
    """A Render call that answers, once all documents are in, with the given messages."""

    def __init__(self, expected: int, messages: Sequence[render_service_pb2.RenderResponse]) -> None:
        self._missing = expected
        self._messages = iter(messages)
        self._all_in = asyncio.Event()
        self._half_closed = asyncio.Event()

    async def write(self, message: render_service_pb2.RenderRequest) -> None:
        self._missing -= len(message.items)
        if not self._missing:
            self._all_in.set()

    async def read(self) -> Any:
        await self._all_in.wait()
        message = next(self._messages, None)
        if message is None:
            await self._half_closed.wait()
            return grpc.aio.EOF
        return message.SerializeToString()

    async def done_writing(self) -> None:
        self._half_closed.set()

    async def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK

    def cancel(self) -> bool:
        return True


class _Stub:
    def __init__(self, call: _Call) -> None:
        self._call = call

    def Render(self, *, metadata: object = ()) -> _Call:  # noqa: ARG002, N802 - as the contract has it
        return self._call


@st.composite
def _conversations(draw: st.DrawFn) -> tuple[dict[str, bytes], list[render_service_pb2.RenderResponse]]:
    documents = {
        f"doc-{index}": content for index, content in enumerate(draw(st.lists(st.binary(max_size=40), max_size=6)))
    }
    items = {name: _cut(name, content, draw) for name, content in documents.items()}
    order = draw(st.permutations([name for name, parts in items.items() for _ in parts]))
    mixed = [items[name].pop(0) for name in order]
    messages = []
    while mixed:
        take = draw(st.integers(1, len(mixed)))
        messages.append(render_service_pb2.RenderResponse(items=mixed[:take]))
        mixed = mixed[take:]
    return documents, messages


def _cut(name: str, content: bytes, draw: st.DrawFn) -> list[render_service_pb2.RenderResponseItem]:
    cuts = sorted(draw(st.sets(st.integers(0, len(content)), max_size=4)) | {0, len(content)})
    items = [
        render_service_pb2.RenderResponseItem(request_id=name, offset=start, data=content[start:end])
        for start, end in pairwise(cuts)
    ]
    if not items or draw(st.booleans()):
        items.append(render_service_pb2.RenderResponseItem(request_id=name, offset=len(content)))
    if draw(st.booleans()):
        items.insert(0, render_service_pb2.RenderResponseItem(request_id=name))
    items[0].header.media_type = "application/pdf"
    document = items[-1].completion.manifest.document
    document.sha256 = hashlib.sha256(content).hexdigest()
    document.size = len(content)
    return items


@settings(max_examples=80, deadline=None)
@given(conversation=_conversations(), ordered=st.booleans())
def test_any_mixture_of_parts_gives_the_right_documents(
    *, conversation: tuple[dict[str, bytes], list[render_service_pb2.RenderResponse]], ordered: bool
) -> None:
    """However documents are cut, mixed and put into messages, each comes out whole, and in order where asked."""
    documents, messages = conversation

    async def run() -> list[tuple[str, bytes]]:
        stub = cast("Any", _Stub(_Call(len(documents), messages)))
        requests = [RenderRequest("a", b"{}", request_id=name) for name in documents]
        stream = RenderStream(lambda _slot: stub, ClientConfig(), requests, ordered=ordered, max_in_flight=10)
        found = []
        async for result in stream.results(raising=True):
            assert isinstance(result, Document)
            found.append((result.request_id, result.content))
        return found

    found = asyncio.run(run())
    assert dict(found) == documents
    assert len(found) == len(documents)
    if ordered:
        assert [name for name, _ in found] == list(documents)
