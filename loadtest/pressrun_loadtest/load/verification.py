"""Reads a sample of the documents in full: a fast answer counts for nothing where it is the wrong document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from email import message_from_bytes
from email.policy import default as email_policy
from html import unescape
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from PIL import Image

from pressrun_loadtest.demo.viewer import View, read_texts
from pressrun_loadtest.load.measure import Sample
from pressrun_loadtest.load.stock import NUMBER

__all__ = ["READ", "faults_of", "suffix_of", "verify"]

_AT_ONCE = 40
_SUFFIXES = {
    "text/html": ".html",
    "message/rfc822": ".eml",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "application/zip": ".zip",
    "application/vnd.hp-pcl": ".pcl",
    "image/pwg-raster": ".pwg",
}
"""Of documents that are no PDF."""
READ = frozenset({".pdf", ".html", ".eml"})
"""Documents that have text. Others are pictures, which must be whole, or for printers: their head is looked at."""
_HEADS = {".pcl": b"\x1b", ".pwg": b"RaS2"}
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
    """What a reader sees of a document that is no PDF; one that has no pages to count has the right number of them."""
    suffix = Path(sample.file).suffix
    if suffix in _HEADS:
        wrong = () if content.startswith(_HEADS[suffix]) else (f"it begins with {content[:4]!r}",)
        return View(sample.pages, "", wrong)
    if suffix not in READ:
        return _pictures(content, together=suffix == ".zip")
    if suffix == ".html":
        return View(sample.pages, _words(content), ())
    message = message_from_bytes(content, policy=email_policy)
    parts = [str(part.get_content()) for part in message.walk() if part.get_content_maintype() == "text"]
    return View(
        sample.pages,
        " ".join(_words(part.encode()) for part in parts),
        tuple(type(defect).__name__ for part in message.walk() for defect in part.defects),
    )


def _pictures(content: bytes, *, together: bool) -> View:
    """One picture a page, or an archive of them."""
    pictures = [content]
    try:
        if together:
            with ZipFile(BytesIO(content)) as archive:
                pictures = [archive.read(name) for name in archive.namelist()]
        for picture in pictures:
            with Image.open(BytesIO(picture)) as opened:
                opened.load()
    except (BadZipFile, Image.DecompressionBombError, OSError, ValueError) as error:
        return View(len(pictures), "", (str(error),))
    return View(len(pictures), "", ())


def _words(markup: bytes) -> str:
    return " ".join(unescape(_UNSEEN.sub(b" ", markup).decode()).split())


def faults_of(sample: Sample, view: View, sha256: str) -> list[str]:
    """What is wrong with one document: damage, digest, pages, its customer missing, or another customer in it."""
    name = Path(sample.file).stem
    faults = [f"{name}: its reader says: {complaint}" for complaint in view.complaints]
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
