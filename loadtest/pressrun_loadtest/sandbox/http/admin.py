"""State changes that tests ask of the HTTP stand-in, at `POST /__sandbox__/do/{operation}`; `item` is the id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pressrun_loadtest.sandbox.admin import Operation, find
from pressrun_loadtest.sandbox.fields import Fields
from pressrun_loadtest.sandbox.http.store import ETAGS, HttpStore, Item
from pressrun_loadtest.sandbox.pictures import grayscale

__all__ = ["Operations"]


@dataclass(frozen=True, slots=True)
class Operations:
    """The state changes over one store."""

    store: HttpStore

    def table(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "delete": self.delete,
            "edit": self.edit,
            "headers": self.headers,
            "replace": self.replace,
            "withdraw": self.withdraw,
        }

    def delete(self, fields: Fields) -> Mapping[str, object]:
        """Take an item away."""
        item = self._find(fields)
        fields.finish()
        del self.store.items[item.id]
        return {"id": item.id}

    def edit(self, fields: Fields) -> Mapping[str, object]:
        """`metadata`: fields that are set, e.g. status, validUntil, regions."""
        item, metadata = self._find(fields), fields.values("metadata")
        fields.finish()
        return {"id": item.id, "metadata": self.store.edit(item, metadata).metadata}

    def headers(self, fields: Fields) -> Mapping[str, object]:
        """`etag`, `dated`, `digest` and `cache_control` of the answers from now on; `more`: further header fields."""
        item = self._find(fields)
        etag = fields.optional_choice("etag", ETAGS)
        digest = fields.optional_choice("digest", ("right", "wrong", "none"))
        control, dated = fields.optional_text("cache_control"), fields.optional_boolean("dated")
        more = {name: str(value) for name, value in fields.values("more").items()}
        fields.finish()
        self.store.put(
            replace(
                item,
                etag=etag or item.etag,
                digest=digest or item.digest,
                dated=item.dated if dated is None else dated,
                cache_control=item.cache_control if control is None else control,
                more=more or item.more,
            )
        )
        return {"id": item.id}

    def replace(self, fields: Fields) -> Mapping[str, object]:
        """`data` (base64), or the present picture without colour."""
        item = self._find(fields)
        data = fields.optional_bytes("data") or grayscale(item.data)
        fields.finish()
        return {"id": item.id, "size": len(self.store.replace_data(item, data).data)}

    def withdraw(self, fields: Fields) -> Mapping[str, object]:
        """Answer 410 (gone) from now on."""
        item = self._find(fields)
        fields.finish()
        self.store.put(replace(item, gone=True))
        return {"id": item.id}

    def _find(self, fields: Fields) -> Item:
        return find(fields, "item", self.store.items)
