"""Measures large documents: 1,500 rows on about 37 pages, and the memory of one of 100,000 rows.

`python -m pressrun_loadtest.bench.large` is the process that composes them, and nothing else.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from pressrun_loadtest.bench.composition import Press
from pressrun_loadtest.bench.config import Sizes
from pressrun_loadtest.bench.errors import CheckError
from pressrun_loadtest.bench.report import Entry
from pressrun_loadtest.demo.child import ask
from pressrun_loadtest.demo.procfs import own_memory
from pressrun_loadtest.demo.viewer import read_texts
from pressrun_loadtest.records import encode, generate

__all__ = ["LARGE_ROWS", "measure_large"]

LARGE_ROWS = 1500
_MOST_ROWS = 100_000
_WARM = 12
"""Enough that the programs of all locales have their code."""
_TIME_S = 900.0


def measure_large(sizes: Sizes, seed: int, folder: Path) -> list[Entry]:
    """CPU time and first bytes of LARGE, and the memory that 100,000 rows add to a process that has made LARGE.

    Raises:
        CheckError: a document is not what it should be.
        HelperError: the process failed.
    """
    path = folder / "large.pdf"
    answer = ask(__name__, {"seed": seed, "count": sizes.large_documents, "document": str(path)}, seconds=_TIME_S)
    [view] = read_texts([path])
    faults = [f"MuPDF says: {complaint}" for complaint in view.complaints]
    faults += [f"the reference {text} is not in the text" for text in answer["references"] if text not in view.text]
    if answer["pages"] != view.pages or len(set(answer["digests"])) != sizes.large_documents:
        faults.append("pages or digests are not what they should be")
    if faults:
        raise CheckError("compose-large-cpu", faults)
    cpu, first = answer["milliseconds"], answer["first"]
    what = f"LARGE: {LARGE_ROWS:,} rows, {view.pages} pages, {answer['bytes'] / 1000:.0f} kB"
    return [
        Entry(
            "compose-large-cpu", statistics.median(cpu), "ms", len(cpu),
            f"{what}; bind, lay out, emit; median of {min(cpu):.1f} to {max(cpu):.1f}",
        ),
        Entry(
            "compose-large-ttfb", statistics.median(first), "ms", len(first), f"{what}; until its first page leaves"
        ),
        Entry("compose-large-size", answer["bytes"] / 1000, "kB", 1, what),
        Entry(
            "compose-100k-rows-rss", answer["rise"] / 2**20, "MiB", 1,
            f"{_MOST_ROWS:,} rows, {answer['many_pages']:,} pages; above LARGE, beyond the decoded record",
        ),
    ]  # fmt: skip


def _main() -> None:
    order = json.load(sys.stdin)
    press = Press()
    cpu: list[float] = []
    first: list[float] = []
    digests: list[str] = []
    answer: dict[str, Any] = {}
    for index, item in enumerate(generate(order["seed"], _WARM + order["count"], LARGE_ROWS)):
        record = encode(item["record"])
        gc.collect()
        began = time.process_time()
        composing = press.begin(item["locale"], record, item["attributes"])
        parts, page = [], 0.0
        for number, part in enumerate(composing):
            if part and number and not page:
                page = time.process_time() - began
            parts.append(part)
        spent = time.process_time() - began
        data = b"".join(parts)
        if index >= _WARM:
            cpu.append(spent * 1000)
            first.append(page * 1000)
            digests.append(composing.summary.sha256)
        if index == _WARM + order["count"] - 1:
            Path(order["document"]).write_bytes(data)
            answer = {"pages": composing.summary.pages, "bytes": len(data)}
            answer["references"] = [row["reference"] for row in item["record"]["transactions"]]
    answer |= _many(press, order["seed"] + 1)
    json.dump({**answer, "milliseconds": cpu, "first": first, "digests": digests}, sys.stdout)


def _many(press: Press, seed: int) -> dict[str, int]:
    """What 100,000 rows add to the process."""
    [item] = generate(seed, 1, _MOST_ROWS)
    locale, attributes, record = item["locale"], item["attributes"], encode(item["record"])
    del item
    gc.collect()
    composing = press.begin(locale, record, attributes)
    steps = iter(composing)
    next(steps)  # the record is decoded now
    base = most = own_memory("VmRSS")
    for _ in steps:
        most = max(most, own_memory("VmRSS"))
    return {"rise": most - base, "many_pages": composing.summary.pages}


if __name__ == "__main__":
    _main()
