"""Who takes part: each engine's module, what it is installed from, and what its documents have and lack."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes.util import find_library
from importlib import import_module, metadata
from typing import Any, NamedTuple, Protocol

from pressrun_loadtest.rivals.errors import MissingError
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["OURS", "ROSTER", "Engine", "Entrant", "Together", "load", "load_together", "version_of"]

_HERE = "pressrun_loadtest.rivals.engines"


class Engine(Protocol):
    """Makes documents; loaded once in a process of its own."""

    def make(self, order: Order, statement: Statement) -> bytes:
        """One complete PDF."""


class Together(Protocol):
    """Makes one file of many documents."""

    def make_all(self, statements: Sequence[Statement]) -> bytes:
        """One PDF with all documents, which are of one locale, one after the other."""


class Entrant(NamedTuple):
    """An engine in the table."""

    label: str
    """Its name, and after a comma which of its ways."""
    module: str
    kind: str
    """Its class."""
    distribution: str
    how: str
    """How it is used here."""
    differs: str
    """What its documents have or lack beside ours."""
    together: bool = False
    """Whether it makes one file of many documents: it is a `Together`."""
    needs: tuple[str, str] | None = None
    """A library of the system, and the package of Debian that it is in."""


OURS = "pressrun"
ROSTER = {
    OURS: Entrant(
        "Pressrun", "ours", "Ours", "pressrun",
        "template compiled before; from the record's JSON to the PDF",
        "tagged; fonts cut into shards once for all documents; no kerning; tabular figures; the same bytes every time",
    ),
    "fullbleed": Entrant(
        "Fullbleed", "fullbleed", "Fullbleed", "fullbleed",
        "`compile_pdf` once a locale, then `render_pdf_reflow_bindings` with one record; rows, chart and code by "
        "`data-fb-bind-html`, headers by `position: running()`. Its perf trace has a flow program compiled anew for "
        "59 of 60 different records, even with the rows alone; pictures are decoded for each file",
        "not tagged; fonts cut for each document; kerning; figures are not tabular",
    ),
    "fullbleed-together": Entrant(
        "Fullbleed, one file for all", "fullbleed", "FullbleedTogether", "fullbleed",
        "the same with all records of a locale in one call, which decodes pictures and cuts fonts once; it gives one "
        "file of many statements, not a file for each customer",
        "not tagged; kerning; figures are not tabular; kB is a document's share",
        together=True,
    ),
    "typst": Entrant(
        "typst", "typst", "Typst", "typst",
        "one `Compiler` with its fonts, the record as JSON in `sys_inputs`; its memory grows with what it keeps of "
        "documents that it has laid out",
        "tagged, as it is by default; fonts cut for each document; kerning; tabular figures",
    ),
    "typst-untagged": Entrant(
        "typst, untagged", "typst", "TypstUntagged", "typst",
        "the same with `pdf_tags=False`",
        "not tagged; fonts cut for each document; kerning; tabular figures",
    ),
    "reportlab": Entrant(
        "ReportLab", "reportlab", "ReportLab", "reportlab",
        "platypus, `LongTable` with fixed row heights and `repeatRows`, page numbers by a canvas that keeps its pages",
        "not tagged; fonts cut for each document; no kerning; figures are not tabular",
    ),
    "pymupdf": Entrant(
        "PyMuPDF, plain", "plain", "Plain", "pymupdf",
        "pages broken by hand, a `TextWriter` for each colour, `subset_fonts`",
        "not tagged; fonts cut for each document; no kerning; figures are not tabular; the QR code is a picture",
    ),
    "story": Entrant(
        "PyMuPDF, Story", "story", "PyMuPdfStory", "pymupdf",
        "HTML with an `Archive` of fonts and pictures, the ledger in a `Story` for each page, since it repeats no "
        "header; letterhead, page numbers, chart and code painted afterwards; `subset_fonts`",
        "not tagged; fonts cut for each document; kerning; figures are not tabular; the QR code is a picture",
    ),
    "fpdf2": Entrant(
        "fpdf2", "fpdf2", "Fpdf2", "fpdf2",
        "pages broken by hand, `text` and `rect`, one image cache",
        "not tagged; fonts read and cut for each document by fontTools; no kerning; figures are not tabular",
    ),
    "weasyprint": Entrant(
        "WeasyPrint", "weasyprint", "WeasyPrint", "weasyprint",
        "one `FontConfiguration`, style sheet parsed once, one image cache",
        "not tagged, as it is by default; fonts cut for each document by HarfBuzz; kerning; tabular figures",
        needs=("harfbuzz-subset", "libharfbuzz-subset0"),
    ),
}  # fmt: skip
"""By name, in the order of the table."""


def version_of(entrant: Entrant) -> str:
    """The version that is installed.

    Raises:
        MissingError: it is not, or a library that it needs is not.
    """
    if entrant.needs is not None and find_library(entrant.needs[0]) is None:
        library, package = entrant.needs
        raise MissingError(f"{entrant.label} needs lib{library}; install it with: apt-get install -y {package}")
    try:
        return metadata.version(entrant.distribution)
    except metadata.PackageNotFoundError:
        raise MissingError(
            f"{entrant.distribution} is not installed; install the engines with: pip install 'pressrun[all,rivals]'"
        ) from None


def load(name: str, stock: Stock) -> Engine:
    """An engine, ready for its first document.

    Raises:
        MissingError: what it needs is not installed.
    """
    engine: Engine = _load(name, stock)
    return engine


def load_together(name: str, stock: Stock) -> Together:
    """An engine that makes one file of many documents.

    Raises:
        MissingError: what it needs is not installed.
    """
    engine: Together = _load(name, stock)
    return engine


def _load(name: str, stock: Stock) -> Any:
    entrant = ROSTER[name]
    version_of(entrant)
    return getattr(import_module(f"{_HERE}.{entrant.module}"), entrant.kind)(stock)
