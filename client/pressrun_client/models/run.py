"""Print runs: what a caller asks for, and what comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pressrun_client.errors import RenderError
from pressrun_client.models.manifest import Digest, Manifest, RenderWarning
from pressrun_client.models.press import PrintOptions
from pressrun_client.models.template import TemplateRef

__all__ = ["OnFailure", "RunEntry", "RunFile", "RunOptions", "RunSummary", "Separators"]


class OnFailure(StrEnum):
    """What happens to a run when one of its documents fails.

    Example:
        >>> OnFailure("stop") is OnFailure.STOP
        True
    """

    SKIP = "skip"
    """The document is left out, and the index says why."""
    STOP = "stop"
    """The file in work is finished without it, and the run ends there."""


@dataclass(frozen=True, slots=True)
class Separators:
    """Pages between documents: documents of a template whose record has `run`, `number`, `request_id` and `documents`.

    Example:
        >>> Separators("separator@1", every=100).every
        100
    """

    template: TemplateRef | str
    """The template: a ref, or `name@version`."""
    every: int = 1
    """Documents between two of them."""
    locale: str = ""
    """BCP 47 tag; empty means the template's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What is asked of a print run; nothing is checked here.

    Example:
        Files for a printer that takes 500 letters at a time::

            options = RunOptions(max_documents=500, separators=Separators("separator@1", every=100))
            summary = await client.print_run("letters-2026-10", requests, "out", options=options)
    """

    on_failure: OnFailure = OnFailure.SKIP
    """What happens when a document fails."""
    max_documents: int = 0
    """Documents of a file; 0: as many as a file takes."""
    max_bytes: int = 0
    """Bytes after which a file takes no further document; 0: as above."""
    separators: Separators | None = None
    """Pages between documents."""
    manifests: bool = False
    """Whether entries have manifests."""
    as_of: datetime | None = None
    """The moment that documents speak of which state none, aware; None means now."""
    tenant: str = ""
    """The tenant; empty means the node's default tenant."""
    time_limit: float = 3600.0
    """Seconds for all of it."""
    print_options: PrintOptions | None = None
    """What the printer wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """A line of the index: where a document is, or why there is none.

    Example:
        >>> RunEntry(request_id="r-7", file=1, first_page=13, pages=2, offset=81_920, size=5_900).failed
        False
    """

    request_id: str
    """The document; of a separator `separator-` and its number."""
    file: int = 0
    """The file that it is in, from 1; 0 where it failed."""
    first_page: int = 0
    """Its first page in that file, from 1."""
    pages: int = 0
    """Number of pages."""
    offset: int = 0
    """The first byte that was written for it."""
    size: int = 0
    """Bytes that were written for it."""
    separator: bool = False
    """Whether it is a separator."""
    warnings: tuple[RenderWarning, ...] = ()
    """What its owner may want to know."""
    error: RenderError | None = None
    """Why there is no document."""
    manifest: Manifest | None = None
    """What went into it, where manifests were asked for."""
    manifest_json: str = ""
    """The same as JSON text."""

    @property
    def failed(self) -> bool:
        """Whether there is no document."""
        return self.error is not None


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run that is whole, and was compared with its digest.

    Example:
        >>> RunFile(1, 500, 1000, Digest("ab…", 3_200_000)).documents
        500
    """

    file: int
    """Its number, from 1."""
    documents: int
    """Documents in it, separators not counted."""
    pages: int
    """Pages in it."""
    digest: Digest
    """Its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a run came to.

    Example:
        >>> RunSummary(documents=999, failed=1, pages=1998, files=2).failed
        1
    """

    documents: int
    """Documents in all files, separators not counted."""
    failed: int
    """Documents that failed."""
    pages: int
    """Pages of all files."""
    files: int
    """Files."""
    stopped: bool = False
    """Whether it ended because a document failed."""
    engine_digest: str = ""
    """The engine that made it."""
