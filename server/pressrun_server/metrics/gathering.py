"""The metrics of a node's fronts as one: each front holds a registry, and a scrape of the node shows all of them.

Series of several fronts are told apart by the label `front`, the front's number from 0. Nothing is added up here: a
front that was replaced begins its counters anew, which a rate over one series sees and a rate over a sum would not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar, Sample

__all__ = ["FRONT", "Gathered", "Shown", "show"]

FRONT = "front"
"""The label."""


class _Point(msgspec.Struct, frozen=True, array_like=True):
    """A sample."""

    name: str
    labels: dict[str, str]
    value: float
    exemplar: tuple[dict[str, str], float, float | None] | None = None


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """A metric of one registry, as it crosses from a front to another."""

    name: str
    help: str
    kind: str
    unit: str
    points: list[_Point]


def show(registry: CollectorRegistry) -> list[Shown]:
    """What a registry holds at this moment."""
    return [
        Shown(
            family.name,
            family.documentation,
            family.type,
            family.unit,
            [_Point(one.name, one.labels, float(one.value), _exemplar(one.exemplar)) for one in family.samples],
        )
        for family in registry.collect()
    ]


def _exemplar(found: Exemplar | None) -> tuple[dict[str, str], float, float | None] | None:
    if found is None:
        return None
    moment = found.timestamp
    return dict(found.labels), found.value, None if moment is None else float(moment)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Several registries as one; what an encoder of `prometheus_client` asks is `collect`.

    Args:
        fronts: what each front shows, by its number.
    """

    fronts: Mapping[int, Sequence[Shown]]

    def collect(self) -> Iterator[Metric]:
        """Each metric once, with the samples of all fronts."""
        families: dict[str, Metric] = {}
        for number, shown in sorted(self.fronts.items()):
            for one in shown:
                family = families.get(one.name)
                if family is None:
                    family = families[one.name] = Metric(one.name, one.help, one.kind, one.unit)
                family.samples.extend(_samples(one.points, str(number)))
        yield from families.values()

    def restricted_registry(self, names: Iterable[str]) -> Any:
        """Some of the metrics; part of the interface of a registry."""
        wanted = frozenset(names)
        return replace(
            self,
            fronts={
                number: [one for one in shown if one.name in wanted or any(p.name in wanted for p in one.points)]
                for number, shown in self.fronts.items()
            },
        )


def _samples(points: Iterable[_Point], front: str) -> Iterator[Sample]:
    for point in points:
        exemplar = None if point.exemplar is None else Exemplar(*point.exemplar)
        yield Sample(point.name, {**point.labels, FRONT: front}, point.value, None, exemplar)
