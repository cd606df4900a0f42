"""What a caller asks for: one record in one output channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypedDict

from pressrun_client.models.email import EmailOptions
from pressrun_client.models.image import ImageOptions
from pressrun_client.models.manifest import Pins
from pressrun_client.models.press import PrintOptions
from pressrun_client.models.template import TemplateRef
from pressrun_client.models.vocabulary import OutputChannel, OutputFormat, Priority

__all__ = ["Record", "RenderOptions", "RenderRequest"]

Record: TypeAlias = Mapping[str, Any] | bytes | str
"""The data of one document: a mapping, or JSON text. Text is sent as it is, which is fastest and keeps every digit."""


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """One document to render.

    Nothing is checked here: a request that is wrong fails as a document of its own where it is sent, so that one bad
    record of a million ends nothing.

    Example:
        >>> request = RenderRequest("statement@1", {"customer": {"name": "Zoë"}}, locale="de-DE", request_id="run7-1")
        >>> request.output_channel.value
        'print'
    """

    template: TemplateRef | str
    """The template: a ref, or `name@version`."""
    record: Record
    """The data of the document: a mapping, or the text of a JSON object."""
    _: KW_ONLY
    request_id: str = ""
    """The caller's id of the document, unique among the documents in flight; made up where it is empty."""
    locale: str = ""
    """BCP 47 tag; empty means the template's default."""
    output_channel: OutputChannel = OutputChannel.PRINT
    """Where the document is going."""
    output_format: OutputFormat = OutputFormat.DEFAULT
    """The file format."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Attributes for selection and audit, by name: `segment`, `region`, `campaign`, …, or names of your own."""
    as_of: datetime | None = None
    """The moment that the document speaks of, aware; None means the moment of the first sending."""
    tenant: str = ""
    """The tenant; empty means the node's default tenant."""
    priority: Priority = Priority.BATCH
    """Who waits."""
    communication_id: str = ""
    """The caller's id of the communication; kept in the manifest."""
    time_limit: float | timedelta | None = None
    """Seconds allowed from the first sending to the last byte, repeats included; None means the client's default."""
    pins: Pins | None = None
    """The pins of an earlier answer, to get the same bytes again."""
    image: ImageOptions | None = None
    """Which pages are made into pictures, and how; for the formats PNG, JPEG and WebP."""
    print_options: PrintOptions | None = None
    """What a printer wants; for PDF in the output channel print."""
    email: EmailOptions | None = None
    """What is wanted of an e-mail beside what the template says."""


class RenderOptions(TypedDict, total=False):
    """The keyword arguments of `render`; each means what the field of that name means in `RenderRequest`.

    Example:
        Options that many calls share::

            options: RenderOptions = {"locale": "fr-FR", "priority": Priority.INTERACTIVE}
            document = await client.render("statement@1", record, **options)
    """

    request_id: str
    locale: str
    output_channel: OutputChannel
    output_format: OutputFormat
    attributes: Mapping[str, str]
    as_of: datetime | None
    tenant: str
    priority: Priority
    communication_id: str
    time_limit: float | timedelta | None
    pins: Pins | None
    image: ImageOptions | None
    print_options: PrintOptions | None
    email: EmailOptions | None
