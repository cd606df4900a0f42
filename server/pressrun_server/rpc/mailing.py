"""What a request wants of its e-mail: from the contract's message, and back into a manifest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pressrun.v1 import document_pb2
from pressrun_server.errors import Violation
from pressrun_server.model.mail import ImageWay, MailOrder
from pressrun_server.model.mailbox import order_faults

__all__ = ["fill_options", "mail_order"]

_IMAGES: Final[dict[int, ImageWay]] = {
    document_pb2.EMAIL_IMAGES_INLINE: "inline",
    document_pb2.EMAIL_IMAGES_HOSTED: "hosted",
}
_MESSAGES: Final[dict[ImageWay, document_pb2.EmailImages]] = {
    "inline": document_pb2.EMAIL_IMAGES_INLINE,
    "hosted": document_pb2.EMAIL_IMAGES_HOSTED,
}
_ATTACHMENTS: Final[dict[int, Literal["none", "pdf"]]] = {
    document_pb2.EMAIL_ATTACHMENT_NONE: "none",
    document_pb2.EMAIL_ATTACHMENT_PDF: "pdf",
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_SECONDS: Final = 250_000_000_000


def mail_order(message: document_pb2.EmailOptions, bad: list[Violation]) -> MailOrder:
    """What is wanted; what is wrong with it is added to the list."""
    images = _IMAGES.get(message.images)
    if images is None and message.images != document_pb2.EMAIL_IMAGES_UNSPECIFIED:
        valid = "EMAIL_IMAGES_INLINE or EMAIL_IMAGES_HOSTED"
        bad.append(Violation("email.images", f"{message.images} is not known; choose {valid}"))
    attach = _ATTACHMENTS.get(message.attachment)
    if attach is None and message.attachment != document_pb2.EMAIL_ATTACHMENT_UNSPECIFIED:
        valid = "EMAIL_ATTACHMENT_NONE or EMAIL_ATTACHMENT_PDF"
        bad.append(Violation("email.attachment", f"{message.attachment} is not known; choose {valid}"))
    date = None
    if message.HasField("date"):
        if not 0 <= message.date.seconds < _MOST_SECONDS:
            bad.append(Violation("email.date", "must be a moment from 1970 on"))
        else:
            date = _EPOCH + timedelta(seconds=message.date.seconds)
    order = MailOrder(
        images=images or "",
        sender=message.sender,
        recipient=message.recipient,
        reply_to=message.reply_to,
        message_id=message.message_id,
        date=date,
        attach=attach or "",
    )
    bad.extend(Violation(f"email.{name}", problem) for name, problem in order_faults(order))
    return order


def fill_options(message: document_pb2.EmailOptions, order: MailOrder) -> None:
    """Write what was wanted, so that the message can be made again."""
    message.SetInParent()
    if order.images:
        message.images = _MESSAGES[order.images]
    if order.attach:
        message.attachment = (
            document_pb2.EMAIL_ATTACHMENT_PDF if order.attach == "pdf" else document_pb2.EMAIL_ATTACHMENT_NONE
        )
    for name in ("sender", "recipient", "reply_to", "message_id"):
        setattr(message, name, getattr(order, name))
    if order.date is not None:
        message.date.FromDatetime(order.date)
