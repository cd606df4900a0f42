"""Large documents whose connection breaks: they go on, on another node, with the bytes that were due."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from pressrun_client import Client, ClientConfig, Document, RenderRequest
from pressrun_server.app.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2026, 3, 4, tzinfo=UTC)


class _Breaking:
    """A way to nodes that breaks: the first connection ends after so many bytes, later ones go to the second node."""

    def __init__(self, first: str, then: str, after: int) -> None:
        self._targets = [first, then]
        self._after = after
        self.connections = 0
        self.passed = [0, 0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = min(self.connections, 1)
        self.connections += 1
        host, _, port = self._targets[number].rpartition(":")
        up_reader, up_writer = await asyncio.open_connection(host, int(port))

        async def forward(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, down: bool) -> None:
            while data := await source.read(65536):
                if down:
                    self.passed[number] += len(data)
                    if not number and self.passed[0] > self._after:
                        break
                sink.write(data)
                await sink.drain()

        tasks = [
            asyncio.ensure_future(forward(reader, up_writer, down=False)),
            asyncio.ensure_future(forward(up_reader, writer, down=True)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in (writer, up_writer):
                each.transport.abort()


@contextlib.asynccontextmanager
async def _breaking(first: str, then: str, after: int) -> AsyncIterator[tuple[str, _Breaking]]:
    way = _Breaking(first, then, after)
    server = await asyncio.start_server(way.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"127.0.0.1:{port}", way


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(start_node: Any) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes that have the sample template."""
    async with start_node("resume-a", known=True) as one, start_node("resume-b", known=True) as two:
        yield one, two


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_large_document_goes_on_where_it_broke(
    pair: tuple[Node, Node], document: Callable[..., Any], *, streamed: bool
) -> None:
    """A connection that breaks after 1 MB costs no byte twice: the second node sends the rest, and the whole is right."""
    record = json.loads(document().record_json)
    record["transactions"] *= 1200
    data = json.dumps(record).encode()
    one, two = pair
    async with Client(two.address) as client:
        whole = await client.render("statement@1", data, as_of=AS_OF)
    assert len(whole) > 2_000_000
    async with _breaking(one.address, two.address, 1_000_000) as (target, way):
        config = ClientConfig(target=target, health_check=False, backoff_initial=0.01)
        async with Client(config=config) as client:
            if streamed:
                request = RenderRequest("statement@1", data, request_id="large", as_of=AS_OF)
                results = [result async for result in client.render_stream([request])]
                (result,) = results
                assert isinstance(result, Document), result
            else:
                result = await client.render("statement@1", data, as_of=AS_OF)
    assert result.content == whole.content
    assert hashlib.sha256(result.content).hexdigest() == whole.sha256
    assert result.attempts == 2
    assert way.connections >= 2
    # The second node sent only what was missing.
    assert way.passed[1] < len(whole) - 500_000


async def test_a_node_that_cannot_go_on_sends_all_of_it(
    pair: tuple[Node, Node], start_node: Any, document: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the second node runs another engine, the document begins again there and comes whole."""
    record = json.loads(document().record_json)
    record["transactions"] *= 1200
    data = json.dumps(record).encode()
    # A node of its own: one that has made documents before remembers what is alike in all of them.
    async with start_node("engine", known=True) as two:
        assert two._pipeline is not None
        monkeypatch.setattr(two._pipeline, "_engine", "e" * 64)
        async with _breaking(pair[0].address, two.address, 1_000_000) as (target, _):
            config = ClientConfig(target=target, health_check=False, backoff_initial=0.01)
            async with Client(config=config) as client:
                result = await client.render("statement@1", data, as_of=AS_OF)
    assert result.manifest.pins.engine_digest == "e" * 64
    assert result.attempts == 3
    assert hashlib.sha256(result.content).hexdigest() == result.sha256
