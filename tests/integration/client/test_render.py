from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pressrun_client import (
    Client,
    ClientConfig,
    DeadlineError,
    IntegrityError,
    InvalidRecordError,
    LimitExceededError,
    NodeUnavailableError,
    OutputChannel,
    OverloadedError,
    RenderCancelledError,
    RenderRequest,
    TemplateNotFoundError,
)
from pressrun_client.testing import BreakStream, FakeDocument, FakeFailure, FakeNode, Silence

_AWAY = FakeFailure(code="UNAVAILABLE", reason="DRAINING")


async def test_a_document_comes_with_its_proof(client: Client, node: FakeNode) -> None:
    """The bytes are the node's, the manifest says what they were made of."""
    node.answer = FakeDocument(content=b"%PDF-1.7", pages=3)
    document = await client.render("statement@2", {"name": "Zoë"}, locale="de-DE", attributes={"segment": "premier"})
    assert document.content == b"%PDF-1.7"
    assert document.pages == 3
    assert document.manifest.template_version == "2"
    assert document.manifest.pins.locale == "de-DE"
    assert document.attempts == 1
    assert 0 < document.time_to_first_byte <= document.latency
    (received,) = node.received
    assert received.record_json == '{"name":"Zoë"}'.encode()
    assert received.attributes.segment == "premier"


async def test_a_document_in_many_parts_is_joined(client: Client, node: FakeNode) -> None:
    """Parts of any size make the same bytes."""
    content = bytes(range(256)) * 5000
    node.answer = FakeDocument(content=content, part_size=100_000)
    assert (await client.render("a", b"{}")).content == content


async def test_a_passing_failure_is_tried_again_as_the_same_request(client: Client, node: FakeNode) -> None:
    """UNAVAILABLE and a full node are tried again, with the same id and the same moment."""
    full = FakeFailure(code="RESOURCE_EXHAUSTED", reason="QUEUE_FULL", retry_after=0.02)
    node.answer = [_AWAY, full, FakeDocument(content=b"x")]
    started = time.monotonic()
    document = await client.render("a", b"{}")
    assert document.attempts == 3
    assert document.latency >= 0.02
    assert time.monotonic() - started >= document.latency
    assert len({request.request_id for request in node.received}) == 1
    assert len({request.as_of.ToNanoseconds() for request in node.received}) == 1
    assert node.received[0].as_of.seconds > 0
    assert node.received[2].time_limit.ToNanoseconds() < node.received[0].time_limit.ToNanoseconds()


async def test_a_document_broken_in_the_middle_starts_again(client: Client, node: FakeNode) -> None:
    """What came of a broken attempt is thrown away."""
    node.answer = [BreakStream(after=b"half of"), BreakStream(code="OK"), FakeDocument(content=b"the whole")]
    document = await client.render("a", b"{}")
    assert document.content == b"the whole"
    assert document.attempts == 3


async def test_attempts_are_bounded(node: FakeNode, config: ClientConfig) -> None:
    """After the last attempt the failure is the caller's."""
    node.answer = FakeFailure(code="UNAVAILABLE", reason="COMPOSER_LOST")
    async with Client(config=replace(config, target=node.target, attempts=2)) as client:
        with pytest.raises(NodeUnavailableError) as caught:
            await client.render("a", b"{}", request_id="doc-1")
    assert len(node.received) == 2
    assert caught.value.reason == "COMPOSER_LOST"
    assert caught.value.request_id == "doc-1"


async def test_a_node_that_goes_away_costs_no_attempt(node: FakeNode, config: ClientConfig) -> None:
    """What a draining node refuses is sent on within the document's time, however often; then the failure is told."""
    node.answer = [_AWAY, _AWAY, _AWAY, FakeDocument(content=b"late")]
    async with Client(config=replace(config, target=node.target, attempts=2)) as client:
        assert (await client.render("a", b"{}")).attempts == 4
        node.answer = _AWAY
        with pytest.raises((NodeUnavailableError, DeadlineError)):
            await client.render("a", b"{}", time_limit=0.3)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (FakeFailure(code="NOT_FOUND", reason="TEMPLATE_NOT_FOUND"), TemplateNotFoundError),
        (FakeFailure(code="INVALID_ARGUMENT", reason="INVALID_RECORD"), InvalidRecordError),
        (FakeFailure(code="RESOURCE_EXHAUSTED", reason="LIMIT_EXCEEDED"), LimitExceededError),
        (FakeFailure(code="CANCELLED", reason="CANCELLED"), RenderCancelledError),
    ],
)
async def test_a_lasting_failure_is_told_at_once(
    client: Client, node: FakeNode, failure: FakeFailure, kind: type[Exception]
) -> None:
    """What would only fail again is not tried again."""
    node.answer = failure
    with pytest.raises(kind):
        await client.render("a", b"{}")
    assert len(node.received) == 1


async def test_violations_arrive(client: Client, node: FakeNode) -> None:
    """The caller learns which fields are wrong."""
    node.answer = FakeFailure(
        code="INVALID_ARGUMENT", reason="INVALID_RECORD", violations=(("record.iban", "is missing"),)
    )
    with pytest.raises(InvalidRecordError, match=r"record\.iban: is missing"):
        await client.render("a", b"{}")


async def test_a_wait_longer_than_the_time_left_is_not_begun(client: Client, node: FakeNode) -> None:
    """A node that asks to come back too late is told to the caller at once."""
    node.answer = FakeFailure(code="RESOURCE_EXHAUSTED", reason="QUEUE_FULL", retry_after=30.0)
    started = time.monotonic()
    with pytest.raises(OverloadedError) as caught:
        await client.render("a", b"{}", time_limit=5.0)
    assert caught.value.retry_after == 30.0
    assert time.monotonic() - started < 1.0


async def test_a_silent_node_ends_with_the_time_limit(client: Client, node: FakeNode) -> None:
    """The time limit holds at the client, whatever the node does."""
    node.answer = Silence()
    started = time.monotonic()
    with pytest.raises(DeadlineError, match=r"within 0\.15 s"):
        await client.render("a", b"{}", time_limit=0.15)
    assert 0.14 <= time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    "answer",
    [
        FakeDocument(content=b"x" * 100, sha256="0" * 64),
        FakeDocument(content=b"x" * 100, size=99),
        FakeDocument(content=b"x" * 100, part_size=30, skip_part=1),
    ],
)
async def test_wrong_bytes_are_never_handed_out(client: Client, node: FakeNode, answer: FakeDocument) -> None:
    """A wrong digest, a wrong size or a lost part is an error, and is not tried again."""
    node.answer = answer
    with pytest.raises(IntegrityError) as caught:
        await client.render("a", b"{}", request_id="doc-9")
    assert caught.value.request_id == "doc-9"
    assert len(node.received) == 1


async def test_a_record_over_the_message_limit_is_not_sent(node: FakeNode, config: ClientConfig) -> None:
    """The error names the sizes and the setting; nothing reaches the node."""
    async with Client(config=replace(config, target=node.target, message_limit=100_000)) as client:
        with pytest.raises(LimitExceededError, match=r"100,000 go \(message_limit\)"):
            await client.render("a", b" " * 100_000)
        with pytest.raises(LimitExceededError, match=r"100,000 go \(message_limit\)"):
            await client.explain("a", b" " * 100_000)
        with pytest.raises(LimitExceededError, match=r"100,000 go \(message_limit\)"):
            await client.put_content("a", b" " * 100_000)
    assert node.received == []


async def test_a_cancelled_caller_cancels_the_call(client: Client, node: FakeNode) -> None:
    """Leaving ends the wait at once, as a cancellation and not as an error of ours."""
    node.answer = Silence()
    task = asyncio.create_task(client.render("a", b"{}"))
    await node.wait_for(lambda: bool(node.received))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_no_node_is_told_with_the_target(config: ClientConfig) -> None:
    """Where nothing listens, the error says where."""
    async with Client(config=replace(config, target="127.0.0.1:9", attempts=2)) as client:
        with pytest.raises(NodeUnavailableError, match=r"No node answers at 127\.0\.0\.1:9"):
            await client.render("a", b"{}")


async def test_several_nodes_share_the_work(config: ClientConfig) -> None:
    """Documents go round, and past a node that says it does not serve."""
    async with (
        FakeNode() as first,
        FakeNode() as second,
        Client(f"{first.target},{second.target}", config=config) as client,
    ):
        while not (first.received and second.received):
            await client.render("a", b"{}")
        await first.set_serving(serving=False)
        await asyncio.sleep(0.05)
        before = len(first.received)
        for _ in range(4):
            await client.render("a", b"{}")
        assert len(first.received) == before


async def test_a_given_moment_and_pins_are_presented(client: Client, node: FakeNode) -> None:
    """The pins of an answer, presented again, reach the node."""
    moment = datetime(2026, 9, 30, tzinfo=UTC)
    first = await client.render("a", b"{}", as_of=moment)
    assert first.manifest.pins.as_of == moment
    await client.render_request(RenderRequest("a", b"{}", pins=first.manifest.pins, output_channel=OutputChannel.EMAIL))
    assert node.received[1].pins.engine_digest == first.manifest.pins.engine_digest
    assert node.received[1].pins.as_of.ToJsonString() == "2026-09-30T00:00:00Z"


async def test_a_closed_client_says_so(node: FakeNode) -> None:
    """A client is not used after its end."""
    client = Client(node.target)
    await client.close()
    with pytest.raises(RuntimeError, match="closed"):
        await client.render("a", b"{}")
