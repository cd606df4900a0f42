"""Messages of the contract that carry a document: header and completion, written in place on the hot path."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from pressrun.v1 import document_pb2
from pressrun_server.model.spec import OutputChannel, OutputFormat
from pressrun_server.render.manifest import ATTRIBUTE_FIELDS, SECRET_ATTRIBUTE, Completion, DocumentHeader, Manifest

__all__ = ["CHANNELS", "fill_completion", "fill_header"]

CHANNELS = {
    OutputChannel.PRINT: document_pb2.OUTPUT_CHANNEL_PRINT,
    OutputChannel.EMAIL: document_pb2.OUTPUT_CHANNEL_EMAIL,
    OutputChannel.WEB: document_pb2.OUTPUT_CHANNEL_WEB,
    OutputChannel.MOBILE: document_pb2.OUTPUT_CHANNEL_MOBILE,
}
_FORMATS = {OutputFormat.PDF: document_pb2.OUTPUT_FORMAT_PDF}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT_FIELDS = frozenset(ATTRIBUTE_FIELDS) - {SECRET_ATTRIBUTE}


def fill_header(message: document_pb2.DocumentHeader, header: DocumentHeader) -> None:
    """Write what is known before the first byte."""
    message.media_type = header.media_type
    _fill_pins(message.pins, header)


def fill_completion(
    message: document_pb2.DocumentCompletion, completion: Completion, pins: document_pb2.Pins | None = None
) -> None:
    """Write what is known after the last byte.

    Args:
        message: where to.
        completion: what.
        pins: the document's pins where they are a message already, as in the header of a small document.
    """
    _fill_manifest(message.manifest, completion.manifest)
    if pins is not None:
        message.manifest.pins.CopyFrom(pins)
    else:
        _fill_pins(message.manifest.pins, completion.manifest.header)
    use = message.cache_use
    use.memory_hits = completion.memory_hits
    use.disk_hits = completion.disk_hits
    use.source_fetches = completion.source_fetches


def _fill_pins(pins: document_pb2.Pins, header: DocumentHeader) -> None:
    template = header.template
    pins.template_digest = template.digest
    pins.engine_digest = header.engine
    pins.locale = header.locale
    _fill_moment(pins.as_of, header.as_of)
    for font in template.fonts:
        pins.fonts.add(name=font.name, sha256=font.sha256)
    for use in header.assets:
        descriptor = use.descriptor
        pin = pins.assets.add(
            slot=use.slot,
            ref=descriptor.ref,
            asset_id=descriptor.asset_id,
            version=descriptor.version,
            rendition=descriptor.rendition,
            media_type=descriptor.media_type,
            approval=descriptor.approval,
        )
        pin.digest.sha256 = descriptor.digest.sha256
        pin.digest.size = descriptor.digest.size
        if descriptor.rights_until is not None:
            _fill_moment(pin.rights_until, descriptor.rights_until)


def _fill_manifest(message: document_pb2.Manifest, manifest: Manifest) -> None:
    spec, header = manifest.spec, manifest.header
    message.request_id = spec.request_id
    message.template_name = header.template.name
    message.template_version = header.template.version
    message.record.sha256 = manifest.record.sha256
    message.record.size = manifest.record.size
    message.document.sha256 = manifest.document.sha256
    message.document.size = manifest.document.size
    message.pages = manifest.pages
    message.output_channel = CHANNELS[spec.channel]
    message.output_format = _FORMATS[spec.format]
    message.media_type = header.media_type
    _fill_moment(message.finished_at, manifest.finished_at)
    timings, spent = message.timings, manifest.timings
    _fill_duration(timings.queue, spent.queue)
    _fill_duration(timings.compile, spent.compile)
    _fill_duration(timings.select, spent.select)
    _fill_duration(timings.resolve, spent.resolve)
    _fill_duration(timings.compose, spent.compose)
    _fill_duration(timings.compose_cpu, spent.compose_cpu)
    for warning in manifest.warnings:
        message.warnings.add(code=warning.code, message=warning.message, place=warning.place)
    message.tenant = spec.tenant
    message.communication_id = spec.communication_id
    attributes = message.attributes
    for name, value in spec.attributes.items():
        if name in _KEPT_FIELDS:
            setattr(attributes, name, value)
        elif name != SECRET_ATTRIBUTE:
            attributes.extra[name] = value


def _fill_moment(timestamp: Timestamp, moment: datetime) -> None:
    """What `FromDatetime` does, at a fifth of its cost."""
    since = moment - _EPOCH
    timestamp.seconds = since.days * 86_400 + since.seconds
    timestamp.nanos = since.microseconds * 1000


def _fill_duration(duration: Duration, seconds: float) -> None:
    nanos = round(seconds * 1_000_000_000)
    duration.seconds, duration.nanos = divmod(nanos, 1_000_000_000)
