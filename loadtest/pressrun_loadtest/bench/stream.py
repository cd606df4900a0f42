"""Measures documents end to end: sandbox, one node with its composers, and a client, all processes of this machine."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from pressrun_client import Client
from pressrun_loadtest.bench.checks import check_documents
from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.customers import Customer, spread, write_records
from pressrun_loadtest.bench.errors import CheckError
from pressrun_loadtest.demo.child import Child, own_environment, tethered
from pressrun_loadtest.demo.procfs import cpu_seconds, tree_cpu_seconds, tree_resident_bytes
from pressrun_loadtest.demo.stage import RunningNode, Stage
from pressrun_loadtest.samples import statement_path

__all__ = ["Cpu", "Round", "StreamPlan", "Streamed", "measure_stream"]

_WHAT = "the stream"


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What is streamed, in rounds."""

    warm: int
    """Documents before the clock runs."""
    rounds: int
    documents: int
    """Documents of a round."""
    step: int
    """Documents between two readings of the node's memory."""
    checked: int
    in_flight: int
    composers: int = 1

    @property
    def total(self) -> int:
        """All documents."""
        return self.warm + self.rounds * self.documents

    @classmethod
    def of(cls, sizes: Sizes, *, growth: bool, composers: int = 1) -> StreamPlan:
        """The plan for the rate alone, or for the growth of memory as well, which is watched over the same rounds."""
        rounds, warm = sizes.stream_rounds, sizes.stream_warm
        if growth:
            warm = sizes.growth_from
            rounds = max(rounds, -(-(sizes.growth_to - warm) // sizes.stream_documents))
        return cls(warm, rounds, sizes.stream_documents, sizes.growth_step, sizes.checked, sizes.in_flight, composers)


class Cpu(NamedTuple):
    """CPU seconds of the processes that a document passes."""

    client: float
    front: float
    helpers: float
    """Composers and preparers."""

    def since(self, before: Cpu) -> Cpu:
        """What was used since an earlier reading."""
        return Cpu(*(now - then for now, then in zip(self, before, strict=True)))


@dataclass(frozen=True, slots=True)
class Round:
    """One round."""

    documents: int
    seconds: float
    cpu: Cpu

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.seconds


@dataclass(slots=True)
class Streamed:
    """What was measured."""

    rounds: list[Round] = field(default_factory=list)
    resident: dict[int, int] = field(default_factory=dict)
    """Resident bytes of the node with all its processes, by documents rendered."""

    def cpu(self) -> Cpu:
        """CPU milliseconds a document, by process, over all rounds."""
        measured = sum(each.documents for each in self.rounds)
        return Cpu(*(sum(part) / measured * 1000 for part in zip(*(each.cpu for each in self.rounds), strict=True)))

    def rate(self) -> float:
        """Documents a second, the median of the rounds."""
        return statistics.median(each.rate for each in self.rounds)

    def growth(self, first: int) -> int:
        """The most by which the memory was above that after `first` documents."""
        base = self.resident[first]
        return max(size for documents, size in self.resident.items() if documents >= first) - base


def measure_stream(plan: StreamPlan, seed: int, folder: Path, console: Console) -> Streamed:
    """Stream everything and check it.

    Args:
        plan: how much.
        seed: whose statements.
        folder: for records, logs, the node's data, and the documents that are checked.
        console: is told how it gets on.

    Raises:
        CheckError: documents failed, or are not what they should be.
        DemoError: a process failed.
    """
    folder = folder / f"composers-{plan.composers}"
    records, documents = folder / "stream.ndjson", folder / "stream"
    documents.mkdir(parents=True)
    customers = write_records(records, seed, plan.total, spread(plan.warm, plan.total, plan.checked))
    streamed = Streamed()
    with Stage(folder, cache=folder / "cache", composers=plan.composers) as stage:
        template = asyncio.run(_publish(stage.node))
        settings = _settings(plan, stage.node, template, records, documents, customers)
        with _driver(folder, settings) as driver:
            talk = _Talk(driver, stage.node, streamed)
            answer = talk.render(plan.warm)
            for number in range(plan.rounds):
                before = talk.cpu()
                answer = talk.render(plan.documents)
                done = Round(plan.documents, answer["seconds"], talk.cpu().since(before))
                streamed.rounds.append(done)
                console.print(f"  round {number + 1} of {plan.rounds}: {done.rate:,.0f} documents/s", style="dim")
    if answer["distinct"] != plan.total:
        raise CheckError(_WHAT, [f"{plan.total} different records gave only {answer['distinct']} different documents"])
    check_documents(_WHAT, documents, customers, answer["sampled"])
    return streamed


async def _publish(node: RunningNode) -> str:
    async with Client(node.target) as client:
        return str((await client.publish(statement_path())).ref)


def _settings(
    plan: StreamPlan, node: RunningNode, template: str, records: Path, documents: Path, customers: list[Customer]
) -> dict[str, Any]:
    return {
        "target": node.target,
        "template": template,
        "records": str(records),
        "documents": str(documents),
        "sampled": [customer.request_id for customer in customers],
        "step": plan.step,
        "in_flight": plan.in_flight,
    }


@contextmanager
def _driver(folder: Path, settings: dict[str, Any]) -> Iterator[Child]:
    command = tethered("-m", "pressrun_loadtest.bench.driver")
    log = folder / "driver.log"
    with Child("the client", command, log=log, environment=own_environment(), talks=True) as child:
        child.tell(settings)
        yield child


class _Talk:
    """Has the driver render, and looks at the processes meanwhile."""

    def __init__(self, driver: Child, node: RunningNode, streamed: Streamed) -> None:
        self._driver = driver
        self._node = node
        self._streamed = streamed

    def cpu(self) -> Cpu:
        """Of client and node so far."""
        front = cpu_seconds(self._node.pid)
        return Cpu(tree_cpu_seconds(self._driver.pid), front, tree_cpu_seconds(self._node.pid) - front)

    def render(self, count: int) -> dict[str, Any]:
        """Render the next documents.

        Raises:
            CheckError: some failed.
            ChildError: the driver ended.
        """
        self._driver.tell(count)
        while True:
            answer = self._driver.hear()
            if "seconds" in answer:
                break
            self._streamed.resident[answer["documents"]] = tree_resident_bytes(self._node.pid)
        if answer["failed"] or answer["answers"] != count:
            missing = count - answer["answers"]
            raise CheckError(_WHAT, answer["failures"] or [f"{missing} of {count} documents were not answered"])
        return dict(answer)
