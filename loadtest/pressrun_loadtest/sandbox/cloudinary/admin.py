"""State changes that tests ask of the Cloudinary stand-in, at `POST /__sandbox__/do/{operation}`.

Every body names the asset by `asset`, its public id, and by `type` and `resource_type` if those are
not `upload` and `image`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pressrun_loadtest.sandbox.admin import Operation, UnknownThingError
from pressrun_loadtest.sandbox.clock import Clock
from pressrun_loadtest.sandbox.cloudinary.access import AccessRule, read_rules
from pressrun_loadtest.sandbox.cloudinary.metadata import check_metadata
from pressrun_loadtest.sandbox.cloudinary.seed import DELIVERY_TYPES, MODERATION_STATUSES, RESOURCE_TYPES
from pressrun_loadtest.sandbox.cloudinary.store import Asset, CloudinaryStore, ForcedContent
from pressrun_loadtest.sandbox.fields import BadInputError, Fields
from pressrun_loadtest.sandbox.pictures import grayscale

__all__ = ["Operations"]


@dataclass(frozen=True, slots=True)
class Operations:
    """The state changes over one store."""

    store: CloudinaryStore
    clock: Clock
    refill: Callable[[], None]
    """Fills the hourly budget of calls."""

    def table(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "access-control": self.access,
            "approval": self.approval,
            "content": self.content,
            "delete": self.delete,
            "edit": self.edit,
            "expire": self.expire,
            "new-version": self.new_version,
            "refill-budget": self.refill_budget,
        }

    def new_version(self, fields: Fields) -> Mapping[str, object]:
        """`data` (base64) or, without it, the present picture without colour."""
        asset = _find(self.store, fields)
        data = fields.optional_bytes("data") or grayscale(asset.data)
        fields.finish()
        return _report(self.store.replace_file(asset, data))

    def approval(self, fields: Fields) -> Mapping[str, object]:
        """`moderation_status` (any status, not only what the API may write) and the metadata value `approval`."""
        asset = _find(self.store, fields)
        status = fields.optional_choice("moderation_status", MODERATION_STATUSES)
        approved = fields.optional_text("approval")
        fields.finish()
        if status is not None:
            asset = replace(asset, moderation_status=status, moderated=self.clock())
        if approved is not None:
            asset = _with_metadata(self.store, asset, {"approval": approved})
        return _report(self.store.put(asset))

    def edit(self, fields: Fields) -> Mapping[str, object]:
        """`metadata`: values by external id."""
        asset = _find(self.store, fields)
        values = fields.values("metadata")
        fields.finish()
        return _report(self.store.put(_with_metadata(self.store, asset, values)))

    def expire(self, fields: Fields) -> Mapping[str, object]:
        """`rights_end` (a date) sets the metadata; without it, the access window also ends now."""
        asset = _find(self.store, fields)
        end = fields.optional_text("rights_end")
        fields.finish()
        if end is None:
            asset = replace(asset, access_control=(AccessRule("anonymous", end=self.clock()),))
        return _report(
            self.store.put(_with_metadata(self.store, asset, {"rights_end": end or f"{self.clock():%Y-%m-%d}"}))
        )

    def access(self, fields: Fields) -> Mapping[str, object]:
        """`access_control`: the list of rules; an empty one opens the asset."""
        asset = _find(self.store, fields)
        rules = read_rules(fields.items("access_control"))
        fields.finish()
        return _report(self.store.put(replace(asset, access_control=rules)))

    def delete(self, fields: Fields) -> Mapping[str, object]:
        """Delete the asset."""
        asset = _find(self.store, fields)
        fields.finish()
        self.store.delete(asset)
        return {"deleted": asset.asset_id}

    def content(self, fields: Fields) -> Mapping[str, object]:
        """`data` (base64) is delivered for every URL of the asset from now on, as `content_type`."""
        asset = _find(self.store, fields)
        data = fields.optional_bytes("data")
        if data is None:
            raise BadInputError("body: the field data is missing (bytes in base64)")
        content_type = fields.optional_text("content_type") or asset.picture.media_type
        fields.finish()
        return _report(self.store.put(replace(asset, forced=ForcedContent(data, content_type))))

    def refill_budget(self, fields: Fields) -> Mapping[str, object]:
        """Fill the hourly budget of Admin API calls; takes no fields."""
        fields.finish()
        self.refill()
        return {"refilled": True}


def _find(store: CloudinaryStore, fields: Fields) -> Asset:
    public_id = fields.text("asset")
    delivery_type = fields.optional_choice("type", DELIVERY_TYPES) or "upload"
    kind = fields.optional_choice("resource_type", RESOURCE_TYPES) or "image"
    asset = store.find(delivery_type, public_id, kind)
    if asset is None:
        raise UnknownThingError(f"body.asset: no {kind} of type {delivery_type} has the public id {public_id}")
    return asset


def _with_metadata(store: CloudinaryStore, asset: Asset, values: Mapping[str, object]) -> Asset:
    try:
        return replace(asset, metadata=asset.metadata | check_metadata(store.metadata_fields, values))
    except ValueError as error:
        raise BadInputError(f"body.metadata: {error}") from error


def _report(asset: Asset) -> dict[str, object]:
    return {
        "asset_id": asset.asset_id,
        "public_id": asset.public_id,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "version": asset.version,
        "etag": asset.etag,
        "moderation_status": asset.moderation_status,
    }
