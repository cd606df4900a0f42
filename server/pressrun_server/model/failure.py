"""A PressrunError as data, so that it can cross a process border."""

from __future__ import annotations

import msgspec

from pressrun_server.errors import PressrunError, Reason, Violation

__all__ = ["Failure"]


class Failure(msgspec.Struct, frozen=True):
    """The fields of a PressrunError."""

    reason: Reason
    message: str
    violations: tuple[Violation, ...] = ()
    retry_after: float | None = None
    detail: str = ""
    metadata: dict[str, str] = {}

    @classmethod
    def of(cls, error: PressrunError) -> Failure:
        """The error as data."""
        return cls(error.reason, error.message, error.violations, error.retry_after, error.detail, error.metadata)

    def error(self) -> PressrunError:
        """The data as an error."""
        return PressrunError(
            self.reason,
            self.message,
            violations=self.violations,
            retry_after=self.retry_after,
            detail=self.detail,
            metadata=self.metadata,
        )
