"""Measures one engine in a process of its own, on one core: CPU time of each document, bytes, peak memory.

`python -m pressrun_loadtest.rivals.probe` is that process. Records are read into finished texts before the clock of a
document starts: for the rivals that is a gift, for Pressrun begins with the record.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pressrun_loadtest.demo.child import ask
from pressrun_loadtest.demo.procfs import own_memory
from pressrun_loadtest.records import encode, generate, generate_small
from pressrun_loadtest.rivals.errors import MissingError
from pressrun_loadtest.rivals.roster import ROSTER, load, load_together
from pressrun_loadtest.rivals.statement import Clerk, Order
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["Effort", "Measured", "by_locale", "measure", "orders"]

_TIME_S = 1800.0
_MOST = 100_000
_BATCH = {True: 20, False: 2}
"""SMALL documents, and LARGE ones, that are read before the first of them is made."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured; a slow engine makes as many documents as there is time for, two at least."""

    rows: int | None
    """None is SMALL."""
    warm_seconds: float
    warm_documents: int
    seconds: float
    documents: int
    checked: int
    together: int
    """Documents of engines that make one file of them all, and half as many to warm up."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process measured."""

    milliseconds: tuple[float, ...]
    """CPU time of each document."""
    size: float
    """Bytes of a document, the mean."""
    peak: float
    """MiB, the most that the process had resident."""


def orders(seed: int, rows: int | None) -> Iterator[Order]:
    """SMALL documents, or such with so many rows, the same for every engine."""
    items = generate_small(seed, _MOST) if rows is None else generate(seed, _MOST, rows)
    for item in items:
        yield Order(item["locale"], encode(item["record"]), item["attributes"])


def by_locale(seed: int, rows: int | None, count: int) -> dict[str, list[Order]]:
    """The first documents of a seed, apart by locale."""
    found: dict[str, list[Order]] = {}
    for order in itertools.islice(orders(seed, rows), count):
        found.setdefault(order.locale, []).append(order)
    return found


def measure(name: str, effort: Effort, *, seed: int, core: int, stock: Stock, folder: Path) -> Measured:
    """Measure an engine; the first of the documents that `orders` gives for a seed are kept as `<number>.pdf`.

    One that makes one file of them all leaves `<locale>.pdf`. The warm-up makes documents of the next seed.

    Raises:
        HelperError: the process failed.
        MissingError: what the engine needs is not installed.
    """
    order = {
        "engine": name,
        "rows": effort.rows,
        "warm": [effort.warm_seconds, effort.warm_documents],
        "timed": [effort.seconds, effort.documents],
        "checked": effort.checked,
        "together": effort.together,
        "seed": seed,
        "core": core,
        "stock": str(stock.folder),
        "folder": str(folder),
    }
    answer = ask(__name__, order, seconds=_TIME_S)
    if "missing" in answer:
        raise MissingError(answer["missing"])
    return Measured(tuple(answer["milliseconds"]), answer["size"], answer["peak"])


def _main() -> None:
    question: dict[str, Any] = json.load(sys.stdin)
    # Before anything starts a thread: all of them stay on this core.
    os.sched_setaffinity(0, {question["core"]})
    stock = Stock.at(Path(question["stock"]))
    clerk = Clerk(stock)
    folder = Path(question["folder"])
    run = _together if ROSTER[question["engine"]].together else _apart
    try:
        milliseconds, size = run(question, stock, clerk, folder)
    except MissingError as error:
        json.dump({"missing": str(error)}, sys.stdout)
        return
    answer = {
        "milliseconds": milliseconds,
        "size": size / len(milliseconds),
        "peak": own_memory("VmHWM") / 2**20,
    }
    json.dump(answer, sys.stdout)


def _apart(question: dict[str, Any], stock: Stock, clerk: Clerk, folder: Path) -> tuple[list[float], int]:
    """CPU milliseconds of each document, and bytes of all."""
    engine = load(question["engine"], stock)

    def made(seed: int, least: int, seconds: float, documents: int) -> Iterator[tuple[float, bytes]]:
        """CPU seconds and bytes of one document after the other, until the time or the documents are used up."""
        spent, number = 0.0, 0
        supply = itertools.islice(orders(seed, question["rows"]), documents)
        while batch := [
            (order, clerk.read(order)) for order in itertools.islice(supply, _BATCH[question["rows"] is None])
        ]:
            gc.collect()
            for order, statement in batch:
                if number >= least and spent > seconds:
                    return
                began = time.process_time()
                data = engine.make(order, statement)
                used = time.process_time() - began
                spent += used
                number += 1
                yield used, data

    for _ in made(question["seed"] + 1, 1, *question["warm"]):
        pass
    milliseconds: list[float] = []
    size = 0
    for number, (used, data) in enumerate(made(question["seed"], 2, *question["timed"])):
        milliseconds.append(used * 1000)
        size += len(data)
        if number < question["checked"]:
            (folder / f"{number}.pdf").write_bytes(data)
    return milliseconds, size


def _together(question: dict[str, Any], stock: Stock, clerk: Clerk, folder: Path) -> tuple[list[float], int]:
    """The same; each document's share of its file."""
    engine = load_together(question["engine"], stock)
    for orders_of in by_locale(question["seed"] + 1, question["rows"], question["together"] // 2).values():
        engine.make_all([clerk.read(order) for order in orders_of])
    milliseconds: list[float] = []
    size = 0
    for locale, orders_of in by_locale(question["seed"], question["rows"], question["together"]).items():
        statements = [clerk.read(order) for order in orders_of]
        gc.collect()
        began = time.process_time()
        data = engine.make_all(statements)
        used = time.process_time() - began
        milliseconds += [used / len(statements) * 1000] * len(statements)
        size += len(data)
        (folder / f"{locale}.pdf").write_bytes(data)
    return milliseconds, size


if __name__ == "__main__":
    _main()
