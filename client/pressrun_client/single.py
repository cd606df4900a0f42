"""One document over a call of its own: its parts joined, sent again or gone on with where that helps."""

from __future__ import annotations

import asyncio
import time
import uuid

import grpc

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun.v1.render_service_pb2_grpc import RenderServiceStub
from pressrun_client.config import ClientConfig
from pressrun_client.conversion.request import fill_request
from pressrun_client.document import Document
from pressrun_client.errors import (
    DeadlineError,
    NodeUnavailableError,
    PinsMismatchError,
    RenderError,
)
from pressrun_client.failure import error_from_rpc, request_too_large
from pressrun_client.flight import Flight
from pressrun_client.lane import cancelled_by_peer
from pressrun_client.models.request import RenderRequest
from pressrun_client.retry import retry_delay
from pressrun_client.trace import trace_metadata

__all__ = ["fly", "render_document"]


async def render_document(stub: RenderServiceStub, config: ClientConfig, request: RenderRequest) -> Document:
    """Renders one document.

    Args:
        stub: where to send it.
        config: the bounds.
        request: what to render.

    Raises:
        RenderError: there is no document; the class says why.
    """
    return await fly(stub, config, Flight(0, request, request.request_id or uuid.uuid4().hex, config))


async def fly(stub: RenderServiceStub, config: ClientConfig, flight: Flight) -> Document:
    """Brings a document in. Where a part of it is here, it goes on from there, on whatever node answers.

    Raises:
        RenderError: there is no document; the class says why.
    """
    while True:
        now = time.monotonic()
        if now >= flight.deadline:
            raise _late(flight)
        resuming = flight.resumable
        if not resuming:
            flight.ground()
        message = _message(flight, config, now, resuming=resuming)
        flight.attempts += 1
        flight.sent = now
        delay: float | None = 0.0
        try:
            return await _attempt(stub, config, flight, message)
        except RenderError as error:
            error.request_id = error.request_id or flight.request_id
            if resuming and isinstance(error, PinsMismatchError):
                # That node cannot make the same bytes; any node can make all of them.
                flight.ground()
            else:
                flight.refusals += error.reason == "DRAINING"
                tried = flight.attempts - flight.refusals
                delay = retry_delay(config, error, tried, flight.deadline - time.monotonic())
            if delay is None or flight.attempts - flight.refusals >= config.attempts:
                raise
        await asyncio.sleep(delay)


def _message(
    flight: Flight, config: ClientConfig, now: float, *, resuming: bool
) -> render_service_pb2.RenderDocumentRequest:
    message = render_service_pb2.RenderDocumentRequest()
    fill_request(
        message.document,
        flight.request,
        request_id=flight.request_id,
        record=flight.record,
        as_of=flight.as_of,
        time_limit=flight.deadline - now,
    )
    if resuming:
        assert flight.header is not None
        message.document.pins.CopyFrom(document_pb2.DocumentHeader.FromString(flight.header).pins)
        message.resume_offset = flight.assembly.size
        message.resume_sha256 = flight.assembly.progress()
    if message.ByteSize() > config.message_limit:
        raise request_too_large(message.ByteSize(), config.message_limit, flight.request_id)
    return message


async def _attempt(
    stub: RenderServiceStub, config: ClientConfig, flight: Flight, message: render_service_pb2.RenderDocumentRequest
) -> Document:
    call = stub.RenderDocument(
        message, timeout=flight.deadline - time.monotonic(), metadata=trace_metadata(config.traceparent)
    )
    try:
        async for part in call:
            if part.HasField("header"):
                flight.header = part.header.SerializeToString()
            if part.data:
                flight.first_byte = flight.first_byte or time.monotonic()
                flight.assembly.add(part.offset, part.data)
            if part.HasField("completion"):
                parts = flight.assembly.finish(part.completion)
                return flight.delivered(parts, part.completion.SerializeToString(), time.monotonic())
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and time.monotonic() >= flight.deadline:
            raise _late(flight) from error
        raise error_from_rpc(error, target=config.target, request_id=flight.request_id) from error
    except asyncio.CancelledError:
        if not cancelled_by_peer():
            raise
        raise NodeUnavailableError("The node cancelled the call.", code="CANCELLED", retryable=True) from None
    finally:
        # Nothing on a call that ended; ends one that was left early.
        call.cancel()
    raise NodeUnavailableError("The node ended the document before its last part.", code="UNAVAILABLE", retryable=True)


def _late(flight: Flight) -> DeadlineError:
    limit = flight.deadline - flight.started
    return DeadlineError(
        f"The document was not finished within {limit:.3g} s.", code="DEADLINE_EXCEEDED", request_id=flight.request_id
    )
