"""One vocabulary for everything that can go wrong with a document, mapped to gRPC once, in `rpc`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["REFUSALS", "PressrunError", "Reason", "Violation"]


class Reason(StrEnum):
    """Why a document, a template or an asset could not be had. Stable: clients branch on it."""

    INVALID_REQUEST = "INVALID_REQUEST"
    INVALID_RECORD = "INVALID_RECORD"
    TEMPLATE_NOT_FOUND = "TEMPLATE_NOT_FOUND"
    TEMPLATE_INVALID = "TEMPLATE_INVALID"
    TEMPLATE_CONFLICT = "TEMPLATE_CONFLICT"
    TEMPLATE_UNAVAILABLE = "TEMPLATE_UNAVAILABLE"
    ASSET_NOT_FOUND = "ASSET_NOT_FOUND"
    ASSET_NOT_APPROVED = "ASSET_NOT_APPROVED"
    ASSET_RIGHTS = "ASSET_RIGHTS"
    ASSET_INVALID = "ASSET_INVALID"
    ASSET_TOO_LARGE = "ASSET_TOO_LARGE"
    ASSET_UNAVAILABLE = "ASSET_UNAVAILABLE"
    UNSUPPORTED = "UNSUPPORTED"
    QUEUE_FULL = "QUEUE_FULL"
    DRAINING = "DRAINING"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
    DOCUMENT_REFUSED = "DOCUMENT_REFUSED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    CANCELLED = "CANCELLED"
    ENGINE_MISMATCH = "ENGINE_MISMATCH"
    PINS_MISMATCH = "PINS_MISMATCH"
    RESUME_MISMATCH = "RESUME_MISMATCH"
    COMPOSER_LOST = "COMPOSER_LOST"
    STORAGE_FULL = "STORAGE_FULL"
    INTERNAL = "INTERNAL"


REFUSALS: Final = frozenset({Reason.QUEUE_FULL, Reason.DRAINING})
"""Why something was not begun at all; another node, or this one later, may do it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong, and what would be valid."""

    field: str
    """Path from the request or the record, e.g. `record.transactions[3].amount`."""
    description: str
    """What is wrong and what would be valid."""


class PressrunError(Exception):
    """A failure with a reason.

    Args:
        reason: the stable reason.
        message: for the caller: what failed, which field or ref, what would be valid, what to do. No record data.
        violations: the wrong fields, where there are any.
        retry_after: seconds after which the same request may succeed, where that is known.
        detail: for the operator's log only; never leaves the node.
        metadata: short machine-readable facts for the caller, e.g. {"ref": "core-dam:…"}.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        violations: tuple[Violation, ...] = (),
        retry_after: float | None = None,
        detail: str = "",
        metadata: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = violations
        self.retry_after = retry_after
        self.detail = detail
        self.metadata = metadata or {}

    @property
    def whole(self) -> str:
        """The message, and a line for each wrong field that it does not describe itself; for people."""
        more = [wrong for wrong in self.violations if wrong.description not in self.message]
        return "\n".join([self.message, *(f"  {wrong.field}: {wrong.description}" for wrong in more)])

    def __reduce__(self) -> tuple[object, ...]:
        """Errors travel between processes as data, never as pickles."""
        raise TypeError("PressrunError is not pickled; encode it with pressrun_server.model.failure")
