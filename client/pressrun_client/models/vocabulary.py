"""The closed vocabularies of a request; each value is also accepted as its plain string."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["EmailAttachment", "EmailImages", "OutputChannel", "OutputFormat", "Priority", "TextAlphabet"]


class OutputChannel(StrEnum):
    """Where a document is going.

    Example:
        >>> OutputChannel("print") is OutputChannel.PRINT
        True
    """

    PRINT = "print"
    """Paged output for paper and archives."""
    EMAIL = "email"
    """A message for a mail client."""
    WEB = "web"
    """A page for a browser."""
    MOBILE = "mobile"
    """A narrow page, or images, for a telephone."""


class OutputFormat(StrEnum):
    """The file format of the finished bytes.

    Example:
        >>> OutputFormat("pdf").value
        'pdf'
    """

    DEFAULT = "default"
    """The output channel's usual format: PDF for print, EML for email, HTML for web and mobile."""
    PDF = "pdf"
    """PDF 1.7."""
    HTML = "html"
    """HTML, one file with all that it shows."""
    PNG = "png"
    """Pages of print as PNG pictures; see `ImageOptions`."""
    JPEG = "jpeg"
    """Pages of print as JPEG pictures."""
    WEBP = "webp"
    """Pages of print as WebP pictures."""
    PCL = "pcl"
    """Pages of print in PCL, black and white."""
    PWG = "pwg"
    """Pages of print in PWG raster."""
    POSTSCRIPT = "postscript"
    """Refused by nodes, with what to do instead."""
    AFP = "afp"
    """Refused by nodes, with what to do instead."""
    EML = "eml"
    """A message of Internet mail, with HTML and plain text."""
    TEXT = "text"
    """The template's summary, for short messages and notifications; for mobile only."""


class EmailImages(StrEnum):
    """How the pictures of an e-mail come.

    Example:
        >>> EmailImages("hosted").value
        'hosted'
    """

    DEFAULT = "default"
    """As the template says."""
    INLINE = "inline"
    """With the message, as parts of it."""
    HOSTED = "hosted"
    """From where the asset's own system shows them; with the message where it shows them to nobody."""


class EmailAttachment(StrEnum):
    """Whether the document as a PDF comes with an e-mail.

    Example:
        >>> EmailAttachment("pdf").value
        'pdf'
    """

    DEFAULT = "default"
    """As the template says."""
    NONE = "none"
    """It does not."""
    PDF = "pdf"
    """It does, as print makes it of the same record."""


class TextAlphabet(StrEnum):
    """In which a short message is sent (3GPP TS 23.038).

    Example:
        >>> TextAlphabet("gsm7").value
        'gsm7'
    """

    GSM7 = "gsm7"
    """The GSM 7 bit default alphabet with its extension: 160 characters a message."""
    UCS2 = "ucs2"
    """As soon as one character is not in it: 70 characters a message."""


class Priority(StrEnum):
    """Who waits for the document; interactive documents go before batch documents.

    Example:
        >>> Priority("interactive") is Priority.INTERACTIVE
        True
    """

    INTERACTIVE = "interactive"
    """A person waits."""
    BATCH = "batch"
    """A machine waits."""
