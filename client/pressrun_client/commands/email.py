"""The options that say what is wanted of an e-mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pressrun_client.models.email import EmailOptions
from pressrun_client.models.vocabulary import EmailAttachment, EmailImages

__all__ = ["email_of", "email_options"]

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--from", "sender", default="", metavar="MAILBOX", help='Of e-mails: "Name <name@example.com>".'),
    click.option("--to", "recipient", default="", metavar="MAILBOX", help="Of e-mails, likewise."),
    click.option("--reply-to", default="", metavar="MAILBOX", help="Of e-mails, likewise."),
    click.option("--message-id", default="", metavar="ID", help="Of e-mails, e.g. run7-1@example.com."),
    click.option(
        "--email-images",
        type=click.Choice([way.value for way in EmailImages]),
        default=EmailImages.DEFAULT.value,
        help="Of e-mails: how pictures come; default: as the template says.",
    ),
    click.option(
        "--attach",
        type=click.Choice([way.value for way in EmailAttachment]),
        default=EmailAttachment.DEFAULT.value,
        help="Of e-mails: whether the PDF comes with them; default: as the template says.",
    ),
)


def email_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --from, --to, --reply-to, --message-id, --email-images and --attach."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def email_of(
    *, sender: str, recipient: str, reply_to: str, message_id: str, email_images: str, attach: str
) -> EmailOptions | None:
    """What the options ask for; None where none is given."""
    options = EmailOptions(
        images=EmailImages(email_images),
        sender=sender,
        recipient=recipient,
        reply_to=reply_to,
        message_id=message_id,
        attachment=EmailAttachment(attach),
    )
    return options if options != EmailOptions() else None
