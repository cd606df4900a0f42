"""What is measured and told of one print run: its documents, its end, its span."""

from __future__ import annotations

import structlog

from pressrun_server.clock import Clock
from pressrun_server.errors import REFUSALS, PressrunError, Reason
from pressrun_server.metrics.bulk import RunMeter
from pressrun_server.model.run import RunEnd, RunEntry
from pressrun_server.tracing.span import DocumentSpan, RunOutcome, Stretch

__all__ = ["RunTrace"]


log = structlog.get_logger("pressrun.render")


class RunTrace:
    """Follows one run from the moment at which it is asked for; its end is counted once.

    Args:
        run_id: what the run is called.
        tenant: whose it is.
        clock: the time.
        meter: counts it.
        span: its trace.
    """

    def __init__(self, run_id: str, tenant: str, clock: Clock, meter: RunMeter, span: DocumentSpan) -> None:
        self.span = span
        self._run_id = run_id
        self._tenant = tenant
        self._clock = clock
        self._meter = meter
        self._started = clock.monotonic()
        self._waited = 0.0
        self._documents = self._failed = self._pages = self._files = self._bytes = 0

    def admitted(self) -> None:
        """It has its slot."""
        self._waited = self._clock.monotonic() - self._started

    def told(self, entry: RunEntry) -> None:
        """A document is over."""
        if entry.failure is not None:
            self._failed += 1
            self._meter.unmade(entry.failure.reason)
            return
        self._documents += not entry.separator
        self._pages += entry.pages
        self._meter.made(entry.pages, separator=entry.separator)

    def wrote(self, size: int) -> None:
        """So many bytes of a file have come."""
        self._bytes += size
        self._meter.wrote(size)

    def filed(self) -> None:
        """A file is whole."""
        self._files += 1
        self._meter.filed()

    def finished(self, end: RunEnd) -> None:
        """All is written, or as much as was wanted."""
        self._end("stopped" if end.stopped else "ok", "NONE")

    def failed(self, error: PressrunError) -> PressrunError:
        """The run can't go on; gives the error back."""
        if error.reason is Reason.CANCELLED:
            self.cancelled()
        else:
            self._end("refused" if error.reason in REFUSALS else "failed", error.reason.value)
        return error

    def cancelled(self) -> None:
        """Nobody wants the run any more."""
        self._end("cancelled", Reason.CANCELLED.value)

    def _end(self, result: str, reason: str) -> None:
        seconds = self._clock.monotonic() - self._started
        recording = self.span.recording
        self._meter.ended(result, reason, seconds, {"trace_id": self.span.ids["trace_id"]} if recording else None)
        outcome = RunOutcome(
            result, reason, seconds, self._run_id, self._tenant,
            self._documents, self._failed, self._pages, self._files, self._bytes,
        )  # fmt: skip
        log.info(
            "run_ended",
            run_id=self._run_id,
            tenant=self._tenant,
            result=result,
            reason=reason,
            seconds=round(seconds, 3),
            documents=self._documents,
            failed=self._failed,
            pages=self._pages,
            files=self._files,
            bytes=self._bytes,
            **self.span.ids,
        )
        if recording:
            admit = Stretch("admit", 0.0, self._waited, {"waited_for": "slot"})
            made = () if result == "refused" else (Stretch("stream", self._waited, seconds, {}),)
            self.span.end(outcome, (admit, *made))
