"""Checks measured documents in full, so that no figure stands for documents that nobody could send."""

from __future__ import annotations

import email
import email.policy
import hashlib
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from pressrun_loadtest.bench.customers import Customer
from pressrun_loadtest.bench.errors import CheckError
from pressrun_loadtest.demo.viewer import View, read_texts

__all__ = ["SMALL_PAGES", "check_documents", "check_messages", "check_pages", "faults_of"]

SMALL_PAGES = 2
"""Pages of SMALL; a statement of another length was not what was measured."""


def check_documents(what: str, folder: Path, customers: Sequence[Customer], digests: Mapping[str, str]) -> None:
    """Check the documents `<request_id>.pdf` in a folder.

    Args:
        what: the measurement, for the message.
        folder: where they are.
        customers: whose they are.
        digests: the SHA-256 that was given with each, by request id.

    Raises:
        CheckError: there are faults.
        HelperError: the documents cannot be read.
    """
    missing = [each.request_id for each in customers if each.request_id not in digests]
    if missing or not customers:
        raise CheckError(what, [f"{request_id}: no document came" for request_id in missing] or ["nothing to check"])
    paths = [folder / f"{customer.request_id}.pdf" for customer in customers]
    faults: list[str] = []
    for customer, path, view in zip(customers, paths, read_texts(paths), strict=True):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        if sha256 != digests[customer.request_id]:
            faults.append(f"{customer.request_id}: SHA-256 {sha256} is not the one given with it")
        faults.extend(faults_of(customer, view, customers))
    if faults:
        raise CheckError(what, faults)


def check_pages(what: str, folder: Path, customers: Sequence[Customer], digests: Mapping[str, str]) -> None:
    """Check pages for browsers, which lie in a folder as documents do.

    Raises:
        CheckError: there are faults.
    """
    faults = [] if customers else ["nothing to check"]
    for customer in customers:
        name = customer.request_id
        data = (folder / f"{name}.pdf").read_bytes() if name in digests else b""
        if hashlib.sha256(data).hexdigest() != digests.get(name):
            faults.append(f"{name}: the page is not the one that was told")
        if not (data.startswith(b"<!DOCTYPE html>") and data.endswith(b"</body></html>\n")):
            faults.append(f"{name}: the page is not whole")
        text = html.unescape(data.decode())
        faults += [f"{name}: {own!r} is not in it" for own in (customer.name, customer.number) if own not in text]
        faults += [
            f"{name}: holds the customer number of {other.request_id}"
            for other in customers
            if other is not customer and other.number in text
        ]
    if faults:
        raise CheckError(what, faults)


def check_messages(what: str, folder: Path, customers: Sequence[Customer], digests: Mapping[str, str]) -> None:
    """Check e-mails, which lie in a folder as documents do.

    Raises:
        CheckError: there are faults.
    """
    faults = [] if customers else ["nothing to check"]
    for customer in customers:
        name = customer.request_id
        data = (folder / f"{name}.pdf").read_bytes() if name in digests else b""
        if hashlib.sha256(data).hexdigest() != digests.get(name):
            faults.append(f"{name}: the message is not the one that was told")
        message = email.message_from_bytes(data, policy=email.policy.default)
        faults += [f"{name}: {defect!r}" for part in message.walk() for defect in part.defects]
        bodies = {kind: message.get_body((kind,)) for kind in ("html", "plain")}
        texts = {kind: "" if body is None else str(body.get_content()) for kind, body in bodies.items()}
        texts["html"] = html.unescape(texts["html"])
        names = (customer.name, customer.number)
        faults += [
            f"{name}: {own!r} is not in its {kind}" for kind, text in texts.items() for own in names if own not in text
        ]
        faults += [
            f"{name}: holds the customer number of {other.request_id}"
            for other in customers
            if other is not customer and any(other.number in text for text in texts.values())
        ]
    if faults:
        raise CheckError(what, faults)


def faults_of(customer: Customer, view: View, customers: Sequence[Customer]) -> list[str]:
    """What is wrong with the content of one customer's document."""
    faults = [f"{customer.request_id}: MuPDF says: {complaint}" for complaint in view.complaints]
    if view.pages != SMALL_PAGES:
        faults.append(f"{customer.request_id}: {view.pages} pages, not {SMALL_PAGES}")
    own = {"name": customer.name, "customer number": customer.number, "account number": customer.account}
    faults.extend(
        f"{customer.request_id}: the {what} is not in the text" for what, text in own.items() if text not in view.text
    )
    for other in customers:
        if other is customer:
            continue
        for what, text in (("customer number", other.number), ("account number", other.account)):
            if text in view.text:
                faults.append(f"{customer.request_id}: holds the {what} of {other.request_id}")
    return faults
