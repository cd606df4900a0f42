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

from pressrun_loadtest.demo.procfs import tree_cpu_seconds, tree_resident_bytes

__all__ = ["Scrape", "Watch", "scrape"]

_TIME_S = 5.0
_APART = {"result", "tier"}
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


class Watch:
    """Reads the CPU time and memory of a process and its descendants once a second, from `begin` on, in a thread."""

    def __init__(self, pid: int | None, begin: float, take: Callable[[int, float, float], None]) -> None:
        self._pid, self._begin, self._take = pid, begin, take
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        if self._pid is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._pid is not None:
            self._thread.join()

    def _run(self) -> None:
        assert self._pid is not None
        if self._ended.wait(max(0.0, self._begin - time.monotonic())):
            return
        before, second = tree_cpu_seconds(self._pid), 0
        while not self._ended.wait(max(0.0, self._begin + second + 1 - time.monotonic())):
            now = tree_cpu_seconds(self._pid)
            self._take(second, max(0.0, now - before), float(tree_resident_bytes(self._pid)))
            before, second = now, second + 1
