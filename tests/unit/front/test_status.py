from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from pressrun.v1 import template_service_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.model.diagnostic import Diagnostic, Severity
from pressrun_server.render.errors import TemplateInvalidError
from pressrun_server.rpc.status import CODES, status_of


def _unpack(status: status_pb2.Status) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in (
        error_details_pb2.ErrorInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.RetryInfo,
        template_service_pb2.DiagnosticReport,
    ):
        for detail in status.details:
            if detail.Is(kind.DESCRIPTOR):
                message = kind()
                detail.Unpack(message)
                found[kind.__name__] = message
    return found


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code(reason: Reason) -> None:
    """Each reason maps to a status code that is an error, and is named in ErrorInfo under our domain."""
    status = status_of(PressrunError(reason, "what and what to do", metadata={"ref": "library:x"}))
    assert CODES[reason] is not grpc.StatusCode.OK
    assert status.code == CODES[reason].value[0]
    assert status.message == "what and what to do"
    info = _unpack(status)["ErrorInfo"]
    assert (info.reason, info.domain, dict(info.metadata)) == (reason.value, "pressrun.dev", {"ref": "library:x"})


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.INVALID_RECORD, "INVALID_ARGUMENT"),
        (Reason.TEMPLATE_NOT_FOUND, "NOT_FOUND"),
        (Reason.ASSET_RIGHTS, "FAILED_PRECONDITION"),
        (Reason.ENGINE_MISMATCH, "FAILED_PRECONDITION"),
        (Reason.QUEUE_FULL, "RESOURCE_EXHAUSTED"),
        (Reason.LIMIT_EXCEEDED, "RESOURCE_EXHAUSTED"),
        (Reason.DRAINING, "UNAVAILABLE"),
        (Reason.ASSET_UNAVAILABLE, "UNAVAILABLE"),
        (Reason.COMPOSER_LOST, "UNAVAILABLE"),
        (Reason.UNSUPPORTED, "UNIMPLEMENTED"),
        (Reason.TEMPLATE_CONFLICT, "ALREADY_EXISTS"),
        (Reason.TEMPLATE_UNAVAILABLE, "UNAVAILABLE"),
    ],
)
def test_codes_are_those_of_the_contract(reason: Reason, code: str) -> None:
    """The codes are the documented ones; clients retry by them."""
    assert CODES[reason].name == code


def test_details_for_the_caller_only() -> None:
    """Violations and the time to come back travel; the operator's detail does not."""
    error = PressrunError(
        Reason.INVALID_RECORD,
        "wrong",
        violations=(Violation("record.a", "must be a number"),),
        retry_after=1.25,
        detail="operator only",
    )
    status = status_of(error)
    details = _unpack(status)
    (violation,) = details["BadRequest"].field_violations
    assert (violation.field, violation.description) == ("record.a", "must be a number")
    assert details["RetryInfo"].retry_delay.ToTimedelta().total_seconds() == 1.25
    assert b"operator only" not in status.SerializeToString()


def test_status_fits_into_headers() -> None:
    """A status that ends an RPC stays below what HTTP/2 headers carry, and counts what it had to leave out."""
    diagnostics = tuple(Diagnostic(Severity.ERROR, "c", "ä" * 300, file="a.css", line=n) for n in range(500))
    error = TemplateInvalidError(diagnostics)
    status = status_of(error, limit=4096)
    assert status.ByteSize() <= 4096
    details = _unpack(status)
    kept = len(details["DiagnosticReport"].diagnostics)
    assert 0 < kept < 500
    assert int(details["ErrorInfo"].metadata["diagnostics_omitted"]) == 500 - kept
    violations = tuple(Violation(f"record.x{n}", "é" * 2000) for n in range(100))
    status = status_of(PressrunError(Reason.INVALID_RECORD, "é" * 9000, violations=violations), limit=4096)
    assert status.ByteSize() <= 4096
    assert _unpack(status)["ErrorInfo"].metadata["violations_omitted"]


def test_half_a_character_is_no_defect() -> None:
    """A field name with a lone surrogate, which protobuf refuses, becomes a question mark."""
    error = PressrunError(Reason.INVALID_RECORD, "bad \ud800", violations=(Violation("record.\ud800", "x"),))
    (violation,) = _unpack(status_of(error))["BadRequest"].field_violations
    assert violation.field == "record.?"
