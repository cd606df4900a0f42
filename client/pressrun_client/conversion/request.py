"""Requests to protobuf; this is on the way of every document, so it is written for speed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Final

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from pressrun.v1 import document_pb2
from pressrun_client.conversion.email import fill_email
from pressrun_client.conversion.moment import to_nanoseconds
from pressrun_client.conversion.press import fill_press
from pressrun_client.diagnostic import Violation
from pressrun_client.errors import InvalidRequestError
from pressrun_client.models.image import ImageOptions
from pressrun_client.models.manifest import AssetPin, Digest, Pins
from pressrun_client.models.request import RenderRequest
from pressrun_client.models.template import TemplateRef

__all__ = ["OUTPUT_CHANNELS", "OUTPUT_FORMATS", "fill_request", "seconds", "template_message"]

# Keyed by the plain strings: members of a StrEnum hash and compare as their values, so both forms are found.
OUTPUT_CHANNELS: Final[dict[str, document_pb2.OutputChannel]] = {
    "print": document_pb2.OUTPUT_CHANNEL_PRINT,
    "email": document_pb2.OUTPUT_CHANNEL_EMAIL,
    "web": document_pb2.OUTPUT_CHANNEL_WEB,
    "mobile": document_pb2.OUTPUT_CHANNEL_MOBILE,
}
OUTPUT_FORMATS: Final[dict[str, document_pb2.OutputFormat]] = {
    "default": document_pb2.OUTPUT_FORMAT_UNSPECIFIED,
    "pdf": document_pb2.OUTPUT_FORMAT_PDF,
    "html": document_pb2.OUTPUT_FORMAT_HTML,
    "png": document_pb2.OUTPUT_FORMAT_PNG,
    "jpeg": document_pb2.OUTPUT_FORMAT_JPEG,
    "webp": document_pb2.OUTPUT_FORMAT_WEBP,
    "pcl": document_pb2.OUTPUT_FORMAT_PCL,
    "pwg": document_pb2.OUTPUT_FORMAT_PWG,
    "postscript": document_pb2.OUTPUT_FORMAT_POSTSCRIPT,
    "afp": document_pb2.OUTPUT_FORMAT_AFP,
    "eml": document_pb2.OUTPUT_FORMAT_EML,
    "text": document_pb2.OUTPUT_FORMAT_TEXT,
}
_PRIORITIES: Final[dict[str, document_pb2.Priority]] = {
    "interactive": document_pb2.PRIORITY_INTERACTIVE,
    "batch": document_pb2.PRIORITY_BATCH,
}
_ATTRIBUTES: Final = frozenset(document_pb2.Attributes.DESCRIPTOR.fields_by_name) - {"extra"}
_ID_LENGTH: Final = 128
_FORBIDDEN_TIME: Final = "must be above 0; give seconds, or leave it out for the default"


def fill_request(
    message: document_pb2.DocumentRequest,
    request: RenderRequest,
    *,
    request_id: str,
    record: bytes,
    as_of: int,
    time_limit: float,
) -> None:
    """Writes a request into an empty message.

    Args:
        message: where to write.
        request: what the caller asked for.
        request_id: the document's id, given or made up.
        record: the record as JSON text.
        as_of: nanoseconds since the epoch; where the request or its pins fix a moment, that is taken.
        time_limit: seconds that are left for the document.

    Raises:
        InvalidRequestError: a field is wrong.
    """
    try:
        message.output_channel = OUTPUT_CHANNELS[request.output_channel]
        message.output_format = OUTPUT_FORMATS[request.output_format]
        message.priority = _PRIORITIES[request.priority]
    except (KeyError, TypeError):
        raise _invalid(_vocabulary_fault(request), request_id) from None
    if not (0 < len(request_id) <= _ID_LENGTH and request_id.isascii() and request_id.isprintable()):
        raise _invalid(Violation("request_id", f"must be 1 to {_ID_LENGTH} printable ASCII characters"), "")
    try:
        message.request_id = request_id
        message.template.CopyFrom(template_message(request.template))
        message.record_json = record
        if request.locale:
            message.locale = request.locale
        if request.attributes:
            _fill_attributes(message.attributes, request)
        if request.tenant:
            message.tenant = request.tenant
        if request.communication_id:
            message.communication_id = request.communication_id
        if request.pins is not None:
            _fill_pins(message.pins, request.pins)
        if request.image is not None:
            _fill_image(message.image, request.image)
        if request.print_options is not None:
            fill_press(message.print, request.print_options)
        if request.email is not None:
            fill_email(message.email, request.email)
    except (TypeError, ValueError) as error:
        fault = Violation("request", f"has a value of the wrong type: {error}")
        raise _invalid(fault, request_id) from error
    if request.as_of is not None:
        if request.as_of.tzinfo is None:
            raise _invalid(Violation("as_of", "has no time zone; give an aware datetime, e.g. in UTC"), request_id)
        as_of = to_nanoseconds(request.as_of)
    elif request.pins is not None and request.pins.as_of is not None:
        as_of = to_nanoseconds(request.pins.as_of)
    message.as_of.seconds, message.as_of.nanos = divmod(as_of, 1_000_000_000)
    whole = int(time_limit)
    message.time_limit.seconds = whole
    message.time_limit.nanos = int((time_limit - whole) * 1e9)


def seconds(request: RenderRequest, default: float) -> float:
    """The time allowed for a request.

    Raises:
        InvalidRequestError: it is not above zero.
    """
    limit = request.time_limit
    if limit is None:
        return default
    number = limit.total_seconds() if isinstance(limit, timedelta) else limit
    if not 0 < number < float("inf"):
        raise _invalid(Violation("time_limit", _FORBIDDEN_TIME), request.request_id)
    return number


@lru_cache(maxsize=256)
def template_message(template: TemplateRef | str) -> document_pb2.TemplateRef:
    """The message of a template ref or its text, to be copied and not changed: most documents of a run share it.

    Raises:
        InvalidRequestError: it names no template.
    """
    ref = TemplateRef.parse(template) if isinstance(template, str) else template
    if not ref.name and not ref.digest:
        raise _invalid(Violation("template", "names nothing; give a name, e.g. statement@3, or a digest"), "")
    return document_pb2.TemplateRef(name=ref.name, version=ref.version, digest=ref.digest)


def _invalid(fault: Violation, request_id: str) -> InvalidRequestError:
    return InvalidRequestError("The request is wrong.", violations=(fault,), request_id=request_id)


def _vocabulary_fault(request: RenderRequest) -> Violation:
    for name, value, valid in (
        ("output_channel", request.output_channel, OUTPUT_CHANNELS),
        ("output_format", request.output_format, OUTPUT_FORMATS),
        ("priority", request.priority, _PRIORITIES),
    ):
        if not isinstance(value, str) or value not in valid:
            return Violation(name, f"is {value!r}; valid are {', '.join(valid)}")
    raise AssertionError("unreachable: one of the three is no valid word")


def _fill_attributes(message: document_pb2.Attributes, request: RenderRequest) -> None:
    for name, value in request.attributes.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise _invalid(Violation(f"attributes.{name}", "must be text; give str(value)"), request.request_id)
        if name in _ATTRIBUTES:
            setattr(message, name, value)
        else:
            message.extra[name] = value


def _fill_image(message: document_pb2.ImageOptions, image: ImageOptions) -> None:
    message.first_page = image.first_page
    message.last_page = image.last_page
    message.width = image.width
    message.density = image.density
    message.dpi = image.dpi
    message.quality = image.quality
    message.gray = image.gray
    message.SetInParent()


def _fill_pins(message: document_pb2.Pins, pins: Pins) -> None:
    message.template_digest = pins.template_digest
    message.engine_digest = pins.engine_digest
    message.locale = pins.locale
    if pins.as_of is not None:
        nanoseconds = to_nanoseconds(pins.as_of)
        message.as_of.seconds, message.as_of.nanos = divmod(nanoseconds, 1_000_000_000)
    for font in pins.fonts:
        message.fonts.add(name=font.name, sha256=font.sha256)
    _fill_assets(message.assets, pins.assets)
    _fill_assets(message.attached_assets, pins.attached_assets)


def _fill_assets(pinned: RepeatedCompositeFieldContainer[document_pb2.AssetPin], assets: Iterable[AssetPin]) -> None:
    for asset in assets:
        pin = pinned.add(
            slot=asset.slot,
            ref=asset.ref,
            asset_id=asset.asset_id,
            version=asset.version,
            rendition=asset.rendition,
            digest=_digest(asset.digest),
            media_type=asset.media_type,
            approval=asset.approval,
        )
        pin.etag, pin.hosted_url, pin.hosted_video = asset.etag, asset.hosted_url, asset.hosted_video
        if asset.rights_until is not None:
            pin.rights_until.seconds, pin.rights_until.nanos = divmod(to_nanoseconds(asset.rights_until), 1_000_000_000)


def _digest(digest: Digest) -> document_pb2.Digest:
    return document_pb2.Digest(sha256=digest.sha256, size=digest.size)
