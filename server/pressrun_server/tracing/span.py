"""What a trace of a document or a print run is made of, and what stands in its place where nothing is traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, TypeAlias

__all__ = [
    "NO_SPAN", "OFF", "Caller", "DocumentSpan", "Metadata", "Outcome", "RunOutcome", "Stretch", "Tracing", "Untold",
]  # fmt: skip

Metadata: TypeAlias = "Iterable[tuple[str, str | bytes]] | None"
"""The metadata of an RPC, as gRPC gives it."""
Caller: TypeAlias = object
"""Where a caller's own trace stands; opaque, given by `Tracing.caller` and taken by `Tracing.begin`."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A phase of a document: seconds since the document's arrival."""

    phase: str
    begin: float
    end: float
    attributes: Mapping[str, str | bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a document ended: names, ids and counts, never data."""

    result: str
    """As in metrics: ok, failed, refused, cancelled."""
    reason: str
    """Of the contract; `NONE` where the result is ok."""
    seconds: float
    """From the document's arrival to its end."""
    request_id: str
    tenant: str
    template: str
    """`name@version`; as the request names it where it was not found."""
    template_digest: str
    """Empty where it was not found."""
    channel: str
    pages: int = 0
    size: int = 0
    span: ClassVar[str] = "render document"

    def attributes(self) -> Mapping[str, str | int]:
        """What the span says."""
        return {
            "pressrun.request_id": self.request_id,
            "pressrun.tenant": self.tenant,
            "pressrun.template": self.template,
            "pressrun.template_digest": self.template_digest,
            "pressrun.output_channel": self.channel,
            "pressrun.pages": self.pages,
            "pressrun.bytes": self.size,
            "pressrun.result": self.result,
            "pressrun.reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a print run ended: names, ids and counts, never data."""

    result: str
    """As in metrics: ok, stopped, failed, refused, cancelled."""
    reason: str
    """Of the contract; `NONE` where the result is ok or stopped."""
    seconds: float
    """Since it was asked for."""
    run_id: str
    tenant: str
    documents: int
    failed: int
    pages: int
    files: int
    size: int
    span: ClassVar[str] = "render run"

    def attributes(self) -> Mapping[str, str | int]:
        """What the span says."""
        return {
            "pressrun.run_id": self.run_id,
            "pressrun.tenant": self.tenant,
            "pressrun.documents": self.documents,
            "pressrun.failed": self.failed,
            "pressrun.pages": self.pages,
            "pressrun.files": self.files,
            "pressrun.bytes": self.size,
            "pressrun.result": self.result,
            "pressrun.reason": self.reason,
        }


class DocumentSpan(Protocol):
    """The trace of one document, or of one print run."""

    @property
    def ids(self) -> Mapping[str, str]:
        """`trace_id` and `span_id` for log lines; empty where the document has none."""

    @property
    def recording(self) -> bool:
        """Whether its end is told to anybody."""

    def end(self, outcome: Outcome | RunOutcome, stretches: Sequence[Stretch]) -> None:
        """It has ended; called once, and only where it records."""


class Tracing(Protocol):
    """Gives the spans of documents."""

    def caller(self, metadata: Callable[[], Metadata]) -> Caller | None:
        """The trace that an RPC belongs to by its metadata (W3C Trace Context); None where it names none that is valid.

        Args:
            metadata: gives the RPC's metadata; not called where nothing is traced.
        """

    def begin(self, caller: Caller | None, now: Callable[[], datetime], name: str = Outcome.span) -> DocumentSpan:
        """A document, or a print run, has come.

        Args:
            caller: the trace that it belongs to; None: it begins one.
            now: gives the moment; not called where nothing is traced.
            name: of the span.
        """


class Untold:
    """Of a document whose end nobody is told.

    It is traced nowhere; or in the span of its print run, where log lines lead: a run of a night would otherwise be a
    trace of a million spans.

    Args:
        run: the span of the run; None: there is none.
    """

    __slots__ = ("ids",)
    recording = False

    def __init__(self, run: DocumentSpan | None = None) -> None:
        self.ids: Mapping[str, str] = {} if run is None else run.ids

    def end(self, outcome: Outcome | RunOutcome, stretches: Sequence[Stretch]) -> None:
        """Nothing."""


class _Off:
    """Traces nothing; costs a document one call."""

    __slots__ = ()

    def caller(self, metadata: Callable[[], Metadata]) -> Caller | None:  # noqa: ARG002 - as the protocol has it
        """Nobody."""
        return None

    def begin(
        self,
        caller: Caller | None,  # noqa: ARG002 - as above
        now: Callable[[], datetime],  # noqa: ARG002 - as above
        name: str = Outcome.span,  # noqa: ARG002 - as above
    ) -> DocumentSpan:
        """The span that is none."""
        return NO_SPAN


NO_SPAN: DocumentSpan = Untold()
OFF: Tracing = _Off()
