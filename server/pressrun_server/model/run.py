"""A print run: what is asked of it, and what is said of each document in it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pressrun_server.model.document import RenderWarning
from pressrun_server.model.failure import Failure
from pressrun_server.model.press import PressSpec

__all__ = ["FileEnd", "RunEnd", "RunEntry", "RunOrder", "RunTitle"]


class RunTitle(msgspec.Struct, frozen=True):
    """What the files of a run say of themselves."""

    text: str
    moment: datetime
    engine: str
    """Digest of the engine."""


class RunOrder(msgspec.Struct, frozen=True):
    """What is asked of a run."""

    title: RunTitle
    max_documents: int = 0
    """Documents of a file, separators not counted; 0: as many as a file takes."""
    max_bytes: int = 0
    """Bytes after which a file takes no further document; 0: as many as a file takes."""
    stop: bool = False
    """Whether a document that fails ends the run; else it is left out."""
    press: PressSpec = PressSpec()
    """What the printer wants of sheets."""
    profile: bytes = b""
    """The ICC profile that `press` names."""


class RunEntry(msgspec.Struct, frozen=True, tag="entry"):
    """A line of the index: where a document is, or why there is none."""

    request_id: str
    file: int
    """From 1; 0 where it failed."""
    first_page: int = 0
    """Of the file, from 1."""
    pages: int = 0
    offset: int = 0
    """The first byte that was written for it."""
    size: int = 0
    """Bytes that were written for it, shared parts that it brought into the file among them."""
    separator: bool = False
    warnings: tuple[RenderWarning, ...] = ()
    failure: Failure | None = None
    cpu_seconds: float = 0.0
    """Of the composer."""


class FileEnd(msgspec.Struct, frozen=True, tag="file"):
    """A file is whole."""

    file: int
    documents: int
    """Separators not counted."""
    pages: int
    size: int
    sha256: str


class RunEnd(msgspec.Struct, frozen=True, tag="end"):
    """The run is over."""

    documents: int
    failed: int
    pages: int
    files: int
    stopped: bool = False
    """Whether it ended because a document failed."""
