"""State changes that tests ask of the Core DAM stand-in, at `POST /__sandbox__/do/{operation}`.

Every body names the asset by `asset`, its original (stable) id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pressrun_loadtest.sandbox.admin import Operation, UnknownThingError
from pressrun_loadtest.sandbox.core_dam.auth import Authority
from pressrun_loadtest.sandbox.core_dam.seed import read_metadata
from pressrun_loadtest.sandbox.core_dam.store import AssetVersion, CoreDamStore
from pressrun_loadtest.sandbox.fields import BadInputError, Fields
from pressrun_loadtest.sandbox.pictures import grayscale

__all__ = ["Operations"]

_APPROVAL = "ACME.FIELD.APPROVAL"


@dataclass(frozen=True, slots=True)
class Operations:
    """The state changes over one store."""

    store: CoreDamStore
    authority: Authority

    def table(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "approval": self.approval,
            "content": self.content,
            "delete": self.delete,
            "edit": self.edit,
            "expire": self.expire,
            "expire-tokens": self.expire_tokens,
            "new-version": self.new_version,
        }

    def new_version(self, fields: Fields) -> Mapping[str, object]:
        """`data` (base64) or, without it, the present picture without colour; `metadata` changes values."""
        row = _latest(self.store, fields)
        data = fields.optional_bytes("data") or grayscale(row.master.data)
        name = fields.optional_text("name") or row.name
        changes = read_metadata(Fields(fields.values("metadata"), "body.metadata"), self.store.model)
        fields.finish()
        return _report(self.store.add_version(row.original_asset_id, data, row.metadata | changes, name=name))

    def edit(self, fields: Fields) -> Mapping[str, object]:
        """`metadata`: values by field id."""
        row = _latest(self.store, fields)
        values = read_metadata(Fields(fields.values("metadata"), "body.metadata"), self.store.model)
        fields.finish()
        return _report(self.store.edit(row.original_asset_id, values))

    def approval(self, fields: Fields) -> Mapping[str, object]:
        """`value`: a key of the approval field."""
        row = _latest(self.store, fields)
        spec = self.store.model.find(_APPROVAL)
        if spec is None:
            raise BadInputError(f"the seed's model has no field {_APPROVAL}; use the operation edit")
        value = fields.choice("value", spec.domain)
        fields.finish()
        return _report(self.store.edit(row.original_asset_id, {_APPROVAL: value}))

    def expire(self, fields: Fields) -> Mapping[str, object]:
        """`at`: a time; now without it."""
        row = _latest(self.store, fields)
        at = fields.optional_time("at")
        fields.finish()
        return _report(self.store.expire(row.original_asset_id, at))

    def delete(self, fields: Fields) -> Mapping[str, object]:
        """Delete the asset."""
        row = _latest(self.store, fields)
        fields.finish()
        deleted = [version.asset_id for version in self.store.delete(row.original_asset_id)]
        return {"original_asset_id": row.original_asset_id, "deleted": deleted}

    def content(self, fields: Fields) -> Mapping[str, object]:
        """`data` (base64) is served from now on; `content_type`; `stale_checksum` keeps the old checksum."""
        row = _latest(self.store, fields)
        data = fields.optional_bytes("data")
        if data is None:
            raise BadInputError("body: the field data is missing (bytes in base64)")
        media_type = fields.optional_text("content_type")
        stale = fields.optional_boolean("stale_checksum") or False
        fields.finish()
        changed = self.store.replace_bytes(row.original_asset_id, data, media_type=media_type, stale_checksum=stale)
        return _report(changed)

    def expire_tokens(self, fields: Fields) -> Mapping[str, object]:
        """Make every session and token invalid; takes no fields."""
        fields.finish()
        return {"expired": self.authority.expire_all()}


def _latest(store: CoreDamStore, fields: Fields) -> AssetVersion:
    asset = fields.text("asset")
    row = store.latest(asset)
    if row is None:
        raise UnknownThingError(f"body.asset: no asset has the original id {asset}")
    return row


def _report(row: AssetVersion | None) -> dict[str, object]:
    if row is None:
        return {}
    return {
        "asset_id": row.asset_id,
        "original_asset_id": row.original_asset_id,
        "version": row.version,
        "content_checksum": row.master.checksum,
    }
