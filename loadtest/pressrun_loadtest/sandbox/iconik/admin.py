"""State changes that tests ask of the iconik stand-in, at `POST /__sandbox__/do/{operation}`; `asset` is the id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pressrun_loadtest.sandbox.admin import Operation, find
from pressrun_loadtest.sandbox.fields import Fields
from pressrun_loadtest.sandbox.iconik.seed import APPROVALS
from pressrun_loadtest.sandbox.iconik.store import Asset, IconikStore
from pressrun_loadtest.sandbox.pictures import grayscale

__all__ = ["Operations"]


@dataclass(frozen=True, slots=True)
class Operations:
    """The state changes over one store."""

    store: IconikStore

    def table(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "approval": self.approval,
            "block": self.block,
            "delete": self.delete,
            "edit": self.edit,
            "new-version": self.new_version,
        }

    def approval(self, fields: Fields) -> Mapping[str, object]:
        """`status` of the current version."""
        asset, status = self._find(fields), fields.choice("status", APPROVALS)
        fields.finish()
        return _report(self.store.approve(asset, status))

    def block(self, fields: Fields) -> Mapping[str, object]:
        """`blocked`: true without it."""
        asset, blocked = self._find(fields), fields.optional_boolean("blocked")
        fields.finish()
        return _report(self.store.put(replace(asset, is_blocked=blocked is not False)))

    def delete(self, fields: Fields) -> Mapping[str, object]:
        """Into the delete queue; with `purge` it is gone."""
        asset, purge = self._find(fields), fields.optional_boolean("purge")
        fields.finish()
        if purge:
            del self.store.assets[asset.id]
            return {"id": asset.id}
        return _report(self.store.put(replace(asset, status="DELETED")))

    def edit(self, fields: Fields) -> Mapping[str, object]:
        """`metadata`: lists of texts by field."""
        asset = self._find(fields)
        values = Fields(fields.values("metadata"), "body.metadata")
        fields.finish()
        changed = {name: values.texts(name) for name in values.names()}
        return _report(self.store.put(replace(asset, metadata=asset.metadata | changed)))

    def new_version(self, fields: Fields) -> Mapping[str, object]:
        """`data` (base64), or the present picture without colour; `status` of its own approval."""
        asset = self._find(fields)
        file = next(f for f in asset.current.files if f.kind == ("POSTER" if asset.media_type == "video" else "FILE"))
        data = fields.optional_bytes("data") or grayscale(file.data)
        status = fields.optional_choice("status", APPROVALS) or "N/A"
        fields.finish()
        return _report(self.store.add_version(asset, "version.png", data, status))

    def _find(self, fields: Fields) -> Asset:
        return find(fields, "asset", self.store.assets)


def _report(asset: Asset) -> dict[str, object]:
    return {"id": asset.id, "version_id": asset.current.id, "approval": asset.current.approval}
