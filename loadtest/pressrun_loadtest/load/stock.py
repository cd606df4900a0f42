"""Records for a load test, cheap enough that the generator stays out of the way.

A few hundred records are made before the clock runs. Each document gets one of them with a customer number of its own
put in, so no two are equal, none was seen before, and a number found in a document says whose it is.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pressrun_client import OutputChannel, OutputFormat, RenderRequest, TemplateRef
from pressrun_loadtest.demo.orders import read_items
from pressrun_loadtest.load.errors import LoadError
from pressrun_loadtest.load.scenario import Part, Scenario
from pressrun_loadtest.records import generate

__all__ = ["NUMBER", "Stock", "marker_of"]

NUMBER = re.compile(r"(?<![0-9-])[0-9]{4}-[0-9]{6}(?![0-9-])")
"""A customer number, as statements print it."""

_KEPT = 192
"""Different records of a part."""
_KEPT_ROWS = 60_000
"""Rows in memory for a part, so that large records are fewer."""
_TRIES = 40
"""Records made for each one kept, where only some locales or segments are wanted."""


@dataclass(frozen=True, slots=True)
class _Record:
    head: bytes
    tail: bytes
    locale: str
    attributes: dict[str, str]
    marked: bool


def marker_of(serial: int) -> str:
    """The customer number of a document; different for each below 10^10.

    Example:
        >>> marker_of(1_234_567)
        '0001-234567'
    """
    return f"{serial // 1_000_000:04d}-{serial % 1_000_000:06d}"


class Stock:
    """Makes the requests of one generator.

    Args:
        scenario: its mix.
        templates: the published name and version for each part, in the mix's order; None for parts not to be asked for.
        share: which of the generators this is.
        of: how many there are.
        seed: whose records.

    Raises:
        LoadError: a part has no records.
    """

    def __init__(
        self, scenario: Scenario, templates: list[TemplateRef | None], *, share: int, of: int, seed: int
    ) -> None:
        self._chance = random.Random(f"{seed}/{share}/mix")  # noqa: S311 - no secret
        self._share, self._of = share, of
        self._serial = 0
        self._time_limit = scenario.time_limit
        self._parts: list[tuple[Part, TemplateRef, list[_Record]]] = []
        weights: list[float] = []
        for number, (part, template) in enumerate(zip(scenario.mix, templates, strict=True)):
            if template is not None and part.weight:
                self._parts.append((part, template, _records(part, seed * 1000 + number * 31 + share)))
                weights.append(part.weight)
        if not self._parts:
            raise LoadError("no part of the mix can be rendered on this node; see what it refused")
        self._weights = weights

    def next(self) -> tuple[RenderRequest, str]:
        """The next request, and the marker that its document must show; empty where its records have none."""
        serial = self._serial * self._of + self._share
        self._serial += 1
        if len(self._parts) == 1:
            part, template, records = self._parts[0]
        else:
            part, template, records = self._chance.choices(self._parts, self._weights)[0]
        record = records[self._serial % len(records)]
        marker = marker_of(serial) if record.marked else ""
        request = RenderRequest(
            template,
            record.head + marker.encode() + record.tail,
            request_id=f"load-{serial}",
            locale=record.locale,
            attributes=record.attributes,
            output_channel=OutputChannel(part.output_channel),
            output_format=OutputFormat(part.output_format),
            time_limit=self._time_limit,
        )
        return request, marker


def _records(part: Part, seed: int) -> list[_Record]:
    if part.records:
        try:
            own = [
                _Record(bytes(item.record), b"", item.locale, item.attributes, marked=False)
                for item in read_items(Path(part.records))
            ]
        except (OSError, ValueError) as error:
            raise LoadError(f"mix: records: {error}") from error
        if not own:
            raise LoadError(f"mix: records: {part.records} is empty; give one stream item a line")
        return own
    chance = random.Random(seed)  # noqa: S311 - no secret
    weights = [rows.weight for rows in part.rows]
    mean = sum(rows.weight * (rows.least + rows.most) / 2 for rows in part.rows) / sum(weights)
    wanted = max(3, min(_KEPT, int(_KEPT_ROWS / mean)))
    records: list[_Record] = []
    for _ in range(_TRIES * wanted):
        if len(records) == wanted:
            break
        rows = chance.choices(part.rows, weights)[0]
        (item,) = generate(chance.randrange(2**31), 1, chance.randint(rows.least, rows.most))
        if part.locales and item["locale"] not in part.locales:
            continue
        if part.segments and item["attributes"]["segment"] not in part.segments:
            continue
        own_number = item["record"]["customer"]["number"].encode()
        head, _, tail = msgspec.json.encode(item["record"]).partition(own_number)
        records.append(_Record(head, tail, item["locale"], item["attributes"], marked=True))
    if not records:
        raise LoadError(
            f"mix: no statement has a locale of {part.locales} and a segment of {part.segments}; locales are en-GB, "
            "de-DE, fr-FR, segments everyday, premier, student, business"
        )
    return records
