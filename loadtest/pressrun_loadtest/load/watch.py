"""What the node uses meanwhile: its processes as the machine sees them, and its own metrics."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import TracebackType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from pressrun_loadtest.demo.procfs import tree_usage

__all__ = ["Reading", "Scrape", "Watch", "of_metrics", "of_process", "scrape"]

_TIME_S = 5.0
_APART = {"result", "tier"}
_CPU = ("process_cpu_seconds_total", "pressrun_composer_cpu_seconds_total", "pressrun_preparer_cpu_seconds_total")
_RESIDENT = ("process_resident_memory_bytes", "pressrun_composer_resident_bytes", "pressrun_preparer_resident_bytes")
Scrape = dict[str, float]
"""Sums of samples by metric; also by result and by tier, as `NAME/hit`, `NAME/redis`."""


def scrape(url: str) -> Scrape:
    """A node's metrics; empty where they cannot be read."""
    try:
        with urllib.request.urlopen(url, timeout=_TIME_S) as answer:  # noqa: S310 - the node's http address
            text = answer.read().decode()
    except (urllib.error.URLError, OSError, ValueError):
        return {}
    sums: Scrape = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
            for label in _APART & sample.labels.keys():
                name = f"{sample.name}/{sample.labels[label]}"
                sums[name] = sums.get(name, 0.0) + sample.value
    return sums


Reading = tuple[float, float]
"""CPU seconds so far and resident bytes now, of all processes of a node."""


def of_process(pid: int) -> Reading:
    """Of a process of this machine and its descendants."""
    cpu_seconds, resident = tree_usage(pid)
    return cpu_seconds, float(resident)


def of_metrics(url: str) -> Reading | None:
    """Of a node elsewhere, as it tells it itself; None where it does not answer."""
    found = scrape(url)
    if not all(name in found for name in (*_CPU, *_RESIDENT)):
        return None
    return sum(found[name] for name in _CPU), sum(found[name] for name in _RESIDENT)


class Watch:
    """Takes a reading of a node once a second, from `begin` on, in a thread.

    Args:
        read: gives a reading, or None where there is none now; None where nobody can tell.
        begin: on the clock of `time.monotonic`.
        take: is told the second, the CPU time used in it, and the resident bytes at its end.
    """

    def __init__(
        self, read: Callable[[], Reading | None] | None, begin: float, take: Callable[[int, float, float], None]
    ) -> None:
        self._read, self._begin, self._take = read, begin, take
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        if self._read is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._read is not None:
            self._thread.join()

    def _run(self) -> None:
        assert self._read is not None
        if self._ended.wait(max(0.0, self._begin - time.monotonic())):
            return
        before, second = self._read(), 0
        while not self._ended.wait(max(0.0, self._begin + second + 1 - time.monotonic())):
            now = self._read()
            if now is not None and before is not None:
                # A node that was started again counts from the beginning.
                self._take(second, max(0.0, now[0] - before[0]), now[1])
            before = now or before
            second += 1
