"""A print run as messages of RenderRun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from pressrun.v1 import render_service_pb2
from pressrun_server.model.run import FileEnd, RunEnd, RunEntry
from pressrun_server.render.manifest import Manifest
from pressrun_server.rpc.answers import fill_manifest
from pressrun_server.rpc.status import status_of

__all__ = ["RunDelivery"]

_MOST_ENTRIES = 64
"""Of a message."""


class RunDelivery:
    """Puts what comes into messages of about a chunk, so that a small document costs none of its own.

    Args:
        write: sends a message.
        chunk: bytes of files in a message.
        engine: digest of the engine.
    """

    def __init__(
        self, write: Callable[[render_service_pb2.RenderRunResponse], Awaitable[None]], chunk: int, engine: str
    ) -> None:
        self._send = write
        self._chunk = chunk
        self._engine = engine
        self._message = render_service_pb2.RenderRunResponse(file=1)
        self._parts: list[bytes] = []
        self._waiting = 0
        self._file = 1
        self._offset = 0

    async def write(self, data: bytes) -> None:
        """Bytes of the file in work."""
        self._parts.append(data)
        self._waiting += len(data)
        if self._waiting >= self._chunk:
            await self._send_all()

    async def entry(self, entry: RunEntry, manifest: Manifest | None) -> None:
        """A document is whole, or failed."""
        message = self._message.entries.add(
            request_id=entry.request_id,
            file=entry.file,
            first_page=entry.first_page,
            pages=entry.pages,
            offset=entry.offset,
            size=entry.size,
            separator=entry.separator,
        )
        for warning in entry.warnings:
            message.warnings.add(code=warning.code, message=warning.message, place=warning.place)
        if entry.failure is not None:
            message.failure.CopyFrom(status_of(entry.failure.error()))
        if manifest is not None:
            fill_manifest(message.manifest, manifest)
        if len(self._message.entries) >= _MOST_ENTRIES:
            await self._send_all()

    async def finished(self, file: FileEnd) -> None:
        """A file is whole; what is written next is of another one."""
        finished = self._message.finished
        finished.file = file.file
        finished.documents = file.documents
        finished.pages = file.pages
        finished.digest.sha256 = file.sha256
        finished.digest.size = file.size
        await self._send_all()
        self._file, self._offset = file.file + 1, 0
        self._message.file = self._file

    async def end(self, end: RunEnd, as_of: datetime) -> None:
        """The run is over."""
        completion = self._message.completion
        completion.documents = end.documents
        completion.failed = end.failed
        completion.pages = end.pages
        completion.files = end.files
        completion.stopped = end.stopped
        completion.engine_digest = self._engine
        completion.as_of.FromDatetime(as_of)
        await self._send_all()

    async def flush(self) -> None:
        """More may be long in coming: send what is here."""
        if self._parts or self._message.entries:
            await self._send_all()

    async def _send_all(self) -> None:
        data = b"".join(self._parts)
        self._parts.clear()
        self._waiting = 0
        message = self._message
        self._message = render_service_pb2.RenderRunResponse(file=self._file)
        # What is told of the bytes goes with the last of them.
        while len(data) > self._chunk:
            part, data = data[: self._chunk], data[self._chunk :]
            await self._send(render_service_pb2.RenderRunResponse(file=self._file, offset=self._offset, data=part))
            self._offset += len(part)
        message.offset = self._offset
        message.data = data
        self._offset += len(data)
        await self._send(message)
