from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from google.rpc import error_details_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.spec import Priority
from pressrun_server.render.admission import AdmissionConfig
from pressrun_server.rpc import render_stream
from pressrun_server.rpc.config import RpcConfig
from pressrun_server.rpc.outbox import Outbox, Part
from pressrun_server.rpc.render_stream import RenderStream

Response = render_service_pb2.RenderResponse


def _item(request_id: str, record: bytes = b"{}", template: str = "statement") -> render_service_pb2.RenderRequestItem:
    document = document_pb2.DocumentRequest(
        request_id=request_id, record_json=record, template=document_pb2.TemplateRef(name=template)
    )
    return render_service_pb2.RenderRequestItem(document=document)


def _cancel(request_id: str) -> render_service_pb2.RenderRequestItem:
    return render_service_pb2.RenderRequestItem(cancel_request_id=request_id)


class _Wire:
    """The client's side: messages to be read, messages written."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[list[render_service_pb2.RenderRequestItem] | None] = asyncio.Queue()
        self.read = 0
        self.messages: list[Response] = []
        self.blocked: asyncio.Event | None = None

    def send(self, *items: render_service_pb2.RenderRequestItem) -> None:
        self.incoming.put_nowait(list(items))

    def end(self) -> None:
        self.incoming.put_nowait(None)

    async def requests(self) -> AsyncIterator[render_service_pb2.RenderRequest]:
        while (items := await self.incoming.get()) is not None:
            self.read += 1
            yield render_service_pb2.RenderRequest(items=items)

    async def write(self, response: bytes) -> None:
        if self.blocked is not None:
            await self.blocked.wait()
        self.messages.append(Response.FromString(response))

    def answers(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for message in self.messages:
            for part in message.items:
                found.setdefault(part.request_id, []).append(part)
        return found


@pytest.fixture
def serve(build: Callable[..., Any]) -> Callable[..., Any]:
    """Starts a stream on a bench."""

    async def start(admission: AdmissionConfig | None = None, **config: Any) -> SimpleNamespace:
        bench, wire = await build(admission), _Wire()
        limits = SimpleNamespace(max_record_bytes=1000, max_time_limit=60.0)
        stream = RenderStream(bench.pipeline, RpcConfig(**config), limits, wire.write, None)  # type: ignore[arg-type]
        task = asyncio.create_task(stream.run(wire.requests()))
        return SimpleNamespace(bench=bench, wire=wire, stream=stream, task=task)

    return start


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.001)


async def test_small_document_is_one_item(serve: Callable[..., Any]) -> None:
    """A small document comes as one item with header, data and completion."""
    run = await serve()
    run.bench.composers.script = [b"%PDF-all"]
    run.wire.send(_item("a"))
    run.wire.end()
    await run.task
    ((part,),) = run.wire.answers().values()
    assert part.data == b"%PDF-all"
    assert part.header.pins.template_digest == part.completion.manifest.pins.template_digest
    assert part.completion.manifest.document.size == 8
    assert not part.HasField("failure")


async def test_a_full_node_refuses_before_it_reads(serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the queue each document is refused with the time to come back and counted once, without being read."""
    run = await serve(AdmissionConfig(slots=1, queue=0))
    run.bench.composers.script = [b"%PDF"]
    held = await run.bench.admission.admit(1, Priority.BATCH)
    with monkeypatch.context() as patch:
        patch.setattr(render_stream, "render_spec", lambda *_: pytest.fail("it was read"))
        run.wire.send(*[_item(f"r{number}") for number in range(20)])
        await _until(lambda: len(run.wire.answers()) == 20)
    for (part,) in run.wire.answers().values():
        assert part.failure.code == 8
        details = {detail.TypeName().rpartition(".")[2]: detail for detail in part.failure.details}
        info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
        details["ErrorInfo"].Unpack(info)
        details["RetryInfo"].Unpack(retry)
        assert info.reason == "QUEUE_FULL"
        assert retry.retry_delay.ToTimedelta().total_seconds() >= 0.1
    value = run.bench.value(
        "pressrun_documents_total", template="unknown", channel="print", result="refused", reason="QUEUE_FULL"
    )
    assert value == 20
    held.release()
    run.wire.send(_item("r0"))
    run.wire.end()
    await run.task
    assert run.wire.answers()["r0"][-1].HasField("completion")


async def test_large_document_comes_in_parts(serve: Callable[..., Any]) -> None:
    """A large document comes in order, in parts of the chunk size, header first and completion last."""
    run = await serve(chunk_bytes=4)
    run.bench.composers.script = [b"0123456789", b"abc", b"end"]
    run.wire.send(_item("a"))
    run.wire.end()
    await run.task
    (parts,) = run.wire.answers().values()
    assert [(part.offset, part.data) for part in parts] == [
        (0, b"0123"), (4, b"4567"), (8, b"89"), (10, b"abc"), (13, b"end"),
    ]  # fmt: skip
    assert [part.HasField("header") for part in parts] == [True, False, False, False, False]
    assert [part.HasField("completion") for part in parts] == [False, False, False, False, True]


async def test_failures_are_items(serve: Callable[..., Any]) -> None:
    """Wrong requests and failing documents are items of the stream; the others are rendered and the stream ends OK."""
    run = await serve()
    no_item = render_service_pb2.RenderRequestItem()
    run.wire.send(_item("ok1"), _item("gone", template="nothing"), _item("", b"{}"), _item("big", bytes(1001)), no_item)
    run.wire.send(_item("bad", b"bad"), _item("ok2"))
    run.wire.end()
    await run.task
    answers = run.wire.answers()
    assert {name: parts[-1].failure.code for name, parts in answers.items() if name} == {
        "ok1": 0, "ok2": 0, "gone": 5, "big": 8, "bad": 3,
    }  # fmt: skip
    assert [part.failure.code for part in answers[""]] == [3, 3]
    assert run.bench.count("failed", "LIMIT_EXCEEDED", "unknown", "unknown") == 1


async def test_in_flight_is_bounded(serve: Callable[..., Any]) -> None:
    """With the bound reached no further message is read; one that ends lets one in."""
    run = await serve(stream_documents=3)
    gate = asyncio.Event()
    run.bench.composers.script = [gate, b"x"]
    for number in range(10):
        run.wire.send(_item(f"d{number}"))
    run.wire.end()
    await _until(lambda: len(run.bench.composers.jobs) == 3)
    await asyncio.sleep(0.01)
    assert (run.stream.in_flight, run.wire.read, len(run.bench.composers.jobs)) == (3, 4, 3)
    gate.set()
    await run.task
    assert len(run.wire.answers()) == 10


async def test_waiting_parts_leave_together(serve: Callable[..., Any]) -> None:
    """What waits while a message is on its way leaves in one message, up to the limit."""
    run = await serve(message_bytes=6000)
    run.bench.composers.script = [b"x" * 1000]
    run.wire.blocked = asyncio.Event()
    run.wire.send(*(_item(f"d{number}") for number in range(9)))
    run.wire.end()
    await _until(lambda: run.stream.in_flight == 0 and len(run.bench.composers.jobs) == 9)
    run.wire.blocked.set()
    await run.task
    sizes = [len(message.items) for message in run.wire.messages]
    assert sum(sizes) == 9
    assert len(sizes) <= 5
    assert max(message.ByteSize() for message in run.wire.messages) <= 6000


async def test_slow_client_stops_composers(serve: Callable[..., Any]) -> None:
    """A client that does not read leaves few bytes here; documents pause instead of piling up."""
    run = await serve(waiting_bytes=5000, chunk_bytes=1000)
    run.wire.blocked = asyncio.Event()
    run.bench.composers.script = [b"x" * 1000] * 50
    run.bench.composers.one_turn = False
    run.wire.send(_item("a"), _item("b"))
    run.wire.end()
    await _until(lambda: len(run.bench.composers.jobs) == 2)
    await asyncio.sleep(0.05)
    assert run.stream._outbox._size < 5000 + 2 * 1600
    run.wire.blocked.set()
    await run.task
    assert all(len(b"".join(part.data for part in parts)) == 50_000 for parts in run.wire.answers().values())


async def test_one_document_can_be_cancelled(serve: Callable[..., Any]) -> None:
    """A cancelled document ends with CANCELLED, alone; also one that was cancelled in the message that brought it."""
    run = await serve()
    gate = asyncio.Event()
    run.bench.composers.script = [gate, b"x"]
    run.wire.send(_item("early"), _cancel("early"), _item("late"), _item("stays"), _cancel("unknown"))
    await _until(lambda: len(run.bench.composers.jobs) == 2)
    run.wire.send(_cancel("late"), _cancel("late"))
    await _until(lambda: len(run.wire.answers()) == 2)
    gate.set()
    run.wire.end()
    await run.task
    assert {name: parts[-1].failure.code for name, parts in run.wire.answers().items()} == {
        "early": 1, "late": 1, "stays": 0,
    }  # fmt: skip
    assert run.bench.admission.active == 0


async def test_request_id_must_be_free(serve: Callable[..., Any]) -> None:
    """An id that is in flight is refused; after its document ended it may be used again."""
    run = await serve()
    gate = asyncio.Event()
    run.bench.composers.script = [gate, b"x"]
    run.wire.send(_item("a"), _item("a"))
    await _until(lambda: len(run.wire.answers()) == 1)
    assert run.wire.answers()["a"][0].failure.code == 3
    gate.set()
    await _until(lambda: len(run.wire.answers()["a"]) == 2)
    run.wire.send(_item("a"))
    run.wire.end()
    await run.task
    assert [part.failure.code for part in run.wire.answers()["a"]] == [3, 0, 0]


async def test_cancelled_stream_leaves_nothing(serve: Callable[..., Any]) -> None:
    """A cancelled stream stops all its documents and composers and leaves no task."""
    run = await serve()
    run.bench.composers.script = [b"x", asyncio.Event(), b"y"]
    run.wire.send(*(_item(f"d{number}") for number in range(5)))
    await _until(lambda: len(run.bench.composers.jobs) == 5)
    before = len(asyncio.all_tasks())
    run.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run.task
    await asyncio.sleep(0)
    assert run.bench.composers.given_up == 5
    assert (run.stream.in_flight, run.bench.admission.active) == (0, 0)
    assert len(asyncio.all_tasks()) == before - 9  # stream, reader, writer, drain, documents


async def test_broken_writer_ends_the_stream(serve: Callable[..., Any]) -> None:
    """A client that can't be written to ends the stream with that error, and its work."""
    run = await serve()

    async def broken(_: Response) -> None:
        raise ConnectionResetError

    run.stream._outbox._write = broken
    run.wire.send(_item("a"), _item("b"))
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(run.task, 2)
    assert run.bench.admission.active == 0


async def test_drained_stream_ends_when_idle(serve: Callable[..., Any]) -> None:
    """A drained stream finishes what is in flight, refuses what comes, then ends with DRAINING."""
    run = await serve()
    gate = asyncio.Event()
    run.bench.composers.script = [gate, b"x"]
    run.wire.send(_item("old"))
    await _until(lambda: len(run.bench.composers.jobs) == 1)
    run.bench.admission.close()
    run.stream.drain()
    run.wire.send(_item("new"))
    await _until(lambda: "new" in run.wire.answers())
    assert run.wire.answers()["new"][0].failure.code == 14
    gate.set()
    with pytest.raises(PressrunError) as error:
        await asyncio.wait_for(run.task, 2)
    assert error.value.reason is Reason.DRAINING
    assert run.wire.answers()["old"][0].HasField("completion")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400)), max_size=40), st.integers(1, 2000))
def test_outbox_keeps_order_and_bytes(parts: list[tuple[int, int]], limit: int) -> None:
    """However parts are cut into messages, each document's bytes arrive once and in order."""

    async def play() -> None:
        messages: list[Response] = []

        async def write(response: bytes) -> None:
            await asyncio.sleep(0)
            messages.append(Response.FromString(response))

        outbox = Outbox(write, message_bytes=limit, waiting_bytes=500)
        sender = asyncio.create_task(outbox.send())
        sent: dict[str, list[bytes]] = {}
        for index, (document, size) in enumerate(parts):
            data = bytes([index % 256]) * size
            sent.setdefault(str(document), []).append(data)
            await outbox.room()
            outbox.put(Part(str(document), data))
        outbox.close()
        await sender
        got: dict[str, list[bytes]] = {}
        for message in messages:
            assert message.ByteSize() <= limit or len(message.items) == 1
            for part in message.items:
                got.setdefault(part.request_id, []).append(part.data)
        assert got == sent

    asyncio.run(play())


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 6), st.integers(0, 300)), max_size=40),
    st.integers(1, 5),
    st.integers(1, 120_000),
)
def test_heads_are_sent_once_and_named_afterwards(parts: list[tuple[int, int]], most: int, limit: int) -> None:
    """A client that keeps `most` heads finds each document's bytes again, whatever was replaced meanwhile."""
    heads = [bytes([65 + kind]) * (16 * 1024 + kind) for kind in range(6)] + [b"short"]

    async def play() -> None:
        messages: list[Response] = []

        async def write(response: bytes) -> None:
            await asyncio.sleep(0)
            messages.append(Response.FromString(response))

        outbox = Outbox(write, message_bytes=limit, waiting_bytes=5000)
        assert not outbox.shares(heads[0])
        outbox.share(most)
        sender = asyncio.create_task(outbox.send())
        sent: list[bytes] = []
        for index, (kind, size) in enumerate(parts):
            data = bytes([index % 256]) * size
            head = heads[kind] if kind >= 0 and outbox.shares(heads[kind]) else b""
            sent.append(head + data)
            await outbox.room()
            outbox.put(Part(str(index), data, head=head))
        outbox.close()
        await sender
        kept: dict[int, bytes] = {}
        got: list[bytes] = []
        for message in messages:
            assert message.ByteSize() <= limit or len(message.items) == 1
            assert len({head.number for head in message.heads}) == len(message.heads)
            kept.update({head.number: head.data for head in message.heads})
            got += [(kept[item.head] if item.head else b"") + item.data for item in message.items]
        assert got == sent
        assert len(kept) <= most
        distinct = {kind for kind, _ in parts if 0 <= kind < 6}
        if len(distinct) <= most:
            assert sum(len(message.heads) for message in messages) == len(distinct)

    asyncio.run(play())


async def test_documents_wait_for_company_only_while_many_are_on_their_way() -> None:
    """With company due, finished parts leave together; alone, urgent, or with a full message, they leave at once."""
    messages: list[list[str]] = []
    due = 20

    async def write(response: bytes) -> None:
        await asyncio.sleep(0)
        messages.append([item.request_id for item in Response.FromString(response).items])

    outbox = Outbox(write, message_bytes=300, waiting_bytes=5000, linger_seconds=30.0, company=lambda: due)
    sender = asyncio.create_task(outbox.send())
    for name in ("a", "b"):
        outbox.put(Part(name, b"x" * 20))
        await asyncio.sleep(0.01)
    assert messages == []
    outbox.put(Part("c", b"x" * 400))
    await _until(lambda: messages == [["a", "b"], ["c"]])
    outbox.put(Part("d"))
    await asyncio.sleep(0.01)
    outbox.put(Part("e", urgent=True))
    await _until(lambda: messages[2:] == [["d", "e"]])
    due = 1
    outbox.put(Part("f"))
    await _until(lambda: messages[3:] == [["f"]])
    due = 20
    for number in range(20):
        due -= 1
        outbox.put(Part(f"{number}"))
        await asyncio.sleep(0)
    outbox.put(Part("g"))
    await asyncio.sleep(0.01)
    # A third of them waits at most; of the last few none does.
    sizes = [len(message) for message in messages[4:]]
    assert sizes[:2] == [7, 5]
    outbox.close()
    await sender
    assert [name for message in messages[4:] for name in message] == [*map(str, range(20)), "g"]


async def test_a_part_that_took_long_has_patience() -> None:
    """Where the first part that waits has more patience than is usual, others that come meanwhile leave with it."""
    messages: list[list[str]] = []

    async def write(response: bytes) -> None:
        await asyncio.sleep(0)
        messages.append([item.request_id for item in Response.FromString(response).items])

    outbox = Outbox(write, message_bytes=300, waiting_bytes=5000, linger_seconds=0.001, company=lambda: 20)
    sender = asyncio.create_task(outbox.send())
    for patience, name in ((0.0, "a"), (0.2, "b"), (0.0, "c")):
        part = Part(name)
        part.patience = patience
        outbox.put(part)
        await asyncio.sleep(0.03)
    assert messages == [["a"]]
    await _until(lambda: messages == [["a"], ["b", "c"]])
    outbox.close()
    await sender
