"""The records of a measurement, and what must be found in some of the documents made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pressrun_loadtest.records import generate_small, write_ndjson

__all__ = ["Customer", "spread", "write_records"]


@dataclass(frozen=True, slots=True)
class Customer:
    """What the statement of one customer must show, and no other's may."""

    request_id: str
    name: str
    number: str
    account: str
    """The IBAN, as it is printed."""


def spread(first: int, end: int, count: int) -> frozenset[int]:
    """Indexes of samples, evenly spread over first … end - 1, the first one and the last one among them.

    Example:
        >>> sorted(spread(100, 110, 3))
        [100, 104, 109]
    """
    if end - first <= count:
        return frozenset(range(first, end))
    return frozenset(first + index * (end - first - 1) // (count - 1) for index in range(count))


def write_records(path: Path, seed: int, count: int, sampled: frozenset[int]) -> list[Customer]:
    """Write SMALL stream items as NDJSON.

    Returns:
        the sampled customers, in order.
    """
    customers: list[Customer] = []

    def watched() -> Iterator[dict[str, Any]]:
        for index, item in enumerate(generate_small(seed, count)):
            if index in sampled:
                customers.append(_customer(item))
            yield item

    write_ndjson(path, watched())
    return customers


def _customer(item: dict[str, Any]) -> Customer:
    record = item["record"]
    customer = record["customer"]
    return Customer(item["request_id"], customer["name"], customer["number"], record["account"]["iban"])
