from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pressrun_client import (
    BlockingClient,
    ClientConfig,
    ConfigError,
    FailedDocument,
    NodeHealth,
    RenderRequest,
    TemplateNotFoundError,
)
from pressrun_client.testing import FakeDocument, FakeFailure, FakeNode, Silence


class _Node:
    """A fake node on a loop in a thread of its own, as a blocking test needs it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.fake = asyncio.run_coroutine_threadsafe(self._start(), self.loop).result(5)

    async def _start(self) -> FakeNode:
        node = FakeNode()
        await node.start()
        return node

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.fake.stop(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


@pytest.fixture
def node() -> Iterator[FakeNode]:
    """A fake node beside the test's thread."""
    running = _Node()
    yield running.fake
    running.stop()


@pytest.fixture
def client(node: FakeNode, config: ClientConfig) -> Iterator[BlockingClient]:
    """A blocking client of the node."""
    with BlockingClient(node.target, config=config) as client:
        yield client


def _requests(count: int, prefix: str = "d") -> Iterator[RenderRequest]:
    return (RenderRequest("a", b"{}", request_id=f"{prefix}{index}") for index in range(count))


def test_one_document(client: BlockingClient, node: FakeNode) -> None:
    """A call blocks until the document is there, or its error."""
    node.answer = [FakeDocument(content=b"x"), FakeFailure(code="NOT_FOUND", reason="TEMPLATE_NOT_FOUND")]
    assert client.render("a", {"b": 1}).content == b"x"
    with pytest.raises(TemplateNotFoundError):
        client.render_request(RenderRequest("a", b"{}"))


def test_many_documents_in_order(client: BlockingClient, node: FakeNode) -> None:
    """A stream is a plain iterator, over one call, with failures among the results."""
    node.answer = lambda request: FakeFailure(code="NOT_FOUND") if request.request_id == "d3" else FakeDocument()
    results = list(client.render_stream(_requests(100), ordered=True, max_in_flight=7))
    assert [result.request_id for result in results] == [f"d{index}" for index in range(100)]
    assert [result.request_id for result in results if isinstance(result, FailedDocument)] == ["d3"]
    assert node.most_unanswered <= 7
    assert node.streams == 1


def test_requests_are_pulled_in_the_callers_thread(client: BlockingClient) -> None:
    """A generator that belongs to a thread stays in it, and is pulled lazily."""
    threads: set[threading.Thread] = set()
    pulled = 0

    def source() -> Iterator[RenderRequest]:
        nonlocal pulled
        for request in _requests(30):
            threads.add(threading.current_thread())
            pulled += 1
            yield request

    for handed, _ in enumerate(client.render_stream(source(), max_in_flight=4)):
        assert pulled <= handed + 4
    assert threads == {threading.current_thread()}


def test_several_threads_share_a_client(client: BlockingClient) -> None:
    """Each thread gets its own documents."""

    def work(name: str) -> set[str]:
        assert client.render("a", b"{}", request_id=name).request_id == name
        return {result.request_id for result in client.render_stream(_requests(40, name), max_in_flight=8)}

    with ThreadPoolExecutor(6) as pool:
        for name, found in zip("uvwxyz", pool.map(work, "uvwxyz"), strict=True):
            assert found == {f"{name}{index}" for index in range(40)}


def test_an_error_of_the_callers_iterable_comes_after_what_was_pulled(client: BlockingClient) -> None:
    """Nothing that was sent is lost when the source breaks."""

    def source() -> Iterator[RenderRequest]:
        yield from _requests(3)
        raise OSError("disk")

    results = client.render_stream(source())
    assert [next(results).ok for _ in range(3)] == [True] * 3
    with pytest.raises(OSError, match="disk"):
        next(results)


def test_the_first_failure_is_raised_where_asked(client: BlockingClient, node: FakeNode) -> None:
    """With on_error="raise" the iterator ends with the error."""
    node.answer = FakeFailure(code="NOT_FOUND", reason="TEMPLATE_NOT_FOUND")
    with pytest.raises(TemplateNotFoundError):
        next(iter(client.render_stream(_requests(3), on_error="raise")))


def test_leaving_the_loop_cancels_the_stream(client: BlockingClient, node: FakeNode) -> None:
    """The node stops work for a caller who is gone."""
    node.answer = lambda request: FakeDocument() if request.request_id == "d0" else Silence()
    for _ in client.render_stream(_requests(5)):
        break
    waiter = threading.Event()
    for _ in range(200):
        if node.streams_left:
            break
        waiter.wait(0.01)
    assert node.streams_left == 1


def test_the_other_calls_block_as_well(client: BlockingClient, node: FakeNode) -> None:
    """Templates, assets and health answer as the asynchronous client does."""
    bundle = {"template.yaml": b"name: a\nversion: 1\n"}
    node.assets.add("library:logo")
    assert client.check(bundle).ok
    published = client.publish(bundle)
    assert [info.ref for info in client.templates()] == [published.ref]
    assert client.template("a@1").ref == published.ref
    assert client.resolve_assets(["library:logo"])[0].ok
    assert client.prefetch("a@1")[0].ok
    assert client.describe_asset("library:logo")[0].version == "1"
    assert client.health() is NodeHealth.SERVING


def test_closing_ends_the_thread(node: FakeNode) -> None:
    """A closed client leaves no thread, says so when it is used, and may be closed twice."""
    before = threading.active_count()
    client = BlockingClient(node.target)
    client.render("a", b"{}")
    client.close()
    client.close()
    assert threading.active_count() <= before
    with pytest.raises(RuntimeError, match="closed"):
        client.render("a", b"{}")
    with pytest.raises(RuntimeError, match="closed"):
        list(client.render_stream(_requests(1)))


def test_closing_wakes_a_thread_that_waits(node: FakeNode, config: ClientConfig) -> None:
    """A stream in another thread ends with an error, not with a hang."""
    node.answer = Silence()
    client = BlockingClient(node.target, config=config)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(list, client.render_stream(_requests(2)))
        waiter = threading.Event()
        for _ in range(200):
            if node.received:
                break
            waiter.wait(0.01)
        client.close()
        with pytest.raises(RuntimeError, match="closed"):
            waiting.result(5)


def test_a_wrong_target_leaves_no_thread() -> None:
    """What is wrong is told before anything is started."""
    before = threading.active_count()
    with pytest.raises(ConfigError):
        BlockingClient("nowhere")
    assert threading.active_count() == before
