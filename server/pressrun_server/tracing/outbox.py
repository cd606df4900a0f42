"""Spans on their way to the collector: a bounded queue and one thread that sends."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

__all__ = ["SpanOutbox"]


class SpanOutbox(SpanProcessor):
    """Takes ended spans and sends them in batches.

    The SDK's own BatchSpanProcessor forgets the oldest span where the queue is full and tells nobody how many. Here
    each span is counted once: as `sent`, `lost` (the collector did not take its batch in time) or `dropped` (there was
    no room, or the node stopped before it could be sent).

    Guarantee: `on_end` never waits, and holds at most `room` spans. Cost: one thread; an append for each span.

    Args:
        exporter: sends a batch and says whether it arrived; it alone decides how long that may take.
        count: told of spans by result; called from both threads.
        room: spans that may wait.
        batch: the most that one request takes. A span is encoded in 27 us under Python's lock: the front may wait
            3.5 ms for 128 of them, while 512 would keep it from several turns.
        seconds: the longest that a span waits for company.
        stop_seconds: how long stopping may wait for what is left.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        count: Callable[[str, int], None],
        *,
        room: int = 4096,
        batch: int = 128,
        seconds: float = 1.0,
        stop_seconds: float = 2.0,
    ) -> None:
        self._exporter = exporter
        self._count = count
        self._room = room
        self._batch = batch
        self._seconds = seconds
        self._stop_seconds = stop_seconds
        self._waiting: deque[ReadableSpan] = deque()
        self._wake = threading.Event()
        self._closing = self._given_up = False
        # A daemon: a collector that hangs must not keep a node that has stopped.
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing: only ended spans are sent."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span until it is sent."""
        if self._closing or len(self._waiting) >= self._room:
            self._count("dropped", 1)
            return
        self._waiting.append(span)
        if len(self._waiting) >= self._batch:
            self._wake.set()

    def shutdown(self) -> None:
        """Send what is left, for `stop_seconds` at most; blocks."""
        if self._closing:
            return
        self._closing = True
        self._wake.set()
        self._thread.join(self._stop_seconds)
        self._given_up = True
        self._exporter.shutdown()
        left = len(self._take(len(self._waiting)))
        if left:
            self._count("dropped", left)

    def _run(self) -> None:
        while True:
            self._wake.wait(self._seconds)
            self._wake.clear()
            while not self._given_up and (batch := self._take(self._batch)):
                self._send(batch)
            if self._closing:
                return

    def _take(self, most: int) -> list[ReadableSpan]:
        taken: list[ReadableSpan] = []
        while len(taken) < most:
            try:
                taken.append(self._waiting.popleft())
            except IndexError:
                break
        return taken

    def _send(self, batch: list[ReadableSpan]) -> None:
        try:
            arrived = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - whatever an exporter does, the next batch is tried
            arrived = False
        self._count("sent" if arrived else "lost", len(batch))
