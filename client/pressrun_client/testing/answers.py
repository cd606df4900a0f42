"""What a fake node may answer to a document, and the messages that make it so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from pressrun.v1 import document_pb2, render_service_pb2, template_service_pb2

__all__ = ["Answer", "BreakStream", "FakeDocument", "FakeFailure", "Silence", "response_items"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeDocument:
    """Answers with a document.

    Example:
        Two pages in parts of 1,000 bytes::

            node.answer = FakeDocument(content=b"%PDF-" + bytes(5000), pages=2, part_size=1000)
    """

    content: bytes | None = None
    """The bytes; None makes them of the request's record, so that different records give different documents."""
    pages: int = 1
    """Number of pages."""
    part_size: int = 256 * 1024
    """Bytes of a part at most."""
    delay: float = 0.0
    """Seconds before the answer."""
    media_type: str = "application/pdf"
    """The media type."""
    sha256: str | None = None
    """The digest to claim; None for the right one."""
    size: int | None = None
    """The size to claim; None for the right one."""
    skip_part: int | None = None
    """The index of a part to lose on the way."""
    warnings: tuple[tuple[str, str, str], ...] = ()
    """Warnings: code, message and place of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeFailure:
    """Answers with a failure.

    Example:
        A node that is full::

            node.answer = FakeFailure(code="RESOURCE_EXHAUSTED", reason="QUEUE_FULL", retry_after=0.05)
    """

    code: str = "INTERNAL"
    """The gRPC status code's name."""
    reason: str = ""
    """The stable reason; empty leaves ErrorInfo out."""
    message: str = "Scripted."
    """What failed."""
    violations: tuple[tuple[str, str], ...] = ()
    """Wrong fields: path and description of each."""
    retry_after: float | None = None
    """Seconds for RetryInfo; None leaves it out."""
    diagnostics: tuple[template_service_pb2.Diagnostic, ...] = ()
    """What is wrong with a bundle."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Short machine-readable facts."""
    after: bytes = b""
    """Bytes to send before the failure."""
    delay: float = 0.0
    """Seconds before the answer."""

    def status(self) -> status_pb2.Status:
        """The failure as google.rpc.Status."""
        status = status_pb2.Status(code=grpc.StatusCode[self.code].value[0], message=self.message)
        if self.reason:
            info = error_details_pb2.ErrorInfo(reason=self.reason, domain="pressrun.dev", metadata=self.metadata)
            _attach(status, info)
        if self.violations:
            bad_request = error_details_pb2.BadRequest()
            for path, description in self.violations:
                bad_request.field_violations.add(field=path, description=description)
            _attach(status, bad_request)
        if self.retry_after is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromNanoseconds(int(self.retry_after * 1e9))
            _attach(status, retry)
        if self.diagnostics:
            _attach(status, template_service_pb2.DiagnosticReport(diagnostics=self.diagnostics))
        return status


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakStream:
    """Ends the whole stream, with every document on it.

    Example:
        Break off in the middle of a document::

            node.answer = BreakStream(after=b"%PDF-1.7 half of")
    """

    code: str = "UNAVAILABLE"
    """The gRPC status code's name; `OK` ends it in good form but early."""
    message: str = "Scripted break."
    """What failed."""
    after: bytes = b""
    """Bytes of the document to send before."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Never answers.

    Example:
        A node that hangs::

            node.answer = Silence()
    """


Answer: TypeAlias = FakeDocument | FakeFailure | BreakStream | Silence


def response_items(
    request: document_pb2.DocumentRequest, answer: FakeDocument
) -> Iterator[render_service_pb2.RenderResponseItem]:
    """The parts of a document, in order."""
    content = _made_of(request) if answer.content is None else answer.content
    completion = _completion(request, answer, content)
    starts = range(0, max(len(content), 1), answer.part_size)
    for index, start in enumerate(starts):
        if index == answer.skip_part:
            continue
        item = render_service_pb2.RenderResponseItem(
            request_id=request.request_id, offset=start, data=content[start : start + answer.part_size]
        )
        if index == 0:
            item.header.media_type = answer.media_type
            item.header.pins.CopyFrom(completion.manifest.pins)
        if index == len(starts) - 1:
            item.completion.CopyFrom(completion)
        yield item


def _made_of(request: document_pb2.DocumentRequest) -> bytes:
    return b"%PDF-1.7 fake " + request.locale.encode() + b" " + hashlib.sha256(request.record_json).hexdigest().encode()


def _completion(
    request: document_pb2.DocumentRequest, answer: FakeDocument, content: bytes
) -> document_pb2.DocumentCompletion:
    completion = document_pb2.DocumentCompletion()
    completion.cache_use.memory_hits = 2
    manifest = completion.manifest
    manifest.request_id = request.request_id
    manifest.template_name = request.template.name
    manifest.template_version = request.template.version or "1"
    manifest.pins.template_digest = request.template.digest or hashlib.sha256(b"fake template").hexdigest()
    manifest.pins.engine_digest = hashlib.sha256(b"fake engine").hexdigest()
    manifest.pins.as_of.CopyFrom(request.as_of)
    manifest.pins.locale = request.locale or "en-GB"
    manifest.record.sha256 = hashlib.sha256(request.record_json).hexdigest()
    manifest.record.size = len(request.record_json)
    manifest.document.sha256 = hashlib.sha256(content).hexdigest() if answer.sha256 is None else answer.sha256
    manifest.document.size = len(content) if answer.size is None else answer.size
    manifest.pages = answer.pages
    manifest.output_channel = request.output_channel
    manifest.output_format = document_pb2.OUTPUT_FORMAT_PDF
    manifest.media_type = answer.media_type
    manifest.finished_at.GetCurrentTime()
    manifest.timings.compose.FromMicroseconds(500)
    for code, message, place in answer.warnings:
        manifest.warnings.add(code=code, message=message, place=place)
    manifest.tenant = request.tenant
    manifest.communication_id = request.communication_id
    manifest.attributes.CopyFrom(request.attributes)
    manifest.attributes.ClearField("customer_reference")
    return completion


def _attach(status: status_pb2.Status, detail: object) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)  # type: ignore[arg-type] # messages of a package without types
    status.details.append(packed)
