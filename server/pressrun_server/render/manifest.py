"""The manifest: what went into a document and what came out, as plain values and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from pressrun_server.model.asset import AssetUse
from pressrun_server.model.decision import Decision, LocalisationGap
from pressrun_server.model.digest import Digest
from pressrun_server.model.document import RenderWarning
from pressrun_server.model.mail import Attached, MailOrder
from pressrun_server.model.pictures import LAST_PAGE, PictureSpec
from pressrun_server.model.spec import PRINTER_FORMATS, OutputFormat, RenderSpec
from pressrun_server.model.summary import TextLength
from pressrun_server.model.template import TemplateInfo

__all__ = [
    "ATTRIBUTE_FIELDS",
    "PDF",
    "SECRET_ATTRIBUTE",
    "Completion",
    "DocumentHeader",
    "Manifest",
    "Timings",
    "manifest_json",
]

ATTRIBUTE_FIELDS = (
    "communication_type",
    "campaign",
    "run",
    "segment",
    "region",
    "jurisdiction",
    "product",
    "business_unit",
    "account_status",
    "lifecycle_event",
    "customer_reference",
)
"""The attributes that the contract names; others travel in its `extra`."""

PDF = "application/pdf"

SECRET_ATTRIBUTE = "customer_reference"  # noqa: S105 - the name of a field
"""Serves selection only: it is neither logged nor kept in a manifest."""


class DocumentHeader(msgspec.Struct, frozen=True, gc=False):
    """What is known before the first byte."""

    media_type: str
    template: TemplateInfo
    engine: str
    """Digest of the engine."""
    assets: tuple[AssetUse, ...]
    locale: str
    """The template's locale, after fallback."""
    as_of: datetime
    attached: tuple[AssetUse, ...] = ()
    """The assets of the PDF that comes with an e-mail."""


class Timings(msgspec.Struct, frozen=True, gc=False):
    """Seconds by phase; they follow each other."""

    queue: float
    compile: float
    select: float
    resolve: float
    compose: float
    compose_cpu: float
    raster: float = 0.0


class Manifest(msgspec.Struct, frozen=True, gc=False):
    """The proof that is kept with a document."""

    spec: RenderSpec
    header: DocumentHeader
    record: Digest
    document: Digest
    pages: int
    finished_at: datetime
    timings: Timings
    warnings: tuple[RenderWarning, ...]
    decisions: tuple[Decision, ...] = ()
    gaps: tuple[LocalisationGap, ...] = ()
    text: TextLength | None = None
    """How long a text is."""
    attachment: Attached | None = None
    """The PDF that comes with an e-mail."""


class Completion(msgspec.Struct, frozen=True, gc=False):
    """What is known after the last byte."""

    manifest: Manifest
    memory_hits: int
    disk_hits: int
    source_fetches: int
    shared_hits: int = 0
    """In a tier that nodes share."""


def manifest_json(manifest: Manifest) -> str:
    """The manifest in the JSON mapping of the contract's Manifest message, for callers without protobuf.

    It is the text that protobuf's own JSON format gives for the same manifest: a field without a value is left out,
    a 64-bit integer is a string, times are RFC 3339.
    """
    spec, header = manifest.spec, manifest.header
    value = {
        "requestId": spec.request_id,
        "templateName": header.template.name,
        "templateVersion": header.template.version,
        "pins": _pins(header),
        "record": _digest(manifest.record),
        "document": _digest(manifest.document),
        "pages": manifest.pages,
        "outputChannel": f"OUTPUT_CHANNEL_{spec.channel.name}",
        "outputFormat": f"OUTPUT_FORMAT_{spec.format.name}",
        "mediaType": header.media_type,
        "finishedAt": _moment(manifest.finished_at),
        "timings": {
            name: _duration(seconds)
            for name, seconds in (
                ("queue", manifest.timings.queue),
                ("compile", manifest.timings.compile),
                ("select", manifest.timings.select),
                ("resolve", manifest.timings.resolve),
                ("compose", manifest.timings.compose),
                ("composeCpu", manifest.timings.compose_cpu),
                *((("raster", manifest.timings.raster),) if spec.pictures is not None else ()),
            )
        },
        "warnings": [_given(msgspec.to_builtins(warning)) for warning in manifest.warnings],
        "tenant": spec.tenant,
        "communicationId": spec.communication_id,
        "attributes": _attributes(spec.attributes),
        "decisions": [_decision(decision) for decision in manifest.decisions],
        "localisationGaps": [_given(msgspec.to_builtins(gap)) for gap in manifest.gaps],
        "requestedLocale": spec.locale,
        "image": _pictures(spec.pictures, spec.format) if spec.pictures is not None else {},
        "email": _email(spec.email),
        "text": _text(manifest.text),
        "attachment": _attachment(manifest.attachment),
    }
    return json.dumps(_given(value), ensure_ascii=False, indent=2)


def _email(order: MailOrder | None) -> dict[str, Any]:
    if order is None:
        return {}
    return _given(
        {
            "images": f"EMAIL_IMAGES_{order.images.upper()}" if order.images else "",
            "sender": order.sender,
            "recipient": order.recipient,
            "replyTo": order.reply_to,
            "messageId": order.message_id,
            "attachment": f"EMAIL_ATTACHMENT_{order.attach.upper()}" if order.attach else "",
            "date": _moment(order.date) if order.date is not None else "",
        }
    )


def _attachment(attached: Attached | None) -> dict[str, Any]:
    if attached is None:
        return {}
    document = _digest(attached.document)
    return {"name": attached.name, "mediaType": PDF, "document": document, "pages": attached.pages}


def _text(length: TextLength | None) -> dict[str, Any]:
    if length is None:
        return {}
    return _given({**msgspec.to_builtins(length), "alphabet": f"TEXT_ALPHABET_{length.alphabet.upper()}"})


def _given(value: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that have no value."""
    return {name: part for name, part in value.items() if part not in ("", 0, None, {}, [])}


def _digest(digest: Digest) -> dict[str, Any]:
    return _given({"sha256": digest.sha256, "size": str(digest.size) if digest.size else ""})


def _pictures(wanted: PictureSpec, form: OutputFormat) -> dict[str, Any]:
    if form in PRINTER_FORMATS:
        last = 0 if wanted.last == LAST_PAGE else wanted.last
        gray = wanted.gray and form is OutputFormat.PWG
        return _given({"firstPage": wanted.first, "lastPage": last, "dpi": wanted.dpi, "gray": gray or None})
    names = {"firstPage": wanted.first, "lastPage": wanted.last, "width": wanted.width, "density": wanted.density}
    return _given({**names, "dpi": 0 if wanted.width else wanted.dpi, "quality": wanted.quality})


def _pinned(uses: tuple[AssetUse, ...]) -> list[dict[str, Any]]:
    return [
        _given(
            {
                "slot": use.slot,
                "ref": use.descriptor.ref,
                "assetId": use.descriptor.asset_id,
                "version": use.descriptor.version,
                "rendition": use.descriptor.rendition,
                "digest": _digest(use.descriptor.digest),
                "mediaType": use.descriptor.media_type,
                "approval": use.descriptor.approval,
                "rightsUntil": _moment(use.descriptor.rights_until) if use.descriptor.rights_until else "",
                "etag": use.descriptor.etag or "",
                "hostedUrl": "" if use.descriptor.hosted is None else use.descriptor.hosted.url,
                "hostedVideo": "" if use.descriptor.hosted is None else use.descriptor.hosted.video,
            }
        )
        for use in uses
    ]


def _pins(header: DocumentHeader) -> dict[str, Any]:
    return _given(
        {
            "templateDigest": header.template.digest,
            "engineDigest": header.engine,
            "assets": _pinned(header.assets),
            "fonts": [_given({"name": font.name, "sha256": font.sha256}) for font in header.template.fonts],
            "asOf": _moment(header.as_of),
            "locale": header.locale,
            "attachedAssets": _pinned(header.attached),
        }
    )


def _decision(decision: Decision) -> dict[str, Any]:
    return _given(
        {
            **msgspec.to_builtins(decision),
            "outcome": f"SLOT_OUTCOME_{decision.outcome.name}",
            "refused": [_given(msgspec.to_builtins(one)) for one in decision.refused],
            "text": decision.text,
        }
    )


def _attributes(attributes: dict[str, str]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    extra: dict[str, str] = {}
    for name, text in attributes.items():
        if name == SECRET_ATTRIBUTE:
            continue
        if name in ATTRIBUTE_FIELDS:
            head, *tail = name.split("_")
            value["".join((head, *(part.title() for part in tail)))] = text
        else:
            extra[name] = text
    return _given(value | {"extra": extra})


def _moment(moment: datetime) -> str:
    """RFC 3339 in UTC, with 0, 3 or 6 fractional digits as protobuf writes them."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{text}{_fraction(moment.microsecond * 1000)}Z"


def _duration(seconds: float) -> str:
    nanos = round(seconds * 1_000_000_000)
    return f"{nanos // 1_000_000_000}{_fraction(nanos % 1_000_000_000)}s"


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03d}"
    return f".{nanos // 1_000:06d}" if nanos % 1_000 == 0 else f".{nanos:09d}"
