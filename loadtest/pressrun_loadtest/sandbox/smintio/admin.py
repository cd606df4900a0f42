"""State changes that tests ask of the Smint.io stand-in, at `POST /__sandbox__/do/{operation}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pressrun_loadtest.sandbox.admin import Operation, UnknownThingError, find
from pressrun_loadtest.sandbox.fields import Fields
from pressrun_loadtest.sandbox.pictures import grayscale
from pressrun_loadtest.sandbox.smintio.store import Asset, SmintioStore

__all__ = ["Operations"]


@dataclass(frozen=True, slots=True)
class Operations:
    """The state changes over one store."""

    store: SmintioStore

    def table(self) -> dict[str, Operation]:
        """The operations by name."""
        return {"delete": self.delete, "edit": self.edit, "replace": self.replace, "transaction": self.transaction}

    def delete(self, fields: Fields) -> Mapping[str, object]:
        """`asset`: take it out of the portal."""
        asset = self._find(fields)
        fields.finish()
        del self.store.assets[asset.id]
        return {"id": asset.id}

    def edit(self, fields: Fields) -> Mapping[str, object]:
        """`raw`: fields to set; `publish_until`; `language`."""
        asset, raw = self._find(fields), fields.values("raw")
        until, language = fields.optional_text("publish_until"), fields.optional_text("language")
        fields.finish()
        return _report(
            self.store.put(
                replace(
                    asset,
                    raw=asset.raw | raw,
                    publish_until=until or asset.publish_until,
                    language=language or asset.language,
                )
            )
        )

    def replace(self, fields: Fields) -> Mapping[str, object]:
        """`data` (base64), or the present picture without colour."""
        asset = self._find(fields)
        data = fields.optional_bytes("data") or grayscale(asset.data)
        fields.finish()
        return _report(self.store.put(replace(asset, data=data)))

    def transaction(self, fields: Fields) -> Mapping[str, object]:
        """`uuid` is delivered again with the fields of `changes`."""
        uuid, changes = fields.text("uuid"), fields.values("changes")
        fields.finish()
        changed = self.store.update_transaction(uuid, changes)
        if changed is None:
            raise UnknownThingError(f"body.uuid: no transaction has the uuid {uuid}")
        return changed

    def _find(self, fields: Fields) -> Asset:
        return find(fields, "asset", self.store.assets)


def _report(asset: Asset) -> dict[str, object]:
    return {"id": asset.id, "version": asset.version, "size": len(asset.data)}
