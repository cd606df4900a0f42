"""Assets, to and from protobuf."""

from __future__ import annotations

from pressrun.v1 import asset_service_pb2
from pressrun_client.conversion.manifest import to_digest
from pressrun_client.conversion.moment import from_timestamp
from pressrun_client.failure import error_from_status
from pressrun_client.models.asset import AssetDescriptor, AssetOutcome, LicenceOutcome, Rendition

__all__ = ["rendition_message", "to_descriptor", "to_licence_outcome", "to_outcome"]


def rendition_message(rendition: Rendition) -> asset_service_pb2.Rendition:
    """The message of a rendition."""
    return asset_service_pb2.Rendition(
        width=rendition.width,
        height=rendition.height,
        fit=rendition.fit,
        format=rendition.format,
        quality=rendition.quality,
        dpi=rendition.dpi,
        color_space=rendition.color_space,
    )


def to_descriptor(message: asset_service_pb2.AssetDescriptor) -> AssetDescriptor:
    """The descriptor of a message."""
    return AssetDescriptor(
        ref=message.ref,
        rendition=_to_rendition(message.rendition),
        digest=to_digest(message.digest),
        asset_id=message.asset_id,
        version=message.version,
        etag=message.etag,
        media_type=message.media_type,
        width=message.width,
        height=message.height,
        approval=message.approval,
        rights_from=from_timestamp(message.rights_from) if message.HasField("rights_from") else None,
        rights_until=from_timestamp(message.rights_until) if message.HasField("rights_until") else None,
        territories=tuple(message.territories),
        locale=message.locale,
        fetched_at=from_timestamp(message.fetched_at) if message.HasField("fetched_at") else None,
        fresh_until=from_timestamp(message.fresh_until) if message.HasField("fresh_until") else None,
        regulated=message.regulated,
        hosted_url=message.hosted_url,
    )


def to_outcome(message: asset_service_pb2.AssetOutcome) -> AssetOutcome:
    """The outcome of a message."""
    if message.HasField("failure"):
        return AssetOutcome(message.ref, error=error_from_status(message.failure), found_in=message.found_in)
    return AssetOutcome(message.ref, descriptor=to_descriptor(message.descriptor), found_in=message.found_in)


def to_licence_outcome(message: asset_service_pb2.LicenceOutcome) -> LicenceOutcome:
    """The outcome of a message."""
    if message.HasField("failure"):
        return LicenceOutcome(message.ref, granted=False, error=error_from_status(message.failure))
    limit = message.limit if message.HasField("limit") else None
    return LicenceOutcome(message.ref, message.granted, limit, message.used, message.held)


def _to_rendition(message: asset_service_pb2.Rendition) -> Rendition:
    return Rendition(
        width=message.width,
        height=message.height,
        fit=message.fit,
        format=message.format,
        quality=message.quality,
        dpi=message.dpi,
        color_space=message.color_space,
    )
