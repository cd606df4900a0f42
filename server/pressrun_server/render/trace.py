"""What is measured and told of one document on its way: phases, deadline, outcome."""

from __future__ import annotations

import structlog

from pressrun_server.clock import Clock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.metrics.labels import DocumentMeters
from pressrun_server.model.document import ComposePhases
from pressrun_server.model.spec import RenderSpec
from pressrun_server.model.template import TemplateInfo
from pressrun_server.render.manifest import Completion, Timings

__all__ = ["Trace"]

_STEPS = ("queue", "compile", "select", "resolve", "compose")
"""What the front sees, as the manifest has it; the composer tells what is in the last one."""

log = structlog.get_logger("pressrun.render")

_REFUSALS = frozenset({Reason.QUEUE_FULL, Reason.DRAINING})


class Trace:
    """Follows one document; told about each step, it knows the time of each phase, and counts the outcome once."""

    __slots__ = (
        "_clock", "_composing", "_deadline", "_entered", "_meters", "_seconds", "_spec", "_started", "first_byte",
        "phase", "template",
    )  # fmt: skip

    def __init__(self, spec: RenderSpec, clock: Clock, started: float, deadline: float, meters: DocumentMeters) -> None:
        self._spec = spec
        self._clock = clock
        self._meters = meters
        self._started = self._entered = started
        self._deadline = deadline
        self._seconds: dict[str, float] = dict.fromkeys(_STEPS, 0.0)
        self._composing = ComposePhases()
        self.phase = ""
        self.first_byte = 0.0
        """Moment of the first byte; 0 before it."""
        self.template: TemplateInfo | None = None

    def step(self, phase: str) -> None:
        """A phase begins, and the one before ends.

        Raises:
            TimeoutError: the deadline is over.
        """
        now = self._clock.monotonic()
        if self.phase:
            self._seconds[self.phase] = now - self._entered
        self.phase = phase
        self._entered = now
        if now >= self._deadline:
            raise TimeoutError

    def check(self) -> None:
        """Between two parts of the document.

        Raises:
            TimeoutError: the deadline is over.
        """
        if self.over():
            raise TimeoutError

    def over(self) -> bool:
        """Whether the deadline is over."""
        return self._clock.monotonic() >= self._deadline

    def first(self) -> None:
        """The first byte is here."""
        self.first_byte = self._clock.monotonic()

    def composed(self, waited: float, phases: ComposePhases) -> None:
        """The last byte is here.

        Args:
            waited: seconds of the last phase that passed before a composer was free.
            phases: what the composer did in the others.
        """
        compose = self._clock.monotonic() - self._entered
        self._composing = phases
        waited = min(waited + phases.waited, compose)
        self._seconds["queue"] += waited
        self._seconds["compose"] = compose - waited

    def timings(self, compose_cpu: float) -> Timings:
        """Seconds by phase."""
        return Timings(**self._seconds, compose_cpu=compose_cpu)

    def facts(self) -> dict[str, str]:
        """What a log line may say: names, never data."""
        spec, template = self._spec, self.template
        return {
            "request_id": spec.request_id,
            "template": f"{template.name}@{template.version}" if template is not None else str(spec.template),
            "tenant": spec.tenant,
            "phase": self.phase,
        }

    def finished(self, completion: Completion) -> None:
        """The document is there."""
        manifest = completion.manifest
        name = self.template.name if self.template is not None else None
        total = self._clock.monotonic() - self._started
        self._meters.get(name, self._spec.channel).finished(
            pages=manifest.pages,
            size=manifest.document.size,
            seconds=total,
            first_byte=self.first_byte - self._started,
        )
        self._meters.phases_finished(self._phases(total), manifest.timings.compose_cpu)

    def _phases(self, total: float) -> tuple[float, ...]:
        """Seconds by phase as metrics have them; the last one is what the others leave of the whole."""
        steps, made = self._seconds, self._composing
        known = (
            steps["queue"],
            steps["compile"],
            steps["select"],
            steps["resolve"],
            made.bind,
            made.lay_out,
            made.emit,
        )
        return (*known, max(total - sum(known), 0.0))

    def failed(self, error: PressrunError) -> PressrunError:
        """There is no document; gives the error back."""
        if error.reason is Reason.CANCELLED:
            self.cancelled()
            return error
        self._end("refused" if error.reason in _REFUSALS else "failed", error.reason)
        facts = {**self.facts(), "reason": error.reason.value}
        if error.reason is Reason.INTERNAL:
            log.error("document_failed", **facts, message=error.message, detail=error.detail)
        elif error.reason in _REFUSALS:
            log.debug("document_refused", **facts)
        elif error.violations:
            # Fields only: what is said about a value might tell the value.
            log.info("document_failed", **facts, fields=[violation.field for violation in error.violations[:5]])
        else:
            log.info("document_failed", **facts, message=error.message, detail=error.detail)
        return error

    def cancelled(self) -> None:
        """Nobody wants the document any more."""
        self._end("cancelled", Reason.CANCELLED)

    def _end(self, result: str, reason: Reason) -> None:
        name = self.template.name if self.template is not None else None
        self._meters.get(name, self._spec.channel).ended(result, reason)
