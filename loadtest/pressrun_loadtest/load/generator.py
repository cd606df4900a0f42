"""One generator of load: a process that asks for documents when they are due and measures what comes back.

`python -m pressrun_loadtest.load.generator` talks in lines of JSON: it takes an order, warms up, says that it is ready,
takes the moment at which all generators begin, and then says what it saw, once a second. A line `stop` ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from pressrun_client import (
    Client,
    ClientConfig,
    Document,
    FailedDocument,
    RenderError,
    RenderRequest,
    Result,
    TemplateRef,
)
from pressrun_loadtest.load.arrivals import moments
from pressrun_loadtest.load.measure import NOT_SENT, Interval, Sample, histogram
from pressrun_loadtest.load.scenario import Arrival, Scenario
from pressrun_loadtest.load.stock import Stock
from pressrun_loadtest.load.verification import READ, suffix_of

__all__ = ["Generator", "Order", "Told", "main"]

_WARM_IN_FLIGHT = 16
_PHASES: tuple[str, ...] = ("queue", "compile", "select", "resolve", "compose", "raster")
_GRACE_S = 3.0
"""How long an interrupted test waits for what is under way."""


class Order(msgspec.Struct, frozen=True):
    """What a generator is to do."""

    scenario: Scenario
    target: str
    templates: list[str | None]
    """`name@version` for each part of the mix; None for parts to be left out."""
    share: int
    of: int
    seed: int
    folder: str
    """Where the sample is kept."""


class Told(msgspec.Struct, omit_defaults=True):
    """A line from a generator."""

    ready: bool = False
    interval: Interval | None = None
    ended: bool = False
    samples: list[Sample] = []
    late_ms: float = 0.0
    """p99 of how much later than meant documents were handed to the client."""
    trouble: str = ""


class Generator:
    """Asks for what its order says, and measures it."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._scenario = order.scenario
        self._arrival = order.scenario.arrival
        templates = [TemplateRef.parse(name) if name else None for name in order.templates]
        self._stock = Stock(order.scenario, templates, share=order.share, of=order.of, seed=order.seed)
        self._starts: dict[str, tuple[float, str]] = {}
        self._most = max(1, self._arrival.most_under_way // order.of)
        self._late = histogram()
        self._latency, self._first_byte, self._failure = histogram(), histogram(), histogram()
        self._interval = Interval(0)
        self._failed: Counter[str] = Counter()
        self._phases: dict[str, float] = dict.fromkeys(_PHASES, 0.0)
        self._samples: list[Sample] = []
        self._measuring = False
        self._sample_most = max(1, order.scenario.verify // order.of) if order.scenario.verify else 0
        # Spread over the test: by documents where their number is known and their time is not, else by time.
        arrival = self._arrival
        known = arrival.documents // order.of if arrival.kind == "closed" else 0
        self._sample_every = (known or arrival.seconds) / max(1, self._sample_most)
        self._sample_by_number = bool(known)
        self._sample_due = 0.0
        self._finished = 0
        self.stopped = asyncio.Event()

    async def warm(self, clients: list[Client]) -> None:
        """Render some documents that are not measured."""
        count = self._scenario.warm // self._order.of
        if not count or self._scenario.cache == "cold":
            return
        requests = (self._stock.next()[0] for _ in range(count))
        results = clients[0].render_stream(requests, max_in_flight=_WARM_IN_FLIGHT)
        refused = [result.error async for result in results if isinstance(result, FailedDocument)]
        if len(refused) == count:
            raise refused[0]

    async def run(self, clients: list[Client], begin: float) -> None:
        """Ask for everything and measure it."""
        self._begin = begin
        self._measuring = True
        self._cpu = time.process_time()
        reporter = asyncio.create_task(self._report())
        work = [asyncio.create_task(self._on(client, number, len(clients))) for number, client in enumerate(clients)]
        stopping = asyncio.create_task(self._stop())
        try:
            await asyncio.wait([asyncio.create_task(_all(work)), stopping], return_when=asyncio.FIRST_COMPLETED)
            if self.stopped.is_set():
                await asyncio.wait(work, timeout=_GRACE_S)
            for task in work:
                if task.done():
                    task.result()
                else:
                    task.cancel()
        finally:
            reporter.cancel()
            stopping.cancel()
        self._tell_interval(int(time.monotonic() - begin))

    async def _stop(self) -> None:
        await self.stopped.wait()

    async def _on(self, client: Client, number: int, of: int) -> None:
        """What one client of this generator does."""
        arrival = self._arrival
        await asyncio.sleep(max(0.0, self._begin - time.monotonic()))
        callers = max(1, arrival.in_flight // (of * self._order.of))
        if arrival.kind != "closed":
            due = self._due(arrival, number, of)
            if self._scenario.calls == "unary":
                await self._unary_open(client, due)
            else:
                # The limit is kept where documents are due; the client's own must not hold them back before.
                await self._consume(client.render_stream(due, max_in_flight=self._most + 1))
        elif self._scenario.calls == "unary":
            wanted = self._wanted(of)
            await asyncio.gather(*(self._caller(client, wanted) for _ in range(callers)))
        else:
            requests: Iterator[RenderRequest] | AsyncIterator[RenderRequest]
            self._idle = asyncio.Semaphore(callers)
            requests = self._thinking(of) if arrival.think_ms else self._wanted(of)
            await self._consume(client.render_stream(requests, max_in_flight=callers))

    async def _due(self, arrival: Arrival, number: int, of: int) -> AsyncIterator[RenderRequest]:
        """Requests of an open loop, each when it is due, whatever has or has not been answered up to a limit."""
        share = self._order.share * of + number
        for moment in moments(arrival, share, self._order.of * of, self._order.seed):
            meant = self._begin + moment
            if (wait := meant - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if self.stopped.is_set():
                return
            if len(self._starts) < self._most:
                yield self._ask(meant)
            else:
                self._interval.asked += 1
                self._failed[NOT_SENT] += 1
                await asyncio.sleep(0)  # answers must get a turn, however late this is

    def _wanted(self, of: int) -> Iterator[RenderRequest]:
        """Requests of a closed loop; one is taken when there is room for it."""
        end = self._begin + self._arrival.seconds
        most = self._arrival.documents // (of * self._order.of)
        for _ in range(most) if self._arrival.documents else itertools.count():
            now = time.monotonic()
            if now >= end or self.stopped.is_set():
                return
            yield self._ask(now)

    async def _thinking(self, of: int) -> AsyncIterator[RenderRequest]:
        for request in self._wanted(of):
            await self._idle.acquire()
            # The document starts when its caller has thought, not when the one before it was answered.
            self._starts[request.request_id] = time.monotonic(), self._starts[request.request_id][1]
            yield request

    async def _caller(self, client: Client, wanted: Iterator[RenderRequest]) -> None:
        for request in wanted:
            await self._call(client, request)
            if self._arrival.think_ms:
                await asyncio.sleep(self._arrival.think_ms / 1000)

    async def _unary_open(self, client: Client, due: AsyncIterator[RenderRequest]) -> None:
        async with asyncio.TaskGroup() as calls:
            async for request in due:
                calls.create_task(self._call(client, request))

    async def _call(self, client: Client, request: RenderRequest) -> None:
        try:
            result: Result = await client.render_request(request)
        except RenderError as error:
            result = FailedDocument(request.request_id, error)
        self._take(result)

    async def _consume(self, results: AsyncIterator[Result]) -> None:
        async for result in results:
            self._take(result)

    def _ask(self, meant: float) -> RenderRequest:
        request, marker = self._stock.next()
        self._starts[request.request_id] = meant, marker
        self._interval.asked += 1
        self._late.record_value(max(1, int((time.monotonic() - meant) * 1e6)))
        return request

    def _take(self, result: Result) -> None:
        now = time.monotonic()
        meant, marker = self._starts.pop(result.request_id)
        if self._arrival.think_ms and self._arrival.kind == "closed" and self._scenario.calls == "stream":
            asyncio.get_running_loop().call_later(self._arrival.think_ms / 1000, self._idle.release)
        interval = self._interval
        if isinstance(result, FailedDocument):
            self._failed[result.error.reason] += 1
            self._failure.record_value(max(1, int((now - meant) * 1e6)))
            return
        latency = now - meant
        # Counted back from the end: the client counts from its own sending, which may be long after it was meant to.
        streaming = result.delivery
        self._latency.record_value(max(1, int(latency * 1e6)))
        self._first_byte.record_value(max(1, int((latency - streaming) * 1e6)))
        interval.done += 1
        interval.pages += result.pages
        interval.size += len(result)
        interval.stalls += streaming * 1000 > self._scenario.stall_ms
        interval.repeated += result.attempts > 1
        timings = result.timings
        phases = self._phases
        for name in phases:
            phases[name] += getattr(timings, name)
        interval.compose_cpu += timings.compose_cpu
        self._finished += 1
        reached = self._finished if self._sample_by_number else now - self._begin
        if reached >= self._sample_due and len(self._samples) < self._sample_most:
            self._sample_due = reached + self._sample_every
            self._keep(result, marker)

    def _keep(self, document: Document, marker: str) -> None:
        suffix = suffix_of(document.media_type)
        file = Path(self._order.folder, document.request_id).with_suffix(suffix)
        document.save(file)
        self._samples.append(Sample(str(file), marker if suffix in READ else "", document.sha256, document.pages))

    async def _report(self) -> None:
        for second in itertools.count():
            await asyncio.sleep(max(0.0, self._begin + second + 1 - time.monotonic()))
            self._tell_interval(second)

    def _tell_interval(self, second: int) -> None:
        cpu = time.process_time()
        interval = self._interval
        interval.second = second
        interval.cpu_seconds, self._cpu = cpu - self._cpu, cpu
        interval.failed = dict(self._failed)
        interval.phases = dict(self._phases)
        interval.in_flight = len(self._starts)
        if interval.done:
            interval.latency = self._latency.encode().decode()
            interval.first_byte = self._first_byte.encode().decode()
            self._latency.reset()
            self._first_byte.reset()
        if self._failure.get_total_count():
            interval.failure = self._failure.encode().decode()
            self._failure.reset()
        _say(Told(interval=interval))
        self._interval = Interval(second + 1)
        self._failed.clear()
        self._phases = dict.fromkeys(_PHASES, 0.0)

    def told(self) -> Told:
        """The last line."""
        late = self._late.get_value_at_percentile(99) / 1000 if self._late.get_total_count() else 0.0
        return Told(ended=True, samples=self._samples, late_ms=late)


async def _all(tasks: list[asyncio.Task[None]]) -> None:
    """Until all have ended, or one has failed."""
    await asyncio.gather(*tasks)


def _say(line: Told) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


async def _serve(order: Order) -> None:
    scenario = order.scenario
    config = ClientConfig(
        target=order.target, streams=scenario.streams, attempts=scenario.attempts, time_limit=scenario.time_limit
    )
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(config=config)) for _ in range(scenario.channels)]
        generator = Generator(order)
        await generator.warm(clients)
        # What was made until now stays; the collector need not look at it during the measurement.
        gc.collect()
        gc.freeze()
        _say(Told(ready=True))
        begin = float(await asyncio.to_thread(sys.stdin.readline))
        listener = asyncio.create_task(_listen(generator))
        await generator.run(clients, begin)
        _say(generator.told())
        # Its thread waits for a line; the process that started this one closes the pipe, or sends it.
        await listener


async def _listen(generator: Generator) -> None:
    await asyncio.to_thread(sys.stdin.readline)
    generator.stopped.set()


def main() -> None:
    """Serve the process that started this one."""
    try:
        asyncio.run(_serve(msgspec.json.decode(sys.stdin.readline(), type=Order)))
    except Exception as error:  # the process that started this one tells it to a person
        _say(Told(trouble=f"{type(error).__name__}: {error}"))
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
