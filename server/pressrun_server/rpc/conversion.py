"""From a DocumentRequest to a RenderSpec; all that is wrong with its shape is found at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from pressrun.v1 import document_pb2
from pressrun_server.errors import PressrunError, Reason, Violation
from pressrun_server.metrics.labels import UNREAD
from pressrun_server.model.spec import (
    LOCALE,
    LONGEST_REQUEST_ID,
    PICTURES,
    PRINTER_FORMATS,
    USUAL_FORMATS,
    AssetPin,
    OutputChannel,
    OutputFormat,
    Pins,
    Priority,
    RenderSpec,
    TemplateName,
)
from pressrun_server.render.config import PipelineConfig
from pressrun_server.render.manifest import ATTRIBUTE_FIELDS
from pressrun_server.rpc.imaging import read_pictures
from pressrun_server.rpc.mailing import mail_order
from pressrun_server.rpc.press import read_press
from pressrun_server.rpc.structs import StructError, struct_json

__all__ = [
    "moment_of",
    "output_channel",
    "read_spec",
    "render_spec",
    "takes_long",
    "template_name",
]

_REQUEST_ID = re.compile(rf"[ -~]{{1,{LONGEST_REQUEST_ID}}}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EXTRA_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_EXTRA = 64
_LONGEST_ATTRIBUTE = 1024
_LONGEST_ID = 256
_MOST_ASSET_PINS = 1000
_SMALL_STRUCT = 16 * 1024

_CHANNELS: dict[int, OutputChannel] = {
    document_pb2.OUTPUT_CHANNEL_UNSPECIFIED: OutputChannel.PRINT,
    document_pb2.OUTPUT_CHANNEL_PRINT: OutputChannel.PRINT,
    document_pb2.OUTPUT_CHANNEL_EMAIL: OutputChannel.EMAIL,
    document_pb2.OUTPUT_CHANNEL_WEB: OutputChannel.WEB,
    document_pb2.OUTPUT_CHANNEL_MOBILE: OutputChannel.MOBILE,
}
_FORMATS = {
    document_pb2.OUTPUT_FORMAT_PDF: OutputFormat.PDF,
    document_pb2.OUTPUT_FORMAT_HTML: OutputFormat.HTML,
    document_pb2.OUTPUT_FORMAT_PNG: OutputFormat.PNG,
    document_pb2.OUTPUT_FORMAT_JPEG: OutputFormat.JPEG,
    document_pb2.OUTPUT_FORMAT_WEBP: OutputFormat.WEBP,
    document_pb2.OUTPUT_FORMAT_PCL: OutputFormat.PCL,
    document_pb2.OUTPUT_FORMAT_PWG: OutputFormat.PWG,
    document_pb2.OUTPUT_FORMAT_POSTSCRIPT: OutputFormat.POSTSCRIPT,
    document_pb2.OUTPUT_FORMAT_AFP: OutputFormat.AFP,
    document_pb2.OUTPUT_FORMAT_EML: OutputFormat.EML,
    document_pb2.OUTPUT_FORMAT_TEXT: OutputFormat.TEXT,
}
_PRIORITIES = {
    document_pb2.PRIORITY_UNSPECIFIED: Priority.BATCH,
    document_pb2.PRIORITY_INTERACTIVE: Priority.INTERACTIVE,
    document_pb2.PRIORITY_BATCH: Priority.BATCH,
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = int(datetime(1900, 1, 1, tzinfo=UTC).timestamp())
_LATEST = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
_NANOS = 1_000_000_000

_Violations = list[Violation]


def takes_long(request: document_pb2.DocumentRequest) -> bool:
    """Whether `render_spec` would hold up the event loop: a large Struct is read in Python."""
    return request.HasField("record_struct") and request.record_struct.ByteSize() > _SMALL_STRUCT


def channel_label(value: int) -> str:
    """The output channel of a request for metrics, also of one that is not valid."""
    return _CHANNELS.get(value, UNREAD)


async def read_spec(request: document_pb2.DocumentRequest, config: PipelineConfig) -> RenderSpec:
    """The document that a request means, read beside the event loop where that takes long.

    Raises:
        PressrunError: as `render_spec` does.
    """
    if takes_long(request):
        return await asyncio.to_thread(render_spec, request, config)
    return render_spec(request, config)


def render_spec(request: document_pb2.DocumentRequest, config: PipelineConfig) -> RenderSpec:
    """The document that a request means.

    Raises:
        PressrunError: INVALID_REQUEST, with a violation for each field that is wrong; LIMIT_EXCEEDED, the record is too
            large.
    """
    bad: _Violations = []
    if not _REQUEST_ID.fullmatch(request.request_id):
        bad.append(Violation("request_id", "must be 1 to 128 printable ASCII characters, e.g. run7-000123"))
    template = template_name(request.template, bad)
    record = _record(request, config, bad)
    locale = request.locale
    if locale and not LOCALE.fullmatch(locale):
        bad.append(Violation("locale", "must be a BCP 47 tag with hyphens, e.g. de-AT"))
    channel = output_channel(request.output_channel, bad)
    form = _FORMATS.get(request.output_format)
    if request.output_format == document_pb2.OUTPUT_FORMAT_UNSPECIFIED:
        form = OutputFormat.PDF if channel is None else USUAL_FORMATS.get(channel, OutputFormat.PDF)
    elif form is None:
        choices = ", ".join(document_pb2.OutputFormat.Name(number) for number in _FORMATS)
        bad.append(Violation("output_format", f"{request.output_format} is not known; choose {choices}"))
    priority = _PRIORITIES.get(request.priority)
    if priority is None:
        bad.append(
            Violation("priority", f"{request.priority} is not known; choose PRIORITY_INTERACTIVE or PRIORITY_BATCH")
        )
    attributes = _attributes(request.attributes, bad) if request.HasField("attributes") else {}
    as_of = moment_of(request.as_of, "as_of", bad) if request.HasField("as_of") else None
    if request.tenant and not _TENANT.fullmatch(request.tenant):
        bad.append(Violation("tenant", "must be 1 to 64 letters, digits, dots, underscores and hyphens, e.g. retail"))
    if len(request.communication_id) > _LONGEST_ID:
        bad.append(Violation("communication_id", f"must have at most {_LONGEST_ID} characters"))
    time_limit = _time_limit(request.time_limit, config, bad) if request.HasField("time_limit") else None
    pins = _pins(request.pins, bad) if request.HasField("pins") else None
    pictures = None
    if form is not None and (form in PICTURES or form in PRINTER_FORMATS):
        pictures = read_pictures(request.image, form, bad)
    elif request.HasField("image"):
        bad.append(Violation("image", "is for pictures of pages and for PCL and PWG; leave it out"))
    press = None
    if request.HasField("print"):
        press = read_press(request.print, config.profiles.digests, bad)
        if channel is not OutputChannel.PRINT:
            bad.append(Violation("print", "is for the output channel print; leave it out"))
    if as_of is not None and pins is not None and pins.as_of is not None and pins.as_of != as_of:
        bad.append(Violation("as_of", "differs from pins.as_of; leave one of them out"))
    email = mail_order(request.email, bad) if request.HasField("email") else None
    if email is not None and form is not OutputFormat.EML:
        bad.append(Violation("email", "is for e-mails only; ask for OUTPUT_CHANNEL_EMAIL, or leave it out"))
    if bad:
        raise _invalid(bad)
    assert channel is not None
    assert form is not None
    assert priority is not None
    return RenderSpec(
        request_id=request.request_id,
        template=template,
        record=record,
        locale=locale,
        channel=channel,
        format=form,
        attributes=attributes,
        as_of=as_of,
        tenant=request.tenant,
        priority=priority,
        communication_id=request.communication_id,
        time_limit=time_limit,
        pins=pins,
        pictures=pictures,
        press=press,
        email=email,
    )


def template_name(ref: document_pb2.TemplateRef, bad: _Violations | None = None) -> TemplateName:
    """The template that a ref names.

    Raises:
        PressrunError: INVALID_REQUEST, where no list of violations is given to add to.
    """
    found: _Violations = [] if bad is None else bad
    name, version, digest = ref.name, ref.version, ref.digest
    if not name and not digest:
        found.append(Violation("template", 'give a name, e.g. {name: "statement", version: "3"}, or a digest'))
    if name and not _NAME.fullmatch(name):
        found.append(Violation("template.name", "must be 1 to 100 letters, digits, dots, underscores and hyphens"))
    if version and not _NAME.fullmatch(version):
        found.append(Violation("template.version", "must be 1 to 100 letters, digits, dots, underscores and hyphens"))
    if version and not name:
        found.append(Violation("template.version", "needs template.name beside it"))
    if digest and not _SHA256.fullmatch(digest):
        found.append(Violation("template.digest", "must be 64 lower-case hexadecimal digits"))
    if bad is None and found:
        raise _invalid(found)
    return TemplateName(name, version, digest)


def output_channel(value: int, bad: _Violations | None = None) -> OutputChannel | None:
    """The output channel; None where it is not known and the violation was added to the list.

    Raises:
        PressrunError: INVALID_REQUEST, where no list of violations is given to add to.
    """
    channel = _CHANNELS.get(value)
    if channel is None:
        violation = Violation(
            "output_channel",
            f"{value} is not known; choose OUTPUT_CHANNEL_PRINT, OUTPUT_CHANNEL_EMAIL, OUTPUT_CHANNEL_WEB or "
            "OUTPUT_CHANNEL_MOBILE",
        )
        if bad is None:
            raise _invalid([violation])
        bad.append(violation)
    return channel


def _record(request: document_pb2.DocumentRequest, config: PipelineConfig, bad: _Violations) -> bytes:
    form = request.WhichOneof("record")
    if form == "record_json":
        record = request.record_json
        if not record:
            bad.append(Violation("record_json", 'is empty; give a JSON object, e.g. {"customer": {"name": "Ana"}}'))
    elif form == "record_struct":
        if request.record_struct.ByteSize() > config.max_record_bytes:
            raise _too_large("record_struct", request.record_struct.ByteSize(), config)
        try:
            record = struct_json(request.record_struct)
        except StructError as error:
            bad.append(Violation(f"record_struct{error.path}", error.problem))
            return b""
    else:
        bad.append(Violation("record", "give record_json (JSON text in UTF-8) or record_struct"))
        return b""
    if len(record) > config.max_record_bytes:
        raise _too_large(form, len(record), config)
    return record


def _attributes(message: document_pb2.Attributes, bad: _Violations) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name in ATTRIBUTE_FIELDS:
        value: str = getattr(message, name)
        if value:
            attributes[name] = value
            if len(value) > _LONGEST_ATTRIBUTE:
                bad.append(Violation(f"attributes.{name}", f"must have at most {_LONGEST_ATTRIBUTE} characters"))
    extra = message.extra
    if not extra:
        return attributes
    if len(extra) > _MOST_EXTRA:
        bad.append(Violation("attributes.extra", f"has {len(extra)} entries; the most is {_MOST_EXTRA}"))
        return attributes
    for name in sorted(extra):
        place = f"attributes.extra[{name[:64]!r}]"
        if not _EXTRA_NAME.fullmatch(name):
            bad.append(Violation(place, "its name must be 1 to 64 lower-case letters, digits and underscores"))
        elif name in ATTRIBUTE_FIELDS:
            bad.append(Violation(place, f"is a field of its own; set attributes.{name}"))
        elif len(extra[name]) > _LONGEST_ATTRIBUTE:
            bad.append(Violation(place, f"must have at most {_LONGEST_ATTRIBUTE} characters"))
        else:
            attributes[name] = extra[name]
    return attributes


def moment_of(message: Timestamp, field: str, bad: _Violations) -> datetime | None:
    """The moment of a message; one out of bounds is added to `bad`."""
    if not (_EARLIEST <= message.seconds < _LATEST and 0 <= message.nanos < _NANOS):
        bad.append(Violation(field, "must be a moment from 1900-01-01 to 2199-12-31, with 0 to 999999999 nanos"))
        return None
    return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)


def _time_limit(message: Duration, config: PipelineConfig, bad: _Violations) -> float | None:
    seconds = float(message.seconds + message.nanos / _NANOS)
    if not 0 < seconds <= config.max_time_limit:
        bad.append(Violation("time_limit", f"must be above 0 and at most {config.max_time_limit:g} s"))
        return None
    return seconds


def _pins(message: document_pb2.Pins, bad: _Violations) -> Pins:
    for field in ("template_digest", "engine_digest"):
        if not _SHA256.fullmatch(getattr(message, field)):
            bad.append(Violation(f"pins.{field}", "must be 64 lower-case hexadecimal digits, as an earlier answer had"))
    if message.locale and not LOCALE.fullmatch(message.locale):
        bad.append(Violation("pins.locale", "must be the locale of an earlier answer, e.g. de-DE"))
    assets, attached = (_asset_pins(message, field, bad) for field in ("assets", "attached_assets"))
    as_of = moment_of(message.as_of, "pins.as_of", bad) if message.HasField("as_of") else None
    return Pins(message.template_digest, message.engine_digest, assets, message.locale, as_of, attached)


def _asset_pins(message: document_pb2.Pins, field: str, bad: _Violations) -> tuple[AssetPin, ...]:
    pins: Sequence[document_pb2.AssetPin] = getattr(message, field)
    if len(pins) > _MOST_ASSET_PINS:
        bad.append(Violation(f"pins.{field}", f"has {len(pins)} entries; the most is {_MOST_ASSET_PINS}"))
        return ()
    assets = []
    slots = set()
    for index, pin in enumerate(pins):
        place = f"pins.{field}[{index}]"
        if not pin.slot or pin.slot in slots:
            bad.append(Violation(f"{place}.slot", "must name a slot, each one once"))
        slots.add(pin.slot)
        if not pin.ref:
            bad.append(Violation(f"{place}.ref", "must be an asset ref, e.g. library:logo.png"))
        if not _SHA256.fullmatch(pin.digest.sha256) or pin.digest.size < 1:
            bad.append(Violation(f"{place}.digest", "must have 64 lower-case hexadecimal digits and a size above 0"))
        assets.append(
            AssetPin(
                pin.slot,
                pin.ref,
                pin.asset_id,
                pin.version,
                pin.rendition,
                pin.digest.sha256,
                pin.digest.size,
                pin.hosted_url,
                pin.hosted_video,
            )
        )
    return tuple(assets)


def _too_large(field: str, size: int, config: PipelineConfig) -> PressrunError:
    return PressrunError(
        Reason.LIMIT_EXCEEDED,
        f"{field} has {size} bytes; the most is {config.max_record_bytes}; split the document",
        metadata={"field": field, "limit": str(config.max_record_bytes)},
    )


def _invalid(bad: _Violations) -> PressrunError:
    fields = ", ".join(dict.fromkeys(violation.field for violation in bad))
    return PressrunError(
        Reason.INVALID_REQUEST, f"the request is not valid: {fields}; see the violations", violations=tuple(bad)
    )
