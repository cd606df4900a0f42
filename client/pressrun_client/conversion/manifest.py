"""What came with a document, from protobuf."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from pressrun.v1 import document_pb2
from pressrun_client.conversion.decision import to_decision, to_gap
from pressrun_client.conversion.email import to_email
from pressrun_client.conversion.moment import from_duration, from_timestamp
from pressrun_client.conversion.press import to_press
from pressrun_client.models.image import ImageOptions
from pressrun_client.models.manifest import (
    AssetPin,
    Attachment,
    CacheUse,
    Digest,
    FontPin,
    Manifest,
    Pins,
    RenderWarning,
    TextLength,
    Timings,
)
from pressrun_client.models.vocabulary import OutputChannel, OutputFormat, TextAlphabet

__all__ = ["to_cache_use", "to_digest", "to_fonts", "to_manifest", "to_output_channel", "to_pins", "to_timings"]

# A node answers in the words that it was asked in, so a channel that is newer than this client is not expected.
_CHANNELS: Final[dict[int, OutputChannel]] = {
    document_pb2.OUTPUT_CHANNEL_EMAIL: OutputChannel.EMAIL,
    document_pb2.OUTPUT_CHANNEL_WEB: OutputChannel.WEB,
    document_pb2.OUTPUT_CHANNEL_MOBILE: OutputChannel.MOBILE,
}
_OUTPUT_FORMATS = {
    document_pb2.OUTPUT_FORMAT_PDF: OutputFormat.PDF,
    document_pb2.OUTPUT_FORMAT_HTML: OutputFormat.HTML,
    document_pb2.OUTPUT_FORMAT_PNG: OutputFormat.PNG,
    document_pb2.OUTPUT_FORMAT_JPEG: OutputFormat.JPEG,
    document_pb2.OUTPUT_FORMAT_WEBP: OutputFormat.WEBP,
    document_pb2.OUTPUT_FORMAT_PCL: OutputFormat.PCL,
    document_pb2.OUTPUT_FORMAT_PWG: OutputFormat.PWG,
    document_pb2.OUTPUT_FORMAT_EML: OutputFormat.EML,
    document_pb2.OUTPUT_FORMAT_TEXT: OutputFormat.TEXT,
}


def to_output_channel(value: document_pb2.OutputChannel) -> OutputChannel:
    """The output channel; unspecified means print, by the contract."""
    return _CHANNELS.get(value, OutputChannel.PRINT)


def to_digest(message: document_pb2.Digest) -> Digest:
    """The digest of a message."""
    return Digest(message.sha256, message.size)


def to_fonts(message: document_pb2.Pins) -> tuple[FontPin, ...]:
    """The fonts of pins."""
    return tuple(FontPin(font.name, font.sha256) for font in message.fonts)


def to_pins(message: document_pb2.Pins) -> Pins:
    """The pins of a message."""
    return Pins(
        template_digest=message.template_digest,
        engine_digest=message.engine_digest,
        assets=tuple(_to_asset_pin(pin) for pin in message.assets),
        fonts=to_fonts(message),
        as_of=from_timestamp(message.as_of) if message.HasField("as_of") else None,
        locale=message.locale,
        attached_assets=tuple(_to_asset_pin(pin) for pin in message.attached_assets),
    )


def to_timings(message: document_pb2.Timings) -> Timings:
    """The timings of a message."""
    return Timings(
        queue=from_duration(message.queue),
        compile=from_duration(message.compile),
        select=from_duration(message.select),
        resolve=from_duration(message.resolve),
        compose=from_duration(message.compose),
        compose_cpu=from_duration(message.compose_cpu),
        raster=from_duration(message.raster),
    )


def to_cache_use(message: document_pb2.CacheUse) -> CacheUse:
    """The cache use of a message."""
    return CacheUse(message.memory_hits, message.disk_hits, message.source_fetches, message.shared_hits)


def to_manifest(message: document_pb2.Manifest) -> Manifest:
    """The manifest of a message."""
    return Manifest(
        request_id=message.request_id,
        template_name=message.template_name,
        template_version=message.template_version,
        pins=to_pins(message.pins),
        record=to_digest(message.record),
        document=to_digest(message.document),
        pages=message.pages,
        output_channel=to_output_channel(message.output_channel),
        output_format=_OUTPUT_FORMATS.get(message.output_format, OutputFormat.DEFAULT),
        media_type=message.media_type,
        finished_at=from_timestamp(message.finished_at) if message.HasField("finished_at") else None,
        timings=to_timings(message.timings),
        warnings=tuple(RenderWarning(each.code, each.message, each.place) for each in message.warnings),
        tenant=message.tenant,
        communication_id=message.communication_id,
        attributes=_to_attributes(message.attributes),
        decisions=tuple(map(to_decision, message.decisions)),
        localisation_gaps=tuple(map(to_gap, message.localisation_gaps)),
        requested_locale=message.requested_locale,
        image=_to_image(message.image) if message.HasField("image") else None,
        print_options=to_press(message.print) if message.HasField("print") else None,
        output_profile=to_digest(message.output_profile) if message.HasField("output_profile") else None,
        email=to_email(message.email) if message.HasField("email") else None,
        text=_to_text(message.text) if message.HasField("text") else None,
        attachment=_to_attachment(message.attachment) if message.HasField("attachment") else None,
    )


def _to_attachment(message: document_pb2.Attachment) -> Attachment:
    return Attachment(message.name, message.media_type, to_digest(message.document), message.pages)


def _to_text(message: document_pb2.TextLength) -> TextLength:
    alphabet = TextAlphabet.UCS2 if message.alphabet == document_pb2.TEXT_ALPHABET_UCS2 else TextAlphabet.GSM7
    return TextLength(alphabet, message.characters, message.units, message.segments)


def _to_image(message: document_pb2.ImageOptions) -> ImageOptions:
    return ImageOptions(
        first_page=message.first_page,
        last_page=message.last_page,
        width=message.width,
        density=message.density,
        dpi=message.dpi,
        quality=message.quality,
        gray=message.gray,
    )


def _to_asset_pin(message: document_pb2.AssetPin) -> AssetPin:
    return AssetPin(
        slot=message.slot,
        ref=message.ref,
        digest=to_digest(message.digest),
        asset_id=message.asset_id,
        version=message.version,
        rendition=message.rendition,
        media_type=message.media_type,
        approval=message.approval,
        rights_until=from_timestamp(message.rights_until) if message.HasField("rights_until") else None,
        etag=message.etag,
        hosted_url=message.hosted_url,
        hosted_video=message.hosted_video,
    )


def _to_attributes(message: document_pb2.Attributes) -> MappingProxyType[str, str]:
    named = {field.name: value for field, value in message.ListFields() if field.name != "extra"}
    return MappingProxyType({**message.extra, **named})
