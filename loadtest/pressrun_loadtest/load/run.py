"""Runs a scenario: brings up what is needed, lets the generators go together, and gathers what they say."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pressrun_loadtest.bench.machine import hardware, versions
from pressrun_loadtest.demo.child import Child, own_environment, tethered
from pressrun_loadtest.demo.errors import ChildError
from pressrun_loadtest.demo.stage import Stage
from pressrun_loadtest.load.arrivals import expected
from pressrun_loadtest.load.errors import LoadError
from pressrun_loadtest.load.generator import Order, Told
from pressrun_loadtest.load.measure import Sample, Tally
from pressrun_loadtest.load.preflight import Ready, prepare
from pressrun_loadtest.load.report import Report, latency_of
from pressrun_loadtest.load.scenario import Scenario
from pressrun_loadtest.load.verification import verify
from pressrun_loadtest.load.watch import Reading, Scrape, Watch, of_metrics, of_process, scrape
from pressrun_loadtest.load.weather import Weather

__all__ = ["Place", "Progress", "place", "run_scenario"]

_HEAD_START_S = 0.3
_TICK_S = 0.25
_INTERRUPTED_S = 8.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the documents are made."""

    target: str
    metrics_url: str = ""
    pid: int | None = None
    """Of the node, where it runs on this machine and was started here."""
    sandbox_urls: Sequence[str] = ()


class Progress:
    """Is told how a test gets on; this one says nothing."""

    def said(self, what: str) -> None:
        """Something begins."""

    def went(self, tally: Tally, second: float) -> None:
        """The clock runs: so much is done."""


@contextlib.contextmanager
def place(scenario: Scenario, folder: Path, target: str = "", metrics_url: str = "") -> Iterator[Place]:
    """A node to test: the one at `target`, or a sandbox and a node of our own on free ports, on an empty folder.

    Raises:
        LoadError: the scenario needs a sandbox, and `target` has none that is known.
        DemoError: ours do not start.
    """
    if target:
        if scenario.sandbox or scenario.events or scenario.cache == "cold":
            raise LoadError(
                f"{scenario.name} changes the sandbox or needs an empty cache, so it starts a node of its own; "
                "leave --target out"
            )
        yield Place(target, metrics_url)
        return
    with Stage(folder, cache=folder / "cache", composers=scenario.composers or None) as stage:
        yield Place(stage.node.target, stage.node.metrics_url, stage.node.pid, stage.sandbox_urls)


def run_scenario(
    scenario: Scenario, where: Place, *, seed: int = 1, scale: float = 1.0, progress: Progress | None = None
) -> Report:
    """Run it and say what was found. Ctrl-C ends it early, and the report is of what was done until then.

    Raises:
        LoadError: it cannot be run.
        DemoError: a process failed.
    """
    progress = progress or Progress()
    scenario = scenario.scaled(scale)
    machine = hardware()
    weather = Weather(where.sandbox_urls)
    progress.said("publishing, and trying each part of the mix")
    ready = asyncio.run(prepare(where.target, scenario, seed))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pressrun-load-")))
        for fault in scenario.sandbox:
            stack.callback(weather.end, weather.begin(fault))
        progress.said(
            f"making records and warming up with {scenario.warm if scenario.cache == 'warm' else 0} documents"
        )
        crew = _Crew(stack, scenario, where.target, ready, seed, folder)
        before = scrape(where.metrics_url) if where.metrics_url else {}
        date = datetime.now(UTC)
        interrupted, seconds = crew.run(weather, _reader(where), progress)
        after = scrape(where.metrics_url) if where.metrics_url else {}
        progress.said(f"reading {len(crew.samples)} documents in full")
        faults = verify(crew.samples)
    return _report(
        scenario,
        crew,
        ready,
        before,
        after,
        faults,
        machine,
        date=date,
        scale=scale,
        interrupted=interrupted,
        seconds=seconds,
    )


class _Crew:
    """The generators of one test."""

    def __init__(
        self, stack: contextlib.ExitStack, scenario: Scenario, target: str, ready: Ready, seed: int, folder: Path
    ) -> None:
        self._scenario = scenario
        self.tally = Tally()
        self.samples: list[Sample] = []
        self.late_ms = 0.0
        self.last_in_flight: dict[int, int] = {}
        self._children: list[Child] = []
        for share in range(scenario.processes):
            kept = folder / str(share)
            kept.mkdir()
            log = folder / f"generator-{share}.log"
            command = tethered("-m", "pressrun_loadtest.load.generator")
            child = Child(f"generator {share}", command, log=log, environment=own_environment(), talks=True)
            self._children.append(stack.enter_context(child))
            order = Order(scenario, target, ready.templates, share, scenario.processes, seed, str(kept))
            child.tell(msgspec.to_builtins(order))
        for child in self._children:
            _hear(child)

    def run(
        self, weather: Weather, read: Callable[[], Reading | None] | None, progress: Progress
    ) -> tuple[bool, float]:
        """Let them go; says whether it was interrupted, and how many seconds it took."""
        begin = time.monotonic() + _HEAD_START_S
        for child in self._children:
            child.tell(begin)
        lines: queue.Queue[tuple[int, Told | Exception]] = queue.Queue()
        for number, child in enumerate(self._children):
            threading.Thread(target=_listen, args=(number, child, lines), daemon=True).start()
        changes = self._changes(weather)
        running, interrupted, limit = len(self._children), False, float("inf")
        with Watch(read, begin, self.tally.node):
            while running:
                try:
                    now = time.monotonic() - begin
                    while changes and changes[0][0] <= now:
                        changes.pop(0)[1]()
                    with contextlib.suppress(queue.Empty):
                        running -= self._heard(*lines.get(timeout=_TICK_S))
                    progress.went(self.tally, now)
                    if now > limit:
                        raise LoadError("a generator did not end when it was told to")
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted, limit = True, time.monotonic() - begin + _INTERRUPTED_S
                    for child in self._children:
                        with contextlib.suppress(ChildError):
                            child.tell("stop")
        for _, change in changes:
            change()
        return interrupted, time.monotonic() - begin

    def _changes(self, weather: Weather) -> list[tuple[float, Callable[[], None]]]:
        """What happens when, as seconds after the start."""
        changes: list[tuple[float, Callable[[], None]]] = []
        for event in self._scenario.events:
            rules: list[tuple[str, int]] = []

            def start(rules: list[tuple[str, int]] = rules, event: object = event.fault) -> None:
                rules.extend(weather.begin(event))  # type: ignore[arg-type]

            def stop(rules: list[tuple[str, int]] = rules) -> None:
                weather.end(rules)

            seconds = self._scenario.arrival.seconds
            changes += [(event.at * seconds, start), (event.until * seconds, stop)]
        return sorted(changes, key=lambda change: change[0])

    def _heard(self, number: int, line: Told | Exception) -> int:
        """Take a line in; 1 where it was that generator's last."""
        if isinstance(line, Exception):
            raise line
        if line.trouble:
            raise LoadError(f"generator {number}: {line.trouble}")
        if line.interval is not None:
            self.tally.add(line.interval)
            self.last_in_flight[number] = line.interval.in_flight
        if not line.ended:
            return 0
        self.samples += line.samples
        self.late_ms = max(self.late_ms, line.late_ms)
        with contextlib.suppress(ChildError):
            self._children[number].tell("stop")  # its listener waits for a line
        return 1


def _reader(where: Place) -> Callable[[], Reading | None] | None:
    """What tells the CPU time and memory of the node: the machine where it runs here, else its metrics."""
    pid = where.pid
    if pid is not None:
        return lambda: of_process(pid)
    return (lambda: of_metrics(where.metrics_url)) if where.metrics_url else None


def _hear(child: Child) -> Told:
    line = msgspec.convert(child.hear(), Told)
    if line.trouble:
        raise LoadError(f"{child.name}: {line.trouble}")
    return line


def _listen(number: int, child: Child, lines: queue.Queue[tuple[int, Told | Exception]]) -> None:
    try:
        while True:
            line = msgspec.convert(child.hear(), Told)
            lines.put((number, line))
            if line.ended or line.trouble:
                return
    except Exception as error:  # noqa: BLE001 - raised again where it is taken
        lines.put((number, error))


def _report(  # noqa: PLR0913 - all that a test gave
    scenario: Scenario,
    crew: _Crew,
    ready: Ready,
    before: Scrape,
    after: Scrape,
    faults: list[str],
    machine: dict[str, object],
    *,
    date: datetime,
    scale: float,
    interrupted: bool,
    seconds: float,
) -> Report:
    tally, series = crew.tally, crew.tally.seconds
    done = max(1, tally.done)
    resident = [(each.second, each.node_resident / 2**20) for each in series if each.node_resident]
    counted = [each for each in series if each.node_cpu >= 0]
    reads = {
        how: after.get(f"pressrun_cache_requests_total/{how}", 0)
        - before.get(f"pressrun_cache_requests_total/{how}", 0)
        for how in ("hit", "miss")
    }
    open_loop = scenario.arrival.kind != "closed"
    # The last second is that in which the last answer came; idle ones at the end are the processes' leave-taking.
    last = max((each.second for each in series if each.done or each.failed), default=0)
    seconds = min(seconds, last + 1.0) if last else seconds
    if open_loop:
        seconds = max(seconds, min(seconds, scenario.arrival.seconds))
    quarter = max(1, len(resident) // 4)
    return Report(
        name=scenario.name,
        description=scenario.description,
        date=date.isoformat(timespec="seconds"),
        end_reason="interrupted" if interrupted else "normal",
        seconds=seconds,
        scale=scale,
        open_loop=open_loop,
        offered=expected(scenario.arrival) / scenario.arrival.seconds if open_loop else 0.0,
        scenario=msgspec.to_builtins(scenario),
        hardware=machine,
        versions=versions(),
        asked=tally.asked,
        done=tally.done,
        failed=dict(tally.failed.most_common()),
        unanswered=max(0, tally.asked - tally.done - sum(tally.failed.values())),
        pages=tally.pages,
        size=tally.size,
        stalls=tally.stalls,
        repeated=tally.repeated,
        latency=latency_of(tally.latency),
        first_byte=latency_of(tally.first_byte),
        failure=latency_of(tally.failure),
        series=[each for each in series if each.second <= last],
        # Few documents are pictures; where none is, that phase says nothing.
        phases={name: float(value) / done * 1000 for name, value in tally.phases.items() if value or name != "raster"},
        compose_cpu_ms=tally.compose_cpu / done * 1000,
        node_cpu_ms=sum(each.node_cpu for each in counted) / done * 1000 if counted else -1.0,
        generator_cpu_ms=tally.generator_cpu / done * 1000,
        busiest_generator=tally.busiest_generator,
        late_ms=crew.late_ms,
        resident=(
            sum(size for _, size in resident[:quarter]) / quarter if resident else 0.0,
            sum(size for _, size in resident[-quarter:]) / quarter if resident else 0.0,
        ),
        memory_slope=_slope(tally),
        cache_ratio=reads["hit"] / sum(reads.values()) if sum(reads.values()) else -1.0,
        source_requests=after.get("pressrun_source_requests_total", 0)
        - before.get("pressrun_source_requests_total", 0),
        checked=len(crew.samples),
        faults=faults,
        left_out=ready.left_out,
    )


def _slope(tally: Tally) -> float:
    """MiB for each 1,000 documents: least squares over the second half, so that warming up is left out."""
    points: list[tuple[float, float]] = []
    documents = 0
    for each in tally.seconds:
        documents += each.done
        if each.node_resident:
            points.append((documents / 1000, each.node_resident / 2**20))
    points = points[len(points) // 2 :]
    if len(points) < 3:  # noqa: PLR2004 - two points give a line through noise
        return 0.0
    mean_x, mean_y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    width = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / width if width else 0.0
