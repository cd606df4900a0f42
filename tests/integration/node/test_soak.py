"""Long runs against a real node: killed processes lose nothing, and no customer's words are in another's document."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from pressrun_client import Client, Document, RenderRequest
from pressrun_loadtest.records import encode, generate_small
from pressrun_server.app.node import Node

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800), pytest.mark.asyncio(loop_scope="module")]

_STREAM = re.compile(rb"/Length (\d+)>>\nstream\n")


def _orders(count: int, seed: int) -> list[tuple[str, dict[str, Any], str]]:
    return [(item["request_id"], item["record"], item["locale"]) for item in generate_small(seed, count)]


def _streams(data: bytes) -> bytes:
    """All that the document's compressed streams hold."""
    found = []
    for match in _STREAM.finditer(data):
        body = data[match.end() : match.end() + int(match.group(1))]
        try:
            found.append(zlib.decompress(body))
        except zlib.error:
            found.append(body)  # a JPEG
    return b"\n".join(found)


async def _rendered(client: Client, orders: list[tuple[str, dict[str, Any], str]]) -> AsyncIterator[Document]:
    requests = (
        RenderRequest("statement@1", encode(record), request_id=request_id, locale=locale)
        for request_id, record, locale in orders
    )
    async for result in client.render_stream(requests, max_in_flight=32):
        assert isinstance(result, Document), result
        yield result


async def test_killed_composers_lose_nothing(
    start_node: Callable[..., AbstractAsyncContextManager[Node]], statement: dict[str, bytes]
) -> None:
    """While composers are killed every second, each of 4,000 documents arrives once, with the right customer in it."""
    orders = _orders(4000, 11)
    own = {request_id: record["customer"]["number"].encode() for request_id, record, _ in orders}
    chance = random.Random(1)
    async with start_node("soak", composers="2") as node, Client(node.address) as client:
        await client.publish(statement)
        done = asyncio.Event()

        async def kill() -> int:
            killed = had = 0
            while not done.is_set():
                await asyncio.sleep(1)
                # On a busy machine one document may take a second, and would be blamed for two deaths.
                if len(seen) < had + 50:
                    continue
                had = len(seen)
                assert node._composers is not None
                living = node._composers.stats().composers
                if living:
                    os.kill(chance.choice(living).pid, signal.SIGKILL)
                    killed += 1
            return killed

        seen: dict[str, int] = {}
        killer = asyncio.create_task(kill())
        async for document in _rendered(client, orders):
            seen[document.request_id] = seen.get(document.request_id, 0) + 1
            assert own[document.request_id] in _streams(document.content)
        done.set()
        killed = await killer
    assert seen == dict.fromkeys(own, 1)
    assert killed >= 5


async def test_no_marker_of_another_customer(
    start_node: Callable[..., AbstractAsyncContextManager[Node]], statement: dict[str, bytes]
) -> None:
    """5,000 documents through one composer, each marked in every text: no document holds another's mark."""
    orders = _orders(5000, 12)
    for number, (_, record, _) in enumerate(orders):
        mark = f"mark{number}x"
        record["customer"]["name"] = mark
        record["customer"]["address"] = [mark, mark]
        record["message"] = f"{mark} {mark}"
        for transaction in record["transactions"]:
            transaction["text"] = mark
    marks = {request_id: f"{number}".encode() for number, (request_id, _, _) in enumerate(orders)}
    async with start_node("marks") as node, Client(node.address) as client:
        await client.publish(statement)
        count = 0
        async for document in _rendered(client, orders):
            found = set(re.findall(rb"mark(\d+)x", _streams(document.content)))
            assert found == {marks[document.request_id]}
            count += 1
    assert count == len(orders)
