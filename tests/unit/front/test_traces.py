from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from pressrun_server.app.config import ConfigError, NodeConfig
from pressrun_server.errors import PressrunError, Reason
from pressrun_server.model.spec import TemplateName
from pressrun_server.render.admission import AdmissionConfig
from pressrun_server.tracing.outbox import SpanOutbox
from pressrun_server.tracing.span import OFF, Outcome, Stretch

ENDPOINT = {"PRESSRUN_OTLP_ENDPOINT": "http://collector:4318/"}


class _Exporter(SpanExporter):
    """Takes batches one at a time, each when it is let to; answers what the test says."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.batches: list[int] = []
        self.answer: SpanExportResult | Exception = SpanExportResult.SUCCESS
        self.stopped = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batches.append(len(spans))
        self.begun.release()
        self.go.acquire()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def shutdown(self) -> None:
        self.stopped = True


class _Counts:
    """Counts from two threads, and lets one wait for a number."""

    def __init__(self) -> None:
        self.by_result: Counter[str] = Counter()
        self._changed = threading.Condition()

    def __call__(self, result: str, number: int) -> None:
        with self._changed:
            self.by_result[result] += number
            self._changed.notify_all()

    def until(self, **wanted: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.by_result == wanted, 30), self.by_result


def _span() -> ReadableSpan:
    return ReadableSpan("span")


def test_spans_wait_up_to_a_limit_and_each_is_counted_once() -> None:
    """While a request hangs, as many spans wait as there is room for; later ones are dropped, none waits for room."""
    exporter, counts = _Exporter(), _Counts()
    outbox = SpanOutbox(exporter, counts, room=10, batch=4, seconds=0.01)
    outbox.on_end(_span())
    assert exporter.begun.acquire(timeout=30)
    for _ in range(13):
        outbox.on_end(_span())
    counts.until(dropped=3)
    exporter.go.release(4)
    counts.until(dropped=3, sent=11)
    assert exporter.batches == [1, 4, 4, 2]
    outbox.shutdown()
    assert exporter.stopped
    outbox.on_end(_span())
    counts.until(dropped=4, sent=11)
    outbox.shutdown()


@pytest.mark.parametrize("answer", [SpanExportResult.FAILURE, RuntimeError("no")])
def test_a_batch_that_does_not_arrive_is_lost_and_the_next_one_tried(answer: Any) -> None:
    """Neither a refusal nor a defect of the exporter ends the thread."""
    exporter, counts = _Exporter(), _Counts()
    exporter.answer = answer
    outbox = SpanOutbox(exporter, counts, seconds=0.01)
    outbox.on_end(_span())
    exporter.go.release()
    counts.until(lost=1)
    exporter.answer = SpanExportResult.SUCCESS
    outbox.on_end(_span())
    exporter.go.release()
    counts.until(lost=1, sent=1)
    outbox.shutdown()


def test_stopping_sends_what_is_left_or_gives_it_up() -> None:
    """Stopping sends what waits; where a request hangs longer than stopping may take, the rest is counted as dropped."""
    exporter, counts = _Exporter(), _Counts()
    outbox = SpanOutbox(exporter, counts, seconds=1000.0)
    outbox.on_end(_span())
    exporter.go.release()
    outbox.shutdown()
    counts.until(sent=1)

    exporter, counts = _Exporter(), _Counts()
    outbox = SpanOutbox(exporter, counts, batch=2, seconds=1000.0, stop_seconds=0.05)
    for _ in range(2):
        outbox.on_end(_span())
    assert exporter.begun.acquire(timeout=30)
    for _ in range(5):
        outbox.on_end(_span())
    outbox.shutdown()
    counts.until(dropped=5)
    exporter.go.release(5)
    counts.until(dropped=5, sent=2)


def test_settings_arrive(tmp_path: Path) -> None:
    """Endpoint, ratio and headers are read; headers may be a file's, and are printed nowhere."""
    assert NodeConfig.from_env({}).traces.endpoint == ""
    (tmp_path / "headers").write_text("authorization=Bearer%20swordfish\n")
    config = NodeConfig.from_env(
        {**ENDPOINT, "PRESSRUN_TRACE_RATIO": "0.25", "PRESSRUN_OTLP_HEADERS_FILE": str(tmp_path / "headers")}
    )
    assert (config.traces.endpoint, config.traces.ratio) == ("http://collector:4318", 0.25)
    printed = config.redacted()
    assert printed["traces.headers"] == "(set)"
    assert "swordfish" not in str(printed)
    assert NodeConfig.from_env(ENDPOINT).traces.ratio == 0.01


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"PRESSRUN_OTLP_ENDPOINT": "collector:4318"}, "PRESSRUN_OTLP_ENDPOINT: is not a URL"),
        ({**ENDPOINT, "PRESSRUN_TRACE_RATIO": "1.5"}, "'1.5' is not a number from 0 to 1"),
        ({**ENDPOINT, "PRESSRUN_TRACE_RATIO": "nan"}, "'nan' is not a number from 0 to 1"),
        ({**ENDPOINT, "PRESSRUN_TRACE_RATIO": "all"}, "'all' is not a number from 0 to 1"),
        ({"PRESSRUN_TRACE_RATIO": "0.5"}, "PRESSRUN_TRACE_RATIO: is of no use without PRESSRUN_OTLP_ENDPOINT"),
        ({"PRESSRUN_OTLP_HEADERS": "a=b"}, "PRESSRUN_OTLP_HEADERS: is of no use without PRESSRUN_OTLP_ENDPOINT"),
        ({**ENDPOINT, "PRESSRUN_OTLP_HEADERS": "Bearer x"}, "is not name=value"),
        ({**ENDPOINT, "PRESSRUN_OTLP_HEADERS": "a=b%0d%0ac: d"}, "is not name=value"),
    ],
)
def test_bad_settings(settings: dict[str, str], says: str) -> None:
    """Each fault names its variable and what would be valid."""
    with pytest.raises(ConfigError) as error:
        NodeConfig.from_env(settings)
    assert says in str(error.value)


def _without_the_extra(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script to which `opentelemetry` is not installed; redis-py imports it by itself where it is."""
    script = f"import sys\nsys.modules['opentelemetry'] = None\n{script}"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_without_the_extra_the_install_line_is_said() -> None:
    """A collector is named and OpenTelemetry is not installed: the command says what to install and ends with 2."""
    done = _without_the_extra(
        "from pressrun_client.cli import main\n"
        "import os\n"
        "os.environ['PRESSRUN_OTLP_ENDPOINT'] = 'http://collector:4318'\n"
        "main(['serve', '--check'])\n"
    )
    assert done.returncode == 2
    assert "PRESSRUN_OTLP_ENDPOINT: needs a package that is not installed: pip install 'pressrun[otel]'" in done.stderr


def test_without_a_collector_nothing_of_it_is_imported() -> None:
    """A node that traces nothing needs nothing of OpenTelemetry."""
    done = _without_the_extra(
        "from pressrun_server.app.config import NodeConfig\n"
        "from pressrun_server.app.node import Node\n"
        "from pressrun_server.app.run import run\n"
        "from pressrun_server.tracing.span import OFF\n"
        "assert Node(NodeConfig.from_env({}))._tracing() is OFF\n"
        "print([name for name in sys.modules if name.startswith('pressrun_server.tracing.')])\n"
    )
    assert (done.stdout, done.returncode) == ("['pressrun_server.tracing.span']\n", 0), done.stderr


def test_off_looks_at_nothing() -> None:
    """Where nothing is traced, neither metadata nor the clock is asked."""

    def never() -> Any:
        raise AssertionError

    assert OFF.caller(never) is None
    span = OFF.begin(None, never)
    assert (span.recording, dict(span.ids)) == (False, {})


class _Recorder:
    """Traces everything and keeps what it is told."""

    def __init__(self) -> None:
        self.ids = {"trace_id": "t", "span_id": "s"}
        self.recording = True
        self.told: list[tuple[Outcome, list[str]]] = []

    def caller(self, metadata: Callable[[], Any]) -> None:
        """Nobody."""

    def begin(self, _caller: Any, _now: Any) -> _Recorder:
        return self

    def end(self, outcome: Outcome, stretches: Sequence[Stretch]) -> None:
        assert all(0 <= stretch.begin <= stretch.end <= outcome.seconds for stretch in stretches)
        self.told.append((outcome, [stretch.phase for stretch in stretches]))


async def test_every_end_is_told_once(build: Callable[..., Any], make: SimpleNamespace) -> None:
    """Full queue, unknown template, wrong record, failed asset and failed composition each end the span in their step."""
    refused = await build(AdmissionConfig(slots=1, queue=0))
    bench = await build()
    for each in (refused, bench):
        each.pipeline.tracing = _Recorder()

    async def fails(at: Any, **changes: Any) -> tuple[str, str, list[str]]:
        with pytest.raises(PressrunError):
            await at.pipeline.render(make.spec(**changes), make.sink())
        [(outcome, steps)] = at.pipeline.tracing.told
        at.pipeline.tracing.told.clear()
        return outcome.result, outcome.reason, steps

    permit = await refused.admission.admit(1, make.spec().priority, "")
    assert await fails(refused) == ("refused", "QUEUE_FULL", ["admit"])
    permit.release()
    assert await fails(bench, template=TemplateName("nothing")) == (
        "failed", "TEMPLATE_NOT_FOUND", ["admit", "compile"],
    )  # fmt: skip
    assert await fails(bench, record=b"bad") == ("failed", "INVALID_RECORD", ["admit", "compile", "select"])
    assert await fails(bench, record=b"defect") == ("failed", "INTERNAL", ["admit", "compile", "select"])
    bench.resolver.error = PressrunError(Reason.ASSET_RIGHTS, "no")
    assert await fails(bench) == ("failed", "ASSET_RIGHTS", ["admit", "compile", "select", "resolve"])
    bench.resolver.error = None
    bench.composers.script = [b"%PDF", PressrunError(Reason.COMPOSER_LOST, "gone")]
    assert await fails(bench) == ("failed", "COMPOSER_LOST", ["admit", "compile", "select", "resolve", "compose"])
