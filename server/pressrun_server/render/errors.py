"""Failures of this layer that carry more than a reason and a message."""

from __future__ import annotations

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.diagnostic import Diagnostic, Severity

__all__ = ["DeadlineError", "TemplateInvalidError", "TemplateNotFoundError", "TemplateUnavailableError"]

_SHOWN = 10


class TemplateInvalidError(PressrunError):
    """A bundle has errors; `diagnostics` holds everything there is to say about it."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
        count = f"{len(errors)} error{'s' if len(errors) != 1 else ''}"
        first = f"; the first is {errors[0]}" if errors else ""
        super().__init__(
            Reason.TEMPLATE_INVALID, f"the template has {count}{first}; correct the bundle and send it again"
        )
        self.diagnostics = diagnostics


class TemplateNotFoundError(PressrunError):
    """No published template answers to that name."""

    def __init__(self, wanted: str, known: tuple[str, ...]) -> None:
        shown = ", ".join(known[:_SHOWN]) + (", …" if len(known) > _SHOWN else "")
        what = f"published are {shown}" if known else "none is published"
        super().__init__(
            Reason.TEMPLATE_NOT_FOUND,
            f"this node has no template {wanted!r}; {what}; publish it, then send the request again",
            metadata={"template": wanted},
        )


class TemplateUnavailableError(PressrunError):
    """Another node may have the template, and this one has not got it yet."""

    def __init__(self, wanted: str, why: str, retry_after: float | None) -> None:
        super().__init__(
            Reason.TEMPLATE_UNAVAILABLE,
            f"template {wanted!r} can't be used here now: {why}; send the request again, here or to another node",
            retry_after=retry_after,
            metadata={"template": wanted},
        )


class DeadlineError(PressrunError):
    """The time allowed for a document is over."""

    def __init__(self, phase: str, limit: float) -> None:
        super().__init__(
            Reason.DEADLINE_EXCEEDED,
            f"the time allowed for this document ({limit:g} s) was over during {phase}; allow more time, or send fewer "
            "documents at once",
            metadata={"phase": phase},
        )
