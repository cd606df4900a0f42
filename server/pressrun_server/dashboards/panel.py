"""A dashboard as its author thinks of it: rows of panels, each with queries, unit, description and runbook chapter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Dashboard", "Panel", "Query", "Row"]


@dataclass(frozen=True, slots=True)
class Query:
    """One expression of a panel."""

    expression: str
    legend: str = ""
    """How a series is called; `{{label}}` is filled in by Grafana."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture."""

    title: str
    description: str
    """What it shows and what a reader should make of it."""
    unit: str
    """A unit of Grafana's (`s`, `bytes`, `percentunit`), or `suffix: TEXT`."""
    queries: tuple[Query, ...]
    chapter: str
    """The heading in the runbook to go on reading, as an anchor."""
    kind: Literal["timeseries", "stat", "table"] = "timeseries"
    width: int = 8
    """Of the 24 columns of a dashboard."""
    stacked: bool = False
    limit: float | None = None
    """Where it turns red."""
    most: float | None = None
    """End of the axis, e.g. 1 for a share."""
    decimals: int | None = None

    @property
    def height(self) -> int:
        """In Grafana's grid units."""
        return 4 if self.kind == "stat" else 8


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading; they fill lines from left to right."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of rows."""

    name: str
    """Its file, and after `pressrun-` its identity in Grafana; links to it hold as long as it stays."""
    title: str
    description: str
    rows: tuple[Row, ...]
