"""One document whose rows are sent while its pages come back."""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import grpc

from pressrun.v1 import document_pb2, render_service_pb2
from pressrun.v1.render_service_pb2_grpc import RenderServiceStub
from pressrun_client.config import ClientConfig
from pressrun_client.conversion.manifest import to_manifest
from pressrun_client.conversion.record import encode_record
from pressrun_client.conversion.request import fill_request, seconds
from pressrun_client.errors import IntegrityError, NodeUnavailableError
from pressrun_client.failure import error_from_rpc
from pressrun_client.gathering import Gathering
from pressrun_client.lane import cancelled_by_peer
from pressrun_client.models.manifest import Manifest
from pressrun_client.models.request import Record, RenderRequest
from pressrun_client.sending import send
from pressrun_client.trace import trace_metadata

__all__ = ["RowsDocument", "RowsSource"]

RowsSource: TypeAlias = Iterable[Record] | AsyncIterable[Record]
"""Rows: mappings, or the JSON text of each. A plain iterable is pulled on the event loop, so it should not block."""

_PART: Final = 64 * 1024
"""Bytes of rows that travel together."""
_TIME_LIMIT: Final = 3600.0
"""Such documents are long, so the limit of the client's other documents does not fit."""


class RowsDocument:
    """A document that is made of rows as they come: neither side ever holds all of it.

    Iterate over its bytes inside `async with`. Reading slowly slows the rows down. When the loop has ended, all bytes
    have been compared with the manifest.

    Args:
        stub: where to send it.
        config: the bounds.
        request: the document, without the rows.
        rows: the rows.
        rows_field: the list of the record that they are for.

    Example:
        A million rows into a file::

            async with client.render_rows("statement@1", record, rows, rows_field="transactions") as document:
                async for data in document:
                    file.write(data)
            print(document.manifest.pages)
    """

    def __init__(
        self, stub: RenderServiceStub, config: ClientConfig, request: RenderRequest, rows: RowsSource, rows_field: str
    ) -> None:
        self._stub = stub
        self._config = config
        self._request = request
        self._rows = rows
        self._rows_field = rows_field
        self._request_id = request.request_id or uuid.uuid4().hex
        self._call: Any = None
        self._writer: asyncio.Task[None] | None = None
        self._fault: Exception | None = None
        self._completion: document_pb2.DocumentCompletion | None = None

    @property
    def request_id(self) -> str:
        """The document's id."""
        return self._request_id

    @property
    def manifest(self) -> Manifest:
        """What went into the document and what came out; known when all bytes came.

        Raises:
            RuntimeError: they have not.
        """
        if self._completion is None:
            raise RuntimeError("The manifest comes after the last byte; iterate to the end first.")
        return to_manifest(self._completion.manifest)

    async def __aenter__(self) -> Self:
        """Says what the document is; rows follow by themselves.

        Raises:
            InvalidRequestError: the request is wrong.
        """
        limit = seconds(self._request, _TIME_LIMIT)
        start = render_service_pb2.RowsStart(rows_field=self._rows_field)
        fill_request(
            start.document,
            self._request,
            request_id=self._request_id,
            record=encode_record(self._request.record),
            as_of=time.time_ns() // 1000 * 1000,
            time_limit=limit,
        )
        self._call = self._stub.RenderRows(timeout=limit, metadata=trace_metadata(self._config.traceparent))
        self._writer = asyncio.create_task(self._write(render_service_pb2.RenderRowsRequest(start=start)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._call.cancel()
        assert self._writer is not None
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes, in order.

        Raises:
            RenderError: there is no document; what came so far is worth nothing.
            Exception: whatever the iterable of rows raised.
        """
        state, size = hashlib.sha256(), 0
        try:
            async for part in self._call:
                if part.data:
                    if part.offset != size:
                        raise self._broken(f"A part starts at byte {part.offset:,} where byte {size:,} was due.")
                    size += len(part.data)
                    state.update(part.data)
                    yield part.data
                if part.HasField("completion"):
                    expected = part.completion.manifest.document
                    if (expected.size, expected.sha256) != (size, state.hexdigest()):
                        raise self._broken("The bytes are not those that the manifest names.")
                    self._completion = part.completion
        except grpc.aio.AioRpcError as error:
            raise error_from_rpc(error, target=self._config.target, request_id=self._request_id) from error
        except asyncio.CancelledError:
            if not cancelled_by_peer():
                raise
            if self._fault is not None:
                raise self._fault from None
        if self._completion is None:
            raise NodeUnavailableError(
                "The node ended the document before its last part.", code="UNAVAILABLE", request_id=self._request_id
            )

    def _broken(self, message: str) -> IntegrityError:
        return IntegrityError(message, request_id=self._request_id)

    async def _write(self, start: render_service_pb2.RenderRowsRequest) -> None:
        try:
            await self._call.write(start)
            async with Gathering(self._rows, _prepared, size=_PART) as parts:
                async for part in parts:
                    rows = render_service_pb2.Rows(rows_json=b"[%s]" % b",".join(part))
                    await send(self._call, render_service_pb2.RenderRowsRequest(rows=rows))
            await self._call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # the reader knows why
        except Exception as error:  # noqa: BLE001 - the caller's own error goes back to the caller
            self._fault = error
            self._call.cancel()


def _prepared(row: Record) -> tuple[bytes, int]:
    data = encode_record(row)
    return data, len(data) + 1
