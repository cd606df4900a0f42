"""What documents cost a node by kind, and how many nodes a night's work needs; measured here, multiplied from there."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pressrun_client import TemplateRef
from pressrun_loadtest.demo.stage import Stage
from pressrun_loadtest.load.errors import LoadError
from pressrun_loadtest.load.run import Place, run_scenario
from pressrun_loadtest.load.scenario import Arrival, Part, Rows, Scenario
from pressrun_loadtest.load.stock import Stock
from pressrun_loadtest.load.watch import Scrape, scrape

__all__ = ["KINDS", "Cost", "Footprint", "Kind", "Night", "Sizing", "measure", "plan"]

_RECORDS = 64
"""Requests whose size is looked at."""
_FRONT_ROOM = 3
"""Composers that one front feeds, by the chart's rule."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document."""

    title: str
    part: Part
    in_flight: int
    warm: int


KINDS = (
    Kind("SMALL: 30 rows, print", Part(rows=[Rows(1, 30, 30)]), 48, 200),
    Kind("LARGE: 1,500 rows, print", Part(rows=[Rows(1, 1500, 1500)]), 6, 6),
    Kind("SMALL: 30 rows, web", Part(rows=[Rows(1, 30, 30)], output_channel="web"), 48, 200),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one document of a kind costs."""

    title: str
    documents: int
    """Measured."""
    rate: float
    """Documents a second on this machine, the generator beside the node."""
    cpu_ms: float
    """All processes of the node."""
    front_ms: float
    composer_ms: float
    pages: float
    record_bytes: float
    bytes: float
    redis_bytes: float
    """Read from and written to the cache Redis, everything warm."""

    @property
    def core_rate(self) -> float:
        """Documents a second of a core."""
        return 1000 / self.cpu_ms


@dataclass(frozen=True, slots=True)
class Footprint:
    """Resident MiB after the work, the largest that was seen."""

    front: float
    composer: float
    preparer: float
    """The mean of preparers and reader."""
    redis_once: float
    """MiB that the first node wrote into the cache Redis: the template, its assets, and what was made of them."""


@dataclass(frozen=True, slots=True)
class Night:
    """What a night's work needs."""

    documents: int
    nodes: int
    cores: float
    network_mbit: float
    """Documents and records a second, over all nodes."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """All that was measured."""

    costs: Sequence[Cost]
    footprint: Footprint


def plan(cost: Cost, documents: int, *, hours: float, share: float, composers: int) -> Night:
    """How many nodes make so many documents in a night.

    Args:
        cost: of one document.
        documents: in the night.
        hours: how long the night is.
        share: of their processors that nodes use at most, so that a lost node or a slow hour is made up for.
        composers: of each node. Its front is one process, and may be what limits it.
    """
    node_rate = share * 1000 * min(composers / cost.composer_ms, 1 / cost.front_ms)
    rate = documents / (hours * 3600)
    # Two at least, so that one may be replaced.
    nodes = max(2, math.ceil(rate / node_rate))
    cores = nodes * (composers + math.ceil(composers / _FRONT_ROOM))
    return Night(documents, nodes, cores, rate * (cost.bytes + cost.record_bytes) * 8 / 1e6)


def measure(
    *, seconds: float, composers: int | None, seed: int, kinds: Sequence[Kind] = KINDS, said: Callable[[str], None]
) -> Sizing:
    """Make documents of every kind as fast as a node of our own takes them, with two Redis beside it.

    Raises:
        LoadError: a kind can't be made, documents failed or were wrong, or there is no redis-server.
        DemoError: a process failed.
    """
    with (
        tempfile.TemporaryDirectory(prefix="pressrun-sizing-") as folder,
        Stage(Path(folder), cache=Path(folder) / "cache", composers=composers, shared=True) as stage,
    ):
        if not stage.shared:
            raise LoadError("there is no redis-server, so its part can't be measured: apt-get install redis-server")
        where = Place(stage.node.target, stage.node.metrics_url, stage.node.pid, stage.sandbox_urls)
        costs: list[Cost] = []
        scrapes: list[Scrape] = []
        for kind in kinds:
            said(f"{kind.title}, {seconds:g} s")
            costs.append(_cost(kind, where, seconds, seed))
            scrapes.append(scrape(where.metrics_url))
    return Sizing(costs, _footprint(scrapes))


def _cost(kind: Kind, where: Place, seconds: float, seed: int) -> Cost:
    scenario = Scenario(
        kind.title,
        Arrival("closed", seconds=seconds, in_flight=kind.in_flight),
        name="sizing",
        mix=[kind.part],
        warm=0,
        verify=10,
    )
    # Warmed by a run of its own, so that what is read from the metrics is of warm documents alone.
    warm = Arrival("closed", seconds=60, in_flight=kind.in_flight, documents=kind.warm)
    run_scenario(Scenario("warming", warm, name="warming", mix=[kind.part], warm=0, verify=0), where, seed=seed)
    before = scrape(where.metrics_url)
    report = run_scenario(scenario, where, seed=seed)
    after = scrape(where.metrics_url)
    if report.failures or report.faults or not report.done:
        what = ", ".join(report.faults[:3]) or ", ".join(report.failed) or "nothing was made"
        raise LoadError(f"{kind.title}: {report.failures} documents failed, {len(report.faults)} are wrong: {what}")

    def each(name: str) -> float:
        made = after["pressrun_documents_total/ok"] - before["pressrun_documents_total/ok"]
        return (after.get(name, 0.0) - before.get(name, 0.0)) / made

    stock = Stock(scenario, [TemplateRef("statement", "1")], share=0, of=1, seed=seed)
    return Cost(
        title=kind.title,
        documents=report.done,
        rate=report.rate,
        cpu_ms=report.node_cpu_ms,
        front_ms=each("process_cpu_seconds_total") * 1000,
        composer_ms=each("pressrun_composer_cpu_seconds_total") * 1000,
        pages=report.pages / report.done,
        record_bytes=statistics.mean(len(stock.next()[0].record) for _ in range(_RECORDS)),
        bytes=report.size / report.done,
        redis_bytes=each("pressrun_cache_transferred_bytes_total/redis"),
    )


def _footprint(scrapes: Sequence[Scrape]) -> Footprint:
    def most(name: str, *by: str) -> float:
        return max(found[name] / sum(found.get(each, 0.0) for each in by) if by else found[name] for found in scrapes)

    mebibyte = 2**20
    return Footprint(
        front=most("process_resident_memory_bytes") / mebibyte,
        composer=most("pressrun_composer_resident_bytes", "pressrun_composers") / mebibyte,
        preparer=most("pressrun_preparer_resident_bytes", "pressrun_preparers") / mebibyte,
        redis_once=most("pressrun_cache_transferred_bytes_total/redis") / mebibyte,
    )
