from __future__ import annotations

import pytest

from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.prepare.child import helper_environment
from pressrun_server.prepare.crew import describe_status
from pressrun_server.prepare.faults import failure_of
from pressrun_server.prepare.pool import PreparerPool


def test_a_helper_gets_no_settings_of_the_node() -> None:
    """Only what Python itself needs passes; every setting and foreign secret stays behind."""
    environ = {"PATH": "/bin", "PYTHONHASHSEED": "0", "PRESSRUN_X": "s", "AWS_SECRET_ACCESS_KEY": "s", "REDIS_URL": "s"}
    assert helper_environment(environ) == {"PATH": "/bin", "PYTHONHASHSEED": "0"}


@pytest.mark.parametrize(("status", "words"), [(3, "exit status 3"), (-9, "SIGKILL"), (-63, "signal 63")])
def test_an_exit_status_is_named(status: int, words: str) -> None:
    """Signals have their names, unknown ones their numbers."""
    assert describe_status(status) == words


def test_a_failure_keeps_types_and_places_only() -> None:
    """Neither an exception's text nor its causes' text travels; their types and places do."""

    def inner(secret: str) -> None:
        raise KeyError(secret)

    try:
        try:
            inner("4711")
        except KeyError as error:
            raise ValueError("4711") from error
    except ValueError as error:
        failure = failure_of(error, "it failed")
    assert failure.reason is Reason.INTERNAL
    assert failure.message == "it failed"
    assert "builtins.ValueError" in failure.detail
    assert "builtins.KeyError" in failure.detail
    assert "test_helpers.py" in failure.detail
    assert "inner" in failure.detail
    assert "4711" not in failure.detail


def test_an_error_of_ours_travels_as_it_is() -> None:
    """A PressrunError becomes the failure that becomes an equal error again."""
    error = PressrunError(
        Reason.ASSET_INVALID,
        "m",
        violations=(Violation("f", "d"),),
        retry_after=1.5,
        detail="for us",
        metadata={"ref": "r"},
    )
    again = failure_of(error, "unused").error()
    assert vars(again) == vars(error)


def test_a_crew_of_none_is_refused() -> None:
    """Zero processes is a setting that can't work, said at once."""
    with pytest.raises(ValueError, match="at least 1"):
        PreparerPool(0)
