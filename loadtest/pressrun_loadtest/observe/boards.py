"""The shipped dashboards, read from their JSON: what Grafana would ask Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pressrun_loadtest.observe.prometheus import Prometheus, Series

__all__ = ["Ask", "Seen", "asks", "look"]

_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Ask:
    """One query of a panel."""

    dashboard: str
    row: str
    panel: str
    legend: str
    unit: str
    expression: str
    """As it stands in the file, with Grafana's variables."""

    def named(self, series: Series) -> str:
        """The legend of a series."""
        return _LABEL.sub(lambda found: series.labels.get(found[1], ""), self.legend) or "value"

    def filled(self, window: str) -> str:
        """The expression for all nodes of all jobs.

        Args:
            window: what Grafana would take for `$__rate_interval`, e.g. `15s`.
        """
        expression = self.expression.replace("$__rate_interval", window)
        return expression.replace("$job", ".*").replace("$node", ".*")


@dataclass(frozen=True, slots=True)
class Seen:
    """What Prometheus answered to a query."""

    ask: Ask
    series: list[Series]


def asks(folder: Path) -> Iterator[Ask]:
    """Every query of every dashboard in a folder, in their order."""
    for path in sorted(folder.glob("*.json")):
        yield from _of(json.loads(path.read_text(encoding="utf-8")))


def look(prometheus: Prometheus, folder: Path, window: str) -> list[Seen]:
    """Ask everything.

    Raises:
        ObserveError: an expression is not valid.
    """
    return [Seen(ask, prometheus.query(ask.filled(window))) for ask in asks(folder)]


def _of(dashboard: dict[str, Any]) -> Iterator[Ask]:
    row = ""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
            continue
        unit = panel["fieldConfig"]["defaults"]["unit"]
        for target in panel["targets"]:
            yield Ask(dashboard["title"], row, panel["title"], target["legendFormat"], unit, target["expr"])
