"""What a caller wants of an e-mail beside what its template says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pressrun_client.models.vocabulary import EmailAttachment, EmailImages

__all__ = ["EmailOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailOptions:
    """What the headers of an e-mail say, and how its pictures come; an empty text leaves it to the template.

    A message has no Date and no Message-ID but those given here, so the same request gives the same bytes.

    Example:
        >>> EmailOptions(sender="Meridian Bank <post@meridian.example>", message_id="run7-1@meridian.example").reply_to
        ''
    """

    images: EmailImages = EmailImages.DEFAULT
    """How pictures come."""
    sender: str = ""
    """From: `Name <name@example.com>`, or an address alone."""
    recipient: str = ""
    """To, likewise."""
    reply_to: str = ""
    """Reply-To, likewise."""
    message_id: str = ""
    """Message-ID without its angle brackets."""
    date: datetime | None = None
    """Date, aware."""
    attachment: EmailAttachment = EmailAttachment.DEFAULT
    """Whether the PDF comes with it."""
