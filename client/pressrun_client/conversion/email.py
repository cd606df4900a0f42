"""What is wanted of an e-mail, to protobuf and back."""

from __future__ import annotations

from typing import Final

from pressrun.v1 import document_pb2
from pressrun_client.conversion.moment import from_timestamp, to_nanoseconds
from pressrun_client.models.email import EmailOptions
from pressrun_client.models.vocabulary import EmailAttachment, EmailImages

__all__ = ["fill_email", "to_email"]

_IMAGES: Final[dict[str, document_pb2.EmailImages]] = {
    "default": document_pb2.EMAIL_IMAGES_UNSPECIFIED,
    "inline": document_pb2.EMAIL_IMAGES_INLINE,
    "hosted": document_pb2.EMAIL_IMAGES_HOSTED,
}
_ATTACHMENTS: Final[dict[str, document_pb2.EmailAttachment]] = {
    "default": document_pb2.EMAIL_ATTACHMENT_UNSPECIFIED,
    "none": document_pb2.EMAIL_ATTACHMENT_NONE,
    "pdf": document_pb2.EMAIL_ATTACHMENT_PDF,
}
_ATTACHED: Final = {number: EmailAttachment(name) for name, number in _ATTACHMENTS.items()}
_NAMES: Final = {number: EmailImages(name) for name, number in _IMAGES.items()}


def fill_email(message: document_pb2.EmailOptions, options: EmailOptions) -> None:
    """Writes options into an empty message.

    Raises:
        ValueError: images or attachment is no known word, or the date has no time zone.
    """
    images = _IMAGES.get(options.images)
    if images is None:
        raise ValueError(f"email.images is {options.images!r}; valid are {', '.join(_IMAGES)}")
    attachment = _ATTACHMENTS.get(options.attachment)
    if attachment is None:
        raise ValueError(f"email.attachment is {options.attachment!r}; valid are {', '.join(_ATTACHMENTS)}")
    message.SetInParent()
    message.attachment = attachment
    message.images = images
    message.sender = options.sender
    message.recipient = options.recipient
    message.reply_to = options.reply_to
    message.message_id = options.message_id
    if options.date is not None:
        if options.date.tzinfo is None:
            raise ValueError("email.date has no time zone; give an aware datetime, e.g. in UTC")
        message.date.seconds = to_nanoseconds(options.date) // 1_000_000_000


def to_email(message: document_pb2.EmailOptions) -> EmailOptions:
    """The options of a message."""
    return EmailOptions(
        images=_NAMES.get(message.images, EmailImages.DEFAULT),
        sender=message.sender,
        recipient=message.recipient,
        reply_to=message.reply_to,
        message_id=message.message_id,
        date=from_timestamp(message.date) if message.HasField("date") else None,
        attachment=_ATTACHED.get(message.attachment, EmailAttachment.DEFAULT),
    )
