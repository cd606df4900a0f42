from __future__ import annotations

import pickle

import grpc
import pytest

import pressrun_client
from pressrun.v1 import template_service_pb2
from pressrun_client import (
    AccessError,
    AssetUnavailableError,
    DeadlineError,
    DocumentRefusedError,
    InternalError,
    InvalidRecordError,
    InvalidRequestError,
    LimitExceededError,
    NodeUnavailableError,
    OverloadedError,
    PinsMismatchError,
    RenderCancelledError,
    RenderError,
    Severity,
    TemplateConflictError,
    TemplateInvalidError,
    TemplateNotFoundError,
    UnsupportedError,
    Violation,
)
from pressrun_client.failure import error_from_status
from pressrun_client.testing import FakeFailure

_BY_CODE = {
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
    "INTERNAL": InternalError,
    "UNKNOWN": InternalError,
    "ABORTED": InternalError,
    "DATA_LOSS": InternalError,
}


@pytest.mark.parametrize("code", [code.name for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_code_has_its_error(code: str) -> None:
    """A status without details becomes the error of its code, with a message and advice."""
    error = error_from_status(FakeFailure(code=code, message="It failed.").status(), "doc-1")
    assert type(error) is _BY_CODE[code]
    assert error.code == code
    assert error.request_id == "doc-1"
    assert error.retryable is (code == "UNAVAILABLE")
    assert error.reason
    assert str(error).startswith(f"It failed. {error.advice}")
    assert str(error).endswith("(request doc-1)")


@pytest.mark.parametrize(
    ("reason", "code", "kind"),
    [
        ("INVALID_REQUEST", "INVALID_ARGUMENT", InvalidRequestError),
        ("INVALID_RECORD", "INVALID_ARGUMENT", InvalidRecordError),
        ("TEMPLATE_NOT_FOUND", "NOT_FOUND", TemplateNotFoundError),
        ("TEMPLATE_INVALID", "INVALID_ARGUMENT", TemplateInvalidError),
        ("TEMPLATE_CONFLICT", "ALREADY_EXISTS", TemplateConflictError),
        ("TEMPLATE_UNAVAILABLE", "UNAVAILABLE", NodeUnavailableError),
        ("ASSET_NOT_FOUND", "NOT_FOUND", AssetUnavailableError),
        ("ASSET_NOT_APPROVED", "FAILED_PRECONDITION", AssetUnavailableError),
        ("ASSET_RIGHTS", "FAILED_PRECONDITION", AssetUnavailableError),
        ("ASSET_INVALID", "FAILED_PRECONDITION", AssetUnavailableError),
        ("ASSET_TOO_LARGE", "RESOURCE_EXHAUSTED", AssetUnavailableError),
        ("ASSET_UNAVAILABLE", "UNAVAILABLE", AssetUnavailableError),
        ("UNSUPPORTED", "UNIMPLEMENTED", UnsupportedError),
        ("DRAINING", "UNAVAILABLE", NodeUnavailableError),
        ("LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", LimitExceededError),
        ("DOCUMENT_TOO_LARGE", "RESOURCE_EXHAUSTED", LimitExceededError),
        ("DOCUMENT_REFUSED", "FAILED_PRECONDITION", DocumentRefusedError),
        ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", DeadlineError),
        ("CANCELLED", "CANCELLED", RenderCancelledError),
        ("ENGINE_MISMATCH", "FAILED_PRECONDITION", PinsMismatchError),
        ("PINS_MISMATCH", "FAILED_PRECONDITION", PinsMismatchError),
        ("RESUME_MISMATCH", "FAILED_PRECONDITION", PinsMismatchError),
        ("COMPOSER_LOST", "UNAVAILABLE", NodeUnavailableError),
        ("INTERNAL", "INTERNAL", InternalError),
        ("OF_A_LATER_VERSION", "NOT_FOUND", TemplateNotFoundError),
    ],
)
def test_the_reason_decides_the_error(reason: str, code: str, kind: type[RenderError]) -> None:
    """A known reason is the finer word; an unknown one leaves the decision to the code."""
    error = error_from_status(FakeFailure(code=code, reason=reason, metadata={"ref": "library:x"}).status())
    assert type(error) is kind
    assert error.reason == reason
    assert error.metadata == {"ref": "library:x"}
    assert error.retryable is (code == "UNAVAILABLE")


@pytest.mark.parametrize("reason", ["QUEUE_FULL", ""])
def test_a_full_node_says_when_to_come_back(reason: str) -> None:
    """RESOURCE_EXHAUSTED with RetryInfo is overload: retryable, with the delay."""
    failure = FakeFailure(code="RESOURCE_EXHAUSTED", reason=reason, retry_after=1.25)
    error = error_from_status(failure.status())
    assert type(error) is OverloadedError
    assert error.retryable
    assert error.retry_after == 1.25


def test_a_nodes_own_words_are_enough() -> None:
    """A message that came with a reason says what to do, so no second advice follows; a bare one gets ours."""
    own = error_from_status(
        FakeFailure(code="NOT_FOUND", reason="TEMPLATE_NOT_FOUND", message="none; publish").status()
    )
    assert str(own) == "none; publish"
    bare = error_from_status(FakeFailure(code="NOT_FOUND", message="none").status())
    assert str(bare) == f"none. {bare.advice}"


def test_violations_are_kept_and_shown() -> None:
    """Each wrong field is there with its description; the text shows the first few."""
    failure = FakeFailure(
        code="INVALID_ARGUMENT",
        reason="INVALID_RECORD",
        violations=tuple((f"record.rows[{index}]", "is missing") for index in range(7)),
    )
    error = error_from_status(failure.status())
    assert error.violations[6] == Violation("record.rows[6]", "is missing")
    assert "record.rows[4]: is missing; and 2 more" in str(error)


def test_diagnostics_are_kept_with_their_places() -> None:
    """A refused bundle says each place, message and hint."""
    diagnostic = template_service_pb2.Diagnostic(
        severity=template_service_pb2.SEVERITY_ERROR,
        code="unknown-element",
        message="no element `blink`",
        hint="use strong",
        file="a.html",
        line=4,
        column=7,
    )
    failure = FakeFailure(code="INVALID_ARGUMENT", reason="TEMPLATE_INVALID", diagnostics=(diagnostic,))
    error = error_from_status(failure.status())
    (found,) = error.diagnostics
    assert found.severity is Severity.ERROR
    assert (found.place, found.hint) == ("a.html:4:7", "use strong")
    assert "a.html:4:7: error: no element `blink`" in str(error)


def test_an_empty_status_still_says_something() -> None:
    """A node that gives no message is quoted by its code."""
    assert "PERMISSION_DENIED" in str(error_from_status(FakeFailure(code="PERMISSION_DENIED", message="").status()))


@pytest.mark.parametrize(
    "kind",
    sorted(
        (
            value
            for value in vars(pressrun_client).values()
            if isinstance(value, type) and issubclass(value, RenderError)
        ),
        key=repr,
    ),
)
def test_errors_travel_between_processes(kind: type[RenderError]) -> None:
    """A pickled error comes back with all that it knew."""
    error = kind("It failed.", reason="R", retry_after=2.0, violations=(Violation("a", "b"),), request_id="d")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)
