"""One vocabulary for everything that can go wrong at a source, whatever system it is."""

from __future__ import annotations

from typing import ClassVar

from pressrun_sources.model import AssetRef

__all__ = [
    "DeniedError",
    "InvalidReferenceError",
    "InvalidResponseError",
    "MisconfiguredError",
    "NotFoundError",
    "RateLimitedError",
    "SourceError",
    "TimedOutError",
    "TooLargeError",
    "UnauthenticatedError",
    "UnavailableError",
]


class SourceError(Exception):
    """A source could not do what was asked.

    Args:
        source: the source's name.
        ref: the asset it was about, where there is one.
        message: safe for callers: what failed, what would be valid, what to do. Also the exception's text.
        detail: for the operator's log: request, status, setting. Never a secret.
        retry_after: seconds after which the same call may succeed, where the system says so.
        transient: whether the same call may succeed later; by default what is usual for the kind.
    """

    kind: ClassVar[str] = "error"
    """Short and stable; the outcome under which requests are counted."""
    usually_transient: ClassVar[bool] = False

    def __init__(
        self,
        source: str,
        ref: AssetRef | None,
        message: str,
        detail: str = "",
        retry_after: float | None = None,
        transient: bool | None = None,  # noqa: FBT001 - positional, so that the exception can be pickled
    ) -> None:
        # All arguments go to the base class: that is what pickling an exception between processes needs.
        super().__init__(source, ref, message, detail, retry_after, transient)
        self.source = source
        self.ref = ref
        self.message = message
        self.detail = detail
        self.retry_after = retry_after
        self.transient = self.usually_transient if transient is None else transient

    def __str__(self) -> str:
        return self.message


class NotFoundError(SourceError):
    """There is no such asset, or no asset meets the criteria."""

    kind = "not_found"


class DeniedError(SourceError):
    """The credentials are accepted, but do not allow this."""

    kind = "denied"


class UnauthenticatedError(SourceError):
    """The system does not accept this service's credentials."""

    kind = "unauthenticated"


class RateLimitedError(SourceError):
    """The system asks for fewer requests."""

    kind = "rate_limited"
    usually_transient = True


class UnavailableError(SourceError):
    """The system cannot be reached, broke the connection, or says that it is in trouble."""

    kind = "unavailable"
    usually_transient = True


class TimedOutError(SourceError):
    """The answer did not come in time."""

    kind = "timed_out"
    usually_transient = True


class TooLargeError(SourceError):
    """The answer is larger than allowed."""

    kind = "too_large"


class InvalidResponseError(SourceError):
    """The system answered with something that cannot be understood or trusted."""

    kind = "invalid_response"


class InvalidReferenceError(SourceError):
    """The ref, the criterion or the rendition cannot be one of this source."""

    kind = "invalid_reference"


class MisconfiguredError(SourceError):
    """Only the operator can help: a setting is missing, wrong or refused."""

    kind = "misconfigured"
