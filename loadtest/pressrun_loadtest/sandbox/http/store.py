"""The state of the HTTP stand-in: items as immutable values, and which headers they are sent with."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.http.seed import HttpSeed

__all__ = ["ETAGS", "HttpStore", "Item", "digest_field", "entity_tag"]

ETAGS = ("strong", "weak", "none")


@dataclass(frozen=True, slots=True)
class Item:
    """One item with its metadata."""

    id: str
    data: bytes
    media_type: str
    metadata: dict[str, object]
    modified: datetime
    described: datetime
    """When the metadata changed."""
    cache_control: str
    etag: str = "strong"
    dated: bool = True
    """Whether Last-Modified is sent."""
    digest: str = "right"
    """`right`, `wrong` or `none`: what the digest fields say."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Further header fields of its bytes, e.g. Age, Expires, Vary."""
    gone: bool = False
    """Withdrawn for good: 410 instead of 404."""

    @property
    def record(self) -> bytes:
        """The metadata as it is sent."""
        return json.dumps(self.metadata, ensure_ascii=False, sort_keys=True).encode()


class HttpStore:
    """All items."""

    def __init__(self, seed: HttpSeed, clock: Clock) -> None:
        self._seed = seed
        self._clock = clock
        self.items: dict[str, Item] = {}
        self.reset()

    def reset(self) -> None:
        """Back to the seed."""
        now = self._clock()
        self.items = {
            i.id: Item(i.id, i.data, i.media_type, dict(i.metadata), now, now, i.cache_control)
            for i in self._seed.items
        }

    def replace_data(self, item: Item, data: bytes) -> Item:
        """Other bytes at the same address."""
        return self._put(replace(item, data=data, modified=self._clock()))

    def edit(self, item: Item, metadata: dict[str, object]) -> Item:
        """Change metadata."""
        return self._put(replace(item, metadata=item.metadata | metadata, described=self._clock()))

    def put(self, item: Item) -> Item:
        """Store an item as it is."""
        return self._put(item)

    def _put(self, item: Item) -> Item:
        self.items[item.id] = item
        return item


def entity_tag(data: bytes, kind: str) -> str | None:
    """A validator of bytes (RFC 9110 section 8.8.3)."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
    return {"strong": tag, "weak": f"W/{tag}"}.get(kind)


def digest_field(data: bytes) -> str:
    """The value of a digest field (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"
