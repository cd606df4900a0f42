from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from pressrun_server.logs import LogConfig, configure


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_one_json_object_a_line() -> None:
    """Our events and those of libraries are JSON objects with time, level, logger and event."""
    out = io.StringIO()
    configure(LogConfig("json", "info"), out)
    structlog.get_logger("pressrun.render").info("document_failed", request_id="r1", reason="INVALID_RECORD")
    logging.getLogger("some.library").warning("careful %d", 7)
    structlog.get_logger("pressrun.render").debug("unseen")
    ours, theirs = map(json.loads, out.getvalue().splitlines())
    assert (ours["event"], ours["level"], ours["logger"], ours["request_id"]) == (
        "document_failed", "info", "pressrun.render", "r1",
    )  # fmt: skip
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("careful 7", "warning", "some.library")


def test_exceptions_show_no_values() -> None:
    """A logged exception shows where it happened; local values, which may be a customer's, are not in it."""
    for form in ("json", "console"):
        out = io.StringIO()
        configure(LogConfig(form, "info"), out)
        local_value = "a customer's name"
        try:
            {"known": 1}[f"{len(local_value)}"]
        except KeyError:
            structlog.get_logger("x").exception("failed")
        assert "KeyError" in out.getvalue()
        assert "a customer's name" not in out.getvalue().replace('local_value = "a customer\'s name"', "")


def test_configured_twice_writes_once() -> None:
    """Configuring again replaces the destination instead of doubling every line."""
    first, second = io.StringIO(), io.StringIO()
    configure(LogConfig("json"), first)
    configure(LogConfig("json"), second)
    structlog.get_logger("x").info("hello")
    assert (first.getvalue(), len(second.getvalue().splitlines())) == ("", 1)
