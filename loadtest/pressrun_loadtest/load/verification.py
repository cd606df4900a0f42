"""Reads a sample of the documents in full: a fast answer counts for nothing where it is the wrong document."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pressrun_loadtest.demo.viewer import View, read_texts
from pressrun_loadtest.load.measure import Sample
from pressrun_loadtest.load.stock import NUMBER

__all__ = ["faults_of", "verify"]

_AT_ONCE = 40


def verify(samples: Sequence[Sample]) -> list[str]:
    """What is wrong with the documents of a sample, in words; nothing is the good answer.

    Raises:
        HelperError: they cannot be read.
    """
    faults: list[str] = []
    for start in range(0, len(samples), _AT_ONCE):
        batch = samples[start : start + _AT_ONCE]
        for sample, view in zip(batch, read_texts([Path(each.file) for each in batch]), strict=True):
            faults += faults_of(sample, view, hashlib.sha256(Path(sample.file).read_bytes()).hexdigest())
    return faults


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
