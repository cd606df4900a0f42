"""What is measured and told of one document on its way: phases, deadline, outcome."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import structlog

from pressrun_server.clock import Clock
from pressrun_server.errors import REFUSALS, PressrunError, Reason
from pressrun_server.metrics.labels import PHASES, DocumentMeters
from pressrun_server.model.document import ComposePhases
from pressrun_server.model.spec import RenderSpec
from pressrun_server.model.template import TemplateInfo
from pressrun_server.render.manifest import Completion, Timings
from pressrun_server.tracing.span import NO_SPAN, DocumentSpan, Outcome, Stretch

__all__ = ["Trace"]

_STEPS = ("queue", "compile", "select", "resolve", "compose", "raster")
"""What the front sees, as the manifest has it; the composer tells what is in `compose`. Few documents have the last."""

log = structlog.get_logger("pressrun.render")

_Told: TypeAlias = tuple[str, float, dict[str, str | bool]]
"""A phase, its seconds, and what else its span says."""
_INTERLEAVED: dict[str, str | bool] = {"interleaved": True}


class Trace:
    """Follows one document; told about each step, it knows the time of each phase, and counts the outcome once."""

    __slots__ = (
        "_clock", "_composing", "_deadline", "_entered", "_meters", "_seconds", "_span", "_spec", "_started",
        "_waited", "first_byte", "phase", "template",
    )  # fmt: skip

    def __init__(
        self,
        spec: RenderSpec,
        clock: Clock,
        started: float,
        deadline: float,
        meters: DocumentMeters,
        span: DocumentSpan = NO_SPAN,
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._meters = meters
        self._span = span
        self._started = self._entered = started
        self._deadline = deadline
        self._seconds: dict[str, float] = dict.fromkeys(_STEPS, 0.0)
        self._composing = ComposePhases()
        self._waited = 0.0
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
            self._seconds[self.phase] += now - self._entered
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
        made = self._composing
        self._composing = ComposePhases(
            bind=made.bind + phases.bind, lay_out=made.lay_out + phases.lay_out, emit=made.emit + phases.emit
        )
        self._waited = waited = min(waited + phases.waited, compose)
        self._seconds["queue"] += waited
        self._seconds["compose"] += compose - waited

    def attached(self, waited: float, phases: ComposePhases) -> None:
        """What comes with the document is composed; its arguments are those of `composed`."""
        self.composed(waited, phases)
        self._entered = self._clock.monotonic()

    def drawing(self) -> None:
        """Composing is over, and pictures of pages are begun."""
        self.phase = "raster"
        self._entered = self._clock.monotonic()

    def drawn(self) -> None:
        """The last picture is here."""
        self._seconds["raster"] = self._clock.monotonic() - self._entered

    def timings(self, compose_cpu: float) -> Timings:
        """Seconds by phase."""
        return Timings(**self._seconds, compose_cpu=compose_cpu)

    def facts(self) -> dict[str, str]:
        """What a log line may say: names, never data."""
        spec = self._spec
        return {
            "request_id": spec.request_id,
            "template": self._template_name(),
            "template_digest": self.template.digest if self.template is not None else "",
            "tenant": spec.tenant,
            "phase": self.phase,
            **self._span.ids,
        }

    def _template_name(self) -> str:
        template = self.template
        return f"{template.name}@{template.version}" if template is not None else str(self._spec.template)

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
            exemplar={"trace_id": self._span.ids["trace_id"]} if self._span.recording else None,
        )
        self._meters.phases_finished(self._phases(total), manifest.timings.compose_cpu)
        if self._span.recording:
            self._span.end(
                self._outcome("ok", "NONE", total, pages=manifest.pages, size=manifest.document.size),
                self._stretches(total),
            )

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
            steps["raster"],
        )
        return (*known, max(total - sum(known), 0.0))

    def failed(self, error: PressrunError) -> PressrunError:
        """There is no document; gives the error back."""
        if error.reason is Reason.CANCELLED:
            self.cancelled()
            return error
        self._end("refused" if error.reason in REFUSALS else "failed", error.reason)
        facts = {**self.facts(), "reason": error.reason.value}
        if error.reason is Reason.INTERNAL:
            log.error("document_failed", **facts, message=error.message, detail=error.detail)
        elif error.reason in REFUSALS:
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
        if self._span.recording:
            total = self._clock.monotonic() - self._started
            self._span.end(self._outcome(result, reason.value, total), self._broken(total))

    def _outcome(self, result: str, reason: str, total: float, *, pages: int = 0, size: int = 0) -> Outcome:
        spec = self._spec
        return Outcome(
            result=result,
            reason=reason,
            seconds=total,
            request_id=spec.request_id,
            tenant=spec.tenant,
            template=self._template_name(),
            template_digest=self.template.digest if self.template is not None else "",
            channel=spec.channel,
            pages=pages,
            size=size,
        )

    def _stretches(self, total: float) -> list[Stretch]:
        """The phases of a finished document, one after the other.

        Waiting has two places, before the steps of the front and before those of the composer. The composer's phases
        alternate page by page; each is told once, as long as it took in all.
        """
        admit, *steps = zip(PHASES, self._phases(total), strict=True)
        slot = admit[1] - self._waited
        told: list[_Told] = [(admit[0], slot, {"waited_for": "slot"})]
        told += ((phase, seconds, {}) for phase, seconds in steps[:3])
        told.append((admit[0], self._waited, {"waited_for": "composer"}))
        told += ((phase, seconds, _INTERLEAVED) for phase, seconds in steps[3:6])
        told += ((phase, seconds, {}) for phase, seconds in steps[6:] if seconds or phase != "raster")
        return _in_line(told, total)

    def _broken(self, total: float) -> list[Stretch]:
        """The steps of a document that was not made, up to the one in which it ended.

        What a composer had done by then is not told, so that its part is one step.
        """
        told: list[_Told] = []
        for step in _STEPS[: _STEPS.index(self.phase) + 1] if self.phase else ():
            seconds = total if step == self.phase else self._seconds[step]
            told.append(("admit", seconds, {"waited_for": "slot"}) if step == "queue" else (step, seconds, {}))
        return _in_line(told, total)


def _in_line(told: Iterable[_Told], total: float) -> list[Stretch]:
    """Durations that follow each other, none of them past the document's end."""
    stretches: list[Stretch] = []
    now = 0.0
    for phase, seconds, attributes in told:
        end = min(now + seconds, total)
        stretches.append(Stretch(phase, now, end, attributes))
        now = end
    return stretches
