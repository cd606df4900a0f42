"""Who takes part: each engine's module, what it is installed from, and what its documents have and lack."""

from __future__ import annotations

from importlib import import_module, metadata
from typing import NamedTuple, Protocol

from pressrun_loadtest.rivals.errors import MissingError
from pressrun_loadtest.rivals.statement import Order, Statement
from pressrun_loadtest.rivals.stock import Stock

__all__ = ["OURS", "ROSTER", "Engine", "Entrant", "load", "version_of"]

_HERE = "pressrun_loadtest.rivals.engines"


class Engine(Protocol):
    """Makes documents; loaded once in a process of its own."""

    def make(self, order: Order, statement: Statement) -> bytes:
        """One complete PDF."""


class Entrant(NamedTuple):
    """An engine in the table."""

    label: str
    module: str
    kind: str
    """Its class."""
    distribution: str
    how: str
    """How it is used here."""
    differs: str
    """What its documents have or lack beside ours."""


OURS = "pressrun"
ROSTER = {
    OURS: Entrant(
        "Pressrun", "ours", "Ours", "pressrun",
        "template compiled before; from the record's JSON to the PDF",
        "tagged; fonts cut into shards once for all documents; kerning; tabular figures; byte for byte repeatable",
    ),
    "fullbleed": Entrant(
        "Fullbleed", "fullbleed", "Fullbleed", "fullbleed",
        "`compile_pdf` once a locale, `render_pdf_reflow_bindings` with one record, rows by `data-fb-bind-html`",
        "not tagged; fonts cut for each document; kerning; figures are not tabular",
    ),
    "typst": Entrant(
        "typst", "typst", "Typst", "typst",
        "one `Compiler`, record as JSON in `sys_inputs`",
        "tagged, as it is by default; fonts cut for each document; kerning; tabular figures",
    ),
    "reportlab": Entrant(
        "ReportLab", "reportlab", "ReportLab", "reportlab",
        "platypus, `LongTable` with fixed row heights",
        "not tagged; fonts cut for each document; no kerning; figures are not tabular",
    ),
    "pymupdf": Entrant(
        "PyMuPDF, plain", "plain", "Plain", "pymupdf",
        "pages broken by hand, `TextWriter`, `subset_fonts`",
        "not tagged; fonts cut for each document; no kerning; figures are not tabular; the QR code is a picture",
    ),
    "fpdf2": Entrant(
        "fpdf2", "fpdf2", "Fpdf2", "fpdf2",
        "pages broken by hand, `text` and `rect`, shared image cache",
        "not tagged; fonts read and cut for each document; no kerning; figures are not tabular",
    ),
    "weasyprint": Entrant(
        "WeasyPrint", "weasyprint", "WeasyPrint", "weasyprint",
        "one `FontConfiguration`, style sheet parsed once, shared image cache",
        "not tagged, as it is by default; fonts cut for each document by HarfBuzz; kerning; tabular figures",
    ),
}  # fmt: skip
"""By name, in the order of the table."""


def version_of(entrant: Entrant) -> str:
    """The version that is installed.

    Raises:
        MissingError: it is not.
    """
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
    entrant = ROSTER[name]
    version_of(entrant)
    engine: Engine = getattr(import_module(f"{_HERE}.{entrant.module}"), entrant.kind)(stock)
    return engine
