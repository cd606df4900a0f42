"""What a template's expressions know of a document: its record, the day it speaks of, and the request's attributes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from pressrun_server.model.asset import HostedLink
from pressrun_server.render.record import Record
from pressrun_server.template.arriving import ArrivingRows
from pressrun_server.template.hosted import ASSETS, hosted_values

__all__ = ["environment"]


def environment(
    record: Record,
    attributes: Mapping[str, str],
    as_of: datetime,
    rows: ArrivingRows | None = None,
    rows_field: str = "",
    links: Mapping[str, HostedLink] | None = None,
) -> dict[str, Any]:
    """The names of a document.

    Args:
        record: already validated.
        attributes: the request's.
        as_of: the moment that the document speaks of; its day is what `as_of` shows.
        rows: rows that arrive while the document is made.
        rows_field: the list of the record that they are for: names with dots between.
        links: by slot where its asset's system shows it.

    Raises:
        PressrunError: INVALID_RECORD, the record is no JSON object.
    """
    found = record.take()
    if rows is not None:
        *before, name = rows_field.split(".")
        inner = found
        for step in before:
            inner = inner[step]
        inner[name] = rows
    day: date = as_of.astimezone(UTC).date()
    return {ASSETS: hosted_values(links) if links else {}, **found, "as_of": day, "attributes": attributes}
