"""The border: HTTP statuses and the HTTP library's exceptions become `SourceError`s here and nowhere else."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from types import MappingProxyType

import aiohttp

from pressrun_sources.errors import (
    DeniedError,
    InvalidReferenceError,
    InvalidResponseError,
    MisconfiguredError,
    NotFoundError,
    RateLimitedError,
    SourceError,
    TimedOutError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from pressrun_sources.transport.call import Call
from pressrun_sources.transport.hosts import AddressRefusedError

__all__ = ["address_refused", "error_for_exception", "error_for_status", "too_large"]

_STATUS_ERRORS: Mapping[int, type[SourceError]] = MappingProxyType(
    {
        401: UnauthenticatedError,
        403: DeniedError,
        404: NotFoundError,
        408: UnavailableError,
        410: NotFoundError,
        413: TooLargeError,
        420: RateLimitedError,
        423: UnavailableError,
        425: UnavailableError,
        429: RateLimitedError,
    }
)
_MESSAGES: Mapping[type[SourceError], str] = MappingProxyType(
    {
        NotFoundError: "{source} has no {subject}; check the name",
        DeniedError: "{source} does not let this service have {subject}; ask its administrator for access",
        UnauthenticatedError: "{source} does not accept this service's credentials",
        RateLimitedError: "{source} asks for fewer requests; try again later",
        UnavailableError: "{source} is not available; try again later",
        TooLargeError: "{source} says that the request about {subject} is too large",
        InvalidReferenceError: "{source} refuses the request for {subject} as invalid",
        InvalidResponseError: "{source} answered with an unexpected status ({status}) about {subject}",
    }
)
_SERVER_ERROR = 500
_REASON_LENGTH = 200


def error_for_status(source: str, call: Call, status: int, *, reason: str, wait: float | None) -> SourceError:
    """The error that a status means.

    Args:
        source: the source's name.
        call: what was asked.
        status: the status that came.
        reason: what the system says, cleaned already; goes to the operator only.
        wait: seconds after which the system wants to be asked again.
    """
    kind = call.status_errors.get(status) or _STATUS_ERRORS.get(status)
    if kind is None:
        kind = UnavailableError if status >= _SERVER_ERROR else InvalidResponseError
    detail = f"{call} answered {status}" + (f": {reason[:_REASON_LENGTH]}" if reason else "")
    return kind(
        source, call.ref, _MESSAGES[kind].format(source=source, subject=call.subject, status=status), detail, wait
    )


def error_for_exception(source: str, call: Call, error: BaseException, timeout: float) -> SourceError | None:
    """The error that a foreign exception means; None for one that is not about the exchange."""
    if isinstance(error, SourceError):
        return error
    detail = f"{call}: {type(error).__name__}"
    if isinstance(error, TimeoutError):
        message = f"{source} did not answer about {call.subject} in time; try again later"
        return TimedOutError(source, call.ref, message, f"{detail} (the limit of the whole call is {timeout:g} s)")
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressRefusedError):
        return address_refused(source, call, str(cause))
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        message = f"the certificate of {source} is not trusted"
        return MisconfiguredError(source, call.ref, message, f"{detail}; check the system's certificate authorities")
    # An answer that is no HTTP at all will not get better by asking again.
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.InvalidURL):
        return InvalidResponseError(source, call.ref, f"{source} gave an answer that is not HTTP", detail)
    if isinstance(error, aiohttp.ClientError | OSError):
        # The text of such an error may hold a whole URL; its number's name does not.
        why = cause.strerror if isinstance(cause, OSError) else None
        message = _MESSAGES[UnavailableError].format(source=source)
        certificate = call.credentials.certificate if call.credentials is not None else None
        if certificate is not None and certificate.chain is not None:
            # With TLS 1.3 a server that wants another certificate just goes away, after the handshake.
            detail = f"{detail}; it may want another certificate than {certificate.chain}"
        return UnavailableError(source, call.ref, message, f"{detail} ({why})" if why else detail)
    return None


def address_refused(source: str, call: Call, where: str) -> MisconfiguredError:
    """The error for an address that may not be connected to; the address itself is for operators only."""
    return MisconfiguredError(
        source,
        call.ref,
        f"the address of {source} may not be used",
        f"{call}: {where}, which is not public; if that is meant, add its network (e.g. 10.20.0.0/16) to "
        "PRESSRUN_SOURCES_ALLOWED_HOSTS, or set PRESSRUN_SOURCES_ALLOW_LOOPBACK=true for this machine itself",
    )


def too_large(source: str, call: Call, limit: int) -> TooLargeError:
    """The error for a body over its limit."""
    message = f"{call.subject} of {source} is larger than the {limit} bytes that are allowed"
    return TooLargeError(source, call.ref, message, f"{call}: the limit for assets is PRESSRUN_SOURCES_MAX_BYTES")
