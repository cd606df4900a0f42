"""From stream items in an NDJSON file to requests, one line at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from pressrun_client import RenderRequest, TemplateRef

__all__ = ["Item", "read_items", "request_of"]


class Item(msgspec.Struct, frozen=True):
    """A stream item."""

    request_id: str
    locale: str
    record: msgspec.Raw
    """The JSON text as it stands in the file, so that it is neither parsed nor written again."""
    attributes: dict[str, str]


_DECODER = msgspec.json.Decoder(Item)


def read_items(path: Path) -> Iterator[Item]:
    """The items of a file; a line is read when its item is asked for.

    Raises:
        ValueError: a line is no stream item; the message says which and why.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield _DECODER.decode(line)
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                raise ValueError(
                    f"{path}, line {number}: {error}; each line is an object with request_id, locale, record and "
                    "attributes"
                ) from error


def request_of(item: Item, template: TemplateRef | str) -> RenderRequest:
    """The request for an item."""
    return RenderRequest(
        template,
        bytes(item.record),
        request_id=item.request_id,
        locale=item.locale,
        attributes=item.attributes,
    )
