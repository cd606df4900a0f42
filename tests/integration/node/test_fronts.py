"""A node with several fronts: each on its own port, all with the same templates, assets and news, one metrics page."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from pressrun_client import Client, Document, RenderRequest
from pressrun_loadtest.samples import load_bundle, records_path, statement_path
from pressrun_server.app.node import Node
from pressrun_server.errors import PressrunError

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LOGO = (statement_path().parent / "assets" / "logo.png").read_bytes()
_RECORD = (statement_path() / "samples" / "everyday-en.json").read_bytes()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(start_node: Callable[..., AbstractAsyncContextManager[Node]]) -> AsyncIterator[Node]:
    """A node with two fronts, of a composer each."""
    async with start_node("fronts", fronts="2", composers="2", slots="9") as running:
        async with Client(running.addresses[1]) as client:
            await client.publish(statement_path())
        yield running


def _kill_composers(front: int) -> None:
    for child in Path(f"/proc/{front}/task/{front}/children").read_text().split():
        if "composer" in Path(f"/proc/{child}/cmdline").read_text():
            os.kill(int(child), signal.SIGKILL)


async def _pages(target: str) -> list[Document]:
    async with Client(target) as client:
        records = records_path().read_bytes().splitlines()[:6]
        requests = [RenderRequest("statement", _RECORD, request_id=f"r{number}") for number in range(len(records))]
        found = [result async for result in client.render_stream(requests)]
    assert all(isinstance(result, Document) for result in found), found
    return [result for result in found if isinstance(result, Document)]


async def test_what_one_front_publishes_all_have(pair: Node) -> None:
    """A template published at the second front is known at the first when the answer is there, and renders the same."""
    first, second = pair.addresses
    assert first != second
    assert [document.pages for document in await _pages(first)] == [document.pages for document in await _pages(second)]
    changed = load_bundle(statement_path())
    changed["template.yaml"] = changed["template.yaml"].replace(b'version: "1"', b'version: "2"', 1)
    assert b'version: "2"' in changed["template.yaml"]
    async with Client(first) as one, Client(second) as other:
        made = await one.publish(changed)
        assert (await other.template(made.ref)).ref == made.ref
        changed["statement.css"] = changed.get("statement.css", b"") + b"\n"
        with pytest.raises(Exception, match="published with other files"):
            await other.publish(changed)


async def test_a_front_without_composers_hears_the_news(pair: Node) -> None:
    """A front whose composers are being replaced learns of a template all the same."""
    assert pair._fellows is not None
    (fellow,) = pair._fellows._fellows
    changed = load_bundle(statement_path())
    changed["template.yaml"] = changed["template.yaml"].replace(b'version: "1"', b'version: "3"', 1)
    _kill_composers(fellow.pid)
    fellow.problem = "no composer process is alive"
    async with Client(pair.addresses[0]) as one, Client(pair.addresses[1]) as other:
        made = await one.publish(changed)
        assert (await other.template(made.ref)).ref == made.ref


async def test_one_page_shows_the_metrics_of_all(pair: Node, value: Callable[..., Awaitable[float]]) -> None:
    """Documents of both fronts are counted under their numbers; what the node has is shared out."""
    before = [await value(pair, "pressrun_documents_total", result="ok", front=str(number)) for number in range(2)]
    for address, count in zip(pair.addresses, (1, 2), strict=True):
        for _ in range(count):
            await _pages(address)
    after = [await value(pair, "pressrun_documents_total", result="ok", front=str(number)) for number in range(2)]
    assert [now - then for now, then in zip(after, before, strict=True)] == [6, 12]
    assert [await value(pair, "pressrun_document_slots", front=str(number)) for number in range(2)] == [5, 4]
    assert await value(pair, "pressrun_ready") == 2
    async with aiohttp.ClientSession() as session:
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        async with session.get(f"http://{pair.http_address}/metrics", headers=accept) as answer:
            text = await answer.text()
    assert text.endswith("# EOF\n")
    assert text.count("# HELP pressrun_documents ") == 1


async def test_pushed_content_and_news_reach_all(pair: Node) -> None:
    """Content pushed at one front is what the other describes, also after a change."""
    first, second = pair.addresses
    async with Client(first) as one, Client(second) as other:
        for number, name in enumerate(("May", "June", "July"), 1):
            put, ask = (one, other) if number % 2 else (other, one)
            kept = await put.put_content("seal", _LOGO, approval="approved", name=name)
            assert kept.version == str(number)
            (found,) = await ask.resolve_assets(["pushed:seal"])
            assert found.descriptor is not None
            assert found.descriptor.version == str(number)


async def test_a_front_that_dies_is_replaced_on_its_port(pair: Node) -> None:
    """The other front goes on meanwhile, the node stays ready, and the new front knows the templates."""
    first, second = pair.addresses
    assert pair._fellows is not None
    (pid,) = pair._fellows.pids
    os.kill(pid, signal.SIGKILL)
    await _pages(first)
    assert pair.unready() == ""
    async with asyncio.timeout(30):
        while pair._fellows.pids in {(pid,), (0,)} or pair._fellows.problems()[1]:
            await asyncio.sleep(0.05)
    assert pair.addresses == (first, second)
    assert len(await _pages(second)) == 6


async def test_a_drain_is_a_drain_of_all(
    start_node: Callable[..., AbstractAsyncContextManager[Node]], value: Callable[..., Awaitable[float]]
) -> None:
    """Documents under way at both fronts are finished, and no process is left."""
    record = json.loads(_RECORD)
    record["transactions"] *= 400

    async def large(target: str) -> int:
        async with Client(target) as client:
            return (await client.render("statement", record, time_limit=60)).pages

    async with start_node("fronts-drain", fronts="2", composers="2") as node:
        async with Client(node.address) as client:
            await client.publish(statement_path())
        under_way = [asyncio.ensure_future(large(address)) for address in node.addresses]
        while await value(node, "pressrun_documents_in_flight") < 2:
            await asyncio.sleep(0.01)
        assert node._fellows is not None
        pids = node._fellows.pids
        assert await node.drain()
        assert "draining" in node.unready()
        assert min([await task for task in under_way]) > 100
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_front_that_cannot_listen_stops_the_start(
    start_node: Callable[..., AbstractAsyncContextManager[Node]], free_port: Callable[[], Any]
) -> None:
    """A second front whose port is taken is an error that names it, and nothing is left running."""
    port, holder = free_port()
    with holder, pytest.raises(PressrunError, match=rf"front 1 can't start: .*{port + 1}"):
        async with start_node("fronts-taken", fronts="2", composers="2", listen=f"127.0.0.1:{port}"):
            pass
