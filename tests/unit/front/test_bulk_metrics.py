from __future__ import annotations

import pytest

from pressrun_server.clock import SystemClock
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.metrics.bulk import RUN_RESULTS, VERIFICATIONS, BulkMeter
from pressrun_server.metrics.catalogue import Catalogue
from pressrun_server.metrics.objectives import OUR_FAULTS
from pressrun_server.render.run_trace import RunTrace
from pressrun_server.tracing.span import NO_SPAN


def test_what_can_come_is_there_from_the_start() -> None:
    """Counts of outcomes that alerts ask for stand at 0 before the first one, so that a rate sees it."""
    catalogue = Catalogue()
    BulkMeter(catalogue)
    value = catalogue.registry.get_sample_value
    for reason in OUR_FAULTS:
        assert value("pressrun_runs_total", {"result": "failed", "reason": reason}) == 0
        assert value("pressrun_run_documents_total", {"result": "failed", "reason": reason}) == 0
    for result in RUN_RESULTS[:2]:
        assert value("pressrun_runs_total", {"result": result, "reason": "NONE"}) == 0
    for result in VERIFICATIONS:
        assert value("pressrun_verifications_total", {"result": result}) == 0
    assert value("pressrun_resumed_documents_total", {"result": "ok"}) == 0


@pytest.mark.parametrize(("duplex", "sheets"), [(False, 2 + 3 + 1), (True, 1 + 2 + 1)])
def test_a_run(*, duplex: bool, sheets: int) -> None:
    """Documents, pages, sheets, bytes and files of a run; a separator takes a sheet and is no document."""
    catalogue = Catalogue()
    value = catalogue.registry.get_sample_value
    run = BulkMeter(catalogue).run(duplex=duplex)
    assert value("pressrun_runs_in_flight") == 1
    run.made(2, separator=False)
    run.made(3, separator=False)
    run.made(1, separator=True)
    run.unmade("INVALID_RECORD")
    run.wrote(1_000)
    run.wrote(24)
    run.filed()
    run.ended("ok", "NONE", 61.0)
    assert value("pressrun_runs_in_flight") == 0
    assert value("pressrun_run_documents_total", {"result": "ok", "reason": "NONE"}) == 2
    assert value("pressrun_run_documents_total", {"result": "failed", "reason": "INVALID_RECORD"}) == 1
    assert value("pressrun_run_pages_total") == 6
    assert value("pressrun_run_sheets_total") == sheets
    assert value("pressrun_run_bytes_total") == 1024
    assert value("pressrun_run_files_total") == 1
    assert value("pressrun_run_seconds_bucket", {"le": "60.0"}) == 0
    assert value("pressrun_run_seconds_bucket", {"le": "300.0"}) == 1


def test_a_run_that_is_not_made() -> None:
    """One that failed is counted with its reason, and its duration says nothing of others."""
    catalogue = Catalogue()
    value = catalogue.registry.get_sample_value
    BulkMeter(catalogue).run(duplex=False).ended("failed", "COMPOSER_LOST", 3.0)
    assert value("pressrun_runs_in_flight") == 0
    assert value("pressrun_runs_total", {"result": "failed", "reason": "COMPOSER_LOST"}) == 1
    assert value("pressrun_run_seconds_count") == 0


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        (Reason.DRAINING, "refused"),
        (Reason.QUEUE_FULL, "refused"),
        (Reason.CANCELLED, "cancelled"),
        (Reason.INTERNAL, "failed"),
    ],
)
def test_how_a_run_ends(reason: Reason, result: str) -> None:
    """A refused run can be sent elsewhere, a cancelled one is nobody's fault; the error is given back as it is."""
    catalogue = Catalogue()
    run = RunTrace("r", "acme", SystemClock(), BulkMeter(catalogue).run(duplex=False), NO_SPAN)
    error = PressrunError(reason, "because")
    assert run.failed(error) is error
    labels = {"result": result, "reason": reason.value}
    assert catalogue.registry.get_sample_value("pressrun_runs_total", labels) == 1
    assert catalogue.registry.get_sample_value("pressrun_runs_in_flight") == 0


def test_resumed_documents_and_verifications() -> None:
    """What ends in an error is counted as failed, and the error goes on; a document from its start is none."""
    catalogue = Catalogue()
    value = catalogue.registry.get_sample_value
    bulk = BulkMeter(catalogue)
    with bulk.resuming(500):
        pass
    with bulk.resuming(0):
        pass
    with pytest.raises(ValueError, match="other bytes"), bulk.resuming(70):
        raise ValueError("other bytes")
    assert value("pressrun_resumed_documents_total", {"result": "ok"}) == 1
    assert value("pressrun_resumed_documents_total", {"result": "failed"}) == 1
    assert value("pressrun_resumed_bytes_total") == 500
    with bulk.verifying() as verified:
        verified.append("engine_differs")
    with pytest.raises(ValueError, match="no such template"), bulk.verifying():
        raise ValueError("no such template")
    found = {name: value("pressrun_verifications_total", {"result": name}) for name in VERIFICATIONS}
    assert found == {"same_bytes": 0, "different_bytes": 0, "engine_differs": 1, "failed": 1}
