"""Checks measured documents in full, so that no figure stands for documents that nobody could send."""

from __future__ import annotations

import email
import email.policy
import hashlib
import html
from collections.abc import Callable, Mapping, Sequence
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

    def read(data: bytes) -> tuple[list[str], dict[str, str]]:
        whole = data.startswith(b"<!DOCTYPE html>") and data.endswith(b"</body></html>\n")
        return [] if whole else ["the page is not whole"], {"page": html.unescape(data.decode())}

    _check_texts(what, folder, customers, digests, read)


def check_messages(what: str, folder: Path, customers: Sequence[Customer], digests: Mapping[str, str]) -> None:
    """Check e-mails, which lie in a folder as documents do.

    Raises:
        CheckError: there are faults.
    """

    def read(data: bytes) -> tuple[list[str], dict[str, str]]:
        message = email.message_from_bytes(data, policy=email.policy.default)
        bodies = {kind: message.get_body((kind,)) for kind in ("html", "plain")}
        texts = {kind: "" if body is None else str(body.get_content()) for kind, body in bodies.items()}
        texts["html"] = html.unescape(texts["html"])
        return [repr(defect) for part in message.walk() for defect in part.defects], texts

    _check_texts(what, folder, customers, digests, read)


def _check_texts(
    what: str,
    folder: Path,
    customers: Sequence[Customer],
    digests: Mapping[str, str],
    read: Callable[[bytes], tuple[list[str], dict[str, str]]],
) -> None:
    """Check what holds its customer's data as plain text.

    Args:
        what: the measurement, for the message.
        folder: where the files are.
        customers: whose they are.
        digests: what was told of each.
        read: gives what is wrong with a file, and the texts in it by what they are called.
    """
    faults = [] if customers else ["nothing to check"]
    for customer in customers:
        name = customer.request_id
        data = (folder / f"{name}.pdf").read_bytes() if name in digests else b""
        if hashlib.sha256(data).hexdigest() != digests.get(name):
            faults.append(f"{name}: it is not the one that was told")
        wrong, texts = read(data)
        faults += [f"{name}: {fault}" for fault in wrong]
        own = (customer.name, customer.number)
        faults += [
            f"{name}: {one!r} is not in its {kind}" for kind, text in texts.items() for one in own if one not in text
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
