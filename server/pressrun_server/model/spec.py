"""One document request as the node sees it, after protobuf stopped at the door."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pressrun_server.model.mail import MailOrder
from pressrun_server.model.pictures import PictureSpec
from pressrun_server.model.press import PressSpec

__all__ = [
    "LOCALE",
    "LONGEST_REQUEST_ID",
    "PICTURES",
    "PRINTER_FORMATS",
    "REFUSED_FORMATS",
    "USUAL_FORMATS",
    "AssetPin",
    "OutputChannel",
    "OutputFormat",
    "Pins",
    "Priority",
    "RenderSpec",
    "TemplateName",
]


LOCALE = re.compile(r"(?=.{2,35}\Z)[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""What a BCP 47 tag may look like."""

LONGEST_REQUEST_ID = 128
"""Characters; of a longer one, which is refused, so many are told."""


class OutputChannel(StrEnum):
    """Where a document is going."""

    PRINT = "print"
    EMAIL = "email"
    WEB = "web"
    MOBILE = "mobile"


class OutputFormat(StrEnum):
    """The file format of the finished bytes."""

    PDF = "pdf"
    HTML = "html"
    EML = "eml"
    TEXT = "text"
    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    PCL = "pcl"
    PWG = "pwg"
    POSTSCRIPT = "postscript"
    AFP = "afp"


PICTURES = {
    OutputFormat.PNG: "image/png",
    OutputFormat.JPEG: "image/jpeg",
    OutputFormat.WEBP: "image/webp",
}
"""Formats that are pictures of the pages of print, with their media types."""

PRINTER_FORMATS = {
    OutputFormat.PCL: "application/vnd.hp-PCL",
    OutputFormat.PWG: "image/pwg-raster",
}
"""Formats of printers that read no PDF: pages of print as pixels, with their media types."""

REFUSED_FORMATS = {
    OutputFormat.POSTSCRIPT: "PostScript is not made: what MuPDF writes stops Ghostscript; ask for PDF, and let the "
    "printer's server or `pdftops` turn it into PostScript",
    OutputFormat.AFP: "AFP is not made: there is no open writer of it; ask for PDF, in a print run by RenderRun, and "
    "let the output management system turn it into AFP",
}
"""Formats that callers may ask for and none gets, with what to do."""

USUAL_FORMATS = {
    OutputChannel.PRINT: OutputFormat.PDF,
    OutputChannel.EMAIL: OutputFormat.EML,
    OutputChannel.WEB: OutputFormat.HTML,
    OutputChannel.MOBILE: OutputFormat.HTML,
}
"""What an output channel gives where nothing else is asked for."""


class Priority(StrEnum):
    """Who waits."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class TemplateName:
    """Names a template: by name, by name and version, or by digest; empty strings are not given."""

    name: str = ""
    version: str = ""
    digest: str = ""

    def __str__(self) -> str:
        if not self.name:
            return self.digest
        return f"{self.name}@{self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True)
class AssetPin:
    """An asset that an earlier answer used: the same version and bytes are wanted again."""

    slot: str
    ref: str
    asset_id: str
    version: str
    rendition: str
    sha256: str
    size: int
    hosted_url: str = ""
    """Where its system showed it; empty: the document held it."""
    hosted_video: str = ""
    """Where its system showed the video behind it."""


@dataclass(frozen=True, slots=True)
class Pins:
    """What decided the bytes of an earlier answer."""

    template_digest: str
    engine_digest: str
    assets: tuple[AssetPin, ...]
    locale: str
    as_of: datetime | None
    attached: tuple[AssetPin, ...] = ()
    """Of the PDF that came with an e-mail."""


@dataclass(frozen=True, slots=True)
class RenderSpec:
    """One document: one record in one output channel."""

    request_id: str
    template: TemplateName
    record: bytes
    """JSON text."""
    locale: str = ""
    channel: OutputChannel = OutputChannel.PRINT
    format: OutputFormat = OutputFormat.PDF
    attributes: dict[str, str] = field(default_factory=dict)
    """By field name of the contract's Attributes; only those given."""
    as_of: datetime | None = None
    tenant: str = ""
    priority: Priority = Priority.BATCH
    communication_id: str = ""
    time_limit: float | None = None
    """Seconds from admission."""
    pins: Pins | None = None
    pictures: PictureSpec | None = None
    """Given where the format is one of PICTURES or PRINTER_FORMATS."""
    press: PressSpec | None = None
    """What a printer wants; for PDF in the output channel print."""
    email: MailOrder | None = None
    """What is wanted of an e-mail beside what its template says."""
