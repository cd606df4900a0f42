"""Reads a sample of the documents in full: a fast answer counts for nothing where it is the wrong document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from email import message_from_bytes
from email.policy import default as email_policy
from html import unescape
from pathlib import Path

from pressrun_loadtest.demo.viewer import View, read_texts
from pressrun_loadtest.load.measure import Sample
from pressrun_loadtest.load.stock import NUMBER

__all__ = ["faults_of", "suffix_of", "verify"]

_AT_ONCE = 40
_SUFFIXES = {"text/html": ".html", "message/rfc822": ".eml"}
"""Of documents that MuPDF does not read."""
_UNSEEN = re.compile(rb"<(style|script)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE)
"""What no reader of a page sees: styles, comments, tags."""


def suffix_of(media_type: str) -> str:
    """How the file of a kept document is to end, so that it is read as what it is."""
    return _SUFFIXES.get(media_type.partition(";")[0].strip().lower(), ".pdf")


def verify(samples: Sequence[Sample]) -> list[str]:
    """What is wrong with the documents of a sample, in words; nothing is the good answer.

    Raises:
        HelperError: they cannot be read.
    """
    faults: list[str] = []
    for start in range(0, len(samples), _AT_ONCE):
        batch = samples[start : start + _AT_ONCE]
        paged = [sample for sample in batch if Path(sample.file).suffix == ".pdf"]
        views = dict(zip((sample.file for sample in paged), read_texts([Path(s.file) for s in paged]), strict=True))
        for sample in batch:
            content = Path(sample.file).read_bytes()
            view = views.get(sample.file) or _view(sample, content)
            faults += faults_of(sample, view, hashlib.sha256(content).hexdigest())
    return faults


def _view(sample: Sample, content: bytes) -> View:
    """What a reader sees of a page for browsers or of an e-mail, neither of which has pages to count."""
    if not sample.file.endswith(".eml"):
        return View(sample.pages, _words(content), ())
    message = message_from_bytes(content, policy=email_policy)
    parts = [str(part.get_content()) for part in message.walk() if part.get_content_maintype() == "text"]
    return View(
        sample.pages,
        " ".join(_words(part.encode()) for part in parts),
        tuple(type(defect).__name__ for part in message.walk() for defect in part.defects),
    )


def _words(markup: bytes) -> str:
    return " ".join(unescape(_UNSEEN.sub(b" ", markup).decode()).split())


def faults_of(sample: Sample, view: View, sha256: str) -> list[str]:
    """What is wrong with one document: damage, digest, pages, its customer missing, or another customer in it."""
    name = Path(sample.file).stem
    faults = [f"{name}: MuPDF says: {complaint}" for complaint in view.complaints]
    if sha256 != sample.sha256:
        faults.append(f"{name}: its SHA-256 is {sha256}, its manifest says {sample.sha256}")
    if view.pages != sample.pages:
        faults.append(f"{name}: it has {view.pages} pages, its manifest says {sample.pages}")
    if sample.marker:
        seen = set(NUMBER.findall(view.text))
        if sample.marker not in seen:
            faults.append(f"{name}: its customer number {sample.marker} is not in the text")
        faults += [
            f"{name}: holds the customer number {other} of somebody else" for other in sorted(seen - {sample.marker})
        ]
    return faults
