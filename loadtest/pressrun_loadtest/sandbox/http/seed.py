"""What the HTTP stand-in starts with: items by id, with their metadata."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pressrun_loadtest.sandbox.fields import Fields
from pressrun_loadtest.sandbox.pictures import probe

__all__ = ["HttpSeed", "ItemSeed", "read_seed"]

LoadFile = Callable[[Fields], bytes]


@dataclass(frozen=True, slots=True)
class ItemSeed:
    """One item: a picture, or a text block."""

    id: str
    data: bytes
    media_type: str
    metadata: dict[str, object]
    cache_control: str


@dataclass(frozen=True, slots=True)
class HttpSeed:
    """The whole start state."""

    items: tuple[ItemSeed, ...] = field(default=())


def read_seed(fields: Fields, load_file: LoadFile) -> HttpSeed:
    """Read the `http` part of a seed file.

    Raises:
        BadInputError: a field is missing, misspelt or wrong; the text names the place.
    """
    items = tuple(_read_item(item, load_file) for item in fields.items("items"))
    fields.finish()
    return HttpSeed(items)


def _read_item(fields: Fields, load_file: LoadFile) -> ItemSeed:
    text = fields.optional_text("text")
    data = text.encode() if text is not None else load_file(fields)
    picture = probe(data)
    item = ItemSeed(
        fields.text("id"),
        data,
        picture.media_type if picture else "text/plain",
        fields.values("metadata"),
        fields.optional_text("cache_control") or "public, max-age=300, stale-if-error=600",
    )
    fields.finish()
    return item
