"""From what gRPC says of a failure to the error that callers see; the only reader of google.rpc.Status."""

from __future__ import annotations

from typing import Final, cast

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from pressrun.v1 import template_service_pb2
from pressrun_client.diagnostic import Diagnostic, Severity, Violation
from pressrun_client.errors import (
    AccessError,
    AssetUnavailableError,
    DeadlineError,
    DocumentRefusedError,
    Facts,
    InternalError,
    InvalidRecordError,
    InvalidRequestError,
    LimitExceededError,
    NodeUnavailableError,
    OverloadedError,
    PinsMismatchError,
    RenderCancelledError,
    RenderError,
    TemplateConflictError,
    TemplateInvalidError,
    TemplateNotFoundError,
    UnsupportedError,
)

__all__ = ["error_class", "error_from_rpc", "error_from_status", "request_too_large", "to_diagnostic"]

_CODES: Final[dict[int, str]] = {code.value[0]: code.name for code in grpc.StatusCode}

# The reason is the finer word, so it decides; the code decides for reasons that are newer than this client.
_BY_REASON: Final[dict[str, type[RenderError]]] = {
    "INVALID_REQUEST": InvalidRequestError,
    "INVALID_RECORD": InvalidRecordError,
    "TEMPLATE_NOT_FOUND": TemplateNotFoundError,
    "TEMPLATE_INVALID": TemplateInvalidError,
    "TEMPLATE_CONFLICT": TemplateConflictError,
    "TEMPLATE_UNAVAILABLE": NodeUnavailableError,
    "ASSET_NOT_FOUND": AssetUnavailableError,
    "ASSET_NOT_APPROVED": AssetUnavailableError,
    "ASSET_RIGHTS": AssetUnavailableError,
    "ASSET_INVALID": AssetUnavailableError,
    "ASSET_TOO_LARGE": AssetUnavailableError,
    "ASSET_UNAVAILABLE": AssetUnavailableError,
    "UNSUPPORTED": UnsupportedError,
    "QUEUE_FULL": OverloadedError,
    "DRAINING": NodeUnavailableError,
    "LIMIT_EXCEEDED": LimitExceededError,
    "DOCUMENT_TOO_LARGE": LimitExceededError,
    "DOCUMENT_REFUSED": DocumentRefusedError,
    "DEADLINE_EXCEEDED": DeadlineError,
    "CANCELLED": RenderCancelledError,
    "ENGINE_MISMATCH": PinsMismatchError,
    "PINS_MISMATCH": PinsMismatchError,
    "RESUME_MISMATCH": PinsMismatchError,
    "COMPOSER_LOST": NodeUnavailableError,
    "STORAGE_FULL": OverloadedError,
    "INTERNAL": InternalError,
}

_BY_CODE: Final[dict[str, type[RenderError]]] = {
    "INVALID_ARGUMENT": InvalidRequestError,
    "OUT_OF_RANGE": InvalidRequestError,
    "NOT_FOUND": TemplateNotFoundError,
    "ALREADY_EXISTS": TemplateConflictError,
    "FAILED_PRECONDITION": AssetUnavailableError,
    "RESOURCE_EXHAUSTED": LimitExceededError,
    "UNAVAILABLE": NodeUnavailableError,
    "DEADLINE_EXCEEDED": DeadlineError,
    "CANCELLED": RenderCancelledError,
    "UNIMPLEMENTED": UnsupportedError,
    "UNAUTHENTICATED": AccessError,
    "PERMISSION_DENIED": AccessError,
}

_SEVERITIES: Final = {
    template_service_pb2.SEVERITY_WARNING: Severity.WARNING,
    template_service_pb2.SEVERITY_ERROR: Severity.ERROR,
}


def error_from_status(status: status_pb2.Status, request_id: str = "") -> RenderError:
    """The error for a status, with the violations, diagnostics and the delay that its details hold.

    Args:
        status: what the node said.
        request_id: the document that it said it of.
    """
    code = _CODES.get(status.code, "UNKNOWN")
    facts: Facts = {"code": code, "request_id": request_id}
    retry_info = False
    for detail in status.details:
        if detail.Unpack(info := error_details_pb2.ErrorInfo()):
            facts["reason"] = info.reason
            facts["advised"] = bool(status.message)
            facts["metadata"] = dict(info.metadata)
        elif detail.Unpack(request := error_details_pb2.BadRequest()):
            facts["violations"] = tuple(Violation(each.field, each.description) for each in request.field_violations)
        elif detail.Unpack(retry := error_details_pb2.RetryInfo()):
            retry_info = True
            facts["retry_after"] = retry.retry_delay.ToNanoseconds() / 1e9
        elif detail.Unpack(report := template_service_pb2.DiagnosticReport()):
            facts["diagnostics"] = tuple(to_diagnostic(each) for each in report.diagnostics)
    facts["retryable"] = code == "UNAVAILABLE" or (code == "RESOURCE_EXHAUSTED" and retry_info)
    kind = error_class(facts.get("reason", ""), code)
    if kind is LimitExceededError and retry_info:
        kind = OverloadedError
    return kind(status.message or f"The node answered {code} and no more.", **facts)


def request_too_large(size: int, limit: int, request_id: str = "") -> LimitExceededError:
    """The error for a request of more bytes than the client sends."""
    return LimitExceededError(
        f"The request has {size:,} bytes; at most {limit:,} go (message_limit).", request_id=request_id
    )


def error_class(reason: str, code: str = "") -> type[RenderError]:
    """The class of a failure.

    Example:
        >>> error_class("ASSET_RIGHTS").__name__, error_class("", "NOT_FOUND").__name__
        ('AssetUnavailableError', 'TemplateNotFoundError')
    """
    return _BY_REASON.get(reason) or _BY_CODE.get(code, InternalError)


def error_from_rpc(error: grpc.aio.AioRpcError, *, target: str, request_id: str = "") -> RenderError:
    """The error for a call that ended badly.

    Args:
        error: what gRPC raised.
        target: where the call went; named when no node answered.
        request_id: the document, where the call was for one.
    """
    try:
        # What is raised answers as a call does, and is the only thing that can be asked here.
        status = rpc_status.from_call(cast("grpc.Call", error))
    except ValueError:  # the details contradict the status: trust the status
        status = None
    if status is not None:
        return error_from_status(status, request_id)
    code, details = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE:
        details = f"No node answers at {target}: {details.rstrip('.') or 'the connection was lost'}."
    plain = status_pb2.Status(code=code.value[0], message=details)
    return error_from_status(plain, request_id)


def to_diagnostic(message: template_service_pb2.Diagnostic) -> Diagnostic:
    """The diagnostic of a message."""
    return Diagnostic(
        severity=_SEVERITIES.get(message.severity, Severity.ERROR),
        code=message.code,
        message=message.message,
        hint=message.hint,
        file=message.file,
        line=message.line,
        column=message.column,
    )
