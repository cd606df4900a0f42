"""An OTLP/HTTP collector that keeps the spans it gets, decoded from the protobuf of the OpenTelemetry specification."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

__all__ = ["Collector", "attributes_of"]


def attributes_of(message: Any) -> dict[str, Any]:
    """The attributes of a span or a resource as plain values."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in message.attributes}


class Collector:
    """Listens on a port of its own on loopback, as an asynchronous context manager."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.resource: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        """Those of the last request."""
        self.raw = b""
        """The bodies of all requests."""
        self.requests = 0
        self.released = asyncio.Event()
        """While it is cleared, requests are taken and not answered."""
        self.released.set()
        self._runner: web.AppRunner | None = None
        self._changed = asyncio.Condition()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.released.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until what came makes that true; the test's own time limit ends it otherwise."""
        async with self._changed:
            await self._changed.wait_for(holds)

    def roots(self) -> list[Span]:
        """The documents' spans, in the order in which they came."""
        return [span for span in self.spans if span.name == "render document"]

    def root(self, request_id: str) -> Span:
        """The span of one document."""
        [found] = [span for span in self.roots() if attributes_of(span)["pressrun.request_id"] == request_id]
        return found

    def phases(self, root: Span) -> list[Span]:
        """The children of a document's span, by time."""
        found = [span for span in self.spans if span.parent_span_id == root.span_id]
        return sorted(found, key=lambda span: (span.start_time_unix_nano, span.end_time_unix_nano))

    async def _take(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-protobuf"
        body = await request.read()
        self.requests += 1
        async with self._changed:
            self._changed.notify_all()
        await self.released.wait()
        message = ExportTraceServiceRequest.FromString(body)
        self.raw += body
        self.headers = dict(request.headers)
        for group in message.resource_spans:
            self.resource = attributes_of(group.resource)
            for scope in group.scope_spans:
                self.spans += scope.spans
        async with self._changed:
            self._changed.notify_all()
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )
