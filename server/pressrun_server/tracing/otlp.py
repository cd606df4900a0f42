"""Traces of documents by OpenTelemetry, sent by OTLP over HTTP; imported only where tracing is on."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import metadata as packages
from typing import cast

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    format_span_id,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pressrun_server.tracing.outbox import SpanOutbox
from pressrun_server.tracing.span import NO_SPAN, Caller, DocumentSpan, Metadata, Outcome, RunOutcome, Stretch

__all__ = ["OtlpTracing"]

_SCOPE = InstrumentationScope("pressrun.render")
_UNSET = Status()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PATH = "/v1/traces"
"""Where a collector takes traces, by the OTLP specification."""
_HEADERS = ("traceparent", "tracestate")
_NOBODY = Context()
"""Without it the SDK would look for a span in the task's context."""
_UNSTAINED = frozenset({"ok", "stopped", "cancelled"})
"""Results that make no span an error: what a caller gave up, or wanted to end so, did not fail."""


class OtlpTracing:
    """Gives documents spans and sends them to a collector.

    The ratio holds for documents that begin a trace; others are sampled where their caller's trace is.

    Args:
        endpoint: base URL of the collector; `/v1/traces` is added where its path does not end so.
        ratio: the share of documents that are sampled, 0 to 1.
        headers: sent with each request.
        count: told of spans by result (sent, lost, dropped).
    """

    def __init__(
        self, endpoint: str, ratio: float, headers: Mapping[str, str], count: Callable[[str, int], None]
    ) -> None:
        resource = Resource.create(
            {
                "service.name": "pressrun",
                "service.version": packages.version("pressrun"),
                "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
            }
            # What is set by OpenTelemetry's own variables wins: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES.
        ).merge(OTELResourceDetector().detect())
        exporter = OTLPSpanExporter(
            endpoint if endpoint.endswith(_PATH) else f"{endpoint}{_PATH}", headers=dict(headers) or None
        )
        self._outbox = SpanOutbox(exporter, count)
        provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)), resource=resource, shutdown_on_exit=False
        )
        provider.add_span_processor(self._outbox)
        self._tracer = provider.get_tracer(_SCOPE.name)
        self._children = _Children(self._outbox, resource)
        self._propagator = TraceContextTextMapPropagator()

    async def close(self) -> None:
        """Send what is left; waits for a collector that is away for 2 s at most."""
        await asyncio.to_thread(self._outbox.shutdown)

    def caller(self, metadata: Callable[[], Metadata]) -> Caller | None:
        """As `Tracing.caller`."""
        carrier: dict[str, list[str]] = {}
        for name, value in metadata() or ():
            if name in _HEADERS and isinstance(value, str):
                carrier.setdefault(name, []).append(value)
        if not carrier:
            return None
        context = self._propagator.extract(carrier, context=_NOBODY)
        return context if get_current_span(context).get_span_context().is_valid else None

    def begin(self, caller: Caller | None, now: Callable[[], datetime], name: str = Outcome.span) -> DocumentSpan:
        """As `Tracing.begin`."""
        start = (now() - _EPOCH) // timedelta(microseconds=1) * 1000
        parent = _NOBODY if caller is None else cast("Context", caller)
        span = self._tracer.start_span(name, context=parent, kind=SpanKind.SERVER, start_time=start)
        if caller is None and not span.is_recording():
            # Its ids would lead nowhere.
            return NO_SPAN
        return _OtlpSpan(span, start, self._children)


class _Children:
    """Makes the spans of phases as they are when they have ended.

    The SDK would rather have them begun and ended at a tracer, which costs five times as much: a sampler, limits and
    locks have their turn, and have nothing to say here. What exporters take is this class, whoever made it.
    """

    def __init__(self, outbox: SpanOutbox, resource: Resource) -> None:
        self._outbox = outbox
        self._resource = resource
        self._ids = RandomIdGenerator()

    def add(self, parent: SpanContext, stretch: Stretch, start: int, end: int, status: Status) -> None:
        """A phase of a document, which has ended."""
        context = SpanContext(
            parent.trace_id, self._ids.generate_span_id(), is_remote=False,
            trace_flags=parent.trace_flags, trace_state=parent.trace_state,
        )  # fmt: skip
        span = ReadableSpan(
            stretch.phase,
            context,
            parent=parent,
            resource=self._resource,
            attributes={f"pressrun.{name}": value for name, value in stretch.attributes.items()},
            instrumentation_scope=_SCOPE,
            status=status,
            start_time=start,
            end_time=end,
        )
        self._outbox.on_end(span)


class _OtlpSpan:
    """The span of one document or print run; its phases become spans at its end, when all of them are known."""

    __slots__ = ("_children", "_span", "_start", "ids", "recording")

    def __init__(self, span: Span, start: int, children: _Children) -> None:
        self._span = span
        self._start = start
        self._children = children
        self.recording = span.is_recording()
        context = span.get_span_context()
        self.ids: Mapping[str, str] = {
            "trace_id": format_trace_id(context.trace_id),
            "span_id": format_span_id(context.span_id),
        }

    def end(self, outcome: Outcome | RunOutcome, stretches: Sequence[Stretch]) -> None:
        failed = outcome.result not in _UNSTAINED
        status = Status(StatusCode.ERROR, outcome.reason) if failed else _UNSET
        context = self._span.get_span_context()
        for stretch in stretches:
            begin, end = self._moment(stretch.begin), self._moment(stretch.end)
            self._children.add(context, stretch, begin, end, status if stretch is stretches[-1] else _UNSET)
        self._span.set_attributes(outcome.attributes())
        if failed:
            self._span.set_status(status)
        self._span.end(self._moment(outcome.seconds))

    def _moment(self, seconds: float) -> int:
        """Nanoseconds since 1970."""
        return self._start + round(seconds * 1_000_000_000)
