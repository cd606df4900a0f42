"""Measures what the regression gate compares: the cost of composing in calibration loops, and its memory.

`python -m pressrun_loadtest.bench.gauge` is that process. Each round runs the calibration loop, then SMALL, then LARGE;
the least CPU time of each over all rounds counts, for what disturbs a round only ever adds to it. The rounds alternate,
so that a slower spell of the machine meets the loop as well as the documents.
"""

from __future__ import annotations

import gc
import itertools
import json
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from pressrun_loadtest.bench.composition import Press
from pressrun_loadtest.bench.large import LARGE_ROWS
from pressrun_loadtest.demo.child import ask
from pressrun_loadtest.demo.procfs import own_memory
from pressrun_loadtest.records import encode, generate, generate_small

__all__ = ["WARM_LARGE", "WARM_SMALL", "calibrate", "composed", "measure"]

_TIME_S = 900.0
WARM_SMALL, WARM_LARGE = 60, 9
"""Enough that the programs of all locales have their code."""
_LINES = 3_000
_ALPHABET = {code: 7 * code % 4096 for code in range(32, 383)}


def measure(seed: int, *, rounds: int, documents: int) -> dict[str, float]:
    """SMALL and LARGE in calibration loops, and peak memory in MiB.

    Args:
        seed: whose statements; the same in all rounds, so that rounds differ by disturbance alone.
        rounds: how many.
        documents: SMALL documents a round.

    Returns:
        `small-cpu` and `large-cpu` (CPU time of a document over that of a loop), `small-peak` and `large-peak` (MiB of
        the process after each), and for the reader `calibration` (milliseconds of a loop).

    Raises:
        HelperError: the process failed.
    """
    order = {"seed": seed, "rounds": rounds, "documents": documents}
    figures: dict[str, float] = ask(__name__, order, seconds=_TIME_S)
    return figures


def calibrate() -> int:
    """A fixed amount of the work that composing is made of: translating, looking up, formatting, joining, deflating."""
    parts: list[str] = []
    total = 0
    for number in range(_LINES):
        text = f"Row {number} of a statement, {number * 37 % 10_007}.{number % 100:02d}"
        glyphs = text.translate(_ALPHABET)
        total += sum(map(_ALPHABET.__getitem__, map(ord, text)))
        parts.append(f"BT {number % 595} {number % 842} Td <{glyphs.encode('utf-16-be', 'surrogatepass').hex()}> Tj ET")
    return total + len(zlib.compress("\n".join(parts).encode("ascii"), 1))


def composed(press: Press, items: Sequence[dict[str, Any]]) -> Callable[[], None]:
    """What composes these customers' statements; they are encoded before: in a node this is the client's work."""
    ready = [(item["locale"], encode(item["record"]), item["attributes"]) for item in items]

    def work() -> None:
        for locale, record, attributes in ready:
            press.compose(locale, record, attributes)

    return work


def _spent(work: Callable[[], object]) -> float:
    """CPU milliseconds of one call."""
    gc.collect()
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _peak() -> float:
    """The most resident memory of this process so far, in MiB."""
    return own_memory("VmHWM") / 2**20


def _main() -> None:
    order: dict[str, Any] = json.load(sys.stdin)
    press = Press()
    small_items = list(generate_small(order["seed"], WARM_SMALL + order["documents"]))
    composed(press, small_items[:WARM_SMALL])()
    small = composed(press, small_items[WARM_SMALL:])
    small()
    figures = {"small-peak": _peak()}
    large_items = list(generate(order["seed"], WARM_LARGE + 1, LARGE_ROWS))
    composed(press, large_items[:WARM_LARGE])()
    large = composed(press, large_items[WARM_LARGE:])
    calibrate()
    rounds = [(_spent(calibrate), _spent(small), _spent(large)) for _ in itertools.repeat(None, order["rounds"])]
    loop, all_small, one_large = (min(column) for column in zip(*rounds, strict=True))
    figures |= {
        "small-cpu": all_small / order["documents"] / loop,
        "large-cpu": one_large / loop,
        "large-peak": _peak(),
        "calibration": loop,
    }
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    _main()
