from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, cast

import grpc
import pytest

from pressrun.v1 import document_pb2, render_service_pb2, render_service_pb2_grpc
from pressrun_client import (
    AccessError,
    Client,
    ClientConfig,
    DeadlineError,
    Document,
    FailedDocument,
    IntegrityError,
    InvalidRecordError,
    InvalidRequestError,
    LimitExceededError,
    NodeUnavailableError,
    OverloadedError,
    RenderRequest,
    Result,
    TemplateNotFoundError,
    UnsupportedError,
)
from pressrun_client.testing import Answer, BreakStream, FakeDocument, FakeFailure, FakeNode, Silence
from pressrun_client.testing.answers import response_items


def _requests(count: int, record: bytes = b"{}") -> Iterator[RenderRequest]:
    return (RenderRequest("a", record, request_id=f"d{index}") for index in range(count))


async def _later(requests: Iterator[RenderRequest]) -> AsyncIterator[RenderRequest]:
    for request in requests:
        await asyncio.sleep(0)
        yield request


async def _collect(results: AsyncIterator[Result]) -> list[Result]:
    return [result async for result in results]


def _ids(results: list[Result]) -> list[str]:
    return [result.request_id for result in results]


def _later_ones_first(request: document_pb2.DocumentRequest) -> Answer:
    return FakeDocument(delay=0.06 if request.request_id == "d0" else 0.0)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_many_documents_share_one_stream(client: Client, node: FakeNode, asynchronous: bool) -> None:  # noqa: FBT001 - pytest names it
    """Every request has its answer, over one call, which both sides end in good form."""
    requests = _requests(300)
    results = await _collect(client.render_stream(_later(requests) if asynchronous else requests))
    assert sorted(_ids(results)) == sorted(f"d{index}" for index in range(300))
    assert all(result.ok for result in results)
    assert (node.streams, node.streams_left) == (1, 0)


async def test_results_come_as_they_are_completed(client: Client, node: FakeNode) -> None:
    """A slow document delays no other."""
    node.answer = _later_ones_first
    assert _ids(await _collect(client.render_stream(_requests(5))))[-1] == "d0"


async def test_ordered_results_come_in_the_order_of_the_requests(client: Client, node: FakeNode) -> None:
    """A slow document holds back those after it, and only in the order."""
    node.answer = _later_ones_first
    results = await _collect(client.render_stream(_requests(100), ordered=True, max_in_flight=8))
    assert _ids(results) == [f"d{index}" for index in range(100)]


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_never_more_are_unanswered_than_allowed(
    client: Client,
    node: FakeNode,
    ordered: bool,  # noqa: FBT001 - pytest names it
    asynchronous: bool,  # noqa: FBT001 - pytest names it
) -> None:
    """The node sees exactly as many documents at once as it may, and pulling keeps pace with handing over."""
    node.answer = lambda _: FakeDocument(delay=0.002)
    pulled = 0
    handed = 0
    most_ahead = 0

    def source() -> Iterator[RenderRequest]:
        nonlocal pulled, most_ahead
        for request in _requests(60):
            pulled += 1
            most_ahead = max(most_ahead, pulled - handed)
            yield request

    requests = _later(source()) if asynchronous else source()
    async for _ in client.render_stream(requests, ordered=ordered, max_in_flight=5):
        handed += 1
    assert handed == 60
    assert node.most_unanswered == 5
    # One more: a result is counted here after the loop body began, and makes room before.
    assert most_ahead <= 6


async def test_a_slow_caller_holds_back_the_pulling(client: Client) -> None:
    """What was not taken is not replaced, so memory does not grow."""
    pulled: list[str] = []

    def source() -> Iterator[RenderRequest]:
        for request in _requests(50):
            pulled.append(request.request_id)
            yield request

    async with aclosing(client.render_stream(source(), max_in_flight=4)) as results:
        await anext(results)
        await asyncio.sleep(0.1)
        assert len(pulled) == 5


async def test_nothing_is_pulled_before_the_first_result_is_asked_for(client: Client, node: FakeNode) -> None:
    """Making the stream costs nothing."""
    pulled: list[int] = []

    def source() -> Iterator[RenderRequest]:
        pulled.append(1)
        yield RenderRequest("a", b"{}")

    stream = client.render_stream(source())
    await asyncio.sleep(0.01)
    assert pulled == []
    assert node.streams == 0
    await stream.aclose()


async def test_what_waits_is_sent_together(client: Client, node: FakeNode) -> None:
    """Documents that are ready at once go in one message; ids that nobody gave are made up and differ."""
    requests = [RenderRequest("a", b"{}") for _ in range(20)]
    results = await _collect(client.render_stream(requests))
    assert len(node.messages) == 1
    assert len(node.messages[0].items) == 20
    assert len(set(_ids(results))) == 20


async def test_messages_stay_below_a_mebibyte(client: Client, node: FakeNode) -> None:
    """Large records are not put together past the limit; one above it goes alone."""
    records = [b" " * 400_000] * 5 + [b" " * 1_500_000] + [b"{}"] * 3
    requests = (RenderRequest("a", record, request_id=f"d{i}") for i, record in enumerate(records))
    results = await _collect(client.render_stream(requests))
    assert len(results) == 9
    assert all(message.ByteSize() <= 1024 * 1024 for message in node.messages if len(message.items) > 1)
    assert max(len(message.items) for message in node.messages) >= 2
    assert [request.request_id for request in node.received] == [f"d{i}" for i in range(9)]


async def test_a_failed_document_ends_nothing(client: Client, node: FakeNode) -> None:
    """By default a failure is a result among the others."""

    def answer(request: document_pb2.DocumentRequest) -> Answer:
        if request.request_id == "d3":
            return FakeFailure(code="NOT_FOUND", reason="TEMPLATE_NOT_FOUND", after=b"thrown away")
        return FakeDocument()

    node.answer = answer
    results = await _collect(client.render_stream(_requests(10), ordered=True))
    assert [result.ok for result in results] == [index != 3 for index in range(10)]
    failed = results[3]
    assert isinstance(failed, FailedDocument)
    assert isinstance(failed.error, TemplateNotFoundError)
    assert failed.error.request_id == "d3"
    assert failed.attempts == 1


async def test_a_failed_document_ends_the_stream_where_asked(client: Client, node: FakeNode) -> None:
    """With on_error="raise" the first failure is raised, and the stream is left."""
    node.answer = [FakeDocument(), FakeFailure(code="NOT_FOUND", reason="TEMPLATE_NOT_FOUND"), Silence()]
    results = client.render_stream(_requests(100), on_error="raise", max_in_flight=4)
    assert (await anext(results)).ok
    with pytest.raises(TemplateNotFoundError):
        await anext(results)
    await node.wait_for(lambda: node.streams_left == 1)


async def test_what_is_wrong_before_sending_fails_alone(client: Client, node: FakeNode) -> None:
    """A record that is no JSON, a bad field and a doubled id are failures of their documents, and are not sent."""
    wrong: list[RenderRequest] = [
        RenderRequest("a", b"{}", request_id="good"),
        RenderRequest("a", cast("Any", {"x": {1}}), request_id="set"),
        RenderRequest("a", b"{}", request_id="zeit", time_limit=-1),
        RenderRequest("a@", b"{}", request_id="template"),
        RenderRequest("a", b"{}", request_id="good"),
        RenderRequest("a", b"{}", request_id="ünïcode"),
    ]
    results = await _collect(client.render_stream(wrong, ordered=True))
    assert [result.ok for result in results] == [True, False, False, False, False, False]
    errors = [result.error for result in results if isinstance(result, FailedDocument)]
    assert isinstance(errors[0], InvalidRecordError)
    assert all(isinstance(error, InvalidRequestError) for error in errors)
    assert [error.request_id for error in errors] == ["set", "zeit", "template", "good", "ünïcode"]
    assert [request.request_id for request in node.received] == ["good"]


async def test_only_wrong_documents_need_no_node(config: ClientConfig) -> None:
    """More wrong documents than fit in the window come out without any call."""
    async with Client("127.0.0.1:9", config=config) as client:
        requests = (RenderRequest("a", cast("Any", 7)) for _ in range(30))
        results = await _collect(client.render_stream(requests, max_in_flight=4, ordered=True))
    assert len(results) == 30
    assert not any(result.ok for result in results)


async def test_no_requests_give_no_results(client: Client, node: FakeNode) -> None:
    """An empty stream ends at once, without a call."""
    assert await _collect(client.render_stream([])) == []
    assert node.streams == 0


async def test_passing_failures_are_sent_again(client: Client, node: FakeNode) -> None:
    """A full node is asked again after the time that it names, with the same moment, on the same stream."""
    attempts: dict[str, list[document_pb2.DocumentRequest]] = {}

    def answer(request: document_pb2.DocumentRequest) -> Answer:
        attempts.setdefault(request.request_id, []).append(request)
        if len(attempts[request.request_id]) < 3:
            return FakeFailure(code="RESOURCE_EXHAUSTED", reason="QUEUE_FULL", retry_after=0.02)
        return FakeDocument()

    node.answer = answer
    results = await _collect(client.render_stream(_requests(10)))
    assert [(result.ok, result.attempts) for result in results] == [(True, 3)] * 10
    assert all(isinstance(result, Document) and result.latency >= 0.04 for result in results)
    for tries in attempts.values():
        assert len({one.as_of.ToNanoseconds() for one in tries}) == 1
    assert node.streams == 1


async def test_a_repeat_is_the_request_of_the_first_time(client: Client, node: FakeNode) -> None:
    """A mapping that the caller changes meanwhile is sent again as it was."""
    record = {"balance": "1.00"}

    def answer(_: document_pb2.DocumentRequest) -> Answer:
        record["balance"] = "9.99"
        return FakeDocument() if len(node.received) > 1 else FakeFailure(code="UNAVAILABLE")

    node.answer = answer
    await _collect(client.render_stream([RenderRequest("a", record)]))
    assert [request.record_json for request in node.received] == [b'{"balance":"1.00"}'] * 2


async def test_repeats_are_bounded(node: FakeNode, config: ClientConfig) -> None:
    """After the last attempt the failure is the result."""
    node.answer = FakeFailure(code="RESOURCE_EXHAUSTED", reason="QUEUE_FULL", retry_after=0.001)
    async with Client(config=replace(config, target=node.target, attempts=3)) as client:
        (result,) = await _collect(client.render_stream(_requests(1)))
    assert isinstance(result, FailedDocument)
    assert isinstance(result.error, OverloadedError)
    assert result.attempts == 3
    assert len(node.received) == 3


@pytest.mark.parametrize("code", ["UNAVAILABLE", "INTERNAL", "UNKNOWN", "CANCELLED", "OK"])
async def test_a_broken_stream_is_replaced(client: Client, node: FakeNode, code: str) -> None:
    """Documents without completion go to a new stream, once; what came of them is thrown away."""
    broken = False

    def answer(request: document_pb2.DocumentRequest) -> Answer:
        nonlocal broken
        if request.request_id == "d7" and not broken:
            broken = True
            return BreakStream(code=code, after=b"the first half of")
        return FakeDocument(content=b"whole " + request.request_id.encode())

    node.answer = answer
    results = await _collect(client.render_stream(_requests(40), ordered=True, max_in_flight=16))
    assert _ids(results) == [f"d{index}" for index in range(40)]
    for result in results:
        assert isinstance(result, Document)
        assert result.content == b"whole " + result.request_id.encode()
    assert node.streams == 2
    assert results[7].attempts == 2


async def test_completed_documents_are_not_sent_again(client: Client, node: FakeNode) -> None:
    """Only what has no answer goes to the new stream."""
    node.answer = lambda request: BreakStream() if request.request_id == "d2" and node.streams == 1 else FakeDocument()
    async with aclosing(client.render_stream(_requests(3), max_in_flight=1)) as results:
        assert [result.ok async for result in results] == [True] * 3
    assert [request.request_id for request in node.received] == ["d0", "d1", "d2", "d2"]


async def test_a_stream_that_always_breaks_fails_its_documents(client: Client, node: FakeNode) -> None:
    """Bounded attempts end in failures that say the node is away; the run itself goes to its end."""
    node.answer = BreakStream()
    results = await _collect(client.render_stream(_requests(3)))
    assert len(results) == 3
    for result in results:
        assert isinstance(result, FailedDocument)
        assert isinstance(result.error, NodeUnavailableError)
        assert result.error.retryable
        assert result.attempts == client.config.attempts


async def test_a_node_that_restarts_is_found_again(node: FakeNode) -> None:
    """Documents in flight when the node goes down are made when it is back."""
    node.answer = lambda _: Silence() if node.streams == 1 else FakeDocument()
    async with Client(node.target) as client:
        task = asyncio.create_task(_collect(client.render_stream(_requests(5))))
        await node.wait_for(lambda: len(node.received) == 5)
        await node.stop()
        await node.start()
        results = await task
    assert [(result.ok, result.attempts > 1) for result in results] == [(True, True)] * 5


async def test_a_draining_node_finishes_what_it_has(client: Client, node: FakeNode) -> None:
    """What a draining node refuses goes out on a new stream; what it accepted comes on the old one, to its end."""

    def answer(request: document_pb2.DocumentRequest) -> Answer:
        if request.request_id == "d0":
            return FakeDocument(content=b"accepted", delay=0.15)
        return FakeFailure(code="UNAVAILABLE", reason="DRAINING") if node.streams == 1 else FakeDocument()

    node.answer = answer
    results = await _collect(client.render_stream(_requests(6), ordered=True))
    assert all(result.ok for result in results)
    assert [result.attempts for result in results] == [1, 2, 2, 2, 2, 2]
    assert (node.streams, node.streams_left) == (2, 0)


@pytest.mark.parametrize(("code", "kind"), [("UNAUTHENTICATED", AccessError), ("UNIMPLEMENTED", UnsupportedError)])
async def test_a_stream_that_cannot_go_on_is_raised(
    client: Client, node: FakeNode, code: str, kind: type[Exception]
) -> None:
    """Where each document would meet the same end, the end is told once, and is not tried again."""
    node.answer = BreakStream(code=code)
    with pytest.raises(kind):
        await _collect(client.render_stream(_requests(50), max_in_flight=2))
    assert node.streams == 1


async def test_a_message_over_the_nodes_limit_fails_only_its_document(config: ClientConfig) -> None:
    """A node with a smaller limit breaks the stream; the one large document is told, the others are made."""
    async with FakeNode(message_limit=2 * 1024 * 1024) as node:
        requests = [*_requests(3), RenderRequest("a", b" " * 3_000_000, request_id="large")]
        async with Client(node.target, config=config) as client:
            results = await _collect(client.render_stream(requests, ordered=True))
    assert [result.ok for result in results] == [True, True, True, False]
    failed = results[3]
    assert isinstance(failed, FailedDocument)
    assert isinstance(failed.error, LimitExceededError)


async def test_a_request_over_our_own_limit_is_not_sent(node: FakeNode, config: ClientConfig) -> None:
    """It fails alone; the stream does not break."""
    small = replace(config, target=node.target, message_limit=100_000)
    async with Client(config=small) as client:
        requests = [RenderRequest("a", b" " * 100_000, request_id="large"), *_requests(2)]
        results = await _collect(client.render_stream(requests, ordered=True))
    assert [result.ok for result in results] == [False, True, True]
    assert node.streams == 1


@pytest.mark.parametrize(
    "answer",
    [
        FakeDocument(content=b"x" * 100, sha256="0" * 64),
        FakeDocument(content=b"x" * 100, size=99),
        FakeDocument(content=b"x" * 100, part_size=30, skip_part=1),
    ],
)
async def test_wrong_bytes_are_never_handed_out(client: Client, node: FakeNode, answer: FakeDocument) -> None:
    """A wrong digest, size or part is a failure of its document, is not tried again, and harms no other."""
    node.answer = lambda request: answer if request.request_id == "d1" else FakeDocument()
    results = await _collect(client.render_stream(_requests(4), ordered=True))
    assert [result.ok for result in results] == [True, False, True, True]
    failed = results[1]
    assert isinstance(failed, FailedDocument)
    assert isinstance(failed.error, IntegrityError)
    assert failed.error.request_id == "d1"
    assert failed.attempts == 1


async def test_a_document_that_takes_too_long_is_cancelled_alone(client: Client, node: FakeNode) -> None:
    """Its time limit makes it a failure, the node is told, and the stream goes on."""
    node.answer = lambda request: Silence() if request.request_id == "slow" else FakeDocument()
    requests = [RenderRequest("a", b"{}", request_id="slow", time_limit=0.1), *_requests(3)]
    started = time.monotonic()
    results = await _collect(client.render_stream(requests))
    assert time.monotonic() - started < 1.0
    failed = results[-1]
    assert isinstance(failed, FailedDocument)
    assert isinstance(failed.error, DeadlineError)
    assert sum(result.ok for result in results) == 3
    await node.wait_for(lambda: node.cancelled == ["slow"])
    assert node.streams == 1


async def test_waits_between_attempts_end_with_the_time_limit(client: Client, node: FakeNode) -> None:
    """A wait that the time limit would cut is not begun: the failure that asked for it is the result."""
    node.answer = FakeFailure(code="RESOURCE_EXHAUSTED", reason="QUEUE_FULL", retry_after=5.0)
    (result,) = await _collect(client.render_stream([RenderRequest("a", b"{}", time_limit=1.0)]))
    assert isinstance(result, FailedDocument)
    assert isinstance(result.error, OverloadedError)


async def test_leaving_the_loop_cancels_the_stream(client: Client, node: FakeNode) -> None:
    """The node stops work for a caller who is gone, and no task is left behind."""
    node.answer = lambda request: FakeDocument() if request.request_id == "d0" else Silence()
    before = asyncio.all_tasks()
    async for result in client.render_stream(_requests(10)):
        assert result.request_id == "d0"
        break
    await node.wait_for(lambda: node.streams_left == 1)
    await node.wait_for(
        lambda: not {task for task in asyncio.all_tasks() - before if "RenderStream" in repr(task.get_coro())}
    )


async def test_a_stream_that_is_left_while_it_is_sent_counts(node: FakeNode) -> None:
    """Also a stream whose answer is larger than what the caller takes, so that the node is in the midst of sending."""
    node.answer = FakeDocument(content=b"%PDF-" + bytes(40_000_000))
    async with grpc.aio.insecure_channel(node.target) as channel:
        call = render_service_pb2_grpc.RenderServiceStub(channel).Render()
        message = render_service_pb2.RenderRequest()
        message.items.add().document.request_id = "d0"
        await call.write(message)
        await call.read()
        call.cancel()
        await node.wait_for(lambda: node.streams_left == 1)


async def test_a_cancelled_caller_cancels_the_stream(client: Client, node: FakeNode) -> None:
    """Cancelling the task that reads results is a cancellation, and ends the call."""
    node.answer = Silence()
    task = asyncio.create_task(_collect(client.render_stream(_requests(3))))
    await node.wait_for(lambda: len(node.received) == 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await node.wait_for(lambda: node.streams_left == 1)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_error_of_the_callers_iterable_comes_after_what_was_pulled(
    client: Client,
    node: FakeNode,
    asynchronous: bool,  # noqa: FBT001 - pytest names it
) -> None:
    """Nothing that was sent is lost when the source breaks."""
    node.answer = FakeDocument(delay=0.03)

    def source() -> Iterator[RenderRequest]:
        yield from _requests(3)
        raise OSError("disk")

    results = client.render_stream(_later(source()) if asynchronous else source())
    assert [(await anext(results)).ok for _ in range(3)] == [True] * 3
    with pytest.raises(OSError, match="disk"):
        await anext(results)


async def test_what_is_no_request_is_a_type_error(client: Client) -> None:
    """A caller's mistake is told as one."""
    with pytest.raises(TypeError, match="RenderRequest, not dict"):
        await _collect(client.render_stream(cast("Any", [{"template": "a"}])))


@pytest.mark.parametrize("wrong", [{"on_error": "ignore"}, {"max_in_flight": 0}])
async def test_wrong_options_are_told_at_once(client: Client, wrong: dict[str, Any]) -> None:
    """They are refused when the stream is made, before anything is pulled."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        client.render_stream([], **wrong)


async def test_large_documents_come_in_parts_beside_small_ones(client: Client, node: FakeNode) -> None:
    """Parts of several documents that alternate are kept apart."""
    node.answer = lambda request: FakeDocument(
        content=request.request_id.encode() * (200_000 if request.request_id in ("d0", "d1") else 3), part_size=50_000
    )
    for result in await _collect(client.render_stream(_requests(10))):
        assert isinstance(result, Document)
        assert set(result.content.split(b"d")[1:]) == {result.request_id[1:].encode()}


async def test_streams_of_one_client_do_not_mix(client: Client) -> None:
    """Two streams at once, with the same ids, each get their own."""
    first, second = await asyncio.gather(
        _collect(client.render_stream(_requests(50, b'{"a":1}'))),
        _collect(client.render_stream(_requests(50, b'{"b":2}'))),
    )
    assert len({cast("Document", result).content for result in first}) == 1
    assert cast("Document", first[0]).content != cast("Document", second[0]).content


@pytest.mark.parametrize(
    "broken",
    [
        render_service_pb2.RenderResponse(items=[{"request_id": "d0", "head": 3, "data": b"x"}]),
        render_service_pb2.RenderResponse(heads=[{"number": 99, "data": b"x"}]),
    ],
)
async def test_shared_heads_that_were_never_agreed_break_the_call(
    config: ClientConfig, broken: render_service_pb2.RenderResponse
) -> None:
    """A head that never came, or one beyond what is kept, ends the call, and its documents go on another one."""
    calls = 0

    class Confused(render_service_pb2_grpc.RenderServiceServicer):
        async def Render(self, request_iterator: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the contract's form
            nonlocal calls
            calls += 1
            async for request in request_iterator:
                assert request.shared_heads > 0
                if calls == 1:
                    yield broken
                    await asyncio.Event().wait()
                for item in request.items:
                    yield render_service_pb2.RenderResponse(items=response_items(item.document, FakeDocument()))

    server = grpc.aio.server()
    render_service_pb2_grpc.add_RenderServiceServicer_to_server(Confused(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with Client(config=replace(config, target=f"127.0.0.1:{port}", health_check=False)) as client:
            (result,) = await _collect(client.render_stream(_requests(1)))
    finally:
        await server.stop(0)
    assert result.ok
    assert (calls, result.attempts) == (2, 2)
