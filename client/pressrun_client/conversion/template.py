"""Templates, from protobuf."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from pressrun.v1 import document_pb2, template_service_pb2
from pressrun_client.conversion.manifest import to_output_channel
from pressrun_client.conversion.moment import from_timestamp
from pressrun_client.diagnostic import Diagnostic
from pressrun_client.failure import to_diagnostic
from pressrun_client.models.manifest import FontPin
from pressrun_client.models.template import CheckResult, PublishedTemplate, SlotInfo, TemplateInfo, TemplateRef
from pressrun_client.models.vocabulary import OutputChannel

__all__ = ["to_check_result", "to_diagnostics", "to_published_template", "to_template_info"]


def to_template_info(message: template_service_pb2.TemplateInfo) -> TemplateInfo:
    """The template of a message."""
    return TemplateInfo(**_fields(message))


def to_published_template(message: template_service_pb2.PublishResponse) -> PublishedTemplate:
    """The template and the warnings of the answer to Publish."""
    return PublishedTemplate(
        **_fields(message.template), diagnostics=to_diagnostics(message.diagnostics), created=message.created
    )


def to_check_result(message: template_service_pb2.CheckResponse) -> CheckResult:
    """What there is to say of a bundle."""
    template = to_template_info(message.template) if message.HasField("template") else None
    return CheckResult(to_diagnostics(message.diagnostics), template)


def to_diagnostics(messages: Iterable[template_service_pb2.Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics of messages, in their order."""
    return tuple(to_diagnostic(message) for message in messages)


class _Fields(TypedDict):
    ref: TemplateRef
    locales: tuple[str, ...]
    default_locale: str
    output_channels: tuple[OutputChannel, ...]
    record_schema_json: str
    slots: tuple[SlotInfo, ...]
    fonts: tuple[FontPin, ...]
    published_at: datetime | None


def _fields(message: template_service_pb2.TemplateInfo) -> _Fields:
    return {
        "ref": _to_ref(message.template),
        "locales": tuple(message.locales),
        "default_locale": message.default_locale,
        "output_channels": tuple(to_output_channel(channel) for channel in message.output_channels),
        "record_schema_json": message.record_schema_json,
        "slots": tuple(SlotInfo(slot.name, tuple(slot.refs)) for slot in message.slots),
        "fonts": tuple(FontPin(font.name, font.sha256) for font in message.fonts),
        "published_at": from_timestamp(message.published_at) if message.HasField("published_at") else None,
    }


def _to_ref(message: document_pb2.TemplateRef) -> TemplateRef:
    return TemplateRef(message.name, message.version, message.digest)
