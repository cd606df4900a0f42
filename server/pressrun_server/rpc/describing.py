"""Messages of the contract that describe templates and assets, from the node's own values."""

from __future__ import annotations

from datetime import datetime

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from pressrun.v1 import asset_service_pb2, document_pb2, template_service_pb2
from pressrun_server.model.asset import AssetDescriptor
from pressrun_server.model.diagnostic import Diagnostic, Severity
from pressrun_server.model.digest import Digest
from pressrun_server.model.spec import OutputChannel
from pressrun_server.model.template import TemplateInfo
from pressrun_server.rpc.answers import CHANNELS

__all__ = ["asset_message", "diagnostic_message", "digest_message", "template_message", "timestamp"]

_SEVERITIES = {
    Severity.ERROR: template_service_pb2.SEVERITY_ERROR,
    Severity.WARNING: template_service_pb2.SEVERITY_WARNING,
}


def timestamp(moment: datetime) -> Timestamp:
    """A moment, exact to the microsecond."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def digest_message(digest: Digest) -> document_pb2.Digest:
    """A digest."""
    return document_pb2.Digest(sha256=digest.sha256, size=digest.size)


def diagnostic_message(diagnostic: Diagnostic) -> template_service_pb2.Diagnostic:
    """Something to say about a place in a bundle."""
    fields = msgspec.structs.asdict(diagnostic)
    fields["severity"] = _SEVERITIES[diagnostic.severity]
    return template_service_pb2.Diagnostic(**fields)


def template_message(info: TemplateInfo, published_at: datetime | None) -> template_service_pb2.TemplateInfo:
    """A template."""
    message = template_service_pb2.TemplateInfo(
        template=document_pb2.TemplateRef(name=info.name, version=info.version, digest=info.digest),
        locales=info.locales,
        default_locale=info.default_locale,
        output_channels=[CHANNELS[OutputChannel(channel)] for channel in info.channels],
        record_schema_json=info.schema.decode(),
        fonts=[document_pb2.FontPin(name=font.name, sha256=font.sha256) for font in info.fonts],
    )
    for slot in info.slots:
        refs = dict.fromkeys(ref for rule in slot.rules for ref in rule.refs())
        if slot.otherwise not in {"fail", "omit"}:
            refs[slot.otherwise] = None
        message.slots.add(name=slot.name, refs=refs)
    if published_at is not None:
        message.published_at.FromDatetime(published_at)
    return message


def asset_message(descriptor: AssetDescriptor) -> asset_service_pb2.AssetDescriptor:
    """One rendition of an asset."""
    message = asset_service_pb2.AssetDescriptor(
        ref=descriptor.ref,
        rendition=_rendition(descriptor.rendition),
        asset_id=descriptor.asset_id,
        version=descriptor.version,
        etag=descriptor.etag or "",
        digest=digest_message(descriptor.digest),
        media_type=descriptor.media_type,
        width=descriptor.width,
        height=descriptor.height,
        approval=descriptor.approval,
        territories=descriptor.territories,
        locale=descriptor.locale or "",
        fetched_at=timestamp(descriptor.fetched_at),
        fresh_until=timestamp(descriptor.fresh_until),
        regulated=descriptor.regulated,
        hosted_url="" if descriptor.hosted is None else descriptor.hosted.url,
    )
    for name in ("rights_from", "rights_until"):
        moment = getattr(descriptor, name)
        if moment is not None:
            getattr(message, name).FromDatetime(moment)
    return message


def _rendition(key: str) -> asset_service_pb2.Rendition:
    """Read the canonical form that `Rendition.key` writes, e.g. `w=2000,f=jpg`."""
    parts = dict(part.split("=", 1) for part in key.split(",") if "=" in part)
    return asset_service_pb2.Rendition(
        width=int(parts.get("w", 0)),
        height=int(parts.get("h", 0)),
        fit=parts.get("fit", ""),
        format=parts.get("f", ""),
        quality=int(parts.get("q", 0)),
        dpi=int(parts.get("dpi", 0)),
        color_space=parts.get("cs", ""),
    )
