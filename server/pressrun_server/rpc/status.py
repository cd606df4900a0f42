"""From a failure to google.rpc.Status: the one place where reasons become status codes."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from pressrun.v1 import template_service_pb2
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.render.errors import TemplateInvalidError
from pressrun_server.rpc.describing import diagnostic_message

__all__ = ["CODES", "DOMAIN", "abort", "status_of"]

DOMAIN = "pressrun.dev"

CODES: dict[Reason, grpc.StatusCode] = {
    Reason.INVALID_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.INVALID_RECORD: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TEMPLATE_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TEMPLATE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.TEMPLATE_CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
    Reason.TEMPLATE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.ASSET_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ASSET_NOT_APPROVED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ASSET_RIGHTS: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ASSET_INVALID: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ASSET_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.ASSET_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.UNSUPPORTED: grpc.StatusCode.UNIMPLEMENTED,
    Reason.QUEUE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.DRAINING: grpc.StatusCode.UNAVAILABLE,
    Reason.LIMIT_EXCEEDED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.DOCUMENT_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.DOCUMENT_REFUSED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.CANCELLED: grpc.StatusCode.CANCELLED,
    Reason.ENGINE_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.PINS_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.RESUME_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.COMPOSER_LOST: grpc.StatusCode.UNAVAILABLE,
    Reason.STORAGE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
}

_TRAILER_BYTES = 4096
"""A status that ends an RPC travels in HTTP/2 headers, of which clients accept 8 KiB, base64 and the message again
included; a larger one would arrive as another error altogether."""
_ITEM_BYTES = 64 * 1024
"""A status inside a message has more room."""
_MESSAGE = 1024
_VALUE = 256
_TRAILER_MESSAGE = 512
_TRAILER_MESSAGE_ENCODED = 128
"""In headers every byte of a character beyond ASCII takes three."""


def status_of(error: PressrunError, *, limit: int = _ITEM_BYTES) -> status_pb2.Status:
    """The failure as a status of at most about `limit` bytes; what does not fit is counted in its ErrorInfo."""
    info = error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN)
    for key, value in error.metadata.items():
        info.metadata[key] = _short(value, _VALUE)
    status = status_pb2.Status(code=CODES[error.reason].value[0], message=_message(error.message, limit))
    details: list[Message] = [info]
    if error.retry_after is not None:
        nanos = round(error.retry_after * 1_000_000_000)
        delay = Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    room = limit - status.ByteSize() - sum(detail.ByteSize() for detail in details) - 256
    if error.violations:
        request = error_details_pb2.BadRequest()
        for violation in error.violations:
            entry = error_details_pb2.BadRequest.FieldViolation(
                field=_short(violation.field, _VALUE), description=_short(violation.description, _MESSAGE)
            )
            room -= entry.ByteSize() + 4
            if room < 0:
                break
            request.field_violations.append(entry)
        _count_omitted(info, "violations_omitted", len(error.violations) - len(request.field_violations))
        details.append(request)
    if isinstance(error, TemplateInvalidError):
        report = template_service_pb2.DiagnosticReport()
        for diagnostic in error.diagnostics:
            message = diagnostic_message(diagnostic)
            room -= message.ByteSize() + 4
            if room < 0:
                break
            report.diagnostics.append(message)
        _count_omitted(info, "diagnostics_omitted", len(error.diagnostics) - len(report.diagnostics))
        details.append(report)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return status


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: PressrunError) -> None:
    """End an RPC with the failure; does not return."""
    status = status_of(error, limit=_TRAILER_BYTES)
    metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(CODES[error.reason], status.message, metadata)


def _count_omitted(info: error_details_pb2.ErrorInfo, name: str, count: int) -> None:
    if count:
        info.metadata[name] = str(count)


def _message(text: str, limit: int) -> str:
    if limit > _TRAILER_BYTES:
        return _short(text, _MESSAGE)
    return _short(text, _TRAILER_MESSAGE if text.isascii() else _TRAILER_MESSAGE_ENCODED)


def _short(text: str, limit: int) -> str:
    # A text from a record may hold half a character, which protobuf refuses.
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
