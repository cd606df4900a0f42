from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from pressrun_server.errors import PressrunError, Reason
from pressrun_server.metrics.labels import PHASES
from pressrun_server.model.document import ComposePhases, RenderWarning
from pressrun_server.model.spec import OutputChannel, Pins, Priority, TemplateName
from pressrun_server.render.admission import AdmissionConfig
from pressrun_server.render.config import PipelineConfig


async def _failure(bench: Any, spec: Any, sink: Any, **options: Any) -> PressrunError:
    with pytest.raises(PressrunError) as error:
        await bench.pipeline.render(spec, sink, **options)
    return error.value


async def test_document_with_manifest(bench: Any, make: SimpleNamespace) -> None:
    """A document goes out in order, its last bytes come with a manifest that names everything that went in."""
    sink = make.sink()
    last, completion = await bench.pipeline.render(make.spec(record=b'{"a":1}', locale="de"), sink)
    body = b"".join((*sink.chunks, last))
    assert body == b"%PDF-body-end"
    assert last == b"-end"
    manifest = completion.manifest
    assert manifest.document.matches(body)
    assert manifest.record.sha256 == hashlib.sha256(b'{"a":1}').hexdigest()
    assert (manifest.pages, manifest.header.locale, manifest.header.engine) == (2, "de", make.engine)
    assert manifest.header is sink.header
    assert manifest.header.as_of == make.now
    assert [warning.code for warning in manifest.warnings] == ["W"]
    assert (completion.memory_hits, completion.disk_hits, completion.source_fetches) == (1, 0, 0)
    job = bench.composers.jobs[0]
    assert job.program == bench.registry.find(TemplateName("statement")).programs["de"]
    assert job.assets == {"logo": str(make.asset_use().prepared)}
    assert bench.count("ok") == 1


async def test_warm_assets_take_no_cold_way(bench: Any, make: SimpleNamespace) -> None:
    """Warm assets are not resolved a second time; cold ones are, and are counted as fetched."""
    await bench.pipeline.render(make.spec(), make.sink())
    assert bench.resolver.calls == ["warm"]
    bench.resolver.warm = False
    bench.resolver.warnings = (RenderWarning("ASSET_FALLBACK", "used another"),)
    _, completion = await bench.pipeline.render(make.spec(), make.sink())
    assert bench.resolver.calls == ["warm", "warm", "cold"]
    assert completion.source_fetches == 1
    assert [warning.code for warning in completion.manifest.warnings] == ["ASSET_FALLBACK", "W"]


async def test_large_document_leaves_while_it_is_made(bench: Any, make: SimpleNamespace) -> None:
    """The first bytes reach the sink before the last ones are composed."""
    gate = asyncio.Event()
    bench.composers.script = [b"first", gate, b"last"]
    sink = make.sink()
    task = asyncio.create_task(bench.pipeline.render(make.spec(), sink))
    async with asyncio.timeout(1):
        while not sink.chunks:
            await asyncio.sleep(0.001)
    assert sink.chunks == [b"first"]
    gate.set()
    last, _ = await task
    assert last == b"last"


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"template": TemplateName("nothing")}, Reason.TEMPLATE_NOT_FOUND, None),
        ({"record": b"bad"}, Reason.INVALID_RECORD, "record.amount"),
        ({"channel": OutputChannel.EMAIL}, Reason.UNSUPPORTED, None),
        ({"template": TemplateName("web-only")}, Reason.INVALID_REQUEST, "output_channel"),
        ({"pins": Pins("d" * 64, "0" * 64, (), "", None)}, Reason.ENGINE_MISMATCH, None),
        ({"pins": Pins("d" * 64, "e" * 64, (), "", None)}, Reason.PINS_MISMATCH, None),
    ],
)
async def test_refusals(
    bench: Any, make: SimpleNamespace, changes: dict[str, Any], reason: Reason, field: str | None
) -> None:
    """What can't be rendered says why, is counted once under its reason, and never reaches a composer."""
    await bench.registry.publish(*make.entry(make.info("web-only", channels=("web",))))
    error = await _failure(bench, make.spec(**changes), make.sink())
    assert error.reason is reason
    assert field is None or [violation.field for violation in error.violations] == [field]
    known = {
        Reason.TEMPLATE_NOT_FOUND: "unknown", Reason.ENGINE_MISMATCH: "unknown", Reason.PINS_MISMATCH: "unknown",
    }.get(reason, "other" if changes.get("template") else "statement")  # fmt: skip
    channel = changes.get("channel", OutputChannel.PRINT)
    assert bench.count("failed", reason, known, channel) == 1
    assert not bench.composers.jobs


async def test_pins_fix_locale_and_moment(bench: Any, make: SimpleNamespace) -> None:
    """Pins decide locale and as_of; a request that asks for another locale beside them is told so."""
    template = bench.registry.find(TemplateName("statement")).info
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    pins = Pins(template.digest, make.engine, (), "de", moment)
    sink = make.sink()
    await bench.pipeline.render(make.spec(pins=pins), sink)
    assert (sink.header.locale, sink.header.as_of) == ("de", moment)
    error = await _failure(bench, make.spec(pins=pins, locale="en"), make.sink())
    assert error.reason is Reason.PINS_MISMATCH


async def test_full_node_refuses_and_counts(build: Callable[..., Any], make: SimpleNamespace) -> None:
    """A document beyond the queue is refused with RetryInfo and counted as refused."""
    bench = await build(AdmissionConfig(slots=1, queue=0))
    gate = asyncio.Event()
    bench.composers.script = [gate, b"x"]
    running = asyncio.create_task(bench.pipeline.render(make.spec(), make.sink()))
    await asyncio.sleep(0)
    error = await _failure(bench, make.spec(), make.sink())
    assert error.reason is Reason.QUEUE_FULL
    assert error.retry_after is not None
    assert bench.count("refused", Reason.QUEUE_FULL, "unknown") == 1
    gate.set()
    await running


@pytest.mark.parametrize("where", ["queue", "resolve", "compose", "stream"])
async def test_deadline_holds_everywhere(build: Callable[..., Any], make: SimpleNamespace, where: str) -> None:
    """The time limit ends a document in every phase, says which, frees its slot and stops its composer."""
    bench = await build(AdmissionConfig(slots=1))
    never, blocker, sink = asyncio.Event(), None, make.sink()
    if where == "queue":
        blocker = await bench.admission.admit(1, Priority.BATCH)
    elif where == "resolve":
        bench.resolver.warm, bench.resolver.gate = False, never
    elif where == "compose":
        bench.composers.script = [never, b"x"]
    else:
        sink.delay = 10.0
    error = await _failure(bench, make.spec(time_limit=0.03), sink)
    assert error.reason is Reason.DEADLINE_EXCEEDED
    assert (where if where != "stream" else "compose") in error.message
    if blocker is not None:
        blocker.release()
    assert bench.admission.active == 0
    template = "unknown" if where == "queue" else "statement"
    assert bench.count("failed", Reason.DEADLINE_EXCEEDED, template) == 1
    assert bench.composers.given_up == (1 if where == "compose" else 0)


async def test_deadline_of_the_rpc_holds_too(bench: Any, make: SimpleNamespace) -> None:
    """The RPC's deadline ends a document that may take longer by its own limit; one that is over starts nothing."""
    bench.composers.script = [asyncio.Event(), b"x"]
    error = await _failure(bench, make.spec(time_limit=60.0), make.sink(), deadline=time.monotonic() + 0.03)
    assert error.reason is Reason.DEADLINE_EXCEEDED
    error = await _failure(bench, make.spec(), make.sink(), deadline=time.monotonic() - 1)
    assert error.reason is Reason.DEADLINE_EXCEEDED
    assert len(bench.composers.jobs) == 1


async def test_slow_composer_passes_the_default_limit(build: Callable[..., Any], make: SimpleNamespace) -> None:
    """A request without a time limit gets the node's."""
    bench = await build(config=PipelineConfig(time_limit=0.03))
    bench.composers.script = [asyncio.Event(), b"x"]
    assert (await _failure(bench, make.spec(), make.sink())).reason is Reason.DEADLINE_EXCEEDED


async def test_cancellation_frees_slot_and_composer(bench: Any, make: SimpleNamespace) -> None:
    """A cancelled document gives its slot back, tells its composer and is counted as cancelled."""
    bench.composers.script = [b"x", asyncio.Event(), b"y"]
    task = asyncio.create_task(bench.pipeline.render(make.spec(), make.sink()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.composers.given_up == 1
    assert bench.count("cancelled", Reason.CANCELLED) == 1


async def test_composer_failure_is_the_documents(bench: Any, make: SimpleNamespace) -> None:
    """A failure in the composer, also after bytes have left, is the document's own."""
    bench.composers.script = [b"x", PressrunError(Reason.COMPOSER_LOST, "lost", retry_after=0.0), b"y"]
    bench.composers.one_turn = False
    error = await _failure(bench, make.spec(), make.sink())
    assert error.reason is Reason.COMPOSER_LOST
    assert bench.count("failed", Reason.COMPOSER_LOST) == 1


async def test_defect_tells_nothing_of_the_record(bench: Any, make: SimpleNamespace) -> None:
    """An unexpected exception becomes INTERNAL; neither its message nor the log's line repeats the exception's text."""
    with capture_logs() as lines:
        error = await _failure(bench, make.spec(record=b"defect"), make.sink())
    assert error.reason is Reason.INTERNAL
    assert "secret-of-the-record" not in error.message
    assert "secret-of-the-record" not in error.detail
    (line,) = lines
    assert (line["log_level"], line["request_id"]) == ("error", "r1")
    assert "builtins.RuntimeError at" in line["detail"]
    assert "secret-of-the-record" not in str(lines)


async def test_failing_sink_ends_the_document(bench: Any, make: SimpleNamespace) -> None:
    """A sink that raises a PressrunError ends the document with it."""
    bench.composers.script = [b"x", b"y", b"z"]
    sink = make.sink(error=PressrunError(Reason.DOCUMENT_TOO_LARGE, "too large"))
    assert (await _failure(bench, make.spec(), sink)).reason is Reason.DOCUMENT_TOO_LARGE


async def test_log_names_fields_but_no_values(bench: Any, make: SimpleNamespace) -> None:
    """A failed document is logged with id, template, tenant and reason; what violations say about values is not."""
    with capture_logs() as lines:
        await _failure(bench, make.spec(record=b"bad", tenant="retail"), make.sink())
    (line,) = lines
    assert line["reason"] == "INVALID_RECORD"
    assert line["tenant"] == "retail"
    assert line["template"] == "statement@1"
    assert line["fields"] == ["record.amount"]
    assert "must be a number" not in str(line)


async def test_phases_follow_each_other(bench: Any, make: SimpleNamespace) -> None:
    """The phases of a document sum up to its time on the node."""
    gate = asyncio.Event()
    bench.resolver.warm, bench.resolver.gate = False, gate
    started = time.monotonic()
    asyncio.get_running_loop().call_later(0.05, gate.set)
    _, completion = await bench.pipeline.render(make.spec(), make.sink())
    total = time.monotonic() - started
    timings = completion.manifest.timings
    parts = (timings.queue, timings.compile, timings.select, timings.resolve, timings.compose)
    assert timings.resolve >= 0.02
    assert total - 0.03 <= sum(parts) <= total


async def test_phases_in_metrics_sum_to_the_document(bench: Any, make: SimpleNamespace) -> None:
    """What the composer tells of its phases is taken out of the front's last one, and nothing is missing or doubled."""
    gate = asyncio.Event()
    bench.composers.script = [b"%PDF", gate, b"-end"]
    bench.composers.phases = ComposePhases(waited=0.004, bind=0.003, lay_out=0.002, emit=0.001)
    asyncio.get_running_loop().call_later(0.05, gate.set)
    _, completion = await bench.pipeline.render(make.spec(), make.sink())
    spent = {name: bench.value("pressrun_phase_seconds_sum", phase=name) for name in PHASES}
    assert sum(spent.values()) == pytest.approx(
        bench.value("pressrun_document_seconds_sum", template="statement", channel="print")
    )
    assert (spent["bind"], spent["lay_out"], spent["emit"]) == pytest.approx((0.003, 0.002, 0.001))
    assert 0.004 <= spent["admit"] < 0.02
    assert spent["stream"] > 0.03
    assert completion.manifest.timings.queue == pytest.approx(spent["admit"])
    assert bench.value("pressrun_queue_seconds_sum") == pytest.approx(spent["admit"])
    for name in PHASES:
        assert bench.value("pressrun_phase_seconds_count", phase=name) == (name != "raster")
