"""Addresses and ids of mail, as templates, requests and records give them (RFC 5322, 3.4; no groups, no comments)."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from pressrun_server.model.mail import MailOrder

__all__ = ["BREAKING", "Address", "mailbox", "order_faults"]

Address: TypeAlias = tuple[str, str]
"""A display name, which may be empty, and an address."""

BREAKING: Final = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
"""Controls, line ends of any script, and what turns text around."""
_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"(?=.{{3,254}}\Z)(?={_LOCAL}@)[^@]{{1,64}}@{_LABEL}(?:\.{_LABEL})*\Z")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9.-]{1,200}")


def order_faults(order: MailOrder) -> list[tuple[str, str]]:
    """What would not do as a header of a message: fields of the order, each with what would be valid."""
    faults: list[tuple[str, str]] = []
    for name in ("sender", "recipient", "reply_to"):
        try:
            if text := getattr(order, name):
                mailbox(text)
        except ValueError as error:
            faults.append((name, str(error)))
    if order.message_id and not _MESSAGE_ID.fullmatch(order.message_id):
        faults.append(("message_id", "must be like run7-000123@example.com, without angle brackets"))
    return faults


def mailbox(text: str) -> Address:
    """Read `name <address>`, or an address alone.

    Raises:
        ValueError: it is neither; the message says what would be valid.
    """
    clean = " ".join(BREAKING.sub(" ", text).split())
    name, angle, rest = clean.rpartition("<")
    address = rest.removesuffix(">") if angle else clean
    if not _ADDRESS.match(address) or (angle and not rest.endswith(">")):
        raise ValueError("is no mail address; valid: name@example.com, or Name <name@example.com>, in ASCII")
    return name.strip().strip('"').strip(), address
