"""A template bundle as files: its digest, and the reading of text files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pressrun_server.template.diagnostics import Diagnostics, Place

__all__ = ["MANIFEST", "bundle_digest", "read_text"]

MANIFEST = "template.yaml"


def bundle_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the sorted paths and contents; each is preceded by its length, so no two bundles share one."""
    state = hashlib.sha256(b"pressrun bundle 1\n")
    for path in sorted(files):
        name = path.encode("utf-8")
        state.update(b"%d:%s%d:" % (len(name), name, len(files[path])))
        state.update(files[path])
    return state.hexdigest()


def read_text(files: Mapping[str, bytes], path: str, diagnostics: Diagnostics) -> str | None:
    """A file as text; None, with a diagnostic, where it is not UTF-8."""
    data = files[path]
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        diagnostics.error("encoding", Place(path, line), "the file is not UTF-8 text", "save it as UTF-8")
        return None
