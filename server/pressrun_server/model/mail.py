"""The program of an e-mail: a template compiled for one locale to two texts with holes and what its headers say.

Its parts are those of a page for browsers, in another dress: HTML as mail clients need it, and plain text.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from pressrun_server.model.digest import Digest
from pressrun_server.model.locale import LocaleData
from pressrun_server.model.policy import Policy
from pressrun_server.model.webpage import Part

__all__ = [
    "MAIL_FORMAT",
    "SKETCH",
    "Attached",
    "ChartWay",
    "Envelope",
    "ImageWay",
    "MailOrder",
    "MailProgram",
    "Sketch",
]

MAIL_FORMAT = 3
"""Raised when the form of a program changes, so that an old blob is compiled again instead of misread."""

ImageWay: TypeAlias = Literal["inline", "hosted"]
"""How pictures come with a message: as its parts, or from where they are hosted (as parts where they are not)."""

ChartWay: TypeAlias = Literal["picture", "table"]
"""What the bars of charts are: a picture that comes with the message, or cells with grounds."""

SKETCH = " sketch "
"""Begins the name of a drawing where pictures are meant by slot: no slot can be called so."""


class Envelope(msgspec.Struct, frozen=True):
    """What the headers of a message say; none of it is encoded yet, and no parts are no header."""

    subject: tuple[Part, ...] = ()
    sender: tuple[Part, ...] = ()
    recipient: tuple[Part, ...] = ()
    reply_to: tuple[Part, ...] = ()
    unsubscribe_url: tuple[Part, ...] = ()
    unsubscribe_mail: tuple[Part, ...] = ()
    one_click: bool = False
    """Whether the URL takes the POST of RFC 8058."""
    attachment: tuple[Part, ...] = ()
    """What the PDF is called, where one comes with the message."""


class MailOrder(msgspec.Struct, frozen=True):
    """What a request wants of its message beside what the template says; empty texts are not given."""

    images: ImageWay | Literal[""] = ""
    sender: str = ""
    recipient: str = ""
    reply_to: str = ""
    message_id: str = ""
    """Without its angle brackets."""
    date: datetime | None = None
    attach: Literal["", "none", "pdf"] = ""
    attached: bytes = b""
    """The PDF, when it is made; no request brings it."""


class Attached(msgspec.Struct, frozen=True):
    """The PDF that came with a message."""

    name: str
    document: Digest
    pages: int


class Sketch(msgspec.Struct, frozen=True):
    """A drawing of the template as a picture, since mail clients show no SVG."""

    name: str
    """By which the HTML means it."""
    data: bytes
    """PNG."""


class MailProgram(msgspec.Struct, frozen=True):
    """A template compiled for e-mail, for one locale."""

    format: int
    template: str
    """`name@version`."""
    template_digest: str
    locale: str
    page: tuple[Part, ...]
    """The HTML, whole."""
    text: tuple[Part, ...]
    """The plain text, with the marks of `template.plaintext`."""
    envelope: Envelope
    sketches: tuple[Sketch, ...]
    slots: tuple[str, ...]
    locale_data: LocaleData
    policy: Policy = Policy()
    texts: tuple[tuple[str, str], ...] = ()
    """By slot, the digest of the approved text that was compiled in."""
    plain: bool = False
    """Whether the HTML's own text is ASCII, with references for what is not; what a record brings is made so then."""
    form: str = "mail"
    """What kind of program it is."""
